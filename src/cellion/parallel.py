"""What every parallel room needs: errors agreed on by all ranks, exchange of rows, logging, timing.

This module is imported before ``dolfinx``, ``petsc4py`` and ``mpi4py``: when DOLFINx comes from the
binary wheel, ``dolfinx_solver`` has to be loaded first, and this is the only place that does it.
Nothing here starts a collective on its own; ``comm`` is an argument of whatever communicates.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import CellionError

if importlib.util.find_spec("dolfinx_solver") is not None:
    import dolfinx_solver  # noqa: F401 - loads MPI ahead of the compiled modules of the wheel

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "Route",
    "Stopwatch",
    "agree",
    "default_environment",
    "exchange",
    "install_abort_hook",
    "logger",
    "on_root",
    "peak_memory",
    "raise_anywhere",
    "world",
]


_FORWARDING = 0.5
"""Time that mpirun has to pass on the last words of a rank before all ranks end [s]."""

_LONGEST_PAUSE = 0.02
"""Time that a rank sleeps between two looks whether rank 0 is done [s]."""

_NO_HANDLER = "-no_signal_handler"


def raise_anywhere(error: CellionError | None, comm: MPI.Comm) -> None:
    """Raise on every rank the error that any rank found (collective).

    Args:
        error: What this rank found wrong, or None.
        comm: Communicator; all of its ranks must call this.

    Raises:
        CellionError: The error of the lowest rank that has one, on all ranks alike.
    """
    for found in comm.allgather(error):
        if found is not None:
            raise found


@contextmanager
def agree(comm: MPI.Comm) -> Iterator[None]:
    """Let the ranks leave a block together: a `CellionError` on one becomes the error of all.

    The block itself must not communicate, since a rank may leave it half-way. Errors of other
    kinds are bugs; `install_abort_hook` ends all ranks then.

    Args:
        comm: Communicator; all of its ranks must enter the block.
    """
    error: CellionError | None = None
    try:
        yield
    except CellionError as found:
        error = found
    raise_anywhere(error, comm)


def on_root[Value](comm: MPI.Comm, work: Callable[[], Value]) -> Value:
    """Do something on rank 0 only and hand the outcome to all ranks (collective).

    Args:
        comm: Communicator.
        work: What rank 0 does, such as reading a file; its result must be picklable.

    Returns:
        The result of ``work``, on every rank.

    Raises:
        CellionError: What ``work`` raised, on all ranks alike.
    """
    value: Value | None = None
    error: CellionError | None = None
    if comm.rank == 0:
        try:
            value = work()
        except CellionError as found:
            error = found
    _wait_for_all(comm)
    value, error = comm.bcast((value, error), root=0)
    if error is not None:
        raise error
    return value


def _wait_for_all(comm: MPI.Comm) -> None:
    """A barrier whose ranks sleep, so that rank 0 may use their cores; a short wait stays short."""
    pause, arrived = 1e-4, comm.Ibarrier()
    while not arrived.Test():
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def install_abort_hook(comm: MPI.Comm) -> None:
    """End all ranks when one of them meets an uncaught exception (for the command line only).

    Without it the others would wait for ever in their next collective. With one rank, nothing is
    changed.

    Args:
        comm: Communicator whose ranks are ended.
    """
    if comm.size == 1:
        return

    def abort(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        told = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(f"rank {comm.rank} of {comm.size}:\n{told}")
        sys.stderr.flush()
        time.sleep(_FORWARDING)
        comm.Abort(1)

    sys.excepthook = abort


def default_environment(environment: MutableMapping[str, str] | None = None) -> None:
    """Set a UCX transport that works on one machine, and leave signals to cellion.

    What the user chose stays. PETSc would answer SIGTERM with a report of a crash.

    Args:
        environment: Variables to change; those of this process when None. MPI reads them when it
            starts, so call this before importing ``mpi4py`` or for the environment of ``mpirun``.
    """
    chosen = os.environ if environment is None else environment
    chosen.setdefault("UCX_TLS", "self,sm,tcp")
    options = chosen.get("PETSC_OPTIONS", "")
    if _NO_HANDLER not in options:
        chosen["PETSC_OPTIONS"] = f"{options} {_NO_HANDLER}".strip()


def world(comm: MPI.Comm | None = None) -> MPI.Comm:
    """Return a communicator, or that of all ranks when there is none; MPI starts if it has not."""
    if comm is not None:
        return comm
    default_environment()
    from mpi4py import MPI

    return MPI.COMM_WORLD


def logger(comm: MPI.Comm, name: str = "cellion") -> logging.Logger:
    """Return a logger that speaks once: rank 0 logs everything, the others only warnings.

    Args:
        comm: Communicator.
        name: Name of the logger on rank 0; other ranks use a child of it.
    """
    if comm.rank == 0:
        return logging.getLogger(name)
    quiet = logging.getLogger(f"{name}.rank{comm.rank}")
    quiet.setLevel(logging.WARNING)
    return quiet


def peak_memory() -> int:
    """Return the largest resident memory of this process so far [bytes]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


@dataclass(kw_only=True)
class Stopwatch:
    """Wall time of named stages; a stage entered several times adds up.

    Attributes:
        seconds: Wall time per stage on this rank, in order of first use [s].
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the wall time of the block to stage ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def slowest(self, comm: MPI.Comm) -> dict[str, float]:
        """Return for each stage the time of its slowest rank [s] (collective)."""
        everyone = comm.allgather(self.seconds)
        names = dict.fromkeys(name for seconds in everyone for name in seconds)
        return {name: max(seconds.get(name, 0.0) for seconds in everyone) for name in names}


@dataclass(frozen=True, kw_only=True)
class Route:
    """How the rows of an `exchange` travelled, so that answers find their way back.

    Attributes:
        comm: Communicator.
        order: Order in which the rows were sent, shape (n,).
        sent: Number of rows sent to each rank, shape (size,).
        received: Number of rows received from each rank, shape (size,).
    """

    comm: MPI.Comm
    order: NDArray[np.intp]
    sent: NDArray[np.int64]
    received: NDArray[np.int64]

    @property
    def source(self) -> NDArray[np.int64]:
        """Rank that each received row came from, shape (m,)."""
        return np.repeat(np.arange(self.comm.size), self.received)

    def answer(self, values: NDArray[Any]) -> NDArray[Any]:
        """Send one value per received row back to its sender (collective).

        Args:
            values: Answers in the order of the received rows, shape (m, ...).

        Returns:
            The answer to each row that this rank had sent, shape (n, ...).
        """
        arrived = _alltoall(self.comm, values, self.received, self.sent)
        answers = np.empty_like(arrived)
        answers[self.order] = arrived
        return answers


def _alltoall(
    comm: MPI.Comm, rows: NDArray[Any], sent: NDArray[np.int64], received: NDArray[np.int64]
) -> NDArray[Any]:
    """Move contiguous groups of rows between all ranks."""
    if comm.size == 1:
        return rows
    width = rows.itemsize * int(np.prod(rows.shape[1:], dtype=np.int64))
    incoming = np.empty((int(received.sum()), *rows.shape[1:]), dtype=rows.dtype)
    outgoing = np.ascontiguousarray(rows)
    comm.Alltoallv(
        [outgoing.view(np.uint8).reshape(-1), (sent * width, _offsets(sent) * width)],
        [incoming.view(np.uint8).reshape(-1), (received * width, _offsets(received) * width)],
    )
    return incoming


def _offsets(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each rank's group starts."""
    return np.concatenate([[0], np.cumsum(counts)[:-1]])


def exchange(
    rows: NDArray[Any], destination: NDArray[np.integer[Any]], comm: MPI.Comm
) -> tuple[NDArray[Any], Route]:
    """Send each row to a rank (collective).

    Args:
        rows: Rows to send, shape (n, ...); all ranks use the same type and width.
        destination: Rank that each row goes to, shape (n,).
        comm: Communicator.

    Returns:
        The rows that arrived here, grouped by source rank, and the route for answers.
    """
    order = np.argsort(destination, kind="stable")
    sent = np.bincount(destination, minlength=comm.size).astype(np.int64)
    received = np.array(comm.alltoall(sent.tolist()), dtype=np.int64)
    route = Route(comm=comm, order=order, sent=sent, received=received)
    return _alltoall(comm, rows[order], sent, received), route
