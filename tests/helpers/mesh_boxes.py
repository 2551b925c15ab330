"""Small labelled boxes of bricks that tests of transport share, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from cellion.mesh.grid import brick_mesh

type Labels = Callable[[NDArray[np.float64]], NDArray[np.int32]]


def labelled_box(
    divisions: Sequence[int],
    labels: Labels,
    materials: Sequence[str],
    *,
    edges: Sequence[float] | float = 1.0,
    periodic: bool = True,
) -> MeshData:
    """Divide a box into bricks and these into simplices; label them by their midpoints.

    Args:
        divisions: Bricks along each edge, 2 or 3 numbers.
        labels: From midpoints in units of the box, shape (m, d), to labels, shape (m,).
        materials: Material of each label; equal names share a material.
        edges: Edges of the box [m].
        periodic: Whether the box continues periodically.
    """
    d = len(divisions)
    box = np.broadcast_to(np.asarray(edges, dtype=float), d).copy()
    planes = tuple(np.linspace(0.0, box[k], n + 1) for k, n in enumerate(divisions))
    bricks = brick_mesh(planes, np.zeros(d, dtype=np.int64), np.full(d, periodic))
    middle = bricks.points[bricks.cells].mean(axis=1) / box
    names = tuple(dict.fromkeys(materials))
    return MeshData(
        points=bricks.points,
        cells=bricks.cells.astype(np.int64),
        labels=labels(middle).astype(np.int32),
        label_material=np.array([names.index(name) for name in materials], dtype=np.int32),
        materials=names,
        box=box,
        periodic=np.full(d, periodic),
    )


def layers(fractions: Sequence[float], axis: int = 0) -> Labels:
    """Layers normal to an axis, in ascending order, with the given thicknesses."""
    ends = np.cumsum(fractions)[:-1]
    return lambda x: np.searchsorted(ends, x[:, axis])


def tiles(divisions: Sequence[int], materials: int = 2) -> Labels:
    """Checkerboard whose tiles carry 0, 1, ..., in turn along each axis."""
    return lambda x: np.floor(x * np.array(divisions)).astype(int).sum(axis=1) % materials


def balls(centers: NDArray[np.float64], radius: float) -> Labels:
    """Label 0 outside of the balls of a periodic box, 1, 2, ... inside; lengths in boxes."""

    def label(x: NDArray[np.float64]) -> NDArray[np.int32]:
        offset = x[:, None, :] - centers
        offset -= np.round(offset)
        inside = (offset**2).sum(axis=2) < radius**2
        return np.where(inside.any(axis=1), inside.argmax(axis=1) + 1, 0)

    return label


def isotropic(values: Sequence[float], dimension: int) -> NDArray[np.float64]:
    """Isotropic conductivities, shape (n, d, d)."""
    return np.asarray(values, dtype=float)[:, None, None] * np.eye(dimension)
