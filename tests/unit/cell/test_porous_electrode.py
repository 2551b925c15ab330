"""The porous electrode: reference values, limits, and its equation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.constants import R, physical_constants

from cellion.cell.porous_electrode import PorousElectrode

FARADAY = physical_constants["Faraday constant"][0]
ENTRIES = json.loads(
    (Path(__file__).parents[2] / "references" / "references.json").read_text(encoding="utf-8")
)["entries"]
REFERENCES = {e["id"]: e for e in ENTRIES if e["kind"] == "porous_electrode_dc"}


@pytest.mark.parametrize("name", REFERENCES)
def test_reference_resistance(name):
    inputs, entry = REFERENCES[name]["inputs"], REFERENCES[name]
    found = PorousElectrode(
        thickness=inputs["L_m"],
        ionic=inputs["sigma_i"],
        electronic=inputs["sigma_e"],
        area=inputs["a_per_m"],
        reaction=R * inputs["T_K"] / (FARADAY * inputs["i0_A_m2"]),
    ).resistance
    assert found == pytest.approx(entry["expected"]["ASR_ohm_m2"], rel=1e-8)


def electrode(**changes: float) -> PorousElectrode:
    values = {"thickness": 50e-6, "ionic": 0.05, "electronic": 2.0, "area": 4e5, "reaction": 0.01}
    return PorousElectrode(**(values | changes))


def test_a_slow_reaction_is_all_that_counts():
    slow = electrode(reaction=1e6)
    assert slow.resistance == pytest.approx(1e6 / (4e5 * 50e-6), rel=1e-6)
    share = np.diff(slow.electronic_share(np.linspace(0.0, 50e-6, 11)))
    np.testing.assert_allclose(share, 0.1, rtol=1e-6)


def test_a_fast_reaction_leaves_both_continua_in_parallel():
    fast = electrode(reaction=1e-12)
    assert fast.modulus > 1e3
    assert fast.resistance == pytest.approx(50e-6 / 2.05, rel=1e-2)
    # Electrons carry their share everywhere but in thin layers at both ends.
    assert fast.electronic_share(25e-6) == pytest.approx(2.0 / 2.05, rel=1e-6)


def test_swapping_ions_and_electrons_mirrors_it():
    one, other = electrode(), electrode(ionic=2.0, electronic=0.05)
    assert one.resistance == pytest.approx(other.resistance, rel=1e-14)
    x = np.linspace(0.0, 50e-6, 7)
    mirrored = 1.0 - other.electronic_share(50e-6 - x)
    np.testing.assert_allclose(one.electronic_share(x), mirrored, atol=1e-14)


def test_the_reaction_follows_the_potential_difference():
    """eta = (R / a) d(i_e)/dx obeys eta' = i_e / sigma - i_ion / kappa."""
    found, x = electrode(), np.linspace(0.0, 50e-6, 4001)
    share = found.electronic_share(x)
    eta = found.reaction / found.area * np.gradient(share, x)
    slope = share / found.electronic - (1.0 - share) / found.ionic
    inner = slice(10, -10)
    np.testing.assert_allclose(np.gradient(eta, x)[inner], slope[inner], rtol=1e-3, atol=1e-3)
    assert share[[0, -1]].tolist() == pytest.approx([0.0, 1.0], abs=1e-15)
