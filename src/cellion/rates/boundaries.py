"""Grain boundaries from rates: a layer of width delta with its own conductivity.

A boundary that blocks stands in the way of current, R = delta/sigma_gb [Ohm m^2]; one that is fast
leads current along itself, G = delta sigma_gb [S]. Which of the two a material has follows from the
ratio of sigma_gb to the bulk conductivity: tysonite fluorides block, nanocrystalline fluorites are
fast.

>>> from scipy.constants import electron_volt as eV
>>> from cellion.rates.arrhenius import arrhenius_law
>>> bulk = arrhenius_law("sigmaT", value=0.1, temperature=300.0, activation_energy=0.3 * eV)
>>> boundary = boundary_from_barriers(2e-9, bulk, 0.2 * eV)
>>> float(boundary.area_resistance(300.0)) > 4e-5
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann

from cellion.errors import RatesError
from cellion.rates.arrhenius import ArrheniusLaw, evaluate
from cellion.rates.conductor import HoppingConductor, hopping_conductivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "BoundaryKind",
    "GrainBoundary",
    "boundary_from_barriers",
    "boundary_from_law",
    "boundary_kind",
]

FloatArray = NDArray[np.float64]
BoundaryKind = Literal["blocking", "fast"]
type Bulk = float | ArrheniusLaw | HoppingConductor | Callable[[FloatArray], FloatArray]
"""Conductivity of the grains: at the one temperature of interest [S/m], as a law, as a conductor
(mean of its tensor), or as a function of T [K]."""


@dataclass(frozen=True, kw_only=True)
class GrainBoundary:
    """A layer of given width and conductivity; its methods take one temperature or many [K].

    Attributes:
        width: delta [m].
        law: sigma_gb [S/m] of temperatures of shape (nT,) [K].
        source: where width and barrier come from.
    """

    width: float
    law: Callable[[FloatArray], FloatArray]
    source: str = ""

    def __post_init__(self) -> None:
        """Check the width."""
        if not (np.isfinite(self.width) and self.width > 0.0):
            raise RatesError(f"grain boundary.width: {self.width:g} m found; it must be positive")

    def conductivity(self, temperature: ArrayLike) -> FloatArray:
        """Return sigma_gb in the shape of the temperature [S/m].

        Raises:
            RatesError: a temperature is not above 0 K, or the law gives no positive number.
        """
        return _values(self.law, temperature, "grain boundary.conductivity")

    def area_resistance(self, temperature: ArrayLike) -> FloatArray:
        """Return delta/sigma_gb, the law of a blocking boundary, like T [Ohm m^2]."""
        return np.asarray(self.width / self.conductivity(temperature))

    def sheet_conductance(self, temperature: ArrayLike) -> FloatArray:
        """Return delta sigma_gb, the law of a fast boundary, like T [S]."""
        return np.asarray(self.width * self.conductivity(temperature))


def _values(
    law: Callable[[FloatArray], FloatArray], temperature: ArrayLike, where: str
) -> FloatArray:
    T = positive_temperatures(temperature)
    found = np.asarray(law(T), dtype=float)
    if found.shape != T.shape:
        raise RatesError(
            f"{where}: {found.size} values at {T.size} temperatures found; the numbers must be "
            "equal"
        )
    if not np.all(np.isfinite(found) & (found > 0.0)):
        raise RatesError(f"{where}: {found.min():g} S/m found; every value must be positive")
    return found.reshape(np.shape(temperature))


def _bulk_function(bulk: Bulk) -> Callable[[FloatArray], FloatArray]:
    """Return the conductivity of the grains as a function of temperature."""
    match bulk:
        case ArrheniusLaw():
            return _law_function(bulk)
        case HoppingConductor():
            return lambda T: hopping_conductivity(bulk, T).mean
        case float() | int():
            value = float(bulk)
            return lambda T: np.full(T.shape, value)
        case _:
            return bulk


def _law_function(law: ArrheniusLaw) -> Callable[[FloatArray], FloatArray]:
    if law.quantity == "diffusivity":
        raise RatesError(
            "grain boundary: the law is one of diffusivity; convert it by Nernst-Einstein with the "
            "carriers of the boundary, or fit the conductivity"
        )
    return lambda T: evaluate(law, T).value


def boundary_from_law(width: float, law: ArrheniusLaw, *, source: str = "") -> GrainBoundary:
    """Return the boundary whose conductivity follows a fitted or quoted Arrhenius law.

    Raises:
        RatesError: the law is one of diffusivity, or the width is not positive.
    """
    return GrainBoundary(width=width, law=_law_function(law), source=source)


def boundary_from_barriers(
    width: float,
    bulk: Bulk,
    barrier_difference: float,
    *,
    carrier_ratio: float = 1.0,
    source: str = "",
) -> GrainBoundary:
    """Return the boundary that differs from the bulk by its barrier and carriers.

        sigma_gb = (n_gb/n_bulk) sigma_bulk exp(-(E_gb - E_bulk)/kT)

    Args:
        width: delta [m].
        bulk: conductivity of the grains.
        barrier_difference: E_gb - E_bulk; positive blocks, negative is fast [J].
        carrier_ratio: n_gb/n_bulk.
        source: where the numbers come from.

    Raises:
        RatesError: the ratio or another value is not positive.
    """
    if not (np.isfinite(carrier_ratio) and carrier_ratio > 0.0):
        raise RatesError(f"grain boundary.carrier_ratio: {carrier_ratio:g}; must be positive")
    if not np.isfinite(barrier_difference):
        raise RatesError(f"grain boundary.barrier_difference: {barrier_difference:g} J found")
    grains = _bulk_function(bulk)

    def inside(T: FloatArray) -> FloatArray:
        factor = carrier_ratio * np.exp(-barrier_difference / (Boltzmann * T))
        return np.asarray(factor * grains(T))

    return GrainBoundary(width=width, law=inside, source=source)


def boundary_kind(boundary: GrainBoundary, bulk: Bulk, temperature: ArrayLike) -> BoundaryKind:
    """Return which law a boundary needs: ``blocking`` where sigma_gb < sigma_bulk, else ``fast``.

    Args:
        boundary: the layer.
        bulk: conductivity of the grains.
        temperature: the temperatures at which it will be used [K].

    Raises:
        RatesError: the boundary is blocking at some of the temperatures and fast at others.
    """
    T = positive_temperatures(temperature)
    slower = boundary.conductivity(T) < _values(_bulk_function(bulk), T, "grains.conductivity")
    if slower.any() != slower.all():
        at = T[np.flatnonzero(slower != slower[0])[0]]
        raise RatesError(
            f"grain boundary: it turns from blocking to fast (or back) near {at:g} K; say which "
            "law is meant (area_resistance or sheet_conductance), or split the temperatures"
        )
    return "blocking" if slower.all() else "fast"
