"""Ranges of values and distributions of values, with the unit that the user wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cellion.errors import ScenarioError, nearest
from cellion.quantities import describe, quantity, split_quantity
from cellion.scenario.sections import fail

__all__ = ["Distribution", "distribution", "range_values", "written"]

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "uniform": ("from", "to"),
    "normal": ("mean", "deviation"),
    "lognormal": ("median", "sigma"),
    "triangular": ("from", "mode", "to"),
}
_RANGE = ("from", "to", "steps", "scale")
_MOST_STEPS = 1000
_EDGE = 2.0**-33
"""Probabilities closer to 0 or 1 than this are moved here: a normal value stays finite."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """Probability distribution of the values of a key.

    Attributes:
        kind: ``uniform`` between two values; ``normal`` with mean and standard deviation;
            ``lognormal`` with its median and the standard deviation of the logarithm;
            ``triangular`` between two values with a mode.
        parameters: Numbers of these, in ``unit`` but for the logarithm's deviation.
        unit: The unit that values are written in; empty for plain numbers.
    """

    kind: Literal["uniform", "normal", "lognormal", "triangular"]
    parameters: tuple[float, ...]
    unit: str

    def values(self, probability: NDArray[np.float64]) -> list[str | float]:
        """Return the values below which a value lies with these probabilities.

        Args:
            probability: Between 0 and 1, shape (n,).

        Returns:
            Values as a user would write them.
        """
        return [written(float(x), self.unit) for x in self.quantiles(probability)]

    def quantiles(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the inverse of the cumulative distribution, in the unit, shape (n,)."""
        from scipy.special import ndtri

        p = np.clip(probability, _EDGE, 1.0 - _EDGE)
        match self.kind:
            case "uniform":
                low, high = self.parameters
                return low + (high - low) * p
            case "normal":
                mean, deviation = self.parameters
                return np.asarray(mean + deviation * ndtri(p))
            case "lognormal":
                median, sigma = self.parameters
                return np.asarray(median * np.exp(sigma * ndtri(p)))
            case "triangular":
                low, mode, high = self.parameters
                split = (mode - low) / (high - low)
                rising = low + np.sqrt(p * (high - low) * (mode - low))
                falling = high - np.sqrt((1.0 - p) * (high - low) * (high - mode))
                return np.where(p < split, rising, falling)


def written(value: float, unit: str) -> str | float:
    """Return a number with its unit as a user would write it, to twelve digits."""
    rounded = float(f"{value:.12g}")
    return f"{rounded!r} {unit}" if unit else rounded


def distribution(value: Any) -> Distribution:
    """Read a distribution such as ``{normal: {mean: 0.33 eV, deviation: 0.02 eV}}``.

    Raises:
        FaultsError: It is none.
    """
    if not isinstance(value, dict) or len(value) != 1:
        raise fail(
            f"found {describe(value)}; one distribution is needed, for example "
            "{uniform: {from: 1 um, to: 2 um}}; allowed: " + ", ".join(_PARAMETERS)
        )
    ((kind, given),) = value.items()
    if kind not in _PARAMETERS:
        raise fail(
            f"unknown distribution '{kind}'{nearest(str(kind), _PARAMETERS)}; allowed: "
            + ", ".join(_PARAMETERS)
        )
    names = _PARAMETERS[kind]
    _check_keys(given, names, needed=names, at=(kind,))
    if kind == "lognormal":
        numbers, unit = _numbers(given, ("median",))
        numbers += (_plain(given["sigma"], (kind, "sigma")),)
    elif kind == "normal":
        numbers, unit = _normal(given)
    else:
        numbers, unit = _numbers(given, names)
    _check_numbers(kind, numbers)
    return Distribution(kind=kind, parameters=numbers, unit=unit)


def _check_numbers(kind: str, numbers: tuple[float, ...]) -> None:
    """Refuse parameters that describe no distribution."""
    if kind in ("uniform", "triangular"):
        ordered = all(a <= b for a, b in pairwise(numbers))
        if not ordered or numbers[0] == numbers[-1]:
            raise fail(f"the values must rise: {', '.join(_PARAMETERS[kind])}", kind)
        return
    if not numbers[1] > 0.0:
        raise fail("it must be above zero", kind, _PARAMETERS[kind][1])
    if kind == "lognormal" and not numbers[0] > 0.0:
        raise fail("it must be above zero", kind, "median")


def _normal(given: dict[str, Any]) -> tuple[tuple[float, ...], str]:
    """Read mean and deviation; the deviation of a temperature in degC may be given in K."""
    mean, unit = split_quantity(given["mean"])
    deviation, own = split_quantity(given["deviation"])
    if own == unit:
        return (mean, deviation), unit
    return (mean, _converted(deviation, own, unit) - _converted(0.0, own, unit)), unit


def range_values(value: dict[str, Any]) -> list[Any]:
    """Read a range such as ``{from: 1 um, to: 10 um, steps: 5, scale: log}``.

    Args:
        value: First and last value, how many values there are with both of them, and whether their
            distances (``linear``) or their ratios (``log``) are equal.

    Returns:
        The values as a user would write them, in the unit of the first.

    Raises:
        FaultsError: It is no range.
    """
    _check_keys(value, _RANGE, needed=_RANGE[:3], at=())
    steps, scale = value["steps"], value.get("scale", "linear")
    if not isinstance(steps, int) or isinstance(steps, bool) or not 2 <= steps <= _MOST_STEPS:
        raise fail(
            f"found {describe(steps)}; a whole number from 2 to {_MOST_STEPS} is needed", "steps"
        )
    if scale not in ("linear", "log"):
        raise fail(f"found {describe(scale)}; allowed: linear, log", "scale")
    (first, last), unit = _numbers(value, ("from", "to"))
    if first == last:
        raise fail("'from' and 'to' are the same; give a list of one value", "to")
    if scale == "log" and not (first > 0.0 and last > 0.0):
        raise fail("a range with equal ratios needs values above zero", "scale")
    numbers = (
        np.geomspace(first, last, steps) if scale == "log" else np.linspace(first, last, steps)
    )
    values: list[Any] = [written(float(x), unit) for x in numbers]
    whole = all(type(value[end]) is int for end in ("from", "to"))
    if whole and all(float(x).is_integer() for x in numbers):
        return [round(float(x)) for x in numbers]
    return values


def _check_keys(given: Any, known: tuple[str, ...], *, needed: tuple[str, ...], at: Any) -> None:
    if not isinstance(given, dict):
        raise fail(f"found {describe(given)}; a mapping with the keys {', '.join(known)} is", *at)
    for key in given:
        if key not in known:
            hint = nearest(str(key), known)
            raise fail(f"unknown key '{key}'{hint}; allowed: {', '.join(known)}", *at)
    for key in needed:
        if key not in given:
            raise fail(f"the key '{key}' is missing", *at)


def _numbers(given: dict[str, Any], names: tuple[str, ...]) -> tuple[tuple[float, ...], str]:
    """Read quantities of one dimension, in the unit of the first."""
    numbers: list[float] = []
    unit = ""
    for name in names:
        try:
            number, own = split_quantity(given[name])
        except ScenarioError as error:
            raise fail(str(error), name) from None
        unit = unit if numbers else own
        numbers.append(number if own == unit else _converted(number, own, unit))
    return tuple(numbers), unit


def _converted(number: float, unit: str, target: str) -> float:
    """Convert a number from a unit to another."""
    from pint.errors import PintError

    if target == "%":
        return 100.0 * _converted(number, unit, "")
    try:
        return float(quantity(number, unit).to(target).magnitude)
    except PintError:
        raise fail(
            f"the units '{unit or '1'}' and '{target or '1'}' do not belong together; write all "
            "values of a range or distribution in one unit"
        ) from None


def _plain(value: Any, at: tuple[str, ...]) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e300:
        raise fail(f"found {describe(value)}; a plain number is needed", *at)
    return float(value)
