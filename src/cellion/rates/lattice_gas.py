"""Lattice gas in many copies of a periodic box, advanced by uniformised Monte Carlo.

The copies are independent samples, advanced together by array operations. At every attempt each
copy picks one walker and one hop slot and accepts with w/w_max (uniformisation): an attempt stands
for 1/(walkers slots w_max) seconds. The walkers are the ions or, where fewer, the vacancies. With a
nearest-neighbour interaction J a hop out of a place with m occupied neighbours is exp(m J/kT) times
faster (the saddle point does not feel J): detailed balance for the energy J per pair of neighbours.

Source: Jensen 1953 (uniformisation); Bortz, Kalos, Lebowitz 1975, J. Comput. Phys. 17, 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann
from scipy.special import gammaln

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError
from cellion.rates.corrector import ranks_within
from cellion.rates.jump_network import JumpNetwork, hop_rates, log_populations
from cellion.rates.transition_state import positive_temperatures

__all__ = ["LatticeGas", "MonteCarloBox", "prepare", "supercell"]

LONGEST = 1000.0
"""Factor by which attempts that are turned down may lengthen a simulation."""

CHUNK = 256
"""Attempts for which random numbers are drawn, and hops booked, at once."""


@dataclass(frozen=True, kw_only=True)
class MonteCarloBox:
    """A periodic box of places with its hops, ready to run.

    Attributes:
        lattice: vectors of the box as rows, shape (3, 3) [m].
        positions: of the places, fractional in the box, shape (places, 3).
        neighbours: place reached by each hop slot, own place where a slot is empty, (places,
            slots).
        crossings: boxes crossed by each hop, shape (places, slots, 3).
        acceptance: w/w_max of the hop out of the place, shape (places, slots).
        arrival: w/w_max of the reverse hop, from the neighbour into the place, (places, slots).
        fastest: w_max [1/s].
        weights: Boltzmann weight of a single ion at each place, shape (places,).
        temperature: [K].
        source: of the network.
    """

    lattice: FloatArray
    positions: FloatArray
    neighbours: IntArray
    crossings: IntArray
    acceptance: FloatArray
    arrival: FloatArray
    fastest: float
    weights: FloatArray
    temperature: float
    source: str

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.neighbours)

    @property
    def steps(self) -> FloatArray:
        """Displacement of each hop, shape (places, slots, 3) [m]."""
        gap = self.positions[self.neighbours] - self.positions[:, None] + self.crossings
        return np.asarray(gap @ self.lattice)


def prepare(
    network: JumpNetwork, temperature: float, repeats: tuple[int, int, int]
) -> MonteCarloBox:
    """Return a periodic box of cells of a network, repeated along each lattice vector.

    Raises:
        RatesError: lumped sites, or a box so small that an ion is its own neighbour.
    """
    T = float(positive_temperatures(temperature)[0])
    if np.any(network.multiplicities != 1.0):
        raise RatesError(
            "kinetic Monte Carlo: a site of multiplicity above 1 stands for several places, which "
            "cannot block each other; give every place as a site of its own"
        )
    box = supercell(network, repeats)
    if np.any(box.starts == box.ends):
        raise RatesError(
            f"kinetic Monte Carlo: in a box of {repeats} cells an ion is its own neighbour; repeat "
            "the cell at least twice along every direction of the hops"
        )
    forward, backward = (rates[0] for rates in hop_rates(box, T))
    fastest = float(max(forward.max(), backward.max()))
    start = np.r_[box.starts, box.ends]
    slot = ranks_within(start)
    shape = (box.n_sites, int(slot.max()) + 1)
    neighbours = np.repeat(np.arange(box.n_sites)[:, None], shape[1], axis=1)
    crossings = np.zeros((*shape, 3), dtype=np.int64)
    acceptance, arrival = np.zeros(shape), np.zeros(shape)
    neighbours[start, slot] = np.r_[box.ends, box.starts]
    crossings[start, slot] = np.concatenate([box.translations, -box.translations])
    acceptance[start, slot] = np.r_[forward, backward] / fastest
    arrival[start, slot] = np.r_[backward, forward] / fastest
    logs = log_populations(box, T)[0]
    return MonteCarloBox(
        lattice=box.lattice,
        positions=box.positions,
        neighbours=neighbours,
        crossings=crossings,
        acceptance=acceptance,
        arrival=arrival,
        fastest=fastest,
        weights=np.exp(logs - logs.max()),
        temperature=T,
        source=network.source,
    )


def supercell(network: JumpNetwork, repeats: tuple[int, int, int]) -> JumpNetwork:
    """Return the same crystal described by a cell repeated along each lattice vector."""
    counts = np.asarray(repeats, dtype=np.int64)
    if np.any(counts < 1):
        raise RatesError(f"supercell: repeats {repeats} found; each must be 1 or more")
    cells = np.stack(np.meshgrid(*(np.arange(c) for c in counts), indexing="ij"), -1).reshape(-1, 3)
    n, total = network.n_sites, len(cells)
    target = cells[:, None, :] + network.translations[None, :, :]
    wrapped, carry = target % counts, target // counts
    number = (wrapped[..., 0] * counts[1] + wrapped[..., 1]) * counts[2] + wrapped[..., 2]
    return replace(
        network,
        lattice=network.lattice * counts[:, None],
        positions=((cells[:, None, :] + network.positions) / counts).reshape(-1, 3),
        site_energies=np.tile(network.site_energies, total),
        multiplicities=np.tile(network.multiplicities, total),
        site_entropies=None
        if network.site_entropies is None
        else np.tile(network.site_entropies, total),
        starts=(np.arange(total)[:, None] * n + network.starts).ravel(),
        ends=(number * n + network.ends).ravel(),
        translations=carry.reshape(-1, 3),
        saddle_energies=np.tile(network.saddle_energies, total),
        prefactors=np.tile(network.prefactors, total),
        site_names=tuple(
            f"{name}@{a}{b}{c}" for a, b, c in cells.tolist() for name in network.site_names
        ),
    )


class LatticeGas:
    """All copies of a box, advanced in place.

    Ions carry global numbers (copy times ions plus ion). The unwrapped position of an ion is that
    of its place plus the boxes it has crossed.
    """

    def __init__(
        self,
        box: MonteCarloBox,
        *,
        ions: int,
        copies: int,
        interaction: float,
        rng: np.random.Generator,
    ) -> None:
        """Fill every copy as in equilibrium without interaction."""
        self.box, self.ions, self.copies, self.rng = box, ions, copies, rng
        self.by_vacancy = 2 * ions > box.places
        self.coupling = interaction / (Boltzmann * box.temperature)
        ranked = _filled(box.weights, ions, copies, rng)
        self._corner = np.arange(copies) * box.places
        occupant = np.full((copies, box.places), -1, dtype=np.int32)
        numbers = np.arange(copies * ions, dtype=np.int32).reshape(copies, ions)
        np.put_along_axis(occupant, ranked[:, :ions], numbers, axis=1)
        self._occupant = occupant.ravel()
        walkers = ranked[:, ions:] if self.by_vacancy else ranked[:, :ions]
        self.walkers_per_copy = walkers.shape[1]
        self._walkers = np.ascontiguousarray(walkers, dtype=np.intp).ravel()
        self._first_walker = np.arange(copies) * self.walkers_per_copy
        self._neighbours = box.neighbours.astype(np.intp).ravel()
        table = box.arrival if self.by_vacancy else box.acceptance
        self._rates = table.ravel()
        self._always = bool(np.all(table == 1.0)) and self.coupling == 0.0
        self._around = box.neighbours.astype(np.intp)
        self._present = box.acceptance > 0.0
        self._all_present = bool(self._present.all())
        self._steps = box.steps.reshape(-1, 3)
        self._crossings = box.crossings.reshape(-1, 3)
        self._crosses = np.any(self._crossings, axis=1)
        degree = int(self._present.sum(axis=1).max())
        self.boost = float(np.exp(max(self.coupling, 0.0) * (degree - 1)))
        self._factors = np.exp(self.coupling * np.arange(degree + 1)) / self.boost
        self.forget()

    @property
    def time_per_attempt(self) -> float:
        """Seconds that one attempt stands for."""
        slots = self.box.neighbours.shape[1]
        return float(1.0 / (self.walkers_per_copy * slots * self.box.fastest * self.boost))

    @property
    def patience(self) -> float:
        """Attempts for one hop, over those on sites of one energy with hops of one rate.

        Energies and barriers turn attempts down; it is measured on the filling at hand, and at
        most `LONGEST`.
        """
        if self._always:
            return 1.0
        held = self._occupant.reshape(self.copies, -1) >= 0
        from_here, to_there = (~held, held) if self.by_vacancy else (held, ~held)
        slots = self.box.neighbours.shape[1]
        made = 0.0
        for there, rate in zip(
            self.box.neighbours.T, self._rates.reshape(-1, slots).T, strict=True
        ):
            made += float(np.sum((from_here & to_there[:, there]) * rate))
        share = made / (self.copies * self.walkers_per_copy * slots)
        equal = (self.box.places - self.walkers_per_copy) / (self.box.places - 1)
        return float(np.clip(equal / share, 1.0, LONGEST)) if share > 0.0 else 1.0

    def forget(self) -> None:
        """Start counting hops and boxes crossed afresh."""
        self.wound = np.zeros((self.copies * self.ions, 3), dtype=np.int32)
        self.charge = np.zeros((self.copies, 3))
        self.events = 0
        self.squares = 0.0

    def positions(self) -> FloatArray:
        """Return the unwrapped positions of all ions, shape (copies, ions, 3) [m]."""
        at = np.flatnonzero(self._occupant >= 0)
        place = np.empty(self.copies * self.ions, dtype=np.int64)
        place[self._occupant[at]] = at % self.box.places
        unwrapped = (self.box.positions[place] + self.wound) @ self.box.lattice
        return np.asarray(unwrapped.reshape(self.copies, self.ions, 3))

    def advance(self, attempts: int) -> None:
        """Make a number of attempts in every copy."""
        slots = self.box.neighbours.shape[1]
        for first in range(0, attempts, CHUNK):
            many = min(CHUNK, attempts - first)
            draws = self.rng.random((2, many, self.copies))
            walker = (draws[0] * self.walkers_per_copy).astype(np.intp) + self._first_walker
            draws[1] *= slots
            slot = draws[1].astype(np.intp)
            chance = draws[1] - slot
            made = [self._attempt(walker[k], slot[k], chance[k]) for k in range(many)]
            self._book(
                np.concatenate([ion for ion, _ in made]), np.concatenate([hop for _, hop in made])
            )

    def _attempt(
        self, walker: IntArray, slot: IntArray, chance: FloatArray
    ) -> tuple[NDArray[np.int32], IntArray]:
        """Try one hop in every copy; return the ions that moved and the hops of the walkers."""
        here = self._walkers.take(walker)
        hop = here * self.box.neighbours.shape[1]
        hop += slot
        there = self._neighbours.take(hop)
        target = there + self._corner
        wanted = self._occupant.take(target)
        allowed = wanted >= 0 if self.by_vacancy else wanted < 0
        if not self._always:
            allowed &= chance < self._rates.take(hop)
        done = allowed.nonzero()[0]
        if self.coupling != 0.0:  # neighbours are counted only where a hop is still possible
            place, corner = there if self.by_vacancy else here, self._corner.take(done)
            rate = self._rates.take(hop.take(done))
            rate *= self._influence(place.take(done), corner)
            done = done[chance.take(done) < rate]
        origin, target = (here + self._corner).take(done), target.take(done)
        self._walkers[walker.take(done)] = there.take(done)
        if self.by_vacancy:
            ion = wanted.take(done)
            self._occupant[origin] = ion
            self._occupant[target] = -1
        else:
            ion = self._occupant.take(origin)
            self._occupant[target] = ion
            self._occupant[origin] = -1
        return ion, hop.take(done)

    def _influence(self, place: IntArray, corner: IntArray) -> FloatArray:
        """Return exp(m J/kT)/boost with m occupied neighbours of places, shape (n,)."""
        around = self._around.take(place, axis=0)
        around += corner[:, None]
        held = self._occupant.take(around) >= 0
        if not self._all_present:
            held &= self._present.take(place, axis=0)
        return np.asarray(self._factors.take(held.sum(axis=1)))

    def _book(self, ion: NDArray[np.int32], hop: IntArray) -> None:
        """Count hops; a vacancy that goes one way moves an ion the other way."""
        sign = -1 if self.by_vacancy else 1
        step = self._steps[hop]
        self.events += ion.size
        self.squares += float(np.einsum("ha,ha->", step, step))
        copy = ion // self.ions
        for axis in range(3):
            self.charge[:, axis] += sign * np.bincount(copy, step[:, axis], self.copies)
        across = self._crosses[hop]
        np.add.at(self.wound, ion[across], (sign * self._crossings[hop[across]]).astype(np.int32))


def _filled(
    weights: FloatArray, ions: int, copies: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the places in an order that begins with those of ions, shape (copies, places).

    Places of one weight are alike: first the number of ions on each kind is drawn, with
    probability C(N, k) w^k for a kind of N places and what the others make of the rest.
    """
    levels, kind = np.unique(weights, return_inverse=True)
    sizes = np.bincount(kind).tolist()
    alone = [_ways(size, level) for size, level in zip(sizes, levels.tolist(), strict=True)]
    beyond = [np.where(np.arange(ions + 1) == 0, 0.0, -np.inf)]  # by number of ions left
    for logs in alone[:0:-1]:
        both = np.full(ions + 1, -np.inf)
        for k, log in enumerate(logs[: ions + 1].tolist()):
            both[k:] = np.logaddexp(both[k:], log + beyond[0][: ions + 1 - k])
        beyond.insert(0, both)
    left = np.full(copies, ions)
    free = np.ones((copies, weights.size), dtype=bool)
    for number, logs in enumerate(alone):
        rest = left[:, None] - np.arange(logs.size)
        odds = logs + np.where(rest >= 0, beyond[number][np.maximum(rest, 0)], -np.inf)
        drawn = np.argmax(odds + rng.gumbel(size=odds.shape), axis=1)
        keys = rng.random((copies, logs.size - 1))
        limits = np.column_stack([np.sort(keys, axis=1), np.ones(copies)])
        free[:, kind == number] = keys >= np.take_along_axis(limits, drawn[:, None], axis=1)
        left = left - drawn
    return np.argsort(free, axis=1, kind="stable")


def _ways(size: int, weight: float) -> FloatArray:
    """Return ln(C(N, k) w^k) of k ions on N places of one weight, shape (N + 1,)."""
    k = np.arange(size + 1.0)
    many = gammaln(size + 1.0) - gammaln(k + 1.0) - gammaln(size - k + 1.0)
    return np.asarray(many + k * np.log(max(weight, 1e-300)))
