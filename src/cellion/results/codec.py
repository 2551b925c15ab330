"""Frozen dataclasses of plain numbers to strict JSON and back, checked key by key.

JSON has no token for numbers that are not finite. They are written as ``null``: for NaN (not
asked, not known) that is what ``null`` means anyway; an infinite number is told from it by a
neighbouring key of the record (see `cellion.results.record`). A field whose value is None and whose
default is None is left out.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

import numpy as np

from cellion.errors import ResultsError, nearest

__all__ = ["Json", "decode", "encode", "encode_record"]

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


def encode(value: object) -> Json:
    """Turn a record into what JSON can hold.

    Args:
        value: A dataclass, mapping, sequence, array, number, string, truth value or None.

    Returns:
        Dictionaries, lists, strings and finite numbers; numbers that are not finite become None.

    Raises:
        ResultsError: The value is of a type that a results file cannot hold.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return encode(value.tolist())
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return encode_record(value)
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [encode(item) for item in value]
    raise ResultsError(
        f"results: a value of type {type(value).__name__} cannot be saved; "
        "plain numbers, strings, lists, mappings and records can"
    )


def encode_record(record: Any) -> dict[str, Json]:
    """Turn a dataclass into a JSON object, field by field; see `encode`."""
    document: dict[str, Json] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if not (value is None and field.default is None):
            document[field.name] = encode(value)
    return document


def decode[T](kind: type[T], document: object, where: str) -> T:
    """Build the dataclass `kind` from a parsed JSON document.

    Args:
        kind: A dataclass whose annotations use numbers, strings, arrays, tuples, mappings, None
            and further dataclasses.
        document: What `json.loads` returned.
        where: Name of the document, the beginning of every error message.

    Returns:
        The record; ``null`` in place of a number becomes NaN.

    Raises:
        ResultsError: A key is missing, unknown, of the wrong type, or refused by its record.
    """
    try:
        record: T = _decode_record(kind, document, where, "")
    except ResultsError as error:
        if str(error).startswith(where):
            raise
        raise ResultsError(f"{where}: {error}") from error  # what a record says of its own fields
    return record


def _fail(where: str, key: str, found: object, allowed: str) -> ResultsError:
    text = repr(found)
    shown = text if len(text) <= 60 else text[:57] + "..."
    return ResultsError(f"{where}: {key or 'the document'}: found {shown}; allowed: {allowed}")


def _decode_record(kind: Any, document: object, where: str, key: str) -> Any:
    if not isinstance(document, dict):
        raise _fail(where, key, document, f"the keys of {kind.__name__}")
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    prefix = f"{key}." if key else ""
    for name in document:
        if name not in fields:
            raise ResultsError(
                f"{where}: {prefix}{name}: unknown key{nearest(name, fields)}; "
                f"known keys: {', '.join(fields)}"
            )
    hints = get_type_hints(kind)
    values = {}
    for name, field in fields.items():
        if name in document:
            values[name] = _decode_value(hints[name], document[name], where, prefix + name)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ResultsError(f"{where}: {prefix}{name}: this key is missing")
    return kind(**values)


def _decode_value(kind: Any, value: object, where: str, key: str) -> Any:
    """Decode one value by its annotation."""
    if kind is Any or kind is object:
        return value
    if dataclasses.is_dataclass(kind):
        return _decode_record(kind, value, where, key)
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(origin, TypeAliasType):  # what NDArray[...] is in newer versions of NumPy
        return _decode_value(origin.__value__, value, where, key)
    if origin in (types.UnionType, Union):
        return _decode_optional(arguments, value, where, key)
    if origin is np.ndarray or kind is np.ndarray:
        return _decode_array(value, where, key)
    if origin is tuple:
        return _decode_tuple(arguments, value, where, key)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _decode_mapping(arguments[1], value, where, key)
    return _decode_scalar(kind, value, where, key)


def _decode_optional(choices: tuple[Any, ...], value: object, where: str, key: str) -> Any:
    if value is None and type(None) in choices:
        return None
    (kind,) = (choice for choice in choices if choice is not type(None))
    return _decode_value(kind, value, where, key)


def _decode_array(value: object, where: str, key: str) -> Any:
    try:
        _check_numbers(value)
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise _fail(where, key, value, "a rectangular list of numbers or null") from None
    if array.ndim == 0:
        raise _fail(where, key, value, "a list of numbers")
    array.setflags(write=False)
    return array


def _check_numbers(value: object) -> None:
    """Refuse texts and truth values, which NumPy would convert.

    Raises:
        TypeError: Something else than lists, numbers and null is found.
    """
    if isinstance(value, list):
        for item in value:
            _check_numbers(item)
    elif isinstance(value, bool) or not (value is None or isinstance(value, int | float)):
        raise TypeError


def _decode_tuple(kinds: tuple[Any, ...], value: object, where: str, key: str) -> Any:
    if not isinstance(value, list):
        raise _fail(where, key, value, "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _fail(where, key, value, f"a list of {len(kinds)} entries")
    return tuple(
        _decode_value(kind, item, where, f"{key}[{index}]")
        for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _decode_mapping(kind: Any, value: object, where: str, key: str) -> Any:
    if not isinstance(value, dict):
        raise _fail(where, key, value, "a mapping")
    return {name: _decode_value(kind, item, where, f"{key}.{name}") for name, item in value.items()}


def _decode_scalar(kind: Any, value: object, where: str, key: str) -> Any:
    truth = isinstance(value, bool)
    if kind is bool and truth:
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind is int and isinstance(value, int) and not truth:
        return value
    if kind is float and isinstance(value, int | float) and not truth:
        return float(value)
    if kind is float and value is None:
        return math.nan
    names = {bool: "true or false", str: "a string", int: "a whole number", float: "a number"}
    raise _fail(where, key, value, names.get(kind, str(kind)))
