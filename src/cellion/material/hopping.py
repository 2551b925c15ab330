"""Ion conduction from hops: what a scenario says of family, lattice or structure file, as a law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellion.errors import RatesError, nearest
from cellion.quantities import ELECTRON_VOLT
from cellion.rates.conductor import (
    Carriers,
    HoppingConductor,
    family_conductor,
    hopping_conductivity,
)
from cellion.rates.family import missing_parameters
from cellion.rates.family_data import Family, Parameter, family_names, load_family
from cellion.rates.jump_network import Hop, JumpNetwork, Site, hop_from_barriers, jump_network
from cellion.rates.lattices import LATTICES, cell_vectors, lattice_network, neighbour_pairs
from cellion.scenario.crystal import HopSpec, LatticeSpec
from cellion.scenario.faults import FaultsError
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.materials import IonSpec
from cellion.scenario.values import fail

__all__ = ["HoppingLaw", "family_of_spec", "hopping_law", "missing_energies"]

_TOLERANCE = 0.01  # of a distance, as the scenario promises


@dataclass(frozen=True, kw_only=True)
class HoppingLaw:
    """Conduction by hopping: the exact tensor of a jump network at any temperature.

    Attributes:
        conductor: Network and carriers.
    """

    conductor: HoppingConductor

    def conductivity(self, temperature: float) -> NDArray[np.float64]:
        """Conductivity tensor in crystal axes, shape (3, 3) [S/m].

        Raises:
            RatesError: The temperature is not above 0 K.
        """
        tensor: NDArray[np.float64] = hopping_conductivity(self.conductor, temperature).tensor[0]
        return tensor


def hopping_law(spec: IonSpec) -> HoppingLaw:
    """Return the law of an ion given by ``family`` or ``hopping``.

    Args:
        spec: What the scenario says.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    if spec.hopping is not None:
        return HoppingLaw(conductor=_own_conductor(spec.hopping))
    return HoppingLaw(conductor=_family_conductor(spec))


def family_of_spec(spec: IonSpec) -> Family:
    """Return the family of an ion, in the variant that it names.

    Raises:
        FaultsError: Family, variant or the name of an energy are unknown.
    """
    name = spec.family or ""
    if name not in family_names():
        raise fail(
            f"found '{name}'{nearest(name, family_names())}; families are "
            f"{', '.join(family_names())}",
            "family",
        )
    variants = load_family(name).variants
    if spec.variant is not None and spec.variant not in variants:
        raise fail(
            f"found '{spec.variant}'{nearest(spec.variant, variants)}; materials of the family "
            f"'{name}' are {', '.join(variants) or 'none'}",
            "variant",
        )
    family = load_family(name, spec.variant)
    wrong = [key for key in spec.energies or {} if key not in family.parameters]
    if wrong:
        raise FaultsError(
            *(
                (
                    ("energies", key),
                    f"'{key}' is not an energy of the family '{name}'"
                    f"{nearest(key, family.parameters)}; they are {_told(family)}",
                )
                for key in wrong
            )
        )
    return family


def missing_energies(family: Family, lacking: tuple[Parameter, ...]) -> str:
    """Say which energies a family needs before anything can be computed."""
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


def _family_conductor(spec: IonSpec) -> HoppingConductor:
    family = family_of_spec(spec)
    energies = dict(spec.energies or {})
    lacking = missing_parameters(family, energies)
    if lacking:
        raise fail(missing_energies(family, lacking), "family")
    carriers = None
    if spec.carrier_share is not None or spec.carrier_density is not None:
        carriers = Carriers(share=spec.carrier_share, density=spec.carrier_density)
    try:
        return family_conductor(
            family, energies, prefactor=spec.attempt_frequency, carriers=carriers
        )
    except RatesError as error:
        hint = ""
        if carriers is None and "nothing can move" in str(error):
            hint = "; here: 'carrier_share: 1 %' or 'carrier_density: 1e20 1/cm^3'"
        raise fail(f"{error}{hint}", "family") from error


def _own_conductor(spec: HoppingSpec) -> HoppingConductor:
    network = _network(spec)

    def conductor() -> HoppingConductor:
        return HoppingConductor(
            network=network,
            charge_number=spec.charge_number,
            carriers=Carriers(share=spec.carrier_share, density=spec.carrier_density),
            mechanism=spec.mechanism,
            row=spec.row or 1,
            haven_ratio=spec.haven_ratio,
        )

    return _located(conductor, "hopping")


def _located[Built](build: Callable[[], Built], *at: str | int) -> Built:
    """Build something and tell the faults of rates at a key path."""
    try:
        return build()
    except RatesError as error:
        raise fail(str(error), *at) from error


def _network(spec: HoppingSpec) -> JumpNetwork:
    if spec.structure is not None:
        structure = spec.structure
        return _located(lambda: _structure_network(spec, structure), "hopping", "structure")
    lattice = spec.lattice or LatticeSpec()
    if lattice.name is not None:
        return _named_network(spec, lattice.name, lattice.edge or 0.0)
    vectors = _vectors(lattice)
    sites = {
        site.name: Site(
            name=site.name,
            position=site.position or (0.0, 0.0, 0.0),
            energy=site.energy,
            multiplicity=site.multiplicity,
        )
        for site in spec.sites or ()
    }
    hops = [
        hop
        for index, row in enumerate(spec.hops or ())
        if not row.closed
        for hop in _hops(row, index, vectors, sites, spec.frequency)
    ]
    source = "the scenario"
    return _located(
        lambda: jump_network(vectors, list(sites.values()), hops, source=source), "hopping"
    )


def _named_network(spec: HoppingSpec, name: str, edge: float) -> JumpNetwork:
    if name not in LATTICES:
        raise fail(
            f"found '{name}'{nearest(name, LATTICES)}; lattices are {', '.join(LATTICES)}",
            "hopping",
            "lattice",
            "name",
        )
    return lattice_network(
        name,
        edge=edge,
        barrier=spec.barrier or 0.0,
        prefactor=spec.frequency,
        source="the scenario",
    )


def _vectors(lattice: LatticeSpec) -> NDArray[np.float64]:
    if lattice.vectors is not None:
        return np.array(lattice.vectors, dtype=np.float64)
    angles = lattice.angles or (90.0, 90.0, 90.0)
    return _located(lambda: cell_vectors(lattice.lengths or (), angles), "hopping", "lattice")


def _hops(
    row: HopSpec,
    index: int,
    vectors: NDArray[np.float64],
    sites: dict[str, Site],
    attempt_frequency: float,
) -> list[Hop]:
    """Return the hops of one row: one by translation, or all at a distance."""
    first, second = sites[row.between[0]], sites[row.between[1]]
    saddle = row.saddle
    if saddle is None:
        forward = row.barrier or 0.0
        back = first.energy + forward - second.energy
        if row.reverse_barrier is not None:
            back = row.reverse_barrier
        saddle = _located(
            lambda: hop_from_barriers(first, second, forward, back, prefactor=1.0),
            *("hopping", "hops", index),
        ).saddle_energy
    prefactor = row.attempt_frequency or attempt_frequency
    shifts = [row.translation or (0, 0, 0)]
    if row.distance is not None:
        shifts = _shifts(vectors, first, second, row.distance)
        if not shifts:
            raise fail(
                f"no '{first.name}' and '{second.name}' are {row.distance:.6g} m apart within 1 %",
                *("hopping", "hops", index, "distance"),
            )
    return [
        Hop(
            start=first.name,
            end=second.name,
            translation=shift,
            saddle_energy=saddle,
            prefactor=prefactor,
        )
        for shift in shifts
    ]


def _shifts(
    vectors: NDArray[np.float64], first: Site, second: Site, distance: float
) -> list[tuple[int, int, int]]:
    """Return the lattice translations that bring the second site to a distance."""
    same = first.name == second.name
    positions = np.array([first.position] if same else [first.position, second.position])
    i, j, cells, _ = neighbour_pairs(
        vectors, positions, (1 - _TOLERANCE) * distance, (1 + _TOLERANCE) * distance
    )
    wanted = np.ones(i.size, dtype=bool) if same else i != j
    return [(int(a), int(b), int(c)) for a, b, c in cells[wanted]]


def _structure_network(spec: HoppingSpec, file: Path) -> JumpNetwork:
    """Return the network of a structure file; its reader is loaded only here."""
    from cellion.rates.orbits import BarrierRow, structure_network
    from cellion.rates.structure import mobile_sublattice, read_structure

    rows = [
        BarrierRow(
            between=row.between,
            distance=row.distance or 0.0,
            barrier=row.barrier,
            reverse_barrier=row.reverse_barrier,
            saddle=row.saddle,
            prefactor=row.attempt_frequency,
            closed=row.closed,
        )
        for row in spec.hops or ()
    ]
    return structure_network(
        mobile_sublattice(read_structure(file), spec.element),
        rows,
        prefactor=spec.frequency,
        energies={site.name: site.energy for site in spec.sites or ()},
    )
