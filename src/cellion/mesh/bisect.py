"""Local refinement of a mesh as it is, without its geometry: cells are bisected at their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.mesh.data import MeshData
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.quality import shape_numbers
from cellion.mesh.simplices import canonical_edges, cell_edges, sorted_unique, split_edges

__all__ = ["bisect", "cells_around"]


def bisect(data: MeshData, marked: NDArray[np.bool_]) -> MeshData:
    """Halve all edges of marked cells, and what else keeps the mesh conforming.

    An edge is halved only together with the longest edge of each cell around it, and cells are
    bisected at their longest edge first: a marked triangle becomes 4, a marked tetrahedron 8 cells,
    and angles stay bounded however often this is repeated. The order of edges of equal length is
    one for the whole mesh, images under the period included, so that neighbours and opposite faces
    are divided alike.

    Args:
        data: Mesh.
        marked: Whether each cell is to be refined, shape (m,).

    Returns:
        The finer mesh; labels, box and faces as before.

    Source: Rivara, Int. J. Numer. Methods Eng. 20 (1984) 745; Plaza and Rivara, Appl. Math. Comput.
    131 (2002) 39 (eight tetrahedra).
    """
    n = len(data.points)
    edges = cell_edges(data.cells, n)
    keys = sorted_unique(edges)
    ends, first, image = canonical_edges(keys, match_periodic_faces(data).representative)
    ranks = _ranks(data.points[ends[first]])[image]
    edges = np.searchsorted(keys, edges)
    longest = edges[np.arange(len(edges)), ranks[edges].argmin(axis=1)]
    halved = _closure(image[edges], image[longest], marked, len(first))[image]
    cells, parents = split_edges(
        data.cells, keys[halved], n + np.arange(np.count_nonzero(halved)), ranks[halved], n
    )
    points = np.concatenate([data.points, data.points[ends[halved]].mean(axis=1)])
    quality = dict(data.quality) | shape_numbers(points, cells)
    return replace(data, points=points, cells=cells, labels=data.labels[parents], quality=quality)


def cells_around(data: MeshData, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Flag the cells that have their midpoints at places.

    Args:
        data: Mesh.
        places: Midpoints, from the lower corner of the box, shape (k, d) [m].

    Returns:
        A flag for each cell, shape (m,).
    """
    midpoints = data.points[data.cells].mean(axis=1) - data.origin
    flags = np.zeros(len(data.cells), dtype=np.bool_)
    flags[cKDTree(midpoints).query(places)[1]] = True
    return flags


def _ranks(corners: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank edges by length, the longest first, from their ends, shape (c, 2, d)."""
    lengths = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)
    ranks = np.empty(len(lengths), dtype=np.int64)
    ranks[np.argsort(-lengths, kind="stable")] = np.arange(len(lengths))
    return ranks


def _closure(
    edges: NDArray[np.int64],
    longest: NDArray[np.int64],
    marked: NDArray[np.bool_],
    count: int,
) -> NDArray[np.bool_]:
    """Flag the edges of marked cells, and the longest one of every cell that has a flagged edge.

    Args:
        edges: Edges of each cell, images united, shape (m, 3 or 6).
        longest: The longest of them, shape (m,).
        marked: Whether each cell is marked, shape (m,).
        count: Number of edges.
    """
    flags = np.zeros(count, dtype=np.bool_)
    flags[edges[marked]] = True
    while True:
        wanted = longest[flags[edges].any(axis=1)]
        if flags[wanted].all():
            return flags
        flags[wanted] = True
