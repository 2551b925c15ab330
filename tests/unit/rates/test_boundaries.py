"""Grain boundaries as interface laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.arrhenius import arrhenius_law, evaluate
from cellion.rates.boundaries import (
    GrainBoundary,
    boundary_from_barriers,
    boundary_from_law,
    boundary_kind,
)
from cellion.rates.conductor import Carriers, HoppingConductor, hopping_conductivity
from cellion.rates.lattices import lattice_network

T = np.array([300.0, 400.0])
BULK = arrhenius_law("sigmaT", value=0.1, temperature=300.0, activation_energy=0.3 * electron_volt)
GRAINS = evaluate(BULK, T).value


def test_a_blocking_boundary_is_an_area_resistance():
    """delta/sigma_gb, growing on cooling with the barrier of the boundary."""
    layer = boundary_from_barriers(1e-9, BULK, 0.2 * electron_volt)
    expected = 1e-9 / (GRAINS * np.exp(-0.2 * electron_volt / (Boltzmann * T)))
    assert layer.area_resistance(T) == pytest.approx(expected)
    assert boundary_kind(layer, BULK, T) == "blocking"


def test_a_fast_boundary_is_a_sheet_conductance():
    layer = boundary_from_barriers(2e-9, BULK, -0.1 * electron_volt, carrier_ratio=3.0)
    expected = 2e-9 * 3.0 * GRAINS * np.exp(0.1 * electron_volt / (Boltzmann * T))
    assert layer.sheet_conductance(T) == pytest.approx(expected)
    assert boundary_kind(layer, BULK, T) == "fast"


def test_one_temperature_gives_one_number():
    layer = boundary_from_barriers(1e-9, BULK, 0.2 * electron_volt)
    assert np.shape(layer.area_resistance(300.0)) == ()
    assert float(layer.area_resistance(300.0)) == pytest.approx(layer.area_resistance(T)[0])


def test_a_brick_layer_is_recovered_from_its_boundary():
    """Measured total conductivity: 1/sigma_total = 1/sigma_bulk + R/d."""
    d, total = 5e-6, 0.02
    resistance = d * (1 / total - 1 / GRAINS[0])
    layer = GrainBoundary(width=1e-9, law=lambda T: np.full(T.shape, 1e-9 / resistance))
    assert layer.area_resistance(300.0) == pytest.approx(resistance)


def test_boundary_from_an_arrhenius_law():
    law = arrhenius_law(
        "sigmaT", value=1e-4, temperature=300.0, activation_energy=0.5 * electron_volt
    )
    assert boundary_from_law(1e-9, law).conductivity(300.0) == pytest.approx(1e-4)


def test_grains_that_hop_are_taken_by_the_mean_of_their_tensor():
    grains = HoppingConductor(
        network=lattice_network("sc", edge=4e-10, barrier=0.3 * electron_volt, prefactor=1e13),
        charge_number=1,
        carriers=Carriers(share=0.1),
    )
    layer = boundary_from_barriers(1e-9, grains, 0.0)
    assert layer.conductivity(T) == pytest.approx(hopping_conductivity(grains, T).mean)


def test_a_boundary_that_changes_sides_needs_a_decision():
    layer = GrainBoundary(width=1e-9, law=lambda T: GRAINS * np.where(T < 350.0, 0.5, 2.0))
    with pytest.raises(RatesError, match="near 400 K"):
        boundary_kind(layer, BULK, T)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: boundary_from_barriers(0.0, BULK, 0.0), "width: 0 m"),
        (lambda: boundary_from_barriers(1e-9, BULK, 0.0, carrier_ratio=0.0), "carrier_ratio"),
        (lambda: boundary_from_barriers(1e-9, BULK, np.inf), "barrier_difference"),
        (
            lambda: boundary_from_barriers(1e-9, lambda T: -T, 0.0).area_resistance(T),
            "must be positive",
        ),
        (
            lambda: GrainBoundary(width=1e-9, law=lambda T: T[:1]).area_resistance(T),
            "1 values at 2 temperatures",
        ),
        (
            lambda: boundary_from_barriers(1e-9, BULK, 0.0).area_resistance(0.0),
            "above 0 K",
        ),
        (
            lambda: boundary_from_law(
                1e-9,
                arrhenius_law("diffusivity", value=1, temperature=300, activation_energy=0.0),
            ),
            "law is one of diffusivity",
        ),
    ],
)
def test_boundaries_without_meaning_are_refused(build, message):
    with pytest.raises(RatesError, match=message):
        build()
