"""What a point of a study came to: its answer, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellion.errors import ResultsError
from cellion.results.files import is_complete, load_result, read_json, replacing
from cellion.results.record import RunResult

__all__ = [
    "FAILURE_FILE",
    "POINT_FILE",
    "Failure",
    "has_outcome",
    "outcome",
    "read_object",
    "save_failure",
]

POINT_FILE = "point.json"
FAILURE_FILE = "failure.json"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a point has no answer.

    Attributes:
        reason: Message of the error.
        kind: Name of the error's class; empty when the process itself ended.
    """

    reason: str
    kind: str = ""


def save_failure(place: Path, failure: Failure) -> None:
    """Record why a point has no answer.

    Raises:
        ResultsError: The folder cannot be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"{place}: cannot be written ({error.strerror or error})") from error
    with replacing(place / FAILURE_FILE) as partial:
        partial.write_text(json.dumps({"kind": failure.kind, "reason": failure.reason}) + "\n")


def outcome(place: Path) -> RunResult | Failure | None:
    """Return what a point came to; None when nothing is known of it.

    An answer that cannot be read is none: the reason says what is wrong with its file.
    """
    if is_complete(place):
        try:
            return load_result(place)
        except ResultsError as error:
            return Failure(reason=str(error), kind=type(error).__name__)
    file = place / FAILURE_FILE
    if not file.is_file():
        return None
    told = read_object(file)
    reason = told.get("reason", f"{file}: the reason cannot be read")
    return Failure(reason=str(reason), kind=str(told.get("kind", "")))


def has_outcome(place: Path) -> bool:
    """Whether a point has come to its end, with an answer or without one."""
    return is_complete(place) or (place / FAILURE_FILE).is_file()


def read_object(path: Path) -> Mapping[str, Any]:
    """Read a small file of JSON; empty when there is none, or a broken one."""
    try:
        found = read_json(path)
    except ResultsError:
        return {}
    return found if isinstance(found, dict) else {}
