"""Delimited text: a header and rows, whatever separates the cells and marks the decimals.

The header decides the separator: tab, semicolon, bar, comma, or else white space. Numbers may have
decimal commas; a comma that may as well group thousands is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cellion.quantities import number_and_unit
from cellion.scenario.sections import fail

__all__ = ["Column", "DelimitedTable", "Line", "decimal_points", "read_delimited"]

type Line = tuple[int, list[str]]
"""Number of a line in the file, and its cells."""

_MOST = 100_000
_LONGEST_HEADER = 2_000
_BRACKETS = {"]": "[", ")": "("}
_TITLED = re.compile(r"\s*([^\[\]()]+?\s*(?:\[[^\]]*\]|\((?:[^()]|\([^()]*\))*\)))")
_SLASHED = re.compile(
    r"((?:10*(?:\^\d)?\s*K?\s*/\s*)?(?!\d)[^/,]*?[^/,\s])(?:\s*/\s*|\s*,\s*|\s+in\s+)(\S.*)"
)
_MARKED = re.compile(r"[+\-−]?[\d.,]*\d")
_GROUPED = re.compile(r"[+\-−]?[1-9]\d{0,2},\d{3}")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        title: Header as it is written.
        name: Header without its unit.
        unit: Unit in the header, or in the row below it; empty where there is none.
    """

    title: str
    name: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class DelimitedTable:
    """A table of text.

    Attributes:
        columns: Its columns.
        header: Number of the line of the header.
        rows: Number of each line, and its cells, one for each column.
    """

    columns: tuple[Column, ...]
    header: int
    rows: tuple[Line, ...]


def read_delimited(text: str) -> DelimitedTable:
    """Read a table.

    Args:
        text: Text of a file; empty lines and lines that begin with ``#`` do not count, but a
            comment right above numbers is a header.

    Raises:
        FaultsError: There are no rows, or one has not as many cells as the header; messages
            begin with the number of the line where there is one.
    """
    lines = _counted(text)
    if not 1 < len(lines) <= _MOST:
        raise fail(f"it holds {len(lines)} lines; a header and rows are needed")
    if len(lines[0][1]) > _LONGEST_HEADER:
        raise fail(f"{lines[0][0]}: the header is longer than {_LONGEST_HEADER} characters")
    separator = next((mark for mark in "\t;|," if mark in lines[0][1]), None)
    at, header = lines[0]
    rows = [(line, _cells(written, separator)) for line, written in lines[1:]]
    titles = _titles(header, separator, len(rows[-1][1]))
    while titles and not titles[-1]:
        titles.pop()
    rows = [(line, _fitted(line, cells, len(titles))) for line, cells in rows]
    named = [_split_title(title) for title in titles]
    units = _unit_row(rows[0][1], named)
    if units:
        rows.pop(0)
    columns = tuple(
        Column(title=title, name=name, unit=unit or below)
        for title, (name, unit), below in zip(
            titles, named, units or [""] * len(titles), strict=True
        )
    )
    return DelimitedTable(columns=columns, header=at, rows=tuple(rows))


def _counted(text: str) -> list[tuple[int, str]]:
    """Return the lines that count, with their numbers."""
    found: list[tuple[int, str]] = []
    comment: tuple[int, str] | None = None
    for number, written in enumerate(text.splitlines(), start=1):
        stripped = written.strip(" \r\n")
        if stripped.startswith("#"):
            comment = (number, stripped.lstrip("# "))
        elif stripped.strip('"\t;,') and not stripped.lower().startswith("sep="):
            if not found and comment and _is_number(re.split(r"[\s;,]", stripped)[0]):
                found.append(comment)
            found.append((number, stripped))
    return found


def _cells(written: str, separator: str | None) -> list[str]:
    """Split one line."""
    if separator is None:
        return written.split()
    try:
        return [cell.strip() for cell in next(csv.reader([written], delimiter=separator))]
    except csv.Error as error:
        raise fail(f"'{written[:40]}' cannot be split into cells ({error})") from error


def _titles(header: str, separator: str | None, wanted: int) -> list[str]:
    """Split the header; white space stands between columns and inside titles with a unit."""
    if separator is not None:
        return _cells(header, separator)
    forms = [re.split(r"\s{2,}|\t", header), header.split()]
    if not _TITLED.sub("", header).strip():
        forms.insert(0, _TITLED.findall(header))
    return next((form for form in forms if len(form) == wanted), forms[-1])


def _fitted(line: int, cells: list[str], wanted: int) -> list[str]:
    """Return as many cells as the header has, without empty ones behind them."""
    while len(cells) > wanted and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != wanted:
        advice = ""
        if len(cells) == 2 * wanted:
            advice = "; decimal commas need another separator, such as ';'"
        raise fail(f"{line}: {len(cells)} cells found; the header has {wanted}{advice}")
    return cells


def _split_title(title: str) -> tuple[str, str]:
    """Split a title into name and unit: ``T [K]``, ``T (K)``, ``T / K``, ``T, K``, ``T in K``."""
    if title and title[-1] in _BRACKETS:
        start = _opening(title)
        name, inner = title[:start].rstrip(" /,").strip(), title[start + 1 : -1].strip()
        if re.fullmatch(r"(?i)log[_ ]?10|log|lg|ln|log₁₀", name):
            argument, unit = _split_title(inner)
            return f"{name}({argument})", unit
        if name:
            return name, inner
    found = _SLASHED.fullmatch(title)
    return (found[1], _unbracketed(found[2])) if found else (title.strip(), "")


def _unbracketed(text: str) -> str:
    found = re.fullmatch(r"[\[(]([^\[\]()]*)[\])]", text)
    return found[1].strip() if found else text


def _opening(title: str) -> int:
    """Return where the bracket opens that the last sign closes."""
    closing, depth = title[-1], 0
    for place in range(len(title) - 1, -1, -1):
        depth += (title[place] == closing) - (title[place] == _BRACKETS[closing])
        if depth == 0:
            return place
    return 0


def _unit_row(cells: list[str], named: list[tuple[str, str]]) -> list[str]:
    """Return the units that a second row gives; nothing where it is a row of values."""
    bare = [_unbracketed(cell) for cell in cells]
    agree = all(not unit or cell in ("", unit) for cell, (_, unit) in zip(bare, named, strict=True))
    if all(unit for _, unit in named) or not agree or any(_is_number(cell) for cell in cells):
        return []
    return bare


def _is_number(text: str) -> bool:
    return number_and_unit(text.replace(",", ".", 1)) is not None


def decimal_points(rows: Iterable[Line]) -> tuple[Line, ...]:
    """Write decimal commas as points.

    Args:
        rows: Lines of which every cell is a number, perhaps with a unit.

    Raises:
        FaultsError: A comma may group thousands, or points and commas both mark decimals; the
            message begins with the number of the line.
    """
    lines = tuple(rows)
    marked = [(at, _number_of(cell)) for at, cells in lines for cell in cells]
    commas = [(at, number) for at, number in marked if "," in number]
    sure = any(not _GROUPED.fullmatch(number) for _, number in commas)
    points = any("." in number for _, number in marked)
    for at, number in commas:
        if points or number.count(",") > 1:
            raise fail(
                f"{at}: found '{number}'; write all decimals with a point and thousands without "
                "marks"
            )
        if not sure:
            raise fail(
                f"{at}: found '{number}', which can be {number.replace(',', '.')} or "
                f"{number.replace(',', '')}; write it without a comma"
            )
    return tuple((at, [_with_point(cell) for cell in cells]) for at, cells in lines)


def _number_of(cell: str) -> str:
    """Return the digits and marks that a cell begins with."""
    found = _MARKED.match(cell)
    return found[0] if found else ""


def _with_point(cell: str) -> str:
    return cell.replace(",", ".", 1) if "," in _number_of(cell) else cell
