"""What the ``interfaces`` section must agree on with materials and geometry."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.paths import KeyPath

__all__ = ["interface_faults"]

_BOTH = frozenset(("ion", "electron"))


def interface_faults(
    interfaces: tuple[InterfaceSpec, ...],
    materials: Mapping[str, MaterialSpec],
    microstructure: MicrostructureSpec,
    temperature: float,
) -> list[tuple[KeyPath, str]]:
    """Return interfaces that are given twice, lie on insulators, or lack what they need.

    Args:
        interfaces: The ``interfaces`` section.
        materials: Materials by name.
        microstructure: The geometry.
        temperature: Temperature of the scenario [K].
    """
    faults: list[tuple[KeyPath, str]] = []
    for index, spec in enumerate(interfaces):
        found = [
            *_repeated(interfaces[:index], spec),
            *_insulated(materials, spec),
            *_at_another_temperature(temperature, spec),
            *_without_orientations(microstructure, spec),
        ]
        faults += [(("interfaces", index, *path), message) for path, message in found]
    return faults


def _carriers(spec: InterfaceSpec) -> frozenset[str]:
    """Carriers that an interface is about."""
    return _BOTH if spec.carrier is None else frozenset((spec.carrier,))


def _repeated(before: tuple[InterfaceSpec, ...], spec: InterfaceSpec) -> list[tuple[KeyPath, str]]:
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


def _insulated(
    materials: Mapping[str, MaterialSpec], spec: InterfaceSpec
) -> list[tuple[KeyPath, str]]:
    """Return a fault if no current can reach the interface."""
    idle = [name for name in dict.fromkeys(spec.between) if _insulates(materials.get(name))]
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


def _at_another_temperature(temperature: float, spec: InterfaceSpec) -> list[tuple[KeyPath, str]]:
    """Return a fault for a law measured elsewhere, with nothing to bring it here."""
    if spec.at is None or spec.activation_energy is not None:
        return []
    if math.isclose(spec.at, temperature, abs_tol=0.01):
        return []
    message = (
        f"found {spec.at:.6g} K, but the scenario is at {temperature:.6g} K; add "
        "'activation_energy', or remove 'at' if temperature does not matter"
    )
    return [(("at",), message)]


def _without_orientations(
    microstructure: MicrostructureSpec, spec: InterfaceSpec
) -> list[tuple[KeyPath, str]]:
    """Return a fault for a misorientation between regions that have no orientations."""
    if spec.misorientation is None:
        return []
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
