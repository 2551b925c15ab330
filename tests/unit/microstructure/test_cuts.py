"""Volumes of overlapping balls: closed forms, and counting points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from cellion.microstructure.cuts import cut_volumes, swallowed


def counted(geometry, power=18):
    """Volume of each label by counting quasi-random points."""
    d = geometry.box.size
    x = qmc.Sobol(d, seed=83).random_base2(power) * geometry.box
    share = np.bincount(geometry.label(x), minlength=geometry.count + 1) / len(x)
    return share[1:] * np.prod(geometry.box)


def test_separate_balls_are_whole(spheres):
    found = cut_volumes(spheres([[0.2, 0.2, 0.2], [0.7, 0.7, 0.7]], [0.1, 0.2]))
    assert found == pytest.approx(4 / 3 * np.pi * np.array([1e-3, 8e-3]))


def test_two_equal_balls_share_a_lens(spheres):
    r, distance = 0.2, 0.3
    found = cut_volumes(spheres([[0.35, 0.5, 0.5], [0.65, 0.5, 0.5]], [r, r], periodic=False))
    lens = np.pi * (4 * r + distance) * (2 * r - distance) ** 2 / 12
    assert found.sum() == pytest.approx(2 * 4 / 3 * np.pi * r**3 - lens, rel=1e-12)


def test_walls_halve_a_ball_and_quarter_a_disc(spheres):
    half = cut_volumes(spheres([[0.0, 0.5, 0.5]], [0.2], periodic=False))
    assert half == pytest.approx([2 / 3 * np.pi * 0.2**3])
    quarter = cut_volumes(spheres([[0.0, 1.0]], [0.2], (1, 1), periodic=False))
    # eight thousand rays: the quarter is exact to one ray
    assert quarter == pytest.approx([np.pi * 0.01], rel=1e-3)


def test_a_ball_larger_than_the_period_is_cut_by_its_images(spheres):
    r = 0.6
    cap = np.pi * (r - 0.5) ** 2 * (3 * r - (r - 0.5)) / 3
    found = cut_volumes(spheres([[0.3, 0.3, 0.3]], [r]))
    assert found == pytest.approx([4 / 3 * np.pi * r**3 - 6 * cap], rel=1e-9)


@pytest.mark.parametrize(("d", "periodic"), [(2, True), (3, True), (3, False)])
def test_entangled_overlaps_agree_with_counting(spheres, d, periodic):
    rng = np.random.default_rng(1213)
    n = 25
    geometry = spheres(rng.random((n, d)), 0.05 + 0.2 * rng.random(n), np.ones(d), periodic)
    found = cut_volumes(geometry)
    # 260 000 low-discrepancy points give each volume to about 1e-4 of the box
    assert np.allclose(found, counted(geometry), atol=3e-4)
    assert found.sum() == pytest.approx(counted(geometry).sum(), abs=1e-3)


def test_a_ball_inside_another_has_no_volume(spheres):
    geometry = spheres([[0.5, 0.5, 0.5], [0.55, 0.5, 0.5]], [0.3, 0.1])
    assert swallowed(geometry).tolist() == [False, True]
    found = cut_volumes(geometry)
    assert found == pytest.approx([4 / 3 * np.pi * 0.027, 0.0])
