"""Which labels of a mesh are grains, and colours in which neighbours differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour_labels", "label_neighbours", "touching_materials"]

type Integers = NDArray[np.int64]


def label_neighbours(vertices: Integers, label: Integers) -> Integers:
    """Pairs of labels that share a vertex.

    Args:
        vertices: Vertices, shape (n,).
        label: A label that each is part of, shape (n,).

    Returns:
        Ascending pairs, each once, shape (p, 2).
    """
    count = int(label.max(initial=0)) + 1
    key = np.unique(vertices * count + label)
    vertex, there = np.divmod(key, count)
    found = [np.zeros((0, 2), dtype=np.int64)]
    step = 1
    while True:
        same = vertex[step:] == vertex[:-step]
        if not same.any():
            break
        found.append(np.stack([there[:-step][same], there[step:][same]], axis=1))
        step += 1
    pairs: Integers = np.unique(np.concatenate(found), axis=0)
    return pairs


def touching_materials(neighbours: Integers, label_material: Integers) -> Integers:
    """Materials of which two labels are neighbours.

    Args:
        neighbours: Pairs of labels, shape (p, 2).
        label_material: Material of each label, shape (n_labels,).
    """
    of_pair = label_material[neighbours]
    return np.unique(of_pair[of_pair[:, 0] == of_pair[:, 1], 0])


def colour_labels(neighbours: Integers, count: int, palette: int) -> Integers:
    """Give each label a colour that none of its neighbours has.

    Labels with many neighbours choose first, each the colour that is used least so far.

    Args:
        neighbours: Pairs of labels, shape (p, 2).
        count: Number of labels.
        palette: Number of colours to choose from; more are used where they do not suffice.

    Returns:
        Colour of each label, shape (count,).
    """
    both = np.concatenate([neighbours, neighbours[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    degree = np.bincount(both[:, 0], minlength=count)
    start = np.concatenate([[0], np.cumsum(degree)])
    colour = np.full(count, -1, dtype=np.int64)
    used = np.zeros(palette, dtype=np.int64)
    for label in np.argsort(-degree, kind="stable"):
        taken = colour[both[start[label] : start[label + 1], 1]]
        free = np.ones(len(used), dtype=bool)
        free[taken[taken >= 0]] = False
        if not free.any():
            used = np.append(used, 0)
            free = np.append(free, True)
        allowed = np.flatnonzero(free)
        chosen = int(allowed[np.argmin(used[allowed])])
        colour[label] = chosen
        used[chosen] += 1
    return colour
