"""Background meshes: conforming, well shaped, matching across the period."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellion.mesh.background import background_mesh
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.mesh.quality import check_invariants, shape_numbers


def graded_octree(box, periodic, centre, fine=0.06):
    box, periodic = np.array(box), np.array(periodic)

    def size(x):
        away = x - np.array(centre[: len(box)]) * box
        away -= np.where(periodic, box * np.round(away / box), 0.0)
        return np.clip(fine + 0.5 * np.abs(np.linalg.norm(away, axis=1) - 0.2), fine, 0.25)

    planes = uniform_planes(box, periodic, coarsest=0.25, finest=fine)
    return build_octree(planes, periodic, size), box, periodic


@settings(max_examples=20)
@given(
    periodic=st.lists(st.booleans(), min_size=2, max_size=3),
    centre=st.tuples(*[st.floats(0.0, 1.0)] * 3),
    keep_faces=st.booleans(),
)
def test_graded_meshes_conform_fill_the_box_and_match_across_the_period(
    periodic, centre, keep_faces
):
    octree, box, periodic = graded_octree((1.0, 0.8, 1.1)[: len(periodic)], periodic, centre)
    mesh = background_mesh(octree, keep_faces=keep_faces)
    check_invariants(mesh.points, mesh.cells, mesh.image_of, box, periodic)


@pytest.mark.parametrize("dimension", [2, 3])
def test_cells_of_cubic_leaves_have_angles_from_45_to_120_degrees(dimension):
    octree, _, _ = graded_octree((1.0,) * dimension, (True,) * dimension, (0.3, 0.6, 0.1))
    mesh = background_mesh(octree)
    numbers = shape_numbers(mesh.points, mesh.cells)
    assert numbers["min_dihedral_degrees"] == pytest.approx(45.0)
    assert numbers["max_dihedral_degrees"] <= 120.0 + 1e-6


def test_no_cell_crosses_a_root_plane_when_leaves_keep_their_faces():
    octree, _, _ = graded_octree((1.0, 1.0, 1.0), (True, True, True), (0.4, 0.4, 0.4))
    mesh = background_mesh(octree, keep_faces=True)
    plane = octree.planes[0][1]
    x = mesh.points[mesh.cells][:, :, 0]
    assert ((x <= plane).all(axis=1) | (x >= plane).all(axis=1)).all()


def test_images_are_whole_periods_apart_and_walls_have_none():
    octree, box, _ = graded_octree((1.0, 1.0), (True, False), (0.5, 0.1))
    mesh = background_mesh(octree)
    apart = (mesh.points - mesh.points[mesh.image_of]) / box
    assert set(np.unique(apart[:, 0])) == {0.0, 1.0}
    assert (apart[:, 1] == 0.0).all()
