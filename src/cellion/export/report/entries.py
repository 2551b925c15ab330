"""Entries of tables: numbers and varied values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from cellion.export.columns import Column, number_text
from cellion.export.formatting import digits
from cellion.export.report.model import Cell, Head
from cellion.export.tables import Entry

__all__ = ["number", "varied_cells", "varied_head", "whole"]


def number(value: float | None, count: int = 4, mark: str = "") -> Cell:
    """An entry that is a number.

    Args:
        value: The number; None or NaN when it is not known.
        count: Significant digits.
        mark: ``bad`` for what needs attention.
    """
    known = value is not None and not math.isnan(value)
    return Cell(text=digits(value, count), sort=value if known else None, mark=mark)


def whole(value: float | None) -> Cell:
    """An entry that is a whole number."""
    return Cell(text=digits(None) if value is None else f"{value:.0f}", sort=value)


def varied_head(column: Column) -> Head:
    """Head of the column of a varied value."""
    return Head(text=column.label, unit=column.shown_unit, number=column.unit is not None)


def varied_cells(values: Mapping[str, Entry], headers: Sequence[str]) -> list[Cell]:
    """Entries of varied values.

    Args:
        values: By column header.
        headers: Headers of the varied values.
    """
    return [
        Cell(text=number_text(v), sort=float(v) if isinstance(v, int | float) else None)
        for v in map(values.get, headers)
    ]
