"""Fixed unknowns and null spaces, which make the matrices of transport regular."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.transport.primal.spaces import KeyedDofs

__all__ = ["constant_modes", "fix_rows", "owned_groups"]

type Flags = NDArray[np.bool_]

_FIXED_DIAGONAL = 0.1
"""Diagonal of fixed nodes over the mean diagonal; larger values stiffen coarse nodes near them."""


def owned_groups(dofs: KeyedDofs) -> NDArray[np.int64]:
    """Component of each owned unknown."""
    return dofs.group[: dofs.index_map.size_local]


def constant_modes(
    group: NDArray[np.integer[Any]], matrix: PETSc.Mat, stack: ExitStack
) -> PETSc.NullSpace:
    """Null space of the matrix without fixed nodes: a constant on each solved component.

    Args:
        group: Component of each owned unknown.
        matrix: The matrix.
        stack: Destroys what is made.
    """
    comm = matrix.comm.tompi4py()
    names = sorted(set().union(*comm.allgather(np.unique(group).tolist())))
    if len(names) == 1:
        space = PETSc.NullSpace().create(constant=True, comm=comm)
        stack.callback(space.destroy)
        return space
    vectors = []
    for name in names:
        vector = matrix.createVecRight()
        stack.callback(vector.destroy)
        vector.array[:] = group == name
        vector.normalize()
        vectors.append(vector)
    space = PETSc.NullSpace().create(constant=False, vectors=vectors, comm=comm)
    stack.callback(space.destroy)
    return space


def fix_rows(matrix: PETSc.Mat, fixed: Flags) -> None:
    """Replace the rows and columns of fixed nodes by a diagonal."""
    diagonal = matrix.getDiagonal()
    mean = float(_FIXED_DIAGONAL * diagonal.sum() / matrix.getSize()[0])
    diagonal.destroy()
    rows = np.flatnonzero(fixed) + matrix.getOwnershipRange()[0]
    matrix.zeroRowsColumns(rows.astype(PETSc.IntType), mean)
