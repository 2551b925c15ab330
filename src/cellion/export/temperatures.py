"""A second axis in degrees Celsius above one of inverse temperature."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

__all__ = ["add_celsius"]

type Floats = NDArray[np.float64]


def add_celsius(axes: Axes, temperature: Floats) -> None:
    """Add an axis of degrees Celsius above one of 1000 / T [1/K].

    Args:
        axes: The diagram.
        temperature: Temperatures that are shown [K].
    """
    above = axes.secondary_xaxis("top", functions=(_celsius, _inverse))
    above.set_xlabel("T [°C]")
    above.set_xticks(_round_ticks(temperature - 273.15))


def _celsius(inverse: ArrayLike) -> Floats:
    """From 1000 / T to degrees Celsius."""
    return 1000.0 / np.maximum(np.asarray(inverse, dtype=np.float64), 1e-3) - 273.15


def _inverse(celsius: ArrayLike) -> Floats:
    """From degrees Celsius to 1000 / T."""
    return 1000.0 / np.maximum(np.asarray(celsius, dtype=np.float64) + 273.15, 1e-3)


def _round_ticks(celsius: Floats) -> list[float]:
    """About five round temperatures in the range."""
    low, high = float(celsius.min()), float(celsius.max())
    step = next((s for s in (5.0, 10.0, 25.0, 50.0, 100.0, 250.0) if (high - low) / s <= 6), 500.0)
    return [float(t) for t in np.arange(math.ceil(low / step) * step, high + 1e-9, step)]
