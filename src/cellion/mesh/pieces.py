"""Grains that are divided into several labels, so that they can meet their own images.

Unknowns belong to a vertex, with its images across the period, and a label. A grain that is its own
neighbour gets three labels along that axis, in perfect contact inside; the first and the last meet
at its boundary.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.exact import CheckerboardGeometry

__all__ = ["divided", "inside_grain"]


def divided(
    geometry: CheckerboardGeometry,
) -> tuple[CheckerboardGeometry, NDArray[np.int32] | None]:
    """Divide tiles along the axes along which they have a boundary with their own images.

    Returns:
        The finer tiles, and the tile that each comes from with its place there along each axis,
        shape (n_tiles, 1 + d); None where nothing was to be divided.
    """
    alone, before = geometry.alone, geometry.divisions
    if not alone.any():
        return geometry, None
    divisions = np.where(alone, 3, before).astype(np.int32)
    tiles = np.arange(int(np.prod(divisions)))
    index = np.stack(np.unravel_index(tiles, tuple(divisions.tolist()), order="F"), axis=1)
    origin = np.where(alone, 0, index) @ np.cumprod([1, *before[:-1]])
    pieces = np.column_stack([origin, np.where(alone, index, 0)]).astype(np.int32)
    material = geometry.label_material[origin]
    return replace(geometry, divisions=divisions, label_material=material), pieces


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
