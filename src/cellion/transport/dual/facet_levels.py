"""Two levels of unknowns for Crouzeix-Raviart correctors, and their solver.

P1 functions are Crouzeix-Raviart functions, and what they cannot represent is local, so that a
sweep of symmetric Gauss-Seidel on either side of a P1 correction does.

Source: Brenner, Math. Comp. 65 (1996) 897 (two levels for nonconforming elements).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.transport.dual.crouzeix_raviart import FacetUnknowns, facet_means
from cellion.transport.dual.sheet_currents import extended_embedding
from cellion.transport.matrices import from_triplets
from cellion.transport.preconditioner.solver_options import PREFIX, options_set, solver_options
from cellion.transport.primal.constraints import constant_modes, fix_rows, owned_groups
from cellion.transport.primal.solution import Solution

__all__ = [
    "FacetEquations",
    "Fixed",
    "Levels",
    "facet_equations",
    "fixed_rows",
    "two_level_solver",
]

type Flags = NDArray[np.bool_]

_PREFIX = "bracket_"
"""Added to the prefix of the options of transport."""

_OPTIONS = {
    "ksp_type": "cg",
    "ksp_norm_type": "natural",
    "ksp_converged_use_initial_residual_norm": "true",
    "ksp_max_it": "200",
    "pc_type": "mg",
    "pc_mg_levels": "2",
    # Sweeps reduce every error (see `_swept`), so that 1 bounds the eigenvalues.
    "mg_levels_ksp_type": "chebyshev",
    "mg_levels_ksp_chebyshev_eigenvalues": "0.1,1.1",
    "mg_levels_ksp_max_it": "1",
    "mg_levels_pc_type": "sor",
    "mg_coarse_ksp_type": "preonly",
}


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """Unknowns whose corrector is given as zero: facets and vertices, owned and ghost; edges."""

    facets: Flags
    nodes: Flags
    edges: Flags


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Two levels of unknowns, and their matrices without fixed unknowns.

    Attributes:
        solution: Solved transport.
        facets: Unknowns on facets.
        watch: Records the stages.
        fine: Matrix of these.
        coarse: Matrix of P1; None where it is not needed.
        current: Current density through the boundary per direction, as columns of shape (d, d)
            [A/m^2], where this is given; None for other boundaries.
        iterations: Iterations per direction.
    """

    solution: Solution
    facets: FacetUnknowns
    watch: Stopwatch
    fine: PETSc.Mat
    coarse: PETSc.Mat | None = None
    current: NDArray[np.float64] | None = None
    iterations: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class FacetEquations:
    """What directions with the same fixed unknowns share.

    Attributes:
        fixed: These; None without any.
        matrix: Matrix in the unknowns of the solver.
        embedding: From P1 to these.
        turn: From unknowns on facets and edges to these, and back; None where they are the same.
    """

    fixed: Fixed | None
    matrix: PETSc.Mat
    embedding: PETSc.Mat
    turn: PETSc.Mat | None


def fixed_rows(levels: Levels, fixed: Fixed) -> Flags:
    """Fixed rows of the matrix of this rank: facets, then edges."""
    owned = levels.facets.discrete.dofs.index_map.size_local
    return np.concatenate([fixed.facets[:owned], fixed.edges])


def facet_equations(levels: Levels, fixed: Fixed | None, stack: ExitStack) -> FacetEquations:
    """Set up the matrix of directions that share their fixed unknowns (collective)."""
    mesh, facets = levels.solution.problem.mesh, levels.facets.discrete
    nodes, sheets, fine = levels.solution.discrete, levels.facets.sheets, levels.fine
    free = np.ones(len(nodes.dofs.group), dtype=bool) if fixed is None else ~fixed.nodes
    embedding = facet_means(mesh, nodes.dofs, facets, free)
    if sheets is not None:
        embedding = extended_embedding(embedding, sheets, nodes.dofs, free)
    if fixed is None:
        groups = owned_groups(facets.dofs)
        if sheets is not None:
            groups = np.concatenate([groups, sheets.edge_group])
        fine.setNullSpace(constant_modes(groups, fine, stack))
    else:
        fine = fine.copy()
        stack.callback(fine.destroy)
        fix_rows(fine, fixed_rows(levels, fixed))
    turn = _means_and_jumps(levels)
    if turn is not None:
        fine, straight = fine.ptap(turn), embedding
        embedding = turn.transposeMatMult(straight)
        for made in (turn, fine, straight):
            stack.callback(made.destroy)
    stack.callback(embedding.destroy)
    return FacetEquations(fixed=fixed, matrix=fine, embedding=embedding, turn=turn)


def two_level_solver(
    levels: Levels, coarse: PETSc.Mat, equations: FacetEquations, stack: ExitStack
) -> PETSc.KSP:
    """Set up conjugate gradients with sweeps on either side of a P1 correction (collective).

    Args:
        levels: Unknowns and matrices.
        coarse: Matrix of P1.
        equations: What is solved.
        stack: Destroys what is made.
    """
    nodes, fixed, fine = levels.solution.discrete.dofs, equations.fixed, equations.matrix
    if fixed is None:
        coarse.setNullSpace(constant_modes(owned_groups(nodes), coarse, stack))
    else:
        coarse = coarse.copy()
        stack.callback(coarse.destroy)
        fix_rows(coarse, fixed.nodes[: nodes.index_map.size_local])
    solver = PETSc.KSP().create(fine.comm)
    stack.callback(solver.destroy)
    for_coarse = {
        f"mg_coarse_{name}": value
        for name, value in solver_options(reuse=False).items()
        if not name.startswith("ksp_")
    }
    options = {_PREFIX + name: value for name, value in (_OPTIONS | for_coarse).items()}
    solver.setOptionsPrefix(PREFIX + _PREFIX)
    with options_set(options):
        solver.setOperators(fine)
        preconditioner = solver.getPC()
        preconditioner.setType("mg")
        preconditioner.setMGLevels(2)
        preconditioner.setMGInterpolation(1, equations.embedding)
        preconditioner.getMGSmoother(1).setOperators(fine, _swept(fine, stack))
        preconditioner.getMGCoarseSolve().setOperators(coarse)
        solver.setFromOptions()
        solver.setInitialGuessNonzero(True)
        solver.setUp()
    return solver


def _swept(matrix: PETSc.Mat, stack: ExitStack) -> PETSc.Mat:
    """Matrix for sweeps that each rank makes for itself, the same on one rank.

    Entries between ranks are left out of a sweep. Their absolute sum is added to the diagonal, so
    that the sweep never overshoots, however many ranks meet (Baker, Falgout, Kolev and Yang, SIAM
    J. Sci. Comput. 33 (2011) 2864, hybrid l1 Gauss-Seidel): the preconditioner stays definite.
    """
    if matrix.comm.size == 1:
        return matrix
    starts, columns, entries = matrix.getValuesCSR()
    first, last = matrix.getOwnershipRange()
    beyond = np.where((columns < first) | (columns >= last), np.abs(entries), 0.0)
    sums = np.concatenate([[0.0], np.cumsum(beyond)])
    found, more = matrix.copy(), matrix.createVecLeft()
    stack.callback(found.destroy)
    more.array[:] = sums[starts[1:]] - sums[starts[:-1]]
    found.setDiagonal(more, addv=PETSc.InsertMode.ADD_VALUES)
    more.destroy()
    return found


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
    entries = np.concatenate([np.ones(len(own)), half - 1.0, half, half, -half - 1.0])
    return from_triplets(fine.getSizes(), rows, columns, entries, fine.comm)
