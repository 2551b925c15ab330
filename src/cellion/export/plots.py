"""Diagrams of conductivity and tortuosity factor: values, their errors, bounds, measurements.

A filled marker is the mean over realisations, its thin bar the standard deviation, its broad bar
the guaranteed bracket or, without one, the estimated error by the mesh. Hollow markers are
realisations. What does not percolate is marked at the edge where the logarithm puts it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cellion.errors import ResultsError
from cellion.export.bounds import BOUNDS, bound_curves
from cellion.export.columns import Column
from cellion.export.diagrams import (
    PageFigure,
    add_celsius,
    curve_style,
    legend_above,
    logarithmic,
    new_figure,
    tidy,
    write_figure,
)
from cellion.export.dictionary import data_dictionary
from cellion.export.estimate import Estimate
from cellion.export.formatting import CONDUCTIVITY, displayed
from cellion.export.groups import Answered, Group
from cellion.export.legend import carrier_number, handles, measured_style, shown_beside
from cellion.export.measured import Measured
from cellion.export.series import Series

__all__ = [
    "along",
    "column_figure",
    "draw_panel",
    "draw_samples",
    "panels",
    "plot_samples",
    "plot_series",
    "series_figure",
]

type Floats = NDArray[np.float64]
type Quantity = Literal["conductivity", "tortuosity"]

_MOST_BOUNDED = 4
"""Bounds are drawn of so many curves."""
_DECADES = 8.0
"""Ratio from which on the axis of any column is logarithmic."""
_LINE = 46
"""Letters in a line of a label."""
_LABELS: dict[Quantity, str] = {
    "conductivity": "effective conductivity [mS/cm]",
    "tortuosity": "tortuosity factor τ [-]",
}


def plot_series(series: Series, path: Path) -> Path:
    """Draw `series_figure` to a file, which appears whole or not at all.

    Raises:
        ResultsError: There is nothing to draw, or the file cannot be written.
    """
    return write_figure(path, lambda: series_figure(series))


def plot_samples(answered: Sequence[Answered], columns: Sequence[Column], path: Path) -> Path:
    """Draw conductivities over each sampled value to a file, which appears whole or not at all."""
    carriers = [c for c in ("ion", "electron") if any(c in a.result.carriers for a in answered)]

    def draw() -> PageFigure:
        figure, grid = new_figure(width=4.4 * len(columns), columns=len(columns))
        for axes, column in zip(grid, columns, strict=True):
            draw_samples(axes, answered, column, carriers)
        if len(carriers) > 1:
            legend_above(figure, handles=grid[0].get_lines())
        return figure

    return write_figure(path, draw)


def series_figure(series: Series, measured: Sequence[Measured] = ()) -> PageFigure:
    """Effective conductivity and tortuosity factor, with the legend above.

    Args:
        series: Groups along an axis.
        measured: Published values to show besides, on a composition axis.

    Raises:
        ResultsError: There is nothing to draw.
    """
    carriers = series.carriers
    drawn = panels(series, carriers)
    if not drawn:
        raise ResultsError("plot: no run holds an effective conductivity; there is nothing to draw")
    rows = len(drawn) // 2
    figure, grid = new_figure(height=1.4 + 3.1 * rows, width=8.6, rows=rows, columns=2)
    for axes, (together, quantity) in zip(grid, drawn, strict=True):
        draw_panel(axes, series, together, quantity, measured)
        if rows > 1:
            axes.set_ylabel(axes.get_ylabel().replace(" [", f" of {together[0]}s ["))
    legend_above(figure, handles=handles(series, carriers, measured), columns=3)
    return figure


def panels(series: Series, carriers: Sequence[str]) -> list[tuple[list[str], Quantity]]:
    """Carriers and quantity of each diagram; with several curves each carrier has its own.

    Args:
        series: Groups along an axis.
        carriers: Carriers to show.
    """
    several = len(series.curves) > 1
    plots = [[name] for name in carriers] if several else [list(carriers)]
    return [(together, quantity) for together in plots for quantity in _LABELS if together]


def draw_panel(
    axes: Axes,
    series: Series,
    carriers: Sequence[str],
    quantity: Quantity,
    measured: Sequence[Measured] = (),
) -> None:
    """Draw a quantity of some carriers along a series.

    Args:
        axes: The diagram.
        series: Groups along an axis.
        carriers: Carriers to show; one, where there are several curves.
        quantity: Which.
        measured: Published values to show besides, on a composition axis.
    """
    several = len(series.curves) > 1
    factor = CONDUCTIVITY if quantity == "conductivity" else 1.0
    for carrier in carriers:
        for place, groups in enumerate(series.curves.values()):
            style = curve_style(place if several else carrier_number(carrier))
            present = [group for group in groups if group.carriers(carrier)]
            estimates = [getattr(group, quantity)(carrier) for group in present]
            _draw(axes, present, estimates, factor, style)
            curves = bound_curves(series, groups, carrier, quantity)
            for curve in curves if place < _MOST_BOUNDED else ():
                look: dict[str, Any] = {"ls": BOUNDS[curve.name], "lw": 1.0, "alpha": 0.85}
                axes.plot(curve.x, curve.y, color=style["color"], zorder=1, gid=curve.name, **look)
        for each in measured if series.axis.kind == "composition" else ():
            if shown_beside(each, carrier, quantity):
                x = [100 * point.volume_fraction for point in each.points]
                y = [factor * point.value(carrier, quantity) for point in each.points]
                axes.plot(x, y, zorder=5, **measured_style(each.number, carrier))
    along(axes, series)
    _finish(axes, quantity)


def _draw(
    axes: Axes,
    groups: Sequence[Group],
    estimates: Sequence[Estimate],
    factor: float,
    style: dict[str, Any],
    *,
    log: bool = True,
) -> None:
    """One curve: means, bars, realisations, and marks at the edge, one artist each."""
    x = np.array([group.x for group in groups])
    mean = np.array([each.mean for each in estimates])
    drawn = np.isfinite(mean) & ((mean > 0.0) | (not log))
    axes.plot(x, factor * np.where(drawn, mean, math.nan), lw=1.1, ms=6, zorder=4, **style)
    kept = [each for each, shown in zip(estimates, drawn, strict=True) if shown]
    _bars(axes, x[drawn], kept, factor, style["color"])
    counts = np.array([len(each.values) for each in estimates], dtype=np.int64)
    place, several = np.repeat(x, counts), np.repeat(counts > 1, counts)
    value = np.array([value for each in estimates for value in each.values])
    inside = np.isfinite(value) & ((value > 0.0) | (not log))
    hollow: dict[str, Any] = {"color": style["color"], "mfc": "none", "ls": "none"}
    own = inside & several
    axes.plot(place[own], factor * value[own], style["marker"], ms=4, mew=0.8, zorder=3, **hollow)
    hollow["transform"] = axes.get_xaxis_transform()
    for mark, edge, off in (("v", 0.02, value == 0.0), ("^", 0.98, np.isinf(value))):
        at = place[off & ~inside]
        axes.plot(at, np.full(len(at), edge), mark, ms=7, zorder=5, **hollow)


def _bars(axes: Axes, x: Floats, estimates: Sequence[Estimate], factor: float, colour: str) -> None:
    """Broad bars for the bracket or the mesh, thin ones for the realisations."""
    mean = factor * np.array([each.mean for each in estimates])
    looks: dict[str, dict[str, Any]] = {
        "certain": {"elinewidth": 6, "alpha": 0.3},
        "scatter": {"elinewidth": 1.1, "capsize": 3},
    }
    for name, look in looks.items():
        ends = factor * np.array([getattr(each, name) for each in estimates]).reshape(-1, 2)
        known = np.isfinite(ends).all(axis=1)
        if known.any():
            arms = np.abs(ends[known] - mean[known, None]).T
            axes.errorbar(x[known], mean[known], arms, ls="none", color=colour, **look)


def along(axes: Axes, series: Series) -> None:
    """Set up the horizontal axis of a series."""
    axis = series.axis
    axes.set_xlabel(axis.label)
    axes.margins(x=0.06, y=0.12)
    if axis.logarithmic:
        logarithmic(axes, "x")
    match axis.kind:
        case "name":
            axes.set_xticks(range(len(axis.ticks)), axis.ticks)
        case "order":
            axes.set_xticks([])
        case "temperature":
            add_celsius(axes, np.array([1000.0 / group.x for group in series.groups]))
        case "composition":
            _add_weights(axes, series)


def _add_weights(axes: Axes, series: Series) -> None:
    """A second axis with weight fractions, when one curve gives them.

    With constant porosity, 1/w is linear in 1/v, so interpolating between runs in these is exact.
    """
    material = series.axis.material
    pairs = sorted((g.x / 100, g.fraction(material, "weight_fraction")) for g in series.groups)
    v, w = (np.array(column) for column in zip(*pairs, strict=True))
    if np.isnan(w).any() or (w <= 0).any():
        return
    unique = np.concatenate([[True], np.diff(v) > 1e-3])
    v, w = v[unique], w[unique]
    if len(v) < 2 or (np.diff(w) <= 0).any():
        return

    def weight(volume: Any) -> Floats:
        inverse = 1.0 / np.maximum(np.asarray(volume, dtype=np.float64) / 100, 1e-3)
        return 100.0 / _lines(inverse, 1.0 / v[::-1], 1.0 / w[::-1])

    def volume(weight: Any) -> Floats:
        inverse = 1.0 / np.maximum(np.asarray(weight, dtype=np.float64) / 100, 1e-3)
        return 100.0 / _lines(inverse, 1.0 / w[::-1], 1.0 / v[::-1])

    above = axes.secondary_xaxis("top", functions=(weight, volume))
    above.set_xlabel(f"{material} [% of the solid's weight]")


def _lines(x: Floats, xp: Floats, fp: Floats) -> Floats:
    """Interpolate, and go on straight outside."""
    inside = np.interp(x, xp, fp)
    first, last = ((fp[i + 1] - fp[i]) / (xp[i + 1] - xp[i]) for i in (0, len(xp) - 2))
    below, above = fp[0] + (x - xp[0]) * first, fp[-1] + (x - xp[-1]) * last
    return np.maximum(np.where(x < xp[0], below, np.where(x > xp[-1], above, inside)), 1e-9)


def _finish(axes: Axes, quantity: Quantity) -> None:
    tidy(axes)
    logarithmic(axes)
    axes.set_ylabel(_LABELS[quantity])
    if quantity == "tortuosity":
        axes.set_ylim(bottom=min(0.93, axes.get_ylim()[0]))


# --- any column ----------------------------------------------------------------------------------


def column_figure(series: Series, headers: Sequence[str]) -> PageFigure:
    """Columns of the table along a series, a diagram for each.

    Args:
        series: Groups along an axis.
        headers: Headers of columns of numbers.
    """
    figure, grid = new_figure(height=4.2, width=6.4 * len(headers), columns=len(headers))
    for axes, header in zip(grid, headers, strict=True):
        _draw_column(axes, series, header)
    if len(series.curves) > 1:
        lines = [axes_line for axes_line in grid[0].get_lines() if axes_line.get_gid() == "curve"]
        legend_above(figure, handles=lines)
    return figure


def _draw_column(axes: Axes, series: Series, header: str) -> None:
    (about,) = data_dictionary([header])
    unit, factor = displayed(str(about["unit"]))
    found = {
        name: [(g, e) for g in groups if (e := g.column(header)).values]
        for name, groups in series.curves.items()
    }
    values = np.array([e.mean for pairs in found.values() for _, e in pairs])
    positive = values[np.isfinite(values) & (values > 0.0)]
    log = bool(len(positive)) and not (values < 0.0).any()
    log = log and bool(positive.max() > _DECADES * positive.min())
    for number, (name, pairs) in enumerate(found.items()):
        before = len(axes.get_lines())
        groups, estimates = [g for g, _ in pairs], [e for _, e in pairs]
        _draw(axes, groups, estimates, factor, curve_style(number), log=log)
        axes.get_lines()[before].set(label=name, gid="curve")
    along(axes, series)
    tidy(axes)
    if log:
        logarithmic(axes)
    axes.set_ylabel(f"{fill(str(about['meaning']), _LINE)}{f' [{unit}]' if unit else ''}")


# --- samples -------------------------------------------------------------------------------------


def draw_samples(
    axes: Axes, answered: Sequence[Answered], column: Column, carriers: Sequence[str]
) -> None:
    """Draw the conductivity of sampled runs against a sampled value."""
    for carrier in carriers:
        found = [
            (each.entries[column.header], each.result.carriers[carrier].mean_conductivity)
            for each in answered
            if carrier in each.result.carriers
        ]
        colour = curve_style(carrier_number(carrier))["color"]
        x = [float(value) for value, _ in found if isinstance(value, int | float)]
        y = [CONDUCTIVITY * sigma for _, sigma in found]
        axes.plot(x, y, "o", ms=4, color=colour, alpha=0.65, label=f"{carrier}s")
    axes.set_xlabel(column.axis_label)
    axes.set_ylabel(_LABELS["conductivity"])
    tidy(axes)
    if len(carriers) > 1:
        logarithmic(axes)
