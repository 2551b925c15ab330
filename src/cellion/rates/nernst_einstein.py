"""Nernst-Einstein conductivity of a diffusivity, with the Haven ratio.

::

    sigma = n (z e)^2 D_sigma / kT,     H_R = D_tracer / D_sigma

A tracer diffusivity is *divided* by the Haven ratio. The density n counts the same particles as the
diffusivity: vacancies with the diffusivity of a vacancy, or all ions with that of an ion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import Boltzmann, elementary_charge

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.diffusivity import Diffusivity

__all__ = ["Conductivity", "conductivity"]


@dataclass(frozen=True, kw_only=True)
class Conductivity:
    """A conductivity tensor over temperature.

    Attributes:
        tensor: symmetric, shape (nT, 3, 3) [S/m].
        temperature: shape (nT,) [K].
        standard_error: shape (nT, 3, 3) [S/m]; zero when the diffusivity carries no error.
    """

    tensor: FloatArray
    temperature: FloatArray
    standard_error: FloatArray

    @property
    def mean(self) -> FloatArray:
        """One third of the trace, shape (nT,) [S/m]."""
        return np.asarray(np.trace(self.tensor, axis1=1, axis2=2) / 3.0)

    @property
    def mean_error(self) -> FloatArray:
        """Standard error of the mean, of independent diagonal components, shape (nT,) [S/m]."""
        errors = np.diagonal(self.standard_error, axis1=1, axis2=2)
        return np.asarray(np.sqrt(np.sum(errors**2, axis=1)) / 3.0)


def _factor(density: ArrayLike, charge_number: int, temperature: FloatArray) -> FloatArray:
    """Return n (z e)^2 / kT, shape (nT,) [S s/m^3]."""
    n = np.broadcast_to(np.asarray(density, dtype=float), temperature.shape)
    wrong = n[~(np.isfinite(n) & (n > 0.0))]
    if wrong.size:
        raise RatesError(f"density: {wrong[0]:g} 1/m^3 found; it must be a positive number")
    if charge_number == 0:
        raise RatesError("charge_number: 0 found; a neutral particle carries no current")
    return np.asarray(n * (charge_number * elementary_charge) ** 2 / (Boltzmann * temperature))


def conductivity(
    diffusivity: Diffusivity,
    *,
    density: ArrayLike,
    charge_number: int,
    haven: ArrayLike | None = None,
) -> Conductivity:
    """Return the conductivity sigma = n (z e)^2 D_sigma / kT.

    Args:
        diffusivity: of the particles that ``density`` counts.
        density: number density, scalar or shape (nT,) [1/m^3].
        charge_number: signed charge number, not 0.
        haven: H_R = D_tracer/D_sigma; for a tracer diffusivity only.

    Raises:
        RatesError: density, charge or Haven ratio are missing or without meaning.
    """
    T = diffusivity.temperature
    factor = _factor(density, charge_number, T) / _haven_ratios(diffusivity, haven)
    return Conductivity(
        tensor=factor[:, None, None] * diffusivity.tensor,
        temperature=T,
        standard_error=factor[:, None, None] * diffusivity.standard_error,
    )


def _haven_ratios(diffusivity: Diffusivity, haven: ArrayLike | None) -> FloatArray:
    """Return D/D_sigma of a diffusivity, shape (nT,); 1 unless it is that of a tracer."""
    if diffusivity.kind != "tracer":
        if haven is not None:
            raise RatesError(
                f"haven ratio: given for a diffusivity of kind '{diffusivity.kind}', which "
                "already is the charge diffusivity; only a 'tracer' diffusivity is divided by H_R"
            )
        return np.ones_like(diffusivity.temperature)
    if haven is None:
        raise RatesError(
            "haven ratio: missing; sigma = n q^2 D_tracer / (H_R kT) needs it for a tracer "
            "diffusivity. State 1.0 if the ions move independently"
        )
    ratio = np.broadcast_to(np.asarray(haven, dtype=float), diffusivity.temperature.shape)
    if not np.all(np.isfinite(ratio) & (ratio > 0.0)):
        raise RatesError(f"haven ratio: {ratio.min():g} found; it must be a positive number")
    return ratio
