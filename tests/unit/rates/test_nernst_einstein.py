"""Conductivity from diffusivity, and the trap that turns the Haven ratio upside down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import Boltzmann, elementary_charge

from cellion.errors import RatesError
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.nernst_einstein import conductivity


def isotropic(value, T=300.0, kind="carrier", covariance=None):
    T = np.atleast_1d(T)
    tensor = np.broadcast_to(value * np.eye(3), (T.size, 3, 3)).copy()
    return Diffusivity(
        tensor=tensor, temperature=T, kind=kind, method="given", covariance=covariance
    )


def test_cubic_garnet_from_the_literature():
    """Reference ne-llz-ahmad: n = 3.17e21 cm^-3, D = 1.33e-8 cm^2/s, 298 K give 0.263 mS/cm."""
    sigma = conductivity(isotropic(1.33e-12, 298.0), density=3.17e27, charge_number=1)
    assert sigma.tensor[0, 0, 0] / 100.0 == pytest.approx(2.63e-4, rel=0.02)


@given(st.floats(0.1, 1.0), st.sampled_from([-1, 1, 2, 3]))
def test_tracer_and_charge_diffusivity_give_one_conductivity(H, z):
    """D_tracer = H D_sigma: dividing the tracer by H gives what the charge diffusivity gives."""
    from_charge = conductivity(isotropic(2e-13, kind="charge"), density=1e28, charge_number=z)
    tracer = isotropic(2e-13 * H, kind="tracer")
    from_tracer = conductivity(tracer, density=1e28, charge_number=z, haven=H)
    assert from_tracer.tensor == pytest.approx(from_charge.tensor, rel=1e-12)
    expected = 1e28 * (z * elementary_charge) ** 2 * 2e-13 / (Boltzmann * 300.0)
    assert from_charge.tensor[0] == pytest.approx(expected * np.eye(3))


def test_multiplying_by_the_haven_ratio_is_wrong_by_its_square():
    """The known trap, sigma = H n q^2 D/kT: 5.7 times too small for H = 0.42 (LGPS)."""
    tracer = isotropic(1e-12, kind="tracer")
    right = conductivity(tracer, density=2e28, charge_number=1, haven=0.42).mean[0]
    trap = 0.42 * conductivity(isotropic(1e-12), density=2e28, charge_number=1).mean[0]
    assert right / trap == pytest.approx(5.7, abs=0.05)


def test_haven_ratio_is_refused_where_it_was_applied_already():
    with pytest.raises(RatesError, match=r"kind 'charge'.*already"):
        conductivity(isotropic(1e-12, kind="charge"), density=1e28, charge_number=1, haven=0.4)


def test_haven_ratio_is_demanded_for_a_tracer():
    with pytest.raises(RatesError, match="haven ratio: missing"):
        conductivity(isotropic(1e-12, kind="tracer"), density=1e28, charge_number=1)


def test_ions_and_vacancies_give_the_same_conductivity():
    """n_v D_v = n_ion D_ion/f for few vacancies: pair each density with its own diffusivity."""
    f, c, D_v = 0.6531, 1e-3, 3e-12
    vacancies = conductivity(isotropic(D_v), density=1e28 * c, charge_number=-1)
    ions = isotropic(f * c * D_v, kind="tracer")
    assert conductivity(ions, density=1e28, charge_number=1, haven=f).tensor == pytest.approx(
        vacancies.tensor
    )


def test_standard_error_scales_like_the_value():
    covariance = np.diag([1e-28] * 6)[None]
    noisy = isotropic(1e-12, kind="tracer", covariance=covariance)
    sigma = conductivity(noisy, density=1e28, charge_number=1, haven=0.5)
    ratio = sigma.standard_error[0, 0, 0] / sigma.tensor[0, 0, 0]
    assert ratio == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"density": 0.0, "charge_number": 1}, "density: 0"),
        ({"density": 1e28, "charge_number": 0}, "neutral"),
    ],
)
def test_carriers_without_meaning_are_refused(kwargs, message):
    with pytest.raises(RatesError, match=message):
        conductivity(isotropic(1e-12), **kwargs)


def test_haven_ratio_must_be_positive():
    with pytest.raises(RatesError, match="haven ratio: -1"):
        conductivity(isotropic(1e-12, kind="tracer"), density=1e28, charge_number=1, haven=-1.0)
