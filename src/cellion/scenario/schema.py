"""Schema of a scenario: keys at a key path, and the JSON schema for editors."""

from __future__ import annotations

import types
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin

from pydantic import BaseModel

from cellion.scenario.paths import KeyPath
from cellion.scenario.scenario import Scenario

__all__ = ["json_schema", "keys_at"]


def keys_at(path: KeyPath) -> tuple[str, ...] | None:
    """Return the keys that exist at a key path of the schema.

    Args:
        path: From the top of the scenario down.

    Returns:
        Key names; empty where keys are free (names of materials); None where there can be no keys.
    """
    kind: Any = Scenario
    for step in path:
        kind = _below(_core(kind), step)
        if kind is None:
            return None
    kind = _core(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return tuple(name for name, field in kind.model_fields.items() if not field.exclude)
    return () if get_origin(kind) is dict else None


def _core(annotation: Any) -> Any:
    """Strip annotations and ``| None`` from a type."""
    while True:
        if isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            annotation = next(a for a in get_args(annotation) if a is not type(None))
        else:
            return annotation


def _below(kind: Any, step: str | int) -> Any:
    """Return the type one step further down, or None where there is none."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return None if field is None else field.annotation
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple and isinstance(step, int):
        return get_args(kind)[0]
    return None


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario file, for completion and checks in editors.

    It describes what users write (text with units), not the SI values inside.
    """
    schema: dict[str, Any] = _tidy(Scenario.model_json_schema(mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidy(schema: Any) -> Any:
    """Leave out what a user cannot write (null), derived titles, and the code's own prose."""
    if isinstance(schema, list):
        return [_tidy(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(tidy.get("title"), str) and tidy["title"][:1].isupper():
        del tidy["title"]
    if isinstance(tidy.get("description"), str):
        tidy["description"] = tidy["description"].partition("\n\n")[0].replace("``", "`")
    if tidy.get("default", "") is None:
        del tidy["default"]
    if {"type": "null"} in tidy.get("anyOf", ()):
        branches = [branch for branch in tidy.pop("anyOf") if branch != {"type": "null"}]
        tidy = {**branches[0], **tidy} if len(branches) == 1 else {"anyOf": branches, **tidy}
    return tidy
