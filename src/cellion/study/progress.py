"""How far a study is: the outcomes that have appeared in its folder, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cellion.results.outcome import Failure, has_outcome, outcome
from cellion.study.folder import ASIDE_FOLDER
from cellion.study.session import Session

__all__ = ["Progress", "Watcher"]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One step of a study.

    Attributes:
        done: Points that have ended, those of an earlier run among them.
        total: All points.
        line: What ended, in words; empty at the start.
        left: Time until the end [s]; None as long as nothing is known.
    """

    done: int
    total: int
    line: str = ""
    left: float | None = None

    @property
    def rest(self) -> str:
        """The time that is left in words; empty as long as nothing is known."""
        return "" if self.left is None else f"about {_duration(self.left)} left"

    def __str__(self) -> str:
        return f"[{self.done}/{self.total}] " + "; ".join(filter(None, (self.line, self.rest)))


type Listener = Callable[[Progress], None]


class Watcher:
    """Sees outcomes appear and tells each once.

    Every kind of execution leaves its outcomes in the folder, so that one way of watching serves
    all of them.
    """

    def __init__(self, session: Session, tell: Listener) -> None:
        """Start the clock.

        Args:
            session: What is watched.
            tell: Takes the steps.
        """
        self._session, self._tell = session, tell
        self._start = time.perf_counter()
        self._seen: set[int] = set()
        idle = set(range(len(session.points))) - set(session.todo)
        refused = [i for i in sorted(idle) if isinstance(outcome(session.place(i)), Failure)]
        self._before = len(idle) - len(refused)
        if session.aside:
            aside = session.folder / ASIDE_FOLDER
            tell(self._step(f"{session.aside} answers to other questions were moved to {aside}"))
        if self._before:
            tell(self._step(f"{self._before} points were finished before"))
        for index in refused:
            self._before += 1
            tell(self._step(self._ended(index)))

    def look(self) -> None:
        """Tell what has ended since the last look."""
        for index in sorted(set(self._session.taken()) - self._seen):
            if has_outcome(self._session.place(index)):
                self._seen.add(index)
                self._tell(self._step(self._ended(index)))

    def _ended(self, index: int) -> str:
        """What became of a point, with the reason when it failed."""
        found = outcome(self._session.place(index))
        told = f"failed: {found.reason}" if isinstance(found, Failure) else "done"
        return f"{self._session.points[index].label}: {told}"

    def _step(self, line: str) -> Progress:
        done, new = self._before + len(self._seen), len(self._seen)
        total = len(self._session.points)
        spent = time.perf_counter() - self._start
        left = spent / new * (total - done) if new else None
        return Progress(done=done, total=total, line=line, left=left)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
