"""Soft-sphere relaxation of overlapping balls from a random start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.pairs import Pairs, close_pairs

__all__ = ["Domain", "largest_overlap", "relax"]

_TIME_STEP = 0.2
_LARGEST_TIME_STEP = 0.6
_MIXING = 0.1
_PATIENCE = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """A box with walls, or repeating, per axis.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
    """

    box: FloatArray
    periodic: NDArray[np.bool_]

    def clip(self, x: FloatArray, margins: FloatArray) -> FloatArray:
        """Keep the centres x (n, d) at least ``margins`` (n,) away from the walls."""
        low, high = margins[:, None], self.box - margins[:, None]
        return np.where(self.periodic, x, np.clip(x, low, np.maximum(low, high)))

    def along_walls(self, x: FloatArray, vector: FloatArray, margins: FloatArray) -> FloatArray:
        """Drop the components of ``vector`` (n, d) that push balls at a wall into it."""
        low, high = margins[:, None], self.box - margins[:, None]
        into = ((x <= low) & (vector < 0)) | ((x >= high) & (vector > 0))
        return np.where(into & ~self.periodic, 0.0, vector)


@dataclass(kw_only=True, eq=False)
class _Motion:
    """State of the damped motion, advanced in place."""

    velocity: FloatArray
    step: float = _TIME_STEP
    mixing: float = _MIXING
    downhill: int = 0

    def advance(self, force: FloatArray) -> FloatArray:
        """Return the displacement of one step under ``force`` (n, d).

        Source: Bitzek et al. 2006, Phys. Rev. Lett. 97, 170201 (FIRE).
        """
        if float(np.sum(force * self.velocity)) > 0:
            self.downhill += 1
            ratio = np.sqrt(np.sum(self.velocity**2) / max(float(np.sum(force**2)), 1e-300))
            self.velocity = (1 - self.mixing) * self.velocity + self.mixing * ratio * force
            if self.downhill > _PATIENCE:
                self.step = min(1.1 * self.step, _LARGEST_TIME_STEP)
                self.mixing *= 0.99
        else:
            self.downhill, self.step, self.mixing = 0, 0.5 * self.step, _MIXING
            self.velocity = np.zeros_like(force)
        self.velocity = self.velocity + self.step * force
        return self.step * self.velocity


def relax(
    x: FloatArray,
    cores: FloatArray,
    margins: FloatArray,
    domain: Domain,
    tolerance: float = 1e-3,
    max_steps: int = 4000,
) -> tuple[FloatArray, float]:
    """Move hard cores apart until none overlap by more than ``tolerance``.

    Minimises E = 1/2 sum (s_ij - |x_i - x_j|)_+^2 with s_ij = core_i + core_j. The search ends
    early when forces balance while overlaps remain (a jammed state).

    Args:
        x: starting centres (n, d) [m].
        cores: core radii (n,) [m].
        margins: distance (n,) [m] to keep from walls.
        domain: the box.
        tolerance: overlap allowed, relative to s_ij.
        max_steps: largest number of steps.

    Returns:
        Centres (n, d) [m] and the largest overlap left, relative to s_ij.
    """
    skin = 0.6 * float(np.mean(cores))
    x = domain.clip(x, margins)
    motion = _Motion(velocity=np.zeros_like(x))
    start, pairs = x, close_pairs(x, cores, domain.box, domain.periodic, skin)
    overlap = np.inf
    for _ in range(max_steps):
        if 2 * np.sqrt(np.max(np.sum((x - start) ** 2, axis=1))) > skin:
            start, pairs = x, close_pairs(x, cores, domain.box, domain.periodic, skin)
        force, overlap, pressed = _forces(x, cores, pairs)
        if overlap < tolerance:
            break
        force = domain.along_walls(x, force, margins)
        motion.velocity = domain.along_walls(x, motion.velocity, margins)
        balance = np.sqrt(np.mean(np.sum(force**2, axis=1)))
        if balance < 1e-4 * pressed:
            break
        step = motion.advance(force)
        largest = float(np.max(np.abs(step)))
        step *= min(1.0, 0.25 * skin / max(largest, 1e-300))
        x = domain.clip(x + step, margins)
    return x, overlap


def largest_overlap(x: FloatArray, cores: FloatArray, domain: Domain) -> float:
    """Return the largest overlap of two cores relative to the sum of their radii (0 if none)."""
    pairs = close_pairs(x, cores, domain.box, domain.periodic, 0.0)
    sums = cores[pairs.first] + cores[pairs.second]
    depth = sums - np.sqrt(np.sum(pairs.vectors(x) ** 2, axis=1))
    return float(np.max(depth / sums, initial=0.0))


def _forces(x: FloatArray, cores: FloatArray, pairs: Pairs) -> tuple[FloatArray, float, float]:
    """Return forces (n, d), the largest relative overlap, and the mean overlap [m]."""
    sums = cores[pairs.first] + cores[pairs.second]
    vector = pairs.vectors(x)
    squared = np.einsum("ij,ij->i", vector, vector)
    touching = np.flatnonzero(squared < sums**2)
    if touching.size == 0:
        return np.zeros_like(x), 0.0, 0.0
    first, second = pairs.first[touching], pairs.second[touching]
    distance = np.sqrt(squared[touching])
    depth = sums[touching] - distance
    push = (depth / np.maximum(distance, 1e-12 * sums[touching]))[:, None] * vector[touching]
    n, d = x.shape
    force = np.stack(
        [np.bincount(second, push[:, a], n) - np.bincount(first, push[:, a], n) for a in range(d)],
        axis=1,
    )
    return force, float(np.max(depth / sums[touching])), float(np.mean(depth))
