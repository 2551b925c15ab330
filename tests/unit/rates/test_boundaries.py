"""Grain boundaries as interface laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.arrhenius import arrhenius_law
from cellion.rates.boundaries import (
    FastBoundary,
    GrainBoundary,
    ResistiveBoundary,
    boundary_from_barriers,
    boundary_from_law,
    boundary_law,
)

T = np.array([300.0, 400.0])
BULK = np.array([0.1, 0.5])


def test_a_blocking_boundary_is_an_area_resistance():
    """delta/sigma_gb, growing on cooling with the barrier of the boundary."""
    layer = boundary_from_barriers(1e-9, BULK, 0.2 * electron_volt, T)
    law = boundary_law(layer, BULK)
    assert isinstance(law, ResistiveBoundary)
    expected = 1e-9 / (BULK * np.exp(-0.2 * electron_volt / (Boltzmann * T)))
    assert law.area_resistance == pytest.approx(expected)


def test_a_fast_boundary_is_a_sheet_conductance():
    layer = boundary_from_barriers(2e-9, BULK, -0.1 * electron_volt, T, carrier_ratio=3.0)
    law = boundary_law(layer, BULK)
    assert isinstance(law, FastBoundary)
    expected = 2e-9 * 3.0 * BULK * np.exp(0.1 * electron_volt / (Boltzmann * T))
    assert law.sheet_conductance == pytest.approx(expected)


def test_a_brick_layer_is_recovered_from_its_boundary():
    """Measured total conductivity: 1/sigma_total = 1/sigma_bulk + R/d."""
    d, total = 5e-6, 0.02
    resistance = d * (1 / total - 1 / BULK[0])
    layer = GrainBoundary(width=1e-9, conductivity=np.array([1e-9 / resistance]), temperature=T[:1])
    assert boundary_law(layer, BULK[0]).area_resistance == pytest.approx([resistance])


def test_boundary_from_an_arrhenius_law():
    law = arrhenius_law(
        "sigmaT", value=1e-4, temperature=300.0, activation_energy=0.5 * electron_volt
    )
    assert boundary_from_law(1e-9, law, 300.0).conductivity == pytest.approx([1e-4])


def test_a_boundary_that_changes_sides_needs_a_decision():
    layer = GrainBoundary(width=1e-9, conductivity=np.array([0.05, 0.9]), temperature=T)
    with pytest.raises(RatesError, match="near 400 K"):
        boundary_law(layer, BULK)
    assert isinstance(boundary_law(layer, BULK, "fast"), FastBoundary)
    assert isinstance(boundary_law(layer, BULK, "blocking"), ResistiveBoundary)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: boundary_from_barriers(0.0, BULK, 0.0, T), "width: 0 m"),
        (lambda: boundary_from_barriers(1e-9, BULK, 0.0, T, carrier_ratio=0.0), "carrier_ratio"),
        (lambda: boundary_from_barriers(1e-9, -BULK, 0.0, T), "must be a positive number"),
        (lambda: GrainBoundary(width=1e-9, conductivity=BULK, temperature=T[:1]), "2 conduct"),
        (
            lambda: boundary_from_law(
                1e-9,
                arrhenius_law("diffusivity", value=1, temperature=300, activation_energy=0.0),
                T,
            ),
            "law is one of diffusivity",
        ),
    ],
)
def test_boundaries_without_meaning_are_refused(build, message):
    with pytest.raises(RatesError, match=message):
        build()
