"""Equilibrium concentrations of charged point defects.

Each species i has charge z_i, N_i places, and a free energy g_i of formation. A common potential
phi keeps the crystal neutral::

    c_i = N_i x/(1 + x),  x = exp(-(g_i + z_i e phi)/kT),      sum_i z_i c_i + rho_fixed = 0

The sum falls monotonically with phi, so bisection finds the one solution. Only combinations of
formation energies that conserve charge and atoms matter: the sum of vacancy and interstitial
(Frenkel), or of the two vacancies (Schottky); the split of a pair energy between its partners
changes phi alone. In the intrinsic range half of the pair energy adds to the migration energy in
the conductivity; with the carriers fixed by doping nothing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import Boltzmann
from scipy.special import expit, log_expit

from cellion.arrays import FloatArray
from cellion.errors import RatesError, nearest
from cellion.rates.transition_state import positive_temperatures

__all__ = ["DefectModel", "DefectSpecies", "concentrations", "frenkel_pair", "schottky_pair"]


@dataclass(frozen=True, kw_only=True)
class DefectSpecies:
    """One kind of point defect.

    Attributes:
        name: for results and messages.
        charge: effective charge in units of e (vacancy of Li+: -1, interstitial Li+: +1).
        density: places it may occupy [1/m^3].
        formation_energy: enthalpy of formation [J].
        formation_entropy: vibrational entropy of formation [J/K].
    """

    name: str
    charge: int
    density: float
    formation_energy: float
    formation_entropy: float = 0.0


def frenkel_pair(
    charge: int, sites: float, interstices: float, pair_energy: float, pair_entropy: float = 0.0
) -> tuple[DefectSpecies, DefectSpecies]:
    """Return vacancy and interstitial of one ion (an anti-Frenkel pair for an anion).

    Args:
        charge: charge number of the ion, signed.
        sites: regular sites of the ion [1/m^3].
        interstices: interstitial sites [1/m^3].
        pair_energy: energy to form the pair [J].
        pair_entropy: vibrational entropy of the pair [J/K].
    """
    half = {"formation_energy": 0.5 * pair_energy, "formation_entropy": 0.5 * pair_entropy}
    return (
        DefectSpecies(name="vacancy", charge=-charge, density=sites, **half),
        DefectSpecies(name="interstitial", charge=charge, density=interstices, **half),
    )


def schottky_pair(
    charges: tuple[int, int],
    sites: tuple[float, float],
    energy: float,
    entropy: float = 0.0,
    names: tuple[str, str] = ("cation vacancy", "anion vacancy"),
) -> tuple[DefectSpecies, DefectSpecies]:
    """Return the vacancies of a compound whose formula unit is left out as a whole.

    Args:
        charges: charge numbers of the two ions, signed.
        sites: their regular sites [1/m^3].
        energy: energy to leave out one formula unit [J].
        entropy: vibrational entropy of that [J/K].
        names: of the two species.

    Raises:
        RatesError: the sites of the perfect crystal are not neutral.
    """
    balance = charges[0] * sites[0] + charges[1] * sites[1]
    if abs(balance) > 1e-6 * abs(charges[0] * sites[0]) or charges[0] * charges[1] >= 0:
        raise RatesError(
            f"schottky: charges {charges} on {sites[0]:g} and {sites[1]:g} sites per m^3 leave "
            f"{balance:g} e per m^3; the perfect crystal must be neutral"
        )
    vacancies = (abs(charges[0]) + abs(charges[1])) // gcd(*charges)
    share = {"formation_energy": energy / vacancies, "formation_entropy": entropy / vacancies}
    return (
        DefectSpecies(name=names[0], charge=-charges[0], density=sites[0], **share),
        DefectSpecies(name=names[1], charge=-charges[1], density=sites[1], **share),
    )


def _check_species(species: Sequence[DefectSpecies]) -> None:
    if not species:
        raise RatesError("defects: no species given; at least 1 is needed")
    names = [one.name for one in species]
    for one in species:
        if names.count(one.name) > 1:
            raise RatesError(f"defects: the name '{one.name}' is used more than once")
        if not (np.isfinite(one.density) and one.density > 0.0):
            raise RatesError(f"defects.{one.name}.density: {one.density:g}; must be positive")
        if not (np.isfinite(one.formation_energy) and np.isfinite(one.formation_entropy)):
            raise RatesError(f"defects.{one.name}: a formation energy is not a finite number")


def _check_neutrality_possible(species: Sequence[DefectSpecies], fixed: float) -> None:
    positive = sum(one.charge * one.density for one in species if one.charge > 0)
    negative = sum(one.charge * one.density for one in species if one.charge < 0)
    if fixed + positive <= 0.0 < -fixed or fixed + negative >= 0.0 < fixed:
        raise RatesError(
            f"defects: a fixed charge of {fixed:g} e per m^3 cannot be compensated; the species "
            f"hold between {negative:g} and {positive:g} e per m^3. Add a species of opposite "
            "charge"
        )
    if fixed == 0.0 and (positive == 0.0) != (negative == 0.0):
        sign = "positive" if positive else "negative"
        raise RatesError(
            f"defects: all charged species are {sign} and nothing is doped, so the crystal cannot "
            "be neutral. Add a species or a dopant of opposite charge"
        )


def concentrations(
    species: Sequence[DefectSpecies], temperature: ArrayLike, *, fixed_charge: ArrayLike = 0.0
) -> dict[str, FloatArray]:
    """Return the concentration of each species in a neutral crystal, shape (nT,) [1/m^3].

    Args:
        species: the mobile or thermally created defects.
        temperature: scalar or shape (nT,) [K].
        fixed_charge: density of immobile charge, dopants counted with their effective charge (Ba on
            a La site: -1; Ca on a Li site: +1), scalar or shape (nT,) [e/m^3].

    Raises:
        RatesError: neutrality is impossible, or a value has no meaning.

    Source: Wagner and Schottky 1930, Z. Phys. Chem. B 11, 163; Maier 1995, Prog. Solid State Chem.
    23, 171.
    """
    _check_species(species)
    T = positive_temperatures(temperature)
    fixed = np.broadcast_to(np.asarray(fixed_charge, dtype=float), T.shape)
    for value in np.unique(fixed).tolist():
        _check_neutrality_possible(species, value)
    charge = np.array([one.charge for one in species], dtype=float)
    density = np.array([one.density for one in species])
    kT = Boltzmann * T
    energy = np.array([one.formation_energy for one in species])
    entropy = np.array([one.formation_entropy for one in species])
    g = energy / kT[:, None] - entropy / Boltzmann
    potential = _neutral_potential(g, charge, density, fixed)
    found = density * expit(-g - charge * potential[:, None])
    return {one.name: found[:, k] for k, one in enumerate(species)}


@dataclass(frozen=True, kw_only=True)
class DefectModel:
    """Defects of a crystal, one of which carries the current.

    Attributes:
        species: all charged defects.
        carrier: name of the one that moves.
        fixed_charge: density of immobile charge [e/m^3].
    """

    species: tuple[DefectSpecies, ...]
    carrier: str
    fixed_charge: float = 0.0

    def __post_init__(self) -> None:
        """Check that the crystal can be neutral and the carrier is among the species."""
        names = concentrations(self.species, 300.0, fixed_charge=self.fixed_charge)
        if self.carrier not in names:
            raise RatesError(
                f"defects: '{self.carrier}' is not a species; species are {', '.join(names)}"
                + nearest(self.carrier, names)
            )

    def density(self, temperature: ArrayLike) -> FloatArray:
        """Return the concentration of the carrier, shape (nT,) [1/m^3]."""
        found = concentrations(self.species, temperature, fixed_charge=self.fixed_charge)
        return found[self.carrier]


def _neutral_potential(
    g: FloatArray, charge: FloatArray, density: FloatArray, fixed: FloatArray
) -> FloatArray:
    """Return e phi/kT at which all charges cancel, shape (nT,), by bisection in all temperatures.

    Positive and negative charge are compared by their logarithms, so that concentrations of 1 per
    crystal and of 1 per site are found with the same relative accuracy.
    """
    if not np.any(charge):
        return np.zeros(g.shape[0])
    span = np.abs(g).max(axis=1) + 800.0
    low, high = -span, span.copy()
    log_fixed = np.log(np.where(fixed == 0.0, 1.0, np.abs(fixed)))[:, None]
    for _ in range(80):
        middle = 0.5 * (low + high)
        logs = np.log(density * np.maximum(np.abs(charge), 1e-300)) + log_expit(
            -g - charge * middle[:, None]
        )
        sides = []
        for sign in (1.0, -1.0):
            terms = np.where(sign * charge > 0.0, logs, -np.inf)
            own = np.where(sign * fixed[:, None] > 0.0, log_fixed, -np.inf)
            sides.append(np.logaddexp.reduce(np.concatenate([terms, own], axis=1), axis=1))
        too_positive = sides[0] > sides[1]
        low, high = np.where(too_positive, middle, low), np.where(too_positive, high, middle)
    return np.asarray(0.5 * (low + high))
