"""Correlation factors and Haven ratios: recomputed from the mechanisms, beside the literature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cellion.rates.correlation import correlation, known_correlation, known_correlations
from cellion.rates.lattices import LATTICES, lattice_network
from cellion.rates.mechanisms import (
    concerted,
    divacancy,
    interstitial,
    vacancy,
)
from reference_cases.lattices import COLLINEAR, QUARTERS, pushed

REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES = {e["id"]: e for e in json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]}

T = 300.0
BENT = np.sqrt(0.5)


def unit(kind):
    return lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0)


CENTRE = np.array([[0.5, 0.5, 0.5]])
MECHANISMS = {
    "interstitial/any": lambda: interstitial(unit("fcc"), T),
    "divacancy/fcc": lambda: divacancy(unit("fcc"), T),
    "interstitialcy collinear/silver halide": lambda: pushed(np.zeros((1, 3)), QUARTERS, COLLINEAR),
    "interstitialcy non-collinear/silver halide": lambda: pushed(np.zeros((1, 3)), QUARTERS, 0.5),
    "interstitialcy non-collinear/fluorite": lambda: pushed(QUARTERS, CENTRE, BENT),
}
MECHANISMS |= {f"vacancy/{kind}": lambda kind=kind: vacancy(unit(kind), T) for kind in LATTICES}
SMALL = {
    "vacancy/garnet_24c": (4, 6, 8),
    "vacancy/garnet_24d": (4, 6, 8),
    "vacancy/octahedron_vertices": (6, 8, 12),
}


@pytest.mark.parametrize("entry", known_correlations(), ids=lambda e: f"{e.mechanism}/{e.lattice}")
def test_the_table_is_what_the_mechanisms_give(entry):
    """Every tabulated value within its own uncertainty plus that of the extrapolation."""
    key = f"{entry.mechanism}/{entry.lattice}"
    found = correlation(MECHANISMS[key](), SMALL.get(key))
    allowed = entry.uncertainty + found.uncertainty + 2e-7
    assert allowed < 2e-4
    assert found.correlation_factor == pytest.approx(entry.correlation_factor, abs=allowed)
    # Haven ratios of the table are rounded like f, times the ratio of the two
    ratio = max(1.0, entry.haven_ratio / max(entry.correlation_factor, 1e-3))
    assert found.haven_ratio == pytest.approx(entry.haven_ratio, abs=2 * ratio * allowed)


@pytest.mark.parametrize(
    ("reference", "key"),
    [
        ("corr-vac-sc", "vacancy/sc"),
        ("corr-vac-fcc", "vacancy/fcc"),
        ("corr-vac-square", "vacancy/square"),
        ("corr-vac-NbO_oxygen", "vacancy/octahedron_vertices"),
        ("corr-int-agx_collinear", "interstitialcy collinear/silver halide"),
    ],
)
def test_references(reference, key):
    """Public references allow 5e-4; 2e-6 is reached."""
    expected = ENTRIES[reference]["expected"]
    found = correlation(MECHANISMS[key](), SMALL.get(key))
    assert found.correlation_factor == pytest.approx(expected["f"], abs=2e-6)
    assert found.haven_ratio == pytest.approx(expected["haven"], abs=2e-6)


def test_hexagonal_close_packing_is_anisotropic():
    """Reference corr-vac-hcp_c: along c as in fcc, in the basal plane a little less."""
    mechanism = vacancy(unit("hcp"), T)
    found = correlation(mechanism)
    f = np.diag(found.tracer) / np.diag(found.charge)
    expected = ENTRIES["corr-vac-hcp_c"]["expected"]["f"]
    assert f == pytest.approx([0.78120489, 0.78120489, expected], abs=1e-6)


def test_collinear_interstitialcy_moves_twice_the_charge():
    """D_charge is twice the uncorrelated tracer sum: |d1+d2|^2 against 2 |d|^2."""
    expected = ENTRIES["corr-int-agx_collinear"]["expected"]
    found = correlation(MECHANISMS["interstitialcy collinear/silver halide"]())
    ratio = found.correlation_factor / found.haven_ratio
    assert ratio == pytest.approx(expected["D_sigma_over_Drandom"], abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rows_that_move_together_share_their_correlation(n):
    """A row of n ions moves n times the charge of one: H = f/n, exactly."""
    found = correlation(concerted(unit("sc"), T, n), (8, 12, 16))
    assert found.haven_ratio == pytest.approx(found.correlation_factor / n, rel=1e-12)
    assert 0.6 < found.correlation_factor < 0.7


def test_tabulated_values_are_found_by_name():
    assert known_correlation("vacancy", "diamond").correlation_factor == 0.5
