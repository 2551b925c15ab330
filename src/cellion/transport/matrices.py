"""PETSc matrices from triplets, and their products with plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

__all__ = ["diagonal_of", "from_elements", "from_triplets", "product", "summed"]

type Array = NDArray[np.float64]
type Numbers = NDArray[np.integer[Any]]


def from_triplets(
    sizes: tuple[tuple[int, int], tuple[int, int]],
    rows: Numbers,
    columns: Numbers,
    values: Array,
    comm: Any,
) -> PETSc.Mat:
    """Assemble entries of any rank; those of one place are added (collective).

    Args:
        sizes: Rows and columns, each of this rank and of all.
        rows: Global row of each entry, shape (n,).
        columns: Global column of each entry, shape (n,).
        values: Entries, shape (n,).
        comm: Communicator.
    """
    matrix = PETSc.Mat().create(comm=comm)
    matrix.setSizes(sizes)
    matrix.setType(PETSc.Mat.Type.AIJ)
    matrix.setPreallocationCOO(rows.astype(PETSc.IntType), columns.astype(PETSc.IntType))
    matrix.setValuesCOO(values, addv=PETSc.InsertMode.ADD_VALUES)
    return matrix


def from_elements(
    size: tuple[int, int], parts: Sequence[tuple[Numbers, Array]], comm: Any
) -> PETSc.Mat:
    """Assemble square element matrices of any rank (collective).

    Args:
        size: Unknowns of this rank and of all.
        parts: Global unknowns, shape (n, k), and matrices, shape (n, k, k), of kinds of elements.
        comm: Communicator.
    """
    rows = [np.repeat(dofs, dofs.shape[1], axis=1).reshape(-1) for dofs, _ in parts]
    columns = [np.tile(dofs, (1, dofs.shape[1])).reshape(-1) for dofs, _ in parts]
    values = np.concatenate([entries.reshape(-1) for _, entries in parts])
    return from_triplets((size, size), np.concatenate(rows), np.concatenate(columns), values, comm)


def summed(size: tuple[int, int], numbers: Numbers, values: Array, comm: Any) -> Array:
    """Sum of the values of any rank that each owned unknown is given (collective).

    Args:
        size: Unknowns of this rank and of all.
        numbers: Global unknowns, shape (n,).
        values: Values, shape (n,).
        comm: Communicator.
    """
    vector = PETSc.Vec().createMPI(size, comm=comm)
    vector.setValues(numbers.astype(PETSc.IntType), values, addv=PETSc.InsertMode.ADD_VALUES)
    vector.assemble()
    entries = np.array(vector.array)
    vector.destroy()
    return entries


def product(matrix: PETSc.Mat, values: Array, *, transposed: bool = False) -> Array:
    """Product with a vector given and returned by its owned entries (collective)."""
    vector, found = matrix.createVecs()[:: -1 if transposed else 1]
    vector.array[:] = values
    (matrix.multTranspose if transposed else matrix.mult)(vector, found)
    entries = np.array(found.array)
    vector.destroy()
    found.destroy()
    return entries


def diagonal_of(matrix: PETSc.Mat) -> Array:
    """Diagonal entries of the owned rows."""
    vector = matrix.getDiagonal()
    entries = np.array(vector.array)
    vector.destroy()
    return entries
