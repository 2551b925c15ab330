"""Whole numbers of particles with exact volumes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cellion.errors import MicrostructureError
from cellion.microstructure.diameters import (
    TRUNCATION,
    Amount,
    ball_volume,
    draw_radii,
    typical_diameter,
)
from cellion.scenario.diameters import DiameterSpec

UM = 1e-6
MONO = DiameterSpec.model_validate("5 um")
SPREAD = DiameterSpec.model_validate({"lognormal": {"median": "5 um", "sigma": 0.35}})
LIST = DiameterSpec.model_validate(
    {"list": [{"diameter": "8 um", "share": 0.75}, {"diameter": "2 um", "share": 0.25}]}
)


def amount(fraction=0.4, edge=40.0):
    return Amount(where="particles[0]", fraction=fraction, box=np.full(3, edge * UM))


@pytest.mark.parametrize("diameter", [MONO, SPREAD, LIST], ids=["mono", "lognormal", "list"])
@pytest.mark.parametrize("fraction", [0.05, 0.4, 0.6])
def test_volumes_add_up_exactly(diameter, fraction):
    radii, _ = draw_radii(diameter, amount(fraction), np.random.default_rng(17))
    assert np.sum(ball_volume(radii)) == pytest.approx(fraction * (40 * UM) ** 3, rel=1e-12)


def test_equal_diameters_change_by_less_than_a_percent_in_a_large_box():
    radii, notes = draw_radii(MONO, amount(), np.random.default_rng(17))
    assert np.ptp(radii) == 0
    assert radii[0] == pytest.approx(2.5 * UM, rel=0.01)
    assert notes == ()


def test_listed_classes_have_their_shares_of_the_volume():
    radii, _ = draw_radii(LIST, amount(), np.random.default_rng(17))
    coarse = ball_volume(radii[radii > 2 * UM]).sum() / ball_volume(radii).sum()
    assert coarse == pytest.approx(0.75, rel=1e-12)


def test_lognormal_sample_has_median_and_sigma_and_no_tails():
    radii, notes = draw_radii(SPREAD, amount(0.5, 100.0), np.random.default_rng(17))
    scores = np.log(2 * radii / (5 * UM)) / 0.35
    assert np.median(scores) == pytest.approx(0, abs=0.05)
    # cutting off at 2.5 sigma reduces the standard deviation by 4.4 %
    assert scores.std() == pytest.approx(0.956, abs=0.01)
    assert np.abs(scores).max() < TRUNCATION + 0.05
    assert "cut off at 2.5 sigma" in notes[0]


def test_draws_follow_the_generator():
    first, again, other = (
        draw_radii(SPREAD, amount(), np.random.default_rng(seed))[0] for seed in (9, 9, 10)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first[:20], other[:20])


def test_few_particles_are_refused_with_a_box_that_fits():
    with pytest.raises(MicrostructureError, match=r"particles\[0\].*1\.53 particles.*box of") as e:
        draw_radii(MONO, amount(0.1, 10.0), np.random.default_rng(17))
    # four particles of 5 um at 10 % fill a cube of 13.78 um
    assert "13.78 x 13.78 x 13.78 um" in str(e.value)


def test_a_noticeable_change_is_noted():
    _, notes = draw_radii(MONO, amount(0.24, 10.0), np.random.default_rng(17))
    assert "whole number" in notes[0]


def test_far_too_many_particles_are_refused():
    with pytest.raises(MicrostructureError, match="at most 200000"):
        draw_radii(MONO, amount(0.5, 1000.0), np.random.default_rng(17))


@pytest.mark.parametrize(("diameter", "median"), [(MONO, 5), (SPREAD, 5), (LIST, 8)])
def test_typical_diameter(diameter, median):
    assert typical_diameter(diameter) == pytest.approx(median * UM)


def test_a_median_by_number_is_told_by_volume_as_well():
    radii, notes = draw_radii(SPREAD, amount(0.5, 100.0), np.random.default_rng(17))
    assert "by number, median 5 um" in notes[0]
    told = float(re.search(r"by volume their median, d50, is ([\d.]+) um", notes[0])[1])
    diameter = np.sort(2 * radii)
    middle = np.searchsorted(np.cumsum(diameter**3), 0.5 * np.sum(diameter**3))
    assert told * UM == pytest.approx(diameter[middle], rel=0.02)
    # Without the cut at 2.5 sigma it would be 5 um exp(3 sigma^2), 7.22 um.
    assert 6.5 < told < 7.22


def test_discs_have_their_median_by_area():
    plane = Amount(where="particles[0]", fraction=0.4, box=np.full(2, 200 * UM))
    radii, notes = draw_radii(SPREAD, plane, np.random.default_rng(17))
    told = float(re.search(r"by area their median, d50, is ([\d.]+) um", notes[0])[1])
    diameter = np.sort(2 * radii)
    middle = np.searchsorted(np.cumsum(diameter**2), 0.5 * np.sum(diameter**2))
    assert told * UM == pytest.approx(diameter[middle], rel=0.02)


def test_classes_by_volume_tell_their_median_by_number_as_well():
    _, notes = draw_radii(LIST, amount(), np.random.default_rng(17))
    assert "by volume, median, d50, 8 um; by number their median is 2" in notes[-1]
