"""A place on the axis of a series in words."""

from __future__ import annotations

from cellion.export.report.groups import Group, Series
from cellion.export.report.words import digits

__all__ = ["place"]


def place(series: Series, group: Group) -> str:
    """``30.0 % SE by volume``, ``25 °C``, or a value of the varied key.

    Args:
        series: The series.
        group: One of its groups.
    """
    axis = series.axis
    match axis.kind:
        case "composition":
            return f"{digits(group.x)} % {axis.material} by volume"
        case "temperature":
            return f"{digits(1000.0 / group.x - 273.15, 3)} °C"
        case "name":
            return f"{axis.short} {axis.ticks[round(group.x)]}"
        case "order":
            return "all realisations"
        case "number":
            unit = axis.label.rpartition("[")[2].rstrip("]")
            return f"{axis.short} {group.x:g} {'' if unit == '-' else unit}".rstrip()
