"""Symmetry-distinct hops of a crystal, and networks from tables of their barriers.

The space group carries every hop onto others of the same barrier, so a table needs one line for
each orbit::

    sublattice = mobile_sublattice(read_structure("LiFePO4.cif"), "Li")
    orbits = distinct_hops(sublattice, longest=4e-10)        # which barriers are needed?
    network, lines = structure_network(sublattice, rows, prefactor=1e13)

Nothing is evaluated before every orbit up to the longest hop of the table has its line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.constants import angstrom
from scipy.spatial import KDTree

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, nearest
from cellion.rates.corrector import component_labels
from cellion.rates.jump_network import JumpNetwork, Site, saddle_from_barriers
from cellion.rates.lattices import neighbour_pairs
from cellion.rates.structure import MobileSublattice

__all__ = [
    "TOLERANCE",
    "BarrierRow",
    "HopOrbit",
    "distinct_hops",
    "missing_barriers",
    "structure_network",
]

TOLERANCE = 0.01
"""Relative tolerance of the distances in a table."""

_CLOSEST = 0.1 * angstrom
_CELLS = 2_000  # more lattice translations than any hop spans


@dataclass(frozen=True, kw_only=True)
class HopOrbit:
    """All hops that the space group makes of one.

    Attributes:
        between: kinds of the two sites.
        distance: jump length [m].
        starts: site index, shape (m,).
        ends: site index, shape (m,).
        translations: lattice translation of the end site, shape (m, 3).
    """

    between: tuple[str, str]
    distance: float
    starts: IntArray
    ends: IntArray
    translations: IntArray

    @property
    def label(self) -> str:
        """Kinds and distance, as messages name it."""
        return f"{self.between[0]} - {self.between[1]} at {self.distance / angstrom:.3f} angstrom"


@dataclass(frozen=True, kw_only=True)
class BarrierRow:
    """One line of a table of barriers.

    Attributes:
        between: kinds of the two sites; the barrier is seen from the first.
        distance: jump length [m].
        barrier: migration energy [J]; None while it is missing.
        reverse_barrier: the same from the second site [J], checked for detailed balance.
        saddle: instead of the barrier, the saddle energy on the scale of the sites [J].
        prefactor: attempt frequency [1/s]; None takes the common one.
        closed: whether the hop does not happen.
    """

    between: tuple[str, str]
    distance: float
    barrier: float | None = None
    reverse_barrier: float | None = None
    saddle: float | None = None
    prefactor: float | None = None
    closed: bool = False

    @property
    def known(self) -> bool:
        """Whether the line says what the hop costs."""
        return self.closed or self.barrier is not None or self.saddle is not None

    def fits(self, orbit: HopOrbit) -> bool:
        """Whether the line is about this orbit."""
        near = abs(orbit.distance - self.distance) <= TOLERANCE * self.distance
        return near and sorted(self.between) == sorted(orbit.between)


def distinct_hops(sublattice: MobileSublattice, longest: float) -> tuple[HopOrbit, ...]:
    """Return the symmetry-distinct hops up to a length, the shortest first.

    Args:
        sublattice: from `mobile_sublattice`.
        longest: longest hop [m].
    """
    i, j, cells, distance = neighbour_pairs(
        sublattice.lattice, sublattice.positions, _CLOSEST, longest
    )
    if i.size == 0:
        return ()
    label = _orbits(sublattice, i, j, cells)
    orbits = []
    for k in range(int(label.max()) + 1):
        members = np.flatnonzero(label == k)
        first = members[0]
        orbits.append(
            HopOrbit(
                between=(sublattice.kinds[i[first]], sublattice.kinds[j[first]]),
                distance=float(distance[members].mean()),
                starts=i[members],
                ends=j[members],
                translations=cells[members],
            )
        )
    return tuple(sorted(orbits, key=lambda orbit: (orbit.distance, orbit.between)))


def _orbits(sublattice: MobileSublattice, i: IntArray, j: IntArray, cells: IntArray) -> IntArray:
    """Return the orbit of each hop under the space group, shape (m,)."""
    codes = _codes(i, j, cells)
    order = np.argsort(codes)
    sources, targets = [], []
    for rotation, translation in _generators(sublattice):
        image, shift = _images(sublattice, rotation, translation)
        carried = cells @ rotation.T + shift[j] - shift[i]
        found = _codes(image[i], image[j], carried)
        place = np.minimum(np.searchsorted(codes, found, sorter=order), codes.size - 1)
        partner = order[place]
        same = codes[partner] == found
        sources.append(np.flatnonzero(same))
        targets.append(partner[same])
    return component_labels(codes.size, np.concatenate(sources), np.concatenate(targets))[1]


def _generators(sublattice: MobileSublattice) -> list[tuple[IntArray, FloatArray]]:
    """Return operations that generate the space group of the cell.

    One operation of each rotation and all pure translations do, of which a supercell has many.
    """
    rotations = sublattice.rotations
    _, first = np.unique(rotations.reshape(-1, 9), axis=0, return_index=True)
    pure = np.flatnonzero((rotations == np.eye(3)).all(axis=(1, 2)))
    return [(rotations[k], sublattice.translations[k]) for k in np.union1d(first, pure)]


def _images(
    sublattice: MobileSublattice, rotation: IntArray, translation: FloatArray
) -> tuple[IntArray, IntArray]:
    """Return the site onto which an operation carries each site, and the cell it lands in."""
    moved = sublattice.positions @ rotation.T + translation
    _, image = KDTree(_wrapped(sublattice.positions), boxsize=1.0).query(_wrapped(moved))
    return image, np.round(moved - sublattice.positions[image]).astype(np.int64)


def _wrapped(positions: FloatArray) -> FloatArray:
    """Return fractional coordinates in [0, 1); rounding takes a small negative one up to 1."""
    inside = positions % 1.0
    return np.where(inside < 1.0, inside, 0.0)


def _codes(i: IntArray, j: IntArray, cells: IntArray) -> IntArray:
    """Return one number for each hop, the same for a hop and its reverse."""

    def code(a: IntArray, b: IntArray, shift: IntArray) -> IntArray:
        number = np.maximum(i.max(), j.max()) + 1
        value = a * number + b
        for axis in range(3):
            value = value * _CELLS + shift[:, axis] + _CELLS // 2
        return np.asarray(value)

    return np.minimum(code(i, j, cells), code(j, i, -cells))


def missing_barriers(
    orbits: Sequence[HopOrbit], rows: Sequence[BarrierRow]
) -> tuple[HopOrbit, ...]:
    """Return the orbits whose barrier no line of the table gives."""
    return tuple(
        orbit for orbit in orbits if not any(row.known and row.fits(orbit) for row in rows)
    )


def structure_network(
    sublattice: MobileSublattice,
    rows: Sequence[BarrierRow],
    *,
    prefactor: float,
    energies: Mapping[str, float] | None = None,
    entropies: Mapping[str, float] | None = None,
) -> tuple[JumpNetwork, IntArray]:
    """Return the network of all hops of a table, and the line of each hop, shape (m,).

    Args:
        sublattice: from `mobile_sublattice`.
        rows: the table; its longest distance says which orbits need a line.
        prefactor: attempt frequency where a line gives none [1/s].
        energies: site energies by kind, 0 where none is given [J].
        entropies: vibrational site entropies by kind, 0 where none is given [J/K].

    Raises:
        RatesError: lines fit no hop or contradict each other, or barriers are missing (all are
            listed).
    """
    levels, vibrations = dict(energies or {}), dict(entropies or {})
    _check_kinds(sublattice, rows, levels | vibrations)
    used = _used(sublattice, rows)
    sizes = [orbit.starts.size for orbit, _ in used]
    network = JumpNetwork(
        lattice=sublattice.lattice,
        positions=sublattice.positions,
        site_energies=np.array([levels.get(kind, 0.0) for kind in sublattice.kinds]),
        multiplicities=np.ones(len(sublattice.kinds)),
        starts=np.concatenate([orbit.starts for orbit, _ in used]),
        ends=np.concatenate([orbit.ends for orbit, _ in used]),
        translations=np.concatenate([orbit.translations for orbit, _ in used]),
        saddle_energies=np.repeat([_saddle(rows[k], levels) for _, k in used], sizes),
        prefactors=np.repeat([rows[k].prefactor or prefactor for _, k in used], sizes),
        site_names=tuple(f"{kind}.{k}" for k, kind in enumerate(sublattice.kinds)),
        site_entropies=np.array([vibrations.get(kind, 0.0) for kind in sublattice.kinds]),
        source=f"{sublattice.source}, space group {sublattice.space_group}",
    )
    return network, np.repeat([k for _, k in used], sizes)


def _used(sublattice: MobileSublattice, rows: Sequence[BarrierRow]) -> list[tuple[HopOrbit, int]]:
    """Return the orbits that happen, each with the number of its line.

    Raises:
        RatesError: lines fit no hop or contradict each other, or barriers are missing.
    """
    longest = max((row.distance for row in rows), default=0.0) * (1.0 + TOLERANCE)
    orbits = distinct_hops(sublattice, longest)
    _check_rows(orbits or distinct_hops(sublattice, 2.0 * longest)[:3], rows)
    lacking = missing_barriers(orbits, rows)
    if lacking:
        raise RatesError(
            f"structure: {sublattice.source}, space group {sublattice.space_group}: barriers are "
            f"missing for {'; '.join(orbit.label for orbit in lacking)}. Give each its barrier, or "
            "say 'closed: true' of a hop that does not happen"
        )
    used = [
        (orbit, k)
        for orbit in orbits
        for k, row in enumerate(rows)
        if row.fits(orbit) and not row.closed
    ]
    if not used:
        raise RatesError(f"structure: {sublattice.source}: every hop is closed; nothing can move")
    return used


def _check_kinds(
    sublattice: MobileSublattice, rows: Sequence[BarrierRow], levels: Mapping[str, float]
) -> None:
    kinds = list(dict.fromkeys(sublattice.kinds))
    for name in [*levels, *(name for row in rows for name in row.between)]:
        if name not in kinds:
            raise RatesError(
                f"structure: {sublattice.source} has no site '{name}'; its symmetry-distinct sites "
                f"are {', '.join(kinds)}" + nearest(name, kinds)
            )


def _check_rows(orbits: Sequence[HopOrbit], rows: Sequence[BarrierRow]) -> None:
    """Check that each line is about some hop, and each hop has one line at most."""
    for row in rows:
        if not any(row.fits(orbit) for orbit in orbits):
            named = f"{row.between[0]} - {row.between[1]} at {row.distance / angstrom:.3f} angstrom"
            raise RatesError(
                f"structure: no hop fits {named} within {TOLERANCE:.0%}; the shortest are "
                f"{'; '.join(orbit.label for orbit in orbits) or 'none'}"
            )
    for orbit in orbits:
        if sum(row.fits(orbit) for row in rows) > 1:
            raise RatesError(f"structure: the hop {orbit.label} is given by more than one line")


def _saddle(row: BarrierRow, levels: Mapping[str, float]) -> float:
    """Return the saddle energy of a line [J]."""
    if row.saddle is not None or row.barrier is None:
        return row.saddle or 0.0
    first, second = (
        Site(name=name, position=(0, 0, 0), energy=levels.get(name, 0.0)) for name in row.between
    )
    return saddle_from_barriers(first, second, row.barrier, row.reverse_barrier)
