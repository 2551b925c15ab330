"""Ranking materials by conductivity, with the interval that uncertain barriers leave."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import MaterialError
from cellion.material.screening import log_deviation, screen


def test_the_best_conductor_comes_first_and_everybody_is_somewhere():
    found = screen(298.15)
    values = [each.conductivity for each in found.candidates]
    assert values == sorted(values, reverse=True)
    names = {each.name for each in found.candidates}
    assert {"Li6PS5Cl", "garnet/Li7La3Zr2O12", "perovskite/Li0.34La0.51TiO2.94"} <= names
    left_out = dict(found.left_out)
    assert left_out["olivine/LiFePO4"].startswith("all places full")
    assert left_out["chevrel"] == "no value for outer_energy, exit, channel"
    assert not names & set(left_out)


def test_a_computed_interval_is_that_of_a_lognormal_rate():
    found = {each.name: each for each in screen(330.0, 0.04 * electron_volt).candidates}
    garnet = found["garnet/Li7La3Zr2O12"]
    # ln sigma is normal with the deviation s/kT; 95 % lie within 1.96 deviations
    factor = np.exp(1.959963984540054 * 0.04 * electron_volt / (Boltzmann * 330.0))
    assert garnet.low == pytest.approx(garnet.conductivity / factor, rel=1e-9)
    assert garnet.high == pytest.approx(garnet.conductivity * factor, rel=1e-9)


def test_a_measured_value_is_sure_at_its_own_temperature_only():
    deviation = 0.05 * electron_volt
    assert log_deviation(deviation, 300.0, 300.0) == 0.0
    away = log_deviation(deviation, 400.0, 300.0)
    assert away == pytest.approx(deviation / Boltzmann * (1 / 300 - 1 / 400))
    assert away < log_deviation(deviation, 400.0)


def test_sure_barriers_leave_no_interval():
    for each in screen(300.0, 0.0).candidates:
        np.testing.assert_allclose([each.low, each.high], each.conductivity)


@pytest.mark.parametrize(
    ("temperature", "deviation", "told"),
    [(0.0, 0.1, "above 0 K"), (float("inf"), 0.1, "above 0 K"), (300.0, -1.0, ">= 0")],
)
def test_questions_without_meaning_are_refused(temperature, deviation, told):
    with pytest.raises(MaterialError, match=told):
        screen(temperature, deviation)
