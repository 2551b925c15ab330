"""Spheres and discs: labels, fields and nearest surfaces against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def images(geometry):
    """All centres with their periodic images, and the particle each belongs to."""
    shifts = [(-1, 0, 1) if p else (0,) for p in geometry.periodic]
    moved = [geometry.centers + np.array(s) * geometry.box for s in product(*shifts)]
    return np.concatenate(moved), np.tile(np.arange(geometry.count), len(moved))


def brute_distances(geometry, x):
    """Distance (points, particles) to the nearest image of each centre."""
    centers, owner = images(geometry)
    away = np.linalg.norm(x[:, None] - centers[None], axis=2)
    return np.stack([away[:, owner == k].min(axis=1) for k in range(geometry.count)], axis=1)


@pytest.fixture(params=[(2, True), (2, False), (3, True), (3, False), (3, (True, False, True))])
def crowd(request, spheres):
    """Sixty overlapping particles, radii spread over a factor of ten, and points to look at."""
    d, periodic = request.param
    rng = np.random.default_rng(2711)
    box = np.array([1.0, 1.3, 0.8])[:d]
    radii = 0.02 * 10 ** rng.random(60)
    geometry = spheres(box * rng.random((60, d)), radii, box, periodic)
    return geometry, box * rng.random((2000, d))


def test_labels_are_those_of_the_smallest_power_distance(crowd):
    geometry, x = crowd
    power = brute_distances(geometry, x) ** 2 - geometry.radii**2
    expected = np.where(power.min(axis=1) < 0, 1 + power.argmin(axis=1), 0)
    assert np.array_equal(geometry.label(x), expected)


def test_fields_are_power_distances_in_the_shape_of_the_labels(crowd):
    geometry, x = crowd
    power = brute_distances(geometry, x) ** 2 - geometry.radii**2
    labels = np.tile(np.arange(geometry.count + 1, dtype=np.int32), (len(x), 1))
    expected = np.column_stack([np.zeros(len(x)), power])
    assert np.allclose(geometry.field(x, labels), expected, atol=1e-12)
    assert np.allclose(geometry.field(x, labels[:, 5]), expected[:, 5], atol=1e-12)


def test_lowest_labels_are_sorted_by_field(crowd):
    geometry, x = crowd
    power = brute_distances(geometry, x) ** 2 - geometry.radii**2
    expected = 1 + np.argsort(power, axis=1)[:, :4]
    assert np.array_equal(geometry.lowest(x, 4), expected)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_nearest_surfaces_match_a_search_over_all(crowd, k):
    geometry, x = crowd
    distance = brute_distances(geometry, x) - geometry.radii
    labels, found = geometry.nearest(x, k)
    order = np.argsort(distance, axis=1)[:, :k]
    assert np.allclose(found, np.take_along_axis(distance, order, axis=1), atol=1e-12)
    assert np.array_equal(labels, 1 + order)


def test_nearest_surfaces_of_equal_spheres(spheres):
    rng = np.random.default_rng(311)
    geometry = spheres(rng.random((30, 3)), np.full(30, 0.1))
    x = rng.random((500, 3))
    expected = np.sort(brute_distances(geometry, x) - 0.1, axis=1)[:, :3]
    assert np.allclose(geometry.nearest(x, 3)[1], expected, atol=1e-12)


def test_missing_neighbours_are_infinitely_far(spheres):
    geometry = spheres([[0.5, 0.5, 0.5]], [0.2])
    labels, distance = geometry.nearest(np.array([[0.5, 0.5, 0.1]]), 3)
    assert labels.tolist() == [[1, 0, 0]]
    assert distance[0].tolist() == pytest.approx([0.2, np.inf, np.inf])


def test_without_particles_all_is_matrix(spheres, sizes):
    geometry = spheres(np.zeros((0, 3)), [])
    x = np.random.default_rng(5).random((10, 3))
    assert not geometry.label(x).any()
    assert np.isinf(geometry.nearest(x, 1)[1]).all()
    assert np.allclose(geometry.size(x, sizes), sizes.size)


def test_gradients_are_the_derivatives_of_the_fields(crowd):
    geometry, x = crowd
    labels = geometry.lowest(x, 2)
    d, h = geometry.box.size, 1e-6
    difference = np.stack(
        [
            (geometry.field(x + h * e, labels) - geometry.field(x - h * e, labels)) / (2 * h)
            for e in np.eye(d)
        ],
        axis=-1,
    )
    # the fields are quadratic, so central differences err only where the nearest image changes
    close = np.abs(difference - geometry.gradient(x, labels)).max(axis=-1) < 1e-8
    assert close.mean() > 0.999
    assert not geometry.gradient(x, np.zeros(len(x), np.int32)).any()


@settings(max_examples=40)
@given(
    shift=st.tuples(*[st.integers(-3, 3)] * 3),
    seed=st.integers(2, 10**6),
)
def test_labels_repeat_with_the_box(shift, seed):
    from cellion.microstructure.spheres import SphereGeometry

    rng = np.random.default_rng(seed)
    box = np.array([1.0, 0.5, 2.0])
    geometry = SphereGeometry(
        box=box,
        periodic=np.ones(3, bool),
        centers=rng.random((12, 3)) * box,
        radii=0.05 + 0.2 * rng.random(12),
        label_material=np.arange(13, dtype=np.int32),
    )
    x = rng.random((200, 3)) * box
    moved = x + np.array(shift) * box
    # points within rounding of an interface may change sides
    labels = geometry.lowest(x, 2)
    fields = np.sort(np.column_stack([geometry.field(x, labels), np.zeros(200)]), axis=1)
    clear = fields[:, 1] - fields[:, 0] > 1e-12
    assert np.array_equal(geometry.label(moved)[clear], geometry.label(x)[clear])


@settings(max_examples=40)
@given(seed=st.integers(2, 10**6))
def test_labels_follow_a_permutation_of_the_particles(seed):
    from cellion.microstructure.spheres import SphereGeometry

    rng = np.random.default_rng(seed)
    centers, radii = rng.random((20, 2)), 0.05 + 0.1 * rng.random(20)
    order = rng.permutation(20)
    first, second = (
        SphereGeometry(
            box=np.ones(2),
            periodic=np.ones(2, bool),
            centers=centers[o],
            radii=radii[o],
            label_material=np.zeros(21, np.int32),
        )
        for o in (np.arange(20), order)
    )
    x = rng.random((300, 2))
    renamed = np.concatenate([[0], 1 + order])
    assert np.array_equal(renamed[second.label(x)], first.label(x))


def test_faces_of_a_periodic_box_agree(spheres):
    rng = np.random.default_rng(77)
    geometry = spheres(rng.random((50, 3)), 0.05 + 0.1 * rng.random(50))
    x = rng.random((500, 3))
    low, high = x.copy(), x.copy()
    low[:, 1], high[:, 1] = 0.0, 1.0
    assert np.array_equal(geometry.label(low), geometry.label(high))
