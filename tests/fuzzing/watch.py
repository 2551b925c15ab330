"""Outcome of a call within limits of time and memory."""

from __future__ import annotations

import faulthandler
import resource
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cellion.errors import CellionError

__all__ = ["KINDS", "Outcome", "limited_memory", "watched"]

KINDS = ("answered", "refused", "exception", "hang")
STUCK = 300.0
"""Time without returning to Python after which the process ends with its stack [s]."""


class LateError(BaseException):
    """The time is over; no library mistakes it for an error of its own."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Outcome of a call.

    Attributes:
        kind: One of `KINDS`.
        place: Type of the exception and innermost function of cellion; of a refusal its type.
        told: Message or traceback.
    """

    kind: str
    place: str = ""
    told: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is neither an answer nor a message."""
        return self.kind in ("exception", "hang")


def watched(ask: Callable[[], object], seconds: float) -> Outcome:
    """Call a function; warnings are exceptions.

    Args:
        ask: The function.
        seconds: Processor time after which it counts as hanging [s]; ten times as much of the
            clock, for what waits without computing.
    """
    faulthandler.dump_traceback_later(STUCK, exit=True)
    try:
        with warnings.catch_warnings(), _in_time(seconds):
            warnings.simplefilter("error")
            ask()
    except CellionError as error:
        return Outcome(kind="refused", place=type(error).__name__, told=str(error))
    except LateError as error:
        return _failure("hang", error)
    except Exception as error:
        return _failure("exception", error)
    finally:
        faulthandler.cancel_dump_traceback_later()
    return Outcome(kind="answered")


def _failure(kind: str, error: BaseException) -> Outcome:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/cellion/" in frame.filename] or frames
    # A hang is cut anywhere: it is told by where it entered the program.
    frame = own[-1] if kind == "exception" else own[min(1, len(own) - 1)]
    place = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.name}"
    told = "".join(traceback.format_exception(error, limit=-12))
    return Outcome(kind=kind, place=place, told=told)


@contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    """Raise `LateError` when a block takes too long, again when it was caught on the way."""
    inside = True

    def late(number: int, frame: FrameType | None) -> None:
        if inside:
            raise LateError

    limits = (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, 10.0 * seconds),
    )
    handlers = [signal.signal(number, late) for number, _, _ in limits]
    timers = [signal.setitimer(timer, limit, 5.0) for _, timer, limit in limits]
    try:
        yield
    finally:
        inside = False
        for (number, timer, _), handler, left in zip(limits, handlers, timers, strict=True):
            signal.setitimer(timer, *left)
            signal.signal(number, handler)


@contextmanager
def limited_memory(more: int) -> Iterator[None]:
    """Refuse this process more memory than it has and some bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
