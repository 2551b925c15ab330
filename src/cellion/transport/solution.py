"""What a solve gives: correctors, currents, fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cellion.parallel  # noqa: F401

import dolfinx.fem
import numpy as np
import ufl
from numpy.typing import NDArray

from cellion.mesh.periodicity import AXES
from cellion.transport.discretise import Discretisation
from cellion.transport.problem import TransportProblem
from cellion.transport.report import Percolation, SolverReport

__all__ = [
    "Solution",
    "conducting_cells",
    "conductivity_of",
    "current_density",
    "mean_gradient",
    "potential",
]

_BLOCK = 1 << 17


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Solved transport for unit mean fields.

    The potential of a mean field of 1 V/m along direction k is phi = -(x_k + w_k), so that the
    current density is j = S (e_k + grad w_k).

    Attributes:
        problem: The problem.
        discrete: Its unknowns.
        correctors: w_k per percolating direction, a function on `discrete.space` [m]; it has
            meaning in solved cells only.
        currents: Per percolating direction, the current for 1 V/m in at the lower and out at the
            upper electrode, from the reactions of the fixed nodes [A] (d = 2: [A/m]); with a
            uniform gradient, in and out at all boundary nodes; empty for other boundaries.
        report: How the solves ended.
        percolation: What percolates.
    """

    problem: TransportProblem
    discrete: Discretisation
    correctors: Mapping[str, dolfinx.fem.Function]
    currents: Mapping[str, tuple[float, float]]
    report: SolverReport
    percolation: Percolation


def conducting_cells(solution: Solution, direction: str) -> NDArray[np.bool_]:
    """Whether each owned cell belongs to a component that percolates in the direction."""
    group = solution.discrete.group[: solution.problem.mesh.n_owned_cells]
    through = solution.discrete.carries[:, AXES.index(direction)]
    conducting: NDArray[np.bool_] = (group >= 0) & np.append(through, False)[group]
    return conducting


def mean_gradient(
    solution: Solution, direction: str, cells: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Minus the electric field, e_k + grad(w_k), which is constant in each cell.

    Args:
        solution: Solution.
        direction: Direction k, one that percolates.
        cells: Owned solved cells, shape (m,).

    Returns:
        Field of a mean field of 1 V/m, shape (m, d) [V/m].
    """
    mesh = solution.problem.mesh
    corrector = solution.correctors[direction]
    where = np.full((1, mesh.dimension), 1.0 / (mesh.dimension + 1))
    expression = dolfinx.fem.Expression(ufl.grad(corrector), where)
    gradient = np.empty((len(cells), mesh.dimension))
    for start in range(0, len(cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        gradient[part] = expression.eval(mesh.mesh, cells[part])[:, 0]
    gradient[:, AXES.index(direction)] += 1.0
    return gradient


def current_density(solution: Solution, direction: str) -> NDArray[np.float64]:
    """Current density j = S (e_k + grad w_k) in owned cells for a mean field of 1 V/m.

    Args:
        solution: Solution.
        direction: Direction k of the mean field.

    Returns:
        Shape (m, d) [A/m^2]; zero where no current can flow.
    """
    mesh = solution.problem.mesh
    j = np.zeros((mesh.n_owned_cells, mesh.dimension))
    if direction not in solution.correctors:
        return j
    through = conducting_cells(solution, direction)
    for material, solved in enumerate(solution.discrete.cells):
        cells = solved[through[solved]]
        field = mean_gradient(solution, direction, cells)
        for start in range(0, len(cells), _BLOCK):
            part = slice(start, start + _BLOCK)
            S = conductivity_of(solution.problem, material, cells[part])
            j[cells[part]] = (field[part, None] @ S)[:, 0]
    return j


def conductivity_of(
    problem: TransportProblem, material: int, cells: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Conductivity of cells of one material, turned where the material has orientations.

    Args:
        problem: Transport problem.
        material: Index of the material.
        cells: Local cells of this material, shape (m,).

    Returns:
        One tensor for all, shape (d, d), or one for each, shape (m, d, d) [S/m].
    """
    tensor: NDArray[np.float64] = problem.conductivity[material]
    if problem.oriented[material]:
        tensor = problem.label_conductivity[problem.mesh.cell_labels[cells]]
    return tensor


def potential(solution: Solution, direction: str) -> NDArray[np.float64]:
    """Potential phi = -(x_k + w_k) at the corners of owned cells for a mean field of 1 V/m.

    Args:
        solution: Solution.
        direction: Direction k of the mean field.

    Returns:
        Shape (m, d + 1) [V]; NaN in cells where no current can flow. With electrodes it is 0 on
        the lower face, with a uniform gradient 0 at its origin. With the other boundaries each
        component has mean corrector (uniform flux: mean potential) 0.
    """
    mesh = solution.problem.mesh
    phi = np.full((mesh.n_owned_cells, mesh.dimension + 1), np.nan)
    if direction not in solution.correctors:
        return phi
    axis = AXES.index(direction)
    cells = np.flatnonzero(conducting_cells(solution, direction))
    w = solution.correctors[direction].x.array[solution.discrete.dofs.of_cell[cells]]
    phi[cells] = mesh.origin[axis] - mesh.points[mesh.cells[cells], axis] - w
    return phi
