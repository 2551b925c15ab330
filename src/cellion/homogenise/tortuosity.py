"""Tortuosity factor, MacMullin number and Bruggeman exponent, each by its definition.

The literature uses three meanings of "tortuosity". Here, with phi_c the volume fraction of the
conducting phases (of the total volume, pores included), sigma_bulk their own conductivity and
sigma_eff the effective one in a direction::

    tortuosity factor   tau   = phi_c sigma_bulk / sigma_eff
    MacMullin number    N_M   = sigma_bulk / sigma_eff = tau / phi_c
    Bruggeman exponent  alpha : sigma_eff = sigma_bulk phi_c^alpha, hence tau = phi_c^(1 - alpha)

The tortuosity factor is the *square* of the path-length ratio that some authors call tortuosity.
It is at least 1 for isotropic conductivities, 1 for straight channels, and infinite when nothing
percolates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["bruggeman_exponent", "macmullin_number", "tortuosity_factor"]

type Array = NDArray[np.float64]


def tortuosity_factor(
    fraction: ArrayLike, bulk_conductivity: ArrayLike, effective_conductivity: ArrayLike
) -> Array:
    """Tortuosity factor tau = phi_c sigma_bulk / sigma_eff.

    Args:
        fraction: Volume fraction phi_c of the conducting phases, shape (...).
        bulk_conductivity: Their conductivity sigma_bulk, shape (...) [S/m].
        effective_conductivity: sigma_eff, shape (...) [S/m].

    Returns:
        Tortuosity factor, shape (...); infinite where sigma_eff = 0, NaN where it is NaN (not
        asked).

    Raises:
        ValueError: The fraction is outside 0 to 1 or a conductivity is negative.

    Source:
        Tjaden, Brett and Shearing, Int. Mater. Rev. 63 (2018) 47.
    """
    phi = _fraction(fraction)
    macmullin = macmullin_number(bulk_conductivity, effective_conductivity)
    blocked = np.isinf(macmullin)
    return np.where(blocked, np.inf, phi * np.where(blocked, 0.0, macmullin))


def macmullin_number(bulk_conductivity: ArrayLike, effective_conductivity: ArrayLike) -> Array:
    """MacMullin number N_M = sigma_bulk / sigma_eff.

    Args:
        bulk_conductivity: Conductivity of the conducting phases, shape (...) [S/m].
        effective_conductivity: sigma_eff, shape (...) [S/m].

    Returns:
        MacMullin number, shape (...); infinite where sigma_eff = 0, NaN where it is NaN.

    Raises:
        ValueError: A conductivity is negative.

    Source:
        MacMullin and Muccini, AIChE J. 2 (1956) 393.
    """
    bulk = np.asarray(bulk_conductivity, dtype=np.float64)
    effective = np.asarray(effective_conductivity, dtype=np.float64)
    for name, value in (("bulk", bulk), ("effective", effective)):
        if (value < 0).any():
            raise ValueError(f"the {name} conductivity is {value.min():g} S/m; it must be >= 0")
    ratio = bulk / np.where(effective == 0, 1.0, effective)
    return np.where(effective == 0, np.inf, ratio)


def bruggeman_exponent(fraction: ArrayLike, tortuosity: ArrayLike) -> Array:
    """Bruggeman exponent alpha = 1 - ln(tau) / ln(phi_c), from tau = phi_c^(1 - alpha).

    Args:
        fraction: Volume fraction phi_c of the conducting phases, shape (...).
        tortuosity: Tortuosity factor tau, shape (...).

    Returns:
        Bruggeman exponent, shape (...); infinite where tau is, NaN where phi_c is 0 or 1 (then no
        exponent can be told) unless tau is infinite.

    Raises:
        ValueError: The fraction is outside 0 to 1 or the tortuosity factor is negative.
    """
    phi, tau = np.broadcast_arrays(_fraction(fraction), np.asarray(tortuosity, dtype=np.float64))
    if (tau < 0).any():
        raise ValueError(f"the tortuosity factor is {tau.min():g}; it must be >= 0")
    known = (phi > 0) & (phi < 1) & (tau > 0) & np.isfinite(tau)
    exponent = 1.0 - np.log(np.where(known, tau, 1.0)) / np.log(np.where(known, phi, 0.5))
    return np.where(np.isinf(tau), np.inf, np.where(known, exponent, np.nan))


def _fraction(fraction: ArrayLike) -> Array:
    phi = np.asarray(fraction, dtype=np.float64)
    if not ((phi >= 0) & (phi <= 1 + 1e-9)).all():
        raise ValueError(f"the volume fraction is {phi}; allowed are 0 to 1")
    return np.minimum(phi, 1.0)
