"""One piece of a mesh for each rank, cut by planes, with ghost cells across the cuts.

The cells are divided by recursive coordinate bisection (Berger and Bokhari, IEEE Trans. Comput.
C-36 (1987) 570): the longest extent is halved until there is a part for each rank. Within a part,
vertices follow a space-filling (Morton) curve and cells follow their vertices, so that matrices
have small bandwidth whatever the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from cellion.mesh.facets import facet_vertices, flagged_facets, match_facets
from cellion.mesh.periodicity import Periodicity

__all__ = ["Piece", "bisect_coordinates", "split_mesh"]

_MORTON_BITS = 20


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What one rank holds of a mesh: owned cells and vertices first, then ghosts.

    Attributes:
        points: Coordinates of owned and ghost vertices, shape (n, d) [m].
        cells: Local vertices of owned and ghost cells, shape (m, d + 1).
        labels: Label of each cell, shape (m,).
        input_cells: Index of each cell in the undistributed mesh, shape (m,).
        input_vertices: Index of each vertex in the undistributed mesh, shape (n,).
        representative: Global index of the representative of each vertex, shape (n,).
        ghost_cells: Global index of each ghost cell.
        ghost_cell_owners: Rank that owns each ghost cell.
        ghost_vertices: Global index of each ghost vertex.
        ghost_vertex_owners: Rank that owns each ghost vertex.
        periodic_facets: Owned cell at an upper face (local index), its facet, the cell that
            continues it at the lower face (global index) and the axis, shape (f, 4).
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int32]
    labels: NDArray[np.int32]
    input_cells: NDArray[np.int64]
    input_vertices: NDArray[np.int64]
    representative: NDArray[np.int64]
    ghost_cells: NDArray[np.int64]
    ghost_cell_owners: NDArray[np.int32]
    ghost_vertices: NDArray[np.int64]
    ghost_vertex_owners: NDArray[np.int32]
    periodic_facets: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Numbering:
    """Global numbering: cells and vertices of rank r are contiguous.

    Attributes:
        cells: Global vertices of each cell in the new order, shape (m, d + 1).
        cell_order: Input cell of each new cell, shape (m,).
        vertex_order: Input vertex of each new vertex, shape (n,).
        cell_offsets: First cell of each rank, shape (size + 1,).
        vertex_offsets: First vertex of each rank, shape (size + 1,).
        ghosts: Rank and cell that it needs as ghost, shape (g, 2), unique, ordered.
    """

    cells: NDArray[np.int32]
    cell_order: NDArray[np.intp]
    vertex_order: NDArray[np.intp]
    cell_offsets: NDArray[np.int64]
    vertex_offsets: NDArray[np.int64]
    ghosts: NDArray[np.int64]


def bisect_coordinates(points: NDArray[np.float64], parts: int) -> NDArray[np.int32]:
    """Divide points into parts of equal size by planes.

    Args:
        points: Coordinates, shape (n, d).
        parts: Number of parts.

    Returns:
        Part of each point, shape (n,); sizes differ by rounding only.
    """
    part = np.zeros(len(points), dtype=np.int32)
    stack = [(np.arange(len(points)), 0, parts)]
    while stack:
        members, first, count = stack.pop()
        if count == 1:
            part[members] = first
            continue
        left = count // 2
        where = points[members]
        axis = int(np.argmax(np.ptp(where, axis=0))) if len(members) else 0
        cut = len(members) * left // count
        order = np.argpartition(where[:, axis], cut) if len(members) else members
        stack.append((members[order[:cut]], first, left))
        stack.append((members[order[cut:]], first + left, count - left))
    return part


def _morton(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Position of each point on a Morton curve through the bounding box."""
    low = points.min(axis=0)
    scale = (2**_MORTON_BITS - 1) / max(float(np.ptp(points, axis=0).max()), np.finfo(float).tiny)
    code = np.zeros(len(points), dtype=np.int64)
    d = points.shape[1]
    for axis in range(d):
        bits = ((points[:, axis] - low[axis]) * scale).astype(np.int64)
        for bit in range(_MORTON_BITS):
            code |= ((bits >> bit) & 1) << (d * bit + axis)
    return code


def _midpoints(data: MeshData) -> NDArray[np.float64]:
    """Midpoint of each cell, shape (m, d) [m]."""
    total: NDArray[np.float64] = data.points[data.cells[:, 0]]
    for corner in range(1, data.cells.shape[1]):
        total += data.points[data.cells[:, corner]]
    total /= data.cells.shape[1]
    return total


def _number(data: MeshData, size: int) -> _Numbering:
    """Divide the cells, give each vertex an owner that has a cell with it, number both."""
    n = len(data.points)
    part = np.zeros(len(data.cells), dtype=np.int32)
    if size > 1:
        part = bisect_coordinates(_midpoints(data), size)
    owner = np.full(n, -1, dtype=np.int32)
    for corner in range(data.cells.shape[1]):
        owner[data.cells[:, corner]] = part
    vertex_order = np.lexsort((_morton(data.points), owner))
    vertex_order = vertex_order[np.searchsorted(owner[vertex_order], 0) :]
    new_vertex = np.zeros(n, dtype=np.int32)
    new_vertex[vertex_order] = np.arange(len(vertex_order), dtype=np.int32)
    cells = new_vertex[data.cells]
    first = np.minimum.reduce([cells[:, corner] for corner in range(cells.shape[1])])
    cell_order = np.argsort(part * np.int64(n) + first, kind="stable")
    cells, part = cells[cell_order], part[cell_order]
    edges = np.arange(size + 1)
    return _Numbering(
        cells=cells,
        cell_order=cell_order,
        vertex_order=vertex_order,
        cell_offsets=np.searchsorted(part, edges).astype(np.int64),
        vertex_offsets=np.searchsorted(owner[vertex_order], edges).astype(np.int64),
        ghosts=_ghost_cells(cells, part, len(vertex_order)),
    )


def _ghost_cells(
    cells: NDArray[np.int32], part: NDArray[np.int32], n_vertices: int
) -> NDArray[np.int64]:
    """Return (rank, cell) for cells of other ranks that share a facet with one of the rank."""
    if part[0] == part[-1]:
        return np.empty((0, 2), dtype=np.int64)
    some = np.zeros(n_vertices, dtype=np.int32)
    for corner in range(cells.shape[1]):
        some[cells[:, corner]] = part
    border = np.zeros(n_vertices, dtype=bool)
    for corner in range(cells.shape[1]):
        vertices = cells[:, corner]
        border[vertices[some[vertices] != part]] = True
    facets = flagged_facets(cells, border)
    pairs = facets[match_facets(facet_vertices(cells, facets)), 0].astype(np.int64)
    pairs = pairs[part[pairs[:, 0]] != part[pairs[:, 1]]]
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return np.unique(np.stack([part[both[:, 0]], both[:, 1]], axis=1), axis=0)


def split_mesh(data: MeshData, periodicity: Periodicity, size: int) -> Iterator[Piece]:
    """Cut a mesh into one piece per rank; pieces are made one at a time.

    Args:
        data: The whole mesh.
        periodicity: How it continues through the faces of its box.
        size: Number of pieces.

    Yields:
        The piece of rank 0, 1, ..., size - 1. Cells across a facet of an owned cell are ghosts.
        Vertices that no cell uses are left out.
    """
    numbering = _number(data, size)
    new_vertex = np.full(len(data.points), -1, dtype=np.int64)
    new_vertex[numbering.vertex_order] = np.arange(len(numbering.vertex_order))
    representative = new_vertex[periodicity.representative[numbering.vertex_order]]
    new_cell = np.empty(len(data.cells), dtype=np.int64)
    new_cell[numbering.cell_order] = np.arange(len(data.cells))
    meeting = periodicity.facets.copy()
    meeting[:, [0, 2]] = new_cell[meeting[:, [0, 2]]]
    for rank in range(size):
        yield _piece(data, numbering, representative, meeting, rank)


def _piece(
    data: MeshData,
    numbering: _Numbering,
    representative: NDArray[np.int64],
    meeting: NDArray[np.int64],
    rank: int,
) -> Piece:
    """Gather what rank ``rank`` holds and number it locally."""
    first, last = (int(o) for o in numbering.cell_offsets[rank : rank + 2])
    low, high = (int(o) for o in numbering.vertex_offsets[rank : rank + 2])
    ghosts = numbering.ghosts[numbering.ghosts[:, 0] == rank, 1]
    cells = numbering.cells[first:last]
    if len(ghosts):
        cells = np.concatenate([cells, numbering.cells[ghosts]])
    beyond = (cells < low) | (cells >= high)
    outside, position = np.unique(cells[beyond], return_inverse=True)
    local = cells - np.int32(low)
    local[beyond] = high - low + position
    global_cells = np.concatenate([np.arange(first, last), ghosts])
    global_vertices = np.concatenate([np.arange(low, high), outside])
    input_cells = numbering.cell_order[global_cells]
    input_vertices = numbering.vertex_order[global_vertices]
    mine = meeting[(meeting[:, 0] >= first) & (meeting[:, 0] < last)]
    return Piece(
        points=data.points[input_vertices],
        cells=local,
        labels=data.labels[input_cells].astype(np.int32),
        input_cells=input_cells.astype(np.int64),
        input_vertices=input_vertices.astype(np.int64),
        representative=representative[global_vertices],
        ghost_cells=ghosts,
        ghost_cell_owners=_owners(ghosts, numbering.cell_offsets),
        ghost_vertices=outside.astype(np.int64),
        ghost_vertex_owners=_owners(outside, numbering.vertex_offsets),
        periodic_facets=mine - np.array([first, 0, 0, 0]),
    )


def _owners(indices: NDArray[np.integer], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Rank whose contiguous range holds each global index."""
    return (np.searchsorted(offsets, indices, side="right") - 1).astype(np.int32)
