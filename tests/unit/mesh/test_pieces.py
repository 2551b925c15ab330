"""Grains that are divided into labels to meet their own images."""

from __future__ import annotations

from typing import Any

import numpy as np

from cellion.mesh.data import MeshData
from cellion.mesh.generate import generate_mesh
from cellion.mesh.pieces import inside_grain
from cellion.mesh.sizes import MeshSizes
from cellion.mesh.stack import stack_slabs
from cellion.microstructure.generate import generate
from cellion.microstructure.geometry import Microstructure
from cellion.scenario.cell import LayerSpec
from cellion.scenario.microstructure import MicrostructureSpec

UM = 1e-6
SIZES = MeshSizes(size=UM, surface=UM, smallest=UM)


def bricks(**more: Any) -> Microstructure:
    request = {"box": ["6 um", "4 um"], "material": "G", "divisions": [1, 2]} | more
    return generate(MicrostructureSpec.model_validate({"bricks": request}), {"G": None})


def meshed(**more: Any) -> MeshData:
    return generate_mesh(bricks(**more), SIZES)


def test_a_brick_that_is_its_own_neighbour_has_three_labels_along_that_axis() -> None:
    data = meshed()
    assert data.pieces is not None
    assert data.pieces.tolist() == [
        *([0, 0, 0], [0, 1, 0], [0, 2, 0]),
        *([1, 0, 0], [1, 1, 0], [1, 2, 0]),
    ]
    middle = data.points[data.cells].mean(axis=1)
    place = np.floor(middle / np.array([2 * UM, 2 * UM])).astype(int)
    np.testing.assert_array_equal(data.pieces[data.labels, :2], place[:, ::-1])


def test_other_bricks_are_whole() -> None:
    assert meshed(periodic=False).pieces is None
    assert meshed(divisions=[2, 2]).pieces is None
    request = {"box": ["6 um", "4 um"], "divisions": [1, 2], "materials": ["G", "G"]}
    tiles = generate(MicrostructureSpec.model_validate({"checkerboard": request}), {"G": None})
    assert generate_mesh(tiles, SIZES).pieces is None


def test_pieces_meet_inside_next_to_each_other_and_outside_across_the_period() -> None:
    pairs = np.array([[0, 1], [1, 2], [0, 2], [0, 3], [1, 1]])
    assert inside_grain(meshed().pieces, pairs).tolist() == [True, True, False, False, True]
    assert not inside_grain(None, pairs).any()


def test_the_pieces_of_a_brick_lie_alike() -> None:
    structure = bricks(seed=7, orientations="random")
    turned = generate_mesh(structure, SIZES).orientations
    assert turned is not None
    assert structure.orientations is not None
    np.testing.assert_array_equal(turned, np.repeat(structure.orientations, 3, axis=0))


def test_layers_of_a_cell_are_no_part_of_a_divided_grain() -> None:
    slab = LayerSpec.model_construct(material="G", thickness=UM)
    opened = bricks(divisions=[1, 1]).opened(1)
    data = stack_slabs(generate_mesh(opened, SIZES), 1, slab, slab)
    assert data.pieces is not None
    assert data.pieces[:, 0].tolist() == [0, 0, 0, 1, 2]
    pairs = np.array([[0, 1], [0, 2], [0, 3], [3, 4]])
    assert inside_grain(data.pieces, pairs).tolist() == [True, False, False, False]
