"""Who writes in a folder: one run, study or fit at a time, and each only in a folder of its kind.

The owner holds the lock of a file in the folder, which the system frees when its process dies, and
removes the file when it is done. Where the file system has no locks, there are none.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cellion.errors import ResultsError
from cellion.results.files import RESULTS_FILE
from cellion.results.outcome import POINT_FILE, read_object
from cellion.results.study import STUDY_FILE, is_point_name

__all__ = ["OWNER_FILE", "owned", "refuse_other_kind"]

type Kind = Literal["run", "study", "fit"]

OWNER_FILE = ".owner.json"
_ELSEWHERE = "choose another folder with -o"
_held: dict[Path, Kind] = {}
"""Folders that this process owns."""


@contextmanager
def owned(folder: Path, kind: Kind, *, wait: bool = False) -> Iterator[None]:
    """Own a folder; nobody else writes in it meanwhile.

    A run in a folder that its own process holds for a study needs no lock of its own.

    Args:
        folder: The folder; it is made.
        kind: What works in it.
        wait: Whether to wait for another owner to end.

    Raises:
        ResultsError: Another process works in it, or it cannot be written.
    """
    place, path = folder.resolve(), folder / OWNER_FILE
    if kind == "run" and _held.get(place) == "study":
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path, wait=wait)
    except OSError as error:
        raise ResultsError(
            f"{folder}: cannot be written ({error.strerror or error}); {_ELSEWHERE}, or free some "
            "space"
        ) from error
    if descriptor is None:
        raise ResultsError(
            f"{folder}: {_described(path)} in this folder; wait for it, end it, or {_ELSEWHERE}"
        )
    try:
        _introduce(descriptor, kind)
        _held[place] = kind
        yield
    finally:
        _held.pop(place, None)
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _locked(path: Path, *, wait: bool) -> int | None:
    """Open a file and lock it; None when another process holds it.

    Raises:
        OSError: The file cannot be made.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            return descriptor  # no locks here
        # The last owner may have removed the file between the two steps.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def _introduce(descriptor: int, kind: Kind) -> None:
    """Say who owns the folder; on a full disk nobody does."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"kind": kind, "process": os.getpid(), "host": platform.node(), "since": since}
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{json.dumps(about)}\n".encode(), 0)


def _described(path: Path) -> str:
    found = read_object(path)
    if not found:
        return "another process is working"
    return (
        f"another {found.get('kind')} is running (process {found.get('process')} on "
        f"{found.get('host')}, since {found.get('since')})"
    )


def refuse_other_kind(folder: Path, kind: Kind) -> None:
    """Refuse to write a run into the folder of a study or of one of its points, or the reverse.

    Args:
        folder: The folder, which need not exist.
        kind: What would work in it.

    Raises:
        ResultsError: The folder belongs to something else.
    """
    if _held.get(folder.resolve()) == "study":
        return
    planned = is_point_name(folder.name) and (folder.parent / STUDY_FILE).exists()
    if planned or (folder / POINT_FILE).exists():
        raise ResultsError(
            f"{folder}: this is the folder of a point of the study in {folder.parent}; {_ELSEWHERE}"
        )
    if kind != "study" and (folder / STUDY_FILE).exists():
        raise ResultsError(f"{folder}: this is the folder of a study; {_ELSEWHERE}")
    if kind != "run" and (folder / RESULTS_FILE).exists():
        raise ResultsError(f"{folder}: this folder holds the answer of a run; {_ELSEWHERE}")
