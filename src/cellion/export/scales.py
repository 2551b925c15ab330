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
        ends = np.asarray(getattr(axes.dataLim, f"interval{name}"))
        if np.isfinite(ends).all():
            low = _ENDS[0] if ends.min() > 0.0 else -_ENDS[1]
            setattr(axes.dataLim, f"interval{name}", np.clip(ends, low, _ENDS[1]))
        getattr(axes, f"set_{name}scale")("log")
