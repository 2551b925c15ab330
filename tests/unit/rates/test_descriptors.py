"""Descriptors: fits, uncertainty, refusal to extrapolate, ranking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.errors import RatesError
from cellion.rates.descriptors import (
    barrier_from,
    fit_chevrel_radius,
    fit_migration_number,
    fit_site_preference,
    rank,
)

X = np.array([-2.0, -1.0, -0.5, 0.5, 1.0, 3.0])


@given(st.floats(0.1, 2.0), st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_volcano_is_recovered_from_exact_points(b0, up, down):
    barrier = b0 + up * np.maximum(X, 0) + down * np.maximum(-X, 0)
    relation = fit_site_preference(X, barrier + 1e-12, source="made")
    assert relation.coefficients == pytest.approx([b0, up, down], abs=1e-9)
    assert barrier_from(relation, 0.0).barrier[0] == pytest.approx(b0)


@pytest.mark.parametrize("fitted", [fit_migration_number, fit_chevrel_radius])
def test_linear_relations_and_the_scatter_of_new_points(fitted):
    """Predicted standard deviations cover new points as they should: 95 % within two."""
    rng = np.random.default_rng(4409)
    x = np.linspace(1.0, 2.0, 12)
    inside = 0
    for _ in range(400):
        relation = fitted(x, 0.2 + 0.5 * x + 0.03 * rng.standard_normal(x.size), source="made")
        guess = barrier_from(relation, 1.6)
        new = 0.2 + 0.5 * 1.6 + 0.03 * rng.standard_normal()
        inside += abs(new - guess.barrier[0]) < 2.0 * guess.standard_deviation[0]
    assert inside / 400 == pytest.approx(0.93, abs=0.05)  # t distribution of 10 points


def test_extrapolation_is_refused_unless_asked_for():
    relation = fit_chevrel_radius([0.6e-10, 1.0e-10], [0.2, 0.5], source="made")
    with pytest.raises(RatesError, match="outside the data"):
        barrier_from(relation, 1.2e-10)
    allowed = barrier_from(relation, [0.8e-10, 1.2e-10], extrapolate=True)
    assert allowed.extrapolated.tolist() == [False, True]
    assert allowed.barrier == pytest.approx([0.35, 0.65])
    assert np.all(np.isnan(allowed.standard_deviation))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: fit_site_preference([1, 2, 3], [1, 2, 3], source=""), "both sides of 0"),
        (lambda: fit_site_preference(X, -np.abs(X), source=""), "no volcano"),
        (lambda: fit_migration_number([1.0, 1.0], [1, 2], source=""), "1 different values"),
        (lambda: fit_migration_number([1.0, 2.0], [1.0], source=""), "2 descriptors and 1"),
        (lambda: rank(("a",), [1.0, 2.0], 0.1), "1 names and 2 values"),
    ],
)
def test_relations_without_meaning_are_refused(build, message):
    with pytest.raises(RatesError, match=message):
        build()


def test_ranking_is_by_median_with_intervals():
    rows = rank(("slow", "fast"), [1e-4, 1e-2], [0.0, np.log(2.0)])
    assert [row[0] for row in rows] == ["fast", "slow"]
    name, median, low, high = rows[0]
    assert (name, median) == ("fast", 1e-2)
    assert low * high == pytest.approx(median**2)
    assert high / median == pytest.approx(2.0**1.96, rel=1e-4)
