"""Names of materials: wherever one is used, it must be defined."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from cellion.errors import nearest
from cellion.scenario.faults import Fault
from cellion.scenario.paths import KeyPath
from cellion.scenario.polycrystal import MatrixSpec
from cellion.scenario.scenario import Scenario
from cellion.scenario.sections import Form, Section
from cellion.scenario.values import name as read_name

__all__ = ["undefined_materials"]


def undefined_materials(document: dict[str, Any]) -> list[Fault]:
    """Return a fault for every material that is used but not defined.

    It looks at the plain document, so that it can answer while other parts are still wrong.

    Args:
        document: The scenario as the user wrote it.
    """
    defined = document.get("materials")
    if not isinstance(defined, dict):
        return []
    names = [str(name) for name in defined]
    faults: list[Fault] = []
    for path, name in _used(document, Scenario, ()):
        if isinstance(name, str) and name not in names:
            hint = nearest(name, names).strip(" ()")
            add = f"define it, for example 'materials: {{{name}: insulator}}'"
            message = (
                f"material '{name}' is not defined; defined are: {', '.join(names) or 'none'}; "
                f"{hint or add}"
            )
            faults.append(Fault(path=path, message=message))
    return faults


def _used(
    value: Any, kind: Any, path: KeyPath, metadata: Sequence[object] = ()
) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the places that name a material, with the name, in a value of a type of the schema."""
    while get_origin(kind) in (Annotated, Union, types.UnionType):
        metadata = (*metadata, *get_args(kind)[1:])
        kind = next(entry for entry in get_args(kind) if entry is not types.NoneType)
    if any(isinstance(entry, Form) and entry.read is read_name for entry in metadata):
        yield path, value
    elif isinstance(kind, type) and issubclass(kind, Section):
        yield from _used_in_section(value, kind, path)
    elif get_origin(kind) is dict and isinstance(value, dict):
        for key, entry in value.items():
            yield from _used(entry, get_args(kind)[1], (*path, key))
    elif get_origin(kind) is tuple and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _used(entry, get_args(kind)[0], (*path, index))


def _used_in_section(
    value: Any, section: type[Section], path: KeyPath
) -> Iterator[tuple[KeyPath, Any]]:
    """Yield them in a section, defaults included; a matrix may be the bare name."""
    if section is MatrixSpec and isinstance(value, str):
        yield path, value
    if not isinstance(value, dict):
        return
    for key, field in section.model_fields.items():
        if key in value:
            yield from _used(value[key], field.annotation, (*path, key), field.metadata)
        elif isinstance(field.default, str):
            yield from _used(field.default, field.annotation, path, field.metadata)
