"""Normal modes of a scenario: lists, or text files of phonon codes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo

from cellion.errors import ScenarioError
from cellion.quantities import describe
from cellion.scenario.data_files import existing_file, read_data_text
from cellion.scenario.sections import Form, OneOf, Section, fail, listed

__all__ = ["VibrationsSpec"]

type _Modes = tuple[float, ...]

_FILE = existing_file("a file of frequencies", "saddle.txt")
_IMAGINARY = re.compile(r"(\d+\.?\d*|\.\d+)\s*i", re.IGNORECASE)
_MOST = 100_000


_HIGHEST = 1e100
"""A number of frequencies beyond any unit; integers of any length compare with it."""


def _mode(value: Any) -> float:
    """Read one mode; an imaginary one is negative, or ends with an i."""
    if isinstance(value, str):
        imaginary = _IMAGINARY.fullmatch(value.strip())
        if imaginary:
            return -float(imaginary[1])
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HIGHEST:
        return float(value)
    raise fail(
        f"found {describe(value)}; a frequency as a plain number is needed (its unit is the key "
        "'unit'); an imaginary mode is negative or written '2.1i'"
    )


def _modes(value: Any, info: ValidationInfo) -> _Modes:
    """Read a list of modes, or the name of a file that holds one."""
    if isinstance(value, str):
        path = _FILE(value, info)
        value = _read(path) if path.is_file() else [1.0]
    modes = tuple(listed(value, "a list of frequencies, or the name of a file of them", _mode))
    if not modes:
        raise fail("found an empty list; at least one frequency is needed")
    return modes


def _read(path: Path) -> list[Any]:
    """Return the words of a file, numbers as numbers; ``#`` begins a comment."""
    try:
        lines = read_data_text(path).splitlines()
    except ScenarioError as error:
        raise fail(str(error)) from error
    words = [word for line in lines for word in line.partition("#")[0].split()]
    if len(words) > _MOST:
        raise fail(f"the file '{path}' holds {len(words)} words; at most {_MOST} are read")
    return [_number(word) for word in words]


def _number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


_SCHEMA = {
    "title": "a list of frequencies, or the name of a file",
    "anyOf": [
        {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "string"}]}},
        {"type": "string", "minLength": 1},
    ],
    "examples": [[3.0, 5.0, 7.0]],
}


class VibrationsSpec(Section):
    """Normal modes of a hop, from which its attempt frequency follows (Vineyard)."""

    initial: Annotated[_Modes, Form(_modes, **_SCHEMA)] = Field(
        description="Modes with the ion at the first site. A file holds one number per word; `#` "
        "begins a comment."
    )
    saddle: Annotated[_Modes, Form(_modes, **_SCHEMA)] = Field(
        description="Modes with the ion at the saddle point: one real mode less. The imaginary one "
        "is negative or written `2.1i`."
    )
    final: Annotated[_Modes | None, Form(_modes, **_SCHEMA)] = Field(
        default=None,
        description="Modes with the ion at the second site; checked against the `entropy` of the "
        "two sites.",
    )
    unit: Annotated[Literal["THz", "cm^-1", "Hz", "rad/s"], OneOf()] = Field(
        default="THz", description="Unit of the lists; `rad/s` are angular frequencies."
    )
    imaginary: Annotated[Literal["refuse", "drop"], OneOf()] = Field(
        default="refuse",
        description="Whether the one imaginary mode of the saddle point is dropped, or refused "
        "because the list should hold none.",
    )
    translations: Annotated[Literal["absent", "drop"], OneOf()] = Field(
        default="absent",
        description="Whether the three translations of a periodic crystal (below 0.03 THz) are "
        "dropped from all lists, or absent.",
    )
