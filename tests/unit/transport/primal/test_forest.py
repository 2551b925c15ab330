"""Spanning forests carry excesses to their roots."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellion.transport.primal.forest import Forest, carry, grow


def net(count: int, edges: NDArray[np.int64], forest: Forest, passed: NDArray) -> NDArray:
    """What arrives at each node from its children minus what it passes on."""
    change = -passed.copy()
    child = np.flatnonzero(forest.edge >= 0)
    ends = edges[forest.edge[child]]
    parent = np.where(ends[:, 0] == child, ends[:, 1], ends[:, 0])
    np.add.at(change, parent, passed[child])
    return change


@given(seed=st.integers(0, 10**6), count=st.integers(1, 60), degree=st.floats(0.2, 3.0))
def test_what_is_carried_balances_every_node_but_the_roots(
    seed: int, count: int, degree: float
) -> None:
    random = np.random.default_rng(seed)
    edges = random.integers(0, count, (int(degree * count), 2))
    lengths = random.uniform(0.1, 10.0, len(edges))
    sinks = random.random(count) < 0.1
    forest = grow(count, edges, lengths, sinks)
    excess = random.integers(-9, 9, (count, 2)).astype(float)
    passed = carry(forest, excess)
    assert np.array_equal(excess + net(count, edges, forest, passed), np.zeros((count, 2)))
    # Every sink is a root, and a connected set without sink has exactly one.
    roots = forest.edge < 0
    assert (roots >= sinks).all()
    for tree in np.unique(forest.tree):
        inside = forest.tree == tree
        assert roots[inside].sum() == max(1, sinks[inside].sum())


def test_paths_to_the_root_are_the_shortest() -> None:
    # A square with one long edge: the corner beside it is reached the other way round.
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    sinks = np.array([True, False, False, False])
    forest = grow(4, edges, np.array([1.0, 1.0, 1.0, 9.0]), sinks)
    assert forest.edge.tolist() == [-1, 0, 1, 2]
    assert carry(forest, np.ones((4, 1)))[:, 0].tolist() == [4.0, 3.0, 2.0, 1.0]


def test_a_node_without_edges_is_its_own_tree() -> None:
    forest = grow(2, np.empty((0, 2), dtype=int), np.empty(0), np.zeros(2, dtype=bool))
    assert carry(forest, np.array([[3.0], [4.0]]))[:, 0].tolist() == [3.0, 4.0]
