"""Shape of mesh cells, and the invariants that every generated mesh must keep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.data import cell_volumes
from cellion.mesh.simplices import local_edges, local_facets

__all__ = [
    "check_invariants",
    "dihedral_range",
    "facet_order",
    "shape_numbers",
    "sine_of_corners",
    "smallest_sine",
]

BLOCK = 1 << 17
"""Cells handled at a time, so that temporary arrays stay in the cache."""


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products of vectors stored by component, each (3, n)."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scalar products of vectors stored by component."""
    total: NDArray[np.float64] = (a * b).sum(axis=0)
    return total


def smallest_sine(points: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Smallest sine of the dihedral angles (2D: angles) of each cell; negative when inverted.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).

    Returns:
        Values in [-1, 1], shape (m,); 0 for degenerate cells.
    """
    result = np.empty(len(cells))
    for start in range(0, len(cells), BLOCK):
        block = slice(start, start + BLOCK)
        result[block] = sine_of_corners(points[cells[block]])
    return result


def sine_of_corners(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """`smallest_sine` of simplices given by their corners, shape (m, d + 1, d).

    For a tetrahedron with volume V, the angle at the edge of length l between the faces of areas
    A and B obeys sin(theta) = 3 V l / (2 A B); for a triangle sin(theta) = 2 A / (l1 l2). Both
    ends of (0, pi) are bad, so the sine guards against flat and against sharp angles.
    """
    d = corners.shape[2]
    x = [np.ascontiguousarray(corners[:, k].T) for k in range(d + 1)]
    tiny = np.finfo(float).tiny
    if d == 2:
        u, v = x[1] - x[0], x[2] - x[0]
        determinant = u[0] * v[1] - u[1] * v[0]
        squared = [_dot(e, e) for e in (x[2] - x[1], v, u)]
        largest = np.maximum.reduce([squared[a] * squared[b] for a, b in local_edges(2)])
        return np.asarray(determinant / np.sqrt(np.maximum(largest, tiny)))
    u, v, w = x[1] - x[0], x[2] - x[0], x[3] - x[0]
    # Normals of the faces opposite to vertices 1, 2, 3 and 0 (twice the area).
    n1, n2, n3 = _cross(v, w), _cross(w, u), _cross(u, v)
    squared = [_dot(n, n) for n in (n1 + n2 + n3, n1, n2, n3)]
    smallest = np.full(len(corners), np.inf)
    for a, b in local_edges(3):
        c, e = (k for k in range(4) if k not in (a, b))
        edge = x[b] - x[a]
        areas = np.maximum(squared[c] * squared[e], tiny)
        np.minimum(smallest, _dot(edge, edge) / areas, out=smallest)
    return np.asarray(_dot(u, n1) * np.sqrt(smallest))


def dihedral_range(
    points: NDArray[np.float64], cells: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest dihedral angle (2D: angle) of each cell, both (m,) [degrees]."""
    low, high = np.empty(len(cells)), np.empty(len(cells))
    for start in range(0, len(cells), BLOCK):
        block = cells[start : start + BLOCK]
        cosines = _cosines(points, block)
        low[start : start + BLOCK] = np.degrees(np.arccos(np.clip(cosines.max(axis=0), -1, 1)))
        high[start : start + BLOCK] = np.degrees(np.arccos(np.clip(cosines.min(axis=0), -1, 1)))
    return low, high


def _cosines(points: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cosines of all (dihedral) angles, shape (3 or 6, m)."""
    x = [points[cells[:, k]].T for k in range(cells.shape[1])]
    if points.shape[1] == 2:
        normals = [x[2] - x[1], x[0] - x[2], x[1] - x[0]]
    else:
        u, v, w = x[1] - x[0], x[2] - x[0], x[3] - x[0]
        normals = [np.empty(0), _cross(v, w), _cross(w, u), _cross(u, v)]
        normals[0] = -(normals[1] + normals[2] + normals[3])
    normals = [n / np.sqrt(np.maximum(_dot(n, n), np.finfo(float).tiny)) for n in normals]
    # Outward normals of two faces enclose 180 degrees minus the dihedral angle.
    pairs = local_edges(cells.shape[1] - 1)
    return np.stack([-_dot(normals[a], normals[b]) for a, b in pairs])


def shape_numbers(points: NDArray[np.float64], cells: NDArray[np.int64]) -> dict[str, float]:
    """Plain numbers about the shape of all cells, angles in degrees."""
    low, high = dihedral_range(points, cells)
    return {
        "min_dihedral_degrees": float(low.min()),
        "first_percentile_dihedral_degrees": float(np.percentile(low, 1)),
        "median_dihedral_degrees": float(np.median(low)),
        "max_dihedral_degrees": float(high.max()),
    }


def check_invariants(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    image_of: NDArray[np.int64],
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
) -> None:
    """Check that cells fill the box, meet facet to facet, and match across the period.

    Every facet belongs to exactly two cells when periodic images are united; a facet of one cell
    lies on a wall.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).
        image_of: Canonical vertex of each vertex, shape (n,).
        box: Edge lengths, shape (d,) [m].
        periodic: Periodic directions, shape (d,).

    Raises:
        MeshError: An invariant is broken; the mesh must not be used.
    """
    volumes = cell_volumes(points, cells)
    if not (volumes > 0).all():
        raise MeshError(
            f"mesh generation: {int((volumes <= 0).sum())} of {len(cells)} cells have no positive "
            "volume; change the mesh size slightly and report the scenario"
        )
    if abs(volumes.sum() / box.prod() - 1) > 1e-9:
        raise MeshError(
            f"mesh generation: the cells fill {volumes.sum() / box.prod():.9f} of the box instead "
            "of all of it; change the mesh size slightly and report the scenario"
        )
    _check_images(points, image_of, box, periodic)
    _check_facets(points, cells, image_of, box, periodic)


def _check_images(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
) -> None:
    """Periodic images differ by whole boxes."""
    apart = (points - points[image_of]) / box
    off = np.abs(apart - np.where(periodic, np.round(apart), 0.0)).max(initial=0.0)
    if off > 1e-9:
        raise MeshError(
            f"mesh generation: matching vertices of opposite faces are {off:.2g} of the box apart; "
            "report the scenario"
        )


def _check_facets(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    image_of: NDArray[np.int64],
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
) -> None:
    """Facets pair up; those that do not are on walls."""
    corners = cells.shape[1]
    others = local_facets(corners - 1)
    facets = np.sort(image_of[cells][:, others].reshape(-1, corners - 1), axis=1)
    order = facet_order(facets, len(points))
    ordered = facets[order]
    new = np.ones(len(ordered) + 1, dtype=np.bool_)
    new[1:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    counts = np.diff(starts)
    single = order[starts[:-1][counts == 1]]
    x = points[cells[single // corners][np.arange(len(single))[:, None], others[single % corners]]]
    wall = np.zeros(len(single), dtype=np.bool_)
    for axis in np.flatnonzero(~periodic):
        for position in (0.0, box[axis]):
            wall |= (x[:, :, axis] == position).all(axis=1)
    open_facets, crowded = int((~wall).sum()), int((counts > 2).sum())
    if open_facets or crowded:
        raise MeshError(
            f"mesh generation: {open_facets} facets have no neighbour and {crowded} have more than "
            "one; change the mesh size slightly and report the scenario"
        )


def facet_order(facets: NDArray[np.int64], n_points: int) -> NDArray[np.int64]:
    """Order that brings equal facets together, facets of shape (k, 2 or 3)."""
    first = facets[:, 0] * n_points + facets[:, 1]
    if facets.shape[1] == 2:
        return np.argsort(first, kind="stable")
    if n_points < 2_000_000:  # the cube still fits 63 bits
        return np.argsort(first * n_points + facets[:, 2], kind="stable")
    return np.lexsort((facets[:, 2], first))
