"""From diffusivity to conductivity: Nernst-Einstein with the Haven ratio, in one consistent form.

::

    sigma = n (z e)^2 D_sigma / kT,     H_R = D_tracer / D_sigma

so a tracer diffusivity is *divided* by the Haven ratio. The density n counts the same particles
whose diffusivity is given: vacancies with the diffusivity of a vacancy, or all ions with that of an
ion, never mixed. The sign of the charge number does not matter here; it is kept for the reader of
the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, elementary_charge

from cellion.errors import RatesError
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "Conductivity",
    "charge_diffusivity",
    "chemical_diffusivity",
    "conductivity",
    "haven_ratio",
    "mobility",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Conductivity:
    """A conductivity tensor over temperature.

    Attributes:
        tensor: symmetric, shape (nT, 3, 3) [S/m].
        temperature: shape (nT,) [K].
        charge_number: signed charge number of the mobile ion (Li+ 1, Mg2+ 2, F- -1).
        density: number density of the particles, shape (nT,) [1/m^3].
        method: how it was computed.
        source: where the input comes from.
        standard_error: shape (nT, 3, 3) [S/m]; zero when the diffusivity carries no error.
    """

    tensor: FloatArray
    temperature: FloatArray
    charge_number: int
    density: FloatArray
    method: str
    source: str = ""
    standard_error: FloatArray

    @property
    def mean(self) -> FloatArray:
        """One third of the trace, shape (nT,) [S/m]."""
        return np.asarray(np.trace(self.tensor, axis1=1, axis2=2) / 3.0)


def _factor(density: ArrayLike, charge_number: int, temperature: FloatArray) -> FloatArray:
    """Return n (z e)^2 / kT, shape (nT,) [S s/m^3]."""
    n = np.broadcast_to(np.asarray(density, dtype=float), temperature.shape)
    wrong = n[~(np.isfinite(n) & (n > 0.0))]
    if wrong.size:
        raise RatesError(f"density: {wrong[0]:g} 1/m^3 found; it must be a positive number")
    if charge_number == 0:
        raise RatesError("charge_number: 0 found; a neutral particle carries no current")
    return np.asarray(n * (charge_number * elementary_charge) ** 2 / (Boltzmann * temperature))


def charge_diffusivity(diffusivity: Diffusivity, haven: ArrayLike | None = None) -> FloatArray:
    """Return D_sigma per particle, shape (nT, 3, 3) [m^2/s].

    Args:
        diffusivity: of kind ``carrier`` or ``charge`` (used as it is) or ``tracer`` (divided by
            H_R).
        haven: H_R, scalar or shape (nT,); needed for a tracer, refused otherwise.

    Raises:
        RatesError: a Haven ratio is missing, superfluous, or not positive.
    """
    if diffusivity.kind != "tracer":
        if haven is not None:
            raise RatesError(
                f"haven ratio: given for a diffusivity of kind '{diffusivity.kind}', which "
                f"already is "
                "the charge diffusivity; only a 'tracer' diffusivity is divided by H_R"
            )
        return diffusivity.tensor
    if haven is None:
        raise RatesError(
            "haven ratio: missing; sigma = n q^2 D_tracer / (H_R kT) needs it for a tracer "
            "diffusivity. State 1.0 if the ions move independently"
        )
    ratio = np.broadcast_to(np.asarray(haven, dtype=float), diffusivity.temperature.shape)
    if not np.all(np.isfinite(ratio) & (ratio > 0.0)):
        raise RatesError(f"haven ratio: {ratio.min():g} found; it must be a positive number")
    return np.asarray(diffusivity.tensor / ratio[:, None, None])


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
    factor = _factor(density, charge_number, T)[:, None, None]
    charge = charge_diffusivity(diffusivity, haven)
    shrink = np.divide(
        charge, diffusivity.tensor, out=np.ones_like(charge), where=diffusivity.tensor != 0.0
    )
    return Conductivity(
        tensor=factor * charge,
        temperature=T,
        charge_number=charge_number,
        density=np.array(np.broadcast_to(np.asarray(density, dtype=float), T.shape)),
        method=f"Nernst-Einstein from {diffusivity.method}",
        source=diffusivity.source,
        standard_error=factor * np.abs(shrink) * diffusivity.standard_error,
    )


def haven_ratio(tracer: Diffusivity, charge: Diffusivity) -> FloatArray:
    """Return H_R = trace D_tracer / trace D_sigma at the same temperatures, shape (nT,).

    Raises:
        RatesError: the kinds or temperatures do not fit.
    """
    if tracer.kind != "tracer" or charge.kind == "tracer":
        raise RatesError(
            f"haven ratio: kinds '{tracer.kind}' and '{charge.kind}' found; the first must be a "
            "tracer diffusivity, the second a charge diffusivity"
        )
    if not np.array_equal(tracer.temperature, charge.temperature):
        raise RatesError("haven ratio: the two diffusivities are given at different temperatures")
    return np.asarray(tracer.mean / charge.mean)


def mobility(diffusivity: FloatArray, charge_number: int, temperature: ArrayLike) -> FloatArray:
    """Return mu = |z| e D_sigma / kT, so that sigma = |z| e n mu [m^2/(V s)].

    Args:
        diffusivity: D_sigma, shape (nT,) or (nT, 3, 3) [m^2/s].
        charge_number: charge number of the particle.
        temperature: scalar or shape (nT,) [K].
    """
    T = positive_temperatures(temperature)
    T = T.reshape(T.shape + (1,) * (np.ndim(diffusivity) - 1))
    return np.asarray(abs(charge_number) * elementary_charge * diffusivity / (Boltzmann * T))


def chemical_diffusivity(charge: FloatArray, thermodynamic_factor: ArrayLike) -> FloatArray:
    """Return D_chem = Theta D_sigma with Theta = d ln a / d ln c [m^2/s].

    It is what a cell model uses in Fick's law, and what must never go into Nernst-Einstein.

    Args:
        charge: D_sigma, any shape [m^2/s].
        thermodynamic_factor: Theta, broadcast to ``charge``; 1 only for dilute carriers.
    """
    return np.asarray(np.asarray(thermodynamic_factor, dtype=float) * charge)
