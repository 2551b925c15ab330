"""Jump networks and carriers of the crystals of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError
from cellion.quantities import BOLTZMANN
from cellion.rates.conductor import Carriers
from cellion.rates.defects import DefectModel, DefectSpecies, frenkel_pair, schottky_pair
from cellion.rates.interstitialcy import NOBODY, SAME, PushedIons, shortest_way
from cellion.rates.jump_network import Hop, JumpNetwork, Site, jump_network, saddle_from_barriers
from cellion.rates.lattices import cell_vectors, lattice_network, neighbour_pairs
from cellion.rates.transition_state import normal_modes, vineyard_prefactor
from cellion.scenario.carriers import CarriersSpec, ion_parts
from cellion.scenario.crystal import HopSpec, LatticeSpec
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.materials import IonSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.sections import fail
from cellion.scenario.vibrations import VibrationsSpec

__all__ = ["BuiltNetwork", "build_carriers", "build_network", "located"]

type Shift = tuple[int, int, int]

_TOLERANCE = 0.01  # of a distance, as the scenario promises
_SAME_ENTROPY = 0.05  # entropies of the two sides of a hop agree within this [k]


@dataclass(frozen=True, kw_only=True)
class BuiltNetwork:
    """A network and its relation to the entries of the scenario.

    Attributes:
        network: Sites and hops of the mobile ion.
        rows: Line of ``hops`` that each hop comes from, shape (m,).
        pushed: Full sites, of interstitialcy and exchange.
        notes: Assumptions about the sites, one sentence each.
    """

    network: JumpNetwork
    rows: IntArray
    pushed: PushedIons | None = None
    notes: tuple[str, ...] = ()


def located[Built](build: Callable[[], Built], *at: str | int) -> Built:
    """Build something and tell the faults of rates at a key path."""
    try:
        return build()
    except RatesError as error:
        raise fail(str(error), *at) from error


def build_network(spec: HoppingSpec) -> BuiltNetwork:
    """Return the network of a crystal.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    if spec.vibrations is not None:
        common = _vineyard(spec.vibrations, 0.0, ("hopping", "vibrations"))
    else:
        common = spec.frequency * float(np.exp((spec.entropy or 0.0) / BOLTZMANN))
    if spec.structure is not None:
        structure = spec.structure
        return located(lambda: _structure_network(spec, structure, common), "hopping", "structure")
    lattice = spec.lattice or LatticeSpec()
    if lattice.name is not None:
        network = _named_network(lattice.name, lattice.edge or 0.0, spec.barrier or 0.0, common)
        return BuiltNetwork(network=network, rows=np.zeros(network.starts.size, dtype=np.int64))
    return _written_network(spec, _vectors(lattice), common)


def _prefactor(
    row: HopSpec, spec: HoppingSpec, common: float, *, entropies: FloatArray, at: KeyPath
) -> float:
    """Return the prefactor of a hop on the scale of the sites without entropy [1/s].

    What is written is seen from the first site, whose entropy takes its share of it.
    """
    seen = common
    if row.vibrations is not None:
        seen = _vineyard(row.vibrations, float(entropies[1] - entropies[0]), (*at, "vibrations"))
    elif row.attempt_frequency is not None or row.entropy is not None:
        entropy = row.entropy if row.entropy is not None else spec.entropy or 0.0
        frequency = row.attempt_frequency or spec.frequency
        seen = frequency * float(np.exp(entropy / BOLTZMANN))
    return seen * float(np.exp(entropies[0] / BOLTZMANN))


def _vineyard(spec: VibrationsSpec, difference: float, at: KeyPath) -> float:
    """Return the prefactor from normal modes, checked against the entropy of the second site.

    The difference is that of the site entropies, second less first [J/K].
    """
    unit, zero, drop = spec.unit, spec.translations, spec.imaginary
    saddle = located(
        lambda: normal_modes(spec.saddle, unit, imaginary=drop, translations=zero), *at, "saddle"
    )

    def seen_from(key: str) -> float:
        values = getattr(spec, key)
        minimum = located(lambda: normal_modes(values, unit, translations=zero), *at, key)
        return located(lambda: vineyard_prefactor(minimum, saddle), *at)

    forward = seen_from("initial")
    if spec.final is not None:
        found = float(np.log(forward / seen_from("final")))
        if abs(found - difference / BOLTZMANN) > _SAME_ENTROPY:
            raise fail(
                f"the modes give the second site an entropy {found:.3f} k_B above the first, the "
                f"sites say {difference / BOLTZMANN:.3f} k_B: detailed balance would be violated. "
                "Give the sites an 'entropy' that differs by as much",
                *at,
                "final",
            )
    return forward


def _named_network(name: str, edge: float, barrier: float, prefactor: float) -> JumpNetwork:
    def build() -> JumpNetwork:
        return lattice_network(
            name, edge=edge, barrier=barrier, prefactor=prefactor, source="the scenario"
        )

    return located(build, "hopping", "lattice", "name")


def _vectors(lattice: LatticeSpec) -> FloatArray:
    if lattice.vectors is not None:
        return np.array(lattice.vectors, dtype=np.float64)
    angles = lattice.angles or (90.0, 90.0, 90.0)
    return located(lambda: cell_vectors(lattice.lengths or (), angles), "hopping", "lattice")


def _written_network(spec: HoppingSpec, vectors: FloatArray, common: float) -> BuiltNetwork:
    """Return the network of sites and hops that are written out."""
    sites = {
        site.name: Site(
            name=site.name,
            position=site.position or (0.0, 0.0, 0.0),
            energy=site.energy,
            multiplicity=site.multiplicity,
            entropy=site.entropy,
        )
        for site in spec.sites or ()
        if not site.full
    }
    full = [site for site in spec.sites or () if site.full]
    hops: list[Hop] = []
    rows: list[int] = []
    for index, row in enumerate(spec.hops or ()):
        if not row.closed:
            found = _hops(row, index, vectors, sites, spec=spec, common=common)
            hops += found
            rows += [index] * len(found)
    network = located(
        lambda: jump_network(vectors, list(sites.values()), hops, source="the scenario"), "hopping"
    )
    pushed = None
    if full:
        names = [site.name for site in full]
        via = [(spec.hops or ())[row].via for row in rows]
        pushed = PushedIons(
            positions=np.array([site.position for site in full], dtype=np.float64),
            kinds=np.arange(len(full)),
            via=np.array([NOBODY if name is None else names.index(name) for name in via]),
        )
    return BuiltNetwork(network=network, rows=np.array(rows, dtype=np.int64), pushed=pushed)


def _hops(
    row: HopSpec,
    index: int,
    vectors: FloatArray,
    sites: dict[str, Site],
    *,
    spec: HoppingSpec,
    common: float,
) -> list[Hop]:
    """Return the hops of one row: one by translation, or all at a distance."""
    at = ("hopping", "hops", index)
    first, second = sites[row.between[0]], sites[row.between[1]]
    saddle = row.saddle
    if saddle is None:
        forward, backward = row.barrier or 0.0, row.reverse_barrier
        saddle = located(lambda: saddle_from_barriers(first, second, forward, backward), *at)
    entropies = np.array([first.entropy, second.entropy])
    prefactor = _prefactor(row, spec, common, entropies=entropies, at=at)
    return [
        Hop(
            start=first.name,
            end=second.name,
            translation=shift,
            saddle_energy=saddle,
            prefactor=prefactor,
            path=row.path or "",
        )
        for shift in _translations(row, at, vectors, (first, second), spec)
    ]


def _translations(
    row: HopSpec, at: KeyPath, vectors: FloatArray, ends: tuple[Site, Site], spec: HoppingSpec
) -> list[Shift]:
    """Return the lattice translations of the second site that one row means."""
    first, second = ends
    if row.distance is None:
        return [row.translation or (0, 0, 0)]
    shifts = _at_distance(vectors, first, second, row.distance)
    if not shifts:
        raise fail(
            f"no '{first.name}' and '{second.name}' are {row.distance:.6g} m apart within 1 %",
            *at,
            "distance",
        )
    if row.via is None:
        return shifts
    full = np.array([s.position for s in spec.sites or () if s.name == row.via], dtype=np.float64)
    here, there = np.array(first.position), np.array(second.position)
    ways = np.array([shortest_way(vectors, here, there + shift, full) for shift in shifts])
    return [s for s, way in zip(shifts, ways, strict=True) if way <= (1 + SAME) * ways.min()]


def _at_distance(vectors: FloatArray, first: Site, second: Site, distance: float) -> list[Shift]:
    """Return the lattice translations that bring the second site to a distance."""
    same = first.name == second.name
    positions = np.array([first.position] if same else [first.position, second.position])
    i, j, cells, _ = neighbour_pairs(
        vectors, positions, (1 - _TOLERANCE) * distance, (1 + _TOLERANCE) * distance
    )
    wanted = np.ones(i.size, dtype=bool) if same else i != j
    return [(int(a), int(b), int(c)) for a, b, c in cells[wanted]]


def _structure_network(spec: HoppingSpec, file: Path, common: float) -> BuiltNetwork:
    """Return the network of a structure file; its reader is loaded only here."""
    from cellion.rates.orbits import BarrierRow, structure_network
    from cellion.rates.structure import mobile_sublattice, named_kinds, read_structure

    entropies = {site.name: site.entropy for site in spec.sites or ()}
    rows = [
        BarrierRow(
            between=row.between,
            distance=row.distance or 0.0,
            barrier=row.barrier,
            reverse_barrier=row.reverse_barrier,
            saddle=row.saddle,
            prefactor=_prefactor(
                row,
                spec,
                common,
                entropies=np.array([entropies.get(name, 0.0) for name in row.between]),
                at=("hopping", "hops", index),
            ),
            closed=row.closed,
        )
        for index, row in enumerate(spec.hops or ())
    ]
    names = {name for row in rows for name in row.between} | set(entropies)
    whole = mobile_sublattice(read_structure(file), spec.element)
    sublattice = named_kinds(whole, spec.element, names)
    network, lines = structure_network(
        sublattice,
        rows,
        prefactor=common,
        energies={site.name: site.energy for site in spec.sites or ()},
        entropies=entropies,
    )
    return BuiltNetwork(network=network, rows=lines, notes=sublattice.notes)


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
