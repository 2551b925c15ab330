"""Particle sizes: whole numbers of particles whose volumes add up exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray
from cellion.scenario.diameters import DiameterSpec, LognormalSpec

__all__ = ["LIMIT", "TRUNCATION", "Amount", "ball_volume", "draw_radii", "typical_diameter"]

TRUNCATION = 2.5
"""Log-normal sizes are cut off at this many standard deviations of the logarithm."""

LIMIT = 200_000
"""Largest number of particles of one kind."""

_MEASURE = {2: "area", 3: "volume"}
_REFUSED = 0.05
_WORTH_A_NOTE = 0.01
_DRAWS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Amount:
    """Volume of the box that one kind of particles fills.

    Attributes:
        where: key path of the particles, for messages.
        fraction: volume fraction of the box.
        box: edge lengths (d,) [m]; in two dimensions volumes are areas.
    """

    where: str
    fraction: float
    box: FloatArray

    @property
    def volume(self) -> float:
        """Volume [m^3] of the particles."""
        return self.fraction * float(np.prod(self.box))

    @property
    def dimension(self) -> int:
        """Space dimension, 2 or 3."""
        return int(self.box.size)


def ball_volume(radii: FloatArray, dimension: int = 3) -> FloatArray:
    """Return the volumes (n,) [m^3] of spheres, or the areas [m^2] of discs (dimension 2)."""
    return np.pi * radii**2 if dimension == 2 else 4.0 / 3.0 * np.pi * radii**3


def typical_diameter(diameter: DiameterSpec) -> float:
    """Return the median diameter [m] of a distribution (by volume share for a list)."""
    if diameter.mono is not None:
        return diameter.mono
    if diameter.lognormal is not None:
        return diameter.lognormal.median
    classes = sorted(diameter.list or (), key=lambda entry: entry.diameter)
    shares = np.cumsum([entry.share for entry in classes])
    return classes[int(np.searchsorted(shares, 0.5 * shares[-1]))].diameter


def draw_radii(
    diameter: DiameterSpec, amount: Amount, rng: np.random.Generator
) -> tuple[FloatArray, tuple[str, ...]]:
    """Draw radii whose ball volumes add up to the amount.

    The number of particles is rounded, then all radii of a class are scaled by the small common
    factor that makes the volume exact. Log-normal diameters (median and sigma by number, cut off
    at `TRUNCATION` sigma) are drawn one from each of n equally likely intervals, so that a sample
    follows the distribution closely.

    Args:
        diameter: the distribution.
        amount: how much of the box to fill.
        rng: source of random numbers.

    Returns:
        Radii (n,) [m] and notes.

    Raises:
        MicrostructureError: the scale factor would change diameters by more than 5 %, or there
            would be more than `LIMIT` particles.
    """
    if diameter.mono is not None:
        return _equal(diameter.mono, amount)
    if diameter.lognormal is not None:
        return _lognormal(diameter.lognormal, amount, rng)
    classes = diameter.list or ()
    total = sum(entry.share for entry in classes)
    drawn = [
        _equal(
            entry.diameter,
            Amount(
                where=f"{amount.where}.diameter.list[{k}]",
                fraction=amount.fraction * entry.share / total,
                box=amount.box,
            ),
        )
        for k, entry in enumerate(classes)
    ]
    radii = np.concatenate([radii for radii, _ in drawn])
    note = (
        f"{amount.where}: classes of diameters by {_MEASURE[amount.dimension]}, median, d50, "
        f"{1e6 * typical_diameter(diameter):.4g} um; by number their median is "
        f"{2e6 * float(np.median(radii)):.4g} um"
    )
    return radii, (*(note for _, part in drawn for note in part), note)


def _equal(diameter: float, amount: Amount) -> tuple[FloatArray, tuple[str, ...]]:
    """Return equal radii."""
    one = float(ball_volume(np.array(0.5 * diameter), amount.dimension))
    count = _whole(amount.volume / one, diameter, amount)
    factor = (amount.volume / (count * one)) ** (1 / amount.dimension)
    _check_factor(factor, amount, amount.volume / one, diameter)
    return np.full(count, 0.5 * diameter * factor), _factor_note(factor, amount)


def _lognormal(
    spec: LognormalSpec, amount: Amount, rng: np.random.Generator
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return log-normal radii; of several draws the one whose volume fits best."""
    d = amount.dimension
    half = ndtr(TRUNCATION) - ndtr(-TRUNCATION)
    shifted = ndtr(TRUNCATION - d * spec.sigma) - ndtr(-TRUNCATION - d * spec.sigma)
    grown = np.exp(0.5 * (d * spec.sigma) ** 2) * shifted / half
    mean = ball_volume(np.array(0.5 * spec.median), d) * grown
    wanted = amount.volume / float(mean)
    count = _whole(wanted, spec.median, amount)
    best, best_factor = np.zeros(0), np.inf
    for _ in range(_DRAWS):
        quantile = (np.arange(count) + rng.random(count)) / count
        score = ndtri(ndtr(-TRUNCATION) + half * quantile)
        radii = 0.5 * spec.median * np.exp(spec.sigma * score)
        factor = float((amount.volume / np.sum(ball_volume(radii, d))) ** (1 / d))
        if abs(np.log(factor)) < abs(np.log(best_factor)):
            best, best_factor = factor * radii, factor
        if abs(best_factor - 1) < 0.5 * _WORTH_A_NOTE:
            break
    _check_factor(best_factor, amount, wanted, spec.median)
    # Weighted with the volume, a normal score shifts by d sigma within the same limits.
    middle = ndtri(0.5 * (ndtr(TRUNCATION - d * spec.sigma) + ndtr(-TRUNCATION - d * spec.sigma)))
    by_volume = spec.median * np.exp(spec.sigma * (d * spec.sigma + middle))
    note = (
        f"{amount.where}: log-normal diameters by number, median {1e6 * spec.median:.4g} um, sigma "
        f"{spec.sigma:.4g}, cut off at {TRUNCATION} sigma; by {_MEASURE[d]} their median, d50, is "
        f"{1e6 * by_volume:.4g} um"
    )
    return best, (note, *_factor_note(best_factor, amount))


def _whole(wanted: float, diameter: float, amount: Amount) -> int:
    """Round the number of particles; refuse far too many."""
    if wanted > LIMIT:
        raise MicrostructureError(
            f"{amount.where}: a volume fraction of {amount.fraction:.4g} takes {wanted:.3g} "
            f"particles of diameter {1e6 * diameter:.4g} um; at most {LIMIT} are allowed; make the "
            "diameter larger or the box smaller"
        )
    return max(1, round(wanted))


def _check_factor(factor: float, amount: Amount, wanted: float, diameter: float) -> None:
    """Refuse diameters that would have to change by more than 5 %."""
    if abs(factor - 1) <= _REFUSED:
        return
    more = (max(np.ceil(wanted), 4.0) / wanted) ** (1 / amount.dimension)
    edges = " x ".join(f"{1e6 * more * edge:.4g}" for edge in amount.box)
    raise MicrostructureError(
        f"{amount.where}: a volume fraction of {amount.fraction:.4g} is {wanted:.3g} particles of "
        f"diameter {1e6 * diameter:.4g} um; a whole number of them changes the diameter by "
        f"{100 * (factor - 1):+.1f} %, allowed are 5 %; take a box of {edges} um, or other "
        "diameters"
    )


def _factor_note(factor: float, amount: Amount) -> tuple[str, ...]:
    """Say when diameters changed by more than 1 %."""
    if abs(factor - 1) <= _WORTH_A_NOTE:
        return ()
    return (
        f"{amount.where}: diameters changed by {100 * (factor - 1):+.1f} %, so that a whole number "
        "of particles has the requested volume",
    )
