"""Occupancies of sites, and the conduction of ions that block each other, against exact answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.constants import Boltzmann

from cellion.errors import RatesError
from cellion.rates.corrector import reversible_diffusion
from cellion.rates.correlation import charge_tensor
from cellion.rates.jump_network import (
    Hop,
    JumpNetwork,
    Site,
    diffusivity,
    hop_rates,
    jump_network,
)
from cellion.rates.kinetic_monte_carlo import simulate
from cellion.rates.lattice_gas import prepare, supercell
from cellion.rates.lattices import lattice_network
from cellion.rates.mechanisms import vacancy
from cellion.rates.occupancy import lattice_gas_diffusivity, occupancy
from helpers.standard_errors import mean_error

T = 600.0
KT = Boltzmann * T


def chain(step: float) -> JumpNetwork:
    """Sites a and b in turn along x, b higher by ``step`` kT, all saddles at 4 kT."""
    return jump_network(
        np.diag([2.0, 3.0, 3.0]),
        [
            Site(name="a", position=(0, 0, 0)),
            Site(name="b", position=(0.5, 0, 0), energy=step * KT),
        ],
        [
            Hop(start="a", end="b", saddle_energy=4 * KT, prefactor=1.0),
            Hop(start="b", end="a", translation=(1, 0, 0), saddle_energy=4 * KT, prefactor=1.0),
        ],
    )


def cross(step: float) -> JumpNetwork:
    """One deep site joined with two others, half an edge away along x and y."""
    sites = [Site(name="a", position=(0, 0, 0))]
    sites += [Site(name=n, position=p, energy=step * KT) for n, p in
              (("b", (0.5, 0, 0)), ("c", (0, 0.5, 0)))]  # fmt: skip
    hops = [
        Hop(start="a", end=name, translation=cell, saddle_energy=4 * KT, prefactor=1.0)
        for name, cell in (("b", (0, 0, 0)), ("b", (-1, 0, 0)), ("c", (0, 0, 0)), ("c", (0, -1, 0)))
    ]
    return jump_network(np.eye(3), sites, hops)


def trap() -> JumpNetwork:
    """Two sites and three kinds of hops in three dimensions."""
    sites = [
        Site(name="a", position=(0, 0, 0)),
        Site(name="b", position=(0.5, 0.5, 0.5), energy=1.5 * KT),
    ]
    hops = [
        Hop(start="a", end="a", translation=t, saddle_energy=5 * KT, prefactor=1.0)
        for t in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    hops += [
        Hop(start="a", end="b", translation=t, saddle_energy=4 * KT, prefactor=2.0)
        for t in ((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1))
    ]
    return jump_network(np.eye(3), sites, hops)


def cell_tensor(network: JumpNetwork, share: float, **settings) -> np.ndarray:
    """Charge tensor of all carriers of a cell together."""
    found = lattice_gas_diffusivity(network, T, share, **settings).tensor[0]
    return found * share * network.multiplicities.sum()


def exact_tensor(network: JumpNetwork, share: float, repeats: tuple[int, int, int]) -> np.ndarray:
    """Charge tensor per cell of a periodic box: all states of all numbers of ions, weighted.

    The master equation of ions that exclude each other, state by state. Of the code under test it
    uses the chemical potential; the corrector of a chain has tests of its own.
    """
    box = supercell(network, repeats)
    potential = occupancy(network, T, share).potential[0] * KT + network.site_energies.min()
    odds = np.exp((potential - box.site_energies) / KT)
    forward, backward = (rates[0] for rates in hop_rates(box, T))
    steps = (box.positions[box.ends] - box.positions[box.starts] + box.translations) @ box.lattice
    moves = [
        move
        for k, (i, j) in enumerate(zip(box.starts.tolist(), box.ends.tolist(), strict=True))
        for move in ((i, j, forward[k], steps[k]), (j, i, backward[k], -steps[k]))
    ]
    total = np.zeros((3, 3))
    for ions in range(1, box.n_sites):
        number = {frozenset(c): k for k, c in enumerate(combinations(range(box.n_sites), ions))}
        edges = [
            (k, number[after], np.prod(odds[list(state)]) * rate, step)
            for state, k in number.items()
            for here, there, rate, step in moves
            if here in state and there not in state
            if number[after := state - {here} | {there}] > k
        ]
        start, end, flow, dx = (np.array(column) for column in zip(*edges, strict=True))
        total += reversible_diffusion(len(number), start, end, flow[None], dx)[0]
    return total / np.prod(1.0 + odds) / np.prod(repeats)


@pytest.mark.parametrize("share", [1e-18, 0.03, 0.5, 0.97])
@pytest.mark.parametrize("counts", ["ions", "vacancies"])
def test_sites_fill_like_fermions_to_the_share_that_is_asked(share, counts):
    network = replace(trap(), multiplicities=np.array([1.0, 3.0]))
    found = occupancy(network, T, share, counts)
    logs = found.log_held if counts == "ions" else found.log_free
    assert np.exp(logs[0]) @ network.multiplicities == pytest.approx(4.0 * share, rel=1e-12)
    odds = found.log_held[0] - found.log_free[0]
    assert odds[0] - odds[1] == pytest.approx(1.5, rel=1e-9)


def test_a_site_entropy_draws_ions_to_it():
    network = replace(trap(), site_entropies=np.array([0.0, 1.5 * Boltzmann]))
    np.testing.assert_allclose(occupancy(network, T, 0.3).held, 0.3, rtol=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_shares_that_leave_nothing_to_move_are_refused(share):
    with pytest.raises(RatesError, match="must lie between 0 and 1"):
        occupancy(trap(), T, share)


@pytest.mark.parametrize("share", [0.02, 0.6, 0.97])
def test_equal_sites_conduct_with_c_times_one_minus_c(share):
    cubic = lattice_network("sc", edge=1.0, barrier=KT, prefactor=1.0)
    single = diffusivity(cubic, T).tensor[0]
    np.testing.assert_allclose(cell_tensor(cubic, share), share * (1 - share) * single, rtol=1e-12)


def test_few_ions_move_like_independent_ones():
    found = lattice_gas_diffusivity(trap(), T, 1e-9).tensor[0]
    np.testing.assert_allclose(found, diffusivity(trap(), T).tensor[0], rtol=1e-7, atol=1e-12)


def test_few_vacancies_move_by_the_vacancy_mechanism():
    found = lattice_gas_diffusivity(trap(), T, 1e-9, counts="vacancies").tensor[0]
    np.testing.assert_allclose(found, charge_tensor(vacancy(trap(), T)), rtol=1e-7, atol=1e-12)
    # and these differ from few ions: vacancies sit where ions do not want to be
    assert found[0, 0] < 0.9 * diffusivity(trap(), T).tensor[0, 0, 0]


@pytest.mark.parametrize("share", [0.03, 0.4, 0.8])
def test_ions_and_the_places_they_leave_carry_the_same_current(share):
    as_vacancies = cell_tensor(trap(), 1.0 - share, counts="vacancies")
    np.testing.assert_allclose(cell_tensor(trap(), share), as_vacancies, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(("step", "share"), [(1.0, 0.5), (2.0, 0.75), (4.0, 0.5), (4.0, 0.2)])
def test_pairs_are_all_there_is_on_a_chain_of_two_sites_in_turn(step, share):
    """Exact to rounding, in a box of any length; mean field is up to four times too high."""
    exact = exact_tensor(chain(step), share, (4, 1, 1))[0, 0]
    assert cell_tensor(chain(step), share)[0, 0] == pytest.approx(exact, rel=1e-11)
    assert cell_tensor(chain(step), share, correlated=False)[0, 0] > 1.08 * exact


@pytest.mark.parametrize(
    ("step", "share", "mean_field"), [(2.0, 0.5, 1.29), (3.0, 2 / 3, 1.31), (3.0, 1 / 3, 1.87)]
)
def test_mean_field_and_pairs_bound_a_box_of_two_dimensions_from_above(step, share, mean_field):
    """A box of 12 places; what pairs miss in it is below 3 % where mean field misses 29 to 87 %."""
    exact = exact_tensor(cross(step), share, (2, 2, 1))[0, 0]
    assert exact < cell_tensor(cross(step), share)[0, 0] < 1.03 * exact
    alone = cell_tensor(cross(step), share, correlated=False)[0, 0]
    assert alone / exact == pytest.approx(mean_field, rel=0.01)


def test_pairs_agree_with_a_simulation_where_mean_field_does_not():
    """Three ions on one deep and two other sites: within 3 standard errors, below 2 % each."""
    network, cells = cross(2.5), (6, 6, 1)
    box = prepare(network, T, cells)
    run = simulate(box, ions=72, hops=6.0, copies=512, blocks=10, rng=np.random.default_rng(6211))
    found = run.charge.mean[0] * 2.0
    error = 2.0 * mean_error(run.charge)
    pairs, alone = (
        np.trace(cell_tensor(network, 2 / 3, correlated=known)) / 3.0 for known in (True, False)
    )
    assert error < 0.02 * found
    assert found == pytest.approx(pairs, abs=3.0 * error)
    assert alone > found + 8.0 * error


def test_immobile_ions_block_before_and_behind_a_hop():
    cubic = lattice_network("sc", edge=1.0, barrier=KT, prefactor=1.0)
    free = lattice_gas_diffusivity(cubic, T, 0.3).tensor
    found = lattice_gas_diffusivity(cubic, T, 0.3, available=0.4).tensor
    np.testing.assert_allclose(found, 0.4 * free, rtol=1e-12)


def test_lumped_sites_keep_the_mean_field():
    lumped = replace(trap(), multiplicities=np.array([1.0, 3.0]))
    tensors = [cell_tensor(lumped, 0.4, correlated=known) for known in (True, False)]
    np.testing.assert_array_equal(*tensors)


def test_rates_that_differ_by_forty_orders_are_no_obstacle():
    """Rounding can only leave the mean field, never less than nothing."""
    steep = replace(chain(2.0), saddle_energies=np.array([4.0, 96.0]) * KT)
    pairs, alone = (cell_tensor(steep, 0.5, correlated=known)[0, 0] for known in (True, False))
    assert 0.0 < pairs <= alone
