"""Correctors in Crouzeix-Raviart functions, by conjugate gradients from the P1 solution.

Two levels: P1 functions are Crouzeix-Raviart functions, and what they cannot represent is local, so
that a sweep of symmetric Gauss-Seidel on either side of a P1 correction does. In the energy norm,
the distance from the P1 to the Crouzeix-Raviart solution is the gap between upper and lower bound;
iterations stop when an estimate of what is left of it is small. The bound holds wherever they stop.

Source: Brenner, Math. Comp. 65 (1996) 897 (two levels for nonconforming elements).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from cellion.parallel import Stopwatch

import dolfinx.la
import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.facets import facet_vertices
from cellion.mesh.labelled import face_facets
from cellion.mesh.periodicity import AXES
from cellion.transport.constraints import constant_modes, fix_rows, owned_groups
from cellion.transport.crouzeix_raviart import FacetUnknowns, facet_means
from cellion.transport.interfaces import dof_values
from cellion.transport.sheet_currents import extended_embedding
from cellion.transport.solution import Solution
from cellion.transport.solver_options import PREFIX, options_set, solver_options
from cellion.transport.system import assemble_load, field_energy, scale_of

__all__ = ["Corrector", "Levels", "given_facets", "solve_correctors"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]

_PREFIX = "bracket_"
"""Added to the prefix of the options of transport."""

_REDUCTION = 1e-3
"""Factor by which iterations reduce the distance to the solution: its square is the share of the
gap that is algebraic, times what carrying the defects along a tree costs (up to a hundred)."""

_FLOOR = 1e-11
"""Distance below which iterations stop in any case, relative to the dissipation of the field."""

_OPTIONS = {
    "ksp_type": "cg",
    "ksp_norm_type": "natural",
    "ksp_converged_use_initial_residual_norm": "true",
    "ksp_max_it": "200",
    "pc_type": "mg",
    "pc_mg_levels": "2",
    "mg_levels_ksp_type": "richardson",
    "mg_levels_ksp_max_it": "1",
    "mg_levels_pc_type": "sor",
    "mg_coarse_ksp_type": "preonly",
}

_WITH_SHEETS = {"mg_levels_ksp_type": "chebyshev", "mg_levels_esteig_ksp_type": "cg"}
"""Sweeps that each rank makes for itself overshoot where more ranks than two meet at an edge."""


@dataclass(frozen=True, kw_only=True)
class _Fixed:
    """Unknowns whose corrector is given as zero: facets and vertices, owned and ghost; edges."""

    facets: Flags
    nodes: Flags
    edges: Flags


@dataclass(frozen=True, kw_only=True)
class Corrector:
    """A solved corrector.

    Attributes:
        means: Means on facets, owned and ghost [m].
        fluxes: Currents through edges of sheets, shape (f, d).
        open_edges: Owned edges at which these may leave.
    """

    means: Array
    fluxes: Array
    open_edges: Flags


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Two levels of unknowns, and their matrices without fixed unknowns."""

    solution: Solution
    facets: FacetUnknowns
    watch: Stopwatch
    fine: PETSc.Mat
    coarse: PETSc.Mat
    iterations: dict[str, int]


def _given_axes(levels: Levels, direction: str) -> list[int]:
    """Axes at both of whose faces the potential is given."""
    mesh, boundary = levels.solution.problem.mesh, levels.solution.problem.boundary
    if boundary == "uniform_gradient":
        return list(range(mesh.dimension))
    return [AXES.index(direction)] if boundary in ("electrodes", "cell") else []


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


def _fixed(levels: Levels, direction: str) -> _Fixed | None:
    """Find the unknowns that a direction fixes, None when it fixes none (collective).

    Components that carry no current in the direction are fixed as well.
    """
    if levels.solution.problem.boundary == "periodic":
        return None
    vertices, facets = levels.solution.discrete.dofs, levels.facets.discrete.dofs
    through = levels.solution.discrete.components.percolates[:, AXES.index(direction)]
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
    return _Fixed(facets=on_facets, nodes=nodes, edges=edges)


def solve_correctors(levels: Levels, directions: list[str]) -> dict[str, Corrector]:
    """Solve for the correctors of directions that share their fixed unknowns (collective)."""
    problem, facets = levels.solution.problem, levels.facets.discrete
    unit, found = scale_of(problem).length, {}
    with ExitStack() as stack:
        with levels.watch.stage("lower bound: setup"):
            fixed = _fixed(levels, directions[0])
            solver, embedding, turn = _two_level_solver(levels, fixed, stack)
        for direction in directions:
            axis = AXES.index(direction)
            with levels.watch.stage("lower bound: assemble"):
                means_of, start = levels.fine.createVecRight(), levels.coarse.createVecRight()
                load = _load(levels, axis)
                for vector in (load, means_of, start):
                    stack.callback(vector.destroy)
                corrector = levels.solution.correctors[direction]
                start.array[:] = corrector.x.array[: start.getLocalSize()] / unit
                embedding.mult(start, means_of)
                if fixed is None:
                    levels.fine.getNullSpace().remove(load)
                else:
                    load.array[_fixed_rows(levels, fixed)] = 0.0
                load = _turned(turn, load, stack)
            with levels.watch.stage("lower bound: solve"):
                energy = float(np.sqrt(field_energy(problem, facets, axis)))
                solver.setTolerances(rtol=_REDUCTION, atol=_FLOOR * energy)
                solver.solve(load, means_of)
            levels.iterations[direction] = int(solver.getIterationNumber())
            solved = _turned(turn, means_of, stack).array * unit
            found[direction] = _corrector(levels, solved, axis, fixed)
    return found


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
        values = sheets.loads(axis, facets.components.percolates[:, axis])
        rows = sheets.rows.reshape(-1).astype(PETSc.IntType)
        values = values.reshape(-1) / scale_of(problem).load
        load.setValues(rows, values, addv=PETSc.InsertMode.ADD_VALUES)
        load.assemble()
    return load


def _corrector(levels: Levels, solved: Array, axis: int, fixed: _Fixed | None) -> Corrector:
    """Means on facets, and the currents of sheets, of owned unknowns (collective)."""
    facets, sheets = levels.facets.discrete, levels.facets.sheets
    owned = facets.dofs.index_map.size_local
    kept = dolfinx.la.vector(facets.dofs.index_map, 1)
    kept.array[:owned] = solved[:owned]
    kept.scatter_forward()
    fluxes = np.empty((0, levels.solution.problem.mesh.dimension))
    open_edges = np.zeros(len(solved) - owned, dtype=bool) if fixed is None else fixed.edges
    if sheets is not None:
        through = facets.components.percolates[:, axis]
        fluxes = sheets.fluxes(solved[owned:], solved[:owned], axis)
        fluxes *= through[sheets.group][:, None]
    return Corrector(means=np.array(kept.array), fluxes=fluxes, open_edges=open_edges)


def _fixed_rows(levels: Levels, fixed: _Fixed) -> Flags:
    """Fixed rows of the matrix of this rank: facets, then edges."""
    owned = levels.facets.discrete.dofs.index_map.size_local
    return np.concatenate([fixed.facets[:owned], fixed.edges])


def _two_level_solver(
    levels: Levels, fixed: _Fixed | None, stack: ExitStack
) -> tuple[PETSc.KSP, PETSc.Mat, PETSc.Mat | None]:
    """Set up the solver, the embedding of P1 in its unknowns, and what turns to these, or None."""
    mesh, facets = levels.solution.problem.mesh, levels.facets.discrete
    nodes = levels.solution.discrete
    free = np.ones(len(nodes.dofs.group), dtype=bool) if fixed is None else ~fixed.nodes
    embedding = facet_means(mesh, nodes.dofs, facets, free)
    sheets = levels.facets.sheets
    if sheets is not None:
        embedding = extended_embedding(embedding, sheets, nodes.dofs, free)
    fine, coarse = levels.fine, levels.coarse
    solver = PETSc.KSP().create(mesh.comm)
    stack.callback(solver.destroy)
    if fixed is None:
        groups = owned_groups(facets.dofs)
        if sheets is not None:
            groups = np.concatenate([groups, sheets.edge_group])
        fine.setNullSpace(constant_modes(groups, fine, stack))
        coarse.setNullSpace(constant_modes(owned_groups(nodes.dofs), coarse, stack))
    else:
        fine, coarse = fine.copy(), coarse.copy()
        stack.callback(fine.destroy)
        stack.callback(coarse.destroy)
        fix_rows(fine, _fixed_rows(levels, fixed))
        fix_rows(coarse, fixed.nodes[: nodes.dofs.index_map.size_local])
    turn = _means_and_jumps(levels)
    if turn is not None:
        fine, straight = fine.ptap(turn), embedding
        embedding = turn.transposeMatMult(straight)
        for made in (turn, fine, straight):
            stack.callback(made.destroy)
    stack.callback(embedding.destroy)
    for_coarse = {
        f"mg_coarse_{name}": value
        for name, value in solver_options(reuse=False).items()
        if not name.startswith("ksp_")
    }
    own = _OPTIONS if sheets is None else _OPTIONS | _WITH_SHEETS
    options = {_PREFIX + name: value for name, value in (own | for_coarse).items()}
    solver.setOptionsPrefix(PREFIX + _PREFIX)
    with options_set(options):
        solver.setOperators(fine)
        preconditioner = solver.getPC()
        preconditioner.setType("mg")
        preconditioner.setMGLevels(2)
        preconditioner.setMGInterpolation(1, embedding)
        preconditioner.getMGSmoother(1).setOperators(fine)
        preconditioner.getMGCoarseSolve().setOperators(coarse)
        solver.setFromOptions()
        solver.setInitialGuessNonzero(True)
        solver.setUp()
    return solver, embedding, turn


def _means_and_jumps(levels: Levels) -> PETSc.Mat | None:
    """Turn to the mean and the jump of the unknowns on both sides of resistive facets (collective).

    Where little resistance ties the two sides together, sweeps over one after the other hardly move
    them; mean and jump are nearly independent. The sides u, v become (u + v, u - v) / sqrt(2), in
    the rows of u and v.

    Returns:
        Orthogonal and symmetric matrix; None without resistive facets.
    """
    interfaces, sheets = levels.facets.discrete.interfaces, levels.facets.sheets
    fine = levels.fine
    comm = fine.comm.tompi4py()
    near, far = np.empty((2, 0), dtype=np.int64)
    if interfaces is not None:
        near, far = interfaces.resistive.dofs[:, :, 0].T
    if not comm.allreduce(len(near)):
        return None
    if sheets is not None:
        near, far = sheets.rows_of_facets(near), sheets.rows_of_facets(far)
    first, last = fine.getOwnershipRange()
    own, half = np.arange(first, last), np.full(len(near), np.sqrt(0.5))
    rows = np.concatenate([own, near, near, far, far])
    columns = np.concatenate([own, near, far, near, far])
    turn = PETSc.Mat().create(comm=fine.comm)
    turn.setSizes(fine.getSizes())
    turn.setType(PETSc.Mat.Type.AIJ)
    turn.setPreallocationCOO(rows.astype(PETSc.IntType), columns.astype(PETSc.IntType))
    entries = [np.ones(len(own)), half - 1.0, half, half, -half - 1.0]
    turn.setValuesCOO(np.concatenate(entries), addv=PETSc.InsertMode.ADD_VALUES)
    return turn
