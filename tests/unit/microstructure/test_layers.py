"""Layers across an axis, and oblique ones."""

from __future__ import annotations

import numpy as np

from cellion.microstructure.layers import LayerGeometry


def layers(normal=(1, 0, 0), breaks=(0, 0.25, 0.75, 1), periodic=True, box=(4.0, 2.0, 1.0)):
    box = np.array(box)
    return LayerGeometry(
        box=box,
        periodic=np.full(box.size, periodic),
        normal=np.array(normal, dtype=np.int32),
        breaks=np.array(breaks, dtype=float),
        label_material=np.arange(len(breaks) - 1, dtype=np.int32),
    )


def test_layers_across_an_axis():
    geometry = layers()
    x = np.array([[0.5, 0, 0], [1.0, 0, 0], [2.9, 1, 1], [3.0, 0, 0], [4.0, 0, 0], [-0.5, 0, 0]])
    assert geometry.label(x).tolist() == [0, 1, 1, 2, 0, 2]
    assert geometry.exact_mesh().axis == 0
    assert geometry.exact_mesh().fractions.tolist() == [0.25, 0.75]


def test_the_last_layer_reaches_the_wall():
    geometry = layers(periodic=False)
    assert geometry.label(np.array([[4.0, 0, 0], [0.0, 0, 0]])).tolist() == [2, 0]


def test_oblique_layers_repeat_with_the_box():
    geometry = layers(normal=(1, -1, 0), breaks=(0, 0.5, 1))
    assert geometry.exact_mesh().axis is None
    x = np.random.default_rng(59).random((500, 3)) * geometry.box
    assert np.array_equal(geometry.label(x), geometry.label(x + geometry.box * [1, 2, -1]))
    s = x[:, 0] / 4 - x[:, 1] / 2
    assert np.array_equal(geometry.label(x), (s - np.floor(s) >= 0.5).astype(int))
