"""Meshes without geometry are bisected: conforming, labels kept, alike across the period."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellion.mesh.bisect import bisect, cells_around
from cellion.mesh.data import MeshData, cell_volumes
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.quality import check_invariants, dihedral_range


def kuhn_mesh(dimension: int, n: int, *, periodic: bool, seed: int | None = None) -> MeshData:
    """A unit box of n^d cubes, each of 2 or 6 cells of two labels; moved inside by the seed."""
    grid = np.stack(np.meshgrid(*[np.arange(n + 1)] * dimension, indexing="ij"), axis=-1)
    points = grid.reshape(-1, dimension) / n
    stride = (n + 1) ** np.arange(dimension)[::-1]
    low = grid[(slice(0, n),) * dimension].reshape(-1, dimension) @ stride
    cells = [
        np.stack([low + sum(stride[list(path[:k])]) for k in range(dimension + 1)], axis=1)
        for path in permutations(range(dimension))
    ]
    cells = np.concatenate(cells)
    negative = cell_volumes(points, cells) < 0
    cells[negative, :2] = cells[negative, 1::-1]
    labels = (points[cells].mean(axis=1)[:, 0] > 0.5).astype(np.int32)
    if seed is not None:
        inside = ((points > 0) & (points < 1)).all(axis=1)
        moves = np.random.default_rng(seed).uniform(-0.1 / n, 0.1 / n, points.shape)
        points = points + inside[:, None] * moves
    return MeshData(
        points=points,
        cells=cells,
        labels=labels,
        label_material=np.array([0, 1], dtype=np.int32),
        materials=("first", "second"),
        box=np.ones(dimension),
        periodic=np.full(dimension, periodic),
    )


def volumes_of_labels(data: MeshData) -> np.ndarray:
    return np.bincount(data.labels, cell_volumes(data.points, data.cells))


@settings(max_examples=30)
@given(
    dimension=st.sampled_from([2, 3]),
    periodic=st.booleans(),
    seed=st.integers(2, 10_000),
    share=st.floats(0.01, 1.0),
)
def test_any_marked_cells_leave_a_conforming_mesh(dimension, periodic, seed, share):
    data = kuhn_mesh(dimension, 3, periodic=periodic, seed=seed)
    marked = np.random.default_rng(seed).random(len(data.cells)) < share
    finer = bisect(data, marked)
    ones = np.arange(len(finer.points))
    check_invariants(
        finer.points, finer.cells, ones, np.ones(dimension), np.zeros(dimension, dtype=bool)
    )
    assert volumes_of_labels(finer) == pytest.approx(volumes_of_labels(data))
    match_periodic_faces(finer)  # raises where opposite faces differ
    # Every edge of a marked cell is halved, so that its parts have at most 1 / 2^d of its volume.
    middles = cells_around(finer, np.empty((0, dimension)))
    assert not middles.any()
    for cell in data.cells[marked][:5]:
        centre = data.points[cell].mean(axis=0)
        part = finer.cells[
            np.argmin(np.linalg.norm(finer.points[finer.cells].mean(axis=1) - centre, axis=1))
        ]
        whole = cell_volumes(data.points, cell[None])[0]
        assert cell_volumes(finer.points, part[None])[0] <= whole / 2**dimension * (1 + 1e-12)


def test_nothing_marked_changes_nothing():
    data = kuhn_mesh(3, 2, periodic=True)
    finer = bisect(data, np.zeros(len(data.cells), dtype=bool))
    assert len(finer.points) == len(data.points)
    assert np.array_equal(np.sort(finer.cells, axis=None), np.sort(data.cells, axis=None))


@pytest.mark.parametrize(("dimension", "floor"), [(2, 0.5), (3, 0.3)])
def test_angles_stay_bounded_towards_a_point(dimension, floor):
    """Twelve passes around one point: the smallest angle is a share of that of the first mesh."""
    data = kuhn_mesh(dimension, 3, periodic=False, seed=7)
    smallest = dihedral_range(data.points, data.cells)[0].min()
    for _ in range(12):
        near = np.linalg.norm(data.points[data.cells].mean(axis=1) - 0.47, axis=1)
        data = bisect(data, near <= np.sort(near)[3])
    assert dihedral_range(data.points, data.cells)[0].min() > floor * smallest


def test_images_on_opposite_faces_are_halved_together():
    data = kuhn_mesh(2, 4, periodic=True)
    at_left = data.points[data.cells][:, :, 0].max(axis=1) < 0.3
    finer = bisect(data, at_left)
    left, right = (np.sort(finer.points[finer.points[:, 0] == x, 1]) for x in (0.0, 1.0))
    assert len(left) > 5
    assert left == pytest.approx(right)


def test_cells_are_found_by_their_midpoints():
    data = kuhn_mesh(3, 3, periodic=False, seed=3)
    chosen = np.random.default_rng(11).random(len(data.cells)) < 0.2
    places = data.points[data.cells[chosen]].mean(axis=1) - data.origin
    assert np.array_equal(cells_around(data, places), chosen)
