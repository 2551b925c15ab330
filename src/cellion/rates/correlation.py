"""Correlation factors and Haven ratios of defect mechanisms.

Marked atom and defect together are a reversible chain: a state is that of the defect and the place
of the atom as seen from the defect, on a torus of L cells; the displacement is that of the atom.
The corrector of `cellion.rates.corrector` gives the tracer diffusivity without approximation; it is
extrapolated to an infinite torus by a series in 1/L. The defect alone as chain gives the
diffusivity of charge::

    D_tracer N_atoms = tracer sum,   D_charge = of the summed displacement, per defect
    f   = tracer sum / tracer sum without memory
    H_R = tracer sum / D_charge
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from ruamel.yaml import YAML
from scipy import sparse
from scipy.sparse.linalg import cg

from cellion.arrays import BoolArray, FloatArray, IntArray
from cellion.errors import RatesError, nearest
from cellion.rates.corrector import incidence_matrix, reversible_diffusion
from cellion.rates.mechanisms import Cell, DefectState, Mechanism, Place

__all__ = [
    "CorrelationResult",
    "KnownCorrelation",
    "charge_tensor",
    "correlation",
    "known_correlation",
    "known_correlations",
    "tracer_tensor",
    "uncorrelated_tensor",
]

DEFAULT_SIZES = {1: (40, 60, 90), 2: (20, 28, 40), 3: (10, 14, 20)}
"""Sizes of the torus by the number of directions in which the defect moves."""


@dataclass(frozen=True, kw_only=True)
class CorrelationResult:
    """Correlation factor and Haven ratio of a mechanism in its dilute limit.

    Attributes:
        correlation_factor: f, trace of the tracer tensor over that without memory.
        haven_ratio: H_R = D_tracer/D_charge, both traces.
        uncertainty: of f, from the extrapolation to an infinite crystal.
        tracer: tracer sum tensor, N_atoms D_tracer for one defect, shape (3, 3) [m^2/s].
        charge: charge tensor per defect, shape (3, 3) [m^2/s].
    """

    correlation_factor: float
    haven_ratio: float
    uncertainty: float
    tracer: FloatArray
    charge: FloatArray


@dataclass(frozen=True, kw_only=True)
class KnownCorrelation:
    """A correlation factor of the literature."""

    mechanism: str
    lattice: str
    correlation_factor: float
    uncertainty: float
    haven_ratio: float
    source: str


def _conductances(mechanism: Mechanism) -> FloatArray:
    weights = np.array([state.weight for state in mechanism.states])
    weights = weights / weights.sum()
    return np.array([weights[jump.start] * jump.rate for jump in mechanism.jumps])


def charge_tensor(mechanism: Mechanism) -> FloatArray:
    """Return the diffusion tensor of the charge that one defect moves, shape (3, 3) [m^2/s].

    Units of charge are ions: multiply by (z e)^2 n_defect/kT for the conductivity.
    """
    tensors = reversible_diffusion(
        len(mechanism.states),
        np.array([jump.start for jump in mechanism.jumps]),
        np.array([jump.end for jump in mechanism.jumps]),
        _conductances(mechanism)[None],
        np.array([mechanism.charge_displacement(jump) for jump in mechanism.jumps]),
    )
    return np.asarray(tensors[0])


def uncorrelated_tensor(mechanism: Mechanism) -> FloatArray:
    """Return the tracer sum of uncorrelated moves, shape (3, 3) [m^2/s]."""
    weights = np.repeat(_conductances(mechanism), [len(jump.moves) for jump in mechanism.jumps])
    steps = np.array([mechanism.displacement(m) for jump in mechanism.jumps for m in jump.moves])
    return np.asarray(np.einsum("m,ma,mb->ab", weights, steps, steps))


def _torus(mechanism: Mechanism, size: int) -> IntArray:
    """Return the repeats of the torus: ``size`` along lattice vectors that jumps use, else 1."""
    used = np.any([jump.translation for jump in mechanism.jumps], axis=0)
    for jump in mechanism.jumps:
        used = used | np.any([np.subtract(m.end[1], m.start[1]) for m in jump.moves], axis=0)
    return np.where(used, size, 1)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Numbering of the places of the marked atom on the torus."""

    repeats: IntArray
    n_sites: int

    @property
    def places(self) -> int:
        return int(np.prod(self.repeats)) * self.n_sites

    def number(self, site: IntArray | int, cell: IntArray | Cell) -> IntArray:
        a, b, c = np.moveaxis(np.asarray(cell) % self.repeats, -1, 0)
        flat = (a * self.repeats[1] + b) * self.repeats[2] + c
        return np.asarray(flat * self.n_sites + site)

    def of(self, places: tuple[Place, ...]) -> IntArray:
        return np.array([int(self.number(site, cell)) for site, cell in places], dtype=np.int64)

    def cells(self) -> IntArray:
        grid = np.meshgrid(*(np.arange(r) for r in self.repeats), indexing="ij")
        return np.repeat(np.stack(grid, -1).reshape(-1, 3), self.n_sites, axis=0)


def _occupied(mechanism: Mechanism, state: DefectState, pairs: _Pairs) -> BoolArray:
    """Return which places hold an atom in a state, shape (places,)."""
    occupied = np.tile(mechanism.regular, int(np.prod(pairs.repeats)))
    occupied[pairs.of(state.vacant)] = False
    occupied[pairs.of(state.extra)] = True
    return occupied


def _pair_edges(
    mechanism: Mechanism, pairs: _Pairs
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return the edges of the (defect state, place of the marked atom) chain, dense numbering."""
    occupied = [_occupied(mechanism, state, pairs) for state in mechanism.states]
    cells, sites = pairs.cells(), np.tile(np.arange(pairs.n_sites), int(np.prod(pairs.repeats)))
    start, end, weight, step = [], [], [], []
    for jump, c in zip(mechanism.jumps, _conductances(mechanism), strict=True):
        target = pairs.number(sites, cells - np.array(jump.translation))
        dx = np.zeros((pairs.places, 3))
        origins = pairs.of(tuple(move.start for move in jump.moves))
        for move, origin in zip(jump.moves, origins, strict=True):
            if not occupied[jump.start][origin]:
                raise RatesError(f"{mechanism.name}: a jump moves an atom from an empty place")
            cell = np.subtract(move.end[1], jump.translation)
            target[origin] = pairs.number(move.end[0], cell)
            dx[origin] = mechanism.displacement(move)
        here = np.flatnonzero(occupied[jump.start])
        if not np.all(occupied[jump.end][target[here]]):
            raise RatesError(
                f"{mechanism.name}: a jump leaves an atom where its end state has none"
            )
        start.append(here + jump.start * pairs.places)
        end.append(target[here] + jump.end * pairs.places)
        weight.append(np.full(here.size, c))
        step.append(dx[here])
    edges = np.concatenate(start), np.concatenate(end)
    return *edges, np.concatenate(weight), np.concatenate(step)


def tracer_tensor(mechanism: Mechanism, size: int) -> FloatArray:
    """Return the tracer sum N_atoms D_tracer of one defect on a torus, shape (3, 3) [m^2/s].

    The torus has ``size`` cells along each lattice vector.

    Raises:
        RatesError: the mechanism moves atoms that are not there.
    """
    pairs = _Pairs(repeats=_torus(mechanism, size), n_sites=len(mechanism.positions))
    start, end, weight, step = _pair_edges(mechanism, pairs)
    used, index = np.unique(np.r_[start, end], return_inverse=True)
    n = used.size
    incidence = incidence_matrix(n, index[: start.size], index[start.size :])
    laplacian = (incidence.T @ sparse.diags_array(weight) @ incidence).tocsr()
    diagonal = laplacian.diagonal()
    preconditioner = sparse.diags_array(1.0 / np.where(diagonal > 0.0, diagonal, 1.0))
    load = -(incidence.T @ (weight[:, None] * step))
    scale = np.abs(load).max(initial=0.0)
    relative = step.copy()
    for axis in range(3):
        if scale > 0.0 and np.abs(load[:, axis]).max() > 1e-12 * scale:
            u, info = cg(laplacian, load[:, axis], rtol=1e-11, maxiter=20 * n, M=preconditioner)
            if info != 0:
                raise RatesError(f"{mechanism.name}: the pair chain did not converge ({info})")
            relative[:, axis] += incidence @ u
    return np.asarray(np.einsum("m,ma,mb->ab", weight, relative, relative))


def correlation(
    mechanism: Mechanism, sizes: tuple[int, int, int] | None = None
) -> CorrelationResult:
    """Return correlation factor and Haven ratio in an infinite crystal.

    The tracer sum on tori of three sizes is extrapolated with terms L^-d and L^-(d+2) in d = 2 or 3
    directions, L^-1 and L^-2 in one; the difference to the extrapolation from the two larger sizes
    alone is the uncertainty.

    Args:
        mechanism: mechanism in its dilute limit.
        sizes: three ascending sizes of the torus, in cells. Collinear mechanisms feel whether a
            size is even or odd, so take all even or all odd. None chooses by dimension.

    Raises:
        RatesError: the sizes are not three ascending numbers of at least 4.
    """
    d = int(np.sum(_torus(mechanism, 2) == 2))
    sizes = DEFAULT_SIZES[d] if sizes is None else sizes
    if len(sizes) != 3 or not 4 <= sizes[0] < sizes[1] < sizes[2]:
        raise RatesError(
            f"correlation: sizes {sizes} found; three ascending sizes from 4 are needed"
        )
    L = np.array(sizes, dtype=float)
    tensors = np.array([tracer_tensor(mechanism, size) for size in sizes])
    powers = np.stack([np.ones(3), L**-d, L ** -(d + 2 if d > 1 else 2)], axis=1)
    tracer = np.linalg.solve(powers, tensors.reshape(3, 9))[0].reshape(3, 3)
    coarse = np.linalg.solve(powers[1:, :2], tensors[1:].reshape(2, 9))[0].reshape(3, 3)
    bare, charge = np.trace(uncorrelated_tensor(mechanism)), charge_tensor(mechanism)
    return CorrelationResult(
        correlation_factor=float(np.trace(tracer) / bare),
        haven_ratio=float(np.trace(tracer) / np.trace(charge)),
        uncertainty=float(abs(np.trace(tracer - coarse)) / bare),
        tracer=tracer,
        charge=charge,
    )


@cache
def known_correlations() -> tuple[KnownCorrelation, ...]:
    """Return all correlation factors of the table, each with its source."""
    text = files("cellion.rates").joinpath("correlation_factors.yaml").read_text(encoding="utf-8")
    return tuple(KnownCorrelation(**row) for row in YAML(typ="safe").load(text)["entries"])


def known_correlation(mechanism: str, lattice: str) -> KnownCorrelation:
    """Return the tabulated correlation factor of a mechanism on a lattice.

    Raises:
        RatesError: the pair is not in the table.
    """
    table = {f"{row.mechanism}/{row.lattice}": row for row in known_correlations()}
    key = f"{mechanism}/{lattice}"
    if key not in table:
        raise RatesError(
            f"correlation factor: '{key}' is not tabulated; known are {', '.join(table)}"
            f"{nearest(key, table)}. Compute it with cellion.rates.correlation.correlation"
        )
    return table[key]
