"""What a report is about: the answers in a folder, read and put in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cellion.errors import ResultsError
from cellion.export.columns import Column, value_columns
from cellion.export.groups import Answered, answered_points
from cellion.export.series import Series, arrange
from cellion.export.tables import Entry, read_table
from cellion.results.files import RESULTS_FILE, is_complete, load_result
from cellion.results.fit import FIT_FILE
from cellion.results.outcome import Failure
from cellion.results.record import RunResult
from cellion.results.study import (
    PlannedPoint,
    StudyRecord,
    begun_record,
    load_record,
    outcomes,
)

__all__ = ["Subject", "read_subject"]

STATISTICS = (
    *("replicates.csv", "quantiles.csv", "sobol_indices.csv", "representative_volume.csv"),
)

type Row = Mapping[str, Entry]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The content of a folder.

    Attributes:
        folder: The folder.
        name: Name of the scenario.
        description: What it says about itself.
        scenario: The scenario, as plain document.
        answered: Runs with an answer, in order.
        failed: Runs without one and the reason.
        missing: Runs of which nothing is known.
        columns: What was varied; empty for a single run.
        study: Whether it is a study.
        complete: Whether all runs of the study are known by name.
        statistics: Rows of the tables of statistics, by file name.
        damage: What is wrong with files that the page does without.
    """

    folder: Path
    name: str
    description: str
    scenario: Mapping[str, Any]
    answered: Sequence[Answered]
    failed: Sequence[tuple[PlannedPoint, Failure]] = ()
    missing: Sequence[PlannedPoint] = ()
    columns: Sequence[Column] = ()
    study: bool = False
    complete: bool = True
    statistics: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    damage: Sequence[str] = ()

    @cached_property
    def series(self) -> Series:
        """The answers, of which there must be one, along an axis."""
        return arrange(self.answered, self.columns)

    @property
    def runs(self) -> list[RunResult]:
        """The answers."""
        return [each.result for each in self.answered]

    @property
    def total(self) -> int:
        """Number of runs, whatever became of them."""
        return len(self.answered) + len(self.failed) + len(self.missing)

    @property
    def carriers(self) -> list[str]:
        """Carriers that some run has an effective conductivity of."""
        found = dict.fromkeys(name for run in self.runs for name in run.carriers)
        return [name for name in ("ion", "electron") if name in found]

    @property
    def sampled(self) -> bool:
        """Whether values were drawn from distributions."""
        return any(each.sample is not None for each in self.answered)


def read_subject(folder: Path) -> Subject:
    """Read the folder of a run or a study.

    Args:
        folder: The folder, or the ``results.json`` in it.

    Raises:
        ResultsError: It is missing, holds no results, or a file in it cannot be read.
    """
    if folder.name == RESULTS_FILE:
        folder = folder.parent
    if not folder.is_dir():
        raise ResultsError(f"{folder}: {_what_instead(folder)}")
    if is_complete(folder):
        return _run(folder)
    damage: list[str] = []
    record = _record(folder, damage)
    if record is None and damage:
        raise ResultsError(damage[0])
    if record is None:
        raise ResultsError(f"{folder}: there are no results in this folder; {_hint(folder)}")
    found = outcomes(record, folder)
    if not found:
        raise ResultsError(
            f"{folder}: none of the {len(record.points)} runs of this study has come to its end; "
            "wait for them, or run cellion study again with --resume"
        )
    answers = [each for each in found.values() if isinstance(each, RunResult)]
    first = answers[0] if answers else None
    scenario = record.scenario or (first.provenance.scenario if first else {})
    columns = value_columns([point.values for point in record.points], scenario)
    failed = [(p, each) for p in record.points if isinstance(each := found.get(p.name), Failure)]
    told = record.description or (first.description if first else None)
    return Subject(
        folder=folder,
        name=first.name if first and not record.complete else record.name,
        description=told or "",
        scenario=scenario,
        answered=answered_points(record.points, found, folder, columns),
        failed=failed,
        missing=[point for point in record.points if point.name not in found],
        columns=columns,
        study=True,
        complete=record.complete,
        statistics=_statistics(folder, damage),
        damage=damage,
    )


def _record(folder: Path, damage: list[str]) -> StudyRecord | None:
    """What the study asks; if that cannot be read, what is known of its points."""
    try:
        return load_record(folder)
    except ResultsError as error:
        damage.append(str(error))
        return begun_record(folder)


def _run(folder: Path) -> Subject:
    result = load_result(folder)
    return Subject(
        folder=folder,
        name=result.name,
        description=result.description or "",
        scenario=result.provenance.scenario,
        answered=[Answered(name=folder.resolve().name, folder=folder, result=result)],
    )


def _statistics(folder: Path, damage: list[str]) -> dict[str, Sequence[Row]]:
    """Read the tables of statistics that are there."""
    found: dict[str, Sequence[Row]] = {}
    for name in STATISTICS:
        try:
            found |= {name: read_table(folder / name)} if (folder / name).is_file() else {}
        except ResultsError as error:
            damage.append(str(error))
    return found


def _what_instead(folder: Path) -> str:
    if folder.exists():
        return "this is a file; name the folder of a run or of a study"
    parent = folder.parent
    beside = sorted(p.name for p in parent.iterdir() if p.is_dir()) if parent.is_dir() else []
    others = f"; folders there: {', '.join(beside[:8])}" if beside else ""
    return f"there is no such folder{others}"


def _hint(folder: Path) -> str:
    """Say what may be meant instead of a folder without results."""
    if (folder / FIT_FILE).is_file():
        return f"it is the folder of a fit, whose answer is {FIT_FILE} and fit.csv"
    below = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and (is_complete(path) or (path / "study.json").is_file())
    )
    if below:
        return f"name one in it: {', '.join(below[:8])}"
    return "a run that was interrupted leaves none: run the scenario again"
