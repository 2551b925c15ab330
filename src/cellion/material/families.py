"""Conductors of crystal families, with the energies and carriers of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cellion.errors import RatesError, nearest
from cellion.material.scenario_networks import build_carriers, located
from cellion.material.uncertain_energies import UncertainEnergies
from cellion.quantities import ELECTRON_VOLT
from cellion.rates.conductor import HoppingConductor
from cellion.rates.family import (
    family_conductor,
    family_network,
    missing_parameters,
    places_per_cell,
)
from cellion.rates.family_data import Family, Parameter, family_document, load_family
from cellion.scenario.faults import FaultsError
from cellion.scenario.materials import IonSpec
from cellion.scenario.sections import fail

__all__ = ["BuiltFamily", "build_family", "family_of_spec", "missing_energies", "unknown_energy"]

_STEP = 1e-5


@dataclass(frozen=True, kw_only=True)
class BuiltFamily:
    """A crystal family with the energies of a scenario.

    Attributes:
        family: The family, in the variant that the scenario names.
        spec: The ion of the scenario.
        energies: All energies that have a value [J].
        uncertain: Standard deviations of those that have one [J].
    """

    family: Family
    spec: IonSpec
    energies: Mapping[str, float]
    uncertain: Mapping[str, float]

    @property
    def counted(self) -> bool:
        """Whether the scenario gives the number of carriers."""
        spec = self.spec
        return any((spec.carrier_share, spec.carrier_density, spec.carriers))

    @property
    def told(self) -> str:
        """Mechanism of the family, its carriers and their Haven ratio, in words."""
        family = self.family
        counted = f"; the {family.carrier} are counted" if self.spec.carrier_share else ""
        haven = ""
        if family.haven_ratio is not None:
            haven = f"; Haven ratio of few carriers {family.haven_ratio:.4g}, D_tracer/D_charge"
        return f"family '{family.name}': mechanism '{family.mechanism}'{counted}{haven}"

    def conductor(self) -> HoppingConductor:
        """Return the conductor.

        Raises:
            RatesError: No place is free.
            FaultsError: The crystal cannot be neutral.
        """
        carriers = None
        if self.counted:
            volume = abs(float(np.linalg.det(self.family.lattice)))
            places = (places_per_cell(self.family) - self.family.blocked_per_cell) / volume
            carriers = build_carriers(self.spec, places, self.family.charge_number)
        return family_conductor(
            self.family, self.energies, prefactor=self.spec.attempt_frequency, carriers=carriers
        )

    def shifts(self) -> UncertainEnergies:
        """Return the shifts of the network by one deviation of each uncertain energy."""
        base = family_network(self.family, self.energies)
        sites, saddles = [], []
        for name, deviation in self.uncertain.items():
            # energies enter linearly; a step this small turns no barrier negative
            step = _STEP * deviation
            moved = family_network(self.family, {**self.energies, name: self.energies[name] + step})
            sites.append((moved.site_energies - base.site_energies) / _STEP)
            saddles.append((moved.saddle_energies - base.saddle_energies) / _STEP)
        k = len(sites)
        return UncertainEnergies(
            sites=np.array(sites).reshape(k, base.n_sites),
            saddles=np.array(saddles).reshape(k, base.starts.size),
        )


def family_of_spec(spec: IonSpec) -> Family:
    """Return the family of an ion, in the variant that it names.

    Raises:
        FaultsError: Family, variant or the name of an energy are unknown.
    """
    name = spec.family or ""
    located(lambda: family_document(name), "family")
    family = located(lambda: load_family(name, spec.variant), "variant")
    wrong = [
        (section, key)
        for section in ("energies", "uncertainties")
        for key in getattr(spec, section) or {}
        if key not in family.parameters
    ]
    if wrong:
        raise FaultsError(*((at, unknown_energy(family, at[1])) for at in wrong))
    return family


def unknown_energy(family: Family, name: str) -> str:
    """Return the message that a family has no such energy, and which it has."""
    return (
        f"'{name}' is not an energy of the family '{family.name}'"
        f"{nearest(name, family.parameters)}; they are {_told(family)}"
    )


def missing_energies(family: Family, lacking: tuple[Parameter, ...]) -> str:
    """Return the message that a family lacks energies."""
    listed = "; ".join(f"'{p.name}' ({p.meaning})" for p in lacking)
    example = ", ".join(f"{p.name}: 0.3 eV" for p in lacking)
    return (
        f"the family '{family.name}' lacks energies: {listed}. Give your own, for example "
        f"'energies: {{{example}}}'"
    )


def _told(family: Family) -> str:
    """List the energies of a family with their values."""
    return ", ".join(
        f"{p.name} ({'missing' if p.value is None else f'{p.value / ELECTRON_VOLT:.3g} eV'})"
        for p in family.parameters.values()
    )


def build_family(spec: IonSpec) -> BuiltFamily:
    """Return the family of an ion with its energies.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    family = family_of_spec(spec)
    given = dict(spec.energies or {})
    lacking = missing_parameters(family, given)
    if lacking:
        raise fail(missing_energies(family, lacking), "family")
    own = {p.name: p.value for p in family.parameters.values() if p.value is not None}
    energies = own | given
    built = BuiltFamily(
        family=family, spec=spec, energies=energies, uncertain=_deviations(spec, family, energies)
    )
    try:
        built.conductor()
    except RatesError as error:
        hint = ""
        if not built.counted and "nothing can move" in str(error):
            hint = "; here: 'carrier_share: 1 %' or 'carrier_density: 1e20 1/cm^3'"
        raise fail(f"{error}{hint}", "family") from error
    return built


def _deviations(spec: IonSpec, family: Family, values: Mapping[str, float]) -> dict[str, float]:
    """Return the standard deviations of energies that have one [J]."""
    barriers = [hop.barrier for hop in family.hops if hop.barrier in values]
    common = dict.fromkeys(barriers, spec.uncertainty) if spec.uncertainty else {}
    return {k: v for k, v in {**common, **(spec.uncertainties or {})}.items() if v and k in values}
