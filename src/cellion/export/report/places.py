"""Places on the axis of a series in words."""

from __future__ import annotations

from cellion.export.columns import number_text
from cellion.export.formatting import digits
from cellion.export.groups import Group
from cellion.export.series import Series

__all__ = ["label", "place", "span"]


def place(series: Series, group: Group) -> str:
    """``30.0 % SE by volume``, ``25 °C``, or a value of the varied key.

    Args:
        series: The series.
        group: One of its groups.
    """
    before, value, after = _parts(series, group)
    return " ".join(filter(None, (before, value, after)))


def label(series: Series, group: Group) -> str:
    """The curve and the place of a group: ``mesh size 4 µm, 25 °C``."""
    return ", ".join(filter(None, [group.curve, place(series, group)]))


def span(series: Series, first: Group, last: Group) -> str:
    """``from 60.0 to 15.0 % SE by volume``.

    Args:
        series: The series.
        first: One of its groups.
        last: Another one.
    """
    (before, start, after), (_, end, _) = _parts(series, first), _parts(series, last)
    return " ".join(filter(None, ("from", before, start, "to", end, after)))


def _parts(series: Series, group: Group) -> tuple[str, str, str]:
    """Words before the value, the value, and words after it."""
    axis = series.axis
    match axis.kind:
        case "composition":
            return "", digits(group.x), f"% {axis.material} by volume"
        case "temperature":
            return "", digits(1000.0 / group.x - 273.15, 3), "°C"
        case "name":
            return axis.short, axis.ticks[round(group.x)], ""
        case "order":
            return "", "all realisations" if len(group.members) > 1 else "this run", ""
        case "box":
            return "a box edge of", digits(group.x), "µm"
        case "number":
            return axis.short, number_text(group.x), axis.unit
