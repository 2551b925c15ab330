"""Carriers of a crystal from the share, density or defects of a scenario."""

from __future__ import annotations

from cellion.material.scenario_networks import located
from cellion.rates.conductor import Carriers
from cellion.rates.defects import DefectModel, DefectSpecies, frenkel_pair, schottky_pair
from cellion.scenario.carriers import CarriersSpec, ion_parts
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.materials import IonSpec

__all__ = ["build_carriers"]


def build_carriers(
    spec: HoppingSpec | IonSpec, places: float, charge_number: int, *at: str
) -> Carriers:
    """Return the carriers of a crystal.

    Args:
        spec: Section of the scenario that counts them.
        places: Places of the network per volume [1/m^3].
        charge_number: Signed charge number of the mobile ion.
        *at: Key path of the section, for faults.

    Raises:
        FaultsError: The crystal cannot be neutral, or a number makes no sense.
    """
    if spec.carriers is None:
        return Carriers(share=spec.carrier_share, density=spec.carrier_density)
    carriers = spec.carriers
    defects = located(lambda: _defects(carriers, places, charge_number), *at, "carriers")
    return Carriers(defects=defects)


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
