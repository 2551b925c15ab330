"""Equilibrium of hard spheres: Monte Carlo sweeps over independent sets of particles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.diameters import ball_volume
from cellion.microstructure.pairs import Pairs, close_pairs
from cellion.microstructure.relaxation import Domain

__all__ = ["equilibrate"]

_ACCEPTANCE = 0.4
_DILUTE = 0.4


@dataclass(frozen=True, kw_only=True, eq=False)
class _Colour:
    """Particles without a common neighbour pair, and their neighbours.

    Attributes:
        members: particle indices (m,).
        source: position (e,) in ``members`` of each neighbour relation.
        other: neighbour index (e,).
        offset: image offset (e, d) [m] of the neighbour.
        squared: squared sum of the core radii (e,) [m^2].
    """

    members: NDArray[np.int64]
    source: NDArray[np.int64]
    other: NDArray[np.int64]
    offset: FloatArray
    squared: FloatArray


def equilibrate(
    x: FloatArray,
    cores: FloatArray,
    margins: FloatArray,
    domain: Domain,
    rng: np.random.Generator,
    sweeps: int,
) -> FloatArray:
    """Let hard spheres diffuse until their arrangement is that of thermal equilibrium.

    Metropolis moves: each particle in turn is displaced at random, and the move is rejected when
    it makes two cores overlap. Particles that are not neighbours move at the same time; every
    particle moves once per sweep. The largest displacement is tuned to an acceptance of 40 %.

    Args:
        x: centres (n, d) [m], cores free of overlap but for a tolerance.
        cores: core radii (n,) [m].
        margins: distance (n,) [m] to keep from walls.
        domain: the box.
        rng: source of random numbers.
        sweeps: number of sweeps.

    Source: Metropolis et al. 1953, J. Chem. Phys. 21, 1087.
    """
    n, d = x.shape
    # dilute particles have few neighbours, so a wide list that lasts longer is cheaper
    filled = float(np.sum(ball_volume(cores, d)) / np.prod(domain.box))
    skin = (1.5 if filled < _DILUTE else 0.8) * float(np.mean(cores))
    longest = skin / (3 * np.sqrt(d))
    step, moved = 0.3 * longest, np.inf
    colours: list[_Colour] = []
    start = x
    for sweep in range(sweeps):
        if 2 * (moved + np.sqrt(d) * step) > skin:
            start, moved = x, 0.0
            colours = _colours(close_pairs(x, cores, domain.box, domain.periodic, skin), cores, rng)
        trial = x + rng.uniform(-step, step, (n, d))
        x, accepted = _sweep(x, trial, colours, rng.permutation(len(colours)), (domain, margins))
        moved = float(np.sqrt(np.max(np.sum((x - start) ** 2, axis=1))))
        if sweep < sweeps // 2 or sweep < 10:
            step = min(step * (1.25 if accepted > _ACCEPTANCE * n else 0.75), longest)
    return x


def _sweep(
    x: FloatArray,
    trial: FloatArray,
    colours: list[_Colour],
    order: NDArray[np.int64],
    walls: tuple[Domain, FloatArray],
) -> tuple[FloatArray, int]:
    """Return the centres after one attempted move of each particle, and the number accepted."""
    domain, margins = walls
    x = x.copy()
    outside = np.any(trial != domain.clip(trial, margins), axis=1)
    accepted = 0
    for k in order:
        colour = colours[k]
        new = trial[colour.members]
        vector = x[colour.other] + colour.offset - new[colour.source]
        bad = np.einsum("ij,ij->i", vector, vector) < colour.squared
        free = np.bincount(colour.source[bad], minlength=colour.members.size) == 0
        free &= ~outside[colour.members]
        x[colour.members[free]] = new[free]
        accepted += int(np.count_nonzero(free))
    return x, accepted


def _colours(pairs: Pairs, cores: FloatArray, rng: np.random.Generator) -> list[_Colour]:
    """Split the particles into sets without neighbours, by rounds of random priorities.

    Source: Luby 1986, SIAM J. Comput. 15, 1036 (maximal independent sets).
    """
    n = cores.size
    pairs = pairs.select(pairs.first != pairs.second)
    source = np.concatenate([pairs.first, pairs.second])
    other = np.concatenate([pairs.second, pairs.first])
    offset = np.concatenate([pairs.offset, -pairs.offset])
    squared = (cores[source] + cores[other]) ** 2
    colour = np.full(n, -1)
    count = 0
    open_edges = np.arange(source.size)
    while np.any(colour < 0):
        priority = np.where(colour < 0, rng.permutation(n), -1)
        a, b = source[open_edges], other[open_edges]
        beaten = np.bincount(a[priority[a] < priority[b]], minlength=n) > 0
        colour[(colour < 0) & ~beaten] = count
        count += 1
        open_edges = open_edges[(colour[a] < 0) & (colour[b] < 0)]
    position = np.zeros(n, np.int64)
    sets = []
    for c in range(count):
        members, edges = np.flatnonzero(colour == c), np.flatnonzero(colour[source] == c)
        position[members] = np.arange(members.size)
        sets.append(
            _Colour(
                members=members,
                source=position[source[edges]],
                other=other[edges],
                offset=offset[edges],
                squared=squared[edges],
            )
        )
    return sets
