"""What belongs to a whole study: its table, its statistics, its plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cellion.export.tables import Entry, table_row, write_table
from cellion.results.record import RunResult
from cellion.scenario.scenario import Scenario
from cellion.study.plan import Point

__all__ = ["STUDY_FILES", "study_rows", "write_study"]

TABLE_FILE = "table.csv"
PLOT_FILES = ("conductivity.png", "conductivity.svg")
CELL_PLOT_FILES = ("resistance.png", "resistance.svg")
STUDY_FILES = (TABLE_FILE, *PLOT_FILES, *CELL_PLOT_FILES)
"""Files of a whole study, removed before it is run again."""


def study_rows(
    scenario: Scenario,
    points: Sequence[Point],
    results: Mapping[int, RunResult],
    failures: Mapping[int, str],
) -> list[dict[str, Entry]]:
    """Return one row per point, those without an answer with the reason.

    Args:
        scenario: The scenario of the study.
        points: Its points.
        results: Answers by index of the point.
        failures: Reason by index of the point.
    """
    rows: list[dict[str, Entry]] = []
    for point in points:
        extra: dict[str, Entry] = {"point": point.name, "realisation": point.replicate + 1}
        extra |= {path: str(value) for path, value in {**point.values, **point.derived}.items()}
        if point.index in results:
            rows.append(table_row(results[point.index], extra))
        else:
            rows.append({"name": scenario.name, **extra, "failure": failures[point.index]})
    return rows


def write_study(
    scenario: Scenario,
    points: Sequence[Point],
    results: Mapping[int, RunResult],
    failures: Mapping[int, str],
    folder: Path,
) -> None:
    """Write the files of the whole study.

    Args:
        scenario: The scenario of the study.
        points: Its points.
        results: Answers by index of the point.
        failures: Reason by index of the point.
        folder: The folder of the study.

    Raises:
        ResultsError: A file cannot be written.
    """
    rows = study_rows(scenario, points, results, failures)
    write_table(rows, folder / TABLE_FILE)
    in_cell = {index: run for index, run in results.items() if run.cell is not None}
    others = [run for index, run in results.items() if index not in in_cell]
    if others:
        from cellion.export.plots import plot_series  # loads Matplotlib

        for name in PLOT_FILES:
            plot_series(others, folder / name)
    if any(run.cell is not None and run.cell.connects for run in in_cell.values()):
        from cellion.export.cell_plots import plot_cells

        for name in CELL_PLOT_FILES:
            plot_cells(list(in_cell.values()), folder / name)
