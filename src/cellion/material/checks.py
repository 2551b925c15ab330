"""Checks of materials before a run: energies in studies, directions without conduction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from cellion.arrays import FloatArray
from cellion.errors import MaterialError
from cellion.material.families import family_of_spec, unknown_energy
from cellion.material.material import Material
from cellion.scenario.faults import FaultsError
from cellion.scenario.materials import IonSpec
from cellion.scenario.paths import KeyPath, parse_path
from cellion.scenario.scenario import Scenario

__all__ = ["check_conductors", "check_study"]

_BLIND = 1e-12  # principal conductivities below this share of the largest are zero
_AXES = ("x", "y", "z")


def check_study(scenario: Scenario) -> None:
    """Check that a study varies only energies that a crystal family has.

    Raises:
        MaterialError: Names are unknown; the message has a line for each, with the nearest name.
    """
    faults: list[tuple[KeyPath, str]] = []
    for key, place in ({} if scenario.study is None else scenario.study.keys).items():
        match parse_path(key):
            case ("materials", str() as name, "ion", "energies" | "uncertainties", str() as energy):
                material = scenario.materials.get(name)
                ion = None if material is None else material.ion
                if ion is not None and ion.family is not None:
                    faults += [(place, told) for told in _wrong_energy(ion, energy)]
    if faults:
        raise MaterialError(scenario.told(faults))


def _wrong_energy(ion: IonSpec, energy: str) -> list[str]:
    try:
        family = family_of_spec(ion)
    except FaultsError:
        return []  # told where the material is built
    return [] if energy in family.parameters else [unknown_energy(family, energy)]


def check_conductors(
    scenario: Scenario, materials: Mapping[str, Material], used: Iterable[str], dimension: int
) -> None:
    """Refuse materials that conduct in some directions and not in others.

    A field that meets a direction without conduction has no unique potential there.

    Args:
        scenario: The scenario.
        materials: Its materials.
        used: Names of those that the geometry holds.
        dimension: Number of dimensions of the geometry.

    Raises:
        MaterialError: A material conducts in fewer dimensions; the message says what to add.
    """
    faults: list[tuple[KeyPath, str]] = []
    for name in dict.fromkeys(used):
        for carrier in scenario.transport.carriers:
            tensor = materials[name].conductivity(carrier, scenario.temperature)
            told = _blind_directions(tensor, dimension)
            if told:
                ion = scenario.materials[name].ion if carrier == "ion" else None
                faults.append((("materials", name, carrier), f"{told}. {_remedy(ion)}"))
    if faults:
        raise MaterialError(scenario.told(faults))


def _blind_directions(tensor: FloatArray, dimension: int) -> str:
    """Describe the directions along which a tensor conducts, if it is some but not all."""
    values, axes = np.linalg.eigh(tensor[:dimension, :dimension])
    largest = float(np.abs(tensor).max())
    leads = values > _BLIND * largest
    if largest == 0.0 or leads.all():
        return ""
    directions = " and ".join(_direction(axis) for axis in axes.T[leads]) or "none of them"
    return (
        f"it conducts along {int(leads.sum())} of {dimension} directions ({directions}); in "
        f"{dimension} dimensions the potential between its channels would be undefined"
    )


def _direction(axis: FloatArray) -> str:
    """Name a direction in crystal axes."""
    largest = int(np.abs(axis).argmax())
    if abs(axis[largest]) > 1.0 - 1e-9:
        return _AXES[largest]
    return f"({', '.join(f'{c:.3f}' for c in axis * np.sign(axis[largest]) + 0.0)})"


def _remedy(ion: IonSpec | None) -> str:
    """Return the advice for a material with directions without conduction."""
    if ion is not None and ion.family is not None:
        family = family_of_spec(ion)
        given = ion.energies or {}
        open_ones = [p for p in family.parameters.values() if p.optional and p.name not in given]
        if open_ones:
            told = "; ".join(f"'{p.name}': {p.meaning}" for p in open_ones)
            example = ", ".join(f"{p.name}: 0.5 eV" for p in open_ones)
            return (
                f"Give the family what joins its channels ({told}), for example 'energies: "
                f"{{{example}}}'"
            )
        return (
            f"The family '{family.name}' has no hop that joins them: write the crystal out under "
            "'hopping' with such a hop and its barrier"
        )
    if ion is not None and ion.hopping is not None:
        return (
            "Give the rare hops across with their high barriers, or choose a lattice that conducts "
            "in all directions"
        )
    return "Give small conductivities in the other directions"
