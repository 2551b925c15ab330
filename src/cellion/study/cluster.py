"""Points answered by jobs of a batch system, submitted as one array with submitit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any, Literal

from cellion.errors import SetupError, StudyError, nearest
from cellion.results.outcome import Failure, save_failure
from cellion.study.folder import WORK_FOLDER
from cellion.study.session import Session, load_session, unfinished, work

__all__ = ["Submission", "run_jobs", "submission"]

_PAUSE = 0.5
"""Time between two looks at the jobs [s]."""
_MINUTES = 24 * 60
"""Time limit of a job, unless another is given [min]."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How points are given to a batch system.

    Attributes:
        cluster: ``slurm``, or ``local`` for jobs on this machine.
        options: Parameters of submitit's executor, such as ``slurm_partition`` or ``mem_gb``.
    """

    cluster: Literal["local", "slurm"]
    options: Mapping[str, str | int] = field(default_factory=dict)


def submission(cluster: str | None, words: Sequence[str]) -> Submission | None:
    """Read what the command line says of a batch system.

    Args:
        cluster: ``local``, ``slurm`` or nothing.
        words: Parameters, each as ``key=value``.

    Raises:
        StudyError: One of them is wrong.
    """
    if cluster is None:
        if words:
            raise StudyError("--submit-option: it belongs to --submit, which is missing")
        return None
    if cluster not in ("local", "slurm"):
        raise StudyError(
            f"--submit: found '{cluster}'{nearest(cluster, ('local', 'slurm'))}; allowed: local, "
            "slurm"
        )
    options: dict[str, str | int] = {}
    for word in words:
        key, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not key or not value:
            raise StudyError(
                f"--submit-option: found '{word}'; write key=value, for example timeout_min=120 or "
                "slurm_partition=long"
            )
        options[key] = int(value) if value.isdecimal() else value
    return Submission(cluster="local" if cluster == "local" else "slurm", options=options)


def run_jobs(
    session: Session,
    to: Submission,
    count: int,
    *,
    ranks: int,
    look: Callable[[], None],
) -> None:
    """Answer points in an array of jobs and wait for them.

    Args:
        session: What is to be done, saved in its folder, which the jobs must see too.
        to: Which system, and how.
        count: Number of jobs.
        ranks: Ranks of each job, which answer a point together.
        look: Called again and again while they work.

    Raises:
        SetupError: submitit is not installed, or the batch system is not there.
        StudyError: An option is unknown.
    """
    folder = session.folder / WORK_FOLDER / "jobs"
    jobs = _submitted(session, to, count, ranks, folder)
    try:
        while not all(job.done() for job in jobs):
            sleep(_PAUSE)
            look()
    finally:
        for job in jobs:
            if not job.done():
                job.cancel(check=False)
    for index in unfinished(session):
        reason = f"its job ended without an outcome; what it said is in {folder}"
        save_failure(session.place(index), Failure(reason=reason))
    look()
    if len(session.taken()) < len(session.todo):
        raise StudyError(f"no job has taken all points; what the jobs said is in {folder}")


def _submitted(session: Session, to: Submission, count: int, ranks: int, folder: Path) -> list[Any]:
    try:
        import submitit
    except ImportError:
        raise SetupError(
            "submitting needs the package submitit; install it with: pip install 'cellion[cluster]'"
        ) from None
    parameters: dict[str, str | int] = {
        "name": "cellion",
        "tasks_per_node": ranks,
        "timeout_min": _MINUTES,
        **to.options,
    }
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=to.cluster)
        executor.update_parameters(**parameters)
        return list(executor.map_array(_job, [str(session.folder.resolve())] * count))
    except NameError as error:  # what submitit raises for a parameter that it does not know
        raise StudyError(f"--submit-option: {error}") from error
    except RuntimeError as error:
        raise SetupError(f"the jobs cannot be submitted to {to.cluster}: {error}") from error


def _job(folder: str) -> None:
    """What each rank of a job does."""
    from cellion.parallel import default_environment

    default_environment()
    from mpi4py import MPI

    from cellion.pipeline.resources import available_memory

    # submitit starts the ranks of a job by the batch system's own launcher. Where that one does not
    # speak this MPI's language each rank is alone, and takes points of its own.
    comm = MPI.COMM_WORLD
    memory = available_memory() if comm.size == 1 else None
    work(load_session(Path(folder)), comm, name="job", memory=memory)
