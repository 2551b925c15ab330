"""Names of files in a scenario: relative to its folder, checked to exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from cellion.quantities import describe
from cellion.scenario.values import fail

__all__ = ["existing_file"]


def existing_file(noun: str, example: str) -> Callable[[Any, ValidationInfo], Path]:
    """Return a reader of the name of a file that must exist.

    Args:
        noun: What the file is, with its article, for messages.
        example: A name that would do.

    Returns:
        Reader that makes the name relative to the folder of the scenario, where that is known.
    """

    def read(value: Any, info: ValidationInfo) -> Path:
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise fail(
                f"found {describe(value)}; the name of {noun} is needed, such as '{example}'"
            )
        folder = (info.context or {}).get("folder")
        if folder is None:
            return Path(value)
        path = Path(folder) / value
        try:
            regular, exists = path.is_file(), path.exists()
        except OSError:
            regular = exists = False
        if exists and not regular:
            raise fail(f"'{path}' is a folder, a device or a pipe; the name of {noun} is needed")
        if not regular:
            raise fail(f"there is no file '{path}'; the name is relative to the scenario file")
        return path

    return read
