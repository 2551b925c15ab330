"""Improve the few worst cells by moving their vertices a little.

A vertex tries steps in a fixed set of directions and takes the one after which the worst cell
around it is best. Vertices that share a cell take turns. A vertex on an interface stays on it (to
second order in the step), one on a face of the box stays in it, and periodic images move together.

Source: after Freitag and Ollivier-Gooch (1997), Tetrahedral mesh improvement using swapping and
smoothing, Int. J. Numer. Meth. Engng 40, 3979, section 3.2 (maximise the smallest sine).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.quality import OppositeFacets, smallest_sine
from cellion.mesh.simplices import any_corner, sorted_unique

__all__ = ["SCALES", "relax_worst_cells"]

SCALES = (0.3, 0.15, 0.3, 0.15, 0.07)
"""Lengths of the trial steps of each round, in units of the mean edge around the vertex."""

TURNS = 3
"""Turns that vertices sharing a cell take in each round."""

LEAST_GAIN = 1e-3
"""Smallest gain of the worst sine that is worth a step."""

type Projectors = Callable[[NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class _Stars:
    """The cells around each vertex that may move, listed vertex by vertex.

    Attributes:
        vertex: Canonical vertices, ascending, shape (k,).
        start: First entry of each vertex in the lists, shape (k,).
        owner: Index into `vertex` of each entry, shape (e,).
        cell: Number of the cell of each entry, shape (e,).
        corner: The vertex or its image in this cell, shape (e,).
        facets: The facets opposite to it.
    """

    vertex: NDArray[np.int64]
    start: NDArray[np.int64]
    owner: NDArray[np.int64]
    cell: NDArray[np.int64]
    corner: NDArray[np.int64]
    facets: OppositeFacets


def relax_worst_cells(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    suspects: NDArray[np.int64],
    image_of: NDArray[np.int64],
    projectors: Projectors,
    target: float,
    scales: tuple[float, ...] = SCALES,
) -> NDArray[np.float64]:
    """Move vertices of cells whose smallest sine is below a target.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).
        suspects: The cells among them that may be bad.
        image_of: Canonical vertex of each vertex, shape (n,).
        projectors: From coordinates (n, d) and canonical vertices (k,), the projectors (k, d, d)
            on the directions in which these vertices may move.
        target: Smallest sine wanted.
        scales: Lengths of the trial steps of each round, in units of the mean edge around.

    Returns:
        New coordinates; the worst cell around a moved vertex is better than before.
    """
    bad = smallest_sine(points, suspects) < target
    if not bad.any():
        return points
    vertices = sorted_unique(image_of[suspects[bad]])
    near = np.zeros(len(points), dtype=np.bool_)
    near[vertices] = True
    around = cells[any_corner(near[image_of], cells)]
    for scale in scales:
        for _ in range(TURNS):
            stars = _stars(points, around, image_of, vertices, target)
            if not len(stars.vertex):
                return points
            points, moved = _relax_once(points, image_of, stars, projectors, scale)
            if not moved:
                break
    return points


def _stars(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    image_of: NDArray[np.int64],
    vertices: NDArray[np.int64],
    target: float,
) -> _Stars:
    """List the cells around those of the given vertices that belong to a bad cell."""
    canonical = image_of[cells]
    bad = np.zeros(len(points), dtype=np.bool_)
    bad[canonical[smallest_sine(points, cells) < target]] = True
    wanted = np.zeros(len(points), dtype=np.bool_)
    wanted[vertices] = bad[vertices]
    cell, corner = np.nonzero(wanted[canonical])
    order = np.argsort(canonical[cell, corner], kind="stable")
    cell, corner = cell[order], corner[order]
    vertex, start, owner = np.unique(
        canonical[cell, corner], return_index=True, return_inverse=True
    )
    return _Stars(
        vertex=vertex,
        start=start,
        owner=owner,
        cell=cell,
        corner=cells[cell, corner],
        facets=OppositeFacets.find(points, cells[cell], corner),
    )


def _relax_once(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    stars: _Stars,
    projectors: Projectors,
    scale: float,
) -> tuple[NDArray[np.float64], bool]:
    """Let vertices take their best trial step, those first that gain most."""
    apex = points[stars.corner].T
    before = np.minimum.reduceat(stars.facets.smallest_sine(apex), stars.start)
    projector = projectors(points, stars.vertex)
    length = scale * _mean_edge(apex, stars)
    best, step = before.copy(), np.zeros((len(stars.vertex), points.shape[1]))
    for direction in _directions(points.shape[1]):
        trial = length[:, None] * (projector @ direction)
        moved = apex + trial.T[:, stars.owner]
        worst = np.minimum.reduceat(stars.facets.smallest_sine(moved), stars.start)
        better = worst > best
        best[better], step[better] = worst[better], trial[better]
    chosen = _take_turns(stars, best - before)
    whole = np.zeros_like(points)
    whole[stars.vertex[chosen]] = step[chosen]
    return points + whole[image_of], bool(chosen.any())


def _directions(dimension: int) -> NDArray[np.float64]:
    """Unit vectors along the axes and the main diagonals, shape (8 or 14, d)."""
    axes = np.concatenate([np.eye(dimension), -np.eye(dimension)])
    diagonals = np.array(list(product((-1.0, 1.0), repeat=dimension))) / np.sqrt(dimension)
    return np.concatenate([axes, diagonals])


def _mean_edge(apex: NDArray[np.float64], stars: _Stars) -> NDArray[np.float64]:
    """Mean length of the edges that meet in each vertex, shape (k,) [m]."""
    lengths = np.linalg.norm(stars.facets.corners - apex[:, None], axis=0).mean(axis=0)
    return np.bincount(stars.owner, lengths) / np.bincount(stars.owner)


def _take_turns(stars: _Stars, gain: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose vertices that gain, and more so than any other vertex of their cells."""
    rank = np.empty(len(gain), dtype=np.int64)
    rank[np.argsort(gain, kind="stable")] = np.arange(len(gain))
    first = np.full(int(stars.cell.max()) + 1, -1)
    np.maximum.at(first, stars.cell, rank[stars.owner])
    leads = first[stars.cell] == rank[stars.owner]
    chosen: NDArray[np.bool_] = np.logical_and.reduceat(leads, stars.start)
    return chosen & (gain > LEAST_GAIN)
