"""Bounds of effective conductivity, and the polycrystal's.

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
    checked_principal,
    harmonic_mean,
    transverse_weight,
)

__all__ = [
    "Bounds",
    "PolycrystalBounds",
    "beran_bounds",
    "hashin_shtrikman_bounds",
    "polycrystal_bounds",
    "wiener_bounds",
]

type Array = NDArray[np.float64]

_MAX_NEWTON_STEPS = 400
"""Newton gains a factor 2 per step far from the root; 400 steps cover any contrast of floats."""


class Bounds(NamedTuple):
    """A lower and an upper bound of the effective conductivity [S/m], shapes (...)."""

    lower: Array
    upper: Array


class PolycrystalBounds(NamedTuple):
    """Bounds of an untextured polycrystal [S/m], shapes (...).

    `lower` and `upper` hold for every isotropic polycrystal and are attained; `hs_lower` and
    `hs_upper` hold for equiaxed grains without correlated orientations.
    """

    lower: Array
    hs_lower: Array
    hs_upper: Array
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


def beran_bounds(
    fractions: ArrayLike, conductivity: ArrayLike, zeta: ArrayLike, dimension: int = 3
) -> Bounds:
    """Three-point bounds of an isotropic two-phase composite.

    With <a> = phi_1 a_1 + phi_2 a_2, <~a> = phi_2 a_1 + phi_1 a_2, and
    <a>_z = zeta_1 a_1 + zeta_2 a_2::

        upper = <s> - phi_1 phi_2 (s_2 - s_1)^2 / (<~s> + (d - 1) <s>_z)
        lower = 1 / [<1/s> - (d - 1) phi_1 phi_2 (1/s_2 - 1/s_1)^2
                             / ((d - 1) <~1/s> + <1/s>_z)]

    zeta_2 = 0 and 1 give the Hashin-Shtrikman bounds.

    Args:
        fractions: Volume fractions, shape (..., 2), summing to 1.
        conductivity: Conductivities of the phases, positive, shape (..., 2) [S/m].
        zeta: Microstructural parameter of the second phase (0 to 1), shape (...).
        dimension: Space dimension d, 2 or 3.

    Returns:
        Lower and upper bound, shapes (...) [S/m].

    Raises:
        ValueError: Not two phases, a conductivity that is not positive, zeta outside 0 to 1, or as
            for `hashin_shtrikman_bounds`.

    Source:
        Beran, Nuovo Cimento 38 (1965) 771, in the form of Torquato, Random Heterogeneous Materials
        (Springer, 2002); Milton, J. Appl. Phys. 52 (1981) 5294.
    """
    phi, sigma = checked_phases(fractions, conductivity)
    weight = transverse_weight(dimension)
    second = np.asarray(zeta, dtype=np.float64)
    if phi.shape[-1] != 2 or not (sigma > 0).all():
        raise ValueError(
            f"three-point bounds need two phases of positive conductivity; found {sigma}"
        )
    if not ((second >= 0) & (second <= 1)).all():
        raise ValueError(f"zeta is {second}; allowed are 0 to 1")
    shape = np.stack([1.0 - second, second], axis=-1)
    resistivity = 1.0 / sigma
    spread = phi[..., 0] * phi[..., 1]

    def means(a: Array) -> tuple[Array, Array, Array]:
        mean, swapped = (phi * a).sum(axis=-1), (phi[..., ::-1] * a).sum(axis=-1)
        return mean, swapped, (shape * a).sum(axis=-1)

    mean, swapped, shaped = means(sigma)
    upper = mean - spread * np.diff(sigma)[..., 0] ** 2 / (swapped + weight * shaped)
    mean, swapped, shaped = means(resistivity)
    correction = weight * spread * np.diff(resistivity)[..., 0] ** 2
    return Bounds(1.0 / (mean - correction / (weight * swapped + shaped)), upper)


def polycrystal_bounds(principal: ArrayLike) -> PolycrystalBounds:
    """Bounds of a macroscopically isotropic polycrystal of one crystal in three dimensions.

    ``upper`` is the mean of the principal values. ``lower`` is the positive root of::

        s^3 + (l_1 + l_2 + l_3) s^2 - 4 l_1 l_2 l_3 = 0

    The Hashin-Shtrikman pair is that of a composite of the three principal values in equal parts.

    Args:
        principal: Principal conductivities of the crystal, shape (..., 3) [S/m].

    Returns:
        The four bounds, shapes (...) [S/m].

    Raises:
        ValueError: Not three values, or one is negative.

    Source:
        Hashin and Shtrikman, J. Mech. Phys. Solids 11 (1963);
        Avellaneda, Cherkaev, Lurie and Milton, J. Appl. Phys. 63 (1988) 4989; attained for
        uniaxial crystals by the spheres of Schulgasser, J. Phys. C 10 (1977) 407.
    """
    axes = checked_principal(principal)
    hs_lower, hs_upper = hashin_shtrikman_bounds(np.full(3, 1.0 / 3.0), axes)
    upper = axes.mean(axis=-1)
    scale = np.where(upper > 0, upper, 1.0)
    trace = 3.0 * upper / scale
    product = 4.0 * np.prod(axes / scale[..., np.newaxis], axis=-1)
    root = np.ones_like(upper)
    # The cubic is convex and rises for s > 0: Newton's steps from the right stay on the right.
    for _ in range(_MAX_NEWTON_STEPS):
        slope = root * (3.0 * root + 2.0 * trace)
        step = np.where(
            slope > 0,
            (root**2 * (root + trace) - product) / np.where(slope > 0, slope, 1.0),
            0.0,
        )
        root = np.maximum(root - step, 0.0)
        if (np.abs(step) <= 4.0 * np.finfo(float).eps * root).all():
            break
    lower = np.where(product > 0, root * scale, 0.0)
    return PolycrystalBounds(lower, np.maximum(hs_lower, lower), np.minimum(hs_upper, upper), upper)
