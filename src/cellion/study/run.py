"""Run the points of a study, each in a folder of its own, and gather the table and the plot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import on_root

from rich.table import Table

from cellion.errors import CellionError, ResultsError, StudyError
from cellion.export.plots import plot_series
from cellion.export.tables import Entry, study_table, table_row, write_table
from cellion.results.files import (
    RESULTS_FILE,
    is_complete,
    load_result,
    open_folder,
    remove_old,
)
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario
from cellion.study.plan import Point, plan

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["run_study"]

TABLE_FILE = "table.csv"
PLOT_FILES = ("conductivity.png", "conductivity.svg")

_PROGRESS_TAG = 907

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
    reason and does not stop the others. Fields are kept of the first realisation of each
    combination of values, pictures of the combination in the middle.

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
        ResultsError: The folder cannot be written.
    """
    from mpi4py import MPI

    # PETSc starts on all ranks together, also on those that have no point to run.
    import cellion.pipeline.run  # noqa: F401

    points = plan(scenario)
    on_root(comm, lambda: _open(folder))
    middle = points[len(points) // 2].values
    progress = _Progress(comm, len(points), tell)
    outcomes: list[tuple[int, RunResult | str]] = []
    for point in points[comm.rank :: comm.size]:
        outcome = _outcome(
            scenario,
            point,
            MPI.COMM_SELF,
            folder / point.name,
            resume=resume,
            pictures=point.values == middle,
        )
        progress.report(f"{point.label}: {'failed' if isinstance(outcome, str) else 'done'}")
        outcomes.append((point.index, outcome))
    progress.finish()
    everyone = [pair for share in comm.allgather(outcomes) for pair in share]
    answers = dict(sorted(everyone, key=lambda pair: pair[0]))
    results = {i: found for i, found in answers.items() if isinstance(found, RunResult)}
    failures = {i: found for i, found in answers.items() if isinstance(found, str)}
    on_root(comm, lambda: _write(scenario, points, results, failures, folder))
    if not results:
        raise StudyError(
            f"none of the {len(points)} points was answered; the first said: {failures[0]}"
        )
    for index, reason in failures.items() if comm.rank == 0 else ():
        tell(f"{points[index].label} has no answer: {reason}")
    return study_table(list(results.values()))


def _open(folder: Path) -> None:
    """Make the folder of the study ready, without the table and the plot of an earlier one."""
    open_folder(folder)
    remove_old(folder, (TABLE_FILE, *PLOT_FILES))


class _Progress:
    """Lines of all ranks, told by rank 0 as they come in, with the time that is left."""

    def __init__(self, comm: MPI.Comm, total: int, tell: Listener) -> None:
        """Start the clock.

        Args:
            comm: Communicator.
            total: Number of points of all ranks.
            tell: Takes the lines on rank 0.
        """
        self._comm, self._total, self._tell = comm, total, tell
        self._start, self._done = time.perf_counter(), 0

    def report(self, line: str) -> None:
        """Say that a point of this rank has ended."""
        if self._comm.rank:
            self._comm.send(line, dest=0, tag=_PROGRESS_TAG)
            return
        self._say(line)
        while self._comm.iprobe(tag=_PROGRESS_TAG):
            self._say(self._comm.recv(tag=_PROGRESS_TAG))

    def finish(self) -> None:
        """Wait for the lines of the other ranks (rank 0)."""
        while self._comm.rank == 0 and self._done < self._total:
            self._say(self._comm.recv(tag=_PROGRESS_TAG))

    def _say(self, line: str) -> None:
        self._done += 1
        left = (time.perf_counter() - self._start) * (self._total / self._done - 1)
        self._tell(f"[{self._done}/{self._total}] {line}; about {left:.0f} s left")


def _outcome(
    scenario: Scenario,
    point: Point,
    comm: MPI.Comm,
    folder: Path,
    *,
    resume: bool,
    pictures: bool,
) -> RunResult | str:
    """Run one point, or say why it has no answer."""
    from cellion.pipeline.run import run

    try:
        built = build_scenario(dict(point.document), path=scenario.path)
        if resume and (kept := _kept(built, folder)) is not None:
            return kept
        first = point.replicate == 0
        return run(built, comm, folder=folder, fields=first, pictures=first and pictures)
    except CellionError as error:
        return str(error)


def _kept(scenario: Scenario, folder: Path) -> RunResult | None:
    """Return the complete result of the same document and mesh file, if the folder holds it."""
    if not is_complete(folder):
        return None
    try:
        result = load_result(folder)
    except ResultsError:
        return None
    if result.provenance.scenario != json.loads(json.dumps(scenario.source)):
        return None
    mesh = scenario.microstructure.mesh
    made = (folder / RESULTS_FILE).stat().st_mtime
    return None if mesh is not None and mesh.file.stat().st_mtime > made else result


def _write(
    scenario: Scenario,
    points: tuple[Point, ...],
    results: dict[int, RunResult],
    failures: dict[int, str],
    folder: Path,
) -> None:
    """Write what belongs to the whole study: the table, the failures, the plot."""
    rows: list[dict[str, Entry]] = []
    for point in points:
        extra: dict[str, Entry] = {"point": point.name, "realisation": point.replicate + 1}
        extra |= {path: str(value) for path, value in point.values.items()}
        if point.index in results:
            rows.append(table_row(results[point.index], extra))
        else:
            rows.append({"name": scenario.name, **extra, "failure": failures[point.index]})
    write_table(rows, folder / TABLE_FILE)
    for name in PLOT_FILES if results else ():
        plot_series(list(results.values()), folder / name)
