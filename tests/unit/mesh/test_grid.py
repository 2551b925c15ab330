"""Meshes of bricks: layers and tiles are met exactly."""

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import cell_volumes
from cellion.mesh.grid import layer_mesh, layer_planes, oblique_layer_mesh, tile_mesh, tile_size
from cellion.mesh.quality import check_invariants, shape_numbers


def crossed(mesh, position):
    """Whether any cell lies on both sides of the planes where `position` is a whole number."""
    s = position(mesh.points)[mesh.cells]
    return bool((np.floor(s.min(axis=1) + 1e-9) < np.ceil(s.max(axis=1) - 1e-9) - 1).any())


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_layers_across_an_axis_have_exact_volumes(dimension, periodic, axis):
    box, periodic = np.array([2.0, 1.0, 1.5])[:dimension], np.full(dimension, periodic)
    interfaces = box[axis] * np.array([0.1, 0.45])
    mesh = layer_mesh(box, periodic, axis, interfaces, 0.25)
    check_invariants(mesh.points, mesh.cells, mesh.image_of, box, periodic)
    centroid = mesh.points[mesh.cells].mean(axis=1)[:, axis]
    shares = np.bincount(
        np.searchsorted(interfaces, centroid), cell_volumes(mesh.points, mesh.cells)
    )
    assert shares / box.prod() == pytest.approx([0.1, 0.35, 0.55], rel=1e-12)


def test_every_layer_has_two_cells_and_none_larger_than_asked():
    planes = layer_planes(np.array([0.0, 0.01, 0.5, 1.0]), 0.1, 2)
    assert np.diff(planes).max() <= 0.1 * (1 + 1e-9)
    assert np.diff(planes)[:2] == pytest.approx([0.005, 0.005])
    assert {0.01, 0.5, 1.0} <= set(planes)


@pytest.mark.parametrize(
    ("normal", "fractions"),
    [
        ((1, 1), (0.5,)),
        ((2, 1), (0.25, 0.5)),
        ((2, -1), (1 / 3,)),
        ((-1, 3), (0.4,)),
        ((0, 2), (0.3, 0.7)),
        ((2, 1, 0), (0.25, 0.5)),
        ((1, 0, -2), (1 / 3,)),
        ((0, 3, 2), (0.5,)),
    ],
)
@pytest.mark.parametrize("periodic", [True, False])
def test_oblique_layers_run_along_facets(normal, fractions, periodic):
    box = np.array([1.0, 1.4, 0.8])[: len(normal)]
    periodic = np.full(len(normal), periodic)
    mesh = oblique_layer_mesh(box, periodic, np.array(normal), np.array(fractions), 0.3)
    check_invariants(mesh.points, mesh.cells, mesh.image_of, box, periodic)
    for fraction in (0.0, *fractions):
        assert not crossed(mesh, lambda x, f=fraction: x @ (np.array(normal) / box) - f)
    s = (mesh.points[mesh.cells].mean(axis=1) @ (np.array(normal) / box)) % 1.0
    shares = np.bincount(np.searchsorted(fractions, s), cell_volumes(mesh.points, mesh.cells))
    expected = np.diff([0.0, *fractions, 1.0])
    assert shares / box.prod() == pytest.approx(expected, rel=1e-12)


def test_a_finer_size_makes_smaller_oblique_bricks():
    arguments = np.ones(2), np.ones(2, dtype=bool), np.array([2, 1]), np.array([0.5])
    for size in (0.2, 0.05):
        mesh = oblique_layer_mesh(*arguments, size)
        steps = [np.diff(np.unique(mesh.points[:, axis])).max() for axis in (0, 1)]
        assert max(steps) <= size * (1 + 1e-9)
        assert len(mesh.cells) >= 2 / size**2


def test_irrational_fractions_are_refused_with_the_nearest_ones():
    with pytest.raises(MeshError, match=r"multiples of 1/m .* nearest multiples of 1/100: 71/100"):
        oblique_layer_mesh(
            np.ones(2), np.ones(2, dtype=bool), np.array([1, 1]), np.array([np.sqrt(0.5)]), 0.2
        )


@pytest.mark.parametrize("normal", [(1, 1, 1), (0, 0, 0)])
def test_normals_with_three_or_no_components_are_refused(normal):
    with pytest.raises(MeshError, match="one or two components"):
        oblique_layer_mesh(
            np.ones(3), np.ones(3, dtype=bool), np.array(normal), np.array([0.5]), 0.2
        )


@pytest.mark.parametrize(
    ("divisions", "box"), [((2, 2), (1.0, 1.0)), ((3, 1), (1.0, 0.5)), ((2, 2, 2), (1.0, 1.0, 1.0))]
)
@pytest.mark.parametrize("periodic", [True, False])
def test_tiles_have_exact_volumes_and_good_cells(divisions, box, periodic):
    box, periodic = np.array(box), np.full(len(box), periodic)
    mesh = tile_mesh(box, periodic, np.array(divisions), size=0.25, smallest=0.1)
    check_invariants(mesh.points, mesh.cells, mesh.image_of, box, periodic)
    index = np.floor(mesh.points[mesh.cells].mean(axis=1) / box * divisions).astype(int)
    volumes = np.bincount(
        np.ravel_multi_index(tuple(index.T), divisions), cell_volumes(mesh.points, mesh.cells)
    )
    assert volumes == pytest.approx(box.prod() / np.prod(divisions), rel=1e-12)
    assert shape_numbers(mesh.points, mesh.cells)["min_dihedral_degrees"] > 35


def test_tiles_are_finest_where_four_meet():
    mesh = tile_mesh(np.ones(2), np.ones(2, dtype=bool), np.array([2, 2]), size=0.2, smallest=1e-4)
    size = cell_volumes(mesh.points, mesh.cells) ** 0.5
    centroid = mesh.points[mesh.cells].mean(axis=1)
    from_corner = np.linalg.norm(centroid - 0.5 * np.round(centroid / 0.5), axis=1)
    assert size[from_corner < 1e-4].max() < 1e-4
    assert size[from_corner > 0.3].min() > 0.02
    assert len(mesh.cells) < 20_000


def test_a_direction_with_one_tile_has_no_edges_to_refine():
    wanted = tile_size(np.array([1.0, 1.0]), np.array([4, 1]), 0.2, 0.01)
    assert wanted(np.array([[0.25, 0.5], [0.1, 0.0]])) == pytest.approx([0.2, 0.2])
