"""Entries of tables that are numbers."""

from __future__ import annotations

import math

from cellion.export.report.model import Cell
from cellion.export.report.words import digits

__all__ = ["number", "whole"]


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
