"""Exact cells of a power (Laguerre) diagram in a box: volumes, centroids, facets and vertices.

Lifted by z = |x|^2 - w, the generators whose cells are not empty are the vertices of the lower
convex hull, and each of its facets is a vertex of the diagram. Periodic axes are filled with images
of the generators, walls with their mirror images: the plane between a generator and its mirror
image, which has the same weight, is the wall.

Source: Aurenhammer (1987), Power diagrams, SIAM J. Comput. 16, 78, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray, wrap

__all__ = ["Facets", "PowerDiagram", "power_diagram"]

_FIRST_MARGIN = 2.5
_MOST_IMAGES = 20_000
"""Images of generators in a hull that takes seconds, besides some for each generator."""
_FLAT = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Facets:
    """Facets of the cells, each listed from both of its sides.

    Attributes:
        cell: the cell (m,) that is looked from.
        neighbour: the cell (m,) beyond; -1 beyond a wall.
        offset: what to add to the neighbour's centre [m], shape (m, d), to get its image there.
        area: (m,) [m^2]; length [m] in two dimensions.
        height: distance (m,) [m] of the facet's plane from the centre of ``cell``; negative where
            the centre lies beyond.
        spacing: distance (m,) [m] of the two centres.
        centroid: centroids (m, d) [m].
    """

    cell: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    offset: FloatArray
    area: FloatArray
    height: FloatArray
    spacing: FloatArray
    centroid: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerDiagram:
    """Cells of generators in a box.

    Attributes:
        volume: (n,) [m^d]; 0 for generators that own no point.
        centroid: (n, d) [m], not moved into the box; the centre itself where the volume is 0.
        facets: where cells meet.
    """

    volume: FloatArray
    centroid: FloatArray
    facets: Facets


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cloud:
    """Generators with their images: the first n are the generators themselves."""

    x: FloatArray
    owner: NDArray[np.int64]
    mirror: NDArray[np.bool_]


def power_diagram(
    centers: FloatArray, weights: FloatArray, box: FloatArray, periodic: NDArray[np.bool_]
) -> PowerDiagram:
    """Compute the cells of generators.

    Args:
        centers: (n, d) [m], d = 2 or 3; inside the box.
        weights: (n,) [m^2].
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat; the others have walls.

    Raises:
        MicrostructureError: the box is so slender that cells reach across it many times, or that
            rounding hides its short edges.
    """
    centers = wrap(np.asarray(centers, dtype=float), box, periodic)
    n, d = centers.shape
    # The hull is computed in units of the mean cell, around weights that are small there.
    unit = float((np.prod(box) / n) ** (1.0 / d))
    x, w, edges = centers / unit, (weights - weights.max()) / unit**2, box / unit
    margin = _FIRST_MARGIN
    while True:
        _check_slender(centers, box, edges + 2.0 * margin * periodic)
        cloud = _with_images(x, edges, periodic, margin)
        needed, simplices, vertices = _vertices(cloud, w, edges, n)
        if needed <= margin:
            break
        margin = 1.1 * needed if np.isfinite(needed) else 2.0 * margin
    facets = _facets(cloud, w, simplices, vertices, n)
    return _cells(centers, facets, unit)


def _check_slender(centers: FloatArray, box: FloatArray, reach: FloatArray) -> None:
    """Refuse a box whose cells, one per unit of volume, have too many images within reach."""
    n = len(centers)
    if np.prod(reach) > _MOST_IMAGES + 20 * n:
        edges = " x ".join(f"{edge:.3g}" for edge in box)
        raise MicrostructureError(
            f"grains: found {n} in a periodic box of {edges} m; each of them would reach across "
            "its short edges many times; make the edges more alike, take more grains, or columnar "
            "ones"
        )


def _with_images(
    x: FloatArray, box: FloatArray, periodic: NDArray[np.bool_], margin: float
) -> _Cloud:
    """Add the images of generators x (n, d) that lie within ``margin`` of the box."""
    n, d = x.shape
    layers = np.where(periodic, np.ceil(margin / box), 0).astype(int)
    shifts = np.array(list(product(*(range(-m, m + 1) for m in layers))), dtype=float)
    shifts = shifts[np.argsort(np.abs(shifts).sum(axis=1), kind="stable")]  # the box itself first
    moved = (x[None] + (shifts * box)[:, None]).reshape(-1, d)
    owner = np.tile(np.arange(n), len(shifts))
    near = np.all((moved > -margin) & (moved < box + margin), axis=1)
    near[:n] = True
    moved, owner = moved[near], owner[near]
    points, owners, mirrored = [moved], [owner], [np.zeros(len(moved), np.bool_)]
    for axis in np.flatnonzero(~periodic):
        for wall in (0.0, float(box[axis])):
            close = np.abs(moved[:, axis] - wall) < margin
            image = moved[close].copy()
            image[:, axis] = 2.0 * wall - image[:, axis]
            points.append(image)
            owners.append(owner[close])
            mirrored.append(np.ones(len(image), np.bool_))
    return _Cloud(
        x=np.concatenate(points), owner=np.concatenate(owners), mirror=np.concatenate(mirrored)
    )


def _vertices(
    cloud: _Cloud, w: FloatArray, box: FloatArray, n: int
) -> tuple[float, NDArray[np.int64], FloatArray]:
    """Vertices of the cells of the first n generators.

    An image that was left out lies beyond the margin; it changes nothing if at every vertex its
    power distance, at least (margin - overhang)^2 - max(w), exceeds the one found.

    Returns:
        The margin that makes sure of this (inf when a cell is open); the generators (k, d + 1)
        around each vertex; the vertices (k, d).
    """
    height = np.sum(cloud.x**2, axis=1) - w[cloud.owner]
    try:
        hull = ConvexHull(np.column_stack([cloud.x, height]))
    except QhullError:
        raise MicrostructureError(
            f"grains: the cells of {n} seeds cannot be told apart; the box is too slender, or "
            "their radii are too different, for the digits of a computer"
        ) from None
    down = hull.equations[:, -2]
    home = (hull.simplices < n).any(axis=1)
    # a nearly vertical facet belongs to the rim of the cloud
    if np.any(home & (down >= -_FLAT)):
        touched = np.unique(hull.simplices[home & (down >= -_FLAT)])
        if np.any(touched < n):
            return np.inf, np.zeros((0, 0), np.int64), np.zeros((0, 0))
    keep = home & (down < -_FLAT)
    simplices = hull.simplices[keep].astype(np.int64)
    place = -0.5 * hull.equations[keep, :-2] / down[keep, None]
    first = simplices[:, 0]
    power = np.sum((place - cloud.x[first]) ** 2, axis=1) - w[cloud.owner[first]]
    overhang = np.maximum(np.max(np.maximum(-place, place - box), axis=1), 0.0)
    reach = overhang + np.sqrt(np.maximum(power + w.max(), 0.0))
    return float(reach.max(initial=0.0)), simplices, place


def _facets(
    cloud: _Cloud,
    w: FloatArray,
    simplices: NDArray[np.int64],
    vertices: FloatArray,
    n: int,
) -> Facets:
    """Gather the vertices around each pair of generators into facets."""
    d = vertices.shape[1]
    pairs, corner = [], []
    for a, b in combinations(range(d + 1), 2):
        for first, second in ((a, b), (b, a)):
            home = np.flatnonzero(simplices[:, first] < n)
            pairs.append(simplices[home][:, [first, second]])
            corner.append(home)
    pair, vertex = np.concatenate(pairs), np.concatenate(corner)
    keys, index = np.unique(pair @ np.array([len(cloud.x), 1]), return_inverse=True)
    cell, other = keys // len(cloud.x), keys % len(cloud.x)
    vector = cloud.x[other] - cloud.x[cell]
    spacing = np.linalg.norm(vector, axis=1)
    normal = vector / spacing[:, None]
    area, centroid = _polygons(vertices[vertex], index, normal)
    difference = w[cloud.owner[cell]] - w[cloud.owner[other]]
    proper = area > _FLAT
    cell, other = cell[proper], other[proper]
    wall = cloud.mirror[other] & (cloud.owner[other] == cell)
    neighbour = np.where(wall, -1, cloud.owner[other])
    return Facets(
        cell=cell,
        neighbour=neighbour,
        offset=np.where(wall[:, None], 0.0, cloud.x[other] - cloud.x[cloud.owner[other]]),
        area=area[proper],
        height=(0.5 * (spacing + difference / spacing))[proper],
        spacing=spacing[proper],
        centroid=centroid[proper],
    )


def _polygons(
    points: FloatArray, index: NDArray[np.int64], normal: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Areas and centroids of convex polygons (2D: segments) given by unordered corners.

    Args:
        points: corners (k, d).
        index: polygon of each corner (k,).
        normal: unit normals (m, d) of the polygons.
    """
    m, d = normal.shape
    count = np.bincount(index, minlength=m)
    middle = np.stack([np.bincount(index, points[:, a], m) for a in range(d)], 1) / count[:, None]
    away = points - middle[index]
    if d == 2:
        along = np.einsum("ij,ij->i", away, np.stack([-normal[:, 1], normal[:, 0]], 1)[index])
        low, high = np.full(m, np.inf), np.full(m, -np.inf)
        np.minimum.at(low, index, along)
        np.maximum.at(high, index, along)
        tangent = np.stack([-normal[:, 1], normal[:, 0]], axis=1)
        return high - low, middle + 0.5 * (low + high)[:, None] * tangent
    u = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal), axis=1)])
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(normal, u)
    p, q = np.einsum("ij,ij->i", away, u[index]), np.einsum("ij,ij->i", away, v[index])
    order = np.lexsort((np.arctan2(q, p), index))
    start = np.cumsum(count) - count
    following = np.arange(len(order)) + 1
    following[start + count - 1] = start
    here, there = order, order[following]
    part = 0.5 * (p[here] * q[there] - p[there] * q[here])
    owner = index[here]
    area = np.bincount(owner, part, m)
    safe = np.where(area > 0, area, 1.0)
    moment = [np.bincount(owner, part * (s[here] + s[there]) / 3.0, m) / safe for s in (p, q)]
    return area, middle + moment[0][:, None] * u + moment[1][:, None] * v


def _cells(centers: FloatArray, facets: Facets, unit: float) -> PowerDiagram:
    """Sum the pyramids over the facets, and return to metres."""
    n, d = centers.shape
    pyramid = facets.area * facets.height / d
    volume = np.bincount(facets.cell, pyramid, n)
    apex = centers[facets.cell] / unit
    middle = pyramid[:, None] * d / (d + 1.0) * (facets.centroid - apex)
    shift = np.stack([np.bincount(facets.cell, middle[:, a], n) for a in range(d)], axis=1)
    owned = volume > 0
    shift /= np.where(owned, volume, 1.0)[:, None]
    return PowerDiagram(
        volume=np.where(owned, volume, 0.0) * unit**d,
        centroid=centers + np.where(owned[:, None], shift, 0.0) * unit,
        facets=Facets(
            cell=facets.cell,
            neighbour=facets.neighbour,
            offset=facets.offset * unit,
            area=facets.area * unit ** (d - 1),
            height=facets.height * unit,
            spacing=facets.spacing * unit,
            centroid=facets.centroid * unit,
        ),
    )
