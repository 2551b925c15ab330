"""Correctors in Crouzeix-Raviart functions, by conjugate gradients from the P1 solution.

In the energy norm, the distance from the P1 to the Crouzeix-Raviart solution is the gap between
upper and lower bound; iterations stop when an estimate of what is left of it is small. The bound
holds wherever they stop.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import dolfinx.la
import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.labelled import face_facets
from cellion.mesh.periodicity import AXES
from cellion.transport.dual.facet_levels import (
    FacetEquations,
    Fixed,
    Levels,
    facet_equations,
    fixed_rows,
    two_level_solver,
)
from cellion.transport.index_maps import dof_values
from cellion.transport.matrices import product
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.system import assemble_load, field_energy, scale_of

__all__ = [
    "Corrector",
    "FacetSystem",
    "equations_of",
    "given_facets",
    "improving_correctors",
    "system_of",
]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

_REDUCTION = 1e-3
"""Factor by which iterations first reduce the distance to the solution: its square is the share of
the gap that is algebraic, times what carrying the defects along a tree costs."""

_FURTHER = (0.1, 0.1, 0.1, 0.1)
"""Factors by which they reduce it further, as long as that cost is not yet small."""

_FLOOR = 1e-11
"""Distance below which iterations stop in any case, relative to the dissipation of the field."""


@dataclass(frozen=True, kw_only=True)
class Corrector:
    """A solved corrector.

    Attributes:
        means: Means on facets, owned and ghost [m].
        crossing: Currents from the near to the far side of resistive facets, shape (f,) [A].
        fluxes: Currents through edges of sheets, shape (g, d).
        open_edges: Owned edges at which these may leave.
        gap: Power by which it is apart from the P1 corrector, no more than the gap between the
            bounds times V [W].
    """

    means: Array
    crossing: Array
    fluxes: Array
    open_edges: Flags
    gap: float


@dataclass(frozen=True, kw_only=True)
class FacetSystem:
    """Load, P1 corrector and iterate of a direction, in the unknowns of the solver."""

    load: PETSc.Vec
    start: PETSc.Vec
    means: PETSc.Vec


def _given_axes(levels: Levels, direction: str) -> tuple[int, ...]:
    """Axes at both of whose faces the potential is given."""
    problem = levels.solution.problem
    return problem.drive.held(AXES.index(direction), problem.mesh.dimension)


def _given_edges(levels: Levels, direction: str, fixed_nodes: Flags) -> Flags:
    """Owned edges of sheets at which the potential is given (collective).

    These lie in a face of the box, and so do their ends, on their side of interfaces.
    """
    sheets, nodes = levels.facets.sheets, levels.solution.discrete.dofs.index_map
    if sheets is None:
        return np.zeros(0, dtype=bool)
    columns = [2 * axis + side for axis in _given_axes(levels, direction) for side in (0, 1)]
    ends = dof_values(nodes, sheets.edge_nodes, fixed_nodes[: nodes.size_local])
    given: Flags = sheets.edge_faces[:, columns].any(axis=1) & ends.all(axis=1)
    return given


def given_facets(levels: Levels, direction: str) -> NDArray[np.int32]:
    """Facets at which the potential is given: cell and its facet, shape (f, 2)."""
    mesh, axes = levels.solution.problem.mesh, _given_axes(levels, direction)
    found = [face_facets(mesh, axis, side) for axis in axes for side in (0, 1)]
    facets = np.concatenate([np.empty((0, 2), dtype=np.int32), *found])
    carrying: NDArray[np.int32] = facets[levels.facets.discrete.group[facets[:, 0]] >= 0]
    return carrying


def _fixed(levels: Levels, direction: str) -> Fixed | None:
    """Find the unknowns that a direction fixes, None when it fixes none (collective).

    Components that carry no current in the direction are fixed as well.
    """
    if not _given_axes(levels, direction):
        return None
    vertices, facets = levels.solution.discrete.dofs, levels.facets.discrete.dofs
    through = levels.solution.discrete.carries[:, AXES.index(direction)]
    given = given_facets(levels, direction)
    on_facets = ~through[facets.group]
    on_facets[facets.of_cell[given[:, 0], given[:, 1]]] = True
    flag = dolfinx.la.vector(vertices.index_map, 1)
    flag.array[:] = ~through[vertices.group]
    flag.array[facet_vertices(vertices.of_cell, given).reshape(-1)] = 1.0
    flag.scatter_reverse(dolfinx.la.InsertMode.add)
    flag.scatter_forward()
    nodes = flag.array > 0.0
    edges = _given_edges(levels, direction, nodes)
    if levels.facets.sheets is not None:
        edges |= ~through[levels.facets.sheets.edge_group]
    return Fixed(facets=on_facets, nodes=nodes, edges=edges)


def improving_correctors(levels: Levels, directions: list[str]) -> Generator[dict[str, Corrector]]:
    """Solve for the correctors of directions that share their fixed unknowns (collective).

    Yields:
        Correctors, the later the closer to the solution, until iterations change nothing more.
    """
    problem = levels.solution.problem
    with ExitStack() as stack:
        equations = equations_of(levels, directions[0], stack)
        with levels.watch.stage("lower bound: setup"):
            solver = two_level_solver(levels, levels.coarse, equations, stack)
        systems = {name: system_of(levels, equations, name, stack) for name in directions}
        for reduction in (_REDUCTION, *_FURTHER):
            found, iterations = {}, 0
            for direction, system in systems.items():
                axis = AXES.index(direction)
                with levels.watch.stage("lower bound: solve"):
                    energy = float(np.sqrt(field_energy(problem, levels.facets.discrete, axis)))
                    solver.setTolerances(rtol=reduction, atol=_FLOOR * energy)
                    solver.solve(system.load, system.means)
                    made = int(solver.getIterationNumber())
                iterations += made
                levels.iterations[direction] = levels.iterations.get(direction, 0) + made
                found[direction] = _corrector(levels, equations, system, axis)
            yield found
            if not iterations:
                return


def equations_of(levels: Levels, direction: str, stack: ExitStack) -> FacetEquations:
    """Set up the matrix of a direction and those that share its fixed unknowns (collective)."""
    with levels.watch.stage("lower bound: setup"):
        return facet_equations(levels, _fixed(levels, direction), stack)


def system_of(
    levels: Levels, equations: FacetEquations, direction: str, stack: ExitStack
) -> FacetSystem:
    """Load and P1 corrector of a direction, in the unknowns of the solver (collective)."""
    with levels.watch.stage("lower bound: assemble"):
        load = _load(levels, AXES.index(direction))
        stack.callback(load.destroy)
        if equations.fixed is None:
            levels.fine.getNullSpace().remove(load)
        else:
            load.array[fixed_rows(levels, equations.fixed)] = 0.0
        start = _start(levels, equations.embedding, direction, stack)
        means = start.copy()
        stack.callback(means.destroy)
        return FacetSystem(load=_turned(equations.turn, load, stack), start=start, means=means)


def _start(levels: Levels, embedding: PETSc.Mat, direction: str, stack: ExitStack) -> PETSc.Vec:
    """P1 corrector in the unknowns of the solver."""
    nodes, means = embedding.createVecs()
    stack.callback(nodes.destroy)
    stack.callback(means.destroy)
    corrector = levels.solution.correctors[direction]
    owned = corrector.x.array[: nodes.getLocalSize()]
    nodes.array[:] = owned / scale_of(levels.solution.problem).length
    embedding.mult(nodes, means)
    return means


def _turned(turn: PETSc.Mat | None, vector: PETSc.Vec, stack: ExitStack) -> PETSc.Vec:
    """Turn a vector to the unknowns of the solver, or back."""
    if turn is None:
        return vector
    found = vector.duplicate()
    stack.callback(found.destroy)
    turn.mult(vector, found)
    return found


def _load(levels: Levels, axis: int) -> PETSc.Vec:
    """Load of a unit mean field, sheets included (collective)."""
    problem, facets = levels.solution.problem, levels.facets.discrete
    sheets, load = levels.facets.sheets, levels.fine.createVecLeft()
    bulk = assemble_load(problem, facets, axis)
    load.array[:] = 0.0
    load.array[: len(bulk)] = bulk
    if sheets is not None:
        values = sheets.loads(axis, facets.carries[:, axis])
        rows = sheets.rows.reshape(-1).astype(PETSc.IntType)
        values = values.reshape(-1) / scale_of(problem).load
        load.setValues(rows, values, addv=PETSc.InsertMode.ADD_VALUES)
        load.assemble()
    if levels.current is not None:
        _add_current(levels, load, levels.current[:, axis])
    return load


def _add_current(levels: Levels, load: PETSc.Vec, current: Array) -> None:
    """Add the load of a uniform current through the boundary of the box (collective).

    Args:
        levels: Unknowns on facets.
        load: The load, scaled.
        current: Current density, shape (d,) [A/m^2].
    """
    mesh, dofs = levels.solution.problem.mesh, levels.facets.discrete.dofs
    group, sheets = levels.facets.discrete.group, levels.facets.sheets
    for axis, density in enumerate(current):
        for side, sign in ((0, -1.0), (1, 1.0)):
            facets = face_facets(mesh, axis, side)
            facets = facets[group[facets[:, 0]] >= 0]
            areas = facet_areas(mesh.points, facet_vertices(mesh.cells, facets))
            local = dofs.of_cell[facets[:, 0], facets[:, 1]]
            rows = dofs.index_map.local_to_global(local).astype(np.int64)
            rows = rows if sheets is None else sheets.rows_of_facets(rows)
            values = sign * density * areas / scale_of(levels.solution.problem).load
            load.setValues(rows.astype(PETSc.IntType), values, addv=PETSc.InsertMode.ADD_VALUES)
    load.assemble()


def _corrector(
    levels: Levels, equations: FacetEquations, system: FacetSystem, axis: int
) -> Corrector:
    """Corrector of an iterate (collective)."""
    fixed = equations.fixed
    facets, sheets = levels.facets.discrete, levels.facets.sheets
    scale = scale_of(levels.solution.problem)
    with ExitStack() as stack:
        solved = _turned(equations.turn, system.means, stack).array * scale.length
    owned = facets.dofs.index_map.size_local
    kept = dolfinx.la.vector(facets.dofs.index_map, 1)
    kept.array[:owned] = solved[:owned]
    kept.scatter_forward()
    fluxes = np.empty((0, levels.solution.problem.mesh.dimension))
    open_edges = np.zeros(len(solved) - owned, dtype=bool) if fixed is None else fixed.edges
    through = facets.carries[:, axis]
    if sheets is not None:
        fluxes = sheets.fluxes(solved[owned:], solved[:owned], axis)
        fluxes *= through[sheets.group][:, None]
    return Corrector(
        means=np.array(kept.array),
        crossing=_crossing(facets, solved[:owned], through),
        fluxes=fluxes,
        open_edges=open_edges,
        gap=_distance(equations.matrix, system) * scale.load * scale.length,
    )


def _crossing(facets: Discretisation, means: Array, through: Flags) -> Array:
    """Currents from the near to the far side of resistive facets, shape (f,) (collective)."""
    if facets.interfaces is None:
        return np.empty(0)
    resistive = facets.interfaces.resistive
    near, far = dof_values(facets.dofs.index_map, resistive.dofs[:, :, 0], means).T
    crossing: Array = resistive.conductance * resistive.areas * (far - near)
    return crossing * through[resistive.group]


def _distance(matrix: PETSc.Mat, system: FacetSystem) -> float:
    """Square of the distance from the P1 corrector in the energy norm, scaled (collective)."""
    off = system.means.array - system.start.array
    return float(matrix.comm.tompi4py().allreduce(float(off @ product(matrix, off))))
