"""Octrees: as fine as wanted, balanced, and aligned with given planes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellion.errors import MeshError
from cellion.mesh.octree import FINEST, build_octree, leaf_edges, uniform_planes


def ball(centre, radius, fine, coarse, box, periodic):
    """Fine on a sphere, growing away from it."""

    def size(x):
        away = x - np.asarray(centre)
        away -= np.where(periodic, box * np.round(away / box), 0.0)
        return np.clip(fine + 0.5 * np.abs(np.linalg.norm(away, axis=1) - radius), fine, coarse)

    return size


def octree_around_ball(dimension, periodic, fine=0.03, centre=0.1):
    box = np.array([1.0, 1.2, 0.9])[:dimension]
    periodic = np.full(dimension, periodic)
    size = ball(np.full(dimension, centre), 0.25, fine, 0.25, box, periodic)
    planes = uniform_planes(box, periodic, coarsest=0.25, finest=fine)
    return build_octree(planes, periodic, size), size


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("periodic", [True, False])
def test_leaves_tile_the_box(dimension, periodic):
    octree, _ = octree_around_ball(dimension, periodic)
    assert (octree.edge.astype(float) ** dimension).sum() == np.prod(octree.span.astype(float))
    assert len(np.unique(octree.key(octree.corner))) == len(octree.corner)
    assert octree.edge.min() == FINEST


@pytest.mark.parametrize("dimension", [2, 3])
def test_leaves_are_as_small_as_wanted_at_their_centres(dimension):
    octree, size = octree_around_ball(dimension, True)
    low = octree.positions(octree.corner)
    high = octree.positions(octree.corner + octree.edge[:, None])
    assert ((high - low).max(axis=1) <= size(0.5 * (low + high)) * (1 + 1e-9)).all()


@settings(max_examples=15)
@given(
    dimension=st.sampled_from([2, 3]),
    periodic=st.booleans(),
    centre=st.floats(0.0, 0.9),
)
def test_neighbours_differ_by_one_level_across_faces_edges_and_corners(dimension, periodic, centre):
    octree, _ = octree_around_ball(dimension, periodic, fine=0.05, centre=centre)
    # The edge of the leaf that covers each finest cell, on a dense grid.
    shape = tuple(octree.span // FINEST)
    dense = np.zeros(shape, dtype=np.int64)
    for corner, edge in zip(octree.corner // FINEST, octree.edge // FINEST, strict=True):
        dense[tuple(slice(c, c + edge) for c in corner)] = edge
    for axis in range(dimension):
        ahead = np.roll(dense, -1, axis=axis)
        for other in range(dimension):
            for shift in (-1, 0, 1) if other != axis else (0,):
                near = np.roll(ahead, shift, axis=other)
                ratio = np.maximum(near, dense) / np.minimum(near, dense)
                if not periodic:
                    inner = tuple(slice(1, -1) for _ in shape)
                    ratio = ratio[inner]
                assert ratio.max() <= 2


def test_halvings_of_the_roots_meet_the_size_at_surfaces():
    box, periodic = np.array([1.0, 1.0, 1.0]), np.ones(3, dtype=bool)
    planes = uniform_planes(box, periodic, coarsest=0.2, finest=0.025)
    assert [len(p) - 1 for p in planes] == [5, 5, 5]  # 0.2 = 8 * 0.025
    assert all(p[0] == 0.0 and p[-1] == 1.0 for p in planes)


def test_a_periodic_direction_has_at_least_four_root_cells():
    planes = uniform_planes(np.ones(2), np.array([True, False]), coarsest=5.0, finest=5.0)
    assert [len(p) - 1 for p in planes] == [4, 4]
    planes = uniform_planes(np.ones(2), np.array([False, False]), coarsest=5.0, finest=5.0)
    assert [len(p) - 1 for p in planes] == [1, 1]


def test_given_planes_are_met_exactly():
    planes = (np.array([0.0, 0.3, 1.0]), np.array([0.0, 0.1, 0.7, 1.0]))
    octree = build_octree(planes, np.zeros(2, dtype=bool), lambda x: np.full(len(x), 0.05))
    low = octree.positions(octree.corner)
    assert set(planes[0][:-1]) <= set(low[:, 0])
    assert set(planes[1][:-1]) <= set(low[:, 1])


def test_leaf_edges_agree_with_the_octree_before_balancing():
    octree, size = octree_around_ball(3, True, fine=0.06)
    x = np.random.default_rng(17).random((200, 3)) * np.array([1.0, 1.2, 0.9])
    edges = leaf_edges(octree.planes, size, x)
    low = octree.positions(octree.corner)
    high = octree.positions(octree.corner + octree.edge[:, None])
    for point, edge in zip(x, edges, strict=True):
        leaf = np.flatnonzero(((low <= point) & (point < high)).all(axis=1))[0]
        assert ((high - low)[leaf] <= edge * (1 + 1e-9)).all()


@pytest.mark.parametrize(("coarsest", "finest"), [(0.1, 0.2), (0.1, 0.0), (-1.0, -2.0)])
def test_sizes_out_of_order_are_refused(coarsest, finest):
    with pytest.raises(MeshError, match="both must be positive"):
        uniform_planes(np.ones(3), np.ones(3, dtype=bool), coarsest=coarsest, finest=finest)


def test_sizes_that_need_too_many_leaves_are_refused_before_memory_runs_out():
    planes = uniform_planes(np.ones(3), np.zeros(3, dtype=bool), coarsest=0.1, finest=0.1)
    with pytest.raises(MeshError, match=r"raise mesh\.size"):
        build_octree(planes, np.zeros(3, dtype=bool), lambda x: np.full(len(x), 1e-4))


def test_sizes_too_fine_for_the_keys_are_refused():
    planes = uniform_planes(np.ones(3), np.zeros(3, dtype=bool), coarsest=0.5, finest=0.5)

    def size(x):
        return np.maximum(1e-9, np.linalg.norm(x - 0.1, axis=1))

    with pytest.raises(MeshError, match="halvings"):
        build_octree(planes, np.zeros(3, dtype=bool), size)


def test_a_size_far_below_the_box_is_refused():
    with pytest.raises(MeshError, match="cubes; at most"):
        uniform_planes(np.ones(3), np.zeros(3, dtype=bool), coarsest=1e-6, finest=1e-6)
