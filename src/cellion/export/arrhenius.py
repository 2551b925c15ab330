"""Arrhenius plots: log10 of sigma T, or of D, over 1000/T.

Drawn with matplotlib without its global state. One colour and marker per material; the largest
principal value is a full line, smaller ones are broken; extrapolated points are hollow. A band is
the interval that holds 68 % of the mean of the principal values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cellion.errors import ResultsError
from cellion.export.diagrams import (
    PageFigure,
    add_celsius,
    curve_style,
    legend_above,
    new_figure,
    tidy,
    write_figure,
)
from cellion.material.over_temperature import TensorTable

__all__ = ["arrhenius_figure", "plot_arrhenius"]

_LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))
_LABELS = {
    "conductivity": "log₁₀ ( σT / (S K m⁻¹) )",
    "diffusivity": "log₁₀ ( D / (m² s⁻¹) )",
}


def plot_arrhenius(tables: Sequence[TensorTable], path: Path) -> Path:
    """Draw `arrhenius_figure` to a file, which appears whole or not at all.

    Raises:
        ResultsError: There is nothing to draw, or the file cannot be written.
    """
    return write_figure(path, lambda: arrhenius_figure(tables))


def arrhenius_figure(tables: Sequence[TensorTable]) -> PageFigure:
    """Draw tensors over temperature on Arrhenius axes, with the temperature itself on top.

    Args:
        tables: Conductivities or diffusivities, one kind.

    Raises:
        ResultsError: There is nothing to draw, or two kinds together.
    """
    kinds = {table.quantity for table in tables}
    if len(kinds) != 1:
        found = " and ".join(sorted(kinds)) or "no table"
        raise ResultsError(f"plot: {found} found; one kind of quantity goes on one pair of axes")
    figure, (axes,) = new_figure(height=4.8, width=6.4)
    for index, table in enumerate(tables):
        _draw(axes, table, curve_style(index))
    axes.set_xlabel("1000/T [1/K]")
    axes.set_ylabel(_LABELS[kinds.pop()])
    tidy(axes)
    add_celsius(axes, np.concatenate([table.temperature for table in tables]))
    legend_above(figure, handles=_legend(tables))
    return figure


def _curves(table: TensorTable) -> list[int]:
    """Return which principal values differ and are above zero."""
    values = table.scaled()
    shown: list[int] = []
    for k in range(3):
        last = values[:, shown[-1]] if shown else None
        if np.all(values[:, k] > 0.0) and (
            last is None or np.any(np.abs(values[:, k] - last) > 1e-6 * last)
        ):
            shown.append(k)
    return shown


def _draw(axes: Axes, table: TensorTable, style: dict[str, Any]) -> None:
    colour, marker = style["color"], style["marker"]
    x, values = 1000.0 / table.temperature, table.scaled()
    if table.spread is not None and table.spread.low.min() > 0.0:
        factor = table.temperature if table.quantity == "conductivity" else 1.0
        low, high = (np.log10(factor * end) for end in (table.spread.low, table.spread.high))
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    for k in _curves(table):
        y = np.log10(values[:, k])
        axes.plot(x, y, color=colour, linestyle=_LINES[k], linewidth=1.4)
        for known in (True, False):
            where = table.extrapolated != known
            axes.plot(
                x[where],
                y[where],
                linestyle="none",
                marker=marker,
                markersize=5,
                color=colour,
                markerfacecolor=colour if known else "white",
                zorder=3,
            )


def _legend(tables: Sequence[TensorTable]) -> list[Line2D]:
    handles = [Line2D([], [], label=table.name, **curve_style(i)) for i, table in enumerate(tables)]
    deepest = max(max(_curves(table), default=0) for table in tables)
    names = ("largest principal value", "middle principal value", "smallest principal value")
    if deepest > 0:
        handles += [
            Line2D([], [], color="#606060", linestyle=_LINES[k], label=names[k])
            for k in range(deepest + 1)
        ]
    if any(table.extrapolated.any() for table in tables):
        hollow: dict[str, Any] = {"markerfacecolor": "white", "linestyle": "none", "marker": "o"}
        handles.append(Line2D([], [], color="#606060", label="extrapolated", **hollow))
    return handles
