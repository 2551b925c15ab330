"""Jump networks against closed forms: lattices, chains, layers, random barriers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import Boltzmann, electron_volt

from cellion.rates.corrector import reversible_diffusion
from cellion.rates.jump_network import Hop, JumpNetwork, Site, diffusivity, jump_network
from cellion.rates.lattice_gas import supercell
from cellion.rates.lattices import LATTICES, lattice_network
from helpers.lattice_shapes import SHAPES
from reference_cases.lattices import chain, square_tensor

EV = electron_volt
REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES = {e["id"]: e for e in json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]}

EXACT = 1e-10
"""What closed forms are reproduced to; the values themselves carry up to 12 digits."""


@pytest.mark.parametrize(
    ("reference", "kind", "edge", "directions"),
    [
        ("hop-sc", "sc", 1.0, 3),
        ("hop-diamond", "diamond", 1.0, 3),
        ("hop-honeycomb", "honeycomb", np.sqrt(3.0), 2),
    ],
)
def test_single_rate_lattices(reference, kind, edge, directions):
    """One rate w per neighbour: D = z w l^2/(2 d)."""
    network = lattice_network(kind, edge=edge, barrier=0.0, prefactor=1.0)
    found = diffusivity(network, 300.0).tensor[0][:directions, :directions]
    expected = ENTRIES[reference]["expected"]["D_isotropic"]
    assert found == pytest.approx(expected * np.eye(directions), rel=EXACT, abs=EXACT)


def test_two_barrier_chain():
    """Reference hop-chain-1: inequivalent sites in one dimension, E measured absolutely."""
    given = ENTRIES["hop-chain-1"]["inputs"]
    network = chain(given["E_site_eV"], given["E_saddle_eV"], given["spacing_m"], given["nu_Hz"])
    found = diffusivity(network, given["T_K"]).tensor[0, 0, 0]
    # the printed value has 12 digits
    expected = ENTRIES["hop-chain-1"]["expected"]["D_m2_s"]
    assert found == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("n", [2, 3, 7, 40])
def test_random_chains_follow_the_closed_form(n):
    """D = N^2 a^2 / (sum exp(-E_i/kT) sum exp(+E_s/kT)/nu): Zwanzig 1988, exactly."""
    rng = np.random.default_rng(1988 + n)
    sites, saddles, T = rng.uniform(0.0, 0.1, n), rng.uniform(0.2, 0.6, n), 350.0
    found = diffusivity(chain(sites, saddles, 2e-10, 7e12), T).tensor[0, 0, 0]
    kT = Boltzmann * T / EV
    sums = np.sum(np.exp(-sites / kT)) * np.sum(np.exp(saddles / kT)) / 7e12
    assert found == pytest.approx((n * 2e-10) ** 2 / sums, rel=EXACT)


def test_orthorhombic_crystal():
    """Reference hop-olivine-like: three barriers along three axes."""
    entry = ENTRIES["hop-olivine-like"]
    given = entry["inputs"]
    hops = [
        Hop(
            start="Li",
            end="Li",
            translation=tuple(np.eye(3, dtype=int)[k].tolist()),
            saddle_energy=e * EV,
            prefactor=given["nu_Hz"],
        )
        for k, e in enumerate(given["barriers_eV"])
    ]
    crystal = jump_network(np.diag(given["cell_m"]), [Site(name="Li", position=(0, 0, 0))], hops)
    tensor = diffusivity(crystal, given["T_K"]).tensor[0]
    expected = np.diag(entry["expected"]["D_diag_m2_s"])
    assert tensor == pytest.approx(expected, rel=1e-11, abs=1e-30)


@pytest.mark.parametrize("reference", ["hop-layers", "hop-randbar-1"])
def test_networks_given_by_rates(reference):
    """Edges with populations and rates; references are printed with 12 digits."""
    given = ENTRIES[reference]["inputs"]
    p = np.array(given["populations"]) / np.sum(given["populations"])
    start, end, dx, rate = (np.array(x) for x in zip(*given["edges"], strict=True))
    tensor = reversible_diffusion(len(p), start, end, (p[start] * rate)[None], dx)[0]
    expected = np.array(ENTRIES[reference]["expected"]["D_tensor"])
    assert tensor == pytest.approx(expected, rel=1e-10, abs=1e-11 * expected.max())


def test_layered_crystal_from_energies():
    """Reference hop-layers again, now from site and saddle energies."""
    sites = [
        Site(name="Li-rich", position=(0, 0, 0)),
        Site(name="La-rich", position=(0, 0, 0.5), energy=0.1 * EV),
    ]
    plane = [
        Hop(start=name, end=name, translation=t, saddle_energy=e * EV, prefactor=1.0)
        for name, e in (("Li-rich", 0.30), ("La-rich", 0.45 + 0.1))
        for t in ((1, 0, 0), (0, 1, 0))
    ]
    between = [
        Hop(start=a, end=b, translation=t, saddle_energy=0.5 * EV, prefactor=1.0)
        for a, b, t in (("Li-rich", "La-rich", (0, 0, 0)), ("La-rich", "Li-rich", (0, 0, 1)))
    ]
    tensor = diffusivity(jump_network(np.diag([1, 1, 2]), sites, plane + between), 300.0).tensor[0]
    expected = np.array(ENTRIES["hop-layers"]["expected"]["D_tensor"])
    assert tensor == pytest.approx(expected, rel=1e-10, abs=1e-16)


def random_barriers(kind, repeats, energies, seed) -> JumpNetwork:
    network = supercell(lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0), repeats)
    drawn = np.random.default_rng(seed).choice(energies, network.starts.size)
    return replace(network, saddle_energies=drawn * EV)


def test_two_dimensional_random_barriers_follow_dykhne():
    """Reference hop-dykhne-1: D = a^2 nu exp(-<E>/kT) for a symmetric distribution of barriers.

    The mean of ln D_xx and ln D_yy of 8 samples of 96 x 96 sites, within 3 standard errors (15 %).
    """
    entry = ENTRIES["hop-dykhne-1"]
    samples = [
        random_barriers("square", (96, 96, 1), entry["inputs"]["E_eV"], seed)
        for seed in range(5101, 5109)
    ]
    tensors = np.array([diffusivity(x, entry["inputs"]["T_K"]).tensor[0] for x in samples])
    logs = np.log(np.diagonal(tensors, axis1=1, axis2=2)[:, :2])
    error = np.std(logs) / np.sqrt(logs.size)
    assert error < 0.08
    expected = np.log(entry["expected"]["D_over_a2nu"])
    assert np.mean(logs) == pytest.approx(expected, abs=3 * error)


def test_dykhne_is_exact_for_a_sample_and_its_dual():
    """Reference hop-dykhne-1 without scatter.

    The dual of a sample has the other barrier on every crossing bond and is drawn as often as the
    sample itself; the geometric mean of their determinants is the Dykhne value to rounding.
    """
    entry = ENTRIES["hop-dykhne-1"]
    kT = Boltzmann * entry["inputs"]["T_K"] / EV
    low, high = np.exp(-np.array(entry["inputs"]["E_eV"]) / kT)
    along_x, along_y = np.random.default_rng(1970).choice([low, high], (2, 12, 12))
    direct = square_tensor(along_x, along_y)
    dual = square_tensor(low * high / along_y, low * high / along_x, crossed=True)
    mean = (np.linalg.det(direct) * np.linalg.det(dual)) ** 0.25
    assert mean == pytest.approx(entry["expected"]["D_over_a2nu"], rel=1e-10)


def test_two_dimensional_duality_is_exact_for_a_periodic_sample():
    """Keller: the dual square lattice (conductances inverted, bonds turned) has D* = D/det D."""
    L, rng = 8, np.random.default_rng(1964)
    along_x, along_y = 10 ** rng.uniform(-2, 2, (2, L, L))
    direct = square_tensor(along_x, along_y)
    # the dual bond crossing the x-bond of plaquette corner (i, j) runs along y, and so on
    dual = square_tensor(1.0 / along_y, 1.0 / along_x, crossed=True)
    turned = np.array([[0, -1], [1, 0]])
    assert dual == pytest.approx(turned @ np.linalg.inv(direct) @ turned.T, rel=1e-10)


def test_three_dimensional_random_barriers_near_effective_medium():
    """Weak disorder on the simple cubic lattice: effective medium theory is right to third order.

    <(c - C)/(c + 2 C)> = 0 (Kirkpatrick 1973, z = 6). With c in {exp(-0.6), 1}, the neglected
    terms and the scatter of one sample of 12^3 sites are both below 1 %.
    """
    T = 300.0
    energies = np.array([0.0, 0.6]) * Boltzmann * T / EV
    found = diffusivity(random_barriers("sc", (12, 12, 12), energies, 7331), T).mean[0]
    a, b = np.exp(-0.6), 1.0
    medium = (0.5 * (a + b) + np.sqrt(0.25 * (a + b) ** 2 + 8.0 * a * b)) / 4.0
    assert found == pytest.approx(medium, rel=0.01)


def test_no_lattice_is_left_out():
    """Every named lattice is isotropic in its conducting directions."""
    for kind in LATTICES:
        dimension, _ = SHAPES[kind]
        network = lattice_network(kind, edge=3e-10, barrier=0.3 * EV, prefactor=1e13)
        values = np.diag(diffusivity(network, 500.0).tensor[0])[:dimension]
        assert values == pytest.approx(np.full(dimension, values[0]), rel=EXACT)
