"""Changes of a plain scenario document: other values at dotted key paths."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from itertools import chain
from typing import Any

from cellion.errors import nearest
from cellion.quantities import describe
from cellion.scenario.faults import Fault, scenario_error
from cellion.scenario.paths import KeyPath, child, format_path, parse_path
from cellion.scenario.schema import keys_at

__all__ = ["assign", "changed", "resolved", "with_values"]


def with_values(document: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with other values.

    Args:
        document: A plain scenario document; it is not changed.
        values: New value by dotted key path. Sections that the schema knows and the document lacks
            are added.

    Raises:
        ScenarioError: A key path leads nowhere.
    """
    other, faults = changed(document, values)
    if faults:
        raise scenario_error(faults, source="scenario")
    return other


def changed(
    document: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return a copy with other values, and a fault for each key path that leads nowhere."""
    other = copy.deepcopy(dict(document))
    faults: list[Fault] = []
    for text, value in values.items():
        try:
            assign(other, resolved(other, text), copy.deepcopy(value))
        except ValueError as error:
            faults.append(Fault(path=(), message=str(error)))
    return other, faults


def resolved(document: dict[str, Any], text: str) -> KeyPath:
    """Return a dotted path as the document spells it, after checking that it leads somewhere.

    Raises:
        ValueError: It does not; the message says where it ends and what would go on.
    """
    place: Any = document
    path: list[str | int] = []
    for step in parse_path(text):
        exists, below, spelt = child(place, step)
        if not exists:
            _check_new(tuple(path), step, place)
        path.append(spelt)
        place = below if exists else {}
    return tuple(path)


def _check_new(path: KeyPath, step: str | int, place: Any) -> None:
    """Check that a step that the document lacks can be added there."""
    where = f"'{format_path(path)}'" if path else "the scenario"
    if isinstance(place, list):
        raise ValueError(f"{where} is a list of {len(place)}; it has no entry [{step}]")
    if not isinstance(place, dict) or isinstance(step, int):
        raise ValueError(
            f"{where} is {describe(place)}, so '{step}' cannot be set in it; set {where} itself"
        )
    allowed = keys_at(path)
    if allowed != () and step not in (allowed or ()):
        names = [*dict.fromkeys(chain(allowed or (), map(str, place)))]
        hint = nearest(str(step), names).strip(" ()")
        raise ValueError(
            f"{where} has no key '{step}'; allowed: {', '.join(names) or 'none'}"
            + (f"; {hint}" if hint else "")
        )


def assign(document: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Set a value at a resolved path, adding sections on the way."""
    place: Any = document
    for step in path[:-1]:
        if isinstance(place, dict) and step not in place:
            place[step] = {}
        place = place[step]
    place[path[-1]] = value
