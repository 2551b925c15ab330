"""Generated meshes: sound for any geometry, true volumes, open gaps, closed necks, repeatable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellion.mesh.background import background_mesh
from cellion.mesh.bodies import Bodies
from cellion.mesh.cut import cut_mesh
from cellion.mesh.generate import generate_mesh
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.layers import LayerGeometry
from cellion.microstructure.tiles import CheckerboardGeometry
from helpers.sphere_meshes import label_volumes, micro, spheres, touching_pairs

LEAST_DIHEDRAL = 4.0


def uniform(size):
    return MeshSizes(size=size, surface=size, smallest=size)


def even_octree(geometry, size):
    planes = uniform_planes(geometry.box, geometry.periodic, coarsest=size, finest=size)
    return build_octree(planes, geometry.periodic, lambda x: np.full(len(x), size))


def crowd(seed, count, dimension=3, spread=0.5):
    """Particles at random, touching, overlapping or swallowing each other as they come."""
    rng = np.random.default_rng(seed)
    mean = 0.35 * count ** (-1 / dimension)
    return rng.random((count, dimension)).tolist(), (
        mean * rng.uniform(1 - spread, 1 + spread, count)
    ).tolist()


@settings(max_examples=20)
@given(
    seed=st.integers(2, 100_000),
    count=st.integers(1, 12),
    dimension=st.sampled_from([2, 3]),
    periodic=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_any_crowd_of_particles_is_meshed_without_slivers(seed, count, dimension, periodic):
    centers, radii = crowd(seed, count, dimension)
    box = (1.0, 1.1, 0.9)[:dimension]
    geometry = spheres(centers, radii, box=box, periodic=tuple(periodic[:dimension]))
    # `generate_mesh` checks conformity, periodic match and volume itself, and raises.
    data = generate_mesh(micro(geometry), uniform(0.12))
    assert data.quality["min_dihedral_degrees"] > LEAST_DIHEDRAL
    assert label_volumes(data).sum() == pytest.approx(np.prod(box))


@pytest.mark.parametrize("seed", [1210, 1243, 1301, 1318])
@pytest.mark.parametrize("periodic", [True, False])
def test_nested_cuts_leave_no_slivers(seed, periodic):
    """Large overlapping particles on a coarse mesh; the cut alone leaves dihedral angles near 1."""
    rng = np.random.default_rng(seed)
    geometry = spheres(
        rng.random((8, 3)).tolist(), rng.uniform(0.05, 0.4, 8).tolist(), periodic=periodic
    )
    data = generate_mesh(micro(geometry), uniform(0.13))
    assert data.quality["min_dihedral_degrees"] > LEAST_DIHEDRAL


def hexagonal_layers(gap, count=2):
    """Close-packed spheres whose surfaces are a relative gap apart (negative: overlapping)."""
    r = 0.25 / (1 + gap)
    base = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]) / np.sqrt(0.5)
    return spheres((base * 0.5 + 0.03).tolist(), r, box=(np.sqrt(0.5),) * 3), r


@pytest.mark.parametrize("gap", [0.0, 1e-6, 0.02, 0.1])
def test_close_packed_spheres_stay_apart(gap):
    geometry, r = hexagonal_layers(gap)
    data = generate_mesh(micro(geometry), uniform(r / 3))
    assert touching_pairs(data) == set()
    assert data.quality["min_dihedral_degrees"] > LEAST_DIHEDRAL


def test_overlapping_close_packed_spheres_touch_all_their_neighbours():
    geometry, r = hexagonal_layers(-0.04)
    sizes = MeshSizes(size=r / 3, surface=r / 3, smallest=r / 3, feature=r / 6)
    data = generate_mesh(micro(geometry), sizes)
    assert len(touching_pairs(data)) == 6
    assert data.quality["min_dihedral_degrees"] > LEAST_DIHEDRAL


@pytest.mark.parametrize("dimension", [2, 3])
def test_volumes_are_true_to_the_fourth_order(dimension):
    errors = []
    for size in (0.12, 0.06):
        geometry = spheres([[0.5, 0.45, 0.52][:dimension]], 0.36, box=(1.0,) * dimension)
        data = generate_mesh(micro(geometry), uniform(size))
        true = {2: np.pi * 0.36**2, 3: 4 / 3 * np.pi * 0.36**3}[dimension]
        errors.append(abs(label_volumes(data)[1] / true - 1))
    assert errors[0] < 2e-3
    assert errors[1] < errors[0] / 8  # 16 for the fourth order; third is safe


def test_small_particles_beside_large_ones_keep_their_volume():
    geometry = spheres([[0.4, 0.4, 0.4], [0.85, 0.8, 0.9], [0.1, 0.9, 0.75]], [0.3, 0.05, 0.04])
    sizes = MeshSizes(size=0.2, surface=0.1, smallest=0.1, feature=0.025)
    data = generate_mesh(micro(geometry), sizes)
    true = 4 / 3 * np.pi * geometry.radii**3
    # One to two cells along the radius of the small ones.
    assert label_volumes(data)[1:] == pytest.approx(true, rel=0.02)


def test_lenses_of_overlapping_particles_have_their_share():
    r, half = 0.3, 0.25
    geometry = spheres([[0.5 - half, 0.5, 0.5], [0.5 + half, 0.5, 0.5]], r, periodic=False)
    data = generate_mesh(micro(geometry), uniform(0.06))
    cap = np.pi * (r - half) ** 2 * (2 * r + half) / 3
    true = 4 / 3 * np.pi * r**3 - cap
    clipped = np.pi * (r - 0.25) ** 2 * (2 * r + 0.25) / 3  # the wall cuts the far caps
    assert label_volumes(data)[1:] == pytest.approx(true - clipped, rel=2e-3)


def test_a_gap_of_a_tenth_of_the_radius_holds_the_cells_asked_for():
    r = 0.5 / 1.05
    geometry = spheres([[0.5, 0.5, 0.5]], r)
    sizes = MeshSizes(size=0.12, surface=0.12, smallest=0.02, gap_cells=2.0)
    data = generate_mesh(micro(geometry), sizes)
    middle = np.isclose(data.points[:, 0], 1.0)
    axis = middle & (np.hypot(data.points[:, 1] - 0.5, data.points[:, 2] - 0.5) < 0.06)
    gap = 1.0 - 2 * r
    spacing = np.diff(np.unique(np.round(data.points[axis][:, 1], 9)))
    assert spacing.min() <= gap / 2
    assert label_volumes(data)[1] == pytest.approx(4 / 3 * np.pi * r**3, rel=1e-3)


def test_a_particle_that_no_vertex_meets_is_left_out_and_counted():
    geometry = spheres([[0.53, 0.47, 0.5]], 1e-3)
    # A size that does not follow the particle; `SphereGeometry.size` itself would.
    cut = cut_mesh(background_mesh(even_octree(geometry, 0.25)), Bodies(geometry=geometry))
    assert set(cut.bodies.tolist()) == {0}
    data = generate_mesh(micro(geometry), MeshSizes(size=0.2, surface=0.2, smallest=0.2))
    assert data.quality["labels_without_cells"] == 1.0


def test_the_same_input_gives_the_same_mesh():
    centers, radii = crowd(77, 6)
    first, second = (generate_mesh(micro(spheres(centers, radii)), uniform(0.1)) for _ in range(2))
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.cells, second.cells)
    assert np.array_equal(first.labels, second.labels)


def test_the_unit_of_length_does_not_matter():
    centers, radii = crowd(78, 5)
    metre = generate_mesh(micro(spheres(centers, radii)), uniform(0.1))
    scale = 1e-5
    micron = generate_mesh(
        micro(
            spheres(
                (np.array(centers) * scale).tolist(),
                (np.array(radii) * scale).tolist(),
                box=(scale,) * 3,
            )
        ),
        uniform(0.1 * scale),
    )
    assert len(micron.cells) == pytest.approx(len(metre.cells), rel=1e-3)
    assert micron.quality["min_dihedral_degrees"] > LEAST_DIHEDRAL


@pytest.mark.parametrize("periodic", [True, False])
def test_layers_and_tiles_are_met_exactly(periodic):
    layers = LayerGeometry(
        box=np.array([1.0, 2.0]),
        periodic=np.full(2, periodic),
        normal=np.array([2, 1], dtype=np.int32),
        breaks=np.array([0.0, 0.25, 1.0]),
        label_material=np.array([0, 1], dtype=np.int32),
    )
    assert label_volumes(generate_mesh(micro(layers), uniform(0.2))) == pytest.approx([0.5, 1.5])
    tiles = CheckerboardGeometry(
        box=np.ones(3),
        periodic=np.full(3, periodic),
        divisions=np.array([2, 1, 2], dtype=np.int32),
        label_material=np.array([0, 1, 1, 0], dtype=np.int32),
    )
    data = generate_mesh(micro(tiles), MeshSizes(size=0.25, surface=0.25, smallest=0.1))
    assert label_volumes(data) == pytest.approx([0.25] * 4)
    assert data.materials == ("matrix", "particle")


def test_stages_are_announced_and_numbers_reported():
    said = []
    data = generate_mesh(micro(spheres([[0.5, 0.5, 0.5]], 0.3)), uniform(0.15), said.append)
    assert said == ["octree", "background mesh", "cut", "projection", "relaxation", "checks"]
    assert data.quality["largest_distance_from_interface"] < 0.15
    assert data.quality["gaps_kept_open"] == 0.0
