"""Preconditioner of problems with resistive interfaces, robust in their resistance R.

Multigrid alone fails for small R (stiff springs between the unknowns of a vertex) and for large R
(grains that nearly float). Here corrections follow one another, there and back, around it:

1. one constant per label, for grains that nearly float;
2. labels that nearly float, each solved directly as far as they are not too large: their slow
   modes are many, and multigrid finds them hard, the more so the stronger their anisotropy;
3. the unknowns of a vertex that interfaces tie together, solved directly per vertex (block Jacobi);
4. in the middle, multigrid for the problem in which these are one unknown.

For R below about h / sigma (mesh size h) all unknowns of a vertex are tied, and 4 is the problem of
perfect contact; for larger R none are, and 4 is the problem itself, with the interfaces as weak
couplings. Where several resistances or conductors meet, some are (`agglomerate`).

The whole is symmetric, and positive definite because no correction expands an error in the energy
norm: 1 is a projection; in 2, the entries within blocks make at least half of the matrix, as an
interface joins two; in 3 they make at least a quarter, as a cell has at most 4 vertices, hence
damping by 1/2; the cycle of 4 contracts. All but 4 is independent of the distribution over ranks.

Source: Xu, SIAM Review 34 (1992) 581 (corrections in subspaces); Toselli and Widlund, Domain
Decomposition Methods (2005), ch. 6 (constants of substructures).
"""

from __future__ import annotations

from contextlib import ExitStack

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.transport.index_maps import dof_values
from cellion.transport.matrices import diagonal_of, product, summed
from cellion.transport.preconditioner.agglomerate import (
    InterfaceCouplings,
    TiesHere,
    gather_ties,
    roots,
)
from cellion.transport.preconditioner.subspace_corrections import (
    BlockSolves,
    Correction,
    LabelConstants,
    Multigrid,
    VertexBlocks,
)

__all__ = ["Corrections", "precondition"]

type Array = NDArray[np.float64]
type Flags = NDArray[np.bool_]
type Numbers = NDArray[np.int64]

_LARGEST_BLOCK = 5_000
"""Most unknowns of a block that is solved directly: above, multigrid is cheaper, which takes 57
iterations where this takes 3 (R = 1e6, 1000 grains, 0.4 million unknowns)."""

_LARGEST_ANISOTROPIC = 30_000
"""The same for strong anisotropy, with which multigrid may take hundreds of iterations."""

_MOST_ENTRIES = 2.5e8
"""Most entries of the factor, 8 bytes each; a block of n unknowns has about 2 n^1.5 (measured)."""

_FLOATS = 1.0
"""Conductance to neighbours, over that of a block itself, below which the block nearly floats."""


def precondition(solver: PETSc.KSP, couplings: InterfaceCouplings) -> None:
    """Give a solver this preconditioner (collective).

    It is set up anew whenever the solver is after its matrix has changed. The multigrid in it has
    the options under `cellion.transport.preconditioner.solver_options.PREFIX`.

    Args:
        solver: Solver that has read its options.
        couplings: Unknowns of its matrix.
    """
    pc = solver.getPC()
    pc.setType(PETSc.PC.Type.PYTHON)
    pc.setPythonContext(Corrections(couplings))


class Corrections:
    """Context of the preconditioner; PETSc calls its methods.

    Args:
        couplings: Unknowns of the matrix.
    """

    def __init__(self, couplings: InterfaceCouplings) -> None:
        self.couplings = couplings
        self._stack = ExitStack()
        self._steps: list[Correction] = []

    def setUp(self, pc: PETSc.PC) -> None:
        """Set up all corrections for the matrix that the preconditioner has now (collective)."""
        self._stack.close()
        couplings, matrix = self.couplings, pc.getOperators()[0]
        comm = couplings.index_map.comm
        stiffness, diagonal = _stiffness(couplings, matrix)
        here = gather_ties(couplings, stiffness, diagonal)
        middle = Multigrid(
            matrix, couplings.index_map, roots(couplings.index_map, here), self._stack
        )
        steps: list[Correction] = []
        of_tie = here.cluster[here.ends]
        if comm.allreduce(int((of_tie[:, 0] != of_tie[:, 1]).sum())):
            label = np.where(np.isnan(stiffness), -1, couplings.label).astype(np.int64)
            steps.append(LabelConstants(matrix, label, len(couplings.block)))
            block = _solved_blocks(couplings, here, stiffness)
            if comm.allreduce(int((block >= 0).sum())):
                steps.append(BlockSolves(matrix, couplings.index_map, block, self._stack))
        if middle.joins:
            steps.append(VertexBlocks(matrix, here, couplings.share, self._stack))
        self._steps = [*steps, middle, *steps[::-1]]
        self._matrix, self._residual = matrix, matrix.createVecLeft()
        self._stack.callback(self._residual.destroy)

    def apply(self, pc: PETSc.PC, x: PETSc.Vec, y: PETSc.Vec) -> None:
        """Correct one after the other, each for the residual that is left (collective)."""
        y.set(0.0)
        self._steps[0].correct(x, y)
        for step in self._steps[1:]:
            self._matrix.mult(y, self._residual)
            self._residual.aypx(-1.0, x)
            step.correct(self._residual, y)

    def destroy(self, pc: PETSc.PC) -> None:
        """Free what PETSc holds."""
        self._steps = []
        self._stack.close()


def _stiffness(couplings: InterfaceCouplings, matrix: PETSc.Mat) -> tuple[Array, Array]:
    """Contribution of the cells to the diagonal, and the diagonal, of each owned unknown.

    The first is not a number for fixed unknowns. Their rows have no entry but the diagonal, so that
    the product with random numbers is exactly that of the diagonal.
    """
    diagonal = diagonal_of(matrix)
    probe = 0.5 + np.random.default_rng(4177).random(len(diagonal))
    fixed: Flags = product(matrix, probe) == diagonal * probe
    ends, each = couplings.pairs.T.reshape(-1), np.tile(couplings.conductance, 2)
    held = summed(matrix.getSizes()[0], ends, each, matrix.comm)
    stiffness: Array = diagonal - couplings.share * held
    stiffness = np.maximum(stiffness, np.finfo(np.float64).eps * diagonal)
    stiffness[fixed] = np.nan
    return stiffness, diagonal


def _solved_blocks(couplings: InterfaceCouplings, here: TiesHere, stiffness: Array) -> Numbers:
    """Choose blocks that nearly float, as far as they fit into memory (collective).

    A block of n unknowns with mean stiffness k, about sigma h, has a conductance of about
    k n^(1/3), which is about sigma times its size; it floats if those to its neighbours are less.

    Args:
        couplings: Unknowns.
        here: Ties gathered on this rank.
        stiffness: What the cells add to the diagonal; not a number for fixed unknowns.

    Returns:
        Block of each owned unknown that belongs to a chosen one, else -1.
    """
    comm, count = couplings.index_map.comm, len(couplings.anisotropic)
    free = ~np.isnan(stiffness)
    block = np.where(free, couplings.block[couplings.label], -1)
    at_ends = dof_values(couplings.index_map, here.dofs, block)[here.ends]
    across = at_ends[:, 0] != at_ends[:, 1]
    conductance = np.repeat(here.conductance[across], 2)
    size = comm.allreduce(np.bincount(block[free], minlength=count))
    total = comm.allreduce(np.bincount(block[free], stiffness[free], count))
    held = comm.allreduce(np.bincount(at_ends[across].reshape(-1), conductance, count))
    own = total / np.maximum(size, 1).astype(np.float64) ** (2.0 / 3.0)
    largest = np.where(couplings.anisotropic, _LARGEST_ANISOTROPIC, _LARGEST_BLOCK)
    wanted = (held < _FLOATS * own) & (size <= largest)
    entries = np.where(wanted, 2.0 * size.astype(np.float64) ** 1.5, 0.0)
    order = np.argsort(entries, kind="stable")
    fits = np.empty(count, dtype=bool)
    fits[order] = np.cumsum(entries[order]) <= _MOST_ENTRIES
    chosen = np.append(wanted & fits, False)
    return np.where(chosen[block], block, -1)
