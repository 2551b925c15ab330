"""Cells in tables and diagrams, and in the record on disk."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from cellion.cell.response import PARTS, ActiveMaterial, CellResponse
from cellion.errors import ResultsError
from cellion.export.cell_plots import plot_cells, plot_reaction, reaction_figure, resistance_figure
from cellion.export.cell_tables import cell_entries, cell_table
from cellion.export.series import Series
from cellion.export.study_table import study_table
from cellion.export.tables import console_table, table_row
from cellion.results.files import load_result, save_result
from cellion.results.record import Fraction, RunResult
from helpers.series_examples import series_of

SHARES = ActiveMaterial(connected=0.9, without_ions=0.06, without_electrons=0.03, without_both=0.01)
CELL = CellResponse(
    axis="z",
    thickness={"separator": 1e-5, "composite": 4e-5, "collector": 1e-6},
    connects=True,
    area_specific_resistance=1.1e-3,
    unconnected="excluded",
    utilisation=0.9,
    reaction_utilisation=0.75,
    reversed_share=0.02,
    parts=dict.fromkeys(PARTS, 0.0)
    | {"separator": 1e-4, "ionic": 4e-4, "interfacial": 5e-4, "electronic": 1e-4},
    depth=(0.0, 2e-5, 4e-5),
    reaction_current=(0.75, 0.25),
    active={"CAM": SHARES},
    reaction_area=4e5,
    connected_area=3e5,
    imbalance=1e-10,
    discretisation_error=0.01,
)
IDLE = CellResponse(
    axis="z",
    thickness=CELL.thickness,
    connects=False,
    area_specific_resistance=math.inf,
    unconnected="excluded",
    utilisation=0.9,
    active={"CAM": SHARES},
    reason="no conducting path connects z_min with z_max",
)


def shown(table: object) -> str:
    console = Console(width=80, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def in_cell(result: RunResult, share: float, cell: CellResponse = CELL) -> RunResult:
    """The same run with another composition, in a cell."""
    fractions = {
        name: Fraction(requested=value, meshed=value)
        for name, value in zip(result.materials, (share, 1.0 - share), strict=False)
    }
    return replace(result, carriers={}, volume_fraction=fractions, cell=cell)


def along(runs: list[RunResult], key: str, values: list[str]) -> Series:
    """Runs over a varied value."""
    return series_of([({key: value}, run) for value, run in zip(values, runs, strict=True)])


def test_what_follows_from_the_parts():
    assert CELL.cathode_resistance == pytest.approx(1.0e-3)
    assert CELL.mean_reaction_depth == pytest.approx(0.75 * 1e-5 + 0.25 * 3e-5)
    assert math.isinf(IDLE.cathode_resistance)


def test_columns_carry_units():
    row = cell_entries(CELL)
    first = ["utilisation [-]", "reaction_utilisation [-]", "reversed_reaction_share [-]"]
    assert [row[header] for header in list(row)[:3]] == [0.9, 0.75, 0.02]
    assert list(row)[:3] == first
    assert row["area_specific_resistance [Ohm m^2]"] == 1.1e-3
    assert row["resistance_interfacial [Ohm m^2]"] == 5e-4
    assert row["active_CAM_without_electrons [-]"] == 0.03
    assert all(header.endswith("]") for header in row)
    assert cell_entries(IDLE)["resistance_ionic [Ohm m^2]"] is None


def test_the_summary_adds_up_and_leaves_out_what_is_not_there():
    text = shown(cell_table(CELL, title="demo", caption="SE, CAM"))
    assert "reaction at the interface" in text
    assert "45.5" in text
    assert "collector " not in text
    assert "11" in text.splitlines()[-3]
    assert "infinite" in shown(cell_table(IDLE, title="demo", caption=""))


def test_the_summary_opens_with_who_takes_part():
    opening = shown(cell_table(CELL, title="demo", caption="")).split("┏")[0].split("\n")
    assert [line.strip() for line in opening if line.strip()] == [
        "demo",
        "active material reached by ions and electrons: 90 %",
        "reaction area reached by ions and electrons: 75 %",
        "reaction current that runs backwards: 2 %",
    ]
    idle = shown(cell_table(IDLE, title="demo", caption=""))
    assert "active material reached by ions and electrons: 90 %" in idle
    assert "backwards" not in idle


def test_tables_of_runs_show_cells(plane_run: RunResult):
    one = in_cell(plane_run, 0.4)
    assert "cathode (without layers)" in shown(console_table(one))
    runs = [one, in_cell(plane_run, 0.5)]
    series = along(runs, "particles[0].volume_fraction", ["0.6", "0.5"])
    text = shown(study_table(series, "cells"))
    assert "reaction" in text
    assert "90" in text
    assert table_row(one)["cathode_resistance [Ohm m^2]"] == pytest.approx(1.0e-3)


@pytest.mark.parametrize("cell", [CELL, IDLE])
def test_a_cell_survives_the_disk(plane_run: RunResult, tmp_path: Path, cell: CellResponse):
    saved = replace(plane_run, cell=cell)
    save_result(saved, tmp_path)
    found = load_result(tmp_path).cell
    assert found is not None
    assert found.area_specific_resistance == cell.area_specific_resistance
    assert (found.parts, found.active, found.reason) == (cell.parts, cell.active, cell.reason)
    assert (found.unconnected, found.utilisation) == ("excluded", 0.9)
    assert found.reversed_share == pytest.approx(cell.reversed_share, nan_ok=True)


def test_the_reaction_is_drawn_per_depth(tmp_path: Path):
    (axes,) = reaction_figure(CELL, "demo").axes
    assert axes.get_xlim() == (0.0, 40.0)
    (steps,) = axes.patches
    np.testing.assert_allclose(steps.get_data().values, [0.0375, 0.0125])
    assert plot_reaction(CELL, tmp_path / "reaction.png", "demo").stat().st_size > 5000


def test_parts_are_stacked_over_composition(plane_run: RunResult, tmp_path: Path):
    runs = [in_cell(plane_run, share) for share in (0.5, 0.3, 0.3)]
    runs.append(in_cell(plane_run, 0.2, IDLE))
    values = ["0.5", "0.7", "0.7", "0.8"]
    series = along(runs, "packing.particles[0].volume_fraction", values)
    (axes,) = resistance_figure(series).axes
    total = next(line for line in axes.lines if line.get_label() == "total")
    np.testing.assert_allclose(total.get_xdata(), [30.0, 50.0])
    np.testing.assert_allclose(total.get_ydata(), [11.0, 11.0])
    assert runs[0].materials[0] in axes.get_xlabel()
    assert axes.get_legend() is None
    assert plot_cells(series, tmp_path / "resistance.svg").stat().st_size > 5000


def test_a_varied_length_is_on_the_axis_as_it_was_written(plane_run: RunResult):
    runs = [in_cell(plane_run, 0.4) for _ in range(3)]
    series = along(runs, "cell.separator.thickness", ["10 um", "20 um", "40 um"])
    (axes,) = resistance_figure(series).axes
    assert axes.get_xlabel() == "thickness of separator [µm]"
    total = next(line for line in axes.lines if line.get_label() == "total")
    np.testing.assert_allclose(total.get_xdata(), [10.0, 20.0, 40.0])


def test_nothing_to_draw_is_said(plane_run: RunResult):
    series = along([in_cell(plane_run, 0.4, IDLE)], "mesh.size", ["1 um"])
    with pytest.raises(ResultsError, match="no run holds the resistance of a cell"):
        resistance_figure(series)
