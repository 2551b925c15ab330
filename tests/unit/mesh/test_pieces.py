"""Grains that are divided into labels to meet their own images."""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.measure import contact_area, measure_interfaces
from cellion.mesh.pieces import ascending, first_labels, inside_grain
from cellion.mesh.sizes import MeshSizes
from cellion.mesh.stack import stack_slabs
from cellion.microstructure.generate import generate
from cellion.microstructure.geometry import Microstructure
from cellion.scenario.cell import LayerSpec
from cellion.scenario.microstructure import MicrostructureSpec
from helpers.sphere_meshes import micro, spheres

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


def test_a_particle_is_divided_along_the_axis_along_which_it_meets_its_image() -> None:
    centers = [[0.13, 0.57, 0.71], [0.63, 0.05, 0.2]]
    shapes = spheres(centers, [0.55, 0.2], box=(1.0, 1.4, 1.4))
    data = generate_mesh(micro(shapes), MeshSizes(size=0.2, surface=0.15, smallest=0.05))
    assert data.pieces is not None
    assert data.pieces.tolist() == [
        *([0, 0, 0, 0], [1, 1, 0, 0], [2, 0, 0, 0]),
        *([1, 0, 0, 0], [1, 2, 0, 0]),
    ]
    assert data.label_material.tolist() == [0, 1, 1, 1, 1]
    middle = data.points[data.cells].mean(axis=1)
    grain, place = data.pieces[data.labels, :2].T
    away = middle[:, 0] - centers[0][0]
    third = np.floor(3.0 * (away - np.rint(away) + 0.5)).astype(int)
    np.testing.assert_array_equal(place[grain == 1], third[grain == 1])
    assert inside_grain(data.pieces, np.array([[1, 3], [1, 4], [3, 4]])).tolist() == [1, 1, 0]
    mesh = distribute(data, MPI.COMM_SELF)
    exact = np.pi * (0.55**2 - 0.5**2) / 1.4**2
    found = contact_area(mesh, measure_interfaces(mesh))["particle", "particle"]
    assert found == pytest.approx(exact, rel=1e-3)


def test_a_grain_alone_is_divided_along_all_axes() -> None:
    request = {"box": ["3 um", "4 um"], "material": "G", "grains": 1, "seed": 7}
    spec = MicrostructureSpec.model_validate({"polycrystal": request})
    data = generate_mesh(generate(spec, {"G": None}), SIZES)
    assert data.pieces is not None
    assert data.pieces[0].tolist() == [0, 1, 1]
    assert sorted(data.pieces[:, 1:].tolist()) == [[i, j] for i in range(3) for j in range(3)]
    mesh = distribute(data, MPI.COMM_SELF)
    found = contact_area(mesh, measure_interfaces(mesh))["G", "G"]
    assert found == pytest.approx(1 / (3 * UM) + 1 / (4 * UM), rel=1e-3)


def test_particles_that_nearly_meet_their_image_are_whole() -> None:
    shapes = spheres([[0.5, 0.5]], 0.499, box=(1.0, 1.2))
    sizes = MeshSizes(size=0.2, surface=0.1, smallest=0.1)
    assert generate_mesh(micro(shapes), sizes).pieces is None


def test_the_first_label_of_a_grain_stands_for_all() -> None:
    pieces = np.array([[0, 1], [1, 0], [0, 0], [0, 2]])
    assert first_labels(pieces, np.array([[0, 1], [3, 2]])).tolist() == [[0, 1], [0, 0]]
    assert first_labels(None, np.array([3])).tolist() == [3]


def test_pairs_ascend_from_grain_to_grain_or_from_the_first_to_the_last_piece() -> None:
    pieces = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 2], [0, 1, 2], [0, 2, 0]])
    pairs = np.array([[3, 1], [1, 2], [0, 2], [2, 0], [2, 4]])
    assert ascending(pieces, pairs).tolist() == [True, False, True, False, False]
    assert ascending(None, pairs).tolist() == (pairs[:, 0] < pairs[:, 1]).tolist()
