"""Does a mesh from elsewhere fill an axis-aligned box, and do its cells meet facet to facet?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.data import cell_volumes
from cellion.mesh.periodicity import FILE_TOLERANCE, on_plane

__all__ = ["boundary_facets_of", "check_box"]


def check_box(
    points: NDArray[np.float64], cells: NDArray[np.int64], where: str
) -> NDArray[np.float64]:
    """Check that all boundary facets lie on the faces of the bounding box.

    Args:
        points: Coordinates, shape (n, d) [m]; those within `FILE_TOLERANCE` of a face are put on
            it.
        cells: Vertices of positively oriented simplices, shape (m, d + 1).
        where: Name of the mesh, the beginning of every message.

    Returns:
        Edge lengths of the box, shape (d,) [m].

    Raises:
        MeshError: The mesh is not a box, its parts are not joined, or cells overlap.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    box: NDArray[np.float64] = high - low
    boundary, crowded = boundary_facets_of(cells)
    if crowded:
        raise MeshError(
            f"{where}: {crowded} facets belong to more than two cells, so cells overlap; mesh the "
            "volumes once (in Gmsh: fragment them, and remove duplicates)"
        )
    inside = np.ones(len(boundary), dtype=np.bool_)
    for axis in range(points.shape[1]):
        for position in (low[axis], high[axis]):
            on = on_plane(points, axis, float(position), box, FILE_TOLERANCE)
            inside &= ~on[boundary].all(axis=1)
            points[on, axis] = position
    if inside.any():
        place = points[boundary[np.argmax(inside)]].mean(axis=0)
        raise MeshError(
            f"{where}: {int(inside.sum())} boundary facets do not lie on the faces of its bounding "
            f"box {low} to {high} m, the first near {place} m. The mesh must fill an axis-aligned "
            "box: mesh pores, too (as an insulator), and join touching volumes so that they share "
            "facets (in Gmsh: fragment)"
        )
    filled = float(cell_volumes(points, cells).sum() / box.prod())
    if abs(filled - 1.0) > 1e-6:
        raise MeshError(
            f"{where}: its cells fill {filled:.6f} of its bounding box; the mesh must fill an "
            "axis-aligned box once"
        )
    return box


def boundary_facets_of(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Facets of one cell only, and how many facets belong to more than two.

    Args:
        cells: Vertices of simplices, shape (m, d + 1).

    Returns:
        Vertices of the boundary facets, shape (f, d), and a count.
    """
    corners = cells.shape[1]
    facets = np.concatenate([np.delete(cells, corner, axis=1) for corner in range(corners)])
    facets.sort(axis=1)
    ordered = facets[np.lexsort(facets.T)]
    new = np.ones(len(ordered) + 1, dtype=np.bool_)
    new[1:-1] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    counts = np.diff(starts)
    return ordered[starts[:-1][counts == 1]], int((counts > 2).sum())
