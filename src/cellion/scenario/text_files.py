"""Text of the files that a scenario names: regular files of bounded size, in any usual encoding."""

from __future__ import annotations

import codecs
import stat
from pathlib import Path

from cellion.errors import ScenarioError

__all__ = ["LARGEST_TEXT", "read_data_text"]

LARGEST_TEXT = 16 << 20
"""Largest data file that is read as text [bytes]."""


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
