"""Meshes of bricks: exact for layers and tiles.

Layers are meshed by bricks that are divided into triangles or tetrahedra along their main diagonal
(Kuhn's division, in which the planes x_i = x_j of each brick are unions of facets). Oblique layers
get as many bricks along each edge as their normal has components, times a common factor, so that
the layers' faces run along these diagonals. Tiles are meshed by an octree whose leaves keep their
faces, refined towards the edges where tiles meet.

Source: Kuhn (1960), Some combinatorial lemmas in topology, IBM J. Res. Dev. 4, 518.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations
from math import ceil, lcm

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.background import BackgroundMesh, background_mesh
from cellion.mesh.octree import SizeFunction, Spots, build_octree

__all__ = [
    "LEAST_CELLS",
    "brick_mesh",
    "layer_mesh",
    "layer_planes",
    "oblique_layer_mesh",
    "tile_mesh",
    "tile_size",
]

LEAST_CELLS = 4
"""Fewest bricks along any edge of the box."""

LAYER_CELLS = 2
"""Fewest bricks across a layer."""

LARGEST_DENOMINATOR = 360
"""Largest denominator of the fractions that oblique layers may have."""

GROWTH = 0.35
"""Growth of the leaf edge per distance from an edge where tiles meet."""


def brick_mesh(
    planes: tuple[NDArray[np.float64], ...], reflect: NDArray[np.bool_], periodic: NDArray[np.bool_]
) -> BackgroundMesh:
    """Divide the bricks between planes into simplices along their main diagonal.

    Args:
        planes: Coordinates of the planes along each axis, d ascending arrays [m].
        reflect: Axes along which the diagonal runs downwards, shape (d,).
        periodic: Periodic directions, shape (d,).
    """
    d = len(planes)
    count = np.array([len(p) for p in planes])
    stride = np.concatenate([[1], np.cumprod(count[:-1])])
    nodes = _all_indices(count)
    bricks = _all_indices(count - 1)
    origin = bricks + reflect
    unit = np.where(reflect, -1, 1)
    cells = []
    for order in permutations(range(d)):
        steps = np.zeros((d + 1, d), dtype=np.int64)
        for position, axis in enumerate(order):
            steps[position + 1 :, axis] = unit[axis]
        corners = (origin[:, None, :] + steps) @ stride
        if np.linalg.det(steps[1:]) < 0:
            corners = corners[:, [1, 0, *range(2, d + 1)]]
        cells.append(corners)
    home = np.where(periodic, nodes % (count - 1), nodes)
    return BackgroundMesh(
        points=np.stack([p[nodes[:, k]] for k, p in enumerate(planes)], axis=1),
        cells=np.concatenate(cells),
        image_of=home @ stride,
    )


def _all_indices(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """All multi-indices below `count`, the first component fastest, shape (prod(count), d)."""
    axes = np.meshgrid(*(np.arange(n) for n in count), indexing="ij")
    return np.stack([a.ravel(order="F") for a in axes], axis=1)


def layer_planes(edges: NDArray[np.float64], size: float, least: int) -> NDArray[np.float64]:
    """Equidistant planes in each interval between `edges`.

    Args:
        edges: Ascending coordinates that become planes, shape (n,) [m].
        size: Largest distance between planes [m].
        least: Fewest cells in each interval.
    """
    pieces = [
        np.linspace(low, high, max(least, ceil((high - low) / size * (1 - 1e-9))) + 1)[:-1]
        for low, high in pairwise(edges)
    ]
    return np.concatenate([*pieces, edges[-1:]])


def layer_mesh(
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
    axis: int,
    interfaces: NDArray[np.float64],
    size: float,
) -> BackgroundMesh:
    """Mesh a box so that planes normal to an axis are unions of facets.

    Args:
        box: Edge lengths, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        axis: Normal of the layers.
        interfaces: Coordinates between 0 and the edge of the box at which layers meet [m].
        size: Largest edge of a brick [m].
    """
    planes = []
    for k, edge in enumerate(box):
        inner = interfaces if k == axis else np.empty(0)
        edges = np.concatenate([[0.0], inner, [edge]])
        least = LAYER_CELLS if k == axis and len(inner) else LEAST_CELLS
        planes.append(layer_planes(edges, size, least))
    return brick_mesh(tuple(planes), np.zeros(len(box), dtype=np.bool_), periodic)


def oblique_layer_mesh(
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
    normal: NDArray[np.int64],
    fractions: NDArray[np.float64],
    size: float,
) -> BackgroundMesh:
    """Mesh a box so that the planes n . (x / L) = fraction + integer are unions of facets.

    With bricks n_x : n_y = |p| : |q| for a normal (p, q), the coordinate n . (x / L) takes
    multiples of 1/m on the vertices, and its level planes run along the diagonals of the bricks.

    Args:
        box: Edge lengths L, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        normal: Integer normal n, one or two components not zero, shape (d,).
        fractions: Where layers meet, in (0, 1); 0 and 1 themselves are always met.
        size: Largest edge of a brick [m].

    Raises:
        MeshError: The normal has more than two components, or the fractions are not rational
            with a common denominator up to `LARGEST_DENOMINATOR`.
    """
    active = np.flatnonzero(normal)
    if len(active) not in (1, 2):
        raise MeshError(
            f"microstructure.layers.normal is {tuple(int(n) for n in normal)}; a mesh with exact "
            "layers needs one or two components that are not zero"
        )
    common = _common_denominator(fractions)
    shares = np.diff(np.concatenate([[0.0], fractions, [1.0]]))
    per_unit = common * max(1, ceil(LAYER_CELLS / (common * shares.min()) * (1 - 1e-9)))
    count = np.full(len(box), LEAST_CELLS)
    steps = np.abs(normal[active])
    needed = max(
        float((box[active] / (size * steps)).max()) * (1 - 1e-9),
        float((LEAST_CELLS / steps).max()),
    )
    count[active] = steps * per_unit * max(1, ceil(needed / per_unit))
    passive = np.flatnonzero(normal == 0)
    count[passive] = np.maximum(LEAST_CELLS, np.ceil(box[passive] / size * (1 - 1e-9)))
    planes = tuple(np.linspace(0.0, edge, n + 1) for edge, n in zip(box, count, strict=True))
    # Level planes of x + y run across the diagonal of a square, those of x - y along it.
    reflect = np.zeros(len(box), dtype=np.bool_)
    if len(active) == 2 and normal[active].prod() > 0:
        reflect[active[0]] = True
    return brick_mesh(planes, reflect, periodic)


def _common_denominator(fractions: NDArray[np.float64]) -> int:
    """Smallest m such that all fractions are multiples of 1/m."""
    near = [Fraction(float(f)).limit_denominator(LARGEST_DENOMINATOR) for f in fractions]
    common = lcm(*(f.denominator for f in near))
    off = max((abs(float(n) - f) for n, f in zip(near, fractions, strict=True)), default=0.0)
    if off > 1e-9 or common > LARGEST_DENOMINATOR:
        fit = max(1, round(float(LARGEST_DENOMINATOR) / 3.6))
        suggested = ", ".join(str(Fraction(round(float(f) * fit), fit)) for f in fractions)
        raise MeshError(
            f"microstructure.layers: layers meet at the fractions {np.round(fractions, 9)} of the "
            "period; an exact mesh of oblique layers needs multiples of 1/m with m at most "
            f"{LARGEST_DENOMINATOR}; nearest multiples of 1/{fit}: {suggested}"
        )
    return common


def tile_mesh(
    box: NDArray[np.float64],
    periodic: NDArray[np.bool_],
    divisions: NDArray[np.int64],
    *,
    size: float,
    smallest: float,
    spots: Spots | None = None,
) -> BackgroundMesh:
    """Mesh equal tiles, finer towards the edges (2D: points) where several tiles meet.

    Args:
        box: Edge lengths, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        divisions: Number of tiles along each axis, shape (d,).
        size: Largest cell edge [m].
        smallest: Cell edge where tiles meet [m].
        spots: Points whose leaves must be small.
    """
    planes = tuple(
        layer_planes(np.linspace(0.0, edge, n + 1), size, max(LAYER_CELLS, ceil(LEAST_CELLS / n)))
        for edge, n in zip(box, divisions, strict=True)
    )
    octree = build_octree(planes, periodic, tile_size(box, divisions, size, smallest), spots)
    return background_mesh(octree, keep_faces=True)


def tile_size(
    box: NDArray[np.float64], divisions: NDArray[np.int64], size: float, smallest: float
) -> SizeFunction:
    """Size that grows with the distance from the nearest edge (2D: point) where tiles meet.

    Args:
        box: Edge lengths, shape (d,) [m].
        divisions: Number of tiles along each axis, shape (d,).
        size: Largest size [m].
        smallest: Size at the edges [m].
    """
    tile = box / divisions

    def wanted(x: NDArray[np.float64]) -> NDArray[np.float64]:
        away = np.abs(x - tile * np.round(x / tile))
        away[:, divisions == 1] = np.inf
        nearest = np.sort(away, axis=1)[:, :2]
        distance = np.sqrt((nearest**2).sum(axis=1))
        return np.clip(smallest + GROWTH * distance, smallest, size)

    return wanted
