"""Jump networks: detailed balance by construction, exact tensors, symmetry, refusals."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import Boltzmann, electron_volt
from scipy.spatial.transform import Rotation

from cellion.errors import RatesError
from cellion.rates.jump_network import (
    Hop,
    JumpNetwork,
    Site,
    diffusivity,
    hop_rates,
    jump_network,
    populations,
    saddle_from_barriers,
)
from cellion.rates.lattice_gas import supercell
from cellion.rates.lattices import cell_vectors, lattice_network

EV = electron_volt


def random_network(seed: int, n_sites: int = 4, extra_hops: int = 6) -> JumpNetwork:
    """A triclinic crystal whose sites form a chain through the cell, plus hops at random."""
    rng = np.random.default_rng(seed)
    lattice = 1e-10 * cell_vectors(rng.uniform(3, 9, 3), rng.uniform(70, 110, 3))
    energies = rng.uniform(0.0, 0.2, n_sites)
    chain = np.arange(n_sites - 1)
    starts = np.r_[chain, [0, 0, 0], rng.integers(0, n_sites, extra_hops)]
    ends = np.r_[chain + 1, [0, 0, 0], rng.integers(0, n_sites, extra_hops)]
    moves = np.r_[np.zeros((n_sites - 1, 3), int), np.eye(3, dtype=int)]
    more = rng.integers(-1, 2, (extra_hops, 3))
    more[(starts[-extra_hops:] == ends[-extra_hops:]) & ~more.any(axis=1)] = (1, 0, 1)
    return JumpNetwork(
        lattice=lattice,
        positions=rng.uniform(0, 1, (n_sites, 3)),
        site_energies=energies * EV,
        multiplicities=rng.integers(1, 4, n_sites).astype(float),
        starts=starts,
        ends=ends,
        translations=np.r_[moves, more],
        saddle_energies=rng.uniform(0.25, 0.7, starts.size) * EV,
        prefactors=10 ** rng.uniform(12, 13, starts.size),
        site_names=tuple(f"s{k}" for k in range(n_sites)),
    )


networks = st.integers(1000, 99999).map(random_network)
rotations = st.integers(1000, 99999).map(lambda s: Rotation.random(rng=s).as_matrix())
temperatures = st.floats(150.0, 1500.0)

CUBE = 4e-10 * np.eye(3)
A = Site(name="A", position=(0.0, 0.0, 0.0))
B = Site(name="B", position=(0.5, 0.0, 0.0), energy=0.1 * EV)


def hop(start="A", end="A", translation=(1, 0, 0), saddle=0.3, path=""):
    return Hop(
        start=start,
        end=end,
        translation=translation,
        saddle_energy=saddle * EV,
        prefactor=1e13,
        path=path,
    )


@given(networks, temperatures)
def test_detailed_balance_holds(network, T):
    p, (forward, backward) = populations(network, T), hop_rates(network, T)
    assert p.sum() == pytest.approx(1.0)
    assert p[:, network.starts] * forward == pytest.approx(p[:, network.ends] * backward, rel=1e-10)


@given(networks, temperatures)
def test_tensors_are_symmetric_and_positive_semidefinite(network, T):
    tensor = diffusivity(network, T).tensor[0]
    assert np.array_equal(tensor, tensor.T)
    assert np.linalg.eigvalsh(tensor).min() >= -1e-12 * np.trace(tensor)


@settings(max_examples=20, deadline=None)
@given(networks, temperatures, st.sampled_from([(2, 1, 1), (1, 3, 1), (2, 1, 2), (2, 3, 2)]))
def test_tensor_does_not_depend_on_the_choice_of_cell(network, T, repeats):
    small, large = (diffusivity(x, T).tensor for x in (network, supercell(network, repeats)))
    assert large == pytest.approx(small, rel=1e-9, abs=1e-12 * small.max())


@given(networks, rotations, temperatures)
def test_rotating_the_crystal_rotates_the_tensor(network, R, T):
    rotated = replace(network, lattice=network.lattice @ R.T)
    turned, tensor = diffusivity(rotated, T).tensor, diffusivity(network, T).tensor
    assert turned == pytest.approx(R @ tensor @ R.T, rel=1e-9, abs=1e-11 * tensor.max())


@given(networks, temperatures, st.floats(1e-3, 1e3))
def test_scaling_all_prefactors_scales_the_tensor(network, T, factor):
    scaled = replace(network, prefactors=factor * network.prefactors)
    assert diffusivity(scaled, T).tensor == pytest.approx(
        factor * diffusivity(network, T).tensor, rel=1e-10
    )


@given(networks, temperatures)
def test_positions_inside_the_cell_do_not_matter_in_the_long_run(network, T):
    moved = replace(network, positions=network.positions[::-1] + 0.1)
    assert np.array_equal(diffusivity(moved, T).tensor, diffusivity(network, T).tensor)


@given(networks, temperatures)
def test_lower_saddle_points_never_slow_diffusion(network, T):
    """Rayleigh's monotonicity law: opening one edge cannot reduce any principal value."""
    lowest = np.maximum(network.site_energies[network.starts], network.site_energies[network.ends])
    opened = network.saddle_energies.copy()
    opened[0] = lowest[0]
    faster = diffusivity(replace(network, saddle_energies=opened), T).tensor[0]
    difference = faster - diffusivity(network, T).tensor[0]
    assert np.linalg.eigvalsh(difference).min() >= -1e-10 * np.trace(faster)


def test_rates_out_of_sites_that_are_never_taken_are_right():
    """At 10 K a site 1 eV up has a population of exp(-1160), below every double."""
    high = Site(name="high", position=(0.5, 0, 0), energy=1.0 * EV)
    hops = [hop("A", "high", (0, 0, 0), 1.01), hop("high", "A", (1, 0, 0), 1.01)]
    _, backward = hop_rates(jump_network(CUBE, [A, high], hops), 10.0)
    expected = 1e13 * np.exp(-0.01 * EV / (Boltzmann * 10.0))
    assert backward[0, 0] == pytest.approx(expected, rel=1e-9)


def test_temperatures_are_vectorised():
    network = random_network(5471)
    together = diffusivity(network, [300.0, 500.0, 900.0]).tensor
    one_by_one = [diffusivity(network, T).tensor[0] for T in (300.0, 500.0, 900.0)]
    assert together == pytest.approx(np.array(one_by_one), rel=1e-12)


def test_a_multiplicity_lumps_equivalent_minima():
    """Two degenerate minima joined by a very low saddle are one site of multiplicity 2."""
    ring = [Site(name=f"m{k}", position=(0.1 * k, 0, 0)) for k in range(2)]
    fast = hop("m0", "m1", (0, 0, 0), saddle=0.001)
    exits = [hop("m1", "m0", (1, 0, 0)), hop("m0", "m0", (0, 1, 0)), hop("m0", "m0", (0, 0, 1))]
    resolved = jump_network(CUBE, ring, [fast, *exits])
    lumped_site = Site(name="ring", position=(0, 0, 0), multiplicity=2.0)
    lumped = jump_network(
        CUBE, [lumped_site], [hop("ring", "ring", t) for t in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    )
    D = [diffusivity(n, 300.0).tensor for n in (resolved, lumped)]
    # the fast hop is only exp(0.299 eV/kT) = 1e5 times faster, so the two differ by as little
    assert D[0] == pytest.approx(D[1], rel=2e-5)


def test_barriers_far_beyond_double_precision_are_exact():
    """Cages joined by a 2 eV saddle, 0.01 eV inside: rates differ by 10^33 at 300 K."""
    sites = [Site(name=n, position=(0.2 * k, 0, 0)) for k, n in enumerate("abc")]
    inside = [hop("a", "b", (0, 0, 0), 0.01), hop("b", "c", (0, 0, 0), 0.01)]
    inside.append(hop("c", "a", (0, 0, 0), 0.01))
    out = [hop("c", "a", t, 2.0) for t in ((1, 0, 0), (0, 1, 0), (0, 0, 1))]
    tensor = diffusivity(jump_network(CUBE, sites, inside + out), 300.0).tensor[0]
    rate = 1e13 * np.exp(-2.0 * EV / (Boltzmann * 300.0)) / 3.0
    assert tensor == pytest.approx(rate * 16e-20 * np.eye(3), rel=1e-12)


def test_thousand_sites_solve_within_a_second():
    """Barriers spread over 1 eV: the accurate elimination is used. Processor time is measured."""
    network = supercell(
        lattice_network("sc", edge=1e-10, barrier=0.5 * EV, prefactor=1e13), (10,) * 3
    )
    energies = np.random.default_rng(31).uniform(0.1, 1.1, network.starts.size) * EV
    network = replace(network, saddle_energies=energies)
    seconds = []
    for _ in range(2):
        begin = time.process_time()
        diffusivity(network, 300.0)
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 1.5  # about 0.8 s; the rest is for machines that share a core


@pytest.mark.parametrize("backward", [0.25 * EV, None])
def test_barriers_give_the_saddle_point(backward):
    assert saddle_from_barriers(A, B, 0.35 * EV, backward) == pytest.approx(0.35 * EV)


def test_violated_detailed_balance_is_refused():
    with pytest.raises(RatesError, match=r"detailed balance.*0\.35 eV.*0\.4 eV"):
        saddle_from_barriers(A, B, 0.35 * EV, 0.3 * EV)


def test_unconnected_sites_are_refused_by_name():
    with pytest.raises(RatesError, match=r"2 groups.*'A' and site 'B'"):
        jump_network(CUBE, [A, B], [hop(), hop("B", "B", (1, 0, 0))])


def test_a_hop_given_twice_is_refused():
    both = [hop("A", "B", (0, 0, 0)), hop("B", "A", (0, 0, 0))]
    with pytest.raises(RatesError, match=r"given before as hops\[0\]"):
        jump_network(CUBE, [A, B], both)


def test_two_paths_between_the_same_sites_add():
    one = jump_network(CUBE, [A], [hop()])
    two = jump_network(CUBE, [A], [hop(), hop(path="upper")])
    assert diffusivity(two, 300.0).tensor == pytest.approx(2 * diffusivity(one, 300.0).tensor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prefactors": np.array([-1.0])}, "prefactors: -1 found"),
        ({"multiplicities": np.array([0.0])}, "multiplicities: 0 found"),
        ({"saddle_energies": np.array([-0.2 * EV])}, "below its site 'A'"),
        ({"saddle_energies": np.array([np.nan])}, "not a finite number"),
        ({"translations": np.zeros((1, 3), int)}, "to itself in the same cell"),
        ({"starts": np.array([3])}, "site 3 found; sites are 0..0"),
        ({"lattice": np.ones((3, 3))}, "linearly dependent"),
        ({"ends": np.array([0, 0])}, r"ends: shape \(2,\) found, \(1,\) needed"),
        ({"site_names": ("A", "B")}, "site_names: 2 found, 1 needed"),
    ],
)
def test_inconsistent_networks_are_refused(change, message):
    with pytest.raises(RatesError, match=message):
        replace(jump_network(CUBE, [A], [hop()]), **change)


def test_unknown_site_names_the_nearest():
    site = Site(name="octahedral", position=(0, 0, 0))
    with pytest.raises(RatesError, match="did you mean 'octahedral'"):
        jump_network(CUBE, [site], [hop("octahedral", "octahedrl")])


def test_repeated_site_names_are_refused():
    with pytest.raises(RatesError, match="'A' is used more than once"):
        jump_network(CUBE, [A, A], [hop()])


@pytest.mark.parametrize("T", [0.0, -300.0])
def test_temperatures_at_or_below_zero_are_refused(T):
    with pytest.raises(RatesError, match="above 0 K"):
        diffusivity(jump_network(CUBE, [A], [hop()]), T)


def test_supercell_repeats_must_be_positive():
    with pytest.raises(RatesError, match="repeats"):
        supercell(jump_network(CUBE, [A], [hop()]), (2, 0, 1))


def test_a_site_entropy_is_a_multiplicity():
    """exp(S/k) = 3 acts as three equivalent minima do, also in a repeated cell."""

    def crystal(**softness):
        sites = [
            Site(name="a", position=(0, 0, 0)),
            Site(name="b", position=(0.5, 0, 0), energy=0.05 * EV, **softness),
        ]
        hops = [
            Hop(start="a", end="b", saddle_energy=0.3 * EV, prefactor=1e13),
            Hop(start="b", end="a", translation=(1, 0, 0), saddle_energy=0.4 * EV, prefactor=1e13),
        ]
        return jump_network(4e-10 * np.eye(3), sites, hops)

    soft, many = crystal(entropy=Boltzmann * np.log(3.0)), crystal(multiplicity=3.0)
    assert populations(soft, 400.0) == pytest.approx(populations(many, 400.0))
    expected = diffusivity(many, 400.0).tensor
    for network in (soft, supercell(soft, (2, 1, 1))):
        assert diffusivity(network, 400.0).tensor == pytest.approx(expected, rel=1e-10, abs=1e-30)
