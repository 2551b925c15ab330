"""Logarithmic axes of diagrams, whatever numbers a file of results holds."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

__all__ = ["logarithmic"]

_ENDS = (1e-100, 1e100)
"""Beyond these the margins of an axis, a share of its decades, may be no floating-point numbers."""


def logarithmic(axes: Axes, names: str = "y") -> None:
    """Make axes logarithmic, after everything is drawn; what lies far out does not stretch them.

    Args:
        axes: The axes.
        names: Letters of those that are meant, ``x``, ``y`` or both.
    """
    for name in names:
        low, high = getattr(axes.dataLim, f"interval{name}")
        positive = getattr(axes.dataLim, f"minpos{name}")
        if np.isfinite([low, high, positive]).all():
            ends = np.clip([max(low, positive), high], *_ENDS)
            setattr(axes.dataLim, f"interval{name}", ends)
        getattr(axes, f"set_{name}scale")("log")
