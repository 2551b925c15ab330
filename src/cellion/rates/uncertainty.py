"""What an uncertain barrier does to a rate: distributions instead of numbers.

First-principles barriers carry about 50 meV; at 300 K that is a factor 7 in the rate. With one
barrier the answer is lognormal and known in closed form; with several, it is sampled through the
jump network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann
from scipy.special import ndtri

from cellion.errors import RatesError
from cellion.rates.jump_network import JumpNetwork, diffusivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "LognormalRate",
    "lognormal_rate",
    "lowest_barriers",
    "normal_points",
    "sample_barrier",
    "sample_diffusivity",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LognormalRate:
    """Distribution of a rate, diffusivity or conductivity over temperature.

    Attributes:
        median: value at the mean barrier, shape (nT,), any unit.
        log_standard_deviation: s/kT, shape (nT,).
        temperature: shape (nT,) [K].
    """

    median: FloatArray
    log_standard_deviation: FloatArray
    temperature: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Expectation, median * exp(s^2/2): above the median, because the tail counts."""
        return np.asarray(self.median * np.exp(0.5 * self.log_standard_deviation**2))

    def quantile(self, probability: float) -> FloatArray:
        """Return the value not exceeded with a probability in (0, 1), shape (nT,)."""
        if not 0.0 < probability < 1.0:
            raise RatesError(
                f"quantile: probability {probability:g} found; it must be inside (0, 1)"
            )
        return np.asarray(self.median * np.exp(self.log_standard_deviation * ndtri(probability)))


def _check_deviation(standard_deviation: ArrayLike) -> FloatArray:
    deviation = np.asarray(standard_deviation, dtype=float)
    if not np.all(np.isfinite(deviation) & (deviation >= 0.0)):
        raise RatesError(
            f"standard deviation: {deviation.min():g} J found; it must not be negative"
        )
    return deviation


def lognormal_rate(
    value: ArrayLike, standard_deviation: float, temperature: ArrayLike
) -> LognormalRate:
    """Return the distribution of y ~ exp(-E/kT) for a normally distributed barrier E.

    Args:
        value: y at the mean barrier, scalar or shape (nT,).
        standard_deviation: of the barrier [J].
        temperature: scalar or shape (nT,) [K].
    """
    T = positive_temperatures(temperature)
    spread = float(_check_deviation(standard_deviation)) / (Boltzmann * T)
    return LognormalRate(
        median=np.array(np.broadcast_to(np.asarray(value, dtype=float), T.shape)),
        log_standard_deviation=spread,
        temperature=T,
    )


def sample_barrier(
    value: ArrayLike,
    standard_deviation: float,
    temperature: ArrayLike,
    *,
    samples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return samples of y ~ exp(-E/kT), shape (samples, nT); one barrier for all temperatures."""
    law = lognormal_rate(value, standard_deviation, temperature)
    draws = rng.standard_normal((samples, 1))
    return np.asarray(law.median * np.exp(draws * law.log_standard_deviation))


def normal_points(number: int, dimensions: int) -> FloatArray:
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


def lowest_barriers(network: JumpNetwork) -> FloatArray:
    """Return how far each saddle energy may fall before it meets a site, shape (m,) [J]."""
    ends = np.maximum(network.site_energies[network.starts], network.site_energies[network.ends])
    return np.asarray(network.saddle_energies - ends)


def sample_diffusivity(
    network: JumpNetwork,
    temperature: float,
    standard_deviation: ArrayLike,
    *,
    samples: int,
    rng: np.random.Generator,
    correlation: Literal["common", "by_energy", "independent"] = "by_energy",
) -> FloatArray:
    """Return diffusion tensors for barriers drawn from a normal distribution.

    Saddle energies are shifted, site energies kept, and no saddle falls below its sites.

    Args:
        network: the network with its mean barriers.
        temperature: one temperature [K].
        standard_deviation: of the saddle energies, scalar or shape (m,) [J].
        samples: number of tensors.
        rng: source of randomness.
        correlation: ``common`` shifts all saddles alike (an error of the functional), ``by_energy``
            shifts hops of equal saddle energy and prefactor alike (symmetry-equivalent hops, the
            default), ``independent`` each by itself.

    Returns:
        tensors, shape (samples, 3, 3) [m^2/s].
    """
    T = positive_temperatures(np.full(samples, temperature))
    deviation = _check_deviation(standard_deviation)
    m = network.starts.size
    groups = {
        "common": np.zeros(m, dtype=int),
        "by_energy": np.unique(
            np.stack([network.saddle_energies, network.prefactors], axis=1),
            axis=0,
            return_inverse=True,
        )[1].ravel(),
        "independent": np.arange(m),
    }[correlation]
    draws = rng.standard_normal((samples, int(groups.max()) + 1))[:, groups]
    shift = np.maximum(draws * deviation, -lowest_barriers(network))
    return diffusivity(network, T, saddle_shift=shift).tensor
