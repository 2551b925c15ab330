"""Prefactors of hops: units and mode counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import speed_of_light

from cellion.errors import RatesError
from cellion.rates.transition_state import (
    normal_modes,
    positive_temperatures,
    vineyard_prefactor,
)
from helpers.quantum_rates import quantum_prefactor

INITIAL = normal_modes([3.0, 5.0, 7.0, 9.0, 4.0])
SADDLE = normal_modes([4.0, 5.5, 6.0, 8.0, -2.0], imaginary="drop")


def test_vineyard_reference():
    """Reference vineyard-1: ratio of products in Hz, no factor 1/(2 pi)."""
    assert vineyard_prefactor(INITIAL, SADDLE) == pytest.approx(3579545454550.0, rel=1e-11)


@pytest.mark.parametrize(("T", "expected"), [(300.0, 3707987492020.0), (1000.0, 3591136167650.0)])
def test_quantum_prefactor_reference(T, expected):
    """Reference vineyard-1, quantum values; printed with 13 digits, h and k of CODATA 2018."""
    assert quantum_prefactor(INITIAL, SADDLE, T) == pytest.approx(expected, rel=1e-9)


def test_quantum_prefactor_becomes_classical_at_high_temperature():
    """The classical limit is h nu << kT (high temperature), with corrections of order (h
    nu/kT)^2."""
    ratio = quantum_prefactor(INITIAL, SADDLE, 1.0e5) / vineyard_prefactor(INITIAL, SADDLE)
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


def test_imaginary_mode_at_a_minimum_is_refused():
    with pytest.raises(RatesError, match=r"1 imaginary mode.*imaginary: drop"):
        normal_modes([4.0, -2.0])


@pytest.mark.parametrize("values", [[4.0, 5.0], [-4.0, 5.0, -1.0], [4j, 1j, 3.0]])
def test_saddle_needs_exactly_one_imaginary_mode(values):
    with pytest.raises(RatesError, match="exactly 1"):
        normal_modes(values, imaginary="drop")


def test_complex_imaginary_mode_is_dropped_by_name():
    assert normal_modes([3.0, 2.0j], imaginary="drop") == pytest.approx([3.0e12])


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
        positive_temperatures(T)
