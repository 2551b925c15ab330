"""Transition-state rates: units, mode counting, and entropies that belong to their frequency."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import Boltzmann, Planck, electron_volt, speed_of_light

from cellion.errors import RatesError
from cellion.rates.transition_state import (
    arrhenius_rate,
    eyring_entropy,
    eyring_rate,
    gibbs_rate,
    migration_entropy,
    normal_modes,
    quantum_prefactor,
    vineyard_prefactor,
)

INITIAL = normal_modes([3.0, 5.0, 7.0, 9.0, 4.0])
SADDLE = normal_modes([4.0, 5.5, 6.0, 8.0, -2.0], imaginary="drop")

frequencies = st.floats(min_value=0.5, max_value=40.0)


def test_vineyard_reference():
    """Reference vineyard-1: ratio of products in Hz, no factor 1/(2 pi)."""
    assert vineyard_prefactor(INITIAL, SADDLE) == pytest.approx(3579545454550.0, rel=1e-11)


@pytest.mark.parametrize(("T", "expected"), [(300.0, 3707987492020.0), (1000.0, 3591136167650.0)])
def test_quantum_prefactor_reference(T, expected):
    """Reference vineyard-1, quantum values; printed with 13 digits, h and k of CODATA 2018."""
    assert quantum_prefactor(INITIAL, SADDLE, T)[0] == pytest.approx(expected, rel=1e-9)


def test_quantum_prefactor_becomes_classical_at_high_temperature():
    """The classical limit is h nu << kT (high temperature), with corrections of order (h
    nu/kT)^2."""
    ratio = quantum_prefactor(INITIAL, SADDLE, 1.0e5)[0] / vineyard_prefactor(INITIAL, SADDLE)
    assert ratio == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Hz", 1e12),
        ("THz", 1.0),
        ("cm^-1", 1e12 / (100 * speed_of_light)),
        ("rad/s", 2 * np.pi * 1e12),
    ],
)
def test_units_of_modes_all_give_the_same_prefactor(unit, factor):
    """Angular frequencies pay their 2 pi on reading: nu* = (1/2 pi) prod omega/prod omega'."""
    initial = normal_modes(np.array([3.0, 5.0, 7.0, 9.0, 4.0]) * factor, unit)
    saddle = normal_modes(np.array([4.0, 5.5, 6.0, 8.0]) * factor, unit)
    assert vineyard_prefactor(initial, saddle) == pytest.approx(3579545454550.0, rel=1e-11)


@given(st.lists(frequencies, min_size=3, max_size=12), st.floats(1e12, 1e13), st.floats(50, 1500))
def test_all_routes_to_the_rate_agree(values, attempt_frequency, T):
    """Vineyard, Gibbs with nu0, and Eyring with kT/h are the same rate at every temperature."""
    initial, saddle = normal_modes(values), normal_modes(values[1:])
    barrier = 0.31 * electron_volt
    direct = arrhenius_rate(vineyard_prefactor(initial, saddle), barrier, T)
    entropy = migration_entropy(initial, saddle, attempt_frequency)
    assert gibbs_rate(attempt_frequency, barrier, entropy, T) == pytest.approx(direct, rel=1e-11)
    eyring = eyring_rate(barrier, eyring_entropy(initial, saddle, T), T)
    assert eyring == pytest.approx(direct, rel=1e-11)


@pytest.mark.parametrize(("nu0", "factor"), [(1.0e12, 0.16), (1.0e13, 1.60)])
def test_mode_sum_entropy_beside_a_debye_frequency_is_the_known_trap(nu0, factor):
    """Unequal mode sums beside nu0 (instead of kT/h) are wrong by h nu0/kT: 0.16 and 1.60 at 300
    K."""
    trap = gibbs_rate(nu0, 0.0, float(eyring_entropy(INITIAL, SADDLE, 300.0)[0]), 300.0)
    right = vineyard_prefactor(INITIAL, SADDLE)
    assert trap[0] / right == pytest.approx(Planck * nu0 / (Boltzmann * 300.0), rel=1e-12)
    assert trap[0] / right == pytest.approx(factor, abs=0.005)


def test_arrhenius_rate_shapes():
    assert arrhenius_rate(1e13, 0.3 * electron_volt, [300.0, 400.0]).shape == (2,)
    assert arrhenius_rate([1e13, 1e12], 0.3 * electron_volt, [300.0, 400.0, 500.0]).shape == (3, 2)


def test_imaginary_mode_at_a_minimum_is_refused():
    with pytest.raises(RatesError, match=r"1 imaginary mode.*imaginary: drop"):
        normal_modes([4.0, -2.0])


@pytest.mark.parametrize("values", [[4.0, 5.0], [-4.0, 5.0, -1.0], [4j, 1j, 3.0]])
def test_saddle_needs_exactly_one_imaginary_mode(values):
    with pytest.raises(RatesError, match="exactly 1"):
        normal_modes(values, imaginary="drop")


def test_complex_imaginary_mode_is_dropped_by_name():
    modes = normal_modes([3.0, 2.0j], imaginary="drop")
    assert modes.dropped_imaginary == 1
    assert modes.frequencies == pytest.approx([3.0e12])


def test_translations_are_dropped_by_name_from_both_lists():
    initial = normal_modes([0.0, 1e-4, -1e-4, 3.0, 4.0], translations="drop")
    saddle = normal_modes([0.0, 0.0, 0.0, 2.0, -1.0], imaginary="drop", translations="drop")
    assert vineyard_prefactor(initial, saddle) == pytest.approx(6.0e12)


@pytest.mark.parametrize(("values", "rule"), [([0.0, 3.0], "absent"), ([0.0, 3.0], "drop")])
def test_wrong_number_of_translations_is_refused(values, rule):
    with pytest.raises(RatesError, match=r"translations"):
        normal_modes(values, translations=rule)


def test_mismatched_mode_counts_are_refused():
    with pytest.raises(RatesError, match="5 at the initial state and 5 at the saddle"):
        vineyard_prefactor(INITIAL, INITIAL)


def test_unknown_unit_names_the_nearest():
    with pytest.raises(RatesError, match=r"did you mean 'cm\^-1'"):
        normal_modes([1.0], "cm-1")


@pytest.mark.parametrize("T", [0.0, -5.0, float("nan")])
def test_temperatures_must_be_positive(T):
    with pytest.raises(RatesError, match="above 0 K"):
        arrhenius_rate(1e13, 1e-20, T)


def test_prefactor_must_be_positive():
    with pytest.raises(RatesError, match="prefactor: -1"):
        arrhenius_rate(-1.0, 1e-20, 300.0)
