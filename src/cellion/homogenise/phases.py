"""Checks and means shared by the closed forms: phases on the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "checked_phases",
    "checked_principal",
    "harmonic_mean",
    "refuse_negative",
    "transverse_weight",
]

type Array = NDArray[np.float64]


def checked_phases(fractions: ArrayLike, conductivity: ArrayLike) -> tuple[Array, Array]:
    """Checked, broadcast fractions and conductivities, shapes (..., n)."""
    phi, sigma = np.broadcast_arrays(
        np.asarray(fractions, dtype=np.float64), np.asarray(conductivity, dtype=np.float64)
    )
    if phi.ndim == 0 or not phi.shape[-1]:
        raise ValueError(f"fractions have shape {phi.shape}; the phases are the last axis")
    refuse_negative("fraction", phi)
    refuse_negative("conductivity", sigma)
    total = phi.sum(axis=-1)
    if not np.allclose(total, 1.0, rtol=0.0, atol=1e-9):
        worst = float(np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1.0))])
        raise ValueError(f"volume fractions sum to {worst:.9g}; they must sum to 1")
    return phi, sigma


def checked_principal(principal: ArrayLike, count: int = 3) -> Array:
    """Principal values as an array, shape (..., count), none negative [S/m]."""
    axes = np.asarray(principal, dtype=np.float64)
    if axes.ndim == 0 or axes.shape[-1] != count:
        raise ValueError(f"found shape {axes.shape}; {count} principal values are needed")
    refuse_negative("principal conductivity", axes)
    return axes


def refuse_negative(name: str, *arrays: Array) -> None:
    """Raise ValueError if an array holds a negative value or NaN."""
    for array in arrays:
        if not (array >= 0).all():
            raise ValueError(f"a {name} is {np.min(array):g}; it must not be negative or NaN")


def transverse_weight(dimension: int) -> float:
    """The weight d - 1 of the comparison material."""
    if dimension not in (2, 3):
        raise ValueError(f"the dimension is {dimension}; allowed are 2 and 3")
    return dimension - 1.0


def harmonic_mean(phi: Array, sigma: Array) -> Array:
    """Weighted harmonic mean over the last axis; 0 where a phase that is there has sigma = 0."""
    blocked = ((phi > 0) & (sigma == 0)).any(axis=-1)
    with np.errstate(over="ignore"):  # 1 / 5e-324 S/m is infinite, and its inverse 0
        resistance = (phi / np.where(sigma > 0, sigma, 1.0)).sum(axis=-1)
    return np.where(blocked, 0.0, 1.0 / resistance)
