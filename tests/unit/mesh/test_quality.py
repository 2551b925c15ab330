"""Shape measures of known simplices, and the invariants that stop a broken mesh."""

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.background import background_mesh
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.mesh.quality import check_invariants, dihedral_range, shape_numbers, smallest_sine

REGULAR = np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
CORNER = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
EQUILATERAL = np.array([[0.0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])
ISOSCELES = np.array([[0.0, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize(
    ("points", "low", "high"),
    [
        (REGULAR, np.degrees(np.arccos(1 / 3)), np.degrees(np.arccos(1 / 3))),
        (CORNER, np.degrees(np.arccos(1 / np.sqrt(3))), 90.0),
        (EQUILATERAL, 60.0, 60.0),
        (ISOSCELES, 45.0, 90.0),
    ],
)
def test_angles_of_known_simplices(points, low, high):
    cell = np.arange(len(points))[None]
    found = dihedral_range(points, cell)
    assert found[0] == pytest.approx(low)
    assert found[1] == pytest.approx(high)
    sine = np.abs(smallest_sine(points, cell))
    assert sine == pytest.approx(min(np.sin(np.radians([low, high]))))


@pytest.mark.parametrize("points", [REGULAR, EQUILATERAL])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
def test_the_smallest_sine_has_no_scale_and_changes_sign_with_orientation(points, scale):
    cell = np.arange(len(points))[None]
    plain = smallest_sine(points, cell)
    assert smallest_sine(points * scale, cell) == pytest.approx(plain)
    assert smallest_sine(points, cell[:, [1, 0, *range(2, len(points))]]) == pytest.approx(-plain)


def test_a_flat_cell_has_sine_zero():
    flat = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    assert smallest_sine(flat, np.arange(4)[None]) == pytest.approx(0.0)


def test_numbers_name_the_worst_and_the_typical_cell():
    points = np.concatenate([EQUILATERAL, ISOSCELES + 5])
    numbers = shape_numbers(points, np.array([[0, 1, 2], [3, 4, 5], [0, 1, 2]]))
    assert numbers["min_dihedral_degrees"] == pytest.approx(45.0)
    assert numbers["median_dihedral_degrees"] == pytest.approx(60.0)
    assert numbers["max_dihedral_degrees"] == pytest.approx(90.0)


@pytest.fixture
def mesh():
    periodic = np.array([True, True, False])
    planes = uniform_planes(np.ones(3), periodic, coarsest=0.25, finest=0.25)
    octree = build_octree(planes, periodic, lambda x: np.full(len(x), 0.25))
    found = background_mesh(octree)
    return found.points, found.cells, found.image_of, np.ones(3), periodic


def test_a_sound_mesh_passes(mesh):
    check_invariants(*mesh)


def test_an_inverted_cell_is_found(mesh):
    points, cells, *rest = mesh
    cells = cells.copy()
    cells[3, :2] = cells[3, 1::-1]
    with pytest.raises(MeshError, match=r"1 of \d+ cells have no positive volume"):
        check_invariants(points, cells, *rest)


def test_a_hole_is_found(mesh):
    points, cells, *rest = mesh
    with pytest.raises(MeshError, match="of the box instead of all of it"):
        check_invariants(points, cells[1:], *rest)


def test_a_crack_is_found(mesh):
    points, cells, image_of, *rest = mesh
    inside = np.flatnonzero(((points > 0) & (points < 1)).all(axis=1))[0]
    points = np.concatenate([points, points[[inside]]])
    cells, image_of = cells.copy(), np.append(image_of, len(image_of))
    first = np.flatnonzero((cells == inside).any(axis=1))[0]
    cells[first] = np.where(cells[first] == inside, len(points) - 1, cells[first])
    with pytest.raises(MeshError, match="facets have no neighbour"):
        check_invariants(points, cells, image_of, *rest)


def test_faces_that_do_not_match_are_found(mesh):
    points, cells, image_of, *rest = mesh
    image_of = image_of.copy()
    moved = np.flatnonzero(image_of != np.arange(len(image_of)))[0]
    image_of[moved] = moved
    with pytest.raises(MeshError, match="facets have no neighbour"):
        check_invariants(points, cells, image_of, *rest)


def test_images_that_are_not_whole_periods_apart_are_found(mesh):
    points, cells, image_of, *rest = mesh
    points = points.copy()
    low = np.flatnonzero((points[:, 0] == 0) & (points[:, 2] > 0) & (points[:, 2] < 1))
    moved = low[(points[low, 1] > 0) & (points[low, 1] < 1)][0]
    points[moved, 2] += 1e-6
    with pytest.raises(MeshError, match="of the box apart"):
        check_invariants(points, cells, image_of, *rest)
