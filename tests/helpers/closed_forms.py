"""Closed forms that tests compare with and the package does not need."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.homogenise.bounds import Bounds, hashin_shtrikman_bounds
from cellion.homogenise.phases import (
    checked_phases,
    checked_principal,
    harmonic_mean,
    refuse_negative,
    transverse_weight,
)

type Array = NDArray[np.float64]

_MAX_NEWTON_STEPS = 400
"""Newton gains a factor 2 per step far from the root; 400 steps cover any contrast of floats."""


class PolycrystalBounds(NamedTuple):
    """Bounds of an untextured polycrystal [S/m], shapes (...).

    `lower` and `upper` hold for every isotropic polycrystal and are attained; `hs_lower` and
    `hs_upper` hold for equiaxed grains without correlated orientations.
    """

    lower: Array
    hs_lower: Array
    hs_upper: Array
    upper: Array


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


def maxwell(
    fraction: ArrayLike, inclusion: ArrayLike, matrix: ArrayLike, dimension: int = 3
) -> Array:
    """Dilute spheres (discs) in a matrix; exact to first order in the fraction.

    With beta = (sigma_i - sigma_m) / (sigma_i + (d - 1) sigma_m)::

        sigma = sigma_m (1 + (d - 1) phi beta) / (1 - phi beta)

    which is the Hashin-Shtrikman bound with the matrix as comparison material.

    Args:
        fraction: Volume fraction of the inclusions, shape (...).
        inclusion: Conductivity of the inclusions, shape (...) [S/m]; infinite is allowed.
        matrix: Conductivity of the matrix, shape (...) [S/m].
        dimension: Space dimension d, 2 or 3.

    Returns:
        Effective conductivity, shape (...) [S/m].

    Raises:
        ValueError: The fraction is outside 0 to 1, a conductivity is negative, or the dimension is
            neither 2 nor 3.

    Source:
        Maxwell, A Treatise on Electricity and Magnetism (1873), art. 314.
    """
    phi = np.asarray(fraction, dtype=np.float64)
    sigma_i = np.asarray(inclusion, dtype=np.float64)
    sigma_m = np.asarray(matrix, dtype=np.float64)
    weight = transverse_weight(dimension)
    if not ((phi >= 0) & (phi <= 1)).all():
        raise ValueError(f"the volume fraction is {phi}; allowed are 0 to 1")
    refuse_negative("conductivity", sigma_i, sigma_m)
    finite = np.isfinite(sigma_i)
    inner = np.where(finite, sigma_i, 1.0)
    total = inner + weight * sigma_m
    beta = np.where(finite, (inner - sigma_m) / np.where(total > 0, total, 1.0), 1.0)
    result: Array = sigma_m * (1.0 + weight * phi * beta) / (1.0 - phi * beta)
    return result


def brick_finite_bounds(
    grain: ArrayLike, boundary: ArrayLike, edge: ArrayLike, thickness: ArrayLike
) -> Bounds:
    """Cubic grains in a boundary phase of finite thickness: rigorous bounds.

    With f = d / (d + delta). Upper: planes across the current are equipotential (slices in
    series). Lower: planes along the current are insulating (columns in parallel).

    Args:
        grain: Conductivity of the grains, shape (...) [S/m].
        boundary: Conductivity of the boundary phase, positive, shape (...) [S/m].
        edge: Edge d of the cubes, shape (...) [m].
        thickness: Thickness delta of the boundary phase between cubes, shape (...) [m].

    Returns:
        Lower and upper bound, shapes (...) [S/m].

    Raises:
        ValueError: A conductivity is negative or a length is not positive.

    Source:
        Derived from the two variational principles; the brick layer model itself: van Dijk and
        Burggraaf, Phys. Status Solidi A 63 (1981) 229.
    """
    sigma_g, sigma_b, d, delta = (
        np.asarray(value, dtype=np.float64) for value in (grain, boundary, edge, thickness)
    )
    refuse_negative("conductivity", sigma_g, sigma_b)
    if not ((d > 0).all() and (delta > 0).all()):
        raise ValueError(f"grain edge {d} m and boundary thickness {delta} m must be positive")
    share = d / (d + delta)
    slice_mean = share**2 * sigma_g + (1.0 - share**2) * sigma_b
    upper = series(share, slice_mean, sigma_b)
    lower = share**2 * series(share, sigma_g, sigma_b) + (1.0 - share**2) * sigma_b
    return Bounds(lower, upper)


def series(share: Array, first: Array, second: Array) -> Array:
    """Two layers in series, fractions `share` and 1 - `share`; 0 where one of them insulates."""
    phi = np.stack(np.broadcast_arrays(share, 1.0 - share), axis=-1)
    return harmonic_mean(phi, np.stack(np.broadcast_arrays(first, second), axis=-1))
