"""The simulation of one defect: uneven states, reproducibility, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.constants import Boltzmann

from cellion.errors import RatesError
from cellion.rates.correlation import charge_tensor, tracer_tensor
from cellion.rates.jump_network import Hop, Site, jump_network
from cellion.rates.lattices import lattice_network
from cellion.rates.mechanisms import vacancy
from helpers.defect_walk import walk_defect

T = 500.0
SQUARE = vacancy(lattice_network("square", edge=1.0, barrier=0.0, prefactor=1.0), T)


def test_states_of_unlike_weight_and_rate_follow_the_exact_chain():
    """A vacancy that prefers one of two sites: tensors within 4 standard errors."""
    kT = Boltzmann * T
    sites = [Site(name="a", position=(0, 0, 0)), Site(name="b", position=(0.5, 0, 0), energy=kT)]
    hops = [
        Hop(start="a", end="b", saddle_energy=1.5 * kT, prefactor=1.0),
        Hop(start="b", end="a", translation=(1, 0, 0), saddle_energy=1.2 * kT, prefactor=1.0),
    ]
    hops += [
        Hop(start=n, end=n, translation=(0, 1, 0), saddle_energy=2.0 * kT, prefactor=1.0)
        for n in "ab"
    ]
    mechanism = vacancy(jump_network(np.diag([2.0, 1.0, 3.0]), sites, hops), T)
    found = walk_defect(
        mechanism, 4, lag=200, copies=512, blocks=12, rng=np.random.default_rng(6211)
    )
    exact_tracer, exact_charge = np.trace(tracer_tensor(mechanism, 4)), charge_tensor(mechanism)
    ratio = exact_tracer / np.trace(exact_charge)
    assert found.haven_error < 0.02
    assert found.haven_ratio == pytest.approx(ratio, abs=4 * found.haven_error)
    relative = found.correlation_error / found.correlation_factor
    assert np.trace(found.tracer) == pytest.approx(exact_tracer, rel=4 * relative)


def test_the_same_seed_gives_the_same_result():
    runs = [
        walk_defect(SQUARE, 4, lag=32, copies=8, blocks=3, rng=np.random.default_rng(6217))
        for _ in range(2)
    ]
    assert runs[0].haven_ratio == runs[1].haven_ratio
    assert runs[0].events == 8 * 3 * 32


@pytest.mark.parametrize(
    "change", [{"size": 2}, {"lag": 8}, {"copies": 4}, {"blocks": 2}, {"charge_samples": 0}]
)
def test_walks_without_meaning_are_refused(change):
    wanted = {"size": 4, "lag": 32, "copies": 8, "blocks": 3} | change
    with pytest.raises(RatesError, match="defect walk"):
        walk_defect(SQUARE, rng=np.random.default_rng(3), **wanted)
