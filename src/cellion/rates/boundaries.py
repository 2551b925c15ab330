"""Grain boundaries from rates: a layer of width delta with its own conductivity.

A boundary that blocks stands in the way of current, R = delta/sigma_gb [Ohm m^2]; one that is fast
leads current along itself, G = delta sigma_gb [S]. Which of the two a material has follows from the
ratio of sigma_gb to the bulk conductivity: tysonite fluorides block, nanocrystalline fluorites are
fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann

from cellion.errors import RatesError
from cellion.rates.arrhenius import ArrheniusLaw, evaluate
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "FastBoundary",
    "GrainBoundary",
    "ResistiveBoundary",
    "boundary_from_barriers",
    "boundary_from_law",
    "boundary_law",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class GrainBoundary:
    """A layer of given width and conductivity.

    Attributes:
        width: delta [m].
        conductivity: sigma_gb, shape (nT,) [S/m].
        temperature: shape (nT,) [K].
        source: where width and barrier come from.
    """

    width: float
    conductivity: FloatArray
    temperature: FloatArray
    source: str = ""

    def __post_init__(self) -> None:
        """Check width and conductivity."""
        if not (np.isfinite(self.width) and self.width > 0.0):
            raise RatesError(f"grain boundary.width: {self.width:g} m found; it must be positive")
        if self.conductivity.shape != positive_temperatures(self.temperature).shape:
            raise RatesError(
                f"grain boundary: {self.conductivity.size} conductivities at "
                f"{self.temperature.size} temperatures found; the numbers must be equal"
            )
        if not np.all(np.isfinite(self.conductivity) & (self.conductivity > 0.0)):
            raise RatesError("grain boundary.conductivity: every value must be a positive number")


@dataclass(frozen=True, kw_only=True)
class ResistiveBoundary:
    """Area-specific resistance R = delta/sigma_gb, shape (nT,) [Ohm m^2], over temperature [K]."""

    area_resistance: FloatArray
    temperature: FloatArray
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class FastBoundary:
    """Sheet conductance G = delta sigma_gb, shape (nT,) [S], over temperature [K]."""

    sheet_conductance: FloatArray
    temperature: FloatArray
    source: str = ""


def boundary_from_law(
    width: float, law: ArrheniusLaw, temperature: ArrayLike, *, source: str = ""
) -> GrainBoundary:
    """Return the boundary whose conductivity follows a fitted or quoted Arrhenius law.

    Raises:
        RatesError: the law is one of diffusivity, or a value has no meaning.
    """
    if law.quantity == "diffusivity":
        raise RatesError(
            "grain boundary: the law is one of diffusivity; convert it by Nernst-Einstein with the "
            "carriers of the boundary, or fit the conductivity"
        )
    found = evaluate(law, temperature)
    return GrainBoundary(
        width=width, conductivity=found.value, temperature=found.temperature, source=source
    )


def boundary_from_barriers(
    width: float,
    bulk_conductivity: ArrayLike,
    barrier_difference: float,
    temperature: ArrayLike,
    *,
    carrier_ratio: float = 1.0,
    source: str = "",
) -> GrainBoundary:
    """Return the boundary that differs from the bulk by its barrier and carriers.

        sigma_gb = (n_gb/n_bulk) sigma_bulk exp(-(E_gb - E_bulk)/kT)

    Args:
        width: delta [m].
        bulk_conductivity: sigma_bulk, scalar or shape (nT,) [S/m].
        barrier_difference: E_gb - E_bulk; positive blocks, negative is fast [J].
        temperature: scalar or shape (nT,) [K].
        carrier_ratio: n_gb/n_bulk.
        source: where the numbers come from.

    Raises:
        RatesError: the ratio or another value is not positive.
    """
    if not (np.isfinite(carrier_ratio) and carrier_ratio > 0.0):
        raise RatesError(f"grain boundary.carrier_ratio: {carrier_ratio:g}; must be positive")
    T = positive_temperatures(temperature)
    bulk = np.broadcast_to(np.asarray(bulk_conductivity, dtype=float), T.shape)
    inside = carrier_ratio * bulk * np.exp(-barrier_difference / (Boltzmann * T))
    return GrainBoundary(width=width, conductivity=inside, temperature=T, source=source)


def boundary_law(
    boundary: GrainBoundary,
    bulk_conductivity: ArrayLike,
    kind: Literal["auto", "blocking", "fast"] = "auto",
) -> ResistiveBoundary | FastBoundary:
    """Return the interface law of a boundary.

    Args:
        boundary: the layer.
        bulk_conductivity: sigma of the grains, scalar or shape (nT,) [S/m].
        kind: ``auto`` decides by sigma_gb < sigma_bulk, which must hold, or not, at all
            temperatures.

    Raises:
        RatesError: the boundary is blocking at some temperatures and fast at others.
    """
    bulk = np.broadcast_to(np.asarray(bulk_conductivity, float), boundary.temperature.shape)
    slower = boundary.conductivity < bulk
    if kind == "auto" and slower.any() != slower.all():
        at = boundary.temperature[np.flatnonzero(slower != slower[0])[0]]
        raise RatesError(
            f"grain boundary: it turns from blocking to fast (or back) near {at:g} K; say which "
            f"law "
            "is meant, kind='blocking' or kind='fast', or split the temperatures"
        )
    if kind == "blocking" or (kind == "auto" and slower.all()):
        return ResistiveBoundary(
            area_resistance=boundary.width / boundary.conductivity,
            temperature=boundary.temperature,
            source=boundary.source,
        )
    return FastBoundary(
        sheet_conductance=boundary.width * boundary.conductivity,
        temperature=boundary.temperature,
        source=boundary.source,
    )
