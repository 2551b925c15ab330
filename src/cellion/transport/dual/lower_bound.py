"""Currents for a lower bound: Crouzeix-Raviart solutions, made to conserve charge exactly.

The solutions are iterates (`dual.facet_solve`); the bound holds wherever they stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.errors import ScenarioError
from cellion.mesh.periodicity import AXES
from cellion.transport.dual.conservation import Conservation, conserve, prepare_conservation
from cellion.transport.dual.crouzeix_raviart import Crossings, discretise_facets
from cellion.transport.dual.currents import (
    Currents,
    best_combination,
    dissipated,
    uniform_currents,
)
from cellion.transport.dual.facet_levels import Levels
from cellion.transport.dual.facet_solve import Corrector, given_facets, improving_correctors
from cellion.transport.dual.sheet_currents import SheetUnknowns, extended_matrix
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.simplex_fields import area_vectors, gradients_of_means
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.system import assemble_operator, scale_of

__all__ = [
    "ConservedCurrents",
    "assembled_levels",
    "conserved_currents",
    "directions_together",
    "with_p1",
]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

_BLOCK = 1 << 15

_SHARE = 1e-4
"""Part of the gap that making currents conserve charge may add to it."""


@dataclass(frozen=True, kw_only=True)
class ConservedCurrents:
    """Currents that conserve charge, for mean fields of 1 V/m.

    Attributes:
        cells: Owned cells that carry current, shape (n,).
        currents: Per percolating direction, current out of each of their facets, shape (n, d + 1)
            [A] (d = 2: [A/m]).
        crossings: Resistive facets.
        crossing: Per direction, current from the near to the far side of each of them, shape (f,).
        sheets: Conducting sheets; None without any.
        fluxes: Per direction, currents through the edges of sheets, shape (g, d) [A m^(3-d)].
        unknowns: Number of Crouzeix-Raviart unknowns.
        iterations: Conjugate-gradient iterations per direction.
    """

    cells: NDArray[np.int64]
    currents: Mapping[str, Array]
    crossings: Crossings
    crossing: Mapping[str, Array]
    sheets: SheetUnknowns | None
    fluxes: Mapping[str, Array]
    unknowns: int
    iterations: Mapping[str, int]


def conserved_currents(solution: Solution, watch: Stopwatch | None = None) -> ConservedCurrents:
    """Find currents that conserve charge and are close to those of a solution (collective).

    Args:
        solution: Solved transport.
        watch: Records the stages ``lower bound: assemble``, ``setup``, ``solve`` and ``conserve``.

    Raises:
        ScenarioError: No lower bound is known for the boundary.
    """
    watch, problem = watch or Stopwatch(), solution.problem
    if not problem.drive.bounded:
        names = {drive: name for name, drive in DRIVES.items()}
        allowed = ", ".join(name for name, drive in DRIVES.items() if drive.bounded)
        raise ScenarioError(
            f"accuracy.bracket: no lower bound is known for the boundary "
            f"{names[problem.drive]!r}; allowed are {allowed}"
        )
    found: dict[str, Currents] = {}
    with ExitStack() as stack:
        levels = with_p1(assembled_levels(solution, watch, stack), stack)
        for directions in directions_together(solution):
            found |= _conserved(levels, directions)
    facets = levels.facets
    edges = 0 if facets.sheets is None else int(facets.sheets.index_map.size_global)
    return ConservedCurrents(
        cells=_cells(facets.discrete),
        currents={name: each.cells for name, each in found.items()},
        crossings=facets.crossings,
        crossing={name: each.crossing for name, each in found.items()},
        sheets=facets.sheets,
        fluxes={name: each.fluxes for name, each in found.items()},
        unknowns=facets.discrete.unknowns + edges,
        iterations=levels.iterations,
    )


def assembled_levels(solution: Solution, watch: Stopwatch, stack: ExitStack) -> Levels:
    """Number the unknowns on facets and assemble their matrix (collective)."""
    problem = solution.problem
    with watch.stage("lower bound: assemble"):
        facets = discretise_facets(problem, solution.discrete)
        fine = assemble_operator(problem, facets.discrete)
        if facets.sheets is not None:
            fine = extended_matrix(fine, facets.sheets, scale_of(problem).matrix)
        stack.callback(fine.destroy)
    return Levels(
        solution=solution, facets=facets, watch=watch, fine=fine, coarse=None, iterations={}
    )


def with_p1(levels: Levels, stack: ExitStack) -> Levels:
    """Assemble the matrix of P1, too (collective)."""
    with levels.watch.stage("lower bound: assemble"):
        coarse = assemble_operator(levels.solution.problem, levels.solution.discrete)
        stack.callback(coarse.destroy)
    return replace(levels, coarse=coarse)


def directions_together(solution: Solution) -> list[list[str]]:
    """Directions that carry current, by the unknowns that are fixed for them."""
    names = list(solution.correctors)
    if solution.problem.drive.combines:
        return [names] if names else []
    return [[name] for name in names]


def _cells(discrete: Discretisation) -> NDArray[np.int64]:
    """Owned cells that carry current."""
    return np.flatnonzero(discrete.group >= 0)


def _conserved(levels: Levels, directions: list[str]) -> dict[str, Currents]:
    """Currents that conserve charge, of directions that share their boundary (collective).

    They are the best combinations of those of the correctors and of uniform ones.
    """
    problem, facets = levels.solution.problem, levels.facets
    axes = [AXES.index(direction) for direction in directions]
    with levels.watch.stage("lower bound: conserve"):
        how = _prepared(levels, directions)
    found = _iterated(levels, how, directions)
    with levels.watch.stage("lower bound: conserve"):
        found = found.beside(uniform_currents(problem.mesh, how, facets))
        power, mean = dissipated(problem, facets, how.cells, found)
        found = found.combined(best_combination(power, mean[:, axes], len(axes)))
    return {direction: found.part(k) for k, direction in enumerate(directions)}


def _iterated(levels: Levels, how: Conservation, directions: list[str]) -> Currents:
    """Currents of correctors, made to conserve charge (collective).

    This adds to the gap. Iterations go on until that is a small part of it, so that the bound is
    the same on any number of ranks.
    """
    problem, facets = levels.solution.problem, levels.facets
    with closing(improving_correctors(levels, directions)) as improving:
        for correctors in improving:
            with levels.watch.stage("lower bound: conserve"):
                solved = _solved_currents(levels, correctors)
                found = _made_conserving(levels, how, correctors, solved)
                cost, _ = dissipated(problem, facets, how.cells, found - solved)
            gap = np.array([each.gap for each in correctors.values()])
            if (np.diag(cost) <= _SHARE * gap).all():
                break
    return found


def _made_conserving(
    levels: Levels, how: Conservation, correctors: dict[str, Corrector], solved: Currents
) -> Currents:
    """Currents that conserve charge, close to those of correctors (collective)."""
    keys, sheets, near = levels.facets.currents, levels.facets.sheets, levels.facets.crossings.near
    fluxes, absorbed = solved.fluxes, None
    if sheets is not None:
        fluxes = sheets.balanced(fluxes, next(iter(correctors.values())).open_edges)
        absorbed = sheets.absorbed(keys, fluxes)
    balanced = conserve(how, solved.cells, absorbed)
    crossing = balanced[np.searchsorted(how.cells, near[:, 0]), near[:, 1]]
    if sheets is not None:
        local = keys.of_cell[near[:, 0], near[:, 1]]
        crossing -= sheets.taken_before(keys.index_map.local_to_global(local), fluxes)
    return Currents(cells=balanced, crossing=crossing, fluxes=fluxes)


def _solved_currents(levels: Levels, correctors: dict[str, Corrector]) -> Currents:
    """Currents of correctors, which nearly conserve charge."""
    problem, mesh = levels.solution.problem, levels.solution.problem.mesh
    discrete = levels.facets.discrete
    cells = _cells(discrete)
    axes = [AXES.index(direction) for direction in correctors]
    through = discrete.carries[:, axes]
    of_facets = np.stack([each.means for each in correctors.values()], axis=1)
    currents = np.empty((len(cells), mesh.dimension + 1, len(axes)))
    for start in range(0, len(cells), _BLOCK):
        block = cells[start : start + _BLOCK]
        vectors, volumes = area_vectors(mesh.points[mesh.cells[block]])
        S = problem.label_conductivity[mesh.cell_labels[block]]
        values = of_facets[discrete.dofs.of_cell[block]]
        fields = gradients_of_means(vectors, volumes, values)
        fields[:, np.arange(len(axes)), axes] += 1.0
        fields *= through[discrete.group[block], :, None]
        currents[start : start + _BLOCK] = vectors @ (fields @ S).transpose(0, 2, 1)
    return Currents(
        cells=currents,
        crossing=np.stack([each.crossing for each in correctors.values()], axis=1),
        fluxes=np.stack([each.fluxes for each in correctors.values()], axis=2),
    )


def _prepared(levels: Levels, directions: list[str]) -> Conservation:
    """Prepare to make currents conserve charge (collective)."""
    problem, mesh = levels.solution.problem, levels.solution.problem.mesh
    discrete = levels.facets.discrete
    given = given_facets(levels, directions[0])
    through = discrete.carries[:, [AXES.index(name) for name in directions]]
    given = given[through[discrete.group[given[:, 0]]].all(axis=1)]
    keys, cells = levels.facets.currents, _cells(levels.facets.discrete)
    open_keys = np.zeros(len(keys.group), dtype=bool)
    open_keys[keys.of_cell[given[:, 0], given[:, 1]]] = True
    size = mesh.cell_volumes[cells] ** (1.0 - 2.0 / mesh.dimension)
    mean_conductivity = np.trace(problem.label_conductivity, axis1=1, axis2=2)
    resistance = 1.0 / (size * mean_conductivity[mesh.cell_labels[cells]])
    return prepare_conservation(mesh, keys, cells, resistance, open_keys)
