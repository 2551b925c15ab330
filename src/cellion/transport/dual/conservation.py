"""Currents that conserve charge to rounding, from currents that nearly do.

A Crouzeix-Raviart solution conserves charge exactly; an iterate does so up to its residual. Here
the defects are removed: the two values at each facet become one, and what is then left over in the
cells is carried along a tree of the cells whose paths have little resistance. The result is
admissible in the complementary principle, whatever the accuracy of the solve. Ranks carry along
trees of their own cells, and from one to the other along a small tree that all of them know.
"""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import dolfinx.la
import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.transport.primal.forest import Forest, carry, grow
from cellion.transport.primal.spaces import KeyedDofs

__all__ = ["Conservation", "conserve", "defects", "prepare_conservation"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Conservation:
    """Paths along which defects of conservation are carried.

    A place is a facet of a cell, row * (d + 1) + facet, with the row of the cell in `cells`.

    Attributes:
        cells: Owned cells that carry current, shape (n,).
        of_cell: Local key of each of their facets, shape (n, d + 1).
        index_map: Keys, each for a facet that currents pass, or end at.
        sides: How many cells, on all ranks, have each key, shape (n_keys,).
        open: Keys at which any current may leave (electrodes), shape (n_keys,).
        edges: Both places of each facet between two of the cells, shape (m, 2).
        forest: Spanning forest of these cells.
        trees: Number of trees of each rank.
        bridges: Facets between trees of different ranks, one for each two: the two trees and the
            global key, shape (b, 3).
        bridged: Spanning forest of the trees of all ranks, whose edges are the bridges.
    """

    cells: NDArray[np.int64]
    of_cell: NDArray[np.int32]
    index_map: cpp.common.IndexMap
    sides: NDArray[np.int64]
    open: NDArray[np.bool_]
    edges: NDArray[np.int64]
    forest: Forest
    trees: NDArray[np.int64]
    bridges: NDArray[np.int64]
    bridged: Forest


def prepare_conservation(
    mesh: LabelledMesh,
    keys: KeyedDofs,
    cells: NDArray[np.int64],
    resistance: Array,
    open_keys: NDArray[np.bool_],
) -> Conservation:
    """Prepare trees along which defects are carried (collective).

    Args:
        mesh: Labelled mesh.
        keys: Keys of the facets that currents pass, or end at.
        cells: Owned cells that carry current, shape (n,).
        resistance: Resistance of each of them to a current across it, in any unit, shape (n,).
        open_keys: Keys at which any current may leave, owned and ghost, shape (n_keys,).
    """
    corners, index_map = mesh.dimension + 1, keys.index_map
    of_cell = keys.of_cell[cells]
    flat, places = of_cell.reshape(-1), np.arange(of_cell.size)
    here = np.bincount(flat, minlength=len(open_keys))
    sides = _summed(index_map, here[:, None].astype(np.float64))[:, 0].astype(np.int64)
    first, last = np.zeros((2, len(open_keys)), dtype=np.int64)
    last[flat] = places
    first[flat[::-1]] = places[::-1]
    both = np.flatnonzero(here == 2)
    edges = np.stack([first[both], last[both]], axis=1)
    sinks = open_keys[of_cell].any(axis=1)
    forest = grow(len(cells), edges // corners, resistance[edges // corners].sum(axis=1), sinks)
    count = int(forest.tree.max(initial=-1)) + 1
    trees = np.array(mesh.comm.allgather(count), dtype=np.int64)
    crossing = np.flatnonzero((here == 1) & (sides == 2))
    beside = first[crossing] // corners
    mine = np.zeros((len(open_keys), 2))
    mine[crossing, 0] = forest.tree[beside] + trees[: mesh.comm.rank].sum()
    mine[crossing, 1] = resistance[beside]
    both_ends = _summed(index_map, mine)[crossing]
    ends = np.stack([mine[crossing, 0], both_ends[:, 0] - mine[crossing, 0]], axis=1)
    number = index_map.local_to_global(crossing.astype(np.int32))
    bridges = np.column_stack([np.sort(ends, axis=1), both_ends[:, 1], number])
    bridges = _best(np.concatenate(mesh.comm.allgather(_best(bridges))))
    served = np.zeros(count, dtype=bool)
    served[forest.tree[sinks]] = True
    served = np.concatenate(mesh.comm.allgather(served))
    return Conservation(
        cells=cells,
        of_cell=of_cell,
        index_map=index_map,
        sides=sides,
        open=open_keys,
        edges=edges,
        forest=forest,
        trees=trees,
        bridges=bridges[:, [0, 1, 3]].astype(np.int64),
        bridged=grow(len(served), bridges[:, :2].astype(np.int64), bridges[:, 2], served),
    )


def _best(bridges: Array) -> Array:
    """The bridge of least resistance between any two trees, that of lowest number among equals."""
    ordered = bridges[np.lexsort(bridges.T[::-1])]
    new = np.ones(len(ordered), dtype=bool)
    new[1:] = (ordered[1:, :2] != ordered[:-1, :2]).any(axis=1)
    return ordered[new]


def _summed(index_map: cpp.common.IndexMap, values: Array) -> Array:
    """Sum over all ranks of what each contributes to a key, shape (n_keys, k) (collective)."""
    total = dolfinx.la.vector(index_map, values.shape[1])
    total.array[:] = values.reshape(-1)
    total.scatter_reverse(dolfinx.la.InsertMode.add)
    total.scatter_forward()
    return np.array(total.array).reshape(values.shape)


def defects(conservation: Conservation, currents: Array, absorbed: Array | None = None) -> Array:
    """Charge lost at each key that is not open, shape (n_keys, k); see `conserve` (collective)."""
    flat, count = conservation.of_cell.reshape(-1), len(conservation.sides)
    columns = currents.reshape(-1, currents.shape[2]).T
    here = np.stack([np.bincount(flat, column, minlength=count) for column in columns], axis=1)
    found = _summed(conservation.index_map, here)
    if absorbed is not None:
        found -= absorbed
    found[conservation.open] = 0.0
    return found


def conserve(conservation: Conservation, currents: Array, absorbed: Array | None = None) -> Array:
    """Make currents conserve charge (collective).

    Args:
        conservation: How.
        currents: Currents of k fields out of the cells that carry current, through each of their
            facets, shape (n, d + 1, k).
        absorbed: What a sheet takes of them at each key, shape (n_keys, k); None for nothing.

    Returns:
        Currents that add up, over the sides of each facet that is not open, to what is absorbed
        there, and to zero in each cell, all to rounding.
    """
    n, corners, k = currents.shape
    defect = defects(conservation, currents, absorbed)
    defect /= np.maximum(conservation.sides, 1)[:, None]
    balanced = currents.reshape(-1, k) - defect[conservation.of_cell.reshape(-1)]
    _cross_ranks(conservation, balanced)
    passed = carry(conservation.forest, balanced.reshape(n, corners, k).sum(axis=1))
    _carry_over(conservation, balanced, passed)
    return balanced.reshape(n, corners, k)


def _carry_over(conservation: Conservation, balanced: Array, passed: Array) -> None:
    """Take from the currents, in place, what each cell passes on to its parent."""
    corners, edge = conservation.of_cell.shape[1], conservation.forest.edge
    child = np.flatnonzero(edge >= 0)
    ends = conservation.edges[edge[child]]
    turned = ends[:, 0] // corners != child
    ends[turned] = ends[turned, ::-1]
    balanced[ends[:, 0]] -= passed[child]
    np.add.at(balanced, ends[:, 1], passed[child])
    roots = np.flatnonzero(edge < 0)
    way_out = conservation.open[conservation.of_cell[roots]]
    leaves = way_out.any(axis=1)
    place = roots[leaves] * corners + way_out[leaves].argmax(axis=1)
    balanced[place] -= passed[roots[leaves]]


def _cross_ranks(conservation: Conservation, balanced: Array) -> None:
    """Even out the excesses of the trees of different ranks, in place (collective)."""
    comm = conservation.index_map.comm
    if comm.size == 1:
        return
    offset, count = int(conservation.trees[: comm.rank].sum()), conservation.trees[comm.rank]
    tree, corners = conservation.forest.tree, conservation.of_cell.shape[1]
    excess = balanced.reshape(len(tree), corners, balanced.shape[1]).sum(axis=1)
    here = np.stack([np.bincount(tree, c, minlength=count) for c in excess.T], axis=1)
    passed = carry(conservation.bridged, np.concatenate(comm.allgather(here)))
    child = np.flatnonzero(conservation.bridged.edge >= 0)
    bridge = conservation.bridges[conservation.bridged.edge[child]]
    key = conservation.index_map.global_to_local(bridge[:, 2])
    flat = conservation.of_cell.reshape(-1)
    place = np.full(len(conservation.sides) + 1, -1, dtype=np.int64)
    place[flat] = np.arange(len(flat))
    mine = np.flatnonzero(place[key] >= 0)
    place, child, ends = place[key[mine]], child[mine], bridge[mine, :2] - offset
    own = np.where((ends[:, 0] >= 0) & (ends[:, 0] < count), ends[:, 0], ends[:, 1]) + offset
    sign = np.where(own == child, -1.0, 1.0)
    np.add.at(balanced, place, sign[:, None] * passed[child])
