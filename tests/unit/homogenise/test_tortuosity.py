"""Tortuosity factor, MacMullin number and Bruggeman exponent follow their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.homogenise.effective_medium import bruggeman_power_law
from cellion.homogenise.tortuosity import (
    bruggeman_exponent,
    macmullin_number,
    tortuosity_factor,
)


def test_straight_channels_have_tortuosity_one() -> None:
    assert tortuosity_factor(0.3, 2.0, 0.6) == pytest.approx(1.0)
    assert macmullin_number(2.0, 0.6) == pytest.approx(1 / 0.3)


def test_nothing_percolates() -> None:
    tau = tortuosity_factor(0.1, 2.0, [0.0, 0.1, np.nan])
    np.testing.assert_array_equal(np.isinf(tau), [True, False, False])
    assert np.isnan(tau[2])
    np.testing.assert_array_equal(bruggeman_exponent(0.1, np.inf), np.inf)
    assert tortuosity_factor(0.0, 0.0, 0.0) == np.inf


@given(
    st.floats(min_value=0.01, max_value=0.99),
    st.floats(min_value=0.5, max_value=5.0),
    st.floats(min_value=1e-6, max_value=1e6),
)
def test_exponent_is_recovered_from_the_power_law(phi: float, alpha: float, bulk: float) -> None:
    tau = tortuosity_factor(phi, bulk, bruggeman_power_law(phi, bulk, alpha))
    np.testing.assert_allclose(tau, phi ** (1 - alpha), rtol=1e-9)
    # ln(phi) of phi close to 1 loses two digits
    np.testing.assert_allclose(bruggeman_exponent(phi, tau), alpha, rtol=1e-9)


@pytest.mark.parametrize("phi", [0.0, 1.0])
def test_pure_phases_have_no_exponent(phi: float) -> None:
    assert np.isnan(bruggeman_exponent(phi, 1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.2, 1.0, 1.0), "volume fraction is 1.2"),
        ((0.5, -1.0, 1.0), "bulk conductivity is -1 S/m"),
        ((0.5, 1.0, -1.0), "effective conductivity is -1 S/m"),
    ],
)
def test_meaningless_input_is_refused(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tortuosity_factor(*arguments)


def test_negative_tortuosity_is_refused() -> None:
    with pytest.raises(ValueError, match="tortuosity factor is -1"):
        bruggeman_exponent(0.5, -1.0)
