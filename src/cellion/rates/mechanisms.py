"""Defect mechanisms: states of a defect in a crystal, and the jumps that move atoms with it.

A defect state says which regular sites are vacant and which atoms are extra; a jump says which
atoms move where. Charge displacements follow from these, and correlation factors and Haven ratios
through `cellion.rates.correlation`:

===============  =========================  ====================================================
mechanism        carrier                    one jump moves
===============  =========================  ====================================================
interstitial     interstitial ion           the interstitial itself
vacancy          vacancy (charge -z)        one ion into the vacancy
divacancy        bound pair of vacancies    one ion into either, the pair stays bound
concerted        vacancy (charge -z)        a row of n ions, each by one spacing
interstitialcy   interstitial ion           interstitial onto a site, the ion there off it
exchange         interstitial ion           either: by itself, or as an interstitialcy
===============  =========================  ====================================================

The last two are built by `cellion.rates.interstitialcy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cellion.arrays import BoolArray, FloatArray, IntArray
from cellion.errors import RatesError
from cellion.rates.corrector import component_labels
from cellion.rates.jump_network import JumpNetwork, hop_rates, log_populations, populations

__all__ = [
    "HOME",
    "AtomMove",
    "Cell",
    "DefectJump",
    "DefectState",
    "Mechanism",
    "as_cell",
    "concerted",
    "directed_hops",
    "divacancy",
    "interstitial",
    "vacancy",
]

Cell = tuple[int, int, int]
Place = tuple[int, Cell]
"""A site index and the cell it is in."""

HOME: Cell = (0, 0, 0)


class AtomMove(NamedTuple):
    """One atom moves from one place to another."""

    start: Place
    end: Place


@dataclass(frozen=True, kw_only=True)
class DefectState:
    """A configuration of the defect, anchored to the home cell.

    Attributes:
        vacant: regular sites without their atom.
        extra: interstitial sites that hold an atom.
        weight: relative probability of the state.
    """

    vacant: tuple[Place, ...] = ()
    extra: tuple[Place, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DefectJump:
    """A jump between two states, given once; the reverse follows from detailed balance.

    Attributes:
        start: index of the state before.
        end: index of the state after.
        translation: cell of the state after.
        moves: the atoms that move.
        rate: of the forward jump [1/s].
    """

    start: int
    end: int
    translation: Cell
    moves: tuple[AtomMove, ...]
    rate: float


@dataclass(frozen=True, kw_only=True)
class Mechanism:
    """A defect mechanism on a crystal.

    Attributes:
        name: what it is.
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates of regular and interstitial sites, shape (n, 3).
        regular: true where the perfect crystal has an atom, shape (n,).
        states: the defect states.
        jumps: the jumps between them.
    """

    name: str
    lattice: FloatArray
    positions: FloatArray
    regular: BoolArray
    states: tuple[DefectState, ...]
    jumps: tuple[DefectJump, ...]

    def displacement(self, move: AtomMove) -> FloatArray:
        """Return the displacement of one atom, shape (3,) [m]."""
        gap = self.positions[move.end[0]] - self.positions[move.start[0]]
        return np.asarray((gap + np.subtract(move.end[1], move.start[1])) @ self.lattice)

    def charge_displacement(self, jump: DefectJump) -> FloatArray:
        """Return the sum of the displacements of all atoms that one jump moves, shape (3,) [m]."""
        return np.asarray(np.sum([self.displacement(move) for move in jump.moves], axis=0))


def as_cell(cell: IntArray) -> Cell:
    """Return a lattice translation as a tuple."""
    a, b, c = cell.tolist()
    return int(a), int(b), int(c)


def vacancy(network: JumpNetwork, temperature: float) -> Mechanism:
    """Return the vacancy mechanism in a crystal whose sites are all full but one.

    The network describes single ions; the vacancy prefers the sites where an ion costs most, and a
    vacancy that goes from i to j takes the ion of j back to i.
    """
    _, backward = hop_rates(network, temperature)
    logs = -log_populations(network, temperature)[0]
    weights = np.exp(logs - logs.max()).tolist()
    jumps = [
        DefectJump(
            start=i, end=j, translation=cell, moves=(AtomMove((j, cell), (i, HOME)),), rate=w
        )
        for i, j, cell, w in directed_hops(network, backward[0])
    ]
    states = [DefectState(vacant=((k, HOME),), weight=w) for k, w in enumerate(weights)]
    return _on_network("vacancy", network, states, jumps, full=True)


def interstitial(network: JumpNetwork, temperature: float) -> Mechanism:
    """Return the direct interstitial mechanism: few ions on a network of empty sites."""
    forward, _ = hop_rates(network, temperature)
    jumps = [
        DefectJump(
            start=i, end=j, translation=cell, moves=(AtomMove((i, HOME), (j, cell)),), rate=w
        )
        for i, j, cell, w in directed_hops(network, forward[0])
    ]
    weights = populations(network, temperature)[0].tolist()
    states = [DefectState(extra=((k, HOME),), weight=w) for k, w in enumerate(weights)]
    return _on_network("interstitial", network, states, jumps, full=False)


def directed_hops(
    network: JumpNetwork, rates: FloatArray
) -> Iterator[tuple[int, int, Cell, float]]:
    """Yield start, end, translation and rate of each hop of a network."""
    cells = map(as_cell, network.translations)
    yield from zip(
        network.starts.tolist(), network.ends.tolist(), cells, rates.tolist(), strict=True
    )


def _on_network(
    name: str,
    network: JumpNetwork,
    states: Iterable[DefectState],
    jumps: Iterable[DefectJump],
    *,
    full: bool,
) -> Mechanism:
    """Return a mechanism on the sites of a network, which are all full or all empty."""
    return Mechanism(
        name=name,
        lattice=network.lattice,
        positions=network.positions,
        regular=np.full(network.n_sites, full),
        states=tuple(states),
        jumps=tuple(jumps),
    )


def concerted(network: JumpNetwork, temperature: float, length: int) -> Mechanism:
    """Return concerted vacancy migration: rows of ``length`` ions move together by one spacing.

    Args:
        network: one site per cell (a Bravais lattice).
        temperature: [K].
        length: ions in the row; 1 is the vacancy mechanism.

    Raises:
        RatesError: more than one site per cell, or a row without ions.
    """
    if network.n_sites != 1 or length < 1:
        raise RatesError(
            f"concerted migration: {network.n_sites} sites per cell and rows of {length} ions "
            "found; rows are known on lattices of 1 site per cell (such as sc, bcc, fcc), of at "
            "least 1 ion: what is missing are the ways of a row through several sites"
        )
    forward, _ = hop_rates(network, temperature)
    jumps = []
    for step, rate in zip(network.translations, forward[0].tolist(), strict=True):
        row = [(0, as_cell(step * place)) for place in range(length + 1)]
        moves = tuple(AtomMove(row[p + 1], row[p]) for p in range(length))
        jumps.append(DefectJump(start=0, end=0, translation=row[-1][1], moves=moves, rate=rate))
    states = [DefectState(vacant=((0, HOME),))]
    return _on_network(f"concerted, rows of {length}", network, states, jumps, full=True)


def divacancy(network: JumpNetwork, temperature: float) -> Mechanism:
    """Return the divacancy mechanism: two neighbouring vacancies that never part.

    An ion next to both vacancies may jump into either.

    Args:
        network: one site per cell (a Bravais lattice); its hops are the neighbours.
        temperature: [K].

    Raises:
        RatesError: more than one site per cell, or a lattice without triangles of neighbours.
    """
    if network.n_sites != 1:
        raise RatesError(
            f"divacancy: {network.n_sites} sites per cell found; exactly 1 is supported"
        )
    forward, _ = hop_rates(network, temperature)
    bonds = [as_cell(t) for t in network.translations]
    rate = {
        as_cell(s * t): float(forward[0, k])
        for k, t in enumerate(network.translations)
        for s in (1, -1)
    }
    jumps = []
    for first, bond in enumerate(bonds):
        # vacancies at 0 and at the bond; the ion at `third`, next to both, fills one of them
        for third in rate:
            other = as_cell(np.subtract(third, bond))
            if other in rate:
                jumps += _divacancy_jumps(first, bond, third, bonds, rate)
    if not jumps:
        raise RatesError(
            "divacancy: no ion is next to both vacancies on this lattice, so the pair cannot move "
            "without parting; it can on close-packed lattices (fcc, hcp, triangular)"
        )
    count, labels = component_labels(
        len(bonds), np.array([jump.start for jump in jumps]), np.array([jump.end for jump in jumps])
    )
    if count > 1:
        apart = ", ".join(str(bonds[int(np.argmax(labels == k))]) for k in range(count))
        raise RatesError(
            f"divacancy: pairs along the hops {apart} never turn into each other, because no ion "
            "is next to both vacancies of one and of the other. What is missing are the jumps "
            "between them: leave out the hops of pairs that do not move, or give hops that close "
            "triangles"
        )
    states = [DefectState(vacant=((0, HOME), (0, bond))) for bond in bonds]
    return _on_network("divacancy", network, states, jumps, full=True)


def _divacancy_jumps(
    first: int, bond: Cell, third: Cell, bonds: list[Cell], rate: dict[Cell, float]
) -> list[DefectJump]:
    """Return the jumps of the ion at ``third`` into either vacancy; each at half rate.

    Every jump is met from both of its ends, and its reverse is implied: hence the half.
    """
    found = []
    for filled, left in ((HOME, bond), (bond, HOME)):
        step = as_cell(np.subtract(third, left))
        anchor, state = (left, step) if step in bonds else (third, as_cell(np.negative(step)))
        found.append(
            DefectJump(
                start=first,
                end=bonds.index(state),
                translation=anchor,
                moves=(AtomMove((0, third), (0, filled)),),
                rate=0.5 * rate[as_cell(np.subtract(filled, third))],
            )
        )
    return found
