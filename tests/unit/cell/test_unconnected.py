"""Conductors that lead to no electrode, in the limits of long and of short times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.errors import ScenarioError
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from helpers.cell_scenarios import answer, cell_document

SOLVED = 1e-8
"""Energies are quadratic in the error of the solve."""

NAMES = {"S": "SE", "C": "CAM", "F": "CAM", "I": "SE", ".": "pore"}


def tiles(rows: list[str], *, unconnected: str | None = None, **more: Any) -> RunResult:
    """A wall of tiles from the collector down: S and I are SE, C and F are CAM, a dot is a pore."""
    structure = {
        "checkerboard": {
            "box": [f"{4 * len(rows[0])} um", f"{4 * len(rows)} um"],
            "divisions": [len(rows[0]), len(rows)],
            "materials": [NAMES[letter] for row in reversed(rows) for letter in row],
            "periodic": False,
        }
    }
    document = cell_document(structure, mesh={"size": "2 um", "smallest_size": "1 um"}, **more)
    if unconnected is not None:
        document["cell"]["unconnected"] = unconnected
    return answer(document)


FLOATING = ["CSCC", "SSSC", "SFSC", "SSSS"]
"""A particle of CAM, F, surrounded by electrolyte."""
STRANDED = ["CICC", "CCCC", "SCSC", "SSSS"]
"""A pocket of SE, I, surrounded by active material."""


@pytest.mark.parametrize("rows", [FLOATING, STRANDED])
def test_excluded_is_the_cell_with_a_pore_in_its_place(rows):
    gone = [row.replace("F", ".").replace("I", ".") for row in rows]
    found, without = tiles(rows).cell, tiles(gone).cell
    assert found.unconnected == "excluded"
    assert found.area_specific_resistance == pytest.approx(
        without.area_specific_resistance, rel=SOLVED
    )
    assert found.reaction_current == pytest.approx(without.reaction_current, abs=SOLVED)
    assert found.connected_area == pytest.approx(without.connected_area, rel=1e-12)
    assert found.reversed_share < SOLVED


@pytest.mark.parametrize("rows", [FLOATING, STRANDED])
def test_polarised_lets_current_through_and_back(rows):
    short, long = tiles(rows, unconnected="polarised"), tiles(rows, unconnected="excluded")
    assert short.cell.area_specific_resistance < long.cell.area_specific_resistance
    assert short.cell.utilisation == long.cell.utilisation
    assert short.cell.reversed_share > 1e-5
    assert sum(short.cell.reaction_current) == pytest.approx(1.0, rel=SOLVED)


def test_where_only_a_floating_particle_leads_no_current_is_sustained():
    rows = ["CCC", "ISI", "FFF", "SSS"]
    assert tiles(rows, unconnected="polarised").cell.connects
    result = tiles(rows)
    assert not result.cell.connects
    assert np.isnan(result.cell.reversed_share)
    assert any("no current flows through the cell" in note for note in result.notes)


def test_isolated_volume_is_that_of_what_takes_no_part():
    isolated = tiles(FLOATING).percolation["cell"].isolated
    # One tile of 4 um by 4 um in a box of 16 um by (16 + 12) um.
    assert isolated["CAM"]["y"] == pytest.approx(16.0 / (16.0 * 28.0), rel=1e-9)
    assert isolated["SE"]["y"] == 0.0


def test_notes_tell_what_floats_and_which_limit_it_is():
    excluded, polarised = (
        next(note for note in result.notes if note.startswith("cell.unconnected"))
        for result in (tiles(FLOATING), tiles(STRANDED, unconnected="polarised"))
    )
    assert "16.7% of CAM has no path to the collector. They take no part" in excluded
    assert "of SE has no path to the separator. Ions pass them as bipolar electrodes" in polarised
    whole = tiles(["CCC", "SSS"])
    assert not any(note.startswith("cell.unconnected") for note in whole.notes)


def test_what_runs_backwards_is_noted_above_one_percent():
    """A fast reaction on a long particle: nearly all of the current takes the way through it."""
    rows = ["CCC", "SSS", "SFS", "SFS", "SFS", "SSS"]
    result = tiles(rows, unconnected="polarised", exchange=2000.0)
    assert result.cell.reversed_share > 0.01
    (note,) = (note for note in result.notes if "runs backwards" in note)
    assert note.startswith(f"{result.cell.reversed_share:.1%} of the reaction current")
    assert not any("runs backwards" in note for note in tiles(rows, exchange=2000.0).notes)


def test_badly_connected_particles_run_backwards_in_the_long_limit_as_well():
    """A poor electronic conductor feeds the particle: current crosses it from front to back."""
    materials = {
        "SE": {"ion": {"conductivity": "0.1 S/m"}},
        "CAM": {"electron": {"conductivity": "10 S/m"}},
        "poor": {"electron": {"conductivity": "1e-6 S/m"}},
        "Al": {"electron": {"conductivity": "3.77e7 S/m"}},
        "pore": "insulator",
    }
    rows = [
        *("CAM CAM poor", "SE SE poor", "SE CAM poor", "SE CAM SE", "SE CAM SE", "SE SE SE"),
    ]
    structure = {
        "checkerboard": {
            "box": ["12 um", "24 um"],
            "divisions": [3, 6],
            "materials": [name for row in reversed(rows) for name in row.split()],
            "periodic": False,
        }
    }
    document = cell_document(structure, exchange=2000.0, materials=materials)
    document["mesh"] = {"size": "2 um", "smallest_size": "1 um"}
    result = answer(document)
    assert result.cell.utilisation == pytest.approx(1.0, rel=1e-12)
    assert result.cell.reversed_share > 0.01
    assert any("with a bad path to the collector" in note for note in result.notes)


def test_one_label_may_hold_both():
    """A wall of overlapping discs cuts the matrix, one label, in two: the upper is stranded."""
    centers = [(2, 4), (6, 4), (2, 8), (2, 12), (6, 10)]
    radii = [2.2, 2.2, 2.2, 2.2, 1.0]
    discs = [
        {"center": [f"{x} um", f"{y} um"], "radius": f"{r} um", "material": "CAM"}
        for (x, y), r in zip(centers, radii, strict=True)
    ]
    structure = {"spheres": {"box": ["8 um", "14 um"], "matrix": "SE", "spheres": discs}}
    cell = answer(cell_document(structure, mesh={"size": "1 um"})).cell
    # All reacts below the middle of the wall, at 4 um of 14, slice 5 of 20.
    assert sum(cell.reaction_current[:6]) == pytest.approx(1.0, rel=SOLVED)
    assert cell.reaction_current[6:] == (0.0,) * 14
    assert cell.reaction_utilisation < 0.3


def test_other_limits_are_refused():
    document = cell_document({"checkerboard": {}})
    document["cell"]["unconnected"] = "polarized"
    with pytest.raises(ScenarioError, match="did you mean 'polarised'"):
        build_scenario(document)
