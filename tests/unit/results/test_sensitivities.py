"""Derivatives of the mean over directions."""

from __future__ import annotations

import pytest

from cellion.results.sensitivities import weighted_mean


def test_directions_count_by_their_conductivity() -> None:
    found = weighted_mean({"x": {"p": 1.0}, "y": {"p": 0.0, "q": 1.0}}, {"x": 3.0, "y": 1.0})
    assert found == {"p": pytest.approx(0.75), "q": pytest.approx(0.25)}


def test_a_conductivity_of_zero_has_no_logarithmic_derivative() -> None:
    assert weighted_mean({"x": {"p": 1.0}}, {"x": 0.0}) == {}
