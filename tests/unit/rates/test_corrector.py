"""The corrector: exact tensors at any contrast, by both ways of solving."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import RatesError
from cellion.rates import corrector
from cellion.rates.corrector import reversible_diffusion


def ring(conductances):
    """States on a ring whose last edge closes through the next cell, unit displacement there."""
    n = len(conductances)
    dx = np.zeros((n, 1))
    dx[-1] = 1.0
    return n, np.arange(n), (np.arange(n) + 1) % n, np.array([conductances]), dx


@pytest.mark.parametrize("contrast", [1.0, 1e5, 1e20, 1e60])
@pytest.mark.parametrize("shift", range(5))
def test_resistors_in_series_are_exact_at_any_contrast(contrast, shift):
    """A ring is a series circuit: D = 1 / sum(1/c), to rounding, where factorisation would fail."""
    values = np.roll([contrast, 2.0, 3.0 * contrast, 0.5, 0.25 * contrast], shift)
    assert reversible_diffusion(*ring(values))[0, 0, 0] == pytest.approx(
        1.0 / np.sum(1.0 / values), rel=1e-14
    )


def test_parallel_edges_between_two_states_are_kept_apart():
    """Two states, fast inside the cell and slow on to the next: the slow edge decides."""
    start, end = np.array([0, 1]), np.array([1, 0])
    tensor = reversible_diffusion(
        2, start, end, np.array([[1e30, 2.0]]), np.array([[0.0, 0.0], [1.0, 3.0]])
    )
    assert tensor[0] == pytest.approx(2.0 * np.outer([1, 3], [1, 3]), rel=1e-14)


def test_elimination_and_factorisation_agree(monkeypatch):
    """300 states with random edges: both ways give the same tensor."""
    rng = np.random.default_rng(271)
    n, m = 300, 900
    start = np.r_[np.arange(n), rng.integers(0, n, m)]
    end = np.r_[(np.arange(n) + 1) % n, rng.integers(0, n, m)]
    c = 10.0 ** rng.uniform(-4, 0, (2, n + m))
    dx = rng.normal(size=(n + m, 3))
    sparse = reversible_diffusion(n, start, end, c, dx)
    monkeypatch.setattr(corrector, "SMALL_SYSTEM", n)
    assert sparse == pytest.approx(reversible_diffusion(n, start, end, c, dx), rel=1e-11)


def test_edges_without_any_conductance_carry_nothing():
    """Rates that underflow to zero at low temperature are no error; they carry nothing."""
    assert reversible_diffusion(*ring([1.0, 0.0, 2.0]))[0, 0, 0] == 0.0


def test_unconnected_states_are_refused():
    with pytest.raises(RatesError, match="2 unconnected groups"):
        reversible_diffusion(3, np.array([0]), np.array([1]), np.ones((1, 1)), np.ones((1, 3)))


def test_large_systems_of_extreme_contrast_are_refused(monkeypatch):
    monkeypatch.setattr(corrector, "SMALL_SYSTEM", 2)
    monkeypatch.setattr(corrector, "LARGEST_ELIMINATION", 3)
    with pytest.raises(RatesError, match=r"5 sites with rates that differ by 1e\+15"):
        reversible_diffusion(*ring([1.0, 1e15, 1.0, 1.0, 1.0]))
