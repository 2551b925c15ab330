"""Shape of mesh cells, and the invariants that every generated mesh must keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.simplices import local_edges, local_facets, sorted_unique

__all__ = [
    "OppositeFacets",
    "check_invariants",
    "dihedral_range",
    "facet_keys",
    "shape_numbers",
    "smallest_sine",
]

BLOCK = 1 << 12
"""Cells handled at a time, so that temporary arrays stay in the cache."""

TINY = float(np.finfo(float).tiny)


def _blocks(
    points: NDArray[np.float64], cells: NDArray[np.int64]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield the range of each block of cells, and its corners by component, (d, d + 1, m)."""
    components = np.ascontiguousarray(points.T)
    for start in range(0, len(cells), BLOCK):
        block = slice(start, start + BLOCK)
        vertices = np.ascontiguousarray(cells[block].T)
        yield block, np.stack([component.take(vertices) for component in components])


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products of vectors stored by component, each (3, n)."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scalar products of vectors stored by component."""
    total: NDArray[np.float64] = a[0] * b[0] + a[1] * b[1]
    return total if len(a) == 2 else total + a[2] * b[2]


def _determinant(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed volumes, times d!, of simplices given by component, (d, d + 1, m)."""
    u, v = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    if len(x) == 2:
        return np.asarray(u[0] * v[1] - u[1] * v[0])
    return _dot(u, _cross(v, x[:, 3] - x[:, 0]))


def smallest_sine(points: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Smallest sine of the dihedral angles (2D: angles) of each cell; negative when inverted.

    For a tetrahedron with volume V, the angle at the edge of length l between the faces of areas
    A and B obeys sin(theta) = 3 V l / (2 A B); for a triangle sin(theta) = 2 A / (l1 l2). Both
    ends of (0, pi) are bad, so the sine guards against flat and against sharp angles.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).

    Returns:
        Values in [-1, 1], shape (m,); 0 for degenerate cells.
    """
    result = np.empty(len(cells))
    for block, x in _blocks(points, cells):
        result[block] = _sine_of_corners(x)
    return result


@dataclass(frozen=True, kw_only=True)
class OppositeFacets:
    """The facets opposite to the vertices that move, one of each cell.

    Attributes:
        corners: By component, in an order in which the vertex in front makes the cell's volume
            positive, shape (d, d, m) [m].
        edges: Squares of their edges' lengths, from each corner to the next, shape (d, m) [m^2].
        normal: Squares of the lengths of their normals, twice the area, shape (m,) [m^4]; of no
            use in the plane.
    """

    corners: NDArray[np.float64]
    edges: NDArray[np.float64]
    normal: NDArray[np.float64]

    @classmethod
    def find(
        cls, points: NDArray[np.float64], cells: NDArray[np.int64], moving: NDArray[np.int64]
    ) -> OppositeFacets:
        """Collect the facets of some cells.

        Args:
            points: Coordinates, shape (n, d) [m].
            cells: Vertices, shape (m, d + 1).
            moving: The corner of each cell that moves, shape (m,).
        """
        d = points.shape[1]
        others = np.array([[k for k in range(d + 1) if k != first] for first in range(d + 1)])
        others[1::2, -2:] = others[1::2, [-1, -2]]  # an odd corner in front turns the cell over
        facet = np.take_along_axis(cells, others[moving], axis=1).T
        corners = np.stack([component[facet] for component in np.ascontiguousarray(points.T)])
        edges = np.roll(corners, -1, axis=1) - corners
        normal = _cross(edges[:, 0], edges[:, 1]) if d == 3 else edges[:, 0]
        squared = np.stack([_dot(edges[:, k], edges[:, k]) for k in range(d)])
        return cls(corners=corners, edges=squared, normal=_dot(normal, normal))

    def smallest_sine(self, apex: NDArray[np.float64]) -> NDArray[np.float64]:
        """`smallest_sine` of the cells with their vertices at `apex`, by component, (d, m)."""
        result = np.empty(apex.shape[1])
        for start in range(0, len(result), BLOCK):
            block = slice(start, start + BLOCK)
            spokes = self.corners[:, :, block] - apex[:, None, block]
            result[block] = _sine(spokes, self.edges[:, block], self.normal[block])
        return result


def _sine_of_corners(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """`smallest_sine` of simplices given by component, (d, d + 1, m)."""
    facet = x[:, 1:]
    edges = np.roll(facet, -1, axis=1) - facet
    normal = _cross(edges[:, 0], edges[:, 1]) if len(x) == 3 else edges[:, 0]
    squared = np.stack([_dot(edge, edge) for edge in edges.swapaxes(0, 1)])
    return _sine(facet - x[:, :1], squared, _dot(normal, normal))


def _sine(
    spokes: NDArray[np.float64], edges: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Smallest sine from the edges at a vertex, (d, d, m), and its `OppositeFacets`.

    The square of the sine at an edge is the square of 6 V times that of its length over the squares
    of both normals. Over a common denominator, the smallest takes one division.
    """
    u, v = spokes[:, 0], spokes[:, 1]
    if len(spokes) == 2:
        a, b, c = _dot(u, u), _dot(v, v), edges[0]
        longest = np.maximum(np.maximum(a * b, b * c), c * a)
        return np.asarray((u[0] * v[1] - u[1] * v[0]) / np.sqrt(np.maximum(longest, TINY)))
    w = spokes[:, 2]
    across = _cross(v, w)
    a, b, c = (_dot(n, n) for n in (across, _cross(w, u), _cross(u, v)))
    least = np.minimum(np.minimum(_dot(u, u) * a, _dot(v, v) * b), _dot(w, w) * c) * normal
    for edge, product in zip(edges, (a * b, b * c, c * a), strict=True):
        np.minimum(least, edge * product, out=least)
    return np.asarray(_dot(u, across) * np.sqrt(least / np.maximum(a * b * c * normal, TINY)))


def dihedral_range(
    points: NDArray[np.float64], cells: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest dihedral angle (2D: angle) of each cell, both (m,) [degrees]."""
    low, high = np.empty(len(cells)), np.empty(len(cells))
    for block, x in _blocks(points, cells):
        cosines = _cosines(x)
        low[block] = np.degrees(np.arccos(np.clip(cosines.max(axis=0), -1, 1)))
        high[block] = np.degrees(np.arccos(np.clip(cosines.min(axis=0), -1, 1)))
    return low, high


def _cosines(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines of all (dihedral) angles of simplices given by component, shape (3 or 6, m)."""
    if len(x) == 2:
        normals = [x[:, 2] - x[:, 1], x[:, 0] - x[:, 2], x[:, 1] - x[:, 0]]
    else:
        u, v, w = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0], x[:, 3] - x[:, 0]
        inner = [_cross(v, w), _cross(w, u), _cross(u, v)]
        normals = [-(inner[0] + inner[1] + inner[2]), *inner]
    normals = [n / np.sqrt(np.maximum(_dot(n, n), TINY)) for n in normals]
    # Outward normals of two faces enclose 180 degrees minus the dihedral angle.
    return np.stack([-_dot(normals[a], normals[b]) for a, b in local_edges(len(x))])


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
    volumes = np.empty(len(cells))
    for block, x in _blocks(points, cells):
        volumes[block] = _determinant(x) / factorial(len(x))
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
    ordered = np.sort(image_of[cells], axis=1)
    facets = ordered[:, local_facets(corners - 1)].reshape(-1, corners - 1)
    keys = facet_keys(facets, len(points))
    known = np.sort(keys)
    starts = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1]]))
    counts = np.diff(np.append(starts, len(known)))
    single = np.flatnonzero(np.isin(keys, known[starts[counts == 1]]))
    # All vertices of a facet on a wall lie on it, and have no image in its direction.
    x = points[facets[single]]
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


def facet_keys(facets: NDArray[np.int64], n_points: int) -> NDArray[np.int64]:
    """One integer per facet, equal for equal facets only.

    Args:
        facets: Vertices in ascending order, shape (k, 2 or 3).
        n_points: Number of vertices.
    """
    keys = facets[:, 0] * n_points + facets[:, 1]
    if facets.shape[1] == 2:
        return keys
    if n_points >= 2_000_000:  # the cube would not fit 63 bits: number the edges first
        keys = np.searchsorted(sorted_unique(keys), keys)
    return np.asarray(keys * n_points + facets[:, 2])
