"""Tables: units in every header, one column order, means and spreads for humans."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from cellion.errors import ResultsError
from cellion.export.tables import (
    console_table,
    read_table,
    table_columns,
    table_row,
    write_table,
)
from cellion.results.accuracy import AccuracyRecord
from cellion.results.record import RunResult

RunMaker = Callable[..., RunResult]


def test_every_number_has_a_unit_in_its_header(make_run: RunMaker) -> None:
    row = table_row(make_run())
    without = [header for header in row if not re.search(r" \[[^]]+\]$", header)]
    assert without == ["name", "seed"]


def test_entries_are_those_of_the_run(make_run: RunMaker) -> None:
    result = make_run(solid_electrolyte=0.42)
    row = table_row(result)
    ion = result.carriers["ion"]
    assert row["sigma_ion_yy [S/m]"] == ion.effective_conductivity[1, 1]
    assert row["sigma_ion_mean [S/m]"] == ion.mean_conductivity
    assert row["tortuosity_factor_ion_z [-]"] == ion.tortuosity_factor["z"]
    assert row["tortuosity_factor_electron_mean [-]"] == math.inf
    assert row["volume_fraction_CAM_requested [-]"] == 0.53
    assert row["weight_fraction_pore [-]"] is None
    assert row["relative_error_ion_x [-]"] == 0.004
    assert row["relative_error_electron_x [-]"] is None
    assert row["contact_area_CAM/SE [1/m]"] == 3.8e5


def test_a_table_comes_back_as_written(make_run: RunMaker, tmp_path: Path) -> None:
    rows = [table_row(make_run(solid_electrolyte=f), {"load [-]": f}) for f in (0.35, 0.5)]
    path = write_table(rows, tmp_path / "table.csv")
    assert read_table(path) == rows


def test_what_was_not_asked_is_an_empty_entry(plane_run: RunResult, tmp_path: Path) -> None:
    path = write_table([table_row(plane_run)], tmp_path / "table.csv")
    header, line = path.read_text().splitlines()
    entries = dict(zip(header.split(","), line.split(","), strict=True))
    assert entries["sigma_ion_zz [S/m]"] == ""
    assert entries["tortuosity_factor_ion_z [-]"] == ""
    assert float(entries["sigma_ion_xx [S/m]"]) > 0


def test_columns_of_later_rows_join_their_block() -> None:
    first = {"name": "a", "sigma": 1.0, "time": 2.0}
    second = {"name": "b", "sigma": 1.0, "sigma_electron": 3.0, "time": 2.0}
    assert table_columns([first, second]) == ["name", "sigma", "sigma_electron", "time"]


def test_another_file_is_refused(tmp_path: Path) -> None:
    for text in ("a,b\n1,2\n", "name,b\nx,1,2\n", "name,b\none,1,2,3\n"):
        (tmp_path / "table.csv").write_text(text)
        with pytest.raises(ResultsError, match=r"table\.csv: not a table of cellion"):
            read_table(tmp_path / "table.csv")
    with pytest.raises(ResultsError, match="cannot be read"):
        read_table(tmp_path / "missing.csv")


def printed(table: Table, width: int = 200) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(table)
    return stream.getvalue()


def entries(text: str) -> list[list[str]]:
    """Cells of the lines of a printed table."""
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_the_console_shows_every_direction_of_a_run(make_run: RunMaker) -> None:
    text = printed(console_table(make_run()), width=80)
    assert "sigma_eff" in text
    assert "[mS/cm]" in text
    assert "…" not in text
    lines = entries(text)
    assert [line[:2] for line in lines] == [
        ["ion", "x"], ["", "y"], ["", "z"], ["electron", "x"], ["", "y"], ["", "z"],
    ]  # fmt: skip
    assert lines[0][2] == f"{2.4 * 0.42**1.6 * 1.01:.4g}"
    assert lines[0][5] == "0.4"
    assert lines[3][2:] == ["0", "12", "inf", "-"]
    assert "SE 42.0 vol %" in text
    assert "298.15 K" in text


@pytest.mark.parametrize(
    ("error", "told"),
    [(0.012, "beside the bracket: about 1.2 %"), (math.nan, "not known"), (0.0, None)],
)
def test_bounds_are_shown_with_what_they_do_not_hold(
    make_run: RunMaker, error: float, told: str | None
) -> None:
    run = make_run()
    ion = run.carrier("ion")
    sigma = ion.effective_conductivity
    bounded = replace(
        ion, lower=0.9 * sigma, upper=sigma, geometry_error_estimate=dict.fromkeys("xyz", error)
    )
    accuracy = AccuracyRecord(
        width=0.1, tolerance=None, stopped="", rounding=0.0, geometry_error=error
    )
    run = replace(run, carriers={"ion": bounded}, accuracy=accuracy)
    text = printed(console_table(run))
    ends = [f"{10 * float(end):.4g}" for end in (0.9 * sigma[0, 0], sigma[0, 0])]
    assert entries(text)[0][5] == " to ".join(ends)
    assert ("flat facets" in text) is (told is not None)
    assert told is None or told in text
    row = table_row(run)
    assert row["sigma_ion_xx_lower [S/m]"] == pytest.approx(0.9 * sigma[0, 0])
    assert row["geometry_error_ion_x [-]"] == (None if math.isnan(error) else error)


def test_the_console_leaves_out_directions_not_asked_for(plane_run: RunResult) -> None:
    assert [line[1] for line in entries(printed(console_table(plane_run)))] == ["x", "y"]


def test_rows_of_runs_that_failed_fit_in_the_table(make_run: RunMaker, tmp_path: Path) -> None:
    rows = [table_row(make_run()), {"name": "ncm_li6ps5cl", "failure": "too dense"}]
    again = read_table(write_table(rows, tmp_path / "table.csv"))
    assert again[1]["failure"] == "too dense"
    assert again[1]["sigma_ion_xx [S/m]"] is None
