"""Relaxation of overlapping balls."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.microstructure.relaxation import Domain, largest_overlap, relax


def domain(periodic=True, d=3):
    return Domain(box=np.ones(d), periodic=np.full(d, periodic))


@pytest.mark.parametrize("periodic", [True, False])
def test_overlaps_vanish(periodic):
    rng = np.random.default_rng(53)
    cores = np.full(100, 0.09)
    x, left = relax(0.1 + 0.8 * rng.random((100, 3)), cores, cores, domain(periodic))
    assert left <= 1e-3
    assert largest_overlap(x, cores, domain(periodic)) == pytest.approx(left, abs=1e-12)
    if not periodic:
        assert np.all((x >= cores[:, None]) & (x <= 1 - cores[:, None]))


def test_what_does_not_overlap_stays():
    x = np.array([[0.2, 0.2], [0.8, 0.8]])
    found, left = relax(x, np.full(2, 0.1), np.full(2, 0.1), domain(d=2))
    assert left == 0
    assert np.array_equal(found, x)


def test_a_jammed_state_is_reported():
    rng = np.random.default_rng(53)
    cores = np.full(30, 0.18)  # 73 % of the box
    assert relax(rng.random((30, 3)), cores, cores, domain())[1] > 1e-2


def test_coinciding_balls_do_not_fail():
    x = np.array([[0.5, 0.5], [0.5, 0.5], [0.52, 0.5]])
    found, _ = relax(x, np.full(3, 0.1), np.full(3, 0.1), domain(d=2), max_steps=50)
    assert np.isfinite(found).all()
