"""Monte Carlo of hard spheres: exclusion, and the statistics of equilibrium."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.microstructure.hard_spheres import equilibrate
from cellion.microstructure.pairs import close_pairs
from cellion.microstructure.relaxation import Domain, largest_overlap, relax

BOX = Domain(box=np.ones(3), periodic=np.ones(3, bool))


def radius(fraction, n):
    return (fraction / (n * 4 / 3 * np.pi)) ** (1 / 3)


def pair_correlation(x, r, edges):
    """g(r) (bins,) between distances ``edges`` in units of the diameter."""
    n = len(x)
    pairs = close_pairs(x, np.full(n, r), BOX.box, BOX.periodic, 2 * r * (edges[-1] - 1))
    distance = np.linalg.norm(pairs.vectors(x), axis=1) / (2 * r)
    shells = 4 / 3 * np.pi * (2 * r) ** 3 * np.diff(edges**3)
    return np.histogram(distance, edges)[0] / (0.5 * n * (n - 1) * shells)


@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_cores_never_overlap(fraction):
    rng = np.random.default_rng(71)
    cores = np.full(200, radius(fraction, 200))
    x, _ = relax(rng.random((200, 3)), 1.01 * cores, cores, BOX)
    x = equilibrate(x, cores, cores, BOX, rng, 20)
    assert largest_overlap(x, cores, BOX) == 0


def test_particles_stay_between_walls():
    rng = np.random.default_rng(71)
    walls = Domain(box=np.ones(3), periodic=np.array([False, True, False]))
    cores = np.full(60, 0.08)
    x, _ = relax(0.08 + 0.84 * rng.random((60, 3)), cores, cores, walls)
    x = equilibrate(x, cores, cores, walls, rng, 30)
    assert np.all((x[:, [0, 2]] >= 0.08) & (x[:, [0, 2]] <= 0.92))


def test_sizes_may_differ():
    rng = np.random.default_rng(71)
    cores = np.concatenate([np.full(5, 0.2), np.full(200, 0.03)])
    x, left = relax(rng.random((205, 3)), 1.01 * cores, cores, BOX)
    assert left < 1e-2
    moved = equilibrate(x, cores, cores, BOX, rng, 20)
    assert largest_overlap(moved, cores, BOX) == 0
    assert np.abs(moved - x).max() > 0.03


def test_contact_value_is_that_of_the_equilibrium_fluid():
    """g(sigma) = (1 - phi/2) / (1 - phi)^3.

    Source: Carnahan and Starling 1969, J. Chem. Phys. 51, 635.
    """
    fraction, n = 0.3, 400
    r = radius(fraction, n)
    cores = np.full(n, r)
    rng = np.random.default_rng(71)
    x, _ = relax(rng.random((n, 3)), 1.01 * cores, cores, BOX)
    x = equilibrate(x, cores, cores, BOX, rng, 60)
    edges = np.array([1.0, 1.05, 1.1])
    samples = []
    for _ in range(15):
        x = equilibrate(x, cores, cores, BOX, rng, 8)
        samples.append(pair_correlation(x, r, edges))
    shells = np.mean(samples, axis=0)
    # from the middle of the first two shells to contact
    contact = shells[0] + 0.5 * (shells[0] - shells[1])
    expected = (1 - fraction / 2) / (1 - fraction) ** 3
    # 15 samples of some 400 pairs each, correlated: about 2 %
    assert contact == pytest.approx(expected, rel=0.06)
