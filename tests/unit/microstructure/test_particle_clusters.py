"""Clusters of known arrangements: the reference for percolation in meshes."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.particle_clusters import cluster_percolation


def row(count, axis=0, d=3):
    """Centres of ``count`` particles equally spaced along an axis of the unit box."""
    x = np.full((count, d), 0.5)
    x[:, axis] = (np.arange(count) + 0.5) / count
    return x


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_row_percolates_along_its_axis(spheres, axis):
    geometry = spheres(row(5, axis), np.full(5, 0.11))
    assert cluster_percolation(geometry, 1).tolist() == [k == axis for k in range(3)]


def test_a_gap_breaks_the_row(spheres):
    geometry = spheres(row(5)[:4], np.full(4, 0.11))
    assert not cluster_percolation(geometry, 1).any()


def test_near_particles_percolate_when_a_reach_is_allowed(spheres):
    geometry = spheres(row(5), np.full(5, 0.095))
    assert not cluster_percolation(geometry, 1).any()
    assert cluster_percolation(geometry, 1, reach=0.02).tolist() == [True, False, False]


def test_a_foreign_particle_breaks_the_row(spheres):
    geometry = spheres(row(5), np.full(5, 0.11), materials=[1, 1, 2, 1, 1])
    assert not cluster_percolation(geometry, 1).any()
    assert not cluster_percolation(geometry, 2).any()


def test_a_particle_meets_its_own_images(spheres):
    geometry = spheres([[0.1, 0.2, 0.3]], [0.51], (1, 1, 1.2))
    assert cluster_percolation(geometry, 1).tolist() == [True, True, False]


def test_a_cluster_across_the_face_alone_does_not_percolate(spheres):
    geometry = spheres([[0.05, 0.5], [0.95, 0.5]], [0.06, 0.06], (1, 1))
    assert not cluster_percolation(geometry, 1).any()


def test_a_diagonal_row_percolates_along_both_axes(spheres):
    x = (np.arange(8) + 0.5) / 8
    geometry = spheres(np.stack([x, x], axis=1), np.full(8, 0.1), (1, 1))
    assert cluster_percolation(geometry, 1).tolist() == [True, True]


def test_between_walls_a_cluster_must_touch_both(spheres):
    through = spheres(row(5), np.full(5, 0.105), periodic=False)
    assert cluster_percolation(through, 1).tolist() == [True, False, False]
    short = spheres(row(5)[:4], np.full(4, 0.105), periodic=False)
    assert not cluster_percolation(short, 1).any()


def test_random_clusters_agree_with_unfolding_three_boxes(spheres):
    """A cluster winds around the period iff a particle meets its copy in a tripled box."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    outcomes = set()
    for seed in range(301, 313):
        rng = np.random.default_rng(seed)
        n = 30
        centers = rng.random((n, 2))
        geometry = spheres(centers, np.full(n, 0.105), (1, 1), (True, False))
        copies = np.concatenate([centers + np.array([k, 0]) for k in range(n)])
        long = spheres(copies, np.full(n * n, 0.105), (n, 1), (False, False))
        pairs = long.contacts(0.0).labels - 1
        graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n * n, n * n))
        cluster = connected_components(graph, directed=False)[1].reshape(n, n)
        winds = np.intersect1d(cluster[0], cluster[-1]).size > 0
        found = bool(cluster_percolation(geometry, 1)[0])
        assert found == winds
        outcomes.add(found)
    assert outcomes == {True, False}
