"""Solutions of a transport problem, and fields of potentials."""

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
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.report import Percolation, SolverReport

__all__ = [
    "Solution",
    "conducting_cells",
    "current_density",
    "flow",
    "gradient",
    "potential",
]

type Array = NDArray[np.float64]

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

    def mean_field(self, direction: str) -> Array:
        """Mean field of 1 V/m along a direction, shape (d,)."""
        field: Array = np.eye(self.problem.mesh.dimension)[AXES.index(direction)]
        return field


def conducting_cells(solution: Solution, direction: str) -> NDArray[np.bool_]:
    """Whether each owned cell belongs to a component that percolates in the direction."""
    group = solution.discrete.group[: solution.problem.mesh.n_owned_cells]
    through = solution.discrete.carries[:, AXES.index(direction)]
    conducting: NDArray[np.bool_] = (group >= 0) & np.append(through, False)[group]
    return conducting


def gradient(potential: dolfinx.fem.Function, mean_field: Array, cells: NDArray[np.int32]) -> Array:
    """Gradient of a P1 function plus a mean field, constant in each cell (collective).

    Args:
        potential: Function on the space of a discretisation.
        mean_field: Field that is added, shape (d,).
        cells: Owned solved cells, shape (m,).

    Returns:
        Minus the electric field, shape (m, d).
    """
    mesh, d = potential.function_space.mesh, len(mean_field)
    expression = dolfinx.fem.Expression(ufl.grad(potential), np.full((1, d), 1.0 / (d + 1)))
    found = np.empty((len(cells), d))
    for start in range(0, len(cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = expression.eval(mesh, cells[part])[:, 0]
    found += mean_field
    return found


def flow(
    problem: TransportProblem, material: int, cells: NDArray[np.integer[Any]], field: Array
) -> Array:
    """Current density S E in cells of one material, shape (m, d).

    Args:
        problem: Transport problem.
        material: Index of the material.
        cells: Local cells of this material, shape (m,).
        field: Field in them, shape (m, d).
    """
    if not problem.oriented[material]:
        return np.asarray(field @ problem.conductivity[material])
    S = problem.label_conductivity[problem.mesh.cell_labels[cells]]
    return np.asarray((field[:, None] @ S)[:, 0])


def current_density(solution: Solution, direction: str) -> Array:
    """Current density j = S (e_k + grad w_k) in owned cells, for 1 V/m (collective).

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
    corrector, e = solution.correctors[direction], solution.mean_field(direction)
    for material, solved in enumerate(solution.discrete.cells):
        cells = solved[through[solved]]
        field = gradient(corrector, e, cells)
        for start in range(0, len(cells), _BLOCK):
            part = slice(start, start + _BLOCK)
            j[cells[part]] = flow(solution.problem, material, cells[part], field[part])
    return j


def potential(solution: Solution, direction: str) -> Array:
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
