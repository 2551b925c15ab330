"""How ions move: a defect that wanders through a crystal and carries atoms along.

Every mechanism is a set of defect states (which regular sites are vacant, which atoms are extra)
and jumps between them (which atoms move where). From that alone follow what carries charge, the
jump vectors, the charge displacement and, through `cellion.rates.correlation`, correlation factor
and Haven ratio:

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

The last two are in `cellion.rates.pushing`. Where ions rest on regular sites for long,
`exchange_diffusivity` gives the limit of fast exchange.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    "concerted",
    "divacancy",
    "exchange_diffusivity",
    "interstitial",
    "shifted",
    "vacancy",
]

FloatArray = NDArray[np.float64]
Cell = tuple[int, int, int]
Place = tuple[int, Cell]
"""A site index and the cell it is in."""

HOME: Cell = (0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class AtomMove:
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
        carrier_charge: charge of the defect in units of the charge of the ion (+1 or -1 per
            defect).
    """

    name: str
    lattice: FloatArray
    positions: FloatArray
    regular: NDArray[np.bool_]
    states: tuple[DefectState, ...]
    jumps: tuple[DefectJump, ...]
    carrier_charge: int

    def displacement(self, move: AtomMove) -> FloatArray:
        """Return the displacement of one atom, shape (3,) [m]."""
        gap = self.positions[move.end[0]] - self.positions[move.start[0]]
        return np.asarray((gap + np.subtract(move.end[1], move.start[1])) @ self.lattice)

    def charge_displacement(self, jump: DefectJump) -> FloatArray:
        """Return the sum of the displacements of all atoms that one jump moves, shape (3,) [m]."""
        return np.asarray(np.sum([self.displacement(move) for move in jump.moves], axis=0))


def shifted(cell: NDArray[np.int64]) -> Cell:
    """Return a lattice translation as three plain numbers."""
    a, b, c = cell.tolist()
    return int(a), int(b), int(c)


def vacancy(network: JumpNetwork, temperature: float) -> Mechanism:
    """Return the vacancy mechanism in a crystal whose sites are all full but one.

    The network describes single ions; the vacancy prefers the sites where an ion costs most.
    """
    _, backward = hop_rates(network, temperature)
    logs = -log_populations(network, temperature)[0]
    weights = np.exp(logs - logs.max())
    jumps = []
    for k, (i, j) in enumerate(zip(network.starts.tolist(), network.ends.tolist(), strict=True)):
        cell = shifted(network.translations[k])
        # the vacancy goes i -> j: the ion of j comes back to i
        back = AtomMove(start=(j, cell), end=(i, HOME))
        rate = float(backward[0, k])
        jumps.append(DefectJump(start=i, end=j, translation=cell, moves=(back,), rate=rate))
    return Mechanism(
        name="vacancy",
        lattice=network.lattice,
        positions=network.positions,
        regular=np.ones(network.n_sites, dtype=bool),
        states=tuple(
            DefectState(vacant=((k, HOME),), weight=float(w)) for k, w in enumerate(weights)
        ),
        jumps=tuple(jumps),
        carrier_charge=-1,
    )


def interstitial(network: JumpNetwork, temperature: float) -> Mechanism:
    """Return the direct interstitial mechanism: few ions on a network of empty sites."""
    forward, _ = hop_rates(network, temperature)
    jumps = []
    for k, (i, j) in enumerate(zip(network.starts.tolist(), network.ends.tolist(), strict=True)):
        cell = shifted(network.translations[k])
        move = AtomMove(start=(i, HOME), end=(j, cell))
        rate = float(forward[0, k])
        jumps.append(DefectJump(start=i, end=j, translation=cell, moves=(move,), rate=rate))
    weights = populations(network, temperature)[0]
    return Mechanism(
        name="interstitial",
        lattice=network.lattice,
        positions=network.positions,
        regular=np.zeros(network.n_sites, dtype=bool),
        states=tuple(
            DefectState(extra=((k, HOME),), weight=float(w)) for k, w in enumerate(weights)
        ),
        jumps=tuple(jumps),
        carrier_charge=1,
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
    for k, step in enumerate(network.translations):
        row = [shifted(step * place) for place in range(length + 1)]
        moves = tuple(AtomMove(start=(0, row[p + 1]), end=(0, row[p])) for p in range(length))
        jumps.append(
            DefectJump(start=0, end=0, translation=row[-1], moves=moves, rate=float(forward[0, k]))
        )
    return Mechanism(
        name=f"concerted, rows of {length}",
        lattice=network.lattice,
        positions=network.positions,
        regular=np.ones(1, dtype=bool),
        states=(DefectState(vacant=((0, HOME),)),),
        jumps=tuple(jumps),
        carrier_charge=-1,
    )


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
    bonds = [shifted(t) for t in network.translations]
    rate = {
        shifted(s * t): float(forward[0, k])
        for k, t in enumerate(network.translations)
        for s in (1, -1)
    }
    jumps = []
    for first, bond in enumerate(bonds):
        # vacancies at 0 and at the bond; the ion at `third`, next to both, fills one of them
        for third in rate:
            other = shifted(np.subtract(third, bond))
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
    return Mechanism(
        name="divacancy",
        lattice=network.lattice,
        positions=network.positions,
        regular=np.ones(1, dtype=bool),
        states=tuple(DefectState(vacant=((0, HOME), (0, bond))) for bond in bonds),
        jumps=tuple(jumps),
        carrier_charge=-2,
    )


def _divacancy_jumps(
    first: int, bond: Cell, third: Cell, bonds: list[Cell], rate: dict[Cell, float]
) -> list[DefectJump]:
    """Return the jumps of the ion at ``third`` into either vacancy; each at half rate.

    Every jump is met from both of its ends, and its reverse is implied: hence the half.
    """
    found = []
    for filled, left in ((HOME, bond), (bond, HOME)):
        step = shifted(np.subtract(third, left))
        anchor, state = (left, step) if step in bonds else (third, shifted(np.negative(step)))
        move = AtomMove(start=(0, third), end=(0, filled))
        speed = 0.5 * rate[shifted(np.subtract(filled, third))]
        found.append(
            DefectJump(
                start=first,
                end=bonds.index(state),
                translation=anchor,
                moves=(move,),
                rate=speed,
            )
        )
    return found


def exchange_diffusivity(interstitial_diffusivity: float, interstitial_share: float) -> float:
    """Return the diffusivity of an ion that moves as interstitial and rests on regular sites.

        D = x_i D_i,   x_i = c_i/(c_i + c_s)

    Holds for the dissociative (vacancy) and the kick-out (self-interstitial) exchange alike, once
    the exchange is faster than the diffusion looked at; regular-site motion is neglected.

    Args:
        interstitial_diffusivity: D_i [m^2/s].
        interstitial_share: x_i in [0, 1].

    Raises:
        RatesError: the share is not inside [0, 1].

    Source: Frank and Turnbull 1956, Phys. Rev. 104, 617; Goesele, Frank, Seeger 1980, Appl. Phys.
    23,
        361.
    """
    if not 0.0 <= interstitial_share <= 1.0:
        raise RatesError(f"exchange: interstitial share {interstitial_share:g}; must be in [0, 1]")
    return interstitial_share * interstitial_diffusivity
