"""How large a box has to be: the variance of its answer against its size.

For boxes much larger than what correlates in the microstructure, the variance of an effective
property over realisations falls with the volume V of the box::

    D^2(V) = Z^2 c / V,        relative error of the mean of n realisations:  1.96 sqrt(c / (n V))

with Z the mean and c, the relative point variance times the integral range, a volume that the
microstructure has. It is estimated from boxes of two or more sizes, each with realisations.

Source:
    T. Kanit, S. Forest, I. Galliet, V. Mounoury, D. Jeulin, Int. J. Solids Struct. 40 (2003) 3647,
    equations 15 to 18.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cellion.export.estimate import spread

__all__ = ["BoxSize", "RepresentativeVolume", "representative_volume"]

_NORMAL = 1.959963984540054
"""Quantile of the normal distribution at 97.5 %."""


@dataclass(frozen=True, kw_only=True)
class BoxSize:
    """What boxes of one size say.

    Attributes:
        volume: Volume, or area in two dimensions [m^3 or m^2].
        count: Number of realisations.
        mean: Mean of the property.
        low: Lower end of the 95 % interval of the mean.
        high: Upper end.
        variance: Relative variance over realisations [-].
        needed: Realisations of this size for the wanted error.
    """

    volume: float
    count: int
    mean: float
    low: float
    high: float
    variance: float
    needed: int


@dataclass(frozen=True, kw_only=True)
class RepresentativeVolume:
    """The law of the variance and what follows from it.

    Attributes:
        sizes: By volume, the smallest first.
        coefficient: c = V D^2 / Z^2 [m^3 or m^2], from all sizes by their degrees of freedom.
        exponent: Fitted exponent a of D^2 ~ V^-a; 1 in the limit of large boxes [-].
        error: Wanted relative error of the mean at 95 % confidence [-].
        edge: Edge of a cubic (square) box of which one realisation has this error [m].
        drifts: Whether the mean of a smaller box lies outside the interval of the largest: boxes of
            that size are biased, which no number of realisations cures.
    """

    sizes: tuple[BoxSize, ...]
    coefficient: float
    exponent: float
    error: float
    edge: float
    drifts: bool


def representative_volume(
    values: Mapping[float, Sequence[float]], *, dimension: int, error: float
) -> RepresentativeVolume | None:
    """Recommend a box size.

    Args:
        values: Property of each realisation by volume of the box [m^3, or m^2 in 2D].
        dimension: Number of dimensions of the box.
        error: Wanted relative error of the mean at 95 % confidence [-].

    Returns:
        The law; None unless two sizes have two realisations each and the property varies.
    """
    found = {volume: spread(given) for volume, given in sorted(values.items())}
    usable = {v: s for v, s in found.items() if s.count > 1 and s.mean > 0.0 and s.deviation > 0.0}
    if len(usable) < 2:
        return None
    volume = np.array(list(usable))
    variance = np.array([(s.deviation / s.mean) ** 2 for s in usable.values()])
    freedom = np.array([s.count - 1 for s in usable.values()])
    coefficient = float(np.sum(freedom * volume * variance) / freedom.sum())
    slope = float(np.polyfit(np.log(volume), np.log(variance), 1, w=np.sqrt(freedom))[0])
    enough = _NORMAL**2 * coefficient / error**2
    sizes = tuple(
        BoxSize(
            volume=v,
            count=s.count,
            mean=s.mean,
            low=s.low,
            high=s.high,
            variance=float(relative),
            needed=max(1, math.ceil(enough / v)),
        )
        for (v, s), relative in zip(usable.items(), variance, strict=True)
    )
    largest = sizes[-1]
    return RepresentativeVolume(
        sizes=sizes,
        coefficient=coefficient,
        exponent=-slope,
        error=error,
        edge=enough ** (1.0 / dimension),
        drifts=any(size.high < largest.low or size.low > largest.high for size in sizes[:-1]),
    )
