"""Facets of simplices as plain arrays: found from their vertices, without a global facet numbering.

Facet ``i`` of a simplex is the one opposite its vertex ``i``. A full facet numbering of a mesh of
six million tetrahedra costs more than solving on it; boundaries and interfaces involve few facets,
and these are found from flags at their vertices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["facet_areas", "facet_corners", "facet_vertices", "flagged_facets", "match_facets"]


def flagged_facets(
    cells: NDArray[np.integer[Any]], flag: NDArray[np.bool_], block: int = 1 << 16
) -> NDArray[np.int32]:
    """Return the facets all of whose vertices are flagged.

    Args:
        cells: Vertices of each simplex, shape (m, d + 1).
        flag: Flag of each vertex, shape (n,).
        block: Simplices handled at a time.

    Returns:
        Simplex and local facet, shape (f, 2), ordered by simplex; a facet between two simplices is
        listed twice, once from each side.
    """
    found = [np.empty((0, 2), dtype=np.int32)]
    d = cells.shape[1] - 1
    for start in range(0, len(cells), block):
        on = flag[cells[start : start + block]]
        count = sum(on[:, corner].astype(np.int8) for corner in range(d + 1))
        near = np.flatnonzero(count >= d)
        cell, local = np.nonzero((count[near, None] == d + 1) | ~on[near])
        found.append(np.stack([near[cell] + start, local], axis=1).astype(np.int32))
    return np.concatenate(found)


def facet_corners(dimension: int) -> NDArray[np.intp]:
    """Corners of a simplex on the facet opposite each of them, shape (d + 1, d)."""
    corners = range(dimension + 1)
    return np.array([[j for j in corners if j != i] for i in corners])


def facet_vertices(
    cells: NDArray[np.integer[Any]], facets: NDArray[np.integer[Any]]
) -> NDArray[np.integer[Any]]:
    """Return the vertices of facets given as (simplex, local facet), shape (f, d), ascending."""
    vertices = cells[facets[:, :1], facet_corners(cells.shape[1] - 1)[facets[:, 1]]]
    return np.sort(vertices, axis=1)


def match_facets(vertices: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Pair the rows that name the same facet.

    Args:
        vertices: Vertices of each facet in ascending order, shape (f, d).

    Returns:
        Pairs of rows with equal vertices, shape (p, 2). A facet listed once is in no pair.
    """
    keys = _folded(vertices)
    order = np.lexsort(keys)
    ordered = keys[:, order]
    same = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).all(axis=0))
    return np.stack([order[same], order[same + 1]], axis=1)


def _folded(vertices: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Fold columns into as few 64-bit keys as hold them, which sort three times as fast.

    Returns:
        Keys for ``numpy.lexsort``, shape (k, f); the last column is the most significant.
    """
    count = int(vertices.max(initial=0)) + 1
    keys, size = [vertices[:, -1].astype(np.int64)], count
    for column in vertices.T[-2::-1]:
        if size * count < np.iinfo(np.int64).max:
            keys[-1], size = keys[-1] * count + column, size * count
        else:
            keys.append(column.astype(np.int64))
            size = count
    return np.stack(keys[::-1])


def facet_areas(
    points: NDArray[np.float64], vertices: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return lengths (d = 2, [m]) or areas (d = 3, [m^2]) of facets.

    Args:
        points: Coordinates, shape (n, d) [m].
        vertices: Vertices of each facet, shape (f, d).
    """
    corners = points[vertices]
    edges = corners[:, 1:] - corners[:, :1]
    if points.shape[1] == 2:
        length: NDArray[np.float64] = np.linalg.norm(edges[:, 0], axis=1)
        return length
    area: NDArray[np.float64] = 0.5 * np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    return area
