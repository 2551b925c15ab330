"""The folder of a study: who works in it, what is finished in it, and what each point came to.

A point is finished when its folder holds a complete ``results.json`` and a ``point.json`` with the
hash of the question asked now: the document of the run, the content of the files it names, and the
code of cellion. The order of writing is the protocol (see `cellion.results.files`): an answer
disappears before its question changes, and appears when everything else of the run is there. So a
process may be killed anywhere, and a study that is resumed takes what is finished, wherever in the
folder it lies, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import filelock
from pydantic import BaseModel

from cellion.errors import ResultsError, StudyError
from cellion.export.collection import PARAVIEW_FILES
from cellion.results.files import is_complete, load_result, open_folder, remove_old, replacing
from cellion.results.identity import code_digest, file_digest
from cellion.results.outcome import FAILURE_FILE, POINT_FILE, read_object
from cellion.scenario.scenario import Scenario

__all__ = [
    "WORK_FOLDER",
    "arrange",
    "finished_key",
    "locked",
    "locked_study",
    "point_key",
    "start_point",
]

WORK_FOLDER = ".study"
"""Locks, claims, meshes and logs; it may be deleted when no study runs in the folder."""

_KEPT = ".kept_"
_OWN_FILES = (FAILURE_FILE, POINT_FILE, "table.csv", *PARAVIEW_FILES, "*.png")


def point_key(scenario: Scenario) -> str:
    """Return the hash of what a run asks: its document, the files it names, the code that answers.

    Name and description are left out.

    Args:
        scenario: The scenario of the run.

    Raises:
        ResultsError: A file that it names cannot be read.
    """
    asked = {k: v for k, v in scenario.source.items() if k not in ("name", "description", "study")}
    parts = [
        _canonical(asked),
        *sorted(_digest(path, path.stat().st_mtime_ns) for path in _files(scenario)),
        code_digest(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _canonical(value: Any) -> str:
    """Return JSON that does not depend on the order of keys."""
    if isinstance(value, Mapping):
        entries = sorted((str(key), _canonical(item)) for key, item in value.items())
        return "{" + ",".join(f"{json.dumps(key)}:{item}" for key, item in entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_canonical(item) for item in value) + "]"
    return json.dumps(value, default=str)


def _files(value: Any) -> Iterator[Path]:
    """Yield every file that a scenario names."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _files(getattr(value, name))
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _files(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _files(entry)


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int) -> str:
    """Hash of a file's content; ``changed`` makes a file that was written again another one."""
    return file_digest(path)


# --- locks ---------------------------------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, waiting for it; the system frees it when its holder dies.

    Where the file system has no locks, there is none.

    Args:
        path: The lock file.
    """
    lock = filelock.FileLock(path)
    held = False
    with suppress(OSError, NotImplementedError):
        lock.acquire()
        held = True
    try:
        yield
    finally:
        if held:
            lock.release()


@contextmanager
def locked_study(folder: Path) -> Iterator[None]:
    """Own the folder of a study.

    Args:
        folder: The folder; it is made.

    Raises:
        StudyError: Another process works in it.
        ResultsError: It cannot be written.
    """
    work = folder / WORK_FOLDER
    owner = work / "owner.json"
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(work / "lock")
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise StudyError(
            f"{folder}: another study is running in this folder{_described(owner)}; wait for it, "
            "end it, or choose another folder with -o"
        ) from None
    except OSError as error:
        raise ResultsError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another folder "
            "with -o, or free some space"
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        _write(owner, {"process": os.getpid(), "host": platform.node(), "since": since})
        yield
    finally:
        lock.release()


def _described(owner: Path) -> str:
    found = read_object(owner)
    if not found:
        return ""
    return f" (process {found.get('process')} on {found.get('host')}, since {found.get('since')})"


# --- points --------------------------------------------------------------------------------------


def arrange(folder: Path, keys: Mapping[str, str], *, resume: bool) -> frozenset[str]:
    """Make the point folders ready: keep what is finished, remove what is not of this study.

    Finished points are known by their hash, so one that has another place in the study now is moved
    there. Moving takes two steps by way of a name that holds the hash; a study that is killed in
    between finds it there.

    Args:
        folder: The folder of the study, owned.
        keys: Hash of the question by name of the point.
        resume: Whether finished points are kept.

    Returns:
        Names of the finished points.

    Raises:
        ResultsError: A folder cannot be written.
    """
    places = [path for path in folder.glob("point_*") if path.is_dir()]
    kept = {path.name.removeprefix(_KEPT): path for path in folder.glob(f"{_KEPT}*")}
    finished: set[str] = set()
    wanted = set(keys.values()) if resume else set()
    try:
        for place in places:
            key = finished_key(place)
            if key in wanted and keys.get(place.name) == key:
                finished.add(place.name)
            elif key in wanted and key not in kept:
                kept[key] = place.rename(folder / f"{_KEPT}{key}")
        for place in places:
            if place.name not in finished and place.exists():
                _clear(place)
        for name, key in keys.items():
            if name not in finished and key in wanted and key in kept:
                if (folder / name).exists():
                    (folder / name).rmdir()
                kept.pop(key).rename(folder / name)
                finished.add(name)
        for place in kept.values():
            _clear(place)
    except OSError as error:
        raise ResultsError(
            f"{folder}: the points in it cannot be put in order ({error.strerror or error}: "
            f"{error.filename}); move away what is not cellion's, or choose another folder with -o"
        ) from error
    return frozenset(finished)


def finished_key(place: Path) -> str | None:
    """Hash of the question that a folder answers completely, or None."""
    key = read_object(place / POINT_FILE).get("key")
    if not isinstance(key, str) or not is_complete(place):
        return None
    try:
        load_result(place)
    except ResultsError:
        return None
    return key


def _clear(place: Path) -> None:
    """Remove an answer, the answer itself first, and the folder unless something else is in it."""
    open_folder(place)
    remove_old(place, _OWN_FILES)
    with suppress(OSError):
        place.rmdir()


def start_point(place: Path, key: str, about: Mapping[str, Any]) -> None:
    """Make the folder of a point ready for its run: no answer, and the question of now.

    Args:
        place: The folder of the point.
        key: Hash of its question.
        about: What else is worth telling in ``point.json``.

    Raises:
        ResultsError: It cannot be written.
    """
    open_folder(place)
    remove_old(place, _OWN_FILES)
    with replacing(place / POINT_FILE) as partial:
        partial.write_text(json.dumps({"key": key, **about}, default=str, indent=2) + "\n")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(dict(content)) + "\n", encoding="utf-8")
