"""2:1-balanced octrees (quadtrees in 2D) over a box, periodic where the box is.

Everything here is integer arithmetic. The box is divided into root cells (cubes, or bricks
between given planes); a leaf of the deepest
level measures `FINEST` lattice units, so that leaf centres and face centres have integer
coordinates, too. Only `positions` knows metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError

__all__ = [
    "FINEST",
    "Octree",
    "SizeFunction",
    "Spots",
    "build_octree",
    "leaf_edges",
    "uniform_planes",
]

FINEST = 2
"""Edge of a leaf of the deepest level in lattice units."""

MOST_LEAVES = 20_000_000
"""Leaves that an octree may have (about 250 million cells, far beyond a workstation)."""

KEY_BITS = 62
"""Bits that the integer key of a lattice point may take; they bound the depth of the octree."""

type SizeFunction = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Spots:
    """Points whose leaf must not be larger than a size.

    Attributes:
        points: Points inside the box, shape (n, d) [m].
        sizes: Largest edge of the leaf that holds each, shape (n,) [m].
    """

    points: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def and_more(self, other: Spots) -> Spots:
        """Return these spots and others."""
        return Spots(
            points=np.concatenate([self.points, other.points]),
            sizes=np.concatenate([self.sizes, other.sizes]),
        )


@dataclass(frozen=True, kw_only=True)
class Octree:
    """Leaves of a 2:1-balanced octree.

    Attributes:
        planes: Coordinates of the planes between root cells along each axis, d arrays [m]; the
            first is 0, the last the edge of the box.
        periodic: Periodic directions, shape (d,).
        root: Edge of a root cell in lattice units.
        corner: Lowest corner of each leaf in lattice units, shape (m, d).
        edge: Edge of each leaf in lattice units, shape (m,).
    """

    planes: tuple[NDArray[np.float64], ...]
    periodic: NDArray[np.bool_]
    root: int
    corner: NDArray[np.int64]
    edge: NDArray[np.int64]

    @property
    def dimension(self) -> int:
        """Space dimension, 2 or 3."""
        return len(self.planes)

    @property
    def span(self) -> NDArray[np.int64]:
        """Edge lengths of the box in lattice units, shape (d,)."""
        return self.root * _root_counts(self.planes)

    def key(self, lattice: NDArray[np.int64]) -> NDArray[np.int64]:
        """One integer for each lattice point, shape (..., d) -> (...)."""
        stride = np.concatenate([[1], np.cumprod(self.span[:-1] + 1)])
        keys: NDArray[np.int64] = lattice @ stride
        return keys

    def lattice(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Lattice points of keys, shape (n,) -> (n, d)."""
        points = np.empty((len(keys), self.dimension), dtype=np.int64)
        for axis, extent in enumerate(self.span + 1):
            keys, points[:, axis] = np.divmod(keys, extent)
        return points

    def wrap(self, lattice: NDArray[np.int64]) -> NDArray[np.int64]:
        """Lattice points moved into [0, span) in the periodic directions, shape (..., d)."""
        return np.where(self.periodic, lattice % self.span, lattice)

    def positions(self, lattice: NDArray[np.int64]) -> NDArray[np.float64]:
        """Coordinates of lattice points, shape (n, d) [m]; exact on the root planes."""
        return _positions(self.planes, lattice / self.root)


def uniform_planes(
    box: NDArray[np.float64], periodic: NDArray[np.bool_], *, coarsest: float, finest: float
) -> tuple[NDArray[np.float64], ...]:
    """Root planes such that whole halvings of the root cells meet `finest` closely.

    A periodic direction gets at least four root cells, so that no leaf meets its own image.

    Args:
        box: Edge lengths, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        coarsest: Largest leaf edge [m].
        finest: Leaf edge that halving the roots should hit [m].

    Raises:
        MeshError: The sizes are not positive and ordered, or make too many cells.
    """
    if not 0 < finest <= coarsest:
        raise MeshError(
            f"mesh sizes: the finest size is {finest:.3g} m and the coarsest {coarsest:.3g} m; "
            "both must be positive and the finest not above the coarsest"
        )
    least = np.where(periodic, 4, 1)
    largest = min(coarsest, float((box / least).min()))
    halvings = max(0.0, np.floor(np.log2(largest / finest) + 1e-9))
    step = min(largest, finest * 2.0**halvings)
    counts = np.maximum(np.ceil(box / step * (1 - 1e-9)), least)
    if counts.prod() > MOST_LEAVES:
        raise MeshError(
            f"mesh sizes: cells of {step:.3g} m fill the box with {counts.prod():.2g} cubes; at "
            f"most {MOST_LEAVES} are allowed: raise mesh.size"
        )
    roots = counts.astype(np.int64)
    return tuple(np.linspace(0.0, edge, n + 1) for edge, n in zip(box, roots, strict=True))


def build_octree(
    planes: tuple[NDArray[np.float64], ...],
    periodic: NDArray[np.bool_],
    size: SizeFunction,
    spots: Spots | None = None,
) -> Octree:
    """Refine root cells until no leaf is larger than the size wanted at its centre and corners.

    Args:
        planes: Coordinates of the planes between root cells along each axis [m].
        periodic: Periodic directions, shape (d,).
        size: Wanted leaf edge [m] at points of shape (n, d) [m].
        spots: Points whose leaves must be small, whatever is wanted around them.

    Raises:
        MeshError: The sizes need more leaves, or more halvings, than there is room for.
    """
    roots = _root_counts(planes)
    deepest = int((KEY_BITS - np.log2(roots * FINEST + 1).sum()) // len(roots))
    refined: list[NDArray[np.int64]] = []
    cells = _grid(roots)
    while len(cells):
        largest, smallest, edge = _wanted(planes, cells, len(refined), size)
        coarse = smallest < edge * (1 - 1e-9)
        if spots is not None:
            needed = _smallest_spot(planes, cells, len(refined), spots)
            coarse |= needed < edge * (1 - 1e-9)
            largest = np.minimum(largest, np.maximum(needed, 0.5 * edge))
        _check_room(largest[coarse], edge[coarse], len(refined), deepest, len(roots))
        cells = cells[coarse]
        refined.append(cells)
        cells = _children(cells)
    return _leaves(planes, periodic, _balance(refined, roots, periodic))


def _smallest_spot(
    planes: tuple[NDArray[np.float64], ...],
    cells: NDArray[np.int64],
    level: int,
    spots: Spots,
) -> NDArray[np.float64]:
    """Smallest size of the spots in cells of one level, infinite without any, shape (m,)."""
    extent = _root_counts(planes) * 2**level
    index = [
        np.interp(spots.points[:, k], plane, np.arange(len(plane))) * 2.0**level
        for k, plane in enumerate(planes)
    ]
    place = np.minimum(np.floor(np.stack(index, axis=1)).astype(np.int64), extent - 1)
    stride = np.concatenate([[1], np.cumprod(extent[:-1])])
    keys = cells @ stride
    order = np.argsort(keys)
    found = np.searchsorted(keys[order], place @ stride)
    found = order[np.minimum(found, len(order) - 1)]
    inside = keys[found] == place @ stride
    least = np.full(len(cells), np.inf)
    np.minimum.at(least, found[inside], spots.sizes[inside])
    return least


def _check_room(
    wanted: NDArray[np.float64],
    edge: NDArray[np.float64],
    level: int,
    deepest: int,
    dimension: int,
) -> None:
    """Refuse to refine cells of one level whose leaves would be too many or too deep.

    Args:
        wanted: Largest size wanted at the centre and the corners of each cell to refine [m]; where
            a point is to be fine, its neighbourhood is not.
        edge: Their edges [m].
        level: Their level.
        deepest: Last level that keys have room for.
        dimension: Space dimension.

    Raises:
        MeshError: There is no room.
    """
    leaves = (np.maximum(2.0, edge / wanted) ** dimension).sum()
    if leaves > MOST_LEAVES:
        raise MeshError(
            f"mesh sizes: cells of {wanted.min():.3g} m would make about {leaves:.2g} leaves (some "
            f"{12 * leaves:.2g} mesh cells); at most {MOST_LEAVES} leaves are allowed: raise "
            "mesh.size, mesh.surface_size or mesh.smallest_size"
        )
    if level == deepest and len(wanted):
        raise MeshError(
            f"mesh sizes: a size of {wanted.min():.3g} m needs more than {deepest} halvings of "
            f"cells of {edge.max() * 2.0**deepest:.3g} m; raise mesh.smallest_size"
        )


def leaf_edges(
    planes: tuple[NDArray[np.float64], ...], size: SizeFunction, x: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Edges of the leaves that hold some points, but for balancing, shape (n, d) -> (n, d) [m].

    Args:
        planes: Coordinates of the planes between root cells along each axis [m].
        size: Wanted leaf edge [m] at points of shape (n, d) [m].
        x: Points inside the box, shape (n, d) [m].
    """
    index = [np.interp(x[:, k], p, np.arange(len(p))) for k, p in enumerate(planes)]
    position = np.stack(index, axis=1)
    edges = np.empty_like(x)
    inside, level = np.arange(len(x)), 0
    while len(inside):
        scale = 2.0**level
        cells = np.floor(position[inside] * scale).astype(np.int64)
        cells = np.minimum(cells, _root_counts(planes) * 2**level - 1)
        low, high = _positions(planes, cells / scale), _positions(planes, (cells + 1) / scale)
        edges[inside] = high - low
        _, wanted, longest = _wanted(planes, cells, level, size)
        inside, level = inside[wanted < longest * (1 - 1e-9)], level + 1
    return edges


def _root_counts(planes: tuple[NDArray[np.float64], ...]) -> NDArray[np.int64]:
    """Number of root cells along each axis, shape (d,)."""
    return np.array([len(p) - 1 for p in planes], dtype=np.int64)


def _positions(
    planes: tuple[NDArray[np.float64], ...], index: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coordinates of points given in units of root cells, linear between root planes."""
    axes = [np.interp(index[:, k], np.arange(len(p)), p) for k, p in enumerate(planes)]
    return np.stack(axes, axis=1)


def _grid(roots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of all root cells, shape (prod(roots), d)."""
    axes = np.meshgrid(*(np.arange(n) for n in roots), indexing="ij")
    return np.stack([a.ravel() for a in axes], axis=-1)


def _children(cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of the 2^d children of cells on the next level."""
    d = cells.shape[1]
    offsets = np.array(list(product((0, 1), repeat=d)), dtype=np.int64)
    return (2 * cells[:, None, :] + offsets).reshape(-1, d)


def _wanted(
    planes: tuple[NDArray[np.float64], ...],
    cells: NDArray[np.int64],
    level: int,
    size: SizeFunction,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What is wanted of cells of one level, and how large they are.

    Returns:
        Largest and smallest size wanted at the centre and the corners; longest edge; all of shape
        (m,) [m].
    """
    d = cells.shape[1]
    scale = 2.0**level
    low, high = _positions(planes, cells / scale), _positions(planes, (cells + 1) / scale)
    centre = size(0.5 * (low + high))
    offsets = np.array(list(product((0, 1), repeat=d)), dtype=np.int64)
    corners = (cells[:, None, :] + offsets).reshape(-1, d)
    stride = np.concatenate([[1], np.cumprod(_root_counts(planes)[:-1] * 2**level + 1)])
    _, first, inverse = np.unique(corners @ stride, return_index=True, return_inverse=True)
    at_corners = size(_positions(planes, corners[first] / scale))[inverse]
    found = np.column_stack([centre, at_corners.reshape(len(cells), 2**d)])
    return found.max(axis=1), found.min(axis=1), (high - low).max(axis=1)


def _unique_rows(cells: NDArray[np.int64], extent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Distinct rows of indices below `extent`, in the order of their keys."""
    stride = np.concatenate([[1], np.cumprod(extent[:-1])])
    _, first = np.unique(cells @ stride, return_index=True)
    return cells[first]


def _balance(
    refined: list[NDArray[np.int64]], roots: NDArray[np.int64], periodic: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    """Refine further cells until neighbours (corners included) differ by one level at most.

    A refined cell needs all its neighbours to exist on its own level, that is, their parents to be
    refined: from the deepest level upwards, every refined cell marks the parents around it.
    """
    d = len(roots)
    around = np.array(list(product((-1, 1), repeat=d)), dtype=np.int64)
    balanced = [cells.copy() for cells in refined]
    for level in range(len(balanced) - 1, 0, -1):
        near = (balanced[level][:, None, :] + around).reshape(-1, d)
        extent = roots * 2**level
        near = np.where(periodic, near % extent, near)
        near = near[((near >= 0) & (near < extent)).all(axis=1)]
        parents = np.concatenate([balanced[level - 1], balanced[level] // 2, near // 2])
        balanced[level - 1] = _unique_rows(parents, roots * 2 ** (level - 1))
    return balanced


def _leaves(
    planes: tuple[NDArray[np.float64], ...],
    periodic: NDArray[np.bool_],
    refined: list[NDArray[np.int64]],
) -> Octree:
    """Cells that exist but are not refined, from coarse to fine."""
    roots = _root_counts(planes)
    depth = max((level for level, cells in enumerate(refined) if len(cells)), default=-1) + 1
    corners, edges = [], []
    existing = _grid(roots)
    for level in range(depth + 1):
        edge = FINEST * 2 ** (depth - level)
        stride = np.concatenate([[1], np.cumprod((roots * 2**level)[:-1])])
        split = refined[level] if level < depth else existing[:0]
        leaf = existing[~np.isin(existing @ stride, split @ stride)]
        corners.append(leaf * edge)
        edges.append(np.full(len(leaf), edge, dtype=np.int64))
        existing = _children(split)
    return Octree(
        planes=planes,
        periodic=np.asarray(periodic, dtype=np.bool_),
        root=FINEST * 2**depth,
        corner=np.concatenate(corners),
        edge=np.concatenate(edges),
    )
