"""Arrhenius fits: conventions, weights, covariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.arrhenius_fit import fit_arrhenius

T = np.array([280.0, 300.0, 320.0, 350.0, 400.0])


def exact(quantity, energy_ev, A):
    y = A * np.exp(-energy_ev * electron_volt / (Boltzmann * T))
    return y / T if quantity == "sigmaT" else y


@given(
    st.sampled_from(["diffusivity", "sigmaT", "sigma"]), st.floats(0.05, 1.5), st.floats(1e-8, 1e8)
)
def test_an_exact_law_is_recovered(quantity, energy_ev, A):
    law = fit_arrhenius(T, exact(quantity, energy_ev, A), quantity)
    assert law.activation_energy / electron_volt == pytest.approx(energy_ev, rel=1e-8)
    assert law.log_prefactor == pytest.approx(np.log(A), abs=1e-7)
    assert law.value(T) == pytest.approx(exact(quantity, energy_ev, A), rel=1e-8)


def test_the_two_conventions_of_conductivity_differ_by_kt():
    """Ea from sigma T lies above Ea from sigma by about kT: 0.026 eV near 300 K."""
    table = exact("sigmaT", 0.35, 1e7)
    gap = (
        fit_arrhenius(T, table, "sigmaT").activation_energy
        - fit_arrhenius(T, table, "sigma").activation_energy
    )
    # exactly kT for two close temperatures; over 280-400 K an average of kT, 328 K within 5 %
    assert gap / electron_volt == pytest.approx(Boltzmann * 328 / electron_volt, rel=0.05)


def test_covariance_agrees_with_the_scatter_of_repeated_fits():
    """5 % errors, 1500 tables: predicted deviations within their sampling error (1.8 %)."""
    rng = np.random.default_rng(8081)
    clean = exact("diffusivity", 0.4, 1e-7)
    noise = np.exp(0.05 * rng.standard_normal((1500, T.size)))
    laws = [
        fit_arrhenius(T, clean * factor, "diffusivity", relative_error=0.05) for factor in noise
    ]
    found = np.cov(np.array([(x.log_prefactor, x.activation_energy) for x in laws]).T)
    assert found == pytest.approx(laws[0].covariance, rel=0.12)
    predicted = laws[0].log_standard_deviation(250.0)[0]
    spread = np.std([np.log(x.value(250.0)[0]) for x in laws])
    assert spread == pytest.approx(predicted, rel=0.06)


def test_without_errors_the_scatter_gives_the_covariance():
    rng = np.random.default_rng(8082)
    clean = exact("sigma", 0.3, 1e4)
    laws = [
        fit_arrhenius(T, clean * np.exp(0.1 * rng.standard_normal(T.size)), "sigma")
        for _ in range(1200)
    ]
    predicted = np.mean([x.covariance[1, 1] for x in laws])
    assert predicted == pytest.approx(np.var([x.activation_energy for x in laws]), rel=0.15)


def test_weights_follow_the_errors():
    """A point with a hundred times the error hardly moves the line."""
    table = exact("diffusivity", 0.4, 1e-7)
    table[0] *= 2.0
    law = fit_arrhenius(T, table, "diffusivity", relative_error=[1.0, 0.01, 0.01, 0.01, 0.01])
    assert law.activation_energy / electron_volt == pytest.approx(0.4, abs=1e-3)


def test_two_points_leave_the_error_unknown():
    law = fit_arrhenius([300.0, 400.0], [1e-12, 1e-10], "diffusivity")
    assert law.covariance is None
    assert np.isnan(law.log_standard_deviation(350.0)[0])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([300.0], [1.0], "sigma"), "1 temperature"),
        (([300.0, 400.0], [1.0, -1.0], "sigma"), "value -1"),
        (([300.0, 0.0], [1.0, 1.0], "sigma"), "above 0 K"),
        (([300.0, 400.0], [1.0], "sigma"), "2 temperatures and 1 values"),
        (([300.0, 400.0], [1.0, 2.0], "sigmat"), "did you mean 'sigmaT'"),
    ],
)
def test_tables_without_meaning_are_refused(args, message):
    with pytest.raises(RatesError, match=message):
        fit_arrhenius(*args)


def test_errors_must_be_positive():
    with pytest.raises(RatesError, match="relative error 0"):
        fit_arrhenius([300.0, 400.0], [1.0, 2.0], "sigma", relative_error=0.0)
