"""Mechanisms: what moves, what carries charge, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.errors import RatesError
from cellion.rates.correlation import (
    charge_tensor,
    correlation,
    known_correlation,
    tracer_tensor,
    uncorrelated_tensor,
)
from cellion.rates.jump_network import Hop, Site, diffusivity, jump_network
from cellion.rates.lattices import LATTICES, lattice_network
from cellion.rates.mechanisms import (
    AtomMove,
    concerted,
    divacancy,
    interstitial,
    vacancy,
)
from helpers.interstitialcies import equal_interstitialcy

SC = lattice_network("sc", edge=3e-10, barrier=0.3 * electron_volt, prefactor=1e13)
FCC = lattice_network("fcc", edge=4e-10, barrier=0.3 * electron_volt, prefactor=1e13)
T = 400.0


def two_energies():
    """Two sites that differ by 0.1 eV, on a simple cubic lattice of alternating planes."""
    sites = [
        Site(name="low", position=(0, 0, 0)),
        Site(name="high", position=(0.5, 0, 0), energy=0.1 * electron_volt),
    ]
    common = {"saddle_energy": 0.4 * electron_volt, "prefactor": 1e13}
    hops = [
        Hop(start="low", end="high", **common),
        Hop(start="high", end="low", translation=(1, 0, 0), **common),
    ]
    hops += [
        Hop(start=name, end=name, translation=t, **common)
        for name in ("low", "high")
        for t in ((0, 1, 0), (0, 0, 1))
    ]
    return jump_network(3e-10 * np.diag([2.0, 1.0, 1.0]), sites, hops)


def test_interstitials_are_independent_carriers():
    """Charge, tracer and jump network agree; the Haven ratio is 1."""
    mechanism = interstitial(two_energies(), T)
    expected = diffusivity(two_energies(), T).tensor[0]
    assert charge_tensor(mechanism) == pytest.approx(expected, rel=1e-10, abs=1e-25)
    assert tracer_tensor(mechanism, 4) == pytest.approx(expected, rel=1e-8, abs=1e-25)


def test_vacancy_and_ion_have_the_same_charge_diffusivity_on_equal_sites():
    mechanism = vacancy(SC, T)
    assert charge_tensor(mechanism) == pytest.approx(diffusivity(SC, T).tensor[0], abs=1e-25)


def test_vacancies_prefer_the_sites_where_ions_cost_most():
    """p_vacancy ~ exp(+E/kT), and vacancy jumps obey detailed balance."""
    mechanism = vacancy(two_energies(), T)
    low, high = (state.weight for state in mechanism.states)
    boltzmann = np.exp(0.1 * electron_volt / (Boltzmann * T))
    assert high / low == pytest.approx(boltzmann)
    # all saddles are equal, so a vacancy at a given site escapes at the rate of its neighbour ion
    rates = {(j.start, j.end): j.rate for j in mechanism.jumps}
    assert low * rates[0, 1] == pytest.approx(high * rates[1, 0])


def test_one_ion_rows_are_the_vacancy_mechanism():
    assert tracer_tensor(concerted(SC, T, 1), 6) == pytest.approx(
        tracer_tensor(vacancy(SC, T), 6), rel=1e-9, abs=1e-25
    )


def test_divacancies_move_without_parting():
    """On fcc each bound pair has 8 jumps: 4 ions next to both, each into either vacancy."""
    mechanism = divacancy(FCC, T)
    rate = 1e13 * np.exp(-0.3 * electron_volt / (Boltzmann * T))
    total = sum(jump.rate for jump in mechanism.jumps)
    # each of 6 orientations: 8 jumps of full rate, met from both ends at half rate
    assert total == pytest.approx(6 * 8 * rate / 2)
    lengths = [np.linalg.norm(mechanism.displacement(j.moves[0])) for j in mechanism.jumps]
    assert lengths == pytest.approx(np.full(len(lengths), 4e-10 / np.sqrt(2)))


def test_uncorrelated_sum_is_the_random_walk():
    assert uncorrelated_tensor(vacancy(SC, T)) == pytest.approx(
        diffusivity(SC, T).tensor[0], abs=1e-25
    )


def test_exchange_is_trapping():
    """The share of time spent as interstitial; the network of trap and path gives the same."""
    energy = 0.3 * electron_volt
    sites = [
        Site(name="interstitial", position=(0, 0, 0), energy=energy),
        Site(name="regular", position=(0.5, 0.5, 0.5)),
    ]
    hops = [
        Hop(
            start="interstitial",
            end="interstitial",
            translation=t,
            saddle_energy=energy + 0.2 * electron_volt,
            prefactor=1e13,
        )
        for t in ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    ]
    hops.append(
        Hop(start="interstitial", end="regular", saddle_energy=0.4 * electron_volt, prefactor=1e13)
    )
    network = jump_network(4e-10 * np.eye(3), sites, hops)
    free = 1e13 * np.exp(-0.2 * electron_volt / (Boltzmann * T)) * 16e-20
    factor = np.exp(-energy / (Boltzmann * T))
    expected = free * factor / (1 + factor)  # D = x_i D_i with the share x_i of interstitials
    assert diffusivity(network, T).tensor[0, 0, 0] == pytest.approx(expected)


def test_moving_an_atom_that_is_not_there_is_refused():
    mechanism = vacancy(SC, T)
    jump = mechanism.jumps[0]
    wrong = replace(jump, moves=(AtomMove(start=(0, (0, 0, 0)), end=jump.moves[0].start),))
    with pytest.raises(RatesError, match="from an empty place"):
        tracer_tensor(replace(mechanism, jumps=(wrong, *mechanism.jumps[1:])), 4)


def test_leaving_an_atom_where_none_belongs_is_refused():
    mechanism = vacancy(SC, T)
    wrong = replace(mechanism.jumps[0], translation=(2, 0, 0))
    with pytest.raises(RatesError, match="where its end state has none"):
        tracer_tensor(replace(mechanism, jumps=(wrong, *mechanism.jumps[1:])), 4)


def stacked():
    """Triangular layers with hops straight up: pairs across layers have no third neighbour."""
    flat = lattice_network("triangular", edge=1.0, barrier=0.0, prefactor=1.0)
    return replace(
        flat,
        starts=np.append(flat.starts, 0),
        ends=np.append(flat.ends, 0),
        translations=np.vstack([flat.translations, [0, 0, 1]]),
        saddle_energies=np.append(flat.saddle_energies, 0.0),
        prefactors=np.append(flat.prefactors, 1.0),
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: divacancy(SC, T), "no ion is next to both"),
        (lambda: divacancy(stacked(), T), r"hops \(0, 1, 0\), \(0, 0, 1\) never turn into"),
        (lambda: divacancy(two_energies(), T), "2 sites per cell"),
        (lambda: concerted(two_energies(), T, 2), "2 sites per cell"),
        (lambda: concerted(SC, T, 0), "rows of 0 ions"),
        (lambda: correlation(vacancy(SC, T), (5, 4, 6)), "three ascending sizes"),
        (lambda: known_correlation("vacancy", "fc"), "did you mean 'vacancy/fcc'"),
    ],
)
def test_mechanisms_without_meaning_are_refused(build, message):
    with pytest.raises(RatesError, match=message):
        build()


def test_interstitialcy_without_such_neighbours_is_refused():
    fcc = np.array(LATTICES["fcc"].vectors)
    with pytest.raises(RatesError, match=r"no empty sites 0\.9 m apart"):
        equal_interstitialcy(
            fcc,
            np.zeros((1, 3)),
            np.array([[0.25] * 3]),
            jump=np.sqrt(3) / 4,
            interstitial_distance=0.9,
            rate=1.0,
        )
