"""A process that answers points of a study: ``python -m cellion.study.worker FOLDER NAME MEMORY``.

Its standard input is held open by the process that started it. When that one dies, however it dies,
the input ends, and so does the worker: no process is left behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import sleep

from cellion.errors import StudyError
from cellion.results.outcome import Failure, save_failure
from cellion.study.folder import WORK_FOLDER
from cellion.study.session import Session, load_session, unfinished, work

__all__ = ["run_workers"]

_PAUSE = 0.05
"""Time between two looks at the workers [s]."""
_ORPHANED = 70


def run_workers(
    session: Session, count: int, *, memory: float | None, look: Callable[[], None]
) -> None:
    """Answer points in worker processes, without a launcher of MPI.

    A worker that dies takes one point with it, which is recorded; another takes its place.

    Args:
        session: What is to be done, saved in its folder.
        count: Number of processes.
        memory: What a run may use [bytes]; None for no limit.
        look: Called again and again while they work.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    started = 0
    try:
        while True:
            left = len(session.todo) - len(session.taken())
            while len(running) < count and left > 0:
                name = f"worker {started}"
                running[name] = _start(session, name, memory)
                started, left = started + 1, left - 1
            if not running:
                return
            sleep(_PAUSE)
            for name in [name for name, process in running.items() if process.poll() is not None]:
                process = running.pop(name)
                _end([process])
                _bury(session, name, process.returncode)
            look()
    finally:
        _end(running.values())


def _start(session: Session, name: str, memory: float | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cellion.study.worker", str(session.folder), name]
    log = session.folder / WORK_FOLDER / f"{name.replace(' ', '_')}.log"
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    with log.open("wb") as stream:
        return subprocess.Popen(
            [*command, "" if memory is None else str(memory)],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=stream,
            env=environment,
            start_new_session=True,  # an interrupt at the terminal is for the study alone
        )


def _bury(session: Session, name: str, code: int) -> None:
    """Record the point that a process did not survive.

    Raises:
        StudyError: It ended before it had taken one, so the next would too.
    """
    log = session.folder / WORK_FOLDER / f"{name.replace(' ', '_')}.log"
    taken = session.taken()
    if code and name not in taken.values():
        told = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise StudyError(f"{name} could not begin: {''.join(told) or 'it said nothing'}; see {log}")
    ended = f"by signal {-code}" if code < 0 else f"with code {code}"
    for index in unfinished(session):
        if taken.get(index) == name:
            reason = f"its process ended {ended}, perhaps for want of memory; what it said: {log}"
            save_failure(session.place(index), Failure(reason=reason))


def _end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End processes that still work, and wait until they are gone."""
    for process in processes:
        process.kill()
        process.communicate()


def _leave_with_parent() -> None:
    """Wait for the end of the standard input, then leave at once."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(_ORPHANED)


def main() -> None:
    """Answer points until none is left."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    folder, name, memory = sys.argv[1:]
    from cellion.parallel import default_environment

    default_environment()
    from mpi4py import MPI

    limit = float(memory) if memory else None
    work(load_session(Path(folder)), MPI.COMM_SELF, name=name, memory=limit)


if __name__ == "__main__":
    main()
