"""Tiles of checkerboards and bricks."""

from __future__ import annotations

import numpy as np

from cellion.microstructure.tiles import CheckerboardGeometry


def tiles(divisions=(4, 2), periodic=True, box=(4.0, 1.0), grains=False):
    return CheckerboardGeometry(
        box=np.array(box),
        periodic=np.full(len(box), periodic),
        divisions=np.array(divisions, dtype=np.int32),
        label_material=np.arange(np.prod(divisions), dtype=np.int32),
        grains=grains,
    )


def test_tiles_are_numbered_x_fastest():
    geometry = tiles()
    x = np.array([[0.5, 0.2], [1.5, 0.2], [0.5, 0.7], [3.9, 0.9], [4.0, 1.0]])
    assert geometry.label(x).tolist() == [0, 1, 4, 7, 0]
    assert tiles(periodic=False).label(x[-1:]).tolist() == [7]


def test_tiles_are_meshed_as_they_are():
    assert tiles((1, 2)).exact_mesh().divisions.tolist() == [1, 2]
    assert tiles((1, 2)).exact_mesh().pieces is None
    assert tiles((1, 2), periodic=False, grains=True).exact_mesh().pieces is None


def test_bricks_beside_their_own_images_are_three_tiles_wide():
    planes = tiles((1, 2), grains=True).exact_mesh()
    assert planes.divisions.tolist() == [3, 2]
    assert planes.pieces.tolist() == [[0, k, 0] for k in range(3)] + [[1, k, 0] for k in range(3)]
