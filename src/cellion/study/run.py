"""Run the points of a study, each in a folder of its own, and gather the table and the plot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from cellion.errors import CellionError, ResultsError, StudyError
from cellion.export.plots import plot_series
from cellion.export.tables import study_table, table_row, write_table
from cellion.results.files import is_complete, load_result
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario
from cellion.study.plan import Point, plan

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["run_study"]

type Listener = Callable[[str], None]


def run_study(
    scenario: Scenario,
    comm: MPI.Comm,
    *,
    folder: Path,
    resume: bool = False,
    tell: Listener = lambda line: None,
) -> Table:
    """Run a study; each rank works on points of its own.

    Points are dealt to the ranks in turn. A point that cannot be answered is recorded with its
    reason and does not stop the others.

    Args:
        scenario: A scenario with a ``study`` section.
        comm: Communicator; rank r runs the points r, r + size, ...
        folder: Where ``table.csv``, the plot and one folder per point go.
        resume: Keep complete results of the same document.
        tell: Takes progress lines.

    Returns:
        The table for the console, with means over realisations.

    Raises:
        StudyError: There is nothing to run, or no point was answered.
    """
    from mpi4py import MPI

    points = plan(scenario)
    outcomes: list[tuple[int, RunResult | str]] = []
    for point in points[comm.rank :: comm.size]:
        outcome = _outcome(scenario, point, MPI.COMM_SELF, folder / point.name, resume)
        word = "failed" if isinstance(outcome, str) else "done"
        tell(f"point {point.index + 1} of {len(points)} ({point.label}): {word}")
        outcomes.append((point.index, outcome))
    everyone = [pair for share in comm.allgather(outcomes) for pair in share]
    answers = dict(sorted(everyone, key=lambda pair: pair[0]))
    results = {i: found for i, found in answers.items() if isinstance(found, RunResult)}
    failures = {i: found for i, found in answers.items() if isinstance(found, str)}
    if not results:
        raise StudyError(
            f"none of the {len(points)} points was answered; the first said: {failures[0]}"
        )
    if comm.rank == 0:
        _write(scenario, points, results, failures, folder)
    comm.Barrier()
    return study_table(list(results.values()))


def _outcome(
    scenario: Scenario, point: Point, comm: MPI.Comm, folder: Path, resume: bool
) -> RunResult | str:
    """Run one point, or say why it has no answer."""
    from cellion import pipeline

    if resume and (kept := _kept(point, folder)) is not None:
        return kept
    try:
        built = build_scenario(dict(point.document), path=scenario.path)
        return pipeline.run(built, comm, folder=folder)
    except CellionError as error:
        return str(error)


def _kept(point: Point, folder: Path) -> RunResult | None:
    """Return the complete result of the same document, if the folder holds it."""
    if not is_complete(folder):
        return None
    try:
        result = load_result(folder)
    except ResultsError:
        return None
    return result if result.provenance.scenario == point.document else None


def _write(
    scenario: Scenario,
    points: tuple[Point, ...],
    results: dict[int, RunResult],
    failures: dict[int, str],
    folder: Path,
) -> None:
    """Write what belongs to the whole study: the table, the failures, the plot."""
    rows = []
    for point in points:
        extra = {"point": point.name, "realisation": point.replicate + 1} | {
            path: str(value) for path, value in point.values.items()
        }
        if point.index in results:
            rows.append(table_row(results[point.index], extra))
        else:
            rows.append({"name": scenario.name, **extra, "failure": failures[point.index]})
    write_table(rows, folder / "table.csv")
    plot_series(list(results.values()), folder / "conductivity.png")
