"""Base class of the sections of a scenario, and the metadata of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, get_args

from annotated_types import GroupedMetadata
from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from cellion.errors import ScenarioError, nearest
from cellion.quantities import describe
from cellion.scenario.faults import Faults, FaultsError

__all__ = [
    "Form",
    "OneOf",
    "Section",
    "collected",
    "distinct",
    "fail",
    "listed",
    "not_empty",
    "or_bare",
    "without_default",
]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, numbers never guessed from text.

    The description of a field documents it, for the reference page, editors and readers of the
    code. Values are in SI units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    def given(self, *keys: str) -> list[str]:
        """Return those of the keys that have a value, other than false."""
        values = ((key, getattr(self, key)) for key in keys)
        return [key for key, value in values if value is not None and value is not False]


class Form(GroupedMetadata):
    """Reader of a value, and the JSON schema of what the user writes; stands in `Annotated`."""

    def __init__(self, read: Callable[..., Any], **schema: Any) -> None:
        self.read, self.schema = read, schema

    def __iter__(self) -> Iterator[object]:
        yield BeforeValidator(self.read)
        yield WithJsonSchema(self.schema)


class OneOf:
    """Reader of one word out of those of a `Literal`; stands in `Annotated`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        read = _choice(get_args(source))
        return core_schema.no_info_before_validator_function(read, handler(source))


def _choice(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a reader of one word out of ``allowed``."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            hint = nearest(value, allowed) if isinstance(value, str) else ""
            raise fail(f"found {describe(value)}{hint}; allowed: {', '.join(allowed)}")
        return value

    return read


def fail(message: str, *at: str | int) -> FaultsError:
    """Return the error for one fault at a path relative to the value being validated."""
    return FaultsError((at, message))


def listed(value: object, what: str, read: Callable[[Any], Any]) -> list[Any]:
    """Read every entry of a list and report all wrong ones together.

    Args:
        value: What the user wrote.
        what: What is needed, for the message when it is no list.
        read: Reads one entry or raises `ScenarioError` or `FaultsError`.

    Raises:
        FaultsError: ``value`` is no list, or entries are wrong.
    """
    if not isinstance(value, list | tuple):
        raise fail(f"found {describe(value)}; {what} is needed")
    return collected(enumerate(value), read)


def collected(entries: Iterable[tuple[Any, Any]], read: Callable[[Any], Any]) -> list[Any]:
    """Read all entries, each with its key, and report all wrong ones together.

    Raises:
        FaultsError: Entries are wrong.
    """
    found: list[Any] = []
    faults: Faults = []
    for key, entry in entries:
        try:
            found.append(read(entry))
        except ScenarioError as error:
            faults.append(((key,), str(error)))
        except FaultsError as error:
            faults += [((key, *at), message) for at, message in error.faults]
    if faults:
        raise FaultsError(*faults)
    return found


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values; an empty list or a repeated entry is a fault."""
    if not values:
        raise fail("found an empty list; at least one entry is needed")
    for index, value in enumerate(values):
        if value in values[:index]:
            raise fail(f"'{value}' is given twice; once is enough", index)
    return values


def not_empty(noun: str) -> Callable[[Any], Any]:
    """Return the validator of a list that needs an entry, a ``noun``."""

    def read(value: Any) -> Any:
        if isinstance(value, list | tuple) and not value:
            raise fail(f"found an empty list; at least one {noun} is needed")
        return value

    return read


def or_bare(bare: dict[str, Any], *hidden: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change of the JSON schema of a section that may be written as a bare value.

    Args:
        bare: Schema of the bare value.
        hidden: Keys that stand for it and are not written.
        changes: Entries of the schema of the mapping that change.
    """

    def change(schema: dict[str, Any]) -> None:
        mapping = {**schema, **changes}
        for key in hidden:
            mapping["properties"].pop(key, None)
        schema.clear()
        schema["anyOf"] = [bare, mapping]

    return change


def without_default(schema: dict[str, Any]) -> None:
    """Leave a default that is not written as the user would out of a JSON schema."""
    schema.pop("default", None)
