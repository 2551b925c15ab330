"""Graph of the components of all ranks, joined across rank borders and around a periodic box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.transport.primal.forest import grow, sum_along_paths

__all__ = ["Links", "join"]


@dataclass(frozen=True, kw_only=True)
class Links:
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

    def unique(self) -> Links:
        """Return each crossing once."""
        rows = np.stack([self.start, self.end, self.axis], axis=1)
        start, end, axis = np.unique(rows, axis=0).T if len(rows) else rows.T
        return Links(start=start, end=end, axis=axis)

    @staticmethod
    def concatenate(parts: Sequence[Links]) -> Links:
        """Return the crossings of several parts as one."""
        return Links(
            start=np.concatenate([part.start for part in parts]),
            end=np.concatenate([part.end for part in parts]),
            axis=np.concatenate([part.axis for part in parts]),
        )


def join(
    count: int, crossings: Links, dimension: int
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
    start, end, crossed = crossings.start, crossings.end, crossings.axis
    forest = grow(count, np.stack([start, end], axis=1), np.ones(len(start)), np.zeros(count, bool))
    n = int(forest.tree.max(initial=-1)) + 1
    shift = (crossed[:, None] == np.arange(dimension)).astype(np.int64)
    # Step from the parent in the forest to each component; roots stay where they are.
    edge = forest.edge
    step = np.concatenate([shift, np.zeros((1, dimension), dtype=np.int64)])[edge]
    step[np.append(start, -1)[edge] == np.arange(count)] *= -1
    image = sum_along_paths(forest, step)
    winding = image[start] + shift - image[end]
    winds = np.zeros((n, dimension), dtype=bool)
    closing, axis = np.nonzero(winding)
    winds[forest.tree[start[closing]], axis] = True
    return forest.tree, n, winds
