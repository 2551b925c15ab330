"""Varied values as columns of a table: numbers in one unit, where that is possible."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellion.errors import ScenarioError
from cellion.export.tables import Entry
from cellion.quantities import quantity, split_quantity

__all__ = ["Column", "value_columns"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One varied key.

    Attributes:
        key: Its path.
        unit: Unit of the numbers, empty for plain ones; None where the values are no numbers.
    """

    key: str
    unit: str | None

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


def value_columns(points: Sequence[Mapping[str, Any]]) -> list[Column]:
    """Return a column for every varied or derived key, in the order of the study.

    Args:
        points: Of every point of the study, key path to value.
    """
    keys = dict.fromkeys(key for values in points for key in values)
    return [_column(key, [values.get(key) for values in points]) for key in keys]


def _column(key: str, values: Sequence[Any]) -> Column:
    from pint.errors import PintError

    try:
        column = Column(key=key, unit=split_quantity(values[0])[1])
        for value in values:
            column.entry(value)
    except (ScenarioError, PintError):
        return Column(key=key, unit=None)
    return column
