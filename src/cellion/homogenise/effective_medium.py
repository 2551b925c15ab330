"""Effective-medium estimates: Bruggeman, Maxwell, and the self-consistent polycrystal.

Vectorised like `cellion.homogenise.bounds`: phases on the last axis, curves on the axes before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.homogenise.phases import (
    checked_phases,
    checked_principal,
    refuse_negative,
    transverse_weight,
)

__all__ = [
    "bruggeman_effective_medium",
    "bruggeman_power_law",
    "polycrystal_2d",
    "polycrystal_self_consistent",
]

type Array = NDArray[np.float64]

_MAX_NEWTON_STEPS = 400
"""Newton gains a factor 2 per step far from the root; 400 steps cover any contrast of floats."""


def bruggeman_effective_medium(
    fractions: ArrayLike, conductivity: ArrayLike, dimension: int = 3
) -> Array:
    """Self-consistent effective medium: every phase as a sphere (disc) in the composite itself.

    The root s >= 0 of::

        sum_i phi_i (sigma_i - s) / (sigma_i + (d - 1) s) = 0

    or 0 where the conducting phases do not reach the fraction 1/d (the model's percolation
    threshold).

    Args:
        fractions: Volume fractions, shape (..., n), summing to 1.
        conductivity: Conductivities of the phases, shape (..., n) [S/m].
        dimension: Space dimension d, 2 or 3.

    Returns:
        Effective conductivity, shape (...) [S/m].

    Raises:
        ValueError: As for `hashin_shtrikman_bounds`.

    Source:
        Bruggeman, Ann. Phys. 416 (1935) 636; Landauer, J. Appl. Phys. 23 (1952) 779.
    """
    phi, sigma = checked_phases(fractions, conductivity)
    weight = transverse_weight(dimension)
    insulating = np.where(sigma > 0, 0.0, phi).sum(axis=-1)
    percolates = insulating < weight / (weight + 1.0)
    scale = np.where(percolates, (phi * sigma).sum(axis=-1), 1.0)
    present = (phi > 0) & (sigma > 0)
    ratio = np.where(present, sigma / scale[..., np.newaxis], 1.0)
    medium = np.where(present, ratio, np.inf).min(axis=-1)
    medium = np.where(np.isfinite(medium), np.minimum(medium, 1.0), 1.0)
    share = np.where(present, phi, 0.0)
    # The sum is convex and falls with s, so Newton's steps from the left never pass the root.
    for _ in range(_MAX_NEWTON_STEPS):
        s = medium[..., np.newaxis]
        value = (share * (ratio - s) / (ratio + weight * s)).sum(axis=-1) - insulating / weight
        slope = -(weight + 1.0) * (share * ratio / (ratio + weight * s) ** 2).sum(axis=-1)
        step = np.where(percolates, -value / np.where(slope < 0, slope, -1.0), 0.0)
        medium = np.maximum(medium + step, 0.5 * medium)
        if (np.abs(step) <= 4.0 * np.finfo(float).eps * medium).all():
            break
    return np.where(percolates, medium * scale, 0.0)


def bruggeman_power_law(
    fraction: ArrayLike, conductivity: ArrayLike, exponent: float = 1.5
) -> Array:
    """Power law of one conducting phase among insulators: sigma_eff = sigma phi^alpha.

    Args:
        fraction: Volume fraction phi of the conducting phase, shape (...).
        conductivity: Its conductivity, shape (...) [S/m].
        exponent: alpha; 1.5 follows for insulating spheres of widely different sizes.

    Returns:
        Effective conductivity, shape (...) [S/m].

    Raises:
        ValueError: The fraction is outside 0 to 1 or the conductivity is negative.

    Source:
        Bruggeman, Ann. Phys. 416 (1935) 636.
    """
    phi = np.asarray(fraction, dtype=np.float64)
    sigma = np.asarray(conductivity, dtype=np.float64)
    if not ((phi >= 0) & (phi <= 1)).all():
        raise ValueError(f"the volume fraction is {phi}; allowed are 0 to 1")
    refuse_negative("conductivity", sigma)
    result: Array = sigma * phi**exponent
    return result


def polycrystal_self_consistent(principal: ArrayLike) -> Array:
    """Self-consistent estimate of an untextured polycrystal with equiaxed grains (3D).

    Equal to `bruggeman_effective_medium` of the principal values in equal parts.

    Args:
        principal: Principal conductivities of the crystal, shape (..., 3) [S/m].

    Returns:
        Effective conductivity, shape (...) [S/m].

    Raises:
        ValueError: Not three values, or one is negative.

    Source:
        Helsing and Helte, J. Appl. Phys. 69 (1991) 3583.
    """
    axes = checked_principal(principal)
    return bruggeman_effective_medium(np.full(3, 1.0 / 3.0), axes)


def polycrystal_2d(principal: ArrayLike) -> Array:
    """Isotropic two-dimensional polycrystal, exact: sqrt(l_1 l_2).

    Args:
        principal: Principal conductivities of the crystal, shape (..., 2) [S/m].

    Returns:
        Effective conductivity, shape (...) [S/m].

    Raises:
        ValueError: Not two values, or one is negative.

    Source:
        Dykhne, Sov. Phys. JETP 32 (1971) 63.
    """
    axes = checked_principal(principal, count=2)
    result: Array = np.sqrt(axes[..., 0] * axes[..., 1])
    return result
