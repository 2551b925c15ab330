"""Varied values as columns of a table: numbers in one unit where possible, and their names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellion.errors import ScenarioError
from cellion.export.formatting import key_labels, unit_label
from cellion.export.tables import Entry
from cellion.quantities import quantity, split_quantity

__all__ = ["Column", "independent", "number_text", "value_columns"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One varied key.

    Attributes:
        key: Its path.
        unit: Unit of the numbers, empty for plain ones; None where the values are no numbers.
        label: The key in words, which no other column of the study has.
    """

    key: str
    unit: str | None
    label: str

    @property
    def shown_unit(self) -> str:
        """The unit as it is printed; empty for plain numbers and text."""
        return unit_label(self.unit or "")

    @property
    def axis_label(self) -> str:
        """Label and unit."""
        return self.label if self.unit is None else f"{self.label} [{self.shown_unit or '-'}]"

    def text(self, entries: Mapping[str, Entry]) -> str:
        """A value of a row with its unit: ``5 µm``."""
        return f"{number_text(entries.get(self.header))} {self.shown_unit}".rstrip()

    @property
    def header(self) -> str:
        """Header of the column."""
        return self.key if self.unit is None else f"{self.key} [{self.unit or '-'}]"

    def entry(self, value: Any) -> Entry:
        """A value as an entry of the table."""
        if self.unit is None:
            return value if isinstance(value, str) else json.dumps(value, default=str)
        if isinstance(value, int) and not self.unit:
            return value
        number, unit = split_quantity(value)
        if unit == self.unit:
            return number
        if self.unit == "%":
            return 100.0 * float(quantity(number, unit).to("").magnitude)
        return float(f"{quantity(number, unit).to(self.unit).magnitude:.12g}")


def number_text(entry: Entry) -> str:
    """An entry as text, numbers with as many digits as were written."""
    return f"{entry:.6g}" if isinstance(entry, int | float) else str(entry)


def value_columns(
    points: Sequence[Mapping[str, Any]], scenario: Mapping[str, Any] | None = None
) -> list[Column]:
    """Return a column for every varied or derived key, in the order of the study.

    Args:
        points: Of every point of the study, key path to value.
        scenario: The plain scenario, whose names are in the labels.
    """
    keys = list(dict.fromkeys(key for values in points for key in values))
    labels = key_labels(keys, scenario or {})
    return [_column(key, labels[key], [values.get(key) for values in points]) for key in keys]


def independent(
    rows: Sequence[Mapping[str, Entry]], headers: Sequence[str], first: str | None = None
) -> tuple[str, ...]:
    """Headers of values that do not follow from others: those to tell points apart by.

    Args:
        rows: Rows of a table.
        headers: Headers of varied values, in the order of the study.
        first: One that is told already, such as that on an axis; it is not among the answer.
    """
    chosen = [] if first is None else [first]
    for header in headers:
        if header not in chosen and not _follows(rows, header, chosen):
            chosen.append(header)
    for header in [header for header in chosen if header != first]:
        rest = [other for other in chosen if other != header]
        if _follows(rows, header, rest):  # from one that came after it
            chosen = rest
    return tuple(header for header in chosen if header != first)


def _follows(rows: Sequence[Mapping[str, Entry]], header: str, others: Sequence[str]) -> bool:
    """Whether a value is the same wherever the others are, or is the same everywhere."""
    known: dict[tuple[Entry, ...], Entry] = {}
    return all(
        known.setdefault(tuple(row.get(each) for each in others), row.get(header))
        == row.get(header)
        for row in rows
    )


def _column(key: str, label: str, values: Sequence[Any]) -> Column:
    from pint.errors import PintError

    try:
        column = Column(key=key, unit=split_quantity(values[0])[1], label=label)
        for value in values:
            column.entry(value)
    except (ScenarioError, PintError):
        return Column(key=key, unit=None, label=label)
    return column
