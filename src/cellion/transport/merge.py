"""Joining components across borders and around a periodic box: a small graph of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

__all__ = ["Crossings", "join"]


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Connections between components.

    Attributes:
        start: Component on this side, shape (n,).
        end: Component on the other side, shape (n,).
        axis: Direction whose upper face the connection crosses, from `start` into the periodic
            image of `end`; -1 when it crosses none, shape (n,).
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    axis: NDArray[np.int64]

    def with_more(self, other: Crossings) -> Crossings:
        """Return these crossings followed by others."""
        return Crossings.concatenate([self, other])

    def unique(self) -> Crossings:
        """Return each crossing once."""
        rows = np.stack([self.start, self.end, self.axis], axis=1)
        start, end, axis = np.unique(rows, axis=0).T if len(rows) else rows.T
        return Crossings(start=start, end=end, axis=axis)

    @staticmethod
    def concatenate(parts: Sequence[Crossings]) -> Crossings:
        """Return the crossings of several parts as one."""
        return Crossings(
            start=np.concatenate([part.start for part in parts]),
            end=np.concatenate([part.end for part in parts]),
            axis=np.concatenate([part.axis for part in parts]),
        )


def join(
    count: int, crossings: Crossings, dimension: int
) -> tuple[NDArray[np.int64], int, NDArray[np.bool_]]:
    """Join components and find the directions in which the joined ones wind around the box.

    A spanning tree places each component in some periodic image; a connection that disagrees with
    it closes a path whose winding is the difference (Livraghi et al., J. Chem. Theory Comput. 17
    (2021) 6449, do the same for atoms).

    Args:
        count: Number of components before joining.
        crossings: Connections between them.
        dimension: Space dimension.

    Returns:
        The joined component of each, shape (count,); their number n; and whether each contains a
        closed path that winds around each direction, shape (n, dimension).
    """
    ones = np.ones(len(crossings.start), dtype=np.int8)
    graph = coo_array((ones, (crossings.start, crossings.end)), shape=(count, count)).tocsr()
    n, component = connected_components(graph, directed=False)
    winds = np.zeros((n, dimension), dtype=bool)
    shift = np.zeros((len(crossings.start), dimension), dtype=np.int64)
    crossed = np.flatnonzero(crossings.axis >= 0)
    shift[crossed, crossings.axis[crossed]] = 1
    image = _images(count, crossings, shift, component)
    winding = image[crossings.start] + shift - image[crossings.end]
    edge, axis = np.nonzero(winding)
    winds[component[crossings.start[edge]], axis] = True
    return component.astype(np.int64), int(n), winds


def _images(
    count: int,
    crossings: Crossings,
    shift: NDArray[np.int64],
    component: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Place each component in a periodic image along a spanning forest, shape (count, d)."""
    start = np.concatenate([crossings.start, crossings.end])
    end = np.concatenate([crossings.end, crossings.start])
    step = np.concatenate([shift, -shift])
    order = np.lexsort((end, start))
    start, end, step = start[order], end[order], step[order]
    roots = np.unique(component, return_index=True)[1]
    tails = np.concatenate([start, np.full(len(roots), count)])
    heads = np.concatenate([end, roots])
    ones = np.ones(len(tails), dtype=np.int8)
    graph = coo_array((ones, (tails, heads)), shape=(count + 1, count + 1)).tocsr()
    visited, before = breadth_first_order(graph, count, directed=True)
    image = np.zeros((count + 1, shift.shape[1]), dtype=np.int64)
    edges = np.searchsorted(start * (count + 1) + end, before[visited] * (count + 1) + visited)
    for node, edge in zip(visited[1:], edges[1:], strict=True):
        if before[node] != count:
            image[node] = image[before[node]] + step[edge]
    return image[:count]
