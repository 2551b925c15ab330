"""Kinetic Monte Carlo converges to the exact correlation factors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cellion.rates.correlation import tracer_tensor, uncorrelated_tensor
from cellion.rates.kinetic_monte_carlo import simulate
from cellion.rates.lattice_gas import prepare
from cellion.rates.lattices import lattice_network
from cellion.rates.mechanisms import vacancy
from helpers.lattice_shapes import SHAPES

REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES = {e["id"]: e for e in json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]}

T = 300.0


def unit(kind):
    return lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0)


def one_vacancy(kind, size, *, copies, blocks, seed):
    """One vacancy per box; the lag is long enough for it to visit every place several times."""
    repeats = tuple(size if k < SHAPES[kind][0] else 1 for k in range(3))
    box = prepare(unit(kind), T, repeats)
    return simulate(
        box,
        ions=box.places - 1,
        hops=4.0 * box.places,
        copies=copies,
        blocks=blocks,
        charge_samples=40,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize(("kind", "size"), [("sc", 6), ("square", 12), ("diamond", 5)])
def test_a_vacancy_in_a_finite_box_follows_the_exact_pair_chain(kind, size):
    """Same torus, so no finite-size error: within 3 standard errors, these below 0.5 %."""
    mechanism = vacancy(unit(kind), T)
    exact = np.trace(tracer_tensor(mechanism, size)) / np.trace(uncorrelated_tensor(mechanism))
    found = one_vacancy(kind, size, copies=400, blocks=10, seed=7043)
    # the vacancy makes one hop per attempt; ions = places - 1 share them
    assert found.correlation_error < 0.005 * exact
    assert found.correlation_factor == pytest.approx(exact, abs=3 * found.correlation_error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reference", "kind", "size", "seed"),
    [
        ("corr-vac-sc", "sc", 12, 7057),
        ("corr-vac-fcc", "fcc", 12, 7069),
        ("corr-vac-square", "square", 40, 7079),
        ("corr-vac-NbO_oxygen", "octahedron_vertices", 8, 7103),
    ],
)
def test_correlation_factors_of_infinite_crystals(reference, kind, size, seed):
    """Correlation factor within 3 standard errors, these below 0.5 %.

    The exact difference between the box and the infinite crystal (0.1 %) is taken off first.
    """
    mechanism = vacancy(unit(kind), T)
    expected = ENTRIES[reference]["expected"]["f"]
    torus = np.trace(tracer_tensor(mechanism, size)) / np.trace(uncorrelated_tensor(mechanism))
    found = one_vacancy(kind, size, copies=192, blocks=8, seed=seed)
    value = found.correlation_factor - (torus - expected)
    assert abs(torus - expected) < 0.005
    assert found.correlation_error < 0.005 * expected
    assert value == pytest.approx(expected, abs=3 * found.correlation_error)


@pytest.mark.slow
def test_haven_ratio_of_few_vacancies_is_the_correlation_factor():
    """One vacancy: charge moves with every hop, so H = f; standard error of H below 0.5 %."""
    mechanism = vacancy(unit("sc"), T)
    exact = np.trace(tracer_tensor(mechanism, 5)) / np.trace(uncorrelated_tensor(mechanism))
    found = one_vacancy("sc", 5, copies=1500, blocks=40, seed=7109)
    assert found.haven_error < 0.005 * exact
    assert found.haven_ratio == pytest.approx(exact, abs=3 * found.haven_error)


def test_a_dense_lattice_gas_follows_the_effective_medium_of_nakazato_and_kitahara():
    """f = 1/(1 + c (1 - f0)/(f0 (2 - c))), f0 of a vacancy: approximate, exact at c = 0 and 1.

    Source: Nakazato and Kitahara 1980, Prog. Theor. Phys. 64, 2261; known to be good to about 1 %.
    """
    box = prepare(unit("sc"), T, (8, 8, 8))
    found = simulate(
        box, ions=256, hops=12.0, copies=128, blocks=8, rng=np.random.default_rng(7121)
    )
    f0 = ENTRIES["corr-vac-sc"]["expected"]["f"]
    c = 0.5
    assert found.correlation_factor == pytest.approx(
        1.0 / (1.0 + c * (1.0 - f0) / (f0 * (2.0 - c))), rel=0.02
    )
