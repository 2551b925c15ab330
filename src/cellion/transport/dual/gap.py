"""How far apart the energies of P1 and of Crouzeix-Raviart functions are, found with a few steps.

In the energy norm, the distance between both solutions is the gap between the upper and the lower
bound (`dual.lower_bound`). Starting from P1, what is left is local wherever the field
is smooth, and a few conjugate-gradient steps find most of it: each gains a known part, and what
later ones would gain follows from the last ones as from a geometric series. The diagonal is their
preconditioner, so that they are the same on any number of ranks. Where they do not settle, at
singular points or high contrast, the two-level iterations of the lower bound are made.

Source: Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, theorem 6:1 (the error in
the energy norm falls by what each step gains).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import batched, islice, pairwise
from math import isnan, nan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.periodicity import AXES
from cellion.transport.dual.facet_levels import Levels
from cellion.transport.dual.facet_solve import equations_of, improving_correctors, system_of
from cellion.transport.dual.lower_bound import assembled_levels, directions_together, with_p1
from cellion.transport.primal.drive import UniformFlux
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import SMOOTHED_ANISOTROPY, anisotropy
from cellion.transport.primal.system import scale_of

__all__ = ["gap_shares"]

type Array = NDArray[np.float64]

_STEPS = 3
"""Steps whose gains are judged together: they gain as much as one with a sweep to and fro."""

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
    """
    watch, problem = watch or Stopwatch(), solution.problem
    shares: dict[str, float] = {}
    with ExitStack() as stack:
        levels = assembled_levels(solution, watch, stack)
        if isinstance(problem.drive, UniformFlux):
            levels = replace(levels, current=sigma)
        for directions in directions_together(solution):
            found = dict.fromkeys(directions, nan)
            if anisotropy(problem) <= SMOOTHED_ANISOTROPY:
                found = _found_by_steps(levels, directions, sigma)
            unsettled = [name for name, share in found.items() if isnan(share)]
            if unsettled:
                levels = levels if levels.coarse is not None else with_p1(levels, stack)
                with closing(improving_correctors(levels, unsettled)) as improving:
                    correctors = next(improving)
                for name, corrector in correctors.items():
                    k = AXES.index(name)
                    found[name] = corrector.gap / (float(sigma[k, k]) * problem.mesh.volume)
            shares |= found
    return shares


def _found_by_steps(levels: Levels, directions: list[str], sigma: Array) -> dict[str, float]:
    """Shares of directions with the same fixed unknowns; NaN where gains do not settle."""
    problem, found = levels.solution.problem, {}
    scale = scale_of(problem)
    with ExitStack() as stack:
        equations = equations_of(levels, directions[0], stack)
        inverse = equations.matrix.getDiagonal()
        stack.callback(inverse.destroy)
        inverse.reciprocal()
        for name in directions:
            k = AXES.index(name)
            whole = float(sigma[k, k]) * problem.mesh.volume / (scale.load * scale.length)
            system = system_of(levels, equations, name, stack)
            with levels.watch.stage("lower bound: solve"):
                gains = _gains(equations.matrix, inverse, system.load, system.means)
                together = (sum(some) / whole for some in batched(gains, _STEPS))
                found[name] = _settled(islice(together, _MOST))
    return found


def _gains(
    matrix: PETSc.Mat, inverse: PETSc.Vec, load: PETSc.Vec, iterate: PETSc.Vec
) -> Iterator[float]:
    """What each conjugate-gradient step gains of the squared distance to the solution.

    Args:
        matrix: Matrix.
        inverse: That of its diagonal.
        load: Load.
        iterate: Where the steps start.
    """
    with ExitStack() as stack:
        residual, found, step, flow = (load.duplicate() for _ in range(4))
        for vector in (residual, found, step, flow):
            stack.callback(vector.destroy)
        matrix.mult(iterate, residual)
        residual.aypx(-1.0, load)
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
