"""The folder of a study: what is finished in it, and what becomes of it.

A point is finished when its folder holds an answer that carries the key of the question asked now
(the document of the run, the content of the files it names, and the code of cellion) and lacks no
file. One that lacks some is run again, and its answer stays until the new one replaces it.

The order of writing is the protocol (see `cellion.results.files`), so a process may be killed
anywhere, and a study that is resumed takes what is finished, wherever in the folder it lies, and
nothing else. Answers to other questions are set aside, never removed unless the user says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cellion.errors import ResultsError, StudyError
from cellion.export.collection import PARAVIEW_FILES
from cellion.results.files import is_complete, load_result, open_folder, remove_old, replacing
from cellion.results.outcome import FAILURE_FILE, POINT_FILE
from cellion.results.ownership import OWNER_FILE
from cellion.results.record import RunResult
from cellion.results.study import is_point_name

__all__ = [
    "ASIDE_FOLDER",
    "WORK_FOLDER",
    "answer_in",
    "arrange",
    "refuse_finished",
    "start_point",
]

WORK_FOLDER = ".study"
"""Claims, meshes and logs; it may be deleted when no study runs in the folder."""

ASIDE_FOLDER = "set_aside"
"""Answers to questions that the study does not ask now, by their keys."""

_OWN_FILES = (FAILURE_FILE, POINT_FILE, "table.csv", *PARAVIEW_FILES, "*.png")


def refuse_finished(folder: Path) -> None:
    """Refuse to begin where finished points lie that nobody has said what to do with.

    Args:
        folder: The folder of the study.

    Raises:
        StudyError: There are some.
    """
    count = sum(is_complete(place) for place in _places(folder))
    if count:
        raise StudyError(
            f"{folder}: found {count} finished point{'s' * (count > 1)} of an earlier study in "
            "this folder; --resume (resume=True) keeps those that answer what is asked now and "
            "sets the others aside, --restart (restart=True) deletes them; or choose another "
            "folder with -o"
        )


def arrange(folder: Path, keys: Mapping[str, str], *, resume: bool) -> tuple[frozenset[str], int]:
    """Make the point folders ready: keep what is finished, set aside what is not of this study.

    Finished points are known by their key, so one that has another place in the study now is moved
    there. Moving takes two steps by way of the answers that are set aside; a study that is killed
    in between finds it there.

    Args:
        folder: The folder of the study, owned.
        keys: Key of the question by name of the point.
        resume: Whether finished points are kept; all are deleted otherwise.

    Returns:
        Names of the finished points, and the number of those that were set aside.

    Raises:
        ResultsError: A folder cannot be written.
    """
    answers: dict[str, RunResult] = {}
    wanted = set(keys.values())
    aside = 0
    try:
        for place in _places(folder):
            answer = answer_in(place) if resume else None
            if answer is None:
                _clear(place)
            elif keys.get(place.name, "") == answer.key:
                answers[place.name] = answer
            else:
                _set_aside(place, answer.key)
                aside += answer.key not in wanted
        for name, key in keys.items():
            kept = folder / ASIDE_FOLDER / key
            answer = answer_in(kept) if resume and name not in answers else None
            if answer is not None and answer.key == key:
                if (folder / name).exists():
                    (folder / name).rmdir()
                kept.rename(folder / name)
                answers[name] = answer
            elif kept.exists() and name in answers:
                _clear(kept)  # the same answer twice
        with suppress(OSError):
            (folder / ASIDE_FOLDER).rmdir()
    except OSError as error:
        raise ResultsError(
            f"{folder}: the points in it cannot be put in order ({error.strerror or error}: "
            f"{error.filename}); move away what is not cellion's, or choose another folder with -o"
        ) from error
    return frozenset(name for name, each in answers.items() if not each.unwritten), aside


def _places(folder: Path) -> list[Path]:
    """Folders of points.

    Raises:
        ResultsError: One is a link, so that its files would be those of another folder.
    """
    found = sorted(path for path in folder.glob("point_*") if is_point_name(path.name))
    for path in found:
        if path.is_symlink():
            raise ResultsError(
                f"{path}: this is a link; the answer of a point is in a folder of the study: move "
                "it away, or choose another folder with -o"
            )
    return [path for path in found if path.is_dir()]


def answer_in(place: Path) -> RunResult | None:
    """The answer in a folder, to whatever question; None when there is none that can be read."""
    try:
        return load_result(place)
    except ResultsError:
        return None


def _set_aside(place: Path, key: str | None) -> None:
    """Move an answer out of the way; one that is there already is enough.

    Raises:
        OSError: It cannot be moved.
    """
    aside = place.parent / ASIDE_FOLDER
    aside.mkdir(exist_ok=True)
    if key is None:
        free = (aside / f"{place.name}_{n}" for n in range(len(list(aside.iterdir())) + 1))
        place.rename(next(path for path in free if not path.exists()))
    elif (kept := answer_in(aside / key)) is not None and kept.key == key:
        _clear(place)
    else:
        _clear(aside / key)
        place.rename(aside / key)


def _clear(place: Path) -> None:
    """Remove an answer, the answer itself first, and the folder unless something else is in it."""
    open_folder(place)
    remove_old(place, (*_OWN_FILES, OWNER_FILE))
    with suppress(OSError):
        place.rmdir()


def start_point(place: Path, key: str, about: Mapping[str, Any]) -> None:
    """Make the folder of a point ready for its run: the question of now, no answer to another.

    Args:
        place: The folder of the point.
        key: Hash of its question.
        about: What else is worth telling in ``point.json``.

    Raises:
        ResultsError: It cannot be written.
    """
    open_folder(place, key)
    remove_old(place, _OWN_FILES)
    with replacing(place / POINT_FILE) as partial:
        partial.write_text(json.dumps({"key": key, **about}, default=str, indent=2) + "\n")
