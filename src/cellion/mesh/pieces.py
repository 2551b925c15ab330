"""Particles and grains that are divided into several labels, to meet their own images.

Laws act between labels. What is its own neighbour gets three labels along that axis, in perfect
contact inside; the first and the last meet at its boundary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bodies import Bodies

__all__ = ["ascending", "divided_bodies", "first_labels", "inside_grain"]


def divided_bodies(
    bodies: Bodies, of_cell: NDArray[np.int32], middle: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """Divide bodies along the axes along which they are in contact with their own images.

    The plane of such a contact is half a period from the centre: thirds of a period around the
    centre are three pieces. The middle one keeps the label.

    Args:
        bodies: The bodies of a geometry.
        of_cell: Body of each cell, shape (m,).
        middle: Centroids of the cells, shape (m, d) [m].

    Returns:
        Label of each cell, shape (m,), and the label of the geometry that each comes from with its
        place there along each axis, shape (n_labels, 1 + d); None where nothing was divided.
    """
    labels, along = bodies.labels(of_cell), bodies.geometry.meets_itself(0.0)
    if not along.any():
        return labels, None
    count, third = len(along), bodies.box / 3.0
    mine = np.flatnonzero(along[labels].any(axis=1))
    label, x, image = labels[mine], middle[mine], bodies.images(middle[mine], of_cell[mine])
    ahead, behind = (bodies.geometry.nearest_image(x + s * third, label) for s in (1.0, -1.0))
    place = np.where(along[label], 1 + np.clip(ahead + behind - 2 * image, -1, 1), 0)
    whole = np.column_stack([np.arange(count), along])
    outer = (place != along[label]).any(axis=1)
    rows, number = np.unique(np.column_stack([label, place])[outer], axis=0, return_inverse=True)
    labels = labels.copy()
    labels[mine[outer]] = count + number.reshape(-1)
    return labels, np.concatenate([whole, rows]).astype(np.int32)


def first_labels(
    pieces: NDArray[np.int32] | None, labels: NDArray[np.integer[Any]]
) -> NDArray[np.integer[Any]]:
    """First label of the grain that each label is a part of, in the shape of `labels`."""
    if pieces is None:
        return labels
    _, first, grain = np.unique(pieces[:, 0], return_index=True, return_inverse=True)
    found: NDArray[np.integer[Any]] = first[grain][labels]
    return found


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


def ascending(
    pieces: NDArray[np.int32] | None, labels: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Whether pairs of labels run from the lower to the higher grain.

    At the boundary of a grain with its own image, from its first to its last piece.

    Args:
        pieces: Grain and place of each label, shape (n_labels, 1 + d); None without any.
        labels: Pairs of labels, shape (n, 2).
    """
    if pieces is None:
        return np.asarray(labels[:, 0] < labels[:, 1])
    step = pieces[labels[:, 1]] - pieces[labels[:, 0]]
    across = np.where(np.abs(step[:, 1:]) > 1, step[:, 1:], 0).sum(axis=1)
    return np.asarray(np.where(step[:, 0] != 0, step[:, 0], across) > 0)
