"""Array types of this room, and points moved into a periodic box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolArray", "FloatArray", "IntArray", "Pair", "wrap"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

type Pair = tuple[IntArray, IntArray]
"""The same of each of two labels."""


def wrap(x: FloatArray, box: FloatArray, periodic: BoolArray) -> FloatArray:
    """Move points x (n, d) [m] into [0, L) along periodic axes; other axes stay as they are."""
    inside = np.where(periodic, np.mod(x, box), x)
    # np.mod of a tiny negative number rounds to L itself, which is the image of 0.
    return np.where(periodic & (inside >= box), 0.0, inside)
