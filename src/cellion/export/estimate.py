"""A quantity over realisations: mean, deviation, and what is known of its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Spread", "spread"]

CONFIDENCE = 0.95
_LONGEST = 0.9
"""Relative length of the longest error bar: it never reaches 0 on a logarithmic axis."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean and spread of independent realisations.

    Attributes:
        count: Number of realisations with an answer.
        mean: Their mean.
        deviation: Sample standard deviation; NaN with fewer than two.
        low: Lower end of the 95 % confidence interval of the mean; NaN with fewer than two.
        high: Upper end.
    """

    count: int
    mean: float
    deviation: float
    low: float
    high: float


def spread(values: Sequence[float] | NDArray[np.float64]) -> Spread:
    """Summarise realisations; the interval of the mean is Student's.

    m +- t_(0.975, n-1) s / sqrt(n), with s the sample standard deviation.

    Args:
        values: One number per realisation; those that are not finite are left out.
    """
    given = np.asarray(values, dtype=np.float64)
    known = given[np.isfinite(given)]
    count = len(known)
    mean = float(known.mean()) if count else math.nan
    if count < 2:
        return Spread(count=count, mean=mean, deviation=math.nan, low=math.nan, high=math.nan)
    from scipy.special import stdtrit

    scale = float(np.abs(known).max()) or 1.0  # squares of the values might be too large
    deviation = scale * float((known / scale).std(ddof=1))
    half = float(stdtrit(count - 1, 0.5 + 0.5 * CONFIDENCE)) * deviation / math.sqrt(count)
    return Spread(count=count, mean=mean, deviation=deviation, low=mean - half, high=mean + half)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A quantity of a group of realisations.

    Attributes:
        values: Of each realisation.
        mean: Their mean; infinite where one is, unless the quantity defines another.
        mesh: Estimated relative error by the mesh [-]; NaN without.
        lower: Guaranteed lower bound, mean over realisations; NaN without.
        upper: Guaranteed upper bound.
    """

    values: tuple[float, ...]
    mean: float
    mesh: float = math.nan
    lower: float = math.nan
    upper: float = math.nan

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate:
        """The estimate from values alone."""
        return cls(values=tuple(values), mean=float(np.mean(values)) if values else math.nan)

    @property
    def deviation(self) -> float:
        """Standard deviation over realisations; NaN with fewer than two or an infinite one."""
        return spread(self.values).deviation if np.isfinite(self.values).all() else math.nan

    @property
    def error(self) -> float:
        """Relative error: half the bracket over its middle, else that by the mesh; NaN without."""
        if self.lower > 0.0:
            return (self.upper - self.lower) / (self.upper + self.lower)
        return self.mesh

    @property
    def certain(self) -> tuple[float, float]:
        """Ends of the bracket or, without one, of the error by the mesh; NaN without."""
        if 0.0 < self.lower <= self.upper < math.inf:
            return self.lower, self.upper
        return self._around(self.mesh)

    @property
    def scatter(self) -> tuple[float, float]:
        """Ends of the interval of one standard deviation; NaN without."""
        return self._around(self.deviation / self.mean) if self.mean else (math.nan, math.nan)

    def _around(self, relative: float) -> tuple[float, float]:
        size = abs(relative)
        return self.mean * (1.0 - min(size, _LONGEST)), self.mean * (1.0 + size)
