"""Bounds of effective conductivity from volume fractions.

All functions are vectorised: `fractions` and `conductivity` have the phases on their last axis and
broadcast against each other over the axes before it, so that a whole curve is one call. A phase
with zero conductivity is an insulator; a phase with zero fraction is not there.

Example:
    >>> lower, upper = hashin_shtrikman_bounds([0.4, 0.6], [1.0, 10.0])
    >>> print(f"{lower:.4f} {upper:.4f}")
    3.4545 5.6098
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.homogenise.phases import (
    checked_phases,
    harmonic_mean,
    transverse_weight,
)

__all__ = [
    "Bounds",
    "hashin_shtrikman_bounds",
    "wiener_bounds",
]

type Array = NDArray[np.float64]


class Bounds(NamedTuple):
    """A lower and an upper bound of the effective conductivity [S/m], shapes (...)."""

    lower: Array
    upper: Array


def wiener_bounds(fractions: ArrayLike, conductivity: ArrayLike) -> Bounds:
    """Series and parallel bounds, valid for every arrangement: 1/<1/sigma> and <sigma>.

    Args:
        fractions: Volume fractions, shape (..., n), summing to 1.
        conductivity: Conductivities of the phases, shape (..., n) [S/m].

    Returns:
        Lower (layers in series) and upper (layers in parallel) bound, shapes (...) [S/m].

    Raises:
        ValueError: A fraction or a conductivity is negative, or the fractions do not sum to 1.

    Source:
        Wiener, Abh. Sächs. Akad. Wiss. 32 (1912).
    """
    phi, sigma = checked_phases(fractions, conductivity)
    return Bounds(harmonic_mean(phi, sigma), (phi * sigma).sum(axis=-1))


def hashin_shtrikman_bounds(
    fractions: ArrayLike, conductivity: ArrayLike, dimension: int = 3
) -> Bounds:
    """Best bounds of an isotropic composite from the volume fractions alone, n phases.

    With the comparison conductivity s equal to the smallest or largest of the phases::

        sigma(s) = 1 / sum_i [phi_i / (sigma_i + (d - 1) s)] - (d - 1) s

    Args:
        fractions: Volume fractions, shape (..., n), summing to 1.
        conductivity: Conductivities of the phases, shape (..., n) [S/m].
        dimension: Space dimension d, 2 or 3.

    Returns:
        Lower and upper bound, shapes (...) [S/m].

    Raises:
        ValueError: As for `wiener_bounds`; or the dimension is neither 2 nor 3.

    Source:
        Hashin and Shtrikman, J. Appl. Phys. 33 (1962) 3125; in two dimensions Hashin,
        in Mechanics of Composite Materials (Pergamon, 1970) 201.
    """
    phi, sigma = checked_phases(fractions, conductivity)
    weight = transverse_weight(dimension)
    softest = np.where(phi > 0, sigma, np.inf).min(axis=-1)
    stiffest = np.where(phi > 0, sigma, -np.inf).max(axis=-1)
    lower, upper = (
        harmonic_mean(phi, sigma + weight * s[..., np.newaxis]) - weight * s
        for s in (softest, stiffest)
    )
    return Bounds(np.maximum(lower, softest), np.minimum(upper, stiffest))
