"""Agglomeration of the unknowns of a vertex that low interface resistances tie together.

An interface of resistance R couples two unknowns of a vertex by a conductance c = |F| / (d R) from
each of its facets F there. Where c is larger than the stiffness k of one of the two, the diagonal
of what the cells add to the matrix, which is about sigma h, they move together on the scale of the
mesh: it is the case for R below about h / sigma.

Greedy merging: each unknown joins the neighbour it is coupled to most strongly relative to its own
stiffness; couplings are recomputed after each merge. A poor conductor thus attaches to a good one
without linking two good ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from cellion.parallel import exchange

import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from scipy.sparse import coo_array

from cellion.transport.index_maps import connected_sets, dof_values, meeting_rank, owners

__all__ = ["InterfaceCouplings", "TiesHere", "agglomerate", "gather_ties", "roots"]

type Array = NDArray[np.float64]
type Numbers = NDArray[np.int64]

_RATIO = 1.0
"""Conductance over stiffness above which unknowns join; results depend little on it, 0.3 to 3."""


@dataclass(frozen=True, kw_only=True)
class InterfaceCouplings:
    """Unknowns of a problem with resistive interfaces, and their couplings.

    Attributes:
        index_map: Numbers of the unknowns.
        entity: Vertex of each owned unknown, shape (n_owned,).
        label: Label of each owned unknown, shape (n_owned,).
        pairs: Pairs of unknowns of one vertex that interfaces couple, on any rank, shape (p, 2).
        conductance: Lumped conductance between them in the unit of the matrix, shape (p,).
        share: What of these is on the diagonal of the matrix, 2 / (d + 1).
        block: Number that labels have in common if they share unknowns, shape (n_labels,).
        anisotropic: Whether each block has strong anisotropy, shape (n_blocks,).
    """

    index_map: cpp.common.IndexMap
    entity: Numbers
    label: NDArray[np.int32]
    pairs: Numbers
    conductance: Array
    share: float
    block: Numbers
    anisotropic: NDArray[np.bool_]


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
        _, number = connected_sets(size, row[joins], col[joins])
        cluster = number[cluster].astype(np.int64)
        stiffness = np.bincount(number, weights=stiffness)
        ends = number[ends].astype(np.int64)
        apart = ends[:, 0] != ends[:, 1]
        ends, conductance = ends[apart], conductance[apart]
    return cluster


def gather_ties(couplings: InterfaceCouplings, stiffness: Array, diagonal: Array) -> TiesHere:
    """Bring the couplings of each vertex to one rank, and join there what is tied (collective).

    Args:
        couplings: Couplings of this rank.
        stiffness: What the cells add to the diagonal of each owned unknown; not a number for
            unknowns that stay alone.
        diagonal: Diagonal of the matrix at each owned unknown.
    """
    index_map, comm = couplings.index_map, couplings.index_map.comm
    ends = dof_values(index_map, couplings.pairs, stiffness)
    entries = dof_values(index_map, couplings.pairs, diagonal)
    free = ~np.isnan(ends).any(axis=1)
    pairs = couplings.pairs[free]
    place = meeting_rank(dof_values(index_map, pairs[:, 0], couplings.entity), comm)
    numbers, _ = exchange(pairs, place, comm)
    values = np.column_stack([ends[free], entries[free], couplings.conductance[free]])
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
    start, end = index_map.local_range
    least = np.full(int(here.cluster.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, here.cluster, here.dofs)
    rows = np.column_stack([here.dofs, least[here.cluster]])
    arrived, _ = exchange(rows, owners(index_map, here.dofs), index_map.comm)
    root = np.arange(start, end, dtype=np.int64)
    root[arrived[:, 0] - start] = arrived[:, 1]
    return root
