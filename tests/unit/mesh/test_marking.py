"""Marking: as few cells as make the wanted part of an error, and smaller leaves around them."""

from __future__ import annotations

from dataclasses import replace

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.mesh.marking import mark, spots_of
from cellion.mesh.octree import Spots, build_octree
from helpers.mesh_boxes import labelled_box, layers


@given(
    shares=st.lists(st.floats(0.0, 1e3), min_size=1, max_size=40),
    fraction=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_the_largest_shares_are_marked_until_they_suffice(
    shares: list[float], fraction: float
) -> None:
    values = np.array(shares)
    marked = mark(values, fraction, MPI.COMM_SELF)
    # Thresholds are found by bisection, to within a part in 10^15 of the largest share.
    assert values[marked].sum() >= fraction * values.sum() * (1.0 - 1e-9) - 1e-9
    if marked.any():
        least = values[marked].min()
        assert values[~marked].max(initial=0.0) <= least
        # Without those of about the smallest marked share it would not be enough.
        above = values[values > least / 0.95 * (1.0 + 1e-9) + 1e-9]
        assert above.sum() <= fraction * values.sum() * (1.0 + 1e-9) + 1e-9


@pytest.mark.parametrize("dimension", [2, 3])
def test_leaves_that_hold_a_spot_are_small(dimension: int) -> None:
    random = np.random.default_rng(5381)
    planes = tuple(np.linspace(0.0, 1.0, 5) for _ in range(dimension))
    spots = Spots(points=random.random((6, dimension)), sizes=random.uniform(0.02, 0.2, 6))
    periodic = np.ones(dimension, dtype=bool)
    octree = build_octree(planes, periodic, lambda x: np.full(len(x), 0.25), spots)
    low = octree.positions(octree.corner)
    high = octree.positions(octree.corner + octree.edge[:, None])
    for point, size in zip(spots.points, spots.sizes, strict=True):
        inside = ((low <= point) & (point < high)).all(axis=1)
        assert inside.sum() == 1
        assert (high - low)[inside].max() <= size
    plain = build_octree(planes, periodic, lambda x: np.full(len(x), 0.25))
    assert len(octree.edge) > len(plain.edge) == 4**dimension


def test_spots_halve_the_leaves_of_marked_cells() -> None:
    mesh = distribute(labelled_box((4, 4), layers([1.0]), ["A"], edges=2e-6), MPI.COMM_SELF)
    marked = np.zeros(mesh.n_owned_cells, dtype=bool)
    marked[3] = True
    spots = spots_of(mesh, marked)
    assert spots is not None
    middle = mesh.points[mesh.cells[3]].mean(axis=0)
    assert spots.points == pytest.approx(middle[None])
    edge = np.sqrt(2.0) * 0.5e-6
    assert 0.5 * edge < spots.sizes[0] < edge
    both = spots.and_more(spots)
    assert both.points.shape == (2, 2)
    assert both.sizes.shape == (2,)


def test_leaves_near_the_faces_stay_far_above_the_tolerance_of_the_faces() -> None:
    data = labelled_box((4, 4), layers([1.0]), ["A"])
    squeezed = data.points.copy()
    squeezed[:, 0] = np.where(squeezed[:, 0] == 0.25, 2e-6, squeezed[:, 0])
    mesh = distribute(replace(data, points=squeezed), MPI.COMM_SELF)
    spots = spots_of(mesh, np.ones(mesh.n_owned_cells, dtype=bool))
    assert spots is not None
    assert spots.sizes.min() >= 1e-5
