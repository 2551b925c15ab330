"""What many runs say together: quantiles, sensitivities to the inputs.

Plain numbers in, plain numbers out; NaN stands for a run without an answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUANTILES", "Indices", "quantiles", "sobol_indices"]

type Floats = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_RESAMPLES = 400
_SEED = 20_010


def quantiles(values: Sequence[float] | Floats) -> tuple[float, ...]:
    """Return the values below which 5, 25, 50, 75 and 95 % of the runs lie.

    Args:
        values: One number per run, NaN where there is no answer.
    """
    given = np.asarray(values, dtype=np.float64)
    known = given[np.isfinite(given)]
    if not len(known):
        return (math.nan,) * len(QUANTILES)
    return tuple(float(q) for q in np.quantile(known, QUANTILES))


@dataclass(frozen=True, kw_only=True)
class Indices:
    """Shares of the variance of an answer that its inputs bring.

    Attributes:
        first: Share that each input brings alone, shape (keys,).
        total: Share that goes when the input is known, with its interactions, shape (keys,).
        first_error: Half width of the 95 % interval of `first`, by resampling, shape (keys,).
        total_error: The same of `total`, shape (keys,).
        count: Points that the estimate rests on.
    """

    first: Floats
    total: Floats
    first_error: Floats
    total_error: Floats
    count: int


def sobol_indices(values: Sequence[float] | Floats, keys: int) -> Indices | None:
    """Estimate Sobol indices from a study with the method ``saltelli``.

    With f_A, f_B the answers to two independent samples and f_i those to A with input i from B::

        S_i = mean(f_B (f_i - f_A)) / V        T_i = mean((f_A - f_i)^2) / (2 V)

    Args:
        values: Answers in the order of `cellion.scenario.design.sample_probabilities`, shape
            (n (keys + 2),); points that lack an answer are left out.
        keys: Number of inputs.

    Returns:
        The indices; None where fewer than two points are complete, or nothing varies.

    Source:
        A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, table 2 (b) and (f).
    """
    given = np.asarray(values, dtype=np.float64).reshape(keys + 2, -1)
    complete = given[:, np.isfinite(given).all(axis=0)]
    count = complete.shape[1]
    if count < 2 or not np.ptp(complete[:2]) > 0.0:
        return None
    first, total = _indices(complete)
    rng = np.random.default_rng(_SEED)
    draws = [_indices(complete[:, rng.integers(count, size=count)]) for _ in range(_RESAMPLES)]
    with np.errstate(invalid="ignore"):
        errors = 1.96 * np.nanstd(np.array(draws), axis=0)
    return Indices(
        first=first, total=total, first_error=errors[0], total_error=errors[1], count=count
    )


def _indices(values: Floats) -> tuple[Floats, Floats]:
    """First-order and total indices of centred answers, values of shape (keys + 2, n)."""
    centred = values - values[:2].mean()
    a, b, mixed = centred[0], centred[1], centred[2:]
    variance = float(np.var(centred[:2]))
    if variance == 0.0:
        return np.full(len(mixed), np.nan), np.full(len(mixed), np.nan)
    first = np.mean(b * (mixed - a), axis=1) / variance
    total = np.mean((a - mixed) ** 2, axis=1) / (2.0 * variance)
    return first, total
