"""Ranking of materials by ionic conductivity, with 95 % intervals of uncertain barriers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from cellion.errors import MaterialError, RatesError
from cellion.material.catalogue import library_entry, library_names
from cellion.material.material import build_material
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.rates.conductor import hopping_conductivity
from cellion.rates.family import family_conductor, missing_parameters
from cellion.rates.family_data import family_names, load_family
from cellion.scenario.materials import MaterialSpec

__all__ = ["BARRIER_DEVIATION", "Candidate", "Screening", "log_deviation", "screen"]

BARRIER_DEVIATION = 0.05 * ELECTRON_VOLT
"""Standard deviation of a computed barrier [J], typical of density-functional theory."""

_PROBABILITY = 0.95


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One material in a ranking.

    Attributes:
        name: Library entry, or family and material.
        conductivity: Ionic conductivity, mean of the principal values [S/m]; the median of the
            distribution.
        low: Lower end of the interval that holds 95 % [S/m].
        high: Its upper end [S/m].
        origin: ``computed`` from barriers, or ``measured``.
    """

    name: str
    conductivity: float
    low: float
    high: float
    origin: Literal["computed", "measured"]


@dataclass(frozen=True, kw_only=True)
class Screening:
    """Materials in the order of their conductivity, best first, and those left out.

    Attributes:
        temperature: Temperature [K].
        deviation: Standard deviation of the barriers [J].
        candidates: The ranking.
        left_out: Name and reason of families that cannot be ranked.
    """

    temperature: float
    deviation: float
    candidates: tuple[Candidate, ...]
    left_out: tuple[tuple[str, str], ...]


def log_deviation(deviation: float, temperature: float, measured_at: float | None = None) -> float:
    """Return the standard deviation of ln sigma that follows from that of a barrier.

    It is s/kT of a computed value, and s abs(1/kT - 1/kT_0) of one measured at T_0.

    Args:
        deviation: s [J].
        temperature: T [K].
        measured_at: T_0 [K]; None for a computed value.
    """
    lever = 1.0 / temperature - (0.0 if measured_at is None else 1.0 / measured_at)
    return deviation / BOLTZMANN * abs(lever)


def screen(temperature: float, deviation: float = BARRIER_DEVIATION) -> Screening:
    """Rank the ion conductors of the library and of the crystal families.

    The temperature is in K, the standard deviation of a barrier in J.

    Raises:
        MaterialError: Temperature or deviation are not sensible.
    """
    if not (np.isfinite(temperature) and temperature > 0.0):
        raise MaterialError(f"screening: {temperature:g} K found; it must be above 0 K")
    if not (np.isfinite(deviation) and deviation >= 0.0):
        raise MaterialError(f"screening: a standard deviation of {deviation:g} J; it must be >= 0")
    computed, left_out = _families(temperature, deviation)
    found = [*_library(temperature, deviation), *computed]
    found.sort(key=lambda candidate: -candidate.conductivity)
    return Screening(
        temperature=temperature,
        deviation=deviation,
        candidates=tuple(found),
        left_out=tuple(left_out),
    )


def _candidate(
    name: str, value: float, spread: float, origin: Literal["computed", "measured"]
) -> Candidate:
    factor = float(np.exp(spread * ndtri(0.5 + 0.5 * _PROBABILITY)))
    return Candidate(
        name=name, conductivity=value, low=value / factor, high=value * factor, origin=origin
    )


def _library(temperature: float, deviation: float) -> list[Candidate]:
    candidates = []
    for name in library_names():
        section = library_entry(name).carriers["ion"]
        if not section.conducts:
            continue
        material = build_material(name, MaterialSpec(library=name), temperature)
        mean = float(np.trace(material.conductivity("ion", temperature)) / 3.0)
        spread = log_deviation(deviation, temperature, section.default.temperature)
        candidates.append(_candidate(name, mean, spread, "measured"))
    return candidates


def _families(
    temperature: float, deviation: float
) -> tuple[list[Candidate], list[tuple[str, str]]]:
    candidates: list[Candidate] = []
    left_out: list[tuple[str, str]] = []
    spread = log_deviation(deviation, temperature)
    for family_name in family_names():
        for variant in load_family(family_name).variants or (None,):
            family = load_family(family_name, variant)
            name = family_name if variant is None else f"{family_name}/{variant}"
            lacking = missing_parameters(family)
            if lacking:
                left_out.append((name, f"no value for {', '.join(p.name for p in lacking)}"))
                continue
            try:
                conductor = family_conductor(family)
            except RatesError:
                left_out.append((name, "all places full: no carriers without defects"))
                continue
            mean = float(hopping_conductivity(conductor, temperature).mean[0])
            candidates.append(_candidate(name, mean, spread, "computed"))
    return candidates, left_out
