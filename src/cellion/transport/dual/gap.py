"""How far apart the energies of P1 and of Crouzeix-Raviart functions are, found with a few sweeps.

In the energy norm, the distance between both solutions is the gap between the upper and the lower
bound (`dual.lower_bound`). Starting from P1, what is left is local wherever the field
is smooth, and a few conjugate-gradient steps with sweeps over facets find most of it: each step
gains a known part, and what later ones would gain follows from the last ones as from a geometric
series. Where they do not settle, at singular points or high contrast, the two-level iterations of
the lower bound are made.

Source: Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49 (1952) 409, theorem 6:1 (the error in
the energy norm falls by what each step gains).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice, pairwise
from math import isnan, nan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.periodicity import AXES
from cellion.transport.dual.facet_levels import Levels, swept
from cellion.transport.dual.facet_solve import equations_of, improving_correctors, system_of
from cellion.transport.dual.lower_bound import assembled_levels, directions_together, with_p1
from cellion.transport.primal.drive import UniformFlux
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import SMOOTHED_ANISOTROPY, anisotropy
from cellion.transport.primal.system import scale_of

__all__ = ["gap_shares"]

type Array = NDArray[np.float64]

_FEWEST, _MOST = 4, 8
"""Steps before gains are judged, and before sweeps alone are given up."""

_UNSURE = 0.15
"""Largest part of a gap that is extrapolated."""

_SLOWEST = 0.75
"""Largest ratio of two gains from which later ones are extrapolated."""

_LARGE = 0.2
"""Gap over upper bound from which on sweeps are not trusted."""


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
    watch, problem = watch or Stopwatch(), solution.problem
    shares: dict[str, float] = {}
    with ExitStack() as stack:
        levels = assembled_levels(solution, watch, stack)
        if isinstance(problem.drive, UniformFlux):
            levels = replace(levels, current=sigma)
        for directions in directions_together(solution):
            found = dict.fromkeys(directions, nan)
            if anisotropy(problem) <= SMOOTHED_ANISOTROPY:
                found = _found_by_sweeps(levels, directions, sigma)
            if any(isnan(share) for share in found.values()):
                levels = levels if levels.coarse is not None else with_p1(levels, stack)
                with closing(improving_correctors(levels, directions)) as improving:
                    correctors = next(improving)
                for name, corrector in correctors.items():
                    k = AXES.index(name)
                    found[name] = corrector.gap / (float(sigma[k, k]) * problem.mesh.volume)
            shares |= found
    return shares


def _found_by_sweeps(levels: Levels, directions: list[str], sigma: Array) -> dict[str, float]:
    """Shares of directions with the same fixed unknowns; NaN where gains do not settle."""
    problem, found = levels.solution.problem, {}
    scale = scale_of(problem)
    with ExitStack() as stack:
        equations = equations_of(levels, directions[0], stack)
        with levels.watch.stage("lower bound: setup"):
            sweep = PETSc.PC().create(equations.matrix.comm)
            stack.callback(sweep.destroy)
            sweep.setOperators(equations.matrix, swept(equations.matrix, stack))
            sweep.setType(PETSc.PC.Type.SOR)
            sweep.setUp()
        for name in directions:
            k = AXES.index(name)
            whole = float(sigma[k, k]) * problem.mesh.volume / (scale.load * scale.length)
            system = system_of(levels, equations, name, stack)
            with levels.watch.stage("lower bound: solve"):
                gains = _gains(equations.matrix, sweep, system.load, system.means)
                found[name] = _settled(gain / whole for gain in islice(gains, _MOST))
    return found


def _gains(
    matrix: PETSc.Mat, sweep: PETSc.PC, load: PETSc.Vec, iterate: PETSc.Vec
) -> Iterator[float]:
    """What each conjugate-gradient step gains of the squared distance to the solution."""
    with ExitStack() as stack:
        residual, found, step, flow = (load.duplicate() for _ in range(4))
        for vector in (residual, found, step, flow):
            stack.callback(vector.destroy)
        matrix.mult(iterate, residual)
        residual.aypx(-1.0, load)
        sweep.apply(residual, found)
        found.copy(step)
        square = residual.dot(found)
        while square > 0.0:
            matrix.mult(step, flow)
            length = square / step.dot(flow)
            yield length * square
            residual.axpy(-length, flow)
            sweep.apply(residual, found)
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
