"""Close pairs against a search over all images."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cellion.microstructure.pairs import close_pairs


def brute(x, radii, box, periodic, reach):
    found = set()
    n = len(x)
    for shift in product(*[(-2, -1, 0, 1, 2) if p else (0,) for p in periodic]):
        offset = np.array(shift) * box
        for i in range(n):
            for j in range(i, n):
                first_positive = next((s for s in shift if s), 0) > 0
                if i == j and not first_positive:
                    continue
                gap = np.linalg.norm(x[j] + offset - x[i]) - radii[i] - radii[j]
                if gap < reach:
                    found.add((i, j, *shift))
    return found


@pytest.mark.parametrize("periodic", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("spread", [1.0, 12.0])
def test_every_pair_is_found_once_with_its_image(periodic, spread):
    rng = np.random.default_rng(907)
    box, periodic = np.array([1.0, 0.7]), np.array(periodic)
    x = rng.random((25, 2)) * box
    radii = 0.02 * spread ** rng.random(25)
    pairs = close_pairs(x, radii, box, periodic, 0.05)
    shift = np.rint(pairs.offset / box).astype(int)
    swap = pairs.first > pairs.second
    found = [
        (j, i, *(-s)) if flip else (i, j, *s)
        for i, j, s, flip in zip(
            pairs.first.tolist(), pairs.second.tolist(), shift, swap, strict=True
        )
    ]
    assert len(found) == len(set(found))
    assert set(found) == brute(x, radii, box, periodic, 0.05)


def test_a_large_ball_meets_its_own_images():
    pairs = close_pairs(
        np.array([[0.2, 0.3, 0.4]]), np.array([0.5]), np.ones(3), np.ones(3, bool), 0.1
    )
    assert len(pairs) == 3
    assert np.allclose(np.abs(pairs.vectors(np.array([[0.2, 0.3, 0.4]]))).sum(axis=1), 1.0)


def test_coordinates_outside_the_box_keep_their_own_vectors():
    x = np.array([[0.05, 0.5], [2.9, 3.5]])
    pairs = close_pairs(x, np.array([0.1, 0.1]), np.ones(2), np.ones(2, bool), 0.0)
    assert len(pairs) == 1
    assert np.allclose(np.linalg.norm(pairs.vectors(x), axis=1), 0.15)


def test_no_balls_no_pairs():
    assert len(close_pairs(np.zeros((0, 3)), np.zeros(0), np.ones(3), np.ones(3, bool), 1.0)) == 0
