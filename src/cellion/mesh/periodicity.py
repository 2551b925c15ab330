"""Opposite faces of a periodic box: which vertices are images of each other, which facets meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.errors import MeshError
from cellion.mesh.data import MeshData
from cellion.mesh.facets import facet_vertices, flagged_facets

__all__ = [
    "AXES",
    "FILE_TOLERANCE",
    "PLANE_TOLERANCE",
    "Periodicity",
    "match_periodic_faces",
    "on_plane",
]

AXES = ("x", "y", "z")

PLANE_TOLERANCE = 1e-9
"""Distance from a plane, relative to the longest edge of the box, at which a vertex lies on it."""

FILE_TOLERANCE = 1e-6
"""The same for the vertices of mesh files, which carry six to sixteen digits."""


@dataclass(frozen=True, kw_only=True)
class Periodicity:
    """How a mesh continues through the faces of its box.

    Attributes:
        representative: Vertex that stands for each vertex and its images, shape (n,); a vertex
            inside the box stands for itself.
        facets: For each pair of facets that meet: cell and local facet at the upper face, cell
            that continues it at the lower face, and the axis, shape (f, 4).
    """

    representative: NDArray[np.int64]
    facets: NDArray[np.int64]


def on_plane(
    points: NDArray[np.float64],
    axis: int,
    position: float,
    box: NDArray[np.float64],
    tolerance: float = PLANE_TOLERANCE,
) -> NDArray[np.bool_]:
    """Flag the points on the plane where coordinate ``axis`` equals ``position`` [m]."""
    flag: NDArray[np.bool_] = np.abs(points[:, axis] - position) <= tolerance * box.max()
    return flag


def match_periodic_faces(data: MeshData) -> Periodicity:
    """Find the images of vertices and facets on opposite faces of the box.

    Args:
        data: Mesh; its ``periodic`` says which directions to match.

    Returns:
        Representatives of all vertices and the pairs of mesh cells that meet through a face.

    Raises:
        MeshError: A face has a vertex or a facet without image on the opposite face.
    """
    representative = np.arange(len(data.points), dtype=np.int64)
    pairs = [np.empty((0, 4), dtype=np.int64)]
    for axis in np.flatnonzero(data.periodic):
        image = _vertex_images(data, int(axis))
        pairs.append(_facet_pairs(data, int(axis), image))
        representative = image[representative]
    return Periodicity(representative=representative, facets=np.concatenate(pairs))


def _faces(data: MeshData, axis: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Flag the vertices on the lower and on the upper face."""
    low = float(data.origin[axis])
    return (
        on_plane(data.points, axis, low, data.box),
        on_plane(data.points, axis, low + float(data.box[axis]), data.box),
    )


def _vertex_images(data: MeshData, axis: int) -> NDArray[np.int64]:
    """Map each vertex of the upper face to its image on the lower one, others to themselves."""
    lower, upper = (np.flatnonzero(face) for face in _faces(data, axis))
    rest = [k for k in range(data.dimension) if k != axis]
    name = AXES[axis]
    if len(lower) != len(upper) or not len(lower):
        raise MeshError(
            f"faces {name}_min and {name}_max of the mesh have {len(lower)} and {len(upper)} "
            f"vertices; a periodic box needs matching faces (or set `periodic: false`)"
        )
    tolerance = FILE_TOLERANCE * float(data.box.max())
    distance, nearest = cKDTree(data.points[lower][:, rest]).query(data.points[upper][:, rest])
    if distance.max() > tolerance or len(np.unique(nearest)) != len(lower):
        bad = data.points[upper[int(np.argmax(distance))]]
        raise MeshError(
            f"vertex {bad} m on face {name}_max of the mesh has no partner on {name}_min within "
            f"{tolerance:.3g} m; a periodic box needs matching faces (or set `periodic: false`)"
        )
    image = np.arange(len(data.points), dtype=np.int64)
    image[upper] = lower[nearest]
    return image


def _facet_pairs(data: MeshData, axis: int, image: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return upper cell, its facet, lower cell and axis of facets that meet, shape (f, 4)."""
    sides = []
    for face in _faces(data, axis):
        facets = flagged_facets(data.cells, face)
        vertices = np.sort(image[facet_vertices(data.cells, facets)], axis=1)
        order = np.lexsort(vertices.T)
        sides.append((vertices[order], facets[order].astype(np.int64)))
    (lower, lower_facets), (upper, upper_facets) = sides
    if lower.shape != upper.shape or not np.array_equal(lower, upper):
        name = AXES[axis]
        raise MeshError(
            f"faces {name}_min and {name}_max of the mesh have matching vertices but different "
            f"facets ({len(lower)} and {len(upper)}); a periodic box needs the same triangulation"
        )
    direction = np.full(len(upper), axis)
    return np.column_stack([upper_facets, lower_facets[:, 0], direction])
