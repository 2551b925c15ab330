"""Checks across the sections of a scenario: what one says must fit what others say."""

from __future__ import annotations

import math

from cellion.scenario.cell import CellSpec
from cellion.scenario.contents import Contents
from cellion.scenario.faults import Faults
from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.values import AXES

__all__ = ["cross_faults"]

_BOTH = frozenset(("ion", "electron"))
_CARRIES = {"ionic": "ion", "electronic": "electron"}


def cross_faults(scenario: Contents) -> Faults:
    """Return where sections of a scenario contradict each other, or lack what another needs."""
    return [
        *_boundary_faults(scenario),
        *_direction_faults(scenario),
        *_mesh_faults(scenario),
        *_accuracy_faults(scenario),
        *_temperature_faults(scenario),
        *_density_faults(scenario),
        *_interface_faults(scenario),
        *_cell_faults(scenario),
        *_replicate_faults(scenario),
    ]


def _boundary_faults(scenario: Contents) -> Faults:
    """Return a periodic condition in a box that does not repeat."""
    kind = scenario.microstructure.kind
    if scenario.transport.boundary != "periodic" or scenario.microstructure.periodic:
        return []
    message = (
        f"found 'periodic', but the {kind} is not; set 'microstructure.{kind}.periodic: true' "
        "or 'boundary: electrodes'"
    )
    return [(("transport", "boundary"), message)]


def _direction_faults(scenario: Contents) -> Faults:
    """Return directions that the box does not have."""
    box = scenario.microstructure.box
    if box is None:
        return []
    named: list[tuple[KeyPath, str]] = [
        (("transport", "directions", index), axis)
        for index, axis in enumerate(scenario.transport.directions or ())
    ]
    if scenario.cell is not None:
        named.append((("cell", "axis"), scenario.cell.axis))
    allowed = AXES[: len(box)]
    told = f"the box has {len(box)} edge lengths, allowed: {', '.join(allowed)}"
    return [(path, f"found '{axis}'; {told}") for path, axis in named if axis not in allowed]


def _mesh_faults(scenario: Contents) -> Faults:
    """Return mesh sizes that make no sense with the geometry."""
    sizes = scenario.mesh.given("size", "surface_size", "smallest_size")
    if scenario.microstructure.mesh is not None:
        message = "the mesh is read from a file, so its sizes cannot be chosen; remove this key"
        return [(("mesh", name), message) for name in sizes]
    edge = min(scenario.microstructure.box or (math.inf,))
    return [
        (
            ("mesh", name),
            f"found {getattr(scenario.mesh, name):.6g} m, but the shortest edge of the box is "
            f"{edge:.6g} m; a mesh size is smaller than that",
        )
        for name in sizes
        if getattr(scenario.mesh, name) > edge * (1.0 + 1e-9)
    ]


def _accuracy_faults(scenario: Contents) -> Faults:
    """Return bounds that are not known, and a width of the bracket without a bracket."""
    spec, boundary = scenario.accuracy, scenario.transport.boundary
    if spec is None:
        return []
    if spec.bracket and boundary not in ("periodic", "electrodes", "uniform_gradient"):
        message = (
            f"found true, but no bounds are known for the boundary '{boundary}'; allowed: "
            "periodic, electrodes, uniform_gradient (or `bracket: false`)"
        )
        return [(("accuracy", "bracket"), message)]
    if spec.tolerance is not None and not spec.bracket:
        message = "it is the width of the bracket, but 'bracket' is false; remove one of the two"
        return [(("accuracy", "tolerance"), message)]
    return []


def _temperature_faults(scenario: Contents) -> Faults:
    """Return laws measured at another temperature, with nothing to bring them here."""
    laws: list[tuple[KeyPath, float | None, float | None]] = [
        (("interfaces", index), spec.at, spec.activation_energy)
        for index, spec in enumerate(scenario.interfaces)
    ]
    laws += [
        (("materials", name, carrier), law.at, law.activation_energy)
        for name, material in scenario.materials.items()
        for carrier, law in (("ion", material.ion), ("electron", material.electron))
        if law is not None
    ]
    return [
        (
            (*path, "at"),
            f"found {at:.6g} K, but the scenario is at {scenario.temperature:.6g} K; add "
            "'activation_energy', or remove 'at' if temperature does not matter",
        )
        for path, at, energy in laws
        if at is not None
        and energy is None
        and not math.isclose(at, scenario.temperature, abs_tol=0.01)
    ]


def _density_faults(scenario: Contents) -> Faults:
    """Return solids without a density in a packing given by weight."""
    packing = scenario.microstructure.packing
    if packing is None or all(p.weight_fraction is None for p in packing.particles):
        return []
    solids = dict.fromkeys([*(p.material for p in packing.particles), packing.matrix.material])
    found = ((name, scenario.materials.get(name)) for name in solids)
    message = (
        "its density is missing, and the packing is given by weight; add for example "
        "'density: 1.64 g/cm^3'"
    )
    return [
        (("materials", name), message)
        for name, material in found
        if material is not None and material.density is None and material.library is None
    ]


def _replicate_faults(scenario: Contents) -> Faults:
    """Return replicates of a geometry in which nothing is random."""
    replicates = 1 if scenario.study is None else scenario.study.replicates
    if replicates == 1 or scenario.microstructure.seed is not None:
        return []
    message = (
        f"found {replicates}; 'microstructure.{scenario.microstructure.kind}' has no seed: "
        "nothing in it is random, all runs would be the same"
    )
    return [(("study", "replicates"), message)]


def _interface_faults(scenario: Contents) -> Faults:
    """Return interfaces that are given twice, lie on insulators, or lack what they need."""
    faults: Faults = []
    for index, spec in enumerate(scenario.interfaces):
        found = [
            *_repeated(scenario.interfaces[:index], spec),
            *_insulated(scenario, spec),
            *_without_orientations(scenario, spec),
        ]
        faults += [(("interfaces", index, *path), message) for path, message in found]
    return faults


def _carriers(spec: InterfaceSpec) -> frozenset[str]:
    """Carriers that an interface is about."""
    return _BOTH if spec.carrier is None else frozenset((spec.carrier,))


def _repeated(before: tuple[InterfaceSpec, ...], spec: InterfaceSpec) -> Faults:
    """Return a fault if an earlier entry is about the same materials and carrier."""
    for index, other in enumerate(before):
        if other.pair == spec.pair and _carriers(other) & _carriers(spec):
            names = " and ".join(spec.between)
            message = (
                f"{names} are given in interfaces[{index}] already; put both laws into one entry, "
                "or say which 'carrier' each is for"
            )
            return [(("between",), message)]
    return []


def _insulated(scenario: Contents, spec: InterfaceSpec) -> Faults:
    """Return a fault if no current can reach the interface."""
    names = dict.fromkeys(spec.between)
    idle = [name for name in names if _insulates(scenario.materials.get(name))]
    crosses = [key for key in spec.laws if key not in ("sheet_conductance", "conductivity_along")]
    if idle and crosses:
        message = (
            f"'{idle[0]}' does not conduct, so no current crosses this interface; remove "
            f"'{crosses[0]}'"
        )
        return [((crosses[0],), message)]
    if len(idle) == len(spec.pair):
        message = f"{' and '.join(idle)} do not conduct, so no current reaches this interface"
        return [(("between",), message)]
    return []


def _insulates(material: MaterialSpec | None) -> bool:
    """Whether a material plainly conducts neither carrier."""
    if material is None or material.library is not None:
        return False
    laws = (material.ion, material.electron)
    return all(law is None or not law.conducts for law in laws)


def _without_orientations(scenario: Contents, spec: InterfaceSpec) -> Faults:
    """Return a fault for a misorientation between regions that have no orientations."""
    if spec.misorientation is None:
        return []
    microstructure = scenario.microstructure
    grains = microstructure.grains_of
    message = (
        f"'{spec.between[0]}' has no grains with orientations in this "
        f"{microstructure.kind}; use a polycrystal, bricks, a polycrystalline matrix or a "
        "mesh with grains"
    )
    if spec.between[0] == grains:
        if not microstructure.grains_aligned:
            return []
        message = (
            f"the grains of '{grains}' are aligned, so that none of their boundaries would resist; "
            f"give them 'orientations' in the {microstructure.kind}, for example 'random'"
        )
    return [(("misorientation",), message)]


def _cell_faults(scenario: Contents) -> Faults:
    """Return where a cell lacks what it needs, or contradicts another section."""
    spec, wanted = scenario.cell, scenario.transport.boundary == "cell"
    if spec is None:
        message = (
            "found 'cell', but there is no section 'cell'; add one with axis, separator and "
            "collector"
        )
        return [(("transport", "boundary"), message)] if wanted else []
    return [
        *(_choice_faults(scenario, spec) if wanted else ()),
        *_idle_faults(scenario, spec),
        *_ambiguous_faults(scenario, spec),
    ]


def _choice_faults(scenario: Contents, spec: CellSpec) -> Faults:
    """Return carriers and directions that a cell does not leave to choose."""
    faults: Faults = []
    transport = scenario.transport
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


def _conducts(scenario: Contents, name: str, carrier: str) -> bool | None:
    """Whether a material conducts a carrier; None where its library entry decides."""
    material = scenario.materials.get(name)
    law = None if material is None else getattr(material, carrier)
    if material is None or (law is None and material.library is not None):
        return None
    return law is not None and bool(law.conducts)


def _idle_faults(scenario: Contents, spec: CellSpec) -> Faults:
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
        if _conducts(scenario, name, carrier) is False
    ]


def _ambiguous_faults(scenario: Contents, spec: CellSpec) -> Faults:
    """Return a fault for each material that conducts both carriers and is in no list."""
    said = {*(spec.ionic or ()), *(spec.electronic or ())}
    said |= {spec.separator.material, spec.collector.material}
    return [
        (
            ("materials", name),
            "it conducts ions and electrons; say what it carries in the cell, in 'cell.ionic' or "
            "'cell.electronic'",
        )
        for name in scenario.materials
        if name not in said
        and _conducts(scenario, name, "ion")
        and _conducts(scenario, name, "electron")
    ]
