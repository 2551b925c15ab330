"""Settings of space groups from symbols, numbers or lists of operations.

A Hermann-Mauguin symbol may end with its setting: origin choice (``:1``, ``:2``), axes (``:H``,
``:R``), or as older collections write it (``S``, ``Z``, ``H``, ``R``). Operations are exact:
rotations in whole numbers, translations in twenty-fourths.

Source: International Tables for Crystallography A (2016); the table of 530 settings is that of
spglib (Togo and Tanaka 2018).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from spglib import (
    SpglibError,
    get_spacegroup_type,
    get_spacegroup_type_from_symmetry,
    get_symmetry_from_database,
)

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, nearest

__all__ = [
    "Operations",
    "Setting",
    "UnknownSymbolError",
    "ask_spglib",
    "fits_cell",
    "listed_operations",
    "named_settings",
    "number_of",
    "preferred",
    "setting_of",
]

_SETTINGS = range(1, 531)
_PARTS = 24
_LONGEST = 60
_MOST = 192
_SAME_METRIC = 0.01
_STANDARD = ("", "b", "b1", "1", "2", "H", "R")
_UNIQUE_AXES = "bca"
_SAME_AS = {"1": "", "abc": "", "h": "", "b1": "b"}
"""Choices that files name where the table has another word, or one choice only."""
_TERM = re.compile(r"([+-]?)(?:(\d+\.?\d*|\.\d+)(?:/(\d+))?\*?)?([xyz]?)")


class UnknownSymbolError(RatesError):
    """A symbol of a space group is in no table."""


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Symmetry operations x' = R x + t in fractional coordinates.

    Attributes:
        rotations: R, shape (m, 3, 3).
        translations: t in twenty-fourths, shape (m, 3).
    """

    rotations: IntArray
    translations: IntArray

    @property
    def shifts(self) -> FloatArray:
        """Translations as fractions, shape (m, 3)."""
        return self.translations / _PARTS

    @property
    def keys(self) -> frozenset[tuple[int, ...]]:
        """All operations, comparable."""
        rows = np.hstack([self.rotations.reshape(-1, 9), self.translations])
        return frozenset(tuple(row) for row in rows.tolist())


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A tabulated setting of a space group.

    Attributes:
        hall: Its number among the 530.
        number: Number of the space group.
        symbol: Symbol in this setting.
        choice: Unique axis, origin choice or axes; empty where there is one only.
        full_symbol: Full symbol.
        hall_symbol: Hall symbol.
    """

    hall: int
    number: int
    symbol: str
    choice: str
    full_symbol: str
    hall_symbol: str

    @property
    def name(self) -> str:
        """Symbol with its choice."""
        return f"{self.symbol} :{self.choice}" if self.choice else self.symbol

    @property
    def operations(self) -> Operations:
        """Its operations."""
        found = ask_spglib(get_symmetry_from_database, self.hall)
        shifts = np.rint(np.asarray(found["translations"]) * _PARTS).astype(np.int64) % _PARTS
        rotations = np.asarray(found["rotations"], dtype=np.int64)
        return Operations(rotations=rotations, translations=shifts)


def ask_spglib(question: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Return the answer of spglib, None if there is none; warnings of version 2 are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return question(*given, **options)
        except SpglibError:
            return None


@cache
def _table() -> tuple[Setting, ...]:
    """Return all tabulated settings."""
    found = []
    for hall in _SETTINGS:
        kind = ask_spglib(get_spacegroup_type, hall)
        names = kind.international.split("=")
        found.append(
            Setting(
                hall=hall,
                number=kind.number,
                symbol=(names[1] if len(names) > 1 else names[0]).strip(),
                choice=kind.choice,
                full_symbol=kind.international_full,
                hall_symbol=kind.hall_symbol,
            )
        )
    return tuple(found)


@cache
def _by_symbol() -> dict[str, tuple[Setting, ...]]:
    """Return the settings that each symbol may mean, short or full."""
    found: dict[str, list[Setting]] = {}
    for setting in _table():
        full = setting.full_symbol
        written = {setting.symbol, full}
        if 3 <= setting.number <= 15:
            written.add(" ".join(word for word in full.split() if word != "1"))
        for name in {_symbol_key(text) for text in written}:
            found.setdefault(name, []).append(setting)
    return {name: tuple(settings) for name, settings in found.items()}


@cache
def _by_hall() -> dict[str, Setting]:
    return {_hall_key(setting.hall_symbol): setting for setting in reversed(_table())}


def _symbol_key(symbol: str) -> str:
    symbol = re.sub("(\\d)[\N{COMBINING OVERLINE}\N{COMBINING MACRON}]", r"-\1", symbol)
    symbol = re.sub("[\N{MINUS SIGN}\N{EN DASH}\N{HYPHEN}]", "-", symbol)
    return re.sub(r"[\s_()'\"]", "", symbol).lower()


def _hall_key(symbol: str) -> str:
    return re.sub(r"[\s_]", "", symbol.replace("=", '"').replace("''", '"')).lower()


def named_settings(
    symbol: str | None, hall: str | None, number: int | None, code: str | None = None
) -> tuple[Setting, ...]:
    """Return the settings that agree with all symbols and the number of a file.

    Args:
        symbol: Hermann-Mauguin symbol, perhaps with its setting.
        hall: Hall symbol.
        number: Number in the International Tables.
        code: Setting, where it stands apart from the symbol.

    Returns:
        At least one setting; of the number alone the standard ones; none where nothing is given.

    Raises:
        UnknownSymbolError: A symbol is not tabulated.
        RatesError: They contradict each other.
    """
    found: tuple[Setting, ...] = ()
    told = ""
    if symbol:
        found, told = _of_symbol(symbol, code), f"the symbol '{symbol}'"
    if number is not None:
        if not 1 <= number <= 230:
            raise RatesError(f"{number} is no space group number; they go from 1 to 230")
        of_number = tuple(s for s in _table() if s.number == number)
        if not found:
            standard = tuple(s for s in of_number if s.choice in _STANDARD)
            found = standard if not code else _with_choice(of_number, code, f"number {number}")
        elif not set(found) & set(of_number):
            raise RatesError(
                f"{told} is of space group {found[0].number}, the number says {number}"
            )
        found = tuple(s for s in found if s.number == number)
        told = " and ".join(filter(None, (told, f"number {number}")))
    if hall:
        of_hall = _by_hall().get(_hall_key(hall))
        if of_hall is None:
            raise UnknownSymbolError(f"the Hall symbol '{hall[:_LONGEST]}' is not known")
        same = set(_matching(of_hall.operations, of_hall.number))
        if found and not set(found) & same and (symbol or of_hall.number != number):
            raise RatesError(f"{told} and the Hall symbol '{hall}' ({of_hall.name}) contradict")
        found = tuple(s for s in found if s in same)[:1] or (of_hall,)
    return found


def _of_symbol(symbol: str, code: str | None) -> tuple[Setting, ...]:
    """Return the settings of a Hermann-Mauguin symbol."""
    if len(symbol) > _LONGEST:
        raise UnknownSymbolError(f"the space group symbol '{symbol[:_LONGEST]}...' is not known")
    written, _, suffix = (part.strip() for part in symbol.strip().strip("'\"").partition(":"))
    written = re.sub(r"\(.*origin.*\)", "", written, flags=re.IGNORECASE)
    key = _symbol_key(written)
    known = _by_symbol()
    spellings = [key, re.sub(r"(?<=[a-z])3", "-3", key)]
    spellings += [f"{key[:k]}e{key[k + 1 :]}" for k in range(1, len(key)) if key[k] in "abc"]
    ending = {"s": "1", "z": "2", "h": "H", "r": "R"}.get(key[-1:]) if len(key) > 1 else None
    if not any(name in known for name in spellings) and ending:
        key = re.sub(r"h$", "", key[:-1]) if key.endswith("hr") else key[:-1]
        spellings, suffix = [key], suffix or ending
    found = next((known[name] for name in spellings if name in known), ())
    if not found:
        hint = nearest(key, known)
        raise UnknownSymbolError(f"the space group symbol '{symbol}' is not known{hint}")
    choice = suffix or (code or "")
    return _with_choice(found, choice, f"'{symbol}'") if choice else found


def _with_choice(settings: tuple[Setting, ...], choice: str, of: str) -> tuple[Setting, ...]:
    """Return the settings of one choice."""
    wanted = choice.strip().lower()
    for word in (wanted, _SAME_AS.get(wanted)):
        found = tuple(s for s in settings if s.choice.lower() == word)
        if found:
            return found
    known = ", ".join(f"':{s.choice}'" for s in settings if s.choice)
    raise RatesError(
        f"{of} has no setting ':{choice}'; " + (f"it has {known}" if known else "it has one only")
    )


def preferred(settings: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """Return the one setting with the first unique axis of b, c, a; all of other groups."""
    for axis in _UNIQUE_AXES:
        found = tuple(s for s in settings if s.choice.lstrip("-")[:1] == axis and s.number <= 15)
        if found:
            return found[:1]
    return settings


def fits_cell(rotations: IntArray, lattice: FloatArray) -> bool:
    """Tell whether rotations (m, 3, 3) preserve the metric of a cell."""
    metric = lattice @ lattice.T
    scale = np.sqrt(np.outer(np.diag(metric), np.diag(metric)))
    turned = np.swapaxes(rotations, 1, 2) @ metric @ rotations
    return bool((np.abs(turned - metric) <= _SAME_METRIC * scale).all())


def listed_operations(texts: list[str]) -> Operations:
    """Return the operations of a list such as ``x,y,z``, ``-y, x-y, z+1/3``.

    Raises:
        RatesError: One is no operation, or together they are no group.
    """
    if not 0 < len(texts) <= _MOST:
        raise RatesError(f"{len(texts)} symmetry operations found; a space group has 1 to {_MOST}")
    parsed = [_operation(text) for text in texts]
    found = Operations(
        rotations=np.array([rotation for rotation, _ in parsed], dtype=np.int64),
        translations=np.array([shift for _, shift in parsed], dtype=np.int64),
    )
    keys = found.keys
    R, t = found.rotations, found.translations
    products = np.einsum("aij,bjk->abik", R, R).reshape(-1, 9)
    shifts = (np.einsum("aij,bj->abi", R, t) + t[:, None]).reshape(-1, 3) % _PARTS
    closed = {tuple(row) for row in np.hstack([products, shifts]).tolist()}
    if not closed <= keys:
        raise RatesError(
            f"the {len(texts)} symmetry operations are no group: one after another gives further "
            "ones that are not listed"
        )
    return found


def _operation(text: str) -> tuple[IntArray, IntArray]:
    """Return rotation and translation, in twenty-fourths, of one operation."""
    parts = re.sub(r"[\s'\"]", "", text[:_LONGEST]).lower().split(",")
    rotation, shift = np.zeros((3, 3), dtype=np.int64), np.zeros(3)
    whole = len(parts) == 3 and all(parts) and len(text) <= _LONGEST
    for row, part in enumerate(parts if whole else ()):
        end = 0
        for sign, number, divisor, axis in _TERM.findall(part):
            factor = -1.0 if sign == "-" else 1.0
            value = float(number or 1.0) / (float(divisor or 1.0) or np.nan)
            end += len(sign + number + divisor + axis) + bool(divisor)
            if axis:
                whole &= value == 1.0
                rotation[row, "xyz".index(axis)] += int(factor)
            elif number:
                shift[row] += factor * value
        whole &= end == len(part)
    scaled = shift * _PARTS
    near = np.abs(scaled - np.round(scaled)).max() < 0.1 if np.isfinite(scaled).all() else False
    if not (whole and near and abs(round(float(np.linalg.det(rotation)))) == 1):
        raise RatesError(f"'{text[:60]}' is no symmetry operation; one is such as 'x, -y, z+1/2'")
    return rotation, np.round(scaled).astype(np.int64) % _PARTS


def number_of(operations: Operations, lattice: FloatArray) -> int:
    """Return the number of the space group of operations; 0 where it is not found."""
    cell = lattice / np.cbrt(abs(np.linalg.det(lattice)))
    kind = ask_spglib(
        get_spacegroup_type_from_symmetry, operations.rotations, operations.shifts, lattice=cell
    )
    return 0 if kind is None else int(kind.number)


def setting_of(operations: Operations, number: int) -> Setting | None:
    """Return the tabulated setting with exactly these operations."""
    return next(_matching(operations, number), None)


def _matching(operations: Operations, number: int) -> Iterator[Setting]:
    """Yield the tabulated settings of a space group with exactly these operations."""
    keys = operations.keys
    return (s for s in _table() if s.number == number and s.operations.keys == keys)
