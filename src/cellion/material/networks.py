"""Jump networks from what a scenario says of lattice, sites, hops or a structure file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellion.errors import RatesError, nearest
from cellion.quantities import BOLTZMANN
from cellion.rates.jump_network import Hop, JumpNetwork, Site, hop_from_barriers, jump_network
from cellion.rates.lattices import LATTICES, cell_vectors, lattice_network, neighbour_pairs
from cellion.rates.pushing import NOBODY, SAME, PushedIons, shortest_way
from cellion.rates.transition_state import normal_modes, vineyard_prefactor
from cellion.scenario.crystal import HopSpec, LatticeSpec, SiteSpec
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.sections import fail
from cellion.scenario.vibrations import VibrationsSpec

__all__ = ["BuiltNetwork", "build_network", "located"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]
type Shift = tuple[int, int, int]

_TOLERANCE = 0.01  # of a distance, as the scenario promises
_SAME_ENTROPY = 0.05  # entropies of the two sides of a hop agree within this [k]


@dataclass(frozen=True, kw_only=True)
class BuiltNetwork:
    """A network with what the scenario says beside it.

    Attributes:
        network: Sites and hops of the mobile ion.
        rows: Line of ``hops`` that each hop comes from, shape (m,).
        pushed: Full sites, of interstitialcy and exchange.
        notes: What was assumed about the sites, one sentence each.
    """

    network: JumpNetwork
    rows: Integers
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

    Args:
        spec: What the scenario says.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    common = _common_prefactor(spec)
    if spec.structure is not None:
        structure = spec.structure
        return located(lambda: _structure_network(spec, structure, common), "hopping", "structure")
    lattice = spec.lattice or LatticeSpec()
    if lattice.name is not None:
        network = _named_network(spec, lattice.name, lattice.edge or 0.0, common)
        return BuiltNetwork(network=network, rows=np.zeros(network.starts.size, dtype=np.int64))
    return _written_network(spec, _vectors(lattice), common)


def _common_prefactor(spec: HoppingSpec) -> float:
    """Return the prefactor of hops that give none [1/s]."""
    if spec.vibrations is not None:
        return _vineyard(spec.vibrations, 0.0, ("hopping", "vibrations"))
    return spec.frequency * float(np.exp((spec.entropy or 0.0) / BOLTZMANN))


def _prefactor(
    row: HopSpec, spec: HoppingSpec, common: float, *, entropies: Floats, at: KeyPath
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
    """Return the prefactor from normal modes, after checking them against the site entropies.

    Args:
        spec: The modes.
        difference: Entropy of the second site over that of the first [J/K].
        at: Key path for faults.
    """

    def modes(key: str) -> float:
        saddle = located(
            lambda: normal_modes(
                spec.saddle,
                spec.unit,
                imaginary=spec.imaginary,
                translations=spec.translations,
            ),
            *at,
            "saddle",
        )
        minimum = located(
            lambda: normal_modes(getattr(spec, key), spec.unit, translations=spec.translations),
            *at,
            key,
        )
        return located(lambda: vineyard_prefactor(minimum, saddle), *at)

    forward = modes("initial")
    if spec.final is not None:
        found = float(np.log(forward / modes("final")))
        if abs(found - difference / BOLTZMANN) > _SAME_ENTROPY:
            raise fail(
                f"the modes give the second site an entropy {found:.3f} k_B above the first, the "
                f"sites say {difference / BOLTZMANN:.3f} k_B: detailed balance would be violated. "
                "Give the sites an 'entropy' that differs by as much",
                *at,
                "final",
            )
    return forward


def _named_network(spec: HoppingSpec, name: str, edge: float, prefactor: float) -> JumpNetwork:
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
        prefactor=prefactor,
        source="the scenario",
    )


def _vectors(lattice: LatticeSpec) -> Floats:
    if lattice.vectors is not None:
        return np.array(lattice.vectors, dtype=np.float64)
    angles = lattice.angles or (90.0, 90.0, 90.0)
    return located(lambda: cell_vectors(lattice.lengths or (), angles), "hopping", "lattice")


def _site(site: SiteSpec) -> Site:
    return Site(
        name=site.name,
        position=site.position or (0.0, 0.0, 0.0),
        energy=site.energy,
        multiplicity=site.multiplicity,
        entropy=site.entropy,
    )


def _written_network(spec: HoppingSpec, vectors: Floats, common: float) -> BuiltNetwork:
    """Return the network of sites and hops that are written out."""
    sites = {site.name: _site(site) for site in spec.sites or () if not site.full}
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
    vectors: Floats,
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
        forward = row.barrier or 0.0
        back = first.energy + forward - second.energy
        if row.reverse_barrier is not None:
            back = row.reverse_barrier
        saddle = located(
            lambda: hop_from_barriers(first, second, forward, back, prefactor=1.0), *at
        ).saddle_energy
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
    row: HopSpec, at: KeyPath, vectors: Floats, ends: tuple[Site, Site], spec: HoppingSpec
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


def _at_distance(vectors: Floats, first: Site, second: Site, distance: float) -> list[Shift]:
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
    from cellion.rates.orbits import BarrierRow, rows_of_hops, structure_network
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
    network = structure_network(
        sublattice,
        rows,
        prefactor=common,
        energies={site.name: site.energy for site in spec.sites or ()},
        entropies=entropies,
    )
    return BuiltNetwork(
        network=network, rows=rows_of_hops(sublattice, rows), notes=sublattice.notes
    )
