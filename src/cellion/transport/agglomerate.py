"""Which unknowns of one vertex a preconditioner may take as one: those that an interface ties.

An interface of resistance R ties two unknowns of a vertex by a conductance c = |F| / (d R) from
each of its facets F there. Where c is larger than the stiffness k of one of the two, the diagonal
of what the cells add to the matrix, which is about sigma h, they move together on the scale of the
mesh: it is the case for R below about h / sigma. Poor conductors are so tied to good ones, which
are not by that tied to each other: unknowns join one after the other, each with the one that it is
tied to most, and what has joined is compared anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from cellion.parallel import exchange

import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellion.transport.interfaces import dof_values

__all__ = ["Ties", "TiesHere", "agglomerate", "gather_ties", "roots"]

type Array = NDArray[np.float64]
type Numbers = NDArray[np.int64]

_HASH = 2654435761
_RATIO = 1.0
"""Conductance over stiffness above which unknowns join; results depend little on it, 0.3 to 3."""


@dataclass(frozen=True, kw_only=True)
class Ties:
    """Pairs of unknowns of one vertex and the conductance between them; on any rank, added up.

    Attributes:
        pairs: Global unknowns, shape (p, 2).
        conductance: Conductance in the unit of the matrix, shape (p,).
    """

    pairs: Numbers
    conductance: Array


@dataclass(frozen=True, kw_only=True)
class TiesHere:
    """All ties of some vertices, gathered on one rank.

    Attributes:
        dofs: Global unknowns of these vertices, ascending, shape (n,).
        diagonal: Diagonal of the matrix, shape (n,).
        ends: Positions in `dofs` of the two ends of each tie, shape (p, 2).
        conductance: Conductance of each tie, shape (p,).
        cluster: Cluster of each unknown, shape (n,).
    """

    dofs: Numbers
    diagonal: Array
    ends: Numbers
    conductance: Array
    cluster: Numbers


def agglomerate(stiffness: Array, ends: Numbers, conductance: Array) -> Numbers:
    """Join what is tied by more than its own stiffness, until nothing is.

    In each round every cluster that has a neighbour it is tied to by more than its own stiffness
    joins the one it is tied to most.

    Args:
        stiffness: Stiffness of each node, shape (n,).
        ends: Nodes at the ends of each tie, shape (p, 2).
        conductance: Conductance of each tie, shape (p,).

    Returns:
        Cluster of each node, numbered from 0, shape (n,).
    """
    cluster = np.arange(len(stiffness), dtype=np.int64)
    while len(ends):
        size = len(stiffness)
        both = np.concatenate([ends, ends[:, ::-1]])
        graph = coo_array((np.tile(conductance, 2), both.T), shape=(size, size)).tocsr().tocoo()
        order = np.lexsort([graph.col, graph.data, graph.row])
        row, col, tie = graph.row[order], graph.col[order], graph.data[order]
        most = np.append(row[1:] != row[:-1], True)
        joins = most & (tie > _RATIO * stiffness[row])
        if not joins.any():
            break
        joined = coo_array((tie[joins], (row[joins], col[joins])), shape=(size, size))
        _, number = connected_components(joined, directed=False)
        cluster = number[cluster].astype(np.int64)
        stiffness = np.bincount(number, weights=stiffness)
        ends = number[ends].astype(np.int64)
        apart = ends[:, 0] != ends[:, 1]
        ends, conductance = ends[apart], conductance[apart]
    return cluster


def gather_ties(
    index_map: cpp.common.IndexMap,
    entity: Numbers,
    stiffness: Array,
    diagonal: Array,
    ties: Ties,
) -> TiesHere:
    """Bring the ties of each vertex to one rank, and join there what is tied (collective).

    Args:
        index_map: Numbers of the unknowns.
        entity: Vertex of each owned unknown.
        stiffness: What the cells add to the diagonal of each owned unknown; not a number for
            unknowns that stay alone.
        diagonal: Diagonal of the matrix at each owned unknown.
        ties: Ties of this rank.
    """
    comm = index_map.comm
    ends = dof_values(index_map, ties.pairs, stiffness)
    entries = dof_values(index_map, ties.pairs, diagonal)
    free = ~np.isnan(ends).any(axis=1)
    pairs = ties.pairs[free]
    place = (dof_values(index_map, pairs[:, 0], entity) * _HASH) % comm.size
    numbers, _ = exchange(pairs, place, comm)
    values = np.column_stack([ends[free], entries[free], ties.conductance[free]])
    values, _ = exchange(values, place, comm)
    dofs, first, number = np.unique(numbers.reshape(-1), return_index=True, return_inverse=True)
    number = number.reshape(-1, 2).astype(np.int64)
    here = values[:, :2].reshape(-1)[first]
    return TiesHere(
        dofs=dofs.astype(np.int64),
        diagonal=values[:, 2:4].reshape(-1)[first],
        ends=number,
        conductance=values[:, 4],
        cluster=agglomerate(here, number, values[:, 4]),
    )


def roots(index_map: cpp.common.IndexMap, here: TiesHere) -> Numbers:
    """Unknown that stands for the cluster of each owned unknown: the first of it (collective).

    Args:
        index_map: Numbers of the unknowns.
        here: Ties gathered on this rank.

    Returns:
        Global number for each owned unknown; its own when it is alone, shape (n_owned,).
    """
    comm, (start, end) = index_map.comm, index_map.local_range
    least = np.full(int(here.cluster.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, here.cluster, here.dofs)
    rows = np.column_stack([here.dofs, least[here.cluster]])
    owner = np.searchsorted(np.array(comm.allgather(start)), here.dofs, side="right") - 1
    arrived, _ = exchange(rows, owner, comm)
    root = np.arange(start, end, dtype=np.int64)
    root[arrived[:, 0] - start] = arrived[:, 1]
    return root
