"""Files that a scenario names: their names, and the text in them."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from cellion.errors import ScenarioError
from cellion.quantities import describe
from cellion.scenario.sections import Form, fail

__all__ = ["LARGEST_TEXT", "existing_file", "file_name", "read_data_text"]

LARGEST_TEXT = 16 << 20
"""Largest data file that is read as text [bytes]."""


def file_name(noun: str, example: str) -> Form:
    """Return the form of the name of a file that must exist (see `existing_file`)."""
    read = existing_file(noun, example)
    return Form(read, type="string", title="a file name", examples=[example])


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


def read_data_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """Return the text of a data file.

    Encodings: UTF-8 with or without byte order mark, UTF-16 with one (spreadsheets), and otherwise
    Windows-1252, in which old files write degree signs and names of authors.

    Args:
        path: The file.
        largest: Largest size that is read [bytes].

    Raises:
        ScenarioError: It is missing, a folder, a device or a pipe, unreadable, too large, or holds
            no text. The message names the file.
    """
    what = f"the file '{path}' cannot be read"
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
            raise ScenarioError(f"{what}: it is {kind}; a file of its own is needed")
        with path.open("rb") as stream:
            data = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(f"{what}: {reason}") from None
    if len(data) > largest:
        raise ScenarioError(f"{what}: it is larger than {largest >> 20} MiB")
    try:
        text = _decoded(data)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ScenarioError(f"{what}: it is no text; save it as plain text (UTF-8)")
    return text


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")
