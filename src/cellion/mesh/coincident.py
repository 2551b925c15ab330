"""Nodes of a mesh file that lie on others: doubled on purpose (a crack), or by its program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from cellion.errors import MeshError

__all__ = ["DEFAULT_DISTANCE", "same_place"]

DEFAULT_DISTANCE = 1e-7
"""Distance at which two nodes are one, relative to the longest edge of the box.

Programs that write eight digits or more repeat a node to that; interphases are thicker by far.
"""


def same_place(
    points: NDArray[np.float64], cells: NDArray[np.int64], distance: float, where: str
) -> NDArray[np.int64]:
    """Number the places of nodes, in the order of the first node at each.

    Args:
        points: Coordinates of the nodes, shape (n, d).
        cells: Nodes of the cells of one kind each, shape (m, k), -1 where a cell has fewer.
        distance: Nodes up to this far from each other are at one place.
        where: Name of the file, for messages.

    Returns:
        The place of each node, shape (n,).

    Raises:
        MeshError: Two nodes of one cell would become one.
    """
    exact, number = np.unique(points + 0.0, axis=0, return_inverse=True)
    number = number.reshape(-1)
    if distance > 0.0:
        pairs = cKDTree(exact).query_pairs(distance, output_type="ndarray")
        joined = coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(exact),) * 2)
        number = connected_components(joined, directed=False)[1][number]
        _check_cells(points, cells, number, distance, where)
    _, first, place = np.unique(number, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place.reshape(-1)].astype(np.int64)


def _check_cells(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    number: NDArray[np.integer],
    distance: float,
    where: str,
) -> None:
    """Check that no cell would lose a node that it does not share with itself already."""
    for first in range(cells.shape[1]):
        for second in range(first):
            one, other = cells[:, first], cells[:, second]
            lost = (other >= 0) & (one >= 0) & (one != other) & (number[one] == number[other])
            lost &= (points[one] != points[other]).any(axis=1)
            if lost.any():
                place = points[one[np.argmax(lost)]]
                raise MeshError(
                    f"{where}: nodes nearer than {distance:.3g} m are merged, which would flatten "
                    f"{int(lost.sum())} cells, the first at {place} m; choose a smaller "
                    "microstructure.mesh.merge_distance"
                )
