"""What a study asks: the record ``study.json``, written before the first point is run.

With it a folder tells how many points there are, whatever has become of them. Folders without one
(made by earlier versions) tell of the points that were begun.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cellion.errors import ResultsError
from cellion.results.codec import Json, decode, encode_record
from cellion.results.files import read_json, replacing
from cellion.results.outcome import POINT_FILE, Failure, outcome, read_object
from cellion.results.record import RunResult

__all__ = [
    "STUDY_FILE",
    "PlannedPoint",
    "StudyRecord",
    "begun_record",
    "is_point_name",
    "load_record",
    "outcomes",
    "save_record",
]

STUDY_FILE = "study.json"
_FORMAT = "cellion study"
_VERSION = 1
_POINT_NAME = re.compile(r"point_\d{3,9}", re.ASCII)


def is_point_name(name: str) -> bool:
    """Whether a study gives such a name to the folder of a point."""
    return _POINT_NAME.fullmatch(name) is not None


@dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """One run that a study asks for.

    Attributes:
        name: Name of its folder.
        values: Varied and derived key path to the value here, as the user wrote it.
        realisation: Number of the realisation, from 1.
        sample: Number of the sample, from 0; None when nothing is sampled.
        key: Hash of the question, which its answer carries; None where it is not known.
    """

    name: str
    values: Mapping[str, Any]
    realisation: int = 1
    sample: int | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if not is_point_name(self.name):
            raise ResultsError(
                f"points: found the name {self.name!r:.60}; allowed: names of folders that a study "
                "makes, such as 'point_007'"
            )


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """What a study asks.

    Attributes:
        name: Name of the scenario.
        points: All runs, in order.
        complete: Whether these are all runs of the study, and not only those that were begun.
        description: What the scenario says about itself.
        scenario: The scenario with its ``study`` section, as plain document.
    """

    name: str
    points: tuple[PlannedPoint, ...]
    complete: bool = True
    description: str | None = None
    scenario: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len({point.name for point in self.points}) < len(self.points):
            raise ResultsError("points: found a name twice; each point has a folder of its own")


def save_record(record: StudyRecord, folder: Path) -> Path:
    """Write the record; it appears whole or not at all.

    Returns:
        The path of the file.

    Raises:
        ResultsError: It cannot be written.
    """
    path = folder / STUDY_FILE
    head: dict[str, Json] = {"format": _FORMAT, "schema_version": _VERSION}
    document = head | encode_record(record)
    with replacing(path) as partial:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def load_record(folder: Path) -> StudyRecord | None:
    """Read what the study in a folder asks.

    Args:
        folder: The folder of a study.

    Returns:
        The record; of a folder without one, its begun points under the name of the folder; None
        when the folder holds neither.

    Raises:
        ResultsError: The record cannot be read.
    """
    path = folder / STUDY_FILE
    return _read(path) if path.is_file() else begun_record(folder)


def begun_record(folder: Path) -> StudyRecord | None:
    """What is known of a study from the folders of its points; None when there are none.

    Args:
        folder: The folder of a study.
    """
    begun = [
        (place.name, read_object(place / POINT_FILE))
        for place in sorted(folder.glob("point_*"))
        if is_point_name(place.name)
    ]
    points = tuple(
        PlannedPoint(name=name, values=_mapping(about.get("values")), realisation=_count(about))
        for name, about in begun
        if about
    )
    return StudyRecord(name=folder.name, points=points, complete=False) if points else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(about: Mapping[str, Any]) -> int:
    found = about.get("realisation", 1)
    return found if isinstance(found, int) and not isinstance(found, bool) else 1


def _read(path: Path) -> StudyRecord:
    document = read_json(path)
    if not isinstance(document, dict) or document.pop("format", None) != _FORMAT:
        raise ResultsError(
            f'{path}: this is not the record of a study (it lacks "format": "{_FORMAT}"); '
            "run cellion study with --resume in this folder, which writes it again"
        )
    version = document.pop("schema_version", None)
    if version != _VERSION:
        raise ResultsError(
            f"{path}: schema_version: found {version!r}; this cellion reads {_VERSION}; use the "
            "cellion that wrote the file, or run the study again with --resume"
        )
    return decode(StudyRecord, document, str(path))


def outcomes(record: StudyRecord, folder: Path) -> dict[str, RunResult | Failure]:
    """What the points of a study came to, by name; those of which nothing is known are left out."""
    found = {point.name: _outcome(folder / point.name, point.key) for point in record.points}
    return {name: each for name, each in found.items() if each is not None}


def _outcome(place: Path, key: str | None) -> RunResult | Failure | None:
    """What a point came to; links are not followed, answers to other questions do not count."""
    if place.is_symlink():
        return Failure(reason=f"{place}: this is a link; an answer is in a folder of the study")
    found = outcome(place)
    if isinstance(found, RunResult) and key is not None and found.key != key:
        return Failure(
            reason=f"{place}: the answer in this folder is one to another question, of another "
            "scenario, other files or other code; run the study again with --resume"
        )
    return found
