"""Conductivity laws reproduce their measured point and the slope they were given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.errors import MaterialError
from cellion.material.conductivity_laws import INSULATOR, ArrheniusLaw, ConstantLaw
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT

TENSOR = np.array([[0.3, 0.05, 0.0], [0.05, 0.2, 0.0], [0.0, 0.0, 0.1]])
temperatures = st.floats(min_value=150.0, max_value=1500.0)


def arrhenius(**changes: Any) -> ArrheniusLaw:
    arguments: dict[str, Any] = {
        "reference": TENSOR,
        "reference_temperature": 298.15,
        "activation_energy": 0.33 * ELECTRON_VOLT,
    }
    return ArrheniusLaw(**(arguments | changes))


@pytest.mark.parametrize("convention", ["sigmaT", "sigma"])
def test_measured_point_is_kept(convention: str) -> None:
    law = arrhenius(convention=convention)
    np.testing.assert_allclose(law.conductivity(298.15), TENSOR, rtol=1e-14)


@given(temperatures, temperatures)
def test_slope_of_the_arrhenius_plot_is_the_activation_energy(first: float, second: float) -> None:
    for convention, power in (("sigmaT", 1), ("sigma", 0)):
        law = arrhenius(convention=convention)
        one, two = (law.conductivity(t)[0, 0] * t**power for t in (first, second))
        rise = -0.33 * ELECTRON_VOLT / BOLTZMANN * (1 / first - 1 / second)
        np.testing.assert_allclose(np.log(one / two), rise, atol=1e-11)


def test_conventions_differ_by_the_thermal_energy() -> None:
    """d ln(sigma)/d(1/T) of the first law is E - kT: 0.0257 eV less at room temperature."""
    step = 0.01
    law = arrhenius()
    high, low = (law.conductivity(298.15 + s)[0, 0] for s in (step, -step))
    slope = np.log(high / low) / (1 / (298.15 + step) - 1 / (298.15 - step))
    apparent = -slope * BOLTZMANN / ELECTRON_VOLT
    assert apparent == pytest.approx(0.33 - BOLTZMANN * 298.15 / ELECTRON_VOLT, abs=1e-6)


def test_published_pair_of_temperatures_is_reproduced() -> None:
    """Li6PS5Cl: 5.37e-4 S/cm at 25.36 degC and 2.14e-2 S/cm at 150.58 degC give 0.351 eV."""
    law = ArrheniusLaw(
        reference=0.0537 * np.eye(3),
        reference_temperature=298.51,
        activation_energy=0.351 * ELECTRON_VOLT,
    )
    assert law.conductivity(423.73)[0, 0] == pytest.approx(2.14, rel=0.02)


def test_anisotropy_does_not_change_with_temperature() -> None:
    hot = arrhenius().conductivity(600.0)
    np.testing.assert_allclose(hot / hot[0, 0], TENSOR / TENSOR[0, 0])


def test_constant_and_insulator() -> None:
    constant = ConstantLaw(reference=TENSOR)
    tensor = constant.conductivity(500.0)
    np.testing.assert_array_equal(tensor, TENSOR)
    tensor[0, 0] = 9.0
    np.testing.assert_array_equal(constant.conductivity(500.0), TENSOR)
    np.testing.assert_array_equal(INSULATOR.conductivity(300.0), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activation_energy": -0.1 * ELECTRON_VOLT}, r"activation energy is -0\.1 eV"),
        ({"activation_energy": 33 * ELECTRON_VOLT}, "activation energy is 33 eV"),
        ({"activation_energy": float("nan")}, "activation energy is nan eV"),
        ({"reference_temperature": 0.0}, "temperature is 0 K"),
        ({"convention": "sigma_T"}, "convention is 'sigma_T'; allowed are"),
        ({"reference": np.eye(2)}, r"shape \(2, 2\)"),
        ({"reference": np.diag([1.0, 1.0, np.nan])}, "a finite tensor"),
        ({"reference": np.array([[1.0, 2, 0], [0, 1, 0], [0, 0, 1]])}, "is not symmetric"),
        ({"reference": np.diag([1.0, 1.0, -0.5])}, r"smallest principal conductivity is -0\.5 S/m"),
    ],
)
def test_meaningless_laws_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MaterialError, match=message):
        arrhenius(**changes)


@pytest.mark.parametrize("temperature", [0.0, -5.0, float("inf"), float("nan")])
def test_temperature_must_be_absolute(temperature: float) -> None:
    for law in (arrhenius(), ConstantLaw(reference=TENSOR), INSULATOR):
        with pytest.raises(MaterialError, match="must be above 0 K"):
            law.conductivity(temperature)


def test_a_conductivity_beyond_any_other_is_refused() -> None:
    law = ArrheniusLaw(
        reference=np.eye(3), reference_temperature=3.0, activation_energy=3.0 * 1.602e-19
    )
    with pytest.raises(MaterialError, match="check 'at' and 'activation_energy'"):
        law.conductivity(298.15)
