"""Numbers and values of unknowns that other ranks own, and connected sets of graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cellion.parallel import exchange

import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "connected_sets",
    "distinct_pairs",
    "dof_values",
    "global_numbers",
    "meeting_rank",
    "owners",
    "sum_at_owners",
]

type Array = NDArray[np.float64]

_HASH = 2654435761


def connected_sets(
    count: int, tails: NDArray[np.integer[Any]], heads: NDArray[np.integer[Any]]
) -> tuple[int, NDArray[np.int32]]:
    """Number of connected sets of nodes of a graph, and that of each node.

    Args:
        count: Number of nodes.
        tails: One end of each edge, shape (m,).
        heads: The other end, shape (m,).
    """
    ones = np.ones(len(tails), dtype=np.int8)
    graph = coo_array((ones, (tails, heads)), shape=(count, count))
    sets, of_node = connected_components(graph, directed=False)
    return int(sets), of_node


def meeting_rank(
    entity: NDArray[np.int64], comm: MPI.Comm, name: NDArray[np.int64] | int = 0
) -> NDArray[np.int64]:
    """Rank at which those that know an entity meet.

    Args:
        entity: Global numbers, shape (n,).
        comm: Communicator.
        name: Further number of each.
    """
    return (entity * _HASH + name) % comm.size


def global_numbers(
    index_map: cpp.common.IndexMap, local: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """Global numbers of local unknowns, in the shape of `local`."""
    numbers: NDArray[np.int64] = index_map.local_to_global(local.reshape(-1).astype(np.int32))
    return numbers.reshape(local.shape)


def distinct_pairs(
    pairs: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Distinct rows of two numbers, ascending, and the place of each row among them.

    Several times as fast as ``numpy.unique`` over an axis, which compares rows field by field.

    Args:
        pairs: Non-negative numbers, shape (n, 2); the first below 2^63 over the number of
            distinct second ones.
    """
    second, number = np.unique(pairs[:, 1], return_inverse=True)
    count = max(len(second), 1)
    key, inverse = np.unique(pairs[:, 0] * count + number, return_inverse=True)
    first, place = np.divmod(key, count)
    distinct = np.stack([first, second[place]], axis=1) if len(key) else pairs[:0]
    return distinct, inverse


def dof_values(
    index_map: cpp.common.IndexMap, wanted: NDArray[np.int64], values: NDArray[Any]
) -> NDArray[Any]:
    """Fetch values of unknowns wherever they are owned (collective).

    Args:
        index_map: Numbers of the unknowns.
        wanted: Global numbers, any shape.
        values: Value of each owned unknown.

    Returns:
        The values, in the shape of `wanted`.
    """
    comm, first = index_map.comm, index_map.local_range[0]
    distinct, inverse = np.unique(wanted.reshape(-1), return_inverse=True)
    asked, route = exchange(distinct, owners(index_map, distinct), comm)
    fetched = route.answer(values[asked - first])
    return np.asarray(fetched)[inverse.reshape(-1)].reshape(wanted.shape)


def sum_at_owners(index_map: cpp.common.IndexMap, keys: NDArray[np.int64], rows: Array) -> Array:
    """Add up rows of equal keys over all ranks (collective).

    Args:
        index_map: Numbers of the unknowns.
        keys: Global unknown and a further number, shape (n, 2).
        rows: Numbers to add, shape (n, k).

    Returns:
        The sum over the rows that have the key of each, shape (n, k).
    """
    owner = owners(index_map, keys[:, 0])
    arrived, route = exchange(keys, owner, index_map.comm)
    values, _ = exchange(rows, owner, index_map.comm)
    distinct, inverse = distinct_pairs(arrived)
    sums = np.stack(
        [np.bincount(inverse, column, minlength=len(distinct)) for column in values.T], axis=1
    )
    answer: Array = route.answer(sums[inverse])
    return answer


def owners(index_map: cpp.common.IndexMap, numbers: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Rank that owns each global number (collective)."""
    starts = np.array(index_map.comm.allgather(index_map.local_range[0]))
    return np.searchsorted(starts, numbers, side="right") - 1
