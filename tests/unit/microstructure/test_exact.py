"""Layers and checkerboards."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.microstructure.exact import CheckerboardGeometry, LayerGeometry


def layers(normal=(1, 0, 0), breaks=(0, 0.25, 0.75, 1), periodic=True, box=(4.0, 2.0, 1.0)):
    box = np.array(box)
    return LayerGeometry(
        box=box,
        periodic=np.full(box.size, periodic),
        normal=np.array(normal, dtype=np.int32),
        breaks=np.array(breaks, dtype=float),
        label_material=np.arange(len(breaks) - 1, dtype=np.int32),
    )


def tiles(divisions=(4, 2), periodic=True, box=(4.0, 1.0)):
    count = int(np.prod(divisions))
    return CheckerboardGeometry(
        box=np.array(box),
        periodic=np.full(len(box), periodic),
        divisions=np.array(divisions, dtype=np.int32),
        label_material=np.arange(count, dtype=np.int32),
    )


ALL = [
    layers(),
    layers(periodic=False),
    layers(normal=(0, 2, -1)),
    layers(normal=(1, 1, 0)),
    tiles(),
    tiles(periodic=False),
    tiles((2, 3, 5), box=(1.0, 1.0, 2.0)),
]


def points(geometry, n=500):
    return np.random.default_rng(59).random((n, geometry.box.size)) * geometry.box


@pytest.mark.parametrize("geometry", ALL)
def test_the_label_is_the_argmin_of_the_fields(geometry):
    x = points(geometry)
    labels = np.arange(geometry.label_material.size, dtype=np.int32)
    fields = geometry.field(x, np.tile(labels, (len(x), 1)))
    assert np.array_equal(fields.argmin(axis=1), geometry.label(x))
    assert np.all(fields.min(axis=1) <= 0)


@pytest.mark.parametrize("geometry", ALL)
def test_gradients_are_unit_derivatives(geometry):
    x, h = points(geometry), 1e-7
    labels = geometry.label(x)
    gradient = geometry.gradient(x, labels)
    assert np.linalg.norm(gradient, axis=1) == pytest.approx(np.ones(len(x)))
    slope = (geometry.field(x + h * gradient, labels) - geometry.field(x, labels)) / h
    # but for the few points within h of a kink
    assert np.mean(np.abs(slope - 1) < 1e-5) > 0.99


def test_layers_across_an_axis():
    geometry = layers()
    x = np.array([[0.5, 0, 0], [1.0, 0, 0], [2.9, 1, 1], [3.0, 0, 0], [4.0, 0, 0], [-0.5, 0, 0]])
    assert geometry.label(x).tolist() == [0, 1, 1, 2, 0, 2]
    assert geometry.axis == 0
    assert geometry.planes[0].tolist() == [0, 1, 3, 4]
    assert geometry.planes[1].tolist() == [0, 2]


def test_the_last_layer_reaches_the_wall():
    geometry = layers(periodic=False)
    assert geometry.label(np.array([[4.0, 0, 0], [0.0, 0, 0]])).tolist() == [2, 0]
    # between walls the first layer is not the neighbour of the last one
    far = geometry.field(np.array([[4.0, 0, 0]]), np.array([0]))
    assert far == pytest.approx([3.0])


def test_oblique_layers_repeat_with_the_box():
    geometry = layers(normal=(1, -1, 0), breaks=(0, 0.5, 1))
    assert geometry.axis is None
    x = points(geometry)
    assert np.array_equal(geometry.label(x), geometry.label(x + geometry.box * [1, 2, -1]))
    s = x[:, 0] / 4 - x[:, 1] / 2
    assert np.array_equal(geometry.label(x), (s - np.floor(s) >= 0.5).astype(int))


def test_tiles_are_numbered_x_fastest():
    geometry = tiles()
    x = np.array([[0.5, 0.2], [1.5, 0.2], [0.5, 0.7], [3.9, 0.9], [4.0, 1.0]])
    assert geometry.label(x).tolist() == [0, 1, 4, 7, 0]
    assert tiles(periodic=False).label(x[-1:]).tolist() == [7]
    assert [p.tolist() for p in geometry.planes] == [[0, 1, 2, 3, 4], [0, 0.5, 1]]


@pytest.mark.parametrize("geometry", ALL)
def test_sizes_grow_from_the_interfaces(geometry, sizes):
    x = points(geometry)
    depth = np.abs(geometry.field(x, geometry.label(x)))
    assert geometry.size(x, sizes) == pytest.approx(np.minimum(0.04 + 0.5 * depth, 0.1))
