"""Conductivity samples of a hopping conductor with uncertain energies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from cellion.arrays import FloatArray
from cellion.rates.conductor import HoppingConductor, conductor_diffusivity, hopping_conductivity

__all__ = ["UncertainEnergies", "with_energies"]

SAMPLES = 256
"""Sets of energies from which an interval is read."""


@dataclass(frozen=True, kw_only=True)
class UncertainEnergies:
    """Shifts of the energies of a network by one standard deviation of each of k parameters.

    Attributes:
        sites: Shifts of the site energies, shape (k, n) [J].
        saddles: Shifts of the saddle energies, shape (k, m) [J].
    """

    sites: FloatArray
    saddles: FloatArray

    def samples(self, mean: HoppingConductor, temperature: FloatArray) -> FloatArray:
        """Return the mean principal conductivity of even draws, shape (samples, n) [S/m].

        Pair correlations scale all samples by their effect at the mean energies.

        Args:
            mean: The conductor at the mean energies.
            temperature: Temperatures [K], shape (n,).
        """
        draws = _normal_points(SAMPLES, len(self.saddles))
        mean_field = hopping_conductivity(mean, temperature, correlated=False).mean
        if mean.mechanism != "independent" or self.sites.any():
            conductors = (self._moved(mean, draw) for draw in draws)
            moved = [hopping_conductivity(one, temperature, correlated=False) for one in conductors]
            found = np.array([one.mean for one in moved])
        else:  # barriers alone: all draws at once
            shift = np.repeat(draws @ self.saddles, temperature.size, axis=0)
            sites = mean.network.site_energies
            shift = np.maximum(shift, _highest_ends(mean, sites) - mean.network.saddle_energies)
            many = np.tile(temperature, SAMPLES)
            diffused = conductor_diffusivity(mean, many, saddle_shift=shift, correlated=False)
            one = conductor_diffusivity(mean, temperature, correlated=False)
            found = mean_field * diffused.mean.reshape(SAMPLES, -1) / one.mean
        return np.asarray(found * hopping_conductivity(mean, temperature).mean / mean_field)

    def _moved(self, mean: HoppingConductor, draw: FloatArray) -> HoppingConductor:
        sites = mean.network.site_energies + draw @ self.sites
        saddles = mean.network.saddle_energies + draw @ self.saddles
        return with_energies(mean, sites, np.maximum(saddles, _highest_ends(mean, sites)))


def with_energies(
    mean: HoppingConductor, sites: FloatArray, saddles: FloatArray
) -> HoppingConductor:
    """Return a conductor with other site and saddle energies [J]."""
    network = replace(mean.network, site_energies=sites, saddle_energies=saddles)
    return replace(mean, network=network)


def _highest_ends(conductor: HoppingConductor, sites: FloatArray) -> FloatArray:
    """Return the higher site energy of each hop, below which no saddle may fall, shape (m,) [J]."""
    network = conductor.network
    return np.maximum(sites[network.starts], sites[network.ends])


def _normal_points(number: int, dimensions: int) -> FloatArray:
    """Return evenly spread normal numbers, the same at every call, shape (number, dimensions).

    Additive recurrence with the powers of the generalised golden ratio, x^(d+1) = x + 1: quantiles
    of smooth functions converge faster than with random numbers.

    Source: Roberts 2018, The unreasonable effectiveness of quasirandom sequences.
    """
    ratio = 2.0
    for _ in range(64):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1.0)
    points = (0.5 + np.arange(1, number + 1)[:, None] * steps) % 1.0
    return np.asarray(ndtri(points))
