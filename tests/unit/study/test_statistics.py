"""Statistics of many runs against laws that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cellion.export.estimate import spread
from cellion.scenario.design import sample_probabilities
from cellion.scenario.study import SampleSpec
from cellion.study.representative import representative_volume
from cellion.study.statistics import quantiles, sobol_indices

nan = math.nan


def test_the_interval_of_the_mean_is_students():
    values = [2.0, 4.0, 9.0, 5.0, nan]
    found = spread(values)
    expected = stats.t.interval(0.95, 3, loc=5.0, scale=stats.sem(values[:4]))
    assert (found.count, found.mean) == (4, 5.0)
    assert found.deviation == pytest.approx(np.std(values[:4], ddof=1), rel=1e-14)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)


def test_the_spread_of_large_numbers_is_a_number():
    assert spread([1e200, 3e200]).deviation == pytest.approx(2**0.5 * 1e200)
    assert spread([0.0, 0.0]).deviation == 0.0


@pytest.mark.parametrize(("values", "mean"), [([], nan), ([nan], nan), ([3.0, nan], 3.0)])
def test_one_run_has_no_spread(values, mean):
    found = spread(values)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert math.isnan(found.deviation)
    assert math.isnan(found.low)


def test_quantiles_leave_out_what_has_no_answer():
    assert quantiles([*np.arange(101.0), nan]) == (5.0, 25.0, 50.0, 75.0, 95.0)
    assert all(math.isnan(q) for q in quantiles([nan, nan]))


# --- sensitivities -------------------------------------------------------------------------------


def ishigami(probability: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 with x uniform between -pi and pi."""
    x = math.pi * (2.0 * probability - 1.0)
    return np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


@pytest.fixture(scope="module")
def answers() -> np.ndarray:
    law = {"uniform": {"from": 0.0, "to": 1.0}}
    values = {"a": law, "b": law, "c": law}
    sample = SampleSpec(method="saltelli", points=4096, seed=617, values=values)
    return ishigami(sample_probabilities(sample))


def test_indices_of_the_ishigami_function(answers):
    """T. Ishigami, T. Homma (1990); exact values from its analysis of variance."""
    first = 0.5 * (1.0 + 0.1 * math.pi**4 / 5.0) ** 2
    second = 49.0 / 8.0
    both = 0.01 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    variance = first + second + both
    found = sobol_indices(answers, 3)
    assert found is not None
    # 4096 points of a Sobol sequence: about a hundredth of the variance, as the resampling says
    np.testing.assert_allclose(found.first, np.array([first, second, 0.0]) / variance, atol=0.015)
    np.testing.assert_allclose(
        found.total, np.array([first + both, second, both]) / variance, atol=0.015
    )
    assert (found.first_error < 0.06).all()
    assert (found.total_error < 0.06).all()


def test_indices_are_those_of_scipy(answers):
    blocks = answers.reshape(5, 1, -1)
    theirs = stats.sobol_indices(
        func={"f_A": blocks[0], "f_B": blocks[1], "f_AB": blocks[2:]}, n=4096
    )
    ours = sobol_indices(answers, 3)
    assert ours is not None
    np.testing.assert_allclose(ours.first, theirs.first_order, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(ours.total, theirs.total_order, rtol=1e-10, atol=1e-12)


def test_points_without_an_answer_are_left_out(answers):
    holed = answers.copy()
    holed[[5, 4096 + 9, 3 * 4096 + 17]] = nan
    found = sobol_indices(holed, 3)
    assert found is not None
    assert found.count == 4093
    whole = sobol_indices(answers, 3)
    assert whole is not None
    np.testing.assert_allclose(found.total, whole.total, atol=0.01)


def test_what_does_not_vary_has_no_indices():
    assert sobol_indices(np.ones(16), 2) is None
    assert sobol_indices(np.full(16, nan), 2) is None


# --- representative volume -----------------------------------------------------------------------


def cells(rng: np.random.Generator, edge: int, count: int) -> np.ndarray:
    """Means of cubes of independent cells: relative variance 0.04 per cell, integral range 1."""
    return 5.0 + 5.0 * 0.2 / edge**1.5 * rng.standard_normal(count)


def test_the_box_of_independent_cells():
    rng = np.random.default_rng(2718)
    values = {float(n**3): cells(rng, n, 400).tolist() for n in (4, 8, 16)}
    law = representative_volume(values, dimension=3, error=0.01)
    assert law is not None
    # variances of 400 draws each are known to sqrt(2/399) = 7 %
    assert law.coefficient == pytest.approx(0.04, rel=0.12)
    assert law.exponent == pytest.approx(1.0, abs=0.1)
    assert law.edge == pytest.approx((1.96**2 * 0.04 / 1e-4) ** (1 / 3), rel=0.04)
    assert [size.needed for size in law.sizes] == [
        math.ceil(1.959963984540054**2 * law.coefficient / 1e-4 / v) for v in values
    ]


def test_a_mean_that_drifts_with_the_size_is_told():
    rng = np.random.default_rng(2718)
    values = {n**3: (cells(rng, n, 50) * (1.0 + 2.0 / n)).tolist() for n in (4.0, 16.0)}
    law = representative_volume(values, dimension=3, error=0.02)
    assert law is not None
    assert law.drifts


@pytest.mark.parametrize(
    "values", [{}, {1.0: [1.0, 2.0]}, {1.0: [1.0, 2.0], 2.0: [1.0]}, {1.0: [1, 1], 2.0: [1, 1]}]
)
def test_too_few_boxes_say_nothing(values):
    assert representative_volume(values, dimension=3, error=0.02) is None
