"""Cells of power diagrams are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, Voronoi

from cellion.errors import MicrostructureError
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.power_diagram import power_diagram


def diagram(n, dimension, periodic, seed, spread=0.2):
    rng = np.random.default_rng(seed)
    box = np.array([2.0, 3.0, 2.5])[:dimension]
    centers = box * rng.random((n, dimension))
    weights = spread * rng.random(n) * (np.prod(box) / n) ** (2 / dimension)
    return box, centers, weights, power_diagram(centers, weights, box, np.full(dimension, periodic))


@given(
    n=st.integers(1, 40),
    dimension=st.sampled_from([2, 3]),
    periodic=st.booleans(),
    seed=st.integers(1, 10_000),
)
@settings(max_examples=40, deadline=None)
def test_cells_fill_the_box_and_facets_are_seen_from_both_sides(n, dimension, periodic, seed):
    box, _, _, found = diagram(n, dimension, periodic, seed)
    assert found.volume.sum() == pytest.approx(np.prod(box), rel=1e-9)
    facets = found.facets
    inner = facets.neighbour >= 0
    forth = np.zeros((n, n))
    np.add.at(forth, (facets.cell[inner], facets.neighbour[inner]), facets.area[inner])
    assert forth == pytest.approx(forth.T, abs=1e-9 * facets.area.max())


@pytest.mark.parametrize("dimension", [2, 3])
def test_without_weights_the_cells_are_those_of_scipy(dimension):
    box, centers, _, found = diagram(30, dimension, True, 7, spread=0.0)
    steps = np.stack(np.meshgrid(*[[-1, 0, 1]] * dimension, indexing="ij"), -1)
    steps = steps.reshape(-1, dimension)
    steps = steps[np.argsort(np.abs(steps).sum(axis=1), kind="stable")]
    cloud = (centers[None] + steps[:, None] * box).reshape(-1, dimension)
    cells = Voronoi(cloud)
    volumes = [
        ConvexHull(cells.vertices[cells.regions[cells.point_region[k]]]).volume for k in range(30)
    ]
    assert found.volume == pytest.approx(np.array(volumes), rel=1e-9)


@pytest.mark.parametrize("periodic", [True, False])
def test_volumes_agree_with_counting_points(periodic):
    box, centers, weights, found = diagram(8, 3, periodic, 11, spread=0.6)
    geometry = LaguerreGeometry(
        box=box,
        periodic=np.full(3, periodic),
        centers=centers,
        weights=weights,
        label_material=np.zeros(8, dtype=np.int32),
    )
    n = 40
    grid = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n] * 3, indexing="ij"), -1)
    share = np.bincount(geometry.label(grid.reshape(-1, 3) * box), minlength=8) / n**3
    # points near a boundary may fall on the wrong side of the count: their part is about 1/n
    assert found.volume / np.prod(box) == pytest.approx(share, abs=0.004)


def test_one_grain_meets_its_own_images():
    found = power_diagram(np.array([[0.3, 0.4]]), np.zeros(1), np.array([2.0, 1.0]), np.ones(2) > 0)
    assert found.volume == pytest.approx([2.0])
    assert sorted(found.facets.area.round(12)) == [1.0, 1.0, 2.0, 2.0]
    assert (found.facets.neighbour == 0).all()


def test_a_regular_lattice_has_equal_cells_with_the_right_number_of_facets():
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), -1).reshape(-1, 3) / 3
    bcc = np.concatenate([grid, grid + 1 / 6])
    for centers, facets in ((grid, 6), (bcc, 14)):  # cubes; truncated octahedra
        found = power_diagram(centers, np.zeros(len(centers)), np.ones(3), np.ones(3) > 0)
        assert found.volume == pytest.approx(1 / len(centers), rel=1e-9)
        assert len(found.facets.cell) == facets * len(centers)


def test_an_outweighed_generator_owns_nothing():
    centers = np.array([[0.5, 0.5, 0.5], [0.52, 0.5, 0.5], [0.1, 0.1, 0.1]])
    found = power_diagram(centers, np.array([0.1, 0.0, 0.1]), np.ones(3), np.zeros(3) > 0)
    assert found.volume[1] == 0.0
    assert found.volume.sum() == pytest.approx(1.0)


def test_centroids_are_those_of_the_cells():
    found = power_diagram(
        np.array([[0.2, 0.5], [0.6, 0.5]]), np.zeros(2), np.ones(2), np.zeros(2) > 0
    )
    assert found.centroid == pytest.approx(np.array([[0.2, 0.5], [0.7, 0.5]]))


def needle(length, periodic):
    box = np.array([length, 1.0, 1.0])
    centers = box * np.random.default_rng(31).random((20, 3))
    return power_diagram(centers, np.zeros(20), box, np.full(3, periodic))


@pytest.mark.parametrize("length", [1e3, 1e9])
def test_a_periodic_needle_with_few_grains_is_refused_at_once(length):
    with pytest.raises(MicrostructureError, match=r"20 in a periodic box of 1e\+0. x 1 x 1 m"):
        needle(length, periodic=True)


def test_a_needle_with_walls_is_cut_as_far_as_rounding_allows():
    assert needle(1e3, periodic=False).volume.sum() == pytest.approx(1e3)
    with pytest.raises(MicrostructureError, match="20 seeds cannot be told apart"):
        needle(1e9, periodic=False)
