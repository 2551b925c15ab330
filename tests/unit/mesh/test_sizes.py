"""Mesh sizes: defaults from the geometry, requests kept, cells foretold."""

from types import SimpleNamespace

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.features import NECK_CELLS, PARTICLE_CELLS, fine_spots
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes, estimate_cells, mesh_sizes, wanted_size
from cellion.microstructure.layers import LayerGeometry
from cellion.microstructure.tiles import CheckerboardGeometry
from helpers.sphere_meshes import micro, spheres


def request(**given):
    fields = {"size": None, "surface_size": None, "smallest_size": None, "gap_cells": 2.0}
    return SimpleNamespace(**fields | given)


def tiles(divisions):
    d = len(divisions)
    count = int(np.prod(divisions))
    return CheckerboardGeometry(
        box=np.ones(d),
        periodic=np.ones(d, dtype=bool),
        divisions=np.array(divisions, dtype=np.int32),
        label_material=(np.arange(count) % 2).astype(np.int32),
    )


def layers(normal=(1, 0, 0)):
    return LayerGeometry(
        box=np.ones(len(normal)),
        periodic=np.ones(len(normal), dtype=bool),
        normal=np.array(normal, dtype=np.int32),
        breaks=np.array([0.0, 0.5, 1.0]),
        label_material=np.array([0, 1], dtype=np.int32),
    )


def many(count=20, radius=0.09):
    side = np.arange(3) / 3 + 1 / 6
    grid = np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3)
    return spheres(grid[:count].tolist(), radius)


@pytest.mark.parametrize(
    ("geometry", "surface"),
    [
        (spheres([[0.5, 0.5, 0.5]], 0.4), 0.4 / 8),
        (spheres([[0.5, 0.5]], 0.4, box=(1.0, 1.0)), 0.4 / 16),
        (many(), 0.09 / 3),
        (layers(), 1 / 8),
        (tiles((2, 2)), 1 / 8),
        (tiles((4, 4)), 1 / 16),
    ],
)
def test_surface_sizes_follow_from_the_geometry(geometry, surface):
    sizes = mesh_sizes(request(), micro(geometry))
    assert sizes.surface == pytest.approx(surface)
    assert sizes.smallest <= sizes.surface <= sizes.size <= 1 / 8 + 1e-12


def test_gaps_are_graded_between_few_particles_and_left_at_surface_size_between_many():
    few = mesh_sizes(request(), micro(spheres([[0.5, 0.5, 0.5]], 0.4)))
    assert few.smallest == pytest.approx(few.surface / 4)
    crowd = mesh_sizes(request(), micro(many()))
    assert crowd.smallest == crowd.surface
    assert crowd.feature == pytest.approx(crowd.surface / 4)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"size": 0.02}, (0.02, 0.02, 0.005)),
        ({"surface_size": 0.1}, (0.125, 0.1, 0.025)),
        ({"surface_size": 0.2}, (0.2, 0.2, 0.05)),
        ({"smallest_size": 0.01}, (0.1, 0.05, 0.01)),
        ({"smallest_size": 0.08}, (0.125, 0.08, 0.08)),
        ({"size": 0.3, "surface_size": 0.1, "smallest_size": 0.1}, (0.3, 0.1, 0.1)),
    ],
)
def test_requests_are_kept_and_bound_the_rest(given, expected):
    sizes = mesh_sizes(request(**given), micro(spheres([[0.5, 0.5, 0.5]], 0.4)))
    assert (sizes.size, sizes.surface, sizes.smallest) == pytest.approx(expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 1.0, "surface": 2.0, "smallest": 0.1},
        {"size": 1.0, "surface": 0.5, "smallest": 0.0},
        {"size": np.inf, "surface": 0.5, "smallest": 0.1},
    ],
)
def test_sizes_out_of_order_are_refused(wrong):
    with pytest.raises(MeshError, match="must be positive and in this order"):
        MeshSizes(**wrong)


def test_less_than_one_cell_across_a_gap_is_refused():
    with pytest.raises(MeshError, match=r"gap_cells is 0\.5; it must be at least 1"):
        MeshSizes(size=1.0, surface=1.0, smallest=1.0, gap_cells=0.5)


def test_gaps_between_nearly_all_particles_are_refused():
    """Gaps up to 12 boxes wide between 27 particles: 27^2 / 2 in the volume of a ball of 12."""
    asked = request(gap_cells=100.0, surface_size=0.12)
    with pytest.raises(
        MeshError, match=r"gap_cells: found 100, .* about 2\.6e\+06 between 27 part"
    ):
        mesh_sizes(asked, micro(many(27)))


def test_a_neck_size_above_the_surface_size_is_refused():
    with pytest.raises(MeshError, match="size at necks and small particles"):
        MeshSizes(size=1.0, surface=0.5, smallest=0.5, feature=0.6)


@pytest.mark.parametrize(
    "geometry",
    [
        spheres([[0.5, 0.5, 0.5]], 0.45),
        spheres([[0.3, 0.4]], 0.25, box=(1.0, 1.0)),
        spheres([[0.3, 0.4, 0.5], [0.62, 0.4, 0.5]], 0.17, periodic=False),
        many(),
        layers(),
        tiles((2, 2)),
        tiles((2, 2, 2)),
    ],
)
def test_estimates_are_right_to_about_a_third(geometry):
    # Coarser than the defaults, so that the meshes are made quickly.
    sizes = mesh_sizes(request(smallest_size=0.04, surface_size=0.08), micro(geometry))
    cells = len(generate_mesh(micro(geometry), sizes).cells)
    assert estimate_cells(micro(geometry), sizes) == pytest.approx(cells, rel=0.35)


def neck_pair(angle=30.0, r=0.2):
    half = r * np.cos(np.radians(angle))
    return spheres([[0.02 - half, 0.5, 0.5], [0.02 + half, 0.5, 0.5]], r)


def test_necks_are_finest_at_their_rim_also_across_the_period():
    geometry = neck_pair()
    radius = 0.2 * np.sin(np.radians(30.0))
    (necks,) = fine_spots(geometry, surface=0.1, floor=1e-3)
    rim = np.array([[0.02, 0.5 + radius, 0.5], [1.02, 0.5, 0.5 - radius]])
    assert necks(rim) == pytest.approx(radius / NECK_CELLS)
    assert necks(np.array([[0.02, 0.5, 0.5]])) == pytest.approx(radius / NECK_CELLS + radius)
    assert np.isinf(necks(np.array([[0.5, 0.5, 0.5]])))


def test_necks_need_nothing_when_they_are_absent_or_wide():
    assert fine_spots(spheres([[0.5, 0.5, 0.5]], 0.3), surface=0.1, floor=0.01) == []
    assert fine_spots(neck_pair(60.0), surface=0.02, floor=0.01) == []


def test_small_particles_are_finer_than_other_surfaces():
    geometry = spheres([[0.3, 0.3, 0.3], [0.7, 0.7, 0.98]], [0.2, 0.04])
    (small,) = fine_spots(geometry, surface=0.05, floor=1e-3)
    surface = np.array([[0.7, 0.7, 0.02], [0.74, 0.7, 0.98]])
    assert small(surface) == pytest.approx(0.04 / PARTICLE_CELLS)
    assert np.isinf(small(np.array([[0.3, 0.3, 0.5]])))


def test_the_wanted_size_takes_the_smaller_of_surfaces_and_necks():
    geometry = neck_pair()
    sizes = MeshSizes(size=0.2, surface=0.1, smallest=0.1, feature=0.01)
    rim = np.array([[0.02, 0.5 + 0.1, 0.5]])
    assert wanted_size(geometry, sizes)(rim) == pytest.approx(0.1 / NECK_CELLS)
    assert geometry.size(rim, sizes) == pytest.approx(0.1)


def test_a_brick_beside_its_own_images_is_foretold_as_it_is_meshed():
    brick = CheckerboardGeometry(
        box=np.ones(2),
        periodic=np.ones(2, dtype=bool),
        divisions=np.ones(2, dtype=np.int32),
        label_material=np.zeros(1, dtype=np.int32),
        grains=True,
    )
    sizes = MeshSizes(size=0.1, surface=0.02, smallest=0.002)
    cells = len(generate_mesh(micro(brick), sizes).cells)
    assert estimate_cells(micro(brick), sizes) == pytest.approx(cells, rel=1 / 3)
