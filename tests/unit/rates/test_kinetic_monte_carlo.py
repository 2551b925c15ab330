"""Kinetic Monte Carlo: exact small systems, reproducibility, speed, refusals."""

from __future__ import annotations

import time
from itertools import combinations, permutations

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.corrector import reversible_diffusion
from cellion.rates.jump_network import Hop, Site, jump_network
from cellion.rates.kinetic_monte_carlo import simulate
from cellion.rates.lattice_gas import LatticeGas, MonteCarloBox, _filled, prepare
from cellion.rates.lattices import lattice_network
from helpers.standard_errors import mean_error

T = 600.0
KT = Boltzmann * T
SQUARE = lattice_network("square", edge=1.0, barrier=0.0, prefactor=1.0)
CUBE = lattice_network("sc", edge=1.0, barrier=0.0, prefactor=1.0)


def uneven_square():
    """Two kinds of sites and two kinds of hops on a square lattice."""
    sites = [
        Site(name="a", position=(0, 0, 0)),
        Site(name="b", position=(0.5, 0, 0), energy=0.5 * KT),
    ]
    hops = [Hop(start="a", end="b", saddle_energy=0.8 * KT, prefactor=1.0)]
    hops.append(
        Hop(start="b", end="a", translation=(1, 0, 0), saddle_energy=1.4 * KT, prefactor=1.0)
    )
    hops += [
        Hop(start=n, end=n, translation=(0, 1, 0), saddle_energy=1.0 * KT, prefactor=1.0)
        for n in "ab"
    ]
    return jump_network(np.diag([2.0, 1.0, 3.0]), sites, hops)


def exact(box: MonteCarloBox, ions: int, interaction: float):
    """Charge and tracer diffusivity per ion from the master equation of all configurations.

    Ions are labelled: states are ordered choices of places. A few hundred states at most.
    """
    number = {}
    for chosen in combinations(range(box.places), ions):
        for order in permutations(chosen):
            number[order] = len(number)
    start, end, weight, charge, tracer = [], [], [], [], []
    present, steps = box.acceptance > 0.0, box.steps
    for state, k in number.items():
        around = {i: sum(j in state for j in box.neighbours[i][present[i]]) for i in state}
        energy = 0.5 * interaction * sum(around.values())
        boltzmann = np.prod(box.weights[list(state)]) * np.exp(-energy / KT)
        for ion, i in enumerate(state):
            for slot in np.flatnonzero(present[i]):
                j = int(box.neighbours[i, slot])
                after = (*state[:ion], j, *state[ion + 1 :])
                if j in state or number[after] < k:
                    continue
                rate = box.acceptance[i, slot] * np.exp(interaction * around[i] / KT)
                start.append(k)
                end.append(number[after])
                weight.append(boltzmann * rate * box.fastest)
                charge.append(steps[i, slot])
                tracer.append(steps[i, slot] * (ion == 0))
    total = sum(
        np.prod(box.weights[list(state)])
        * np.exp(
            -0.5
            * interaction
            / KT
            * sum(sum(j in state for j in box.neighbours[i][present[i]]) for i in state)
        )
        for state in number
    )
    edges = (len(number), np.array(start), np.array(end), np.array([weight]) / total)
    tensors = [reversible_diffusion(*edges, np.array(dx))[0] for dx in (charge, tracer)]
    return tensors[0] / ions, tensors[1]


@pytest.mark.parametrize(
    ("network", "repeats", "ions", "interaction"),
    [
        (SQUARE, (3, 3, 1), 2, 0.0),
        (SQUARE, (3, 3, 1), 7, 0.0),
        (uneven_square(), (2, 3, 1), 2, 0.0),
        (uneven_square(), (2, 3, 1), 2, 0.6 * KT),
        (uneven_square(), (2, 2, 1), 5, 0.4 * KT),
        (SQUARE, (3, 3, 1), 2, -0.5 * KT),
    ],
)
def test_small_boxes_follow_the_master_equation(network, repeats, ions, interaction):
    """Blocking, energies, interaction, ions or vacancies as walkers: within 4 standard errors."""
    box = prepare(network, T, repeats)
    if ions > 3:  # too many labels for the tracer: compare the charge only, with unlabelled ions
        exact_charge, exact_tracer = unlabelled(box, ions, interaction), None
    else:
        exact_charge, exact_tracer = exact(box, ions, interaction)
    found = simulate(
        box,
        ions=ions,
        hops=12.0,
        copies=2000,
        blocks=10,
        interaction=interaction,
        charge_samples=2,
        rng=np.random.default_rng(6151),
    )
    close(found.charge, exact_charge)
    if exact_tracer is not None:
        close(found.tracer, exact_tracer)


def close(found, expected):
    difference = np.abs(found.tensor[0] - expected)
    # four standard errors for each of up to 6 numbers, and a floor for components that vanish
    assert np.all(difference <= 4.0 * found.standard_error[0] + 1e-12)
    assert found.standard_error[0, 0, 0] < 0.03 * expected[0, 0]


def unlabelled(box: MonteCarloBox, ions: int, interaction: float):
    """Charge diffusivity per ion from the configurations of ions without labels."""
    number = {frozenset(c): k for k, c in enumerate(combinations(range(box.places), ions))}
    present, steps = box.acceptance > 0.0, box.steps
    start, end, weight, charge, total = [], [], [], [], 0.0
    for state, k in number.items():
        around = {i: sum(int(j) in state for j in box.neighbours[i][present[i]]) for i in state}
        energy = 0.5 * interaction * sum(around.values())
        boltzmann = np.prod(box.weights[list(state)]) * np.exp(-energy / KT)
        total += boltzmann
        for i in state:
            for slot in np.flatnonzero(present[i]):
                after = state - {i} | {int(box.neighbours[i, slot])}
                if len(after) != ions or number[after] <= k:
                    continue
                rate = box.acceptance[i, slot] * np.exp(interaction * around[i] / KT)
                start.append(k)
                end.append(number[after])
                weight.append(boltzmann * rate * box.fastest)
                charge.append(steps[i, slot])
    conductance = np.array([weight]) / total
    edges = (len(number), np.array(start), np.array(end), conductance, np.array(charge))
    return reversible_diffusion(*edges)[0] / ions


@pytest.mark.parametrize("occupied", [0.2, 0.5, 0.8])
def test_equal_sites_without_interaction_give_the_free_share(occupied):
    """D_sigma = (1 - c) D_1 exactly, up to the correction 1/places of a closed box."""
    box = prepare(CUBE, T, (6, 6, 6))
    ions = round(occupied * box.places)
    found = simulate(
        box, ions=ions, hops=1.0, copies=512, blocks=20, rng=np.random.default_rng(6163)
    )
    expected = (box.places - ions) / (box.places - 1)
    assert found.charge.mean[0] == pytest.approx(expected, abs=4 * mean_error(found.charge))
    assert mean_error(found.charge) < 0.02 * expected


def test_the_same_seed_gives_the_same_result():
    box = prepare(CUBE, T, (3, 3, 3))
    runs = [
        simulate(box, ions=9, hops=2.0, copies=16, blocks=4, rng=np.random.default_rng(29))
        for _ in range(2)
    ]
    assert runs[0].haven_ratio == runs[1].haven_ratio
    assert np.array_equal(runs[0].tracer.tensor, runs[1].tracer.tensor)


def test_standard_errors_are_honest():
    """The scatter of 40 short runs agrees with the error each of them states."""
    box = prepare(CUBE, T, (4, 4, 4))
    runs = [
        simulate(box, ions=32, hops=3.0, copies=64, blocks=6, rng=np.random.default_rng(500 + k))
        for k in range(40)
    ]
    stated = np.sqrt(np.mean([mean_error(run.tracer) ** 2 for run in runs]))
    # the standard deviation of 40 values has itself an error of 11 %
    assert np.std([run.tracer.mean for run in runs]) == pytest.approx(stated, rel=0.4)
    assert np.std([run.haven_ratio for run in runs]) == pytest.approx(
        np.sqrt(np.mean([run.haven_error**2 for run in runs])), rel=0.4
    )


def test_ions_never_share_a_place():
    box = prepare(uneven_square(), T, (4, 4, 1))
    gas = LatticeGas(box, ions=20, copies=32, interaction=0.3 * KT, rng=np.random.default_rng(6173))
    gas.advance(3000)
    places = np.round(gas.positions() @ np.linalg.inv(box.lattice) % 1.0, 6) % 1.0
    for copy in places:
        assert len(np.unique(copy, axis=0)) == 20
    assert gas.events > 0


def test_boxes_are_filled_as_in_equilibrium():
    """Every filling of six places of three weights as often as its weight says, to 5 sigma."""
    weights = np.array([1.0, 0.3, 0.3, 1.0, 0.05, 0.3])
    order = _filled(weights, 3, 80000, np.random.default_rng(6217))
    assert np.array_equal(np.sort(order, axis=1), np.tile(np.arange(6), (80000, 1)))
    chosen = [tuple(sorted(row)) for row in order[:, :3].tolist()]
    states = list(combinations(range(6), 3))
    expected = np.array([np.prod(weights[list(state)]) for state in states])
    expected /= expected.sum()
    found = np.array([chosen.count(state) for state in states]) / 80000
    assert np.all(np.abs(found - expected) <= 5.0 * np.sqrt(expected / 80000))


def test_the_lag_is_longer_where_most_attempts_are_turned_down():
    """Sites of one energy and hops of one rate need no patience, traps do."""
    settings = {"copies": 16, "interaction": 0.0, "rng": np.random.default_rng(6221)}
    assert LatticeGas(prepare(CUBE, T, (4, 4, 4)), ions=20, **settings).patience == 1.0
    sites = [
        Site(name="a", position=(0, 0, 0)),
        Site(name="b", position=(0.5, 0, 0), energy=4 * KT),
    ]
    hops = [
        Hop(start="a", end="b", translation=t, saddle_energy=4 * KT, prefactor=1.0)
        for t in ((0, 0, 0), (-1, 0, 0))
    ]
    box = prepare(jump_network(np.eye(3), sites, hops), T, (8, 1, 1))
    assert LatticeGas(box, ions=8, **settings).patience > 10.0


def test_a_million_hops_per_second():
    """10^4 places, half full; processor time. About 2 to 4 million on a 2020s core."""
    box = prepare(CUBE, T, (22, 22, 21))
    gas = LatticeGas(box, ions=5082, copies=512, interaction=0.0, rng=np.random.default_rng(31))
    gas.advance(256)
    gas.forget()
    begin = time.process_time()
    gas.advance(2048)
    assert gas.events / (time.process_time() - begin) > 1.0e6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ions": 0}, "0 ions on 27 places"),
        ({"ions": 27}, "27 ions on 27 places"),
        ({"copies": 2}, "2 copies"),
        ({"blocks": 1}, "1 blocks"),
        ({"hops": 0.0}, "0 hops"),
    ],
)
def test_simulations_without_meaning_are_refused(change, message):
    box = prepare(CUBE, T, (3, 3, 3))
    wanted = {"ions": 5, "hops": 1.0, "rng": np.random.default_rng(7)} | change
    with pytest.raises(RatesError, match=message):
        simulate(box, **wanted)


def test_boxes_in_which_an_ion_meets_itself_are_refused():
    with pytest.raises(RatesError, match="its own neighbour"):
        prepare(CUBE, T, (3, 1, 3))


def test_lumped_sites_are_refused():
    lumped = jump_network(
        np.eye(3),
        [Site(name="ring", position=(0, 0, 0), multiplicity=6.0)],
        [Hop(start="ring", end="ring", translation=(1, 0, 0), saddle_energy=KT, prefactor=1.0)],
    )
    with pytest.raises(RatesError, match="multiplicity above 1"):
        prepare(lumped, T, (3, 3, 3))


def test_temperature_in_electron_volts_is_not_confused():
    """A barrier only sets the clock: D is proportional to exp(-E/kT)."""
    slow = lattice_network("sc", edge=1.0, barrier=0.3 * electron_volt, prefactor=1.0)
    runs = [
        simulate(
            prepare(n, T, (4, 4, 4)),
            ions=20,
            hops=2.0,
            copies=32,
            blocks=4,
            rng=np.random.default_rng(3),
        ).tracer.mean[0]
        for n in (CUBE, slow)
    ]
    assert runs[1] / runs[0] == pytest.approx(np.exp(-0.3 * electron_volt / KT))
