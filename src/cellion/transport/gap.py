"""How far apart the energies of P1 and of Crouzeix-Raviart functions are, found with a few steps.

In the energy norm, the distance between both solutions is the gap between the upper and the lower
bound (`cellion.transport.lower_bound`). Starting from P1, what is left is local wherever the field
is smooth, and a few conjugate-gradient steps over facets find most of it: each step gains a known
part, and what later ones would gain follows from the last ones as from a geometric series. Where
they do not settle, at singular points or high contrast, the two-level iterations of the lower bound
are made.

The diagonal is the preconditioner, so that the steps are the same on any number of ranks.

Source: Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, theorem 6:1 (the error in
the energy norm falls by what each step gains).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import batched, islice, pairwise
from math import isnan, nan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.periodicity import AXES
from cellion.transport.facet_levels import (
    FacetProblem,
    constants_of,
    fixed_rows,
    means_and_jumps,
)
from cellion.transport.facet_solve import (
    add_current,
    fixed_unknowns,
    improving_correctors,
    turned,
)
from cellion.transport.facet_squares import p1_means, sum_of_squares
from cellion.transport.lower_bound import directions_together, facet_problem, with_matrices
from cellion.transport.solution import Solution
from cellion.transport.solve import SMOOTHED_ANISOTROPY, anisotropy
from cellion.transport.system import scale_of

__all__ = ["gap_shares"]

type Array = NDArray[np.float64]

_STEPS = 3
"""Steps whose gains are judged together: as much as a sweep of Gauss-Seidel there and back."""

_FEWEST, _MOST = 4, 8
"""Such gains before they are judged, and before steps alone are given up."""

_UNSURE = 0.15
"""Largest part of a gap that is extrapolated."""

_SLOWEST = 0.75
"""Largest ratio of two gains from which later ones are extrapolated."""

_LARGE = 0.2
"""Gap over upper bound from which on steps alone are not trusted."""


def gap_shares(
    solution: Solution, sigma: Array, watch: Stopwatch | None = None
) -> dict[str, float]:
    """Gap between the bounds over the upper one, per direction that carries current (collective).

    Args:
        solution: Solved transport.
        sigma: Its effective conductivity, the upper bound, shape (d, d) [S/m].
        watch: Records the stages of the lower bound.

    Returns:
        (U - L) / U, between 0 and 1; NaN where it is not found.

    Raises:
        MeshError: The facets of opposite faces do not match.
    """
    problem = solution.problem
    numbered = facet_problem(solution, watch or Stopwatch())
    if problem.boundary == "uniform_flux":
        numbered = replace(numbered, current=sigma)
    names = list(solution.correctors)
    whole = {name: float(sigma[(AXES.index(name),) * 2]) * problem.mesh.volume for name in names}
    shares = dict.fromkeys(names, nan)
    if anisotropy(problem) <= SMOOTHED_ANISOTROPY:
        shares = _found_by_steps(numbered, whole)
    unsettled = [name for name in names if isnan(shares[name])]
    return shares | (_found_by_levels(numbered, unsettled, whole) if unsettled else {})


def _found_by_levels(
    numbered: FacetProblem, names: list[str], whole: Mapping[str, float]
) -> dict[str, float]:
    """Shares of some directions by two-level iterations (collective)."""
    found: dict[str, float] = {}
    with ExitStack() as stack:
        levels = with_matrices(numbered, stack)
        for together in directions_together(numbered.solution):
            wanted = [name for name in together if name in names]
            if wanted:
                with closing(improving_correctors(levels, wanted)) as improving:
                    correctors = next(improving)
                found |= {name: correctors[name].gap / whole[name] for name in wanted}
    return found


def _found_by_steps(numbered: FacetProblem, whole: Mapping[str, float]) -> dict[str, float]:
    """Shares by conjugate gradients; NaN where gains do not settle (collective)."""
    scale, found = scale_of(numbered.solution.problem), {}
    with ExitStack() as stack:
        with numbered.watch.stage("lower bound: assemble"):
            squares, fields = sum_of_squares(numbered)
            stack.callback(squares.destroy)
        turn, straight = means_and_jumps(numbered.facets, squares), squares
        if turn is not None:
            squares = straight.matMult(turn)
            stack.callback(turn.destroy)
            stack.callback(squares.destroy)
        matrix = PETSc.Mat().createNormal(squares)
        stack.callback(matrix.destroy)
        constants = constants_of(numbered, straight, stack)
        for directions in directions_together(numbered.solution):
            fixed = fixed_unknowns(numbered, directions[0])
            inverse = matrix.getDiagonal()
            stack.callback(inverse.destroy)
            inverse.reciprocal()
            if fixed is not None:
                inverse.array[fixed_rows(numbered, fixed)] = 0.0
            for name in directions:
                with numbered.watch.stage("lower bound: solve"):
                    residual = _residual(numbered, straight, fields, name)
                    stack.callback(residual.destroy)
                    if fixed is None:
                        constants.remove(residual)
                    residual = turned(turn, residual, stack)
                    steps = batched(_gains(matrix, inverse, residual), _STEPS)
                    unit = scale.load * scale.length / whole[name]
                    found[name] = _settled(sum(gains) * unit for gains in islice(steps, _MOST))
    return found


def _residual(
    numbered: FacetProblem, squares: PETSc.Mat, fields: Array, direction: str
) -> PETSc.Vec:
    """Load that is left of a direction, starting from P1 (collective)."""
    k = AXES.index(direction)
    residual, flow = squares.createVecs()
    residual.array[:] = p1_means(numbered, direction)
    squares.mult(residual, flow)
    flow.array[:] += fields[:, k]
    squares.multTranspose(flow, residual)
    flow.destroy()
    residual.scale(-1.0)
    if numbered.current is not None:
        add_current(numbered, residual, numbered.current[:, k])
    return residual


def _gains(matrix: PETSc.Mat, inverse: PETSc.Vec, residual: PETSc.Vec) -> Iterator[float]:
    """Gain of each conjugate-gradient step: of the squared distance to the solution (collective).

    Args:
        matrix: Matrix.
        inverse: That of its diagonal, the preconditioner.
        residual: Load that is left, which is changed.
    """
    with ExitStack() as stack:
        found, step, flow = (residual.duplicate() for _ in range(3))
        for vector in (found, step, flow):
            stack.callback(vector.destroy)
        found.pointwiseMult(inverse, residual)
        found.copy(step)
        square = residual.dot(found)
        while square > 0.0:
            matrix.mult(step, flow)
            length = square / step.dot(flow)
            yield length * square
            residual.axpy(-length, flow)
            found.pointwiseMult(inverse, residual)
            last, square = square, residual.dot(found)
            step.aypx(square / last, found)


def _settled(gains: Iterable[float]) -> float:
    """Sum of gains and of those that would follow; NaN where they do not settle."""
    made: list[float] = []
    for gain in gains:
        made.append(gain)
        if len(made) < _FEWEST:
            continue
        known = sum(made)
        ratio = max(after / before for before, after in pairwise(made[-3:]))
        if ratio <= _SLOWEST:
            more = gain * ratio / (1.0 - ratio)
            if more <= _UNSURE * known and known + more <= _LARGE:
                return known + more
    # Gains end early only where nothing is left to gain.
    return nan if len(made) == _MOST else sum(made)
