"""Key paths such as ``microstructure.packing.particles[0].diameter``: read, write, look up."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["KeyPath", "child", "format_path", "parse_path"]

type KeyPath = tuple[str | int, ...]
"""Keys (text) and places in lists (numbers, from 0), from the top of the document down."""

_STEP = re.compile(r"\[(\d{1,9})\]|\['([^']*)'\]|\.?([^.\[\]='\s]+)")
_PLAIN = re.compile(r"[^.\[\]='\s]+")


def parse_path(text: str) -> KeyPath:
    """Read a dotted path.

    Args:
        text: For example ``microstructure.packing.particles[0].diameter``.

    Returns:
        Its steps, keys as text and list places as numbers.

    Raises:
        ValueError: The text is no dotted path.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            break
        index, quoted, word = match.groups()
        if word is not None and bool(steps) != match[0].startswith("."):
            break  # a dot stands between two words, and never in front
        steps.append(int(index) if index is not None else quoted if word is None else word)
        position = match.end()
    if not steps or position < len(text):
        raise ValueError(f"'{text}' is no key path; write one like 'mesh.size' or 'a.b[0].c'")
    return tuple(steps)


def format_path(path: KeyPath) -> str:
    """Write a key path the way `parse_path` reads it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(str(step)):
            text += f".{step}" if text else str(step)
        else:
            text += f"['{step}']"
    return text


def child(value: Any, step: str | int) -> tuple[bool, Any, str | int]:
    """Look one step down into a plain document.

    Args:
        value: A mapping, a list or a leaf.
        step: The key or list place.

    Returns:
        Whether it exists, what is there, and the step as the document spells it (a number that is a
        key of a mapping, as in ``labels.2``, stays a number).
    """
    if isinstance(value, dict):
        for key in value:
            if key == step or str(key) == str(step):
                return True, value[key], key
    elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return True, value[step], step
    return False, None, step
