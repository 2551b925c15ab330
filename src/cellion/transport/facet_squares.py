"""The energy of Crouzeix-Raviart functions as a sum of squares.

With S = F^T F and the area vectors a_i of `cellion.transport.simplex_fields`, a function with means
x_i on the facets of a cell of volume V dissipates

    |F (e + sum_i x_i a_i / V)|^2 V

in a mean field e. A resistive facet adds the square of the difference of its two means, and a sheet
those of the differences between its edges and the facet. Together they are |B x + g|^2: the matrix
of the unknowns is B^T B, and their load -B^T g. No row of B needs what a neighbour knows, so that B
is written down much faster than its product is assembled.
"""

from __future__ import annotations

from typing import NamedTuple

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.periodicity import AXES
from cellion.transport.facet_levels import FacetProblem
from cellion.transport.interfaces import dof_values
from cellion.transport.simplex_fields import area_vectors
from cellion.transport.system import scale_of

__all__ = ["p1_means", "sum_of_squares"]

type Array = NDArray[np.float64]


class _Pieces(NamedTuple):
    """Cells, resistive facets or sheets, each with the same number of squares.

    Attributes:
        unknowns: Global unknowns of each, shape (n, k).
        rows: Rows of B in these, shape (n, r, k).
        fields: g of a unit mean field along each axis, shape (n, r, d).
        group: Component of each, shape (n,).
    """

    unknowns: NDArray[np.int64]
    rows: Array
    fields: Array
    group: NDArray[np.int64]


def sum_of_squares(numbered: FacetProblem) -> tuple[PETSc.Mat, Array]:
    """Write down the scaled energy |B x + g|^2 (collective).

    Args:
        numbered: Problem and unknowns.

    Returns:
        B, to be destroyed by the caller, and g of unit mean fields along each axis in the
        components that carry current along it, shape (owned rows, d).
    """
    facets, scale = numbered.facets, scale_of(numbered.solution.problem)
    dofs, sheets = facets.discrete.dofs, facets.sheets
    pieces = [_cells(numbered)]
    if facets.discrete.interfaces is not None:
        pieces.append(_resistive_facets(numbered))
    if sheets is not None:
        pieces.append(_sheets(numbered))
    counts = [np.full(each.rows.shape[0] * each.rows.shape[1], each.rows.shape[2]) for each in pieces]
    columns = [np.repeat(each.unknowns, each.rows.shape[1], axis=0).reshape(-1) for each in pieces]
    entries = np.concatenate([each.rows.reshape(-1) for each in pieces]) / np.sqrt(scale.matrix)
    local = dofs.index_map.size_local, dofs.index_map.size_global
    matrix = PETSc.Mat().createAIJ(
        size=((sum(map(len, counts)), None), local if sheets is None else sheets.size),
        csr=(
            np.concatenate([[0], *counts]).cumsum().astype(PETSc.IntType),
            np.concatenate(columns).astype(PETSc.IntType),
            entries,
        ),
        comm=dofs.index_map.comm,
    )
    # Products by blocks of rows with the same columns are slower here.
    matrix.setOption(PETSc.Mat.Option.USE_INODES, False)
    through = facets.discrete.components.percolates
    dimension = numbered.solution.problem.mesh.dimension
    fields = [each.fields * through[each.group][:, None] for each in pieces]
    unit = np.sqrt(scale.matrix) * scale.length
    return matrix, np.concatenate([each.reshape(-1, dimension) for each in fields]) / unit


def _cells(numbered: FacetProblem) -> _Pieces:
    """Squares of the bulk."""
    problem, discrete = numbered.solution.problem, numbered.facets.discrete
    cells = np.flatnonzero(discrete.group >= 0)
    vectors, volumes = area_vectors(problem.mesh.points[problem.mesh.cells[cells]])
    values, axes = np.linalg.eigh(problem.label_conductivity)
    roots = np.sqrt(np.maximum(values, 0.0))[:, :, None] * axes.transpose(0, 2, 1)
    of_cells = roots[problem.mesh.cell_labels[cells]] / np.sqrt(volumes)[:, None, None]
    return _Pieces(
        unknowns=_columns(numbered)[discrete.dofs.of_cell[cells]],
        rows=of_cells @ vectors.transpose(0, 2, 1),
        fields=of_cells * volumes[:, None, None],
        group=discrete.group[cells],
    )


def _resistive_facets(numbered: FacetProblem) -> _Pieces:
    """Squares of the jumps."""
    resistive = numbered.facets.discrete.interfaces.resistive
    sheets, unknowns = numbered.facets.sheets, resistive.dofs[:, :, 0]
    root = np.sqrt(resistive.conductance * resistive.areas)
    return _Pieces(
        unknowns=unknowns if sheets is None else sheets.rows_of_facets(unknowns),
        rows=root[:, None, None] * np.array([-1.0, 1.0]),
        fields=np.zeros((len(root), 1, numbered.solution.problem.mesh.dimension)),
        group=resistive.group,
    )


def _sheets(numbered: FacetProblem) -> _Pieces:
    """Squares of what flows through the edges of sheets."""
    sheets = numbered.facets.sheets
    roots = np.linalg.cholesky(sheets.inverse).transpose(0, 2, 1)
    from_facet = -roots.sum(axis=2, keepdims=True)
    return _Pieces(
        unknowns=sheets.rows,
        rows=np.concatenate([roots, from_facet], axis=2),
        fields=roots @ sheets.reach,
        group=sheets.group,
    )


def _columns(numbered: FacetProblem) -> NDArray[np.int64]:
    """Column of each local unknown on facets."""
    dofs, sheets = numbered.facets.discrete.dofs, numbered.facets.sheets
    number = dofs.index_map.local_to_global(np.arange(len(dofs.group), dtype=np.int32))
    return number if sheets is None else sheets.rows_of_facets(number)


def p1_means(numbered: FacetProblem, direction: str) -> Array:
    """P1 corrector of a direction in the unknowns, scaled; the owned ones (collective)."""
    solution, facets = numbered.solution, numbered.facets
    nodes, dofs = solution.discrete.dofs, facets.discrete.dofs
    values = solution.correctors[direction].x.array / scale_of(solution.problem).length
    cells = np.flatnonzero(facets.discrete.group >= 0)
    corners = values[nodes.of_cell[cells]]
    means = np.empty(len(dofs.group))
    others = corners.sum(axis=1, keepdims=True) - corners
    means[dofs.of_cell[cells]] = others / solution.problem.mesh.dimension
    owned = means[: dofs.index_map.size_local]
    if facets.sheets is None:
        return owned
    ends = dof_values(nodes.index_map, facets.sheets.edge_nodes, values)
    return np.concatenate([owned, ends.mean(axis=1)])
