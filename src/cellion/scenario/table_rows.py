"""Rows of measured values over temperature, from the scenario or from columns of a file.

Columns are recognised by their names: temperature or 1000/T; conductivity, sigma T or diffusivity,
or the decadic (``log10``) or natural (``ln``) logarithm of one; an error, relative or absolute. Any
other column is ignored, which a note says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellion.errors import ScenarioError, nearest
from cellion.quantities import DIMENSIONS, describe, to_si
from cellion.scenario.data_files import read_data_text
from cellion.scenario.delimited import Column, Line, decimal_points, read_delimited
from cellion.scenario.faults import FaultsError
from cellion.scenario.sections import collected, fail
from cellion.scenario.values import quantity

__all__ = ["Row", "TableRows", "read_relative_error", "read_row", "read_table_file"]

type Row = tuple[float, float, float | None]
"""Temperature [K], value [S/m or m^2/s], standard deviation of its logarithm."""


@dataclass(frozen=True, kw_only=True)
class TableRows:
    """Rows of a table, with notes.

    Attributes:
        rows: Its rows.
        notes: What was ignored or assumed, one sentence each.
    """

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def read_relative_error(value: Any) -> float:
    """Read a relative error."""
    try:
        share = to_si(value, "fraction")
    except ScenarioError as error:
        raise fail(str(error)) from None
    if not 0.0 < share <= 10.0:
        raise fail(f"found {value!r}; a relative error above 0 is needed, for example '5 %'")
    if share > 1.0 and "%" not in str(value):
        raise fail(
            f"found {value!r}, which can be {share:g} % or {100.0 * share:g} %; write it with '%'"
        )
    return share


def read_row(of: str, value: Any) -> Row:
    """Read one row of the scenario: temperature, value, and perhaps its error.

    Args:
        of: ``conductivity`` or ``diffusivity``.
        value: What the user wrote; the error is relative (``5 %``) or in a unit of the value.

    Raises:
        FaultsError: Entries are wrong.
    """
    if not isinstance(value, list | tuple) or len(value) not in (2, 3):
        raise fail(
            f"found {describe(value)}; a row is [temperature, value] or [temperature, value, "
            "error], such as [300 K, 0.1 mS/cm, 5 %]"
        )
    readers: tuple[Callable[[Any], float], ...] = (
        quantity("temperature", above=0.0),
        lambda entry: _positive(entry, of),
        lambda entry: _error(entry, of, value[1]),
    )
    entries = enumerate(zip(readers, value, strict=False))
    found = collected(entries, lambda entry: entry[0](entry[1]))
    return found[0], found[1], found[2] if len(found) == 3 else None


def _positive(value: Any, dimension: str) -> float:
    """Read one value above zero."""
    found = quantity(dimension)(value)
    if not found > 0.0:
        raise fail(f"found {value!r}; a {dimension} above zero is needed, its logarithm is fitted")
    return found


def _error(value: Any, of: str, measured: Any) -> float:
    """Read an error, relative or in the unit of the value, as that of the logarithm."""
    if not isinstance(value, str) or not any(c.isalpha() for c in value):
        return read_relative_error(value)
    return _share(_positive(value, of), _positive(measured, of), value)


def _share(error: float, measured: float, written: str) -> float:
    """Return an absolute error as a relative one."""
    if not error / measured <= 10.0:
        raise fail(f"found {written!r}, {error / measured:.3g} times the value; is it its error?")
    return error / measured


@dataclass(frozen=True, kw_only=True)
class _Role:
    """Meaning of a column.

    Attributes:
        of: ``temperature``, ``value`` or ``error``.
        dimension: Dimension of what is written, of its argument where it is a logarithm;
            ``fraction`` of a relative error.
        base: Base of the logarithm; 0 where it is none, NaN where it can be two.
        factor: Numerator of an inverse temperature: 1000 of 1000/T; 0 of a temperature.
    """

    of: str
    dimension: str
    base: float = 0.0
    factor: float = 0.0

    @property
    def direct(self) -> bool:
        """Whether the column holds what is wanted, and not something that it follows from."""
        return not (self.base or self.factor or self.dimension == "conductivity_temperature")


_LOGARITHM = re.compile(r"(log ?10|lg|ln|log)(?:\s*\((.*)\)|\s+(.*)|(?=[σ])(.*))")
_INVERSE = re.compile(r"(10+|10\^?\d|1e\d)(?: ?k)? ?(?:/ ?|\* ?)(?:t|temperature)(?:\^?-1)?")
_ERROR = re.compile(
    r"\b(error|err|uncertainty|standard deviation|std|sd|dev|deviation)\b|±|\+/-|\+-|^[δ∆]"
)
_QUALIFIERS = re.compile(r"\b(relative|rel|absolute|abs|of|in|the|bars?|log ?10|lg|ln)\b|[.()]")
_OTHERS = {"electronic", "electron", "thermal", "heat"}
_SIGMA = ("sigma", "σ", "sigma ion", "σ ion", "sigma total", "σ total", "sigma dc", "σ dc")
_SIGMA_T = re.compile(r"(conductivity|sigma|σ) ?(?:\*|x|times|·)? ?(t|temperature)")
_INVERSE_NAMES = ("inverse temperature", "reciprocal temperature")


def _role(column: Column, of: str) -> _Role | None:
    """Return the meaning of a column, None where it has none here.

    Raises:
        FaultsError: Nothing says what kind of error it holds.
    """
    name = _plain(column.name)
    if _ERROR.search(name):
        return _error_role(name, column, of)
    inverse = _INVERSE.fullmatch(name)
    if inverse:
        factor = float(re.sub(r"^10\^?(?=\d$)", "1e", inverse[1]))
        return _Role(of="temperature", dimension="inverse_temperature", factor=factor)
    if name in _INVERSE_NAMES or re.fullmatch(r"1 ?/ ?(t|temperature)", name):
        return _Role(of="temperature", dimension="inverse_temperature", factor=1.0)
    if column.name == "T" or name.removesuffix(".").split()[-1:] in (["temperature"], ["temp"]):
        return _Role(of="temperature", dimension="temperature")
    logarithm = _LOGARITHM.fullmatch(name)
    inner = next(filter(None, logarithm.groups()[1:]), "") if logarithm else name
    dimension = _dimension(inner.strip(), column.name, of)
    if dimension is None:
        return None
    bases = {"ln": math.e, "log": math.nan}
    base = bases.get(logarithm[1], 10.0) if logarithm else 0.0
    return _Role(of="value", dimension=dimension, base=base)


def _plain(name: str) -> str:
    """Return a name in lower case, typographic signs and spaces as typed."""
    raised = name.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻₁₀", "0123456789-10")).casefold()
    raised = re.sub(r"^\((.*)\)$", r"\1", raised.strip())
    raised = re.sub(r"[·⋅×]", "*", raised.replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "σ"))
    return " ".join(raised.replace("_", " ").split())


def _dimension(name: str, written: str, of: str) -> str | None:
    """Return the dimension of a value column by its name; None of any other column."""
    if of == "diffusivity":
        named = "diffusivity" in name or "diffusion coefficient" in name
        return of if named or re.search(r"(?<!\w)D\*?(?!\w)", written) else None
    if _SIGMA_T.fullmatch(name):
        return "conductivity_temperature"
    named = name.split()[-1:] == ["conductivity"] and not _OTHERS & set(name.split())
    return "conductivity" if named or name in _SIGMA else None


def _error_role(name: str, column: Column, of: str) -> _Role | None:
    """Return the meaning of a column of errors.

    Raises:
        FaultsError: Nothing says whether it is relative.
    """
    about = " ".join(_QUALIFIERS.sub(" ", _ERROR.sub(" ", name)).split())
    if about and _dimension(about, about, of) is None:
        return None
    logarithm = re.search(r"\b(log ?10|lg|ln)\b", name)
    if logarithm:
        base = math.e if logarithm[1] == "ln" else 10.0
        return _Role(of="error", dimension="fraction", base=base)
    if column.unit == "%" or re.search(r"\brel(ative)?\b", name):
        return _Role(of="error", dimension="fraction")
    if not column.unit:
        raise fail(
            f"column '{column.title}' can be relative, or in the unit of the {of}; name it "
            "'relative error' or give its unit"
        )
    scaled = of == "conductivity" and "K" in column.unit
    return _Role(of="error", dimension="conductivity_temperature" if scaled else of)


def read_table_file(path: Path, of: str) -> TableRows:
    """Read a file of delimited text.

    Args:
        path: The file.
        of: ``conductivity`` or ``diffusivity``.

    Raises:
        FaultsError: It cannot be read, or a line is wrong; the message says which.
    """
    try:
        return _interpreted(read_data_text(path), of)
    except ScenarioError as error:
        raise fail(str(error), "file") from error
    except FaultsError as error:
        place = ":" if re.match(r"\d+: ", str(error)) else ": "
        raise fail(f"{path}{place}{error}", "file") from error


def _interpreted(text: str, of: str) -> TableRows:
    """Return the rows of a text."""
    table = read_delimited(text)
    try:
        roles = [_role(column, of) for column in table.columns]
        places = _places(table.columns, roles, of)
    except FaultsError as error:
        raise fail(f"{table.header}: {error}") from error
    used: list[Line] = [(at, [cells[k] for k in places]) for at, cells in table.rows]
    columns = [(table.columns[k], role) for k in places if (role := roles[k]) is not None]
    rows: list[Row] = []
    for at, cells in decimal_points(used):
        try:
            rows.append(_row(cells, columns))
        except FaultsError as error:
            raise fail(f"{at}: {error}") from error
    left = [f"'{c.title}'" for k, c in enumerate(table.columns) if k not in places and c.title]
    note = f"of the table, {', '.join(left)} is not used" if left else ""
    return TableRows(rows=tuple(rows), notes=(note,) if note else ())


def _places(columns: tuple[Column, ...], roles: list[_Role | None], of: str) -> list[int]:
    """Return the columns of temperature and value, and that of the error if there is one.

    Where a quantity stands beside one that it follows from, such as T beside 1000/T, it is taken.
    """
    places: list[int] = []
    needed = {"temperature": "'temperature [K]' or '1000/T [1/K]'", "value": f"'{of} [unit]'"}
    for what in ("temperature", "value", "error"):
        fitting = {k: role for k, role in enumerate(roles) if role is not None and role.of == what}
        found = [k for k, role in fitting.items() if role.direct] or list(fitting)
        if what == "error":
            found = list(fitting)
        titles = ", ".join(f"'{columns[k].title}'" for k in found)
        if len(found) > 1:
            raise fail(f"columns {titles} can each be the {what}; leave one in the table")
        if not found and what in needed:
            names = [f"'{column.title}'" for column in columns]
            key = of if what == "value" else what
            near = next(filter(None, (nearest(column.name, [key]) for column in columns)), "")
            raise fail(f"columns {', '.join(names)}; one {needed[what]} is needed{near}")
        if found and math.isnan(fitting[found[0]].base):
            raise fail(
                f"column {titles} can be the decadic or the natural logarithm; name it 'log10' or "
                "'ln'"
            )
        places += found
    return places


def _row(cells: list[str], columns: list[tuple[Column, _Role]]) -> Row:
    """Read one line: temperature, value, and perhaps an error."""
    T = _temperature(cells[0], *columns[0])
    value = _value(cells[1], *columns[1], T)
    if len(cells) < 3 or not cells[2]:
        return T, value, None
    column, role = columns[2]
    written = f"{cells[2]} {column.unit}".strip()
    if role.base:
        error = quantity("fraction", above=0.0)(cells[2]) * math.log(role.base)
        return T, value, _share(error, 1.0, cells[2])
    if role.dimension == "fraction":
        return T, value, read_relative_error(written)
    error = _positive(written, role.dimension)
    error /= T if role.dimension == "conductivity_temperature" else 1.0
    return T, value, _share(error, value, written)


def _temperature(cell: str, column: Column, role: _Role) -> float:
    """Read a temperature, or the inverse of one [K]."""
    if not role.factor:
        return quantity("temperature", above=0.0)(f"{cell} {column.unit}".strip())
    unit = "1/K" if column.unit in ("", "K") else column.unit
    inverse = quantity("inverse_temperature")(f"{cell} {unit}")
    T = role.factor / inverse if inverse > 0.0 else math.inf
    if not 10.0 <= T <= 5000.0:
        raise fail(
            f"found {cell!r}, a temperature of {T:.6g} K; should '{column.title}' read "
            f"'{'1000/T' if role.factor == 1.0 else '1/T'} [1/K]'?"
        )
    return T


def _value(cell: str, column: Column, role: _Role, temperature: float) -> float:
    """Read a conductivity [S/m] or diffusivity [m^2/s], perhaps from its logarithm."""
    if role.base:
        exponent = quantity("fraction")(cell)
        if not abs(exponent) <= 100.0:
            raise fail(f"found {cell!r}; it is no logarithm of a {role.dimension}")
        if not column.unit:
            raise fail(f"the unit is missing in '{column.title}'; '{_example(role)}' is one")
        found = math.pow(role.base, exponent) * _positive(f"1 {column.unit}", role.dimension)
    else:
        found = _positive(f"{cell} {column.unit}".strip(), role.dimension)
    return found / (temperature if role.dimension == "conductivity_temperature" else 1.0)


def _example(role: _Role) -> str:
    return DIMENSIONS[role.dimension].unit
