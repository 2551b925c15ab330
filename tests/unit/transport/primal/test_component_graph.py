"""Joining components of a periodic box, with hand-made crossings."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.transport.primal.component_graph import Links, join

type Edges = list[tuple[int, int, int]]


def crossings(edges: Edges) -> Links:
    start, end, axis = np.array(edges, dtype=np.int64).reshape(-1, 3).T
    return Links(start=start, end=end, axis=axis)


@pytest.mark.parametrize(
    ("count", "edges", "expected"),
    [
        (1, [], [[False, False]]),
        (1, [(0, 0, 0)], [[True, False]]),
        # A cluster that straddles a face does not wind around the box.
        (2, [(0, 1, 0)], [[False, False]]),
        # Through the face and back inside the box: it does.
        (2, [(0, 1, 0), (0, 1, -1)], [[True, False]]),
        # There and back through the same face: it does not.
        (2, [(0, 1, 0), (0, 1, 0)], [[False, False]]),
        # Only the diagonal is closed: both directions wind, with one vector.
        (2, [(0, 1, 0), (1, 0, 1)], [[True, True]]),
        (3, [(0, 1, -1), (1, 2, 1), (2, 0, -1)], [[False, True]]),
        (3, [(0, 0, 1), (1, 2, 0)], [[False, True], [False, False]]),
    ],
)
def test_winding(count: int, edges: Edges, expected: list[list[bool]]) -> None:
    _, n, winds = join(count, crossings(edges), 2)
    assert n == len(expected)
    assert winds.tolist() == expected


def test_numbers_of_joined_components() -> None:
    component, n, winds = join(5, crossings([(3, 1, -1), (0, 4, 2)]), 3)
    assert n == 3
    assert component[1] == component[3]
    assert component[0] == component[4]
    assert len({component[0], component[1], component[2]}) == 3
    assert not winds.any()


def test_a_winding_does_not_depend_on_where_one_starts() -> None:
    rng = np.random.default_rng(8128)
    edges = [(int(a), int(b), int(k)) for a, b, k in rng.integers([0, 0, -1], [9, 9, 2], (14, 3))]
    order = rng.permutation(9)
    renamed = [(int(order[a]), int(order[b]), k) for a, b, k in edges]
    component, _, winds = join(9, crossings(edges), 2)
    other, _, other_winds = join(9, crossings(renamed), 2)
    np.testing.assert_array_equal(winds[component], other_winds[other[order]])


def test_each_crossing_counts_once() -> None:
    twice = crossings([(0, 1, 0), (0, 1, 0), (1, 0, -1)])
    assert len(twice.unique().start) == 2
    assert len(crossings([]).unique().start) == 0
