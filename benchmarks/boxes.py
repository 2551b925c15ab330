"""Structured boxes of Kuhn simplices with spheres labelled by cell midpoint, for benchmarks."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData


def kuhn_box(
    divisions: tuple[int, ...], box: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Divide a box into tiles and each tile into d! simplices (Kuhn); faces match periodically.

    Args:
        divisions: Tiles per direction, length d.
        box: Edge lengths, shape (d,) [m].

    Returns:
        Points, shape (n, d) [m], and positively oriented cells, shape (m, d + 1).
    """
    d = len(divisions)
    axes = [np.linspace(0.0, box[k], divisions[k] + 1) for k in range(d)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)
    nodes = np.arange(len(points)).reshape([n + 1 for n in divisions])
    base = nodes[tuple(slice(0, -1) for _ in range(d))].reshape(-1)
    stride = np.array([nodes[tuple(int(k == j) for j in range(d))] for k in range(d)])
    cells = []
    for order in permutations(range(d)):
        path = np.concatenate([[0], np.cumsum(stride[list(order)])])
        if np.linalg.det(np.eye(d)[list(order)]) < 0:
            path[[-2, -1]] = path[[-1, -2]]
        cells.append(base[:, None] + path)
    return points, np.stack(cells, axis=1).reshape(-1, d + 1).astype(np.int64)


def sphere_box(n: int, spheres: int, fraction: float, seed: int) -> MeshData:
    """Return a periodic unit cube (10 um) of n^3 tiles with overlapping random spheres.

    Args:
        n: Tiles per direction.
        spheres: Number of spheres.
        fraction: Sum of the sphere volumes, relative to the box.
        seed: Seed of the positions.
    """
    length = 1e-5
    points, cells = kuhn_box((n, n, n), np.full(3, length))
    rng = np.random.default_rng(seed)
    centres = rng.random((spheres, 3)) * length
    radius = length * (3.0 * fraction / (4.0 * np.pi * spheres)) ** (1.0 / 3.0)
    labels = np.zeros(len(cells), dtype=np.int32)
    for start in range(0, len(cells), 1 << 20):
        middle = points[cells[start : start + (1 << 20)]].mean(axis=1)
        for i, centre in enumerate(centres):
            offset = middle - centre
            offset -= length * np.round(offset / length)
            labels[start : start + (1 << 20)][(offset**2).sum(axis=1) < radius**2] = i + 1
    return MeshData(
        points=points,
        cells=cells,
        labels=labels,
        label_material=np.minimum(np.arange(spheres + 1), 1).astype(np.int32),
        materials=("matrix", "sphere"),
        box=np.full(3, length),
        periodic=np.ones(3, dtype=bool),
    )
