"""Uncertain barriers: closed form against sampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.jump_network import diffusivity
from cellion.rates.lattices import lattice_network
from cellion.rates.transformations import supercell
from cellion.rates.uncertainty import lognormal_rate, sample_barrier, sample_diffusivity

S = 0.05 * electron_volt
NETWORK = lattice_network("sc", edge=3e-10, barrier=0.4 * electron_volt, prefactor=1e13)


def test_fifty_meV_is_a_factor_seven_at_room_temperature():  # noqa: N802
    law = lognormal_rate(1.0, S, 300.0)
    assert np.exp(law.log_standard_deviation[0]) == pytest.approx(6.9, abs=0.05)
    assert law.quantile(0.5)[0] == pytest.approx(1.0)
    assert law.mean[0] == pytest.approx(np.exp(0.5 * (S / (Boltzmann * 300)) ** 2))


def test_sampling_follows_the_closed_form():
    """ln y of 20000 samples: mean and deviation within 4 standard errors (0.7 % and 0.5 %)."""
    law = lognormal_rate(2.0, S, [300.0, 600.0])
    draws = np.log(
        sample_barrier(2.0, S, [300.0, 600.0], samples=20000, rng=np.random.default_rng(907))
    )
    spread = law.log_standard_deviation
    assert draws.mean(axis=0) == pytest.approx(np.log(2.0), abs=4 * spread[0] / np.sqrt(20000))
    assert draws.std(axis=0) == pytest.approx(spread, rel=4 / np.sqrt(40000))


def test_network_sampling_of_one_barrier_is_the_closed_form():
    tensors = sample_diffusivity(NETWORK, 300.0, S, samples=4000, rng=np.random.default_rng(911))
    logs = np.log(tensors[:, 0, 0] / diffusivity(NETWORK, 300.0).tensor[0, 0, 0])
    assert logs.std() == pytest.approx(S / (Boltzmann * 300), rel=4 / np.sqrt(8000))
    assert tensors == pytest.approx(tensors[:, :1, :1] * np.eye(3), rel=1e-9, abs=1e-40)


def test_independent_errors_average_out_in_a_larger_cell():
    """27 cells with independent barriers scatter less than one barrier common to all."""
    big = supercell(NETWORK, (3, 3, 3))
    spread = {}
    for mode in ("common", "independent"):
        rng = np.random.default_rng(919)
        drawn = sample_diffusivity(big, 300.0, S, samples=60, rng=rng, correlation=mode)
        spread[mode] = np.log(drawn[:, 0, 0]).std()
    assert spread["independent"] < 0.4 * spread["common"]


def test_saddles_never_fall_below_their_sites():
    wide = sample_diffusivity(
        NETWORK, 300.0, 2.0 * electron_volt, samples=200, rng=np.random.default_rng(929)
    )
    assert wide.max() == pytest.approx(1e13 * 9e-20)


def test_meaningless_input_is_refused():
    with pytest.raises(RatesError, match="must not be negative"):
        lognormal_rate(1.0, -S, 300.0)
    with pytest.raises(RatesError, match=r"inside \(0, 1\)"):
        lognormal_rate(1.0, S, 300.0).quantile(1.0)
