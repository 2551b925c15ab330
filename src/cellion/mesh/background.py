"""Body-centred background meshes: every leaf of an octree is divided around its centre.

Two leaves that share a face of equal size share the simplices spanned by their two centres and
one piece of the face's rim (body-centred-cubic tetrahedra in 3D). A face between a coarse and a
fine leaf, and a face on the box, is triangulated and joined to the centre on each side. A face of
the box is triangulated from its neighbourhood across the period, so that opposite faces match.

Source: Labelle and Shewchuk (2007), Isosurface stuffing, ACM Trans. Graph. 26, 57, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.octree import Octree
from cellion.mesh.simplices import sorted_unique

__all__ = ["BackgroundMesh", "background_mesh"]


@dataclass(frozen=True, kw_only=True)
class BackgroundMesh:
    """A mesh of simplices with its periodic identification.

    Attributes:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices of each simplex, shape (m, d + 1), positively oriented.
        image_of: Lowest-numbered vertex that is the same point of the period (the vertex itself
            where it has no image), shape (n,).
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    image_of: NDArray[np.int64]


def background_mesh(octree: Octree, *, keep_faces: bool = False) -> BackgroundMesh:
    """Mesh the box with one node in every leaf corner and every leaf centre.

    Nodes in the middle of a face appear only on faces of the box. All dihedral angles are at
    least 45 degrees where leaves are cubes.

    Args:
        octree: The leaves.
        keep_faces: Let no cell cross a face between leaves: each leaf is then meshed by itself
            (with nodes in the middle of all faces), and root planes are unions of facets.
    """
    lookup = _Lookup(octree)
    pieces = [
        piece
        for axis in range(octree.dimension)
        for side in (1, -1)
        for piece in _face_pieces(octree, lookup, axis, side, keep_faces)
        if len(piece)
    ]
    lattice = np.concatenate(pieces)
    keys = octree.key(lattice)
    node_keys = sorted_unique(keys)
    nodes = octree.lattice(node_keys)
    cells = _orient(nodes, np.searchsorted(node_keys, keys))
    _, first, inverse = np.unique(
        octree.key(octree.wrap(nodes)), return_index=True, return_inverse=True
    )
    return BackgroundMesh(points=octree.positions(nodes), cells=cells, image_of=first[inverse])


def _orient(nodes: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Swap two vertices of the simplices whose integer determinant is negative."""
    axes = [nodes[:, k].take(cells) for k in range(nodes.shape[1])]
    u, v, *w = ([x[:, k] - x[:, 0] for x in axes] for k in range(1, cells.shape[1]))
    if not w:
        determinant = u[0] * v[1] - u[1] * v[0]
    else:
        determinant = (
            w[0][0] * (u[1] * v[2] - u[2] * v[1])
            + w[0][1] * (u[2] * v[0] - u[0] * v[2])
            + w[0][2] * (u[0] * v[1] - u[1] * v[0])
        )
    flip = determinant < 0
    cells[flip, 0], cells[flip, 1] = cells[flip, 1], cells[flip, 0]
    return cells


class _Lookup:
    """Finds leaves by their lowest corner, and knows which lattice points are leaf corners."""

    def __init__(self, octree: Octree) -> None:
        self._octree = octree
        keys = octree.key(octree.corner)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        d = octree.dimension
        offsets = np.stack(np.meshgrid(*[[0, 1]] * d, indexing="ij"), axis=-1).reshape(-1, d)
        corners = octree.corner[:, None, :] + octree.edge[:, None, None] * offsets
        self._corner_keys = sorted_unique(octree.key(octree.wrap(corners.reshape(-1, d))))

    def edge_of_leaf_at(self, lattice: NDArray[np.int64]) -> NDArray[np.int64]:
        """Edge of the leaf with this lowest corner, 0 where there is none; (n, d) -> (n,)."""
        keys = self._octree.key(lattice)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        edge = self._octree.edge[self._order[place]]
        return np.where(self._keys[place] == keys, edge, 0)

    def is_corner(self, lattice: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether lattice points, shape (..., d), are corners of some leaf."""
        keys = self._octree.key(self._octree.wrap(lattice))
        place = np.minimum(np.searchsorted(self._corner_keys, keys), len(self._corner_keys) - 1)
        found: NDArray[np.bool_] = self._corner_keys[place] == keys
        return found


def _face_pieces(
    octree: Octree, lookup: _Lookup, axis: int, side: int, keep_faces: bool
) -> list[NDArray[np.int64]]:
    """Simplices (lattice coordinates, shape (n, d + 1, d)) around the upper or lower faces.

    Args:
        octree: The octree.
        lookup: Its lookup tables.
        axis: Normal of the faces.
        side: +1 for the upper face of each leaf, -1 for the lower one.
        keep_faces: Whether cells must not cross faces.
    """
    corner, edge = octree.corner, octree.edge[:, None]
    unit = np.eye(octree.dimension, dtype=np.int64)[axis]
    face = corner[:, axis] + octree.edge if side > 0 else corner[:, axis]
    outside = face == (octree.span[axis] if side > 0 else 0)
    walled = outside & ~octree.periodic[axis]
    beyond = np.where(walled[:, None], 0, octree.wrap(corner + side * edge * unit))
    equal = (lookup.edge_of_leaf_at(beyond) == octree.edge) & ~walled
    # The neighbour one level up, if it is a leaf, starts at this point rounded to its lattice.
    parent = beyond // (2 * edge) * (2 * edge)
    coarse = (lookup.edge_of_leaf_at(parent) == 2 * octree.edge) & ~walled & ~equal
    alone = walled | (equal & (outside | keep_faces))
    pieces = [_box_pieces(octree, lookup, axis, side, alone)]
    pieces += _graded_pieces(octree, axis, side, coarse, parent)
    if side > 0:
        pieces.append(_equal_pieces(octree, lookup, axis, equal & ~alone))
    return pieces


def _rim(
    octree: Octree,
    lookup: _Lookup,
    axis: int,
    face: NDArray[np.int64],
    edge: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pieces of the rim of faces: single points in 2D, whole or halved edges in 3D.

    Args:
        octree: The octree.
        lookup: Its lookup tables.
        axis: Normal of the faces.
        face: Lowest corner of each face, shape (n, d).
        edge: Edge of each face, shape (n,).

    Returns:
        Index of the face of each piece, shape (k,); its points, shape (k, d - 1, d).
    """
    index = np.arange(len(face))
    units = np.delete(np.eye(octree.dimension, dtype=np.int64), axis, axis=0)
    if octree.dimension == 2:
        ends = np.stack([face, face + edge[:, None] * units[0]], axis=1)
        return np.repeat(index, 2), ends.reshape(-1, 1, 2)
    u, v = edge[:, None] * units[0], edge[:, None] * units[1]
    starts = np.concatenate([face, face + u, face, face + v])
    stops = np.concatenate([face + v, face + u + v, face + u, face + u + v])
    middles = (starts + stops) // 2
    owner = np.tile(index, 4)
    split = lookup.is_corner(middles)
    whole = np.stack([starts, stops], axis=1)[~split]
    halves = np.concatenate(
        [np.stack([starts, middles], axis=1)[split], np.stack([middles, stops], axis=1)[split]]
    )
    return (
        np.concatenate([owner[~split], owner[split], owner[split]]),
        np.concatenate([whole, halves]),
    )


def _join(*parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Simplices from groups of points: (n, d) or (n, k, d) arrays, concatenated along axis 1."""
    return np.concatenate([p if p.ndim == 3 else p[:, None, :] for p in parts], axis=1)


def _equal_pieces(
    octree: Octree, lookup: _Lookup, axis: int, lower: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Simplices shared by leaves `lower` and their equal upper neighbours inside the box."""
    unit = np.eye(octree.dimension, dtype=np.int64)[axis]
    corner, edge = octree.corner[lower], octree.edge[lower]
    centre = corner + edge[:, None] // 2
    owner, rim = _rim(octree, lookup, axis, corner + edge[:, None] * unit, edge)
    return _join(centre[owner], (centre + edge[:, None] * unit)[owner], rim)


def _box_pieces(
    octree: Octree, lookup: _Lookup, axis: int, side: int, leaf: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Simplices between the box and leaves whose face there meets no coarser or finer leaf."""
    unit = np.eye(octree.dimension, dtype=np.int64)[axis]
    corner, edge = octree.corner[leaf], octree.edge[leaf]
    centre = corner + edge[:, None] // 2
    face = corner + edge[:, None] * unit if side > 0 else corner
    if octree.dimension == 2:
        along = edge[:, None] * (1 - unit)
        return _join(centre, face, face + along)
    owner, rim = _rim(octree, lookup, axis, face, edge)
    middle = face + edge[:, None] // 2 * (1 - unit)
    return _join(centre[owner], middle[owner], rim)


def _graded_pieces(
    octree: Octree,
    axis: int,
    side: int,
    fine: NDArray[np.bool_],
    parent: NDArray[np.int64],
) -> list[NDArray[np.int64]]:
    """Simplices on both sides of the faces between `fine` leaves and coarser neighbours.

    In 3D the square is divided by the diagonal from the coarse leaf's corner to the middle of the
    coarse face. Across the period, the coarse side is moved back into the box.
    """
    d = octree.dimension
    unit = np.eye(d, dtype=np.int64)[axis]
    corner, edge = octree.corner[fine], octree.edge[fine]
    face = corner + edge[:, None] * unit if side > 0 else corner
    centre = corner + edge[:, None] // 2
    coarse_centre = parent[fine] + edge[:, None]
    if d == 2:
        triangles = [_join(face, face + edge[:, None] * (1 - unit))]
    else:
        triangles = _diagonal_triangles(axis, face, edge)
    # The coarse leaf lies beyond the face; across the period its own face has other coordinates.
    jump = (coarse_centre - (centre + side * edge[:, None] * unit * 3 // 2))[:, axis]
    shift = np.where(np.abs(jump) > edge, np.sign(jump) * octree.span[axis], 0)[:, None] * unit
    return [
        simplices
        for t in triangles
        for simplices in (_join(centre, t), _join(coarse_centre, t + shift[:, None, :]))
    ]


def _diagonal_triangles(
    axis: int, face: NDArray[np.int64], edge: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Two triangles of each square, along the diagonal through the coarse face's middle."""
    units = np.delete(np.eye(3, dtype=np.int64), axis, axis=0)
    u, v = edge[:, None] * units[0], edge[:, None] * units[1]
    # Corners of the coarse face are even multiples of the fine edge in both directions (and the
    # middle odd in both), so the diagonal runs low-high exactly where both parities agree.
    odd = (face // edge[:, None]) % 2
    parallel = odd @ units[0] == odd @ units[1]
    p = parallel[:, None]
    start, stop = np.where(p, face, face + u), np.where(p, face + u + v, face + v)
    first, second = np.where(p, face + u, face), np.where(p, face + v, face + u + v)
    return [_join(start, stop, first), _join(start, stop, second)]
