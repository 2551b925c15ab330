"""Numbers of carriers from what a scenario says: a share, a density, or defects."""

from __future__ import annotations

from typing import Protocol

from cellion.errors import RatesError
from cellion.rates.conductor import Carriers
from cellion.rates.defects import DefectModel, DefectSpecies, frenkel_pair, schottky_pair
from cellion.scenario.carriers import CarriersSpec, ion_parts
from cellion.scenario.sections import fail

__all__ = ["build_carriers"]


class _Counted(Protocol):
    """A section that counts carriers in one of three ways."""

    @property
    def carrier_share(self) -> float | None: ...
    @property
    def carrier_density(self) -> float | None: ...
    @property
    def carriers(self) -> CarriersSpec | None: ...


def build_carriers(spec: _Counted, places: float, charge_number: int) -> Carriers:
    """Return the carriers of a crystal.

    Args:
        spec: What the scenario says.
        places: Places of the network per volume [1/m^3].
        charge_number: Signed charge number of the mobile ion.

    Raises:
        FaultsError: The crystal cannot be neutral, or a number makes no sense.
    """
    if spec.carriers is None:
        return Carriers(share=spec.carrier_share, density=spec.carrier_density)
    try:
        return Carriers(defects=_defects(spec.carriers, places, charge_number))
    except RatesError as error:
        raise fail(str(error), "carriers") from error


def _defects(spec: CarriersSpec, places: float, charge_number: int) -> DefectModel:
    fixed = sum(
        dopant.charge * (dopant.density or (dopant.share or 0.0) * places)
        for dopant in spec.dopants
    )
    return DefectModel(
        species=_species(spec, places, charge_number), carrier=spec.defect, fixed_charge=fixed
    )


def _species(spec: CarriersSpec, places: float, charge: int) -> tuple[DefectSpecies, ...]:
    if spec.frenkel is not None:
        partner = places * spec.frenkel.partner_places
        sites, interstices = (places, partner) if spec.defect == "vacancy" else (partner, places)
        return frenkel_pair(charge, sites, interstices, spec.frenkel.energy, spec.frenkel.entropy)
    if spec.schottky is not None:
        found = ion_parts(spec.schottky.partner)
        partner_charge = found[1] if found else 0
        sites_of_partner = places * abs(charge) / max(abs(partner_charge), 1)
        return schottky_pair(
            (charge, partner_charge),
            (places, sites_of_partner),
            spec.schottky.energy,
            spec.schottky.entropy,
            names=("vacancy", "counter-ion vacancy"),
        )
    return tuple(
        DefectSpecies(
            name=one.name,
            charge=one.charge,
            density=one.places * places,
            formation_energy=one.formation_energy,
            formation_entropy=one.formation_entropy,
        )
        for one in spec.species or ()
    )
