"""Spanning forests of graphs, and sums along their paths.

On a tree there is one way to balance given excesses: each node passes what its subtree has too much
on to its parent. Levels of the tree are handled at once, from the leaves to the roots.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra

from cellion.transport.index_maps import connected_sets

__all__ = ["Forest", "carry", "grow", "sum_along_paths"]

type Array = NDArray[np.float64]

_SHORT = 1e-9
"""Length of what leads to the ground, over the shortest edge."""


@dataclass(frozen=True, kw_only=True)
class Forest:
    """A forest of shortest paths to the roots, which hang on one more node, the ground.

    Attributes:
        order: Nodes by level, without the ground, shape (n,).
        parent: Position of the parent of each node of the order, in the order and ascending; the
            ground has position 0 and the first node 1, shape (n,).
        levels: Positions at which levels start, and the end.
        edge: Edge from each node (not in the order) to its parent, -1 for roots, shape (n,).
        tree: Tree of each node, shape (n,); several when their roots were given.
    """

    order: NDArray[np.int64]
    parent: NDArray[np.int64]
    levels: tuple[int, ...]
    edge: NDArray[np.int64]
    tree: NDArray[np.int64]


def grow(
    count: int,
    edges: NDArray[np.integer[Any]],
    lengths: Array,
    sinks: NDArray[np.bool_],
) -> Forest:
    """Grow a spanning forest along shortest paths.

    Args:
        count: Number of nodes.
        edges: Ends of each edge, shape (m, 2).
        lengths: Positive length of each edge, shape (m,).
        sinks: Nodes that are roots; connected nodes without any get their first one, shape
            (count,).
    """
    tails, heads = edges.T
    trees, tree = connected_sets(count, tails, heads)
    first = np.full(trees, count)
    np.minimum.at(first, tree, np.arange(count))
    served = np.zeros(trees, dtype=bool)
    served[tree[sinks]] = True
    roots = np.concatenate([first[~served], np.flatnonzero(sinks)])
    before = _shortest_paths(count, edges, lengths, roots)
    shape = (count + 1, count + 1)
    branches = coo_array((np.ones(count), (before, np.arange(count))), shape=shape).tocsr()
    order, _ = breadth_first_order(branches, count, directed=True)
    position = np.empty(count + 1, dtype=np.int64)
    position[order] = np.arange(count + 1)
    parent = position[before[order[1:]]]
    levels = [1]
    while levels[-1] <= count:
        levels.append(1 + int(np.searchsorted(parent, levels[-1])))
    edge = np.full(count, -1, dtype=np.int64)
    for child, other in ((tails, heads), (heads, tails)):
        up = np.flatnonzero(before[child] == other)
        edge[child[up]] = up
    return Forest(
        order=order[1:].astype(np.int64),
        parent=parent,
        levels=tuple(levels),
        edge=edge,
        tree=tree.astype(np.int64),
    )


def _shortest_paths(
    count: int, edges: NDArray[np.integer[Any]], lengths: Array, roots: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Node before each on its shortest path from the ground, number `count`."""
    least = _SHORT * float(lengths.min(initial=1.0))
    weights = np.concatenate([lengths, lengths, np.full(len(roots), least)])
    tails = np.concatenate([edges[:, 0], edges[:, 1], np.full(len(roots), count)])
    heads = np.concatenate([edges[:, 1], edges[:, 0], roots])
    # Edges between the same two nodes count as one, with the sum of their lengths.
    graph = coo_array((weights, (tails, heads)), shape=(count + 1, count + 1)).tocsr()
    _, before = dijkstra(graph, indices=count, return_predecessors=True)
    found: NDArray[np.int64] = before[:count].astype(np.int64)
    return found


def carry(forest: Forest, excess: Array) -> Array:
    """Sums of excesses that each node passes on to its parent, roots to the ground.

    Args:
        forest: The forest.
        excess: What each node has too much, shape (n, k).

    Returns:
        Sum of the excesses of the subtree of each node, shape (n, k).
    """
    load = np.concatenate([np.zeros((1, excess.shape[1])), excess[forest.order]])
    heads = np.flatnonzero(np.diff(forest.parent, prepend=-1)) + 1
    for start, stop in zip(forest.levels[-2::-1], forest.levels[:0:-1], strict=True):
        low, high = np.searchsorted(heads, [start, stop])
        firsts = heads[low:high]
        load[forest.parent[firsts - 1]] += np.add.reduceat(load[start:stop], firsts - start)
    passed = np.empty_like(excess)
    passed[forest.order] = load[1:]
    return passed


def sum_along_paths(forest: Forest, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum of the steps from the root of each node to it, shape (n, k).

    Args:
        forest: The forest.
        steps: Step from the parent of each node to it, shape (n, k).
    """
    total = np.concatenate([np.zeros((1, steps.shape[1]), np.int64), steps[forest.order]])
    for start, stop in pairwise(forest.levels):
        total[start:stop] += total[forest.parent[start - 1 : stop - 1]]
    found = np.empty_like(steps)
    found[forest.order] = total[1:]
    return found
