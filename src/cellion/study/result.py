"""What a whole study came to: its table, its runs, what is worth telling. Read without DOLFINx.

``table.csv`` is written when all points have ended: where it is, the study has come to its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellion.errors import (
    CellionError,
    ConvergenceError,
    ResultsError,
    SetupError,
    StudyError,
    nearest,
)
from cellion.export.columns import Column, number_text, value_columns
from cellion.export.groups import Answered, answered_points
from cellion.export.series import arrange
from cellion.export.study_table import study_table
from cellion.export.tables import Entry, read_table
from cellion.results.outcome import Failure
from cellion.results.record import RunResult
from cellion.results.study import load_record, outcomes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.table import Table

__all__ = ["NOTES_FILE", "TABLE_FILE", "StudyResult", "load_study"]

TABLE_FILE = "table.csv"
NOTES_FILE = "notes.txt"


@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """A study that has come to its end.

    Attributes:
        name: Name of the scenario.
        folder: Where it is.
        columns: The varied values, in the order of the study.
        rows: One row per point, as in ``table.csv``: header, with unit, to entry. A point without
            an answer has its reason under ``failure``.
        answered: The points with an answer, in the order of the study.
        unconverged: Points whose solve did not reach its tolerance, by name.
        notes: What is worth telling, in words.
        scenario: The plain document of the scenario, with its ``study`` section.
    """

    name: str
    folder: Path
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Entry], ...] = field(repr=False)
    answered: tuple[Answered, ...] = field(repr=False)
    unconverged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    scenario: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def varied(self) -> tuple[str, ...]:
        """Headers of the columns that hold varied values, in the order of the study."""
        return tuple(column.header for column in self.columns)

    @property
    def results(self) -> Mapping[str, RunResult]:
        """The answers, by name of the point."""
        return {each.name: each.result for each in self.answered}

    @property
    def runs(self) -> tuple[RunResult, ...]:
        """The answers in the order of the study."""
        return tuple(each.result for each in self.answered)

    @property
    def failures(self) -> tuple[str, ...]:
        """Points without an answer, a line for each, with the reason."""
        return tuple(
            f"{self._label(row)} has no answer: {row['failure']}"
            for row in self.rows
            if row.get("failure") is not None
        )

    def _label(self, row: Mapping[str, Entry]) -> str:
        values = [f"{header} = {number_text(row[header])}" for header in self.varied]
        return f"{row['point']} ({', '.join([*values, f'realisation {row["realisation"]}'])})"

    @property
    def error(self) -> type[CellionError]:
        """Kind of the error when points have no answer: no convergence only if all failed so."""
        every = len(self.unconverged) == len(self.failures)
        return ConvergenceError if every else StudyError

    def check(self) -> None:
        """Refuse a study that is not complete.

        Raises:
            ConvergenceError: Points have no answer, and no solve of them reached its tolerance.
            StudyError: Points have no answer for other reasons, or files of one are missing.
        """
        if self.failures:
            raise self.error(
                f"{len(self.failures)} of {len(self.rows)} points have no answer; the reasons are "
                f"above and in {self.folder / TABLE_FILE}; --resume tries them again"
            )
        if self.unwritten:
            raise StudyError(
                f"all points are answered, but files of {len(self.unwritten)} could not be "
                f"written: {self.unwritten[0]}; --resume writes them"
            )

    @property
    def unwritten(self) -> tuple[str, ...]:
        """Notes about fields and pictures that runs should have left and have not."""
        return tuple(
            f"{name}: {note}" for name, run in self.results.items() for note in run.unwritten
        )

    def summary(self) -> Table:
        """A table for the console: one line for the realisations of a point, its values first."""
        return study_table(arrange(self.answered, self.columns), self.name)

    def header(self, name: str) -> str:
        """Return the header of a column.

        Args:
            name: The header, with or without its unit; of a key path, its last steps are enough.

        Raises:
            ResultsError: There is no such column, or there are several.
        """
        headers = list(dict.fromkeys(header for row in self.rows for header in row))
        bare = {header: header.partition(" [")[0] for header in headers}
        found = [header for header in headers if name in (header, bare[header])]
        found = found or [header for header in headers if bare[header].endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        if found:
            raise ResultsError(f"'{name}' may be any of: {', '.join(found)}")
        raise ResultsError(
            f"{self.folder}: the table has no column '{name}'{nearest(name, headers)}; its columns "
            f"are: {', '.join(headers)}"
        )

    def frame(self) -> pd.DataFrame:
        """The table as a data frame of pandas: one row per point, units in the column names.

        Raises:
            SetupError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise SetupError(
                "data frames need pandas, which is not installed; "
                "pip install 'cellion[notebook]' brings it"
            ) from None
        return pd.DataFrame(
            [{k: math.nan if v is None else v for k, v in row.items()} for row in self.rows]
        )

    def plot(self, x: str | None = None, y: str | None = None, by: str | None = None) -> Figure:
        """Draw an answer over a value: means over realisations, with error bars.

        Args:
            x: Column on the horizontal axis; by default the first varied number.
            y: Column on the vertical axis; by default the mean conductivity of the first carrier.
            by: Column that tells curves apart; by default, over a varied value, all other ones that
                do not follow from it.

        Returns:
            A figure, which a notebook shows; ``figure.savefig(...)`` writes it.

        Raises:
            ResultsError: There is no such column, or nothing to draw.
        """
        from cellion.export.plots import column_figure  # loads Matplotlib

        along = self.header(x) if x else next((h for h in self.varied if self._is_number(h)), None)
        carriers = dict.fromkeys(name for run in self.runs for name in run.carriers)
        shown = [self.header(y)] if y else [f"sigma_{name}_mean [S/m]" for name in carriers]
        if along is None or not all(map(self._is_number, [along, *shown])) or not shown:
            raise ResultsError(
                f"plot: {y or 'a conductivity'} over {x or 'a varied value'} cannot be drawn; "
                "columns of numbers are needed"
            )
        others = None if by is None else (self.header(by),)
        series = arrange(self.answered, self.columns, along=along, by=others)
        return column_figure(series, shown)

    def _is_number(self, header: str) -> bool:
        """Whether a column holds numbers."""
        found = [row[header] for row in self.rows if row.get(header) is not None]
        return bool(found) and all(isinstance(value, int | float) for value in found)


def load_study(folder: str | Path) -> StudyResult:
    """Read a study that has come to its end; DOLFINx is not needed.

    Args:
        folder: The folder that was given to `run_study`, or to ``cellion study -o``.

    Returns:
        The same that `run_study` returned.

    Raises:
        ResultsError: The folder holds no complete study, or a file of it cannot be read.
    """
    place = Path(folder)
    record = load_record(place)
    if record is None or not (place / TABLE_FILE).is_file():
        raise ResultsError(
            f"{place}: no study has come to its end in this folder; run 'cellion study' with "
            "-o and --resume to end one that was interrupted"
        )
    found = outcomes(record, place)
    columns = value_columns([point.values for point in record.points], record.scenario)
    notes = place / NOTES_FILE
    return StudyResult(
        name=record.name,
        folder=place,
        columns=tuple(columns),
        rows=tuple(read_table(place / TABLE_FILE)),
        answered=tuple(answered_points(record.points, found, place, columns)),
        unconverged=tuple(
            name
            for name, each in found.items()
            if isinstance(each, Failure) and each.kind == ConvergenceError.__name__
        ),
        notes=tuple(notes.read_text("utf-8").splitlines()) if notes.is_file() else (),
        scenario=record.scenario,
    )
