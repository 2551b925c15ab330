"""Plain data from YAML text, with the line of every value; safe on whatever the text holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cellion.errors import ScenarioError
from cellion.scenario.faults import Fault
from cellion.scenario.paths import KeyPath

__all__ = ["LARGEST_FILE", "YamlText", "parse_yaml", "read_text"]

LARGEST_FILE = 1 << 20
"""Largest scenario file [bytes]."""
_MOST_ALIASES = 100
_MOST_VALUES = 500_000
_DEEPEST = 50
_TAG = "tag:yaml.org,2002:"
_TIMESTAMP = _TAG + "timestamp"
_PLAIN_TAGS = {_TAG + kind for kind in ("null", "bool", "int", "float", "str", "map", "seq")}
_PLAIN_TAGS.add(_TIMESTAMP)


@dataclass(frozen=True, kw_only=True)
class YamlText:
    """Plain data of a YAML text.

    Attributes:
        value: Mappings, lists, text, numbers, booleans and None.
        lines: Line (from 1) of every key path.
        faults: Repeated keys, foreign tags and the like.
        unread: Key paths of values that could not be read and are None.
    """

    value: Any
    lines: dict[KeyPath, int]
    faults: tuple[Fault, ...]
    unread: frozenset[KeyPath]


def read_text(path: Path) -> str:
    """Return the text of a scenario file.

    Raises:
        ScenarioError: The file is missing, a folder, unreadable, too large or not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        beside = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        others = f"; scenario files there: {', '.join(sorted(beside)[:8])}" if beside else ""
        raise ScenarioError(f"{path}: there is no such file{others}") from None
    except IsADirectoryError:
        raise ScenarioError(f"{path}: this is a folder; name the scenario file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError(f"{path}: the file cannot be read: {reason}") from None
    if len(data) > LARGEST_FILE:
        raise ScenarioError(f"{path}: the file is larger than 1 MiB; a scenario is a short text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScenarioError(
            f"{path}:{line}: the file is not UTF-8 text; save it in that encoding"
        ) from None


def parse_yaml(text: str, source: str) -> YamlText:
    """Parse YAML text.

    Args:
        text: The text.
        source: What messages call it.

    Raises:
        ScenarioError: The text is not YAML, or holds more nesting or aliases than a scenario needs.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    reader = _Reader(source, yaml.constructor)
    try:
        root = yaml.compose(text)
        value = reader.read(root, ()) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise ScenarioError(f"{source}{line}: this is not YAML: {what}{_advice(text)}") from None
    except YAMLError as error:
        what = str(error).strip().partition("\n")[0] or "it cannot be read"
        raise ScenarioError(f"{source}: this is not YAML: {what}") from None
    except RecursionError:
        raise ScenarioError(_too_deep(source)) from None
    except (ValueError, OverflowError):
        message = "this is not YAML: an escape such as \\U0000 names no character"
        raise ScenarioError(f"{source}: {message}") from None
    return YamlText(
        value=value,
        lines=reader.lines,
        faults=tuple(reader.faults),
        unread=frozenset(reader.unread),
    )


def _advice(text: str) -> str:
    return "; indent with spaces, not with tabs" if "\t" in text else ""


def _too_deep(source: str) -> str:
    return f"{source}: values are nested more than {_DEEPEST} deep; a scenario needs far less"


class _Reader:
    """Turns YAML nodes into plain data and remembers lines.

    Attributes:
        lines: Line of every key path seen.
        faults: Faults seen.
        unread: Key paths of values that could not be read.
    """

    def __init__(self, source: str, constructor: SafeConstructor) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self.unread: set[KeyPath] = set()
        self._source = source
        self._constructor = constructor
        self._seen: set[int] = set()
        self._aliases = 0

    def read(self, node: Node, path: KeyPath) -> Any:
        """Return the plain value of a node at a key path."""
        self._guard(node, path)
        self.lines.setdefault(path, node.start_mark.line + 1)
        if str(node.tag) not in _PLAIN_TAGS:
            return self._unreadable(
                path, f"the tag '{node.tag}' is not allowed; write plain values"
            )
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.read(entry, (*path, i)) for i, entry in enumerate(node.value)]
        return self._scalar(node, path)

    def _guard(self, node: Node, path: KeyPath) -> None:
        """Bound nesting, the number of aliases, and what they expand to."""
        if len(path) > _DEEPEST:
            raise ScenarioError(_too_deep(self._source))
        self._aliases += id(node) in self._seen and node.anchor is not None
        if self._aliases > _MOST_ALIASES or len(self.lines) > _MOST_VALUES:
            raise ScenarioError(
                f"{self._source}: aliases (*name) bring more than {_MOST_ALIASES} copies or "
                f"{_MOST_VALUES} values; write the values out"
            )
        self._seen.add(id(node))

    def _unreadable(self, path: KeyPath, message: str) -> None:
        """Note a value that cannot be read; None stands for it."""
        self.faults.append(Fault(path=path, message=message))
        self.unread.add(path)

    def _scalar(self, node: ScalarNode, path: KeyPath) -> Any:
        """Return text, number, boolean or None; dates stay text."""
        if str(node.tag) == _TIMESTAMP:
            return str(node.value)
        try:
            value = self._constructor.construct_object(node)
            str(node.value).encode()  # a lone surrogate is no text; its error is a ValueError
        except (ConstructorError, ValueError, ArithmeticError, LookupError):
            return self._unreadable(path, f"the value {str(node.value)[:60]!a} cannot be read")
        return float(value) if isinstance(value, float) else value

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[Any, Any]:
        """Return a mapping; repeated keys are faults, ``<<`` merges others below the own keys."""
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if str(key_node.tag) == _TAG + "merge":
                merged = {**self._merge(value_node, path), **merged}
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            step = key if isinstance(key, str | int) else str(key)
            if key in own:
                message = f"the key '{key}' is given twice, first in line {first[key]}; keep one"
                self.faults.append(Fault(path=path, message=message, line=line))
                continue
            first[key] = self.lines[*path, step] = line
            own[key] = self.read(value_node, (*path, step))
        return {**merged, **own}

    def _merge(self, node: Node, path: KeyPath) -> dict[Any, Any]:
        """Return what ``<<: *name`` or ``<<: [*one, *two]`` brings."""
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        values: dict[Any, Any] = {}
        for entry in nodes:
            value = self.read(entry, path)
            if not isinstance(value, dict):
                message = "'<<' takes a mapping, or a list of mappings"
                self.faults.append(Fault(path=path, message=message))
                continue
            values = {**value, **values}
        return values

    def _key(self, node: Node, path: KeyPath) -> Any:
        """Return a key: text, or a whole number; None after noting a fault."""
        key = self._scalar(node, path) if isinstance(node, ScalarNode) else None
        if isinstance(key, str | int) and not isinstance(key, bool):
            return key
        if isinstance(key, float | bool) and math.isfinite(key):
            return str(node.value)
        message = "a key must be a word; put other text in quotes"
        self.faults.append(Fault(path=path, message=message, line=node.start_mark.line + 1))
        return None
