"""Corrections in subspaces, the parts of the preconditioner for resistive interfaces.

Each is set up for a matrix and then adds to a solution what a residual tells it. Numbers of labels
and of blocks of labels are the same on every rank.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Protocol

import cellion.parallel  # noqa: F401

import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from petsc4py import PETSc
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from cellion.transport.index_maps import dof_values
from cellion.transport.matrices import diagonal_of, from_triplets, product
from cellion.transport.preconditioner.agglomerate import TiesHere
from cellion.transport.preconditioner.solver_options import PREFIX

__all__ = ["BlockSolves", "Correction", "LabelConstants", "Multigrid", "VertexBlocks"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Numbers = NDArray[np.int64]

_DAMPING = 0.5
"""Of block Jacobi, whose matrix is at least a quarter of the matrix: a cell has <= 4 vertices."""

_ROUNDING = 1e-12
"""Conductance from a label to fixed nodes that is none, relative to its diagonal entries."""


class Correction(Protocol):
    """A part of the preconditioner."""

    def correct(self, residual: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Add to the solution what the residual says (collective)."""


class LabelConstants:
    """Correction by one constant per label; every rank solves for all labels.

    Args:
        matrix: Matrix.
        label: Label of each owned unknown, -1 for those without, shape (n_owned,).
        count: Number of labels.
    """

    def __init__(self, matrix: PETSc.Mat, label: NDArray[np.int64], count: int) -> None:
        self._comm = matrix.comm.tompi4py()
        self._member = np.flatnonzero(label >= 0)
        self._label = label[self._member]
        self._count = count
        between = self._between(matrix, label)
        self._solve = splu(csc_array(_grounded(between, self._leaks(matrix)))).solve

    def _sum(self, values: Array) -> Array:
        """Sum over the unknowns of each label, on every rank."""
        here = np.bincount(self._label, weights=values[self._member], minlength=self._count)
        total: Array = self._comm.allreduce(here)
        return total

    def _leaks(self, matrix: PETSc.Mat) -> Array:
        """Conductance from each label to fixed nodes; where it is rounding errors, 0."""
        ones = np.zeros(matrix.getLocalSize()[0])
        ones[self._member] = 1.0
        leak = self._sum(product(matrix, ones))
        leak[leak <= _ROUNDING * self._sum(diagonal_of(matrix))] = 0.0
        return leak

    def _between(self, matrix: PETSc.Mat, label: NDArray[np.int64]) -> csc_array:
        """Sums of the entries between different labels, on every rank."""
        here = (label >= 0).astype(PETSc.IntType)
        indicator = PETSc.Mat().createAIJ(
            size=(matrix.getSizes()[0], (PETSc.DECIDE, self._count)),
            csr=(
                np.concatenate([[0], np.cumsum(here)]).astype(PETSc.IntType),
                self._label.astype(PETSc.IntType),
                np.ones(len(self._label)),
            ),
            comm=matrix.comm,
        )
        coarse = matrix.ptap(indicator)
        starts, columns, values = coarse.getValuesCSR()
        rows = coarse.getOwnershipRange()[0] + _row_numbers(starts)
        indicator.destroy()
        coarse.destroy()
        parts = zip(*self._comm.allgather((rows, columns, values)), strict=True)
        rows, columns, values = (np.concatenate(part) for part in parts)
        apart, shape = rows != columns, (self._count, self._count)
        between = coo_array((values[apart], (rows[apart], columns[apart])), shape=shape).tocsc()
        return csc_array(0.5 * (between + between.T))

    def correct(self, residual: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Add the constants that balance the residual of each label."""
        solution.array[self._member] += self._solve(self._sum(residual.array_r))[self._label]


def _grounded(between: csc_array, leak: Array) -> csc_array:
    """Complete conductances between labels to a definite matrix.

    Labels without a path to a fixed node have the constants in the null space; for residuals that
    are free of them, grounding one label of each such component changes the solution by a constant.
    """
    count, component = connected_components(between, directed=False)
    diagonal = leak - between.sum(axis=1)
    diagonal[diagonal <= 0.0] = 1.0
    floats = np.bincount(component, weights=leak, minlength=count) == 0.0
    diagonal[np.unique(component, return_index=True)[1][floats]] *= 2.0
    return csc_array(between + diags_array(diagonal))


def _row_numbers(starts: NDArray[np.integer]) -> Numbers:
    """Row of each entry of a compressed matrix."""
    return np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))


class BlockSolves:
    """Correction by a direct solve in each of some blocks, in one factorisation.

    Args:
        matrix: Matrix.
        index_map: Numbers of its unknowns.
        block: Block of each owned unknown, -1 for those in none, shape (n_owned,).
        stack: Destroys what this holds.
    """

    def __init__(
        self,
        matrix: PETSc.Mat,
        index_map: cpp.common.IndexMap,
        block: Numbers,
        stack: ExitStack,
    ) -> None:
        self._member = np.flatnonzero(block >= 0)
        part = _within_blocks(matrix, index_map, block)
        stack.callback(part.destroy)
        self._solver = PETSc.PC().create(matrix.comm)
        stack.callback(self._solver.destroy)
        self._solver.setOperators(part)
        self._solver.setType(PETSc.PC.Type.CHOLESKY)
        self._solver.setFactorSolverType(PETSc.Mat.SolverType.MUMPS)
        self._solver.setUp()
        self._load, self._found = part.createVecs()
        stack.callback(self._load.destroy)
        stack.callback(self._found.destroy)

    def correct(self, residual: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Add the solution of each block for its residual."""
        self._load.array[:] = residual.array_r[self._member]
        self._solver.apply(self._load, self._found)
        solution.array[self._member] += self._found.array_r


def _within_blocks(matrix: PETSc.Mat, index_map: cpp.common.IndexMap, block: Numbers) -> PETSc.Mat:
    """Entries of a matrix within blocks, its rows numbered anew (collective)."""
    comm = index_map.comm
    member = block >= 0
    count = int(member.sum())
    counts = comm.allgather(count)
    number = np.cumsum(member) - 1 + sum(counts[: comm.rank])
    starts, columns, values = matrix.getValuesCSR()
    rows = _row_numbers(starts)
    kept = np.flatnonzero(member[rows])
    rows, columns, values = rows[kept], columns[kept].astype(np.int64), values[kept]
    of_columns = [_of_columns(index_map, columns, values_of) for values_of in (block, number)]
    within = np.flatnonzero(of_columns[0] == block[rows])
    per_row = np.bincount(number[rows[within]] - sum(counts[: comm.rank]), minlength=count)
    part = PETSc.Mat().createAIJ(
        size=((count, sum(counts)), (count, sum(counts))),
        csr=(
            np.concatenate([[0], np.cumsum(per_row)]).astype(PETSc.IntType),
            of_columns[1][within].astype(PETSc.IntType),
            values[within],
        ),
        comm=comm,
    )
    part.setOption(PETSc.Mat.Option.SYMMETRIC, True)
    part.setOption(PETSc.Mat.Option.SPD, True)
    return part


def _of_columns(index_map: cpp.common.IndexMap, columns: Numbers, values: Numbers) -> Numbers:
    """Look up values of unknowns, most of which are owned (collective)."""
    first, end = index_map.local_range
    elsewhere = (columns < first) | (columns >= end)
    found = np.empty(len(columns), dtype=np.int64)
    found[~elsewhere] = values[columns[~elsewhere] - first]
    found[elsewhere] = dof_values(index_map, columns[elsewhere], values)
    return found


class VertexBlocks:
    """Damped block Jacobi: each block holds the unknowns of a vertex that are tied together.

    Args:
        matrix: Matrix.
        here: Ties of some vertices, on one rank.
        share: What of a tie is on the diagonal of the matrix.
        stack: Destroys what this holds.
    """

    def __init__(self, matrix: PETSc.Mat, here: TiesHere, share: float, stack: ExitStack) -> None:
        rows, columns, values = _inverse_blocks(here, share)
        own = np.arange(*matrix.getOwnershipRange())
        # Entries are added: the inverse of the diagonal, and what blocks change of it.
        self._inverse = from_triplets(
            matrix.getSizes(),
            np.concatenate([own, rows]),
            np.concatenate([own, columns]),
            _DAMPING * np.concatenate([1.0 / diagonal_of(matrix), values]),
            matrix.comm,
        )
        stack.callback(self._inverse.destroy)

    def correct(self, residual: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Add the solution of each block for its residual."""
        self._inverse.multAdd(residual, solution, solution)


def _inverse_blocks(here: TiesHere, share: float) -> tuple[Numbers, Numbers, Array]:
    """Invert the blocks of clusters of several unknowns, less the inverse of their diagonal.

    Returns:
        Global rows and columns and values of the entries.
    """
    size = np.bincount(here.cluster)
    order = np.argsort(here.cluster, kind="stable")
    start = np.cumsum(size) - size
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - start[here.cluster[order]]
    of_tie = here.cluster[here.ends]
    inside = of_tie[:, 0] == of_tie[:, 1]
    ends, conductance = here.ends[inside], here.conductance[inside]
    parts: list[tuple[Numbers, Numbers, Array]] = []
    for n in np.unique(size[size > 1]).tolist():
        clusters = np.flatnonzero(size == n)
        position = np.full(len(size), -1)
        position[clusters] = np.arange(len(clusters))
        members = order[start[clusters][:, None] + np.arange(n)]
        block = np.zeros((len(clusters), n, n))
        block[:, np.arange(n), np.arange(n)] = here.diagonal[members]
        mine = size[here.cluster[ends[:, 0]]] == n
        one, other = ends[mine].T
        which, tie = position[here.cluster[one]], share * conductance[mine]
        np.subtract.at(block, (which, place[one], place[other]), tie)
        np.subtract.at(block, (which, place[other], place[one]), tie)
        inverse = np.linalg.inv(block)
        inverse[:, np.arange(n), np.arange(n)] -= 1.0 / here.diagonal[members]
        dofs = here.dofs[members]
        rows = np.repeat(dofs, n, axis=1).reshape(-1)
        parts.append((rows, np.tile(dofs, (1, n)).reshape(-1), inverse.reshape(-1)))
    none = np.empty(0, dtype=np.int64)
    parts.append((none, none, np.empty(0)))
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return rows, columns, values


class Multigrid:
    """Correction by multigrid, for the matrix or for the one in which clusters are one unknown.

    Args:
        matrix: Matrix.
        index_map: Numbers of its unknowns.
        root: Unknown that stands for the cluster of each owned unknown, shape (n_owned,).
        stack: Destroys what this holds.
    """

    def __init__(
        self, matrix: PETSc.Mat, index_map: cpp.common.IndexMap, root: Numbers, stack: ExitStack
    ) -> None:
        self._copy = _copy_to_clusters(matrix, index_map, root)
        coarse = matrix
        if self._copy is not None:
            stack.callback(self._copy.destroy)
            coarse = _join(matrix, self._copy)
            stack.callback(coarse.destroy)
        self._solver = PETSc.PC().create(matrix.comm)
        stack.callback(self._solver.destroy)
        self._solver.setOptionsPrefix(PREFIX)
        self._solver.setOperators(coarse)
        self._solver.setFromOptions()
        self._solver.setUp()
        self._load, self._found = coarse.createVecs()
        stack.callback(self._load.destroy)
        stack.callback(self._found.destroy)

    @property
    def joins(self) -> bool:
        """Whether there are clusters."""
        return self._copy is not None

    def correct(self, residual: PETSc.Vec, solution: PETSc.Vec) -> None:
        """Add one cycle for the residual."""
        if self._copy is None:
            self._solver.apply(residual, self._found)
            solution.axpy(1.0, self._found)
            return
        self._copy.multTranspose(residual, self._load)
        self._solver.apply(self._load, self._found)
        self._copy.multAdd(self._found, solution, solution)


def _join(matrix: PETSc.Mat, copy: PETSc.Mat) -> PETSc.Mat:
    """Matrix in which clusters are one unknown.

    Strong springs within clusters cancel and leave rounding errors, which at contrast are no longer
    small against the rest. So the diagonal is found from the other entries of its row, and from
    what goes to fixed nodes, of which springs take no part either.
    """
    coarse = matrix.ptap(copy)
    coarse.setOption(PETSc.Mat.Option.SYMMETRIC, True)
    coarse.setOption(PETSc.Mat.Option.SYMMETRY_ETERNAL, True)
    leak = product(copy, product(matrix, np.ones(matrix.getLocalSize()[0])), transposed=True)
    leak[leak <= _ROUNDING * product(copy, diagonal_of(matrix), transposed=True)] = 0.0
    diagonal = coarse.getDiagonal()
    diagonal.array[:] += leak - product(coarse, np.ones(len(leak)))
    coarse.setDiagonal(diagonal)
    diagonal.destroy()
    return coarse


def _copy_to_clusters(
    matrix: PETSc.Mat, index_map: cpp.common.IndexMap, root: Numbers
) -> PETSc.Mat | None:
    """Matrix that gives all unknowns of a cluster its value; None without clusters (collective)."""
    comm, (start, end) = index_map.comm, index_map.local_range
    stands = root == np.arange(start, end)
    counts = comm.allgather(int(stands.sum()))
    if sum(counts) == index_map.size_global:
        return None
    number = np.cumsum(stands) - 1 + sum(counts[: comm.rank])
    column = _of_columns(index_map, root, number)
    return PETSc.Mat().createAIJ(
        size=(matrix.getSizes()[0], (counts[comm.rank], sum(counts))),
        csr=(
            np.arange(len(root) + 1, dtype=PETSc.IntType),
            column.astype(PETSc.IntType),
            np.ones(len(root)),
        ),
        comm=comm,
    )
