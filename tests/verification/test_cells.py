"""Cells whose answer is known: a series of layers, and combs that approach the porous electrode."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cellion.cell.porous_electrode import PorousElectrode
from cellion.cell.response import PARTS
from cellion.cell.steady import solve_cell
from helpers.cell_scenarios import MATERIALS, R_OF_UNIT_CURRENT, answer, cell_document

# The dissipation is quadratic in the error of the solve, currents are linear.
EXACT = 1e-8


def stacked(*edges: str, axis: str) -> dict[str, Any]:
    """20 um of SE below 30 um of CAM in a box with these other edges."""
    box = list(edges)
    box["xyz".index(axis)] = "50 um"
    return {
        "layers": {
            "box": box,
            "axis": axis,
            "materials": ["SE", "CAM"],
            "thicknesses": ["20 um", "30 um"],
        }
    }


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize(
    ("edges", "axis"), [(("5 um", ""), "y"), (("", "5 um"), "x"), (("8 um", "8 um", ""), "z")]
)
def test_layers_are_resistances_in_series(edges, axis, periodic):
    structure = stacked(*edges, axis=axis)
    structure["layers"]["periodic"] = periodic
    film = {"exchange_current_density": "2 A/m^2", "film_resistance": "50 Ohm cm^2"}
    laws = ({"between": ["CAM", "SE"], "charge_transfer": film},)
    cell = answer(cell_document(structure, axis=axis, interfaces=laws)).cell
    expected = {
        "separator": 10e-6 / 0.1,
        "ionic": 20e-6 / 0.1,
        "interfacial": R_OF_UNIT_CURRENT / 2.0 + 50e-4,
        "electronic": 30e-6 / 1.0,
        "collector": 2e-6 / 3.77e7,
    }
    total = sum(expected.values())
    assert cell.area_specific_resistance == pytest.approx(total, rel=EXACT)
    for name in PARTS:
        assert cell.parts[name] == pytest.approx(expected.get(name, 0.0), abs=EXACT * total), name
    assert cell.cathode_resistance == pytest.approx(
        expected["ionic"] + expected["interfacial"] + expected["electronic"], rel=EXACT
    )
    # All of it reacts in the plane at 20 um, which opens a slice of 2.5 um.
    assert np.flatnonzero(np.array(cell.reaction_current) > EXACT).tolist() == [8]
    assert sum(cell.reaction_current) == pytest.approx(1.0, rel=EXACT)


def test_contacts_within_a_network_have_parts_of_their_own():
    structure = {
        "layers": {
            "box": ["5 um", "40 um"],
            "axis": "y",
            "materials": ["SE", "SE", "CAM", "CAM"],
            "thicknesses": ["10 um"] * 4,
        }
    }
    laws = (
        {"between": ["CAM", "SE"], "area_resistance": "7 Ohm cm^2"},
        {"between": ["SE", "SE"], "area_resistance": "2 Ohm cm^2"},
        {"between": ["CAM", "CAM"], "carrier": "electron", "area_resistance": "3 Ohm cm^2"},
        {"between": ["Al", "CAM"], "area_resistance": "5 Ohm cm^2"},
    )
    parts = answer(cell_document(structure, interfaces=laws)).cell.parts
    # Separator | SE and SE | SE; CAM | CAM and CAM | collector.
    assert parts["ionic_contacts"] == pytest.approx(4e-4, rel=EXACT)
    assert parts["electronic_contacts"] == pytest.approx(8e-4, rel=EXACT)
    assert parts["interfacial"] == pytest.approx(7e-4, rel=EXACT)


WIDTHS = (4.0, 2.0, 1.0, 0.5)  # [um]
HEIGHT = 200.0  # [um]


def comb(width: float) -> tuple[Any, PorousElectrode]:
    """Sheets of SE and CAM from separator to collector, and what they become when thin.

    The reaction becomes slower as its area grows, so that the porous electrode is the same for all.
    """
    structure = {
        "layers": {
            "box": [f"{2 * width} um", f"{HEIGHT} um"],
            "axis": "x",
            "materials": ["SE", "CAM"],
            "thicknesses": [f"{width} um"] * 2,
        }
    }
    materials = MATERIALS | {
        "SE": {"ion": {"conductivity": "1 S/m"}},
        "CAM": {"electron": {"conductivity": "10 S/m"}},
    }
    document = cell_document(structure, exchange=width, materials=materials)
    document["mesh"] = {"size": f"{width / 2} um"}
    limit = PorousElectrode(
        thickness=HEIGHT * 1e-6,
        ionic=0.5,
        electronic=5.0,
        area=1e6 / width,
        reaction=R_OF_UNIT_CURRENT / width,
    )
    return answer(document).cell, limit


def test_thin_sheets_become_a_porous_electrode():
    """The sheets end in planes: an error of first order in their width over their height."""
    errors, spreads = [], []
    for width in WIDTHS:
        cell, limit = comb(width)
        errors.append(abs(cell.cathode_resistance / limit.resistance - 1.0))
        electronic = np.cumsum(cell.reaction_current)
        spreads.append(np.abs(electronic - limit.electronic_share(cell.depth[1:])).max())
        assert cell.imbalance < EXACT
    assert errors[-1] < 2.5e-3
    assert spreads[-1] < 2.5e-3
    for found in (errors, spreads):
        orders = np.log2(np.array(found[:-1]) / np.array(found[1:]))
        assert orders.min() > 0.95, found
        assert orders.max() < 1.05, found


def discs(exchange: float) -> dict[str, Any]:
    """Touching discs, one of them apart from all others."""
    centers = [(4, 2), (5, 5.5), (4, 9), (1, 7)]
    radii = [2.1, 1.6, 2.0, 0.6]
    return cell_document(
        {
            "spheres": {
                "box": ["8 um", "11 um"],
                "matrix": "SE",
                "spheres": [
                    {"center": [f"{x} um", f"{y} um"], "radius": f"{r} um", "material": "CAM"}
                    for (x, y), r in zip(centers, radii, strict=True)
                ],
            }
        },
        exchange=exchange,
    )


def test_the_parts_are_what_the_electrodes_measure(monkeypatch):
    """Dissipation over the square of the current, and voltage over current, agree."""
    solved = []
    monkeypatch.setattr(
        "cellion.pipeline.cell.solve_cell",
        lambda problem, watch: solved.append(solve_cell(problem, watch)) or solved[-1],
    )
    result = answer(discs(2.0))
    (solution,) = solved
    width, height = result.box
    for current in solution.currents["y"]:
        measured = width * height / current
        assert sum(result.cell.parts.values()) == pytest.approx(measured, rel=EXACT)
    assert sum(result.cell.parts.values()) == pytest.approx(
        result.cell.area_specific_resistance, rel=EXACT
    )
    assert sum(result.cell.reaction_current) == pytest.approx(1.0, rel=EXACT)


def test_a_faster_reaction_lowers_the_resistance():
    """Rayleigh's law of monotony: less of any resistance, less of the whole."""
    cells = [answer(discs(exchange)).cell for exchange in (0.02, 0.2, 2.0, 20.0, 2000.0)]
    total = [cell.area_specific_resistance for cell in cells]
    assert all(slow > fast for slow, fast in pairwise(total))
