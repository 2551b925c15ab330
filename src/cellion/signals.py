"""Signals that end the command line: one way out for Ctrl-C, SIGTERM and SIGHUP, on any ranks."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["Ended", "end_all_ranks", "ended_by_signals"]

_FIRST = 2.0
"""Time that rank 0 has to leave before another rank ends it [s]."""


class Ended(KeyboardInterrupt):
    """A signal has asked this process to end.

    Attributes:
        number: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        """Keep the number."""
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a block as Ctrl-C does, with `Ended`.

    A signal that the caller ignores, as under ``nohup``, stays ignored. UCX, which MPI loads, would
    take SIGHUP for a request to debug it.
    """
    os.environ.setdefault("UCX_DEBUG_SIGNO", "0")

    def end(number: int, frame: FrameType | None) -> None:
        raise Ended(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)


def end_all_ranks(code: int, told: str) -> None:
    """End every rank of a parallel run that a signal has reached; with one rank, do nothing.

    The others may wait in a collective, where no signal is seen. Rank 0, which has something to
    tidy up and to say, goes first; another rank ends it when it is one of those that wait.

    Args:
        code: Exit code.
        told: What is said if rank 0 cannot.
    """
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is None or not mpi.Is_initialized() or mpi.COMM_WORLD.size == 1:
        return
    if mpi.COMM_WORLD.rank > 0:
        time.sleep(_FIRST + 0.2 * mpi.COMM_WORLD.rank)
        os.write(2, f"{told}\n".encode())
    mpi.COMM_WORLD.Abort(code)
