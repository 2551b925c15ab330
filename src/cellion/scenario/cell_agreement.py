"""What the ``cell`` section must agree on with materials, geometry and transport."""

from __future__ import annotations

from collections.abc import Mapping

from cellion.scenario.cell import CellSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.transport import TransportSpec
from cellion.scenario.values import AXES

__all__ = ["cell_faults"]

_CARRIES = {"ionic": "ion", "electronic": "electron"}


def cell_faults(
    spec: CellSpec | None,
    materials: Mapping[str, MaterialSpec],
    microstructure: MicrostructureSpec,
    transport: TransportSpec,
) -> list[tuple[KeyPath, str]]:
    """Return where a cell lacks what it needs, or contradicts another section.

    Args:
        spec: The ``cell`` section, if there is one.
        materials: Materials by name.
        microstructure: The geometry.
        transport: The ``transport`` section.
    """
    wanted = transport.boundary == "cell"
    if spec is None and wanted:
        message = (
            "found 'cell', but there is no section 'cell'; add one with axis, separator and "
            "collector"
        )
        return [(("transport", "boundary"), message)]
    if spec is None:
        return []
    return [
        *_axis_faults(microstructure, spec),
        *(_transport_faults(transport, spec) if wanted else ()),
        *_idle_faults(materials, spec),
        *_ambiguous_faults(materials, spec),
    ]


def _axis_faults(microstructure: MicrostructureSpec, spec: CellSpec) -> list[tuple[KeyPath, str]]:
    """Return a fault if the box has no such axis."""
    box = microstructure.box
    if box is None or spec.axis in AXES[: len(box)]:
        return []
    allowed = ", ".join(AXES[: len(box)])
    message = f"found '{spec.axis}'; the box has {len(box)} edge lengths, allowed: {allowed}"
    return [(("cell", "axis"), message)]


def _transport_faults(transport: TransportSpec, spec: CellSpec) -> list[tuple[KeyPath, str]]:
    """Return carriers and directions that a cell does not leave to choose."""
    faults: list[tuple[KeyPath, str]] = []
    if len(transport.carriers) != 2:
        message = (
            f"found only '{transport.carriers[0]}'; a cell needs both carriers, remove this key"
        )
        faults.append((("transport", "carriers"), message))
    if transport.directions not in (None, (spec.axis,)):
        message = (
            f"found {', '.join(transport.directions or ())}; current flows along 'cell.axis', "
            f"{spec.axis}; remove this key"
        )
        faults.append((("transport", "directions"), message))
    return faults


def _conducts(materials: Mapping[str, MaterialSpec], name: str, carrier: str) -> bool | None:
    """Whether a material conducts a carrier; None where its library entry decides."""
    material = materials.get(name)
    law = None if material is None else getattr(material, carrier)
    if material is None or (law is None and material.library is not None):
        return None
    return law is not None and bool(law.conducts)


def _idle_faults(
    materials: Mapping[str, MaterialSpec], spec: CellSpec
) -> list[tuple[KeyPath, str]]:
    """Return materials that cannot carry what they are to carry."""
    used: list[tuple[KeyPath, str, str]] = [
        (("separator", "material"), spec.separator.material, "ion"),
        (("collector", "material"), spec.collector.material, "electron"),
    ]
    for key, carrier in _CARRIES.items():
        names = getattr(spec, key) or ()
        used += [((key, index), name, carrier) for index, name in enumerate(names)]
    return [
        (("cell", *path), f"'{name}' does not conduct {carrier}s; name a material that does")
        for path, name, carrier in used
        if _conducts(materials, name, carrier) is False
    ]


def _ambiguous_faults(
    materials: Mapping[str, MaterialSpec], spec: CellSpec
) -> list[tuple[KeyPath, str]]:
    """Return a fault for each material that conducts both carriers and is in no list."""
    said = {*(spec.ionic or ()), *(spec.electronic or ())}
    said |= {spec.separator.material, spec.collector.material}
    return [
        (
            ("materials", name),
            "it conducts ions and electrons; say what it carries in the cell, in 'cell.ionic' or "
            "'cell.electronic'",
        )
        for name in materials
        if name not in said
        and _conducts(materials, name, "ion")
        and _conducts(materials, name, "electron")
    ]
