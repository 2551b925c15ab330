"""Bisection of simplices keeps volume, orientation and conformity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellion.mesh.background import background_mesh
from cellion.mesh.data import cell_volumes
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.mesh.quality import check_invariants
from cellion.mesh.simplices import (
    canonical_edges,
    cell_edges,
    local_edges,
    local_facets,
    split_edges,
    surrounding_labels,
)


def small_mesh(dimension):
    box, periodic = np.ones(dimension), np.zeros(dimension, dtype=bool)
    planes = uniform_planes(box, periodic, coarsest=0.5, finest=0.5)
    return background_mesh(build_octree(planes, periodic, lambda x: np.full(len(x), 0.5)))


@settings(max_examples=30)
@given(dimension=st.sampled_from([2, 3]), seed=st.integers(2, 10_000), share=st.floats(0.05, 1.0))
def test_splitting_any_set_of_edges_leaves_a_conforming_mesh(dimension, seed, share):
    mesh = small_mesh(dimension)
    rng = np.random.default_rng(seed)
    n = len(mesh.points)
    keys = np.unique(cell_edges(mesh.cells, n))
    keys = keys[rng.random(len(keys)) < share]
    part = rng.uniform(0.2, 0.8, len(keys))[:, None]
    new = mesh.points[keys // n] * (1 - part) + mesh.points[keys % n] * part
    points = np.concatenate([mesh.points, new])
    cells, parents = split_edges(
        mesh.cells, keys, n + np.arange(len(keys)), rng.permutation(len(keys)), n
    )
    ones = np.arange(len(points))
    check_invariants(points, cells, ones, np.ones(dimension), np.zeros(dimension, dtype=bool))
    volumes = cell_volumes(points, cells)
    assert volumes.sum() == pytest.approx(1.0)
    whole = cell_volumes(mesh.points, mesh.cells)
    assert np.bincount(parents, volumes) == pytest.approx(whole)
    # Every edge that was to be split is gone.
    assert not np.isin(cell_edges(cells, n), keys).any()


def test_edges_with_a_later_vertex_have_no_key():
    # 0 * 4 + 5 would be the key of edge (1, 1), 1 * 4 + 6 that of (2, 2), and so on.
    keys = cell_edges(np.array([[0, 1, 5]]), 4)
    assert keys.tolist() == [[1, -1, -1]]


@pytest.mark.parametrize(("dimension", "edges"), [(2, 3), (3, 6)])
def test_simplices_have_their_edges_and_facets(dimension, edges):
    assert len(local_edges(dimension)) == edges
    assert [set(range(dimension + 1)) - set(f) for f in local_facets(dimension).tolist()] == [
        {k} for k in range(dimension + 1)
    ]


def test_images_of_an_edge_are_united_and_run_the_same_way():
    # Vertices 0 and 1 have the images 3 and 2: the edge (2, 3) is the edge (0, 1) turned round.
    image_of = np.array([0, 1, 1, 0])
    ends, first, member = canonical_edges(np.array([0 * 4 + 1, 2 * 4 + 3]), image_of)
    assert ends.tolist() == [[0, 1], [3, 2]]
    assert first.tolist() == [0]
    assert member.tolist() == [0, 0]


def test_labels_around_a_vertex_include_those_across_the_period():
    cells = np.array([[0, 1, 2], [3, 4, 5]])
    wanted = np.array([True, True, True, True, False, True])
    table, count = surrounding_labels(
        cells, np.array([[7], [2]], dtype=np.int32), np.array([0, 1, 2, 0, 4, 5]), wanted, 3
    )
    assert table[0].tolist() == [2, 7, -1]
    assert table[3].tolist() == [2, 7, -1]
    assert table[1].tolist() == [7, -1, -1]
    assert count.tolist() == [2, 1, 1, 2, 0, 1]
