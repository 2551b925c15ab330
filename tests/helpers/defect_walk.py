"""Kinetic Monte Carlo of one defect: tracer and charge diffusion of any mechanism.

Many copies of a periodic box with one defect each run in step. At every event each copy draws a
jump out of its state with the probability of its rate and moves the atoms that the jump moves; the
time of a state is its mean residence time, exponential times average to it. Every atom is followed,
so vacancies, interstitials that push (interstitialcy), that also hop by themselves (exchange),
pairs and rows are all simulated in the same way, and the answers converge to those of
`cellion.rates.correlation` on the same box.

Source: Bortz, Kalos, Lebowitz 1975, J. Comput. Phys. 17, 10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError
from cellion.rates.kinetic_monte_carlo import Growth
from cellion.rates.mechanisms import Cell, Mechanism, as_cell

__all__ = ["DefectWalk", "walk_defect"]


CHUNK = 256
"""Events for which random numbers are drawn at once."""


@dataclass(frozen=True, kw_only=True)
class DefectWalk:
    """Result of a simulation, with standard errors from the scatter between copies.

    Attributes:
        tracer: tracer sum N_atoms D_tracer of one defect, shape (3, 3) [m^2/s].
        charge: charge diffusivity per defect, shape (3, 3) [m^2/s].
        correlation_factor: trace of the tracer sum over that without memory.
        correlation_error: its standard error.
        haven_ratio: trace of the tracer sum over that of the charge diffusivity.
        haven_error: its standard error.
        events: number of jumps made.
    """

    tracer: FloatArray
    charge: FloatArray
    correlation_factor: float
    correlation_error: float
    haven_ratio: float
    haven_error: float
    events: int


@dataclass(frozen=True, kw_only=True)
class _Jumps:
    """Directed jumps of a mechanism, those out of each state side by side in slots.

    Attributes:
        cumulative: probability of a slot or one before it, shape (states, slots).
        residence: mean time in each state, shape (states,) [s].
        end: state after, shape (states, slots).
        shift: cells by which the defect moves, shape (states, slots, 3).
        sites: site where each atom starts and ends, shape (states, slots, moves, 2).
        cells: their cells, seen from the defect before, shape (states, slots, moves, 2, 3).
        steps: displacement of each atom, zero where there is none, (states, slots, moves, 3) [m].
    """

    cumulative: FloatArray
    residence: FloatArray
    end: IntArray
    shift: IntArray
    sites: IntArray
    cells: IntArray
    steps: FloatArray


def _jumps(mechanism: Mechanism) -> _Jumps:
    """List every jump and its reverse under the state it leaves."""
    weights = [state.weight for state in mechanism.states]
    out: list[list[tuple[float, int, Cell, list[tuple[int, Cell, int, Cell]]]]] = [
        [] for _ in mechanism.states
    ]
    for jump in mechanism.jumps:
        moves = [(*move.start, *move.end) for move in jump.moves]
        out[jump.start].append((jump.rate, jump.end, jump.translation, moves))
        back = as_cell(-np.array(jump.translation))
        reverse = [
            (b, as_cell(np.add(cb, back)), a, as_cell(np.add(ca, back)))
            for a, ca, b, cb in reversed(moves)
        ]
        rate = jump.rate * weights[jump.start] / weights[jump.end]
        out[jump.end].append((rate, jump.start, back, reverse))
    n, slots = len(out), max(len(jumps) for jumps in out)
    most = max(len(jump.moves) for jump in mechanism.jumps)
    rates, end = np.zeros((n, slots)), np.zeros((n, slots), dtype=np.int64)
    shift = np.zeros((n, slots, 3), dtype=np.int64)
    sites = np.full((n, slots, most, 2), -1, dtype=np.int64)
    cells = np.zeros((n, slots, most, 2, 3), dtype=np.int64)
    for state, jumps in enumerate(out):
        for slot, (rate, after, translation, moves) in enumerate(jumps):
            rates[state, slot], end[state, slot] = rate, after
            shift[state, slot] = translation
            for m, (a, ca, b, cb) in enumerate(moves):
                sites[state, slot, m] = a, b
                cells[state, slot, m] = ca, cb
    gap = mechanism.positions[sites[..., 1]] - mechanism.positions[sites[..., 0]]
    steps = (gap + cells[..., 1, :] - cells[..., 0, :]) @ mechanism.lattice
    total = rates.sum(axis=1)
    return _Jumps(
        cumulative=np.cumsum(rates, axis=1) / total[:, None],
        residence=1.0 / total,
        end=end,
        shift=shift,
        sites=sites,
        cells=cells,
        steps=np.where(sites[..., :1] >= 0, steps, 0.0),
    )


class _Box:
    """Copies of a periodic box with one defect each, advanced in place.

    Jumps are numbered state by state. For each of them tables over the cell of the defect say where
    its atoms start and end and where the defect goes.
    """

    def __init__(
        self, mechanism: Mechanism, size: int, copies: int, rng: np.random.Generator
    ) -> None:
        """Put the defect of every copy into the home cell, states by their weight."""
        jumps = _jumps(mechanism)
        self.copies, self.rng = copies, rng
        self._cumulative, self._residence = jumps.cumulative, jumps.residence
        self._slots = jumps.end.shape[1]
        used = np.any(jumps.shift, axis=(0, 1)) | np.any(jumps.cells, axis=(0, 1, 2, 3))
        repeats = np.where(used, size, 1)
        grid = np.meshgrid(*(np.arange(r) for r in repeats), indexing="ij")
        cells = np.stack(grid, -1).reshape(-1, 3)
        strides = np.array([repeats[1] * repeats[2], repeats[2], 1])
        n_sites = len(mechanism.positions)
        self.places = len(cells) * n_sites

        def seen(moved: IntArray) -> IntArray:
            """Return the number of the cell at a shift from every cell, shape (..., cells)."""
            return np.asarray(((cells + moved[..., None, :]) % repeats) @ strides)

        self._next = seen(jumps.shift.reshape(-1, 3))
        self._end = jumps.end.ravel()
        ends = seen(jumps.cells) * n_sites + jumps.sites[..., None]
        most = jumps.sites.shape[2]
        self._ends = ends.reshape(self._end.size, most, 2, len(cells))
        self._real = (jumps.sites[..., 0] >= 0).reshape(-1, most)
        self._steps = jumps.steps.reshape(-1, most, 3)
        self._total = self._steps.sum(axis=1)
        self._squares = np.einsum("jma,jma->j", self._steps, self._steps)
        weights = np.array([state.weight for state in mechanism.states])
        self.state = rng.choice(len(weights), size=copies, p=weights / weights.sum())
        self.cell = np.zeros(copies, dtype=np.int64)
        self._corner = np.arange(copies) * self.places
        self._atom = np.tile(np.arange(self.places), copies)
        self.forget()

    def forget(self) -> None:
        """Count displacements and time afresh."""
        # an atom bears the number of a place; those of places without an atom stay unused
        self.moved = np.zeros((self.copies * self.places, 3))
        self.charge = np.zeros((self.copies, 3))
        self.time = np.zeros(self.copies)
        self.squares = np.zeros(self.copies)
        self.events = 0

    def advance(self, events: int) -> None:
        """Make a number of jumps in every copy."""
        for first in range(0, events, CHUNK):
            draws = self.rng.random((min(CHUNK, events - first), self.copies))
            for draw in draws:
                self._jump(draw)

    def _jump(self, draw: FloatArray) -> None:
        slot = np.sum(draw[:, None] >= self._cumulative[self.state], axis=1)
        jump = self.state * self._slots + np.minimum(slot, self._slots - 1)
        self.time += self._residence[self.state]
        ends = self._ends[jump, :, :, self.cell] + self._corner[:, None, None]
        carried = self._atom[ends[..., 0]]  # all are lifted before any is put down
        for m in range(ends.shape[1]):
            real = self._real[jump, m].nonzero()[0]
            atom = carried[real, m]
            self._atom[ends[real, m, 1]] = atom
            self.moved[self._corner[real] + atom] += self._steps[jump[real], m]
        self.charge += self._total[jump]
        self.squares += self._squares[jump]
        self.cell = self._next[jump, self.cell]
        self.state = self._end[jump]
        self.events += self.copies


def walk_defect(
    mechanism: Mechanism,
    size: int,
    *,
    lag: int,
    rng: np.random.Generator,
    copies: int = 256,
    blocks: int = 16,
    charge_samples: int = 16,
) -> DefectWalk:
    """Simulate one defect in a periodic box.

    Diffusivities come from the growth of squared displacements between one and two lags; charge
    forgets faster than an atom and is sampled more often.

    Args:
        mechanism: what jumps.
        size: cells of the box along each lattice vector that jumps use.
        lag: jumps after which an atom has forgotten its first; about one per place of the box.
        rng: source of randomness; the same state gives the same result.
        copies: independent copies of the box.
        blocks: lags recorded.
        charge_samples: samples of the charge per lag, each a lag of its own.

    Raises:
        RatesError: a number without meaning.
    """
    if size < 3 or lag < charge_samples or charge_samples < 1 or copies < 8 or blocks < 3:
        raise RatesError(
            f"defect walk: size {size}, lag {lag}, {charge_samples} samples per lag, {copies} "
            f"copies, {blocks} blocks found; needed are at least 3, as many as samples, 1, 8 and 3"
        )
    box, part = _Box(mechanism, size, copies, rng), lag // charge_samples
    box.advance(part * charge_samples)
    box.forget()
    tracer = Growth(box.moved.reshape(copies, -1, 3).copy())
    charge = Growth(box.charge[:, None].copy())
    for _ in range(blocks):
        for _ in range(charge_samples):
            box.advance(part)
            charge.add(box.charge[:, None].copy())
        tracer.add(box.moved.reshape(copies, -1, 3).copy())
    interval = float(box.time.mean()) / blocks
    bare = float(box.squares.mean()) / (2.0 * blocks * interval)
    return _evaluate(
        box.places * tracer.samples(interval),
        charge.samples(interval / charge_samples),
        bare,
        box.events,
    )


def _evaluate(tracer: FloatArray, charge: FloatArray, bare: float, events: int) -> DefectWalk:
    traces = np.stack([np.trace(x, axis1=1, axis2=2) for x in (tracer, charge)], axis=1)
    mean, covariance = traces.mean(axis=0), np.cov(traces.T) / len(traces)
    ratio = float(mean[0] / mean[1])
    gradient = np.array([1.0, -ratio]) / mean[1]
    return DefectWalk(
        tracer=tracer.mean(axis=0),
        charge=charge.mean(axis=0),
        correlation_factor=float(mean[0] / bare),
        correlation_error=float(np.sqrt(covariance[0, 0]) / bare),
        haven_ratio=ratio,
        haven_error=float(np.sqrt(gradient @ covariance @ gradient)),
        events=events,
    )
