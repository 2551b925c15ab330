"""Grains that are divided into several labels, so that they can meet their own images.

Unknowns belong to a vertex, with its images across the period, and a label. A grain that is its own
neighbour gets three labels along that axis, in perfect contact inside; the first and the last meet
at its boundary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["inside_grain"]


def inside_grain(
    pieces: NDArray[np.int32] | None, labels: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Whether pairs of labels meet inside a grain, and not at its boundary with its own image.

    Args:
        pieces: Grain and place of each label, shape (n_labels, 1 + d); None without any.
        labels: Pairs of labels, shape (n, 2).
    """
    if pieces is None:
        return np.zeros(len(labels), dtype=bool)
    apart = np.abs(pieces[labels[:, 0]] - pieces[labels[:, 1]])
    inside: NDArray[np.bool_] = (apart[:, 0] == 0) & (apart[:, 1:] <= 1).all(axis=1)
    return inside
