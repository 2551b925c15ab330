"""Faults of a scenario: collected all at once, told in the user's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from cellion.errors import ScenarioError, nearest
from cellion.quantities import describe
from cellion.scenario.paths import KeyPath, format_path

__all__ = ["Fault", "Faults", "FaultsError", "Positions", "faults_of", "scenario_error"]

type Faults = list[tuple[KeyPath, str]]
"""Messages, each at a key path relative to what is checked."""

type Positions = Mapping[KeyPath, int | str]
"""Where each key path was written: a line of the file, or text such as ``--set mesh.size``."""


type KeysAt = Callable[[KeyPath], tuple[str, ...] | None]
"""Function from a key path to the keys that exist there (`cellion.scenario.schema.keys_at`)."""

_MOST_TOLD = 50


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        path: Key path the message is about.
        message: What was found, what is allowed, what to do.
        at: Key path whose position is reported, when it differs from ``path``.
        line: Line that is reported, when no key path has it.
    """

    path: KeyPath
    message: str
    at: KeyPath | None = None
    line: int | None = None


class FaultsError(ValueError):
    """Raised inside validators: one or more messages, each at a path relative to the value.

    Attributes:
        faults: Pairs of relative key path and message.
    """

    def __init__(self, *faults: tuple[KeyPath, str]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


def scenario_error(
    faults: Iterable[Fault], *, source: str, positions: Positions | None = None
) -> ScenarioError:
    """Return one error whose text has a line for every fault, in the order of the file.

    Args:
        faults: What is wrong.
        source: File name, or what stands for it.
        positions: Where the key paths were written.
    """
    places = positions or {}
    lines: dict[str, tuple[int, int]] = {}
    for count, fault in enumerate(faults):
        place = fault.line or _place(fault.path if fault.at is None else fault.at, places)
        prefix = place if isinstance(place, str) else f"{source}:{place}" if place else source
        line = ": ".join(part for part in (prefix, format_path(fault.path), fault.message) if part)
        lines.setdefault(line, (place if isinstance(place, int) else 0, count))
    told = sorted(lines, key=lines.__getitem__)
    if len(told) > _MOST_TOLD:
        told[_MOST_TOLD:] = [f"{source}: and {len(told) - _MOST_TOLD} more faults"]
    return ScenarioError("\n".join(told))


def _place(path: KeyPath, positions: Positions) -> int | str:
    """Return the position of the longest known beginning of a path; 0 when nothing is known."""
    for length in range(len(path), -1, -1):
        if path[:length] in positions:
            return positions[path[:length]]
    return 0


def faults_of(error: ValidationError, keys: KeysAt) -> list[Fault]:
    """Translate pydantic's report into faults in the user's words.

    Args:
        error: The report.
        keys: Says which keys exist at a key path.
    """
    found: list[Fault] = []
    for entry in error.errors(include_url=False):
        path: KeyPath = tuple(entry["loc"])
        if path and path[-1] == "[key]":
            path = path[:-1]
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, FaultsError):
            found += [Fault(path=(*path, *at), message=text) for at, text in cause.faults]
        elif isinstance(cause, ScenarioError):
            found.append(Fault(path=path, message=str(cause)))
        else:
            found.append(_translated(entry["type"], path, entry["input"], keys))
    return found


def _translated(kind: str, path: KeyPath, value: object, keys: KeysAt) -> Fault:
    """Return the fault for one of pydantic's own error types."""
    saw = f"found {describe(value)}"
    match kind:
        case "extra_forbidden":
            return _unknown_key(path, tuple(keys(path[:-1]) or ()))
        case "missing":
            return Fault(path=path[:-1], message=f"the key '{path[-1]}' is missing")
        case "invalid_key":
            message = (
                f"the key {path[-1]} is not a word; allowed: {', '.join(keys(path[:-1]) or ())}"
            )
            return Fault(path=path[:-1], message=message, at=path)
        case "model_type" | "dict_type":
            allowed = ", ".join(map(str, keys(path) or ()))
            named = f" with the keys {allowed}" if allowed else ""
            return Fault(path=path, message=f"{saw}; a mapping{named} is needed")
        case "tuple_type":
            return Fault(path=path, message=f"{saw}; a list [ ... ] is needed")
        case _:
            return Fault(path=path, message=f"{saw}; this value cannot be used here")


def _unknown_key(path: KeyPath, allowed: tuple[str, ...]) -> Fault:
    """Return the fault for a key that does not exist, with the nearest one that does."""
    name = str(path[-1])
    hint = nearest(name, allowed).strip(" ()")
    message = f"unknown key '{name}'; allowed: {', '.join(allowed)}" + (f"; {hint}" if hint else "")
    return Fault(path=path[:-1], message=message, at=path)
