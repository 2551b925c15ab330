"""Run the points of a study, each in a folder of its own, and gather what they came to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

from cellion.parallel import on_root, raise_anywhere, world

from cellion.errors import CellionError, ResultsError, StudyError
from cellion.pipeline.resources import available_memory
from cellion.results.files import remove_old
from cellion.results.identity import question_key
from cellion.results.outcome import save_failure
from cellion.results.ownership import owned, refuse_other_kind
from cellion.results.study import PlannedPoint, StudyRecord, outcomes, save_record
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario
from cellion.study.bar import notebook_bar
from cellion.study.cluster import Submission, run_jobs
from cellion.study.folder import arrange, refuse_finished
from cellion.study.foresee import foresee
from cellion.study.gather import STUDY_FILES, Answers, write_study
from cellion.study.plan import Point, plan
from cellion.study.progress import Progress, Watcher
from cellion.study.result import StudyResult, load_study
from cellion.study.session import Session, begin_point, close_session, save_session, work
from cellion.study.worker import run_workers

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Execution", "run_study"]

_PAUSE = 0.05

type Listener = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Who answers the points.

    Attributes:
        ranks_per_point: Ranks of MPI that answer a point together.
        workers: Worker processes, or jobs of a batch system; 0 for none: this process and the
            other ranks answer the points themselves.
        submission: Batch system that runs the jobs; None for worker processes on this machine.
    """

    ranks_per_point: int = 1
    workers: int = 0
    submission: Submission | None = None

    def check(self, ranks: int) -> None:
        """Refuse what does not go together.

        Args:
            ranks: Ranks that were started.

        Raises:
            StudyError: It does not.
        """
        alone = self.workers or self.submission is not None
        if alone and ranks > 1:
            raise StudyError(
                f"found {ranks} ranks and worker processes or jobs; start either with mpirun, or "
                "with --workers or --submit"
            )
        if not alone and ranks % self.ranks_per_point:
            fitting = [n for n in range(1, ranks + 1) if ranks % n == 0]
            raise StudyError(
                f"--ranks-per-point: found {self.ranks_per_point}, but {ranks} ranks were started "
                f"and all of them are to be used; allowed: {', '.join(map(str, fitting))}"
            )
        if self.workers and self.submission is None and self.ranks_per_point > 1:
            raise StudyError(
                "--ranks-per-point: worker processes have one rank each; start with mpirun instead "
                "of --workers"
            )


def run_study(
    scenario: Scenario,
    comm: MPI.Comm | None = None,
    *,
    folder: str | Path,
    resume: bool = False,
    restart: bool = False,
    execution: Execution | None = None,
    show: Listener | None = None,
) -> StudyResult:
    """Run a study (collective).

    Points are taken one after the other by groups of ranks, by worker processes, or by jobs. A
    point that cannot be answered is recorded with its reason and does not stop the others. Fields
    are kept of the first realisation of each combination of values, pictures of the combination in
    the middle.

    Args:
        scenario: A scenario with a ``study`` section, such as `vary` makes.
        comm: Communicator; by default all ranks.
        folder: Where the tables, the plots and one folder per point go.
        resume: Keep finished points of the same questions, and set the others aside.
        restart: Delete finished points.
        execution: Who answers the points; by default every rank of ``comm`` one at a time.
        show: Takes the steps of progress, on rank 0; by default a bar in a notebook.

    Returns:
        The study, on all ranks; `load_study` reads the same from the folder.

    Raises:
        StudyError: There is nothing to run, the folder holds finished points and nothing is said
            about them, or no point was answered.
        ConvergenceError: No point was answered, since no solve reached its tolerance.
        ResultsError: The folder cannot be written, is in use, or belongs to a run.
    """
    ranks, place = world(comm), Path(folder)
    execution = execution or Execution()
    execution.check(ranks.size)
    if resume and restart:
        raise StudyError("found both resume and restart; one keeps what the other deletes")
    told = resume or restart
    with ExitStack() as stack:
        on_root(ranks, lambda: stack.enter_context(_owned(scenario, place, told=told)))
        session = on_root(ranks, lambda: _open(scenario, place, resume))
        look = Watcher(session, show or notebook_bar()).look if ranks.rank == 0 else _nothing
        _execute(session, ranks, execution, look)
        result = on_root(ranks, lambda: _gather(scenario, session))
    if not result.answered:
        raise result.error(
            f"none of the {len(session.points)} points was answered; the first said: "
            f"{result.rows[0]['failure']}"
        )
    return result


def _nothing() -> None:
    """Look at nothing: ranks other than 0 do not speak."""


@contextmanager
def _owned(scenario: Scenario, folder: Path, *, told: bool) -> Iterator[None]:
    """Own the folder of a study that can be run in it (rank 0)."""
    plan(scenario)
    refuse_other_kind(folder, "study")
    with owned(folder, "study"):
        if not told:
            refuse_finished(folder)
        yield


def _open(scenario: Scenario, folder: Path, resume: bool) -> Session:
    """Find out what is to be done (rank 0)."""
    points = plan(scenario)
    remove_old(folder, STUDY_FILES)
    built = [build_scenario(dict(point.document), path=scenario.path) for point in points]
    keys = tuple(question_key(each) for each in built)
    names = [point.name for point in points]
    finished, aside = arrange(folder, dict(zip(names, keys, strict=True)), resume=resume)
    save_record(_record(scenario, points, keys), folder)
    left = [point.index for point in points if point.name not in finished]
    faults = foresee([built[index] for index in left]).faults
    session = Session(
        folder=folder,
        path=scenario.path,
        points=points,
        keys=keys,
        todo=tuple(i for i, fault in zip(left, faults, strict=True) if fault is None),
        aside=aside,
    )
    for index, fault in zip(left, faults, strict=True):
        if fault is not None:
            begin_point(session, index)
            save_failure(session.place(index), fault)
    save_session(session)
    return session


def _record(scenario: Scenario, points: Sequence[Point], keys: Sequence[str]) -> StudyRecord:
    """What is asked, for those who read the folder later."""
    planned = (
        PlannedPoint(
            name=point.name,
            values=point.all_values,
            realisation=point.replicate + 1,
            sample=point.row,
            key=key,
        )
        for point, key in zip(points, keys, strict=True)
    )
    return StudyRecord(
        name=scenario.name,
        points=tuple(planned),
        description=scenario.description,
        scenario=scenario.source,
    )


def _execute(
    session: Session, comm: MPI.Comm, execution: Execution, look: Callable[[], None]
) -> None:
    """Answer the points that are left (collective)."""
    if not session.todo:
        return
    count = min(max(1, execution.workers), len(session.todo))
    memory = available_memory()
    if execution.submission is not None:
        ranks = execution.ranks_per_point
        run_jobs(session, execution.submission, count, ranks=ranks, look=look)
    elif execution.workers:
        run_workers(session, count, memory=None if memory is None else memory / count, look=look)
    else:
        _share(session, comm, execution.ranks_per_point, look)


def _share(session: Session, comm: MPI.Comm, ranks: int, look: Callable[[], None]) -> None:
    """Answer the points in groups of ranks (collective)."""
    from mpi4py import MPI

    # PETSc starts on all ranks together, also on those that have no point to run.
    import cellion.pipeline.run  # noqa: F401

    group = MPI.COMM_SELF if ranks == 1 else comm.Split(comm.rank // ranks, comm.rank)
    beside = comm.Split_type(MPI.COMM_TYPE_SHARED).size
    memory = available_memory()
    error: CellionError | None = None
    try:
        share = None if memory is None else memory * ranks / beside
        work(session, group, name=f"rank {comm.rank}", memory=share, after=look)
    except CellionError as found:
        error = found
    ended = comm.Ibarrier()
    while not ended.Test():  # without the heat of a barrier that spins
        sleep(_PAUSE)
        look()
    look()
    raise_anywhere(error, comm)


def _gather(scenario: Scenario, session: Session) -> StudyResult:
    """Write what belongs to the whole study, and read it back (rank 0)."""
    record = _record(scenario, session.points, session.keys)
    found = outcomes(record, session.folder)
    try:
        write_study(Answers(scenario, record, found, session.folder), session.folder)
    except ResultsError as error:
        raise ResultsError(
            f"{error}; the answers are saved in the folders of the points, and --resume writes "
            "what is missing"
        ) from error
    close_session(session)
    return load_study(session.folder)
