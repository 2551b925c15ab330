"""Kinetic Monte Carlo of tracer and charge diffusivity in a lattice gas.

Diffusivities follow from the growth of squared displacements between one and two lags, in which the
contribution of short times cancels. Charge decorrelates faster than a tracer and is sampled more
often. Standard errors follow from the scatter between independent copies of the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.diffusivity import VOIGT, Diffusivity
from cellion.rates.lattice_gas import LatticeGas, MonteCarloBox

__all__ = ["Growth", "KineticMonteCarlo", "simulate"]


@dataclass(frozen=True, kw_only=True)
class KineticMonteCarlo:
    """Result of a simulation, with standard errors.

    Attributes:
        tracer: tracer diffusivity.
        charge: charge diffusivity per ion.
        haven_ratio: D_tracer/D_charge, traces.
        haven_error: standard error of the Haven ratio.
        correlation_factor: D_tracer over that of the same hops without memory.
        correlation_error: its standard error.
        events: number of hops made.
        hops_per_lag: hops made by each ion, or vacancy where these are fewer, in one block.
    """

    tracer: Diffusivity
    charge: Diffusivity
    haven_ratio: float
    haven_error: float
    correlation_factor: float
    correlation_error: float
    events: int
    hops_per_lag: float


class Growth:
    """Collects (<x x>(2 lags) - <x x>(lag))/(2 lag) of every copy over all origins in time."""

    def __init__(self, start: FloatArray) -> None:
        """Begin at positions of shape (copies, walkers, 3)."""
        self._past = [start]
        self._sums = np.zeros((2, len(start), 3, 3))
        self._counts = np.zeros(2)

    def add(self, now: FloatArray) -> None:
        """Take the positions one lag later, shape (copies, walkers, 3)."""
        for lag, before in enumerate(reversed(self._past)):
            gap = now - before
            self._sums[lag] += np.swapaxes(gap, 1, 2) @ gap / gap.shape[1]
            self._counts[lag] += 1
        self._past = [*self._past[-1:], now]

    def samples(self, lag: float) -> FloatArray:
        """Return one diffusion tensor per copy for a lag [s], shape (copies, 3, 3) [m^2/s]."""
        single, double = self._sums / self._counts[:, None, None, None]
        return np.asarray((double - single) / (2.0 * lag))


def simulate(
    box: MonteCarloBox,
    *,
    ions: int,
    hops: float,
    rng: np.random.Generator,
    copies: int = 256,
    interaction: float = 0.0,
    blocks: int = 16,
    charge_samples: int = 8,
) -> KineticMonteCarlo:
    """Simulate ions on a box; return tracer and charge diffusivity with standard errors.

    Args:
        box: from `cellion.rates.lattice_gas.prepare`.
        ions: number of ions; at least 1, fewer than places.
        hops: attempted hops per walker (ion, or vacancy where these are fewer) and block, beside
            those that energies and barriers turn down; one block is the lag, and must be long
            enough for an ion to forget its first hops.
        rng: source of randomness; the same state gives the same result.
        copies: independent copies of the box.
        interaction: energy J of a pair of nearest neighbours, positive repels [J].
        blocks: blocks recorded, after one (four with interaction) to equilibrate.
        charge_samples: samples of the charge per block, each a lag of its own.

    Raises:
        RatesError: a number of ions, copies, blocks, samples or hops without meaning.
    """
    if not 0 < ions < box.places:
        raise RatesError(
            f"kinetic Monte Carlo: {ions} ions on {box.places} places found; 1 to "
            f"{box.places - 1} are possible"
        )
    if copies < 8 or blocks < 3 or charge_samples < 1 or not hops > 0.0:
        raise RatesError(
            f"kinetic Monte Carlo: {copies} copies, {blocks} blocks, {charge_samples} samples per "
            f"block, {hops:g} hops found; needed are at least 8, 3, 1 and more than 0"
        )
    gas = LatticeGas(box, ions=ions, copies=copies, interaction=interaction, rng=rng)
    attempts = hops * gas.walkers_per_copy * gas.boost * gas.patience
    part = max(1, round(attempts / charge_samples))
    gas.advance(part * charge_samples * (1 if interaction == 0.0 else 4))
    gas.forget()
    interval = part * gas.time_per_attempt
    tracer = Growth(gas.positions())
    charge = Growth(gas.charge[:, None].copy())
    for _ in range(blocks):
        for _ in range(charge_samples):
            gas.advance(part)
            charge.add(gas.charge[:, None].copy())
        tracer.add(gas.positions())
    duration = blocks * charge_samples * interval
    samples = (tracer.samples(interval * charge_samples), charge.samples(interval) / ions)
    return _evaluate(gas, *samples, duration, blocks)


def _record(samples: FloatArray, kind: Literal["tracer", "charge"], gas: LatticeGas) -> Diffusivity:
    voigt = np.stack([samples[:, a, b] for a, b in VOIGT], axis=1)
    values, vectors = np.linalg.eigh(samples.mean(axis=0))
    mean = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return Diffusivity(
        tensor=mean[None],
        temperature=np.array([gas.box.temperature]),
        kind=kind,
        method=f"kinetic Monte Carlo, {gas.ions} ions on {gas.box.places}, {gas.copies} copies",
        source=gas.box.source,
        covariance=np.cov(voigt.T)[None] / len(samples),
    )


def _evaluate(
    gas: LatticeGas, tracer: FloatArray, charge: FloatArray, duration: float, blocks: int
) -> KineticMonteCarlo:
    means = np.stack([np.trace(x, axis1=1, axis2=2) / 3.0 for x in (tracer, charge)], axis=1)
    value, covariance = means.mean(axis=0), np.cov(means.T) / gas.copies
    ratio = value[0] / value[1]
    gradient = np.array([1.0, -ratio]) / value[1]
    bare = gas.squares / (6.0 * duration * gas.copies * gas.ions)
    return KineticMonteCarlo(
        tracer=_record(tracer, "tracer", gas),
        charge=_record(charge, "charge", gas),
        haven_ratio=float(ratio),
        haven_error=float(np.sqrt(gradient @ covariance @ gradient)),
        correlation_factor=float(value[0] / bare),
        correlation_error=float(np.sqrt(covariance[0, 0]) / bare),
        events=gas.events,
        hops_per_lag=gas.events / (gas.copies * gas.walkers_per_copy * blocks),
    )
