"""What a study asks: the record ``study.json``, written before the first point is run.

With it a folder tells how many points there are, whatever has become of them. Folders without one
(made by earlier versions) tell of the points that were begun.
"""

from __future__ import annotations

import json
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
    "load_record",
    "outcomes",
    "save_record",
]

STUDY_FILE = "study.json"
_FORMAT = "cellion study"
_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class PlannedPoint:
    """One run that a study asks for.

    Attributes:
        name: Name of its folder.
        values: Varied and derived key path to the value here, as the user wrote it.
        realisation: Number of the realisation, from 1.
        sample: Number of the sample, from 0; None when nothing is sampled.
    """

    name: str
    values: Mapping[str, Any]
    realisation: int = 1
    sample: int | None = None


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
    if path.is_file():
        return _read(path)
    begun = [
        (place.name, read_object(place / POINT_FILE)) for place in sorted(folder.glob("point_*"))
    ]
    points = tuple(
        PlannedPoint(
            name=name, values=about.get("values", {}), realisation=about.get("realisation", 1)
        )
        for name, about in begun
        if about
    )
    return StudyRecord(name=folder.name, points=points, complete=False) if points else None


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
    """What the points of a study came to, by name; those of which nothing is known are left out.

    Raises:
        ResultsError: An answer cannot be read.
    """
    found = {point.name: outcome(folder / point.name) for point in record.points}
    return {name: each for name, each in found.items() if each is not None}
