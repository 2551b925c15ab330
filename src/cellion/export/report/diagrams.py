"""Diagrams of conductivity and tortuosity factor: values, their errors, bounds, measurements.

A filled marker is the mean over realisations, its thin bar the standard deviation, its broad bar
the guaranteed bracket or, without one, the estimated error by the mesh. Hollow markers are
realisations. What does not percolate is marked at the edge where the logarithm puts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from cellion.export.measured import Measured
from cellion.export.report import model
from cellion.export.report.bounds import BOUNDS, Curve, bound_curves
from cellion.export.report.groups import Group, Series
from cellion.export.report.signs import carrier_number, measured_style, shown_beside
from cellion.export.report.svg import (
    curve_style,
    drawing,
    drawn,
    new_figure,
    plain_logarithm,
    tidy,
)
from cellion.export.report.words import CONDUCTIVITY
from cellion.export.scales import logarithmic
from cellion.export.temperatures import add_celsius

__all__ = ["along", "transport_figures"]

type Floats = NDArray[np.float64]

_LONGEST = 0.9
"""A bar never reaches 0 on a logarithmic axis."""
_MOST_BOUNDED = 4
"""Bounds are drawn of so many curves."""
_QUANTITIES = {
    "conductivity": "effective conductivity [mS/cm]",
    "tortuosity": "tortuosity factor τ [-]",
}
_EDGE = {"conductivity": 0.02, "tortuosity": 0.98}


def transport_figures(
    series: Series, carriers: Sequence[str], measured: Sequence[Measured]
) -> list[model.Figure]:
    """Diagrams of both quantities; with several curves, of each carrier its own.

    Args:
        series: Groups along an axis.
        carriers: Carriers to show.
        measured: Published values to show besides, on a composition axis.
    """
    several = len(series.curves) > 1
    plots = [[name] for name in carriers] if several else [list(carriers)]
    return [
        _figure(series, together, quantity, measured)
        for together in plots
        for quantity in _QUANTITIES
        if together
    ]


def _figure(
    series: Series, carriers: Sequence[str], quantity: str, measured: Sequence[Measured]
) -> model.Figure:
    several = len(series.curves) > 1
    with drawing():
        figure, axes = new_figure(height=3.6)
        for carrier in carriers:
            for place, groups in enumerate(series.curves.values()):
                style = curve_style(place if several else carrier_number(carrier))
                _draw(axes, groups, carrier, quantity, style)
                if place < _MOST_BOUNDED:
                    curves = bound_curves(series, groups, carrier, quantity)
                    _draw_bounds(axes, curves, style["color"])
            for each in measured if series.axis.kind == "composition" else ():
                _draw_measured(axes, each, carrier, quantity)
        along(axes, series)
        _finish(axes, quantity)
        what = " and ".join(f"{name}s" for name in carriers)
        noun = "Effective conductivity" if quantity == "conductivity" else "Tortuosity factor τ"
        over = series.axis.short or "the realisations"
        by = f", one curve per {series.family}" if several else ""
        name = f"{quantity}-{'-'.join(carriers)}"
        caption = f"{noun} of {what} against {over}{by}."
        return drawn(figure, name, alt=caption + _in_words(series, carriers), caption=caption)


def _in_words(series: Series, carriers: Sequence[str]) -> str:
    """Say how many points a diagram has, for those who do not see it."""
    count = sum(bool(group.carriers(name)) for group in series.groups for name in carriers)
    return f" {count} points; their numbers are in the table of all runs."


def _draw(
    axes: Axes, groups: Sequence[Group], carrier: str, quantity: str, look: Mapping[str, Any]
) -> None:
    """One curve: means, bars, realisations, and marks at the edge."""
    colour, marker = look["color"], look["marker"]
    factor = CONDUCTIVITY if quantity == "conductivity" else 1.0
    present = [group for group in groups if group.carriers(carrier)]
    estimates = [getattr(group, quantity)(carrier) for group in present]
    means = [factor * _of_mean(group, carrier, quantity) for group in present]
    x = [group.x for group in present]
    line = [mean if math.isfinite(mean) and mean > 0 else math.nan for mean in means]
    axes.plot(x, line, color=colour, lw=1.1, marker=marker, ms=6, zorder=4)
    for group, place, mean, each in zip(present, x, line, estimates, strict=True):
        if not math.isnan(mean):
            _bars(axes, place, mean, group, carrier, quantity, colour)
        values = [v for v in each.values if math.isfinite(v) and v > 0]
        if len(each.values) > 1 and values:
            own = [factor * value for value in values]
            style: dict[str, Any] = {"mfc": "none", "mew": 0.8, "ms": 4, "zorder": 3}
            axes.plot([place] * len(own), own, marker, color=colour, **style)
        if len(values) < len(each.values):
            edge = _EDGE[quantity]
            axes.plot(
                [place],
                [edge],
                "v" if edge < 0.5 else "^",
                color=colour,
                mfc="none",
                ms=7,
                transform=axes.get_xaxis_transform(),
                zorder=5,
            )


def _of_mean(group: Group, carrier: str, quantity: str) -> float:
    """Mean conductivity, or the tortuosity factor that belongs to it."""
    mean = group.conductivity(carrier).mean
    if quantity == "conductivity":
        return mean
    product = group.mean(carrier, "conducting_fraction") * group.mean(carrier, "bulk_conductivity")
    return product / mean if mean > 0 else math.inf


def _bars(
    axes: Axes, x: float, mean: float, group: Group, carrier: str, quantity: str, colour: str
) -> None:
    """A broad bar for the bracket or the mesh, a thin one for the realisations.

    Both are those of the conductivity; the tortuosity factor is inverse to it.
    """
    sigma = group.conductivity(carrier)
    low, high = sigma.lower / sigma.mean, sigma.upper / sigma.mean
    if not 0 < low <= high:
        low, high = 1 - min(sigma.mesh, _LONGEST), 1 + sigma.mesh
    if 0 < high < math.inf:
        ends = _ends(mean, low, high, quantity)
        axes.plot([x, x], ends, color=colour, lw=6, alpha=0.3, solid_capstyle="butt")
    if math.isfinite(sigma.spread):
        relative = sigma.spread / sigma.mean
        down, up = _ends(mean, 1 - min(relative, _LONGEST), 1 + relative, quantity)
        axes.errorbar(x, mean, [[mean - down], [up - mean]], color=colour, capsize=3, lw=1.1)


def _ends(mean: float, low: float, high: float, quantity: str) -> tuple[float, float]:
    """Ends of a bar from relative ends of the conductivity."""
    return (mean * low, mean * high) if quantity == "conductivity" else (mean / high, mean / low)


def _draw_bounds(axes: Axes, curves: Sequence[Curve], colour: str) -> None:
    for curve in curves:
        style: dict[str, Any] = {"ls": BOUNDS[curve.name], "lw": 1.0, "alpha": 0.85, "zorder": 1}
        axes.plot(curve.x, curve.y, color=colour, **style)


def _draw_measured(axes: Axes, series: Measured, carrier: str, quantity: str) -> None:
    """Published values."""
    if not shown_beside(series, carrier, quantity):
        return
    factor = CONDUCTIVITY if quantity == "conductivity" else 1.0
    x = [100 * point.volume_fraction for point in series.points]
    y = [factor * point.value(carrier, quantity) for point in series.points]
    axes.plot(x, y, zorder=5, **measured_style(series.number, carrier))


def along(axes: Axes, series: Series) -> None:
    """Set up the horizontal axis of a series."""
    axis = series.axis
    axes.set_xlabel(axis.label)
    axes.margins(x=0.06, y=0.12)
    if axis.logarithmic:
        logarithmic(axes, "x")
        plain_logarithm(axes.xaxis)
    if axis.kind == "name":
        axes.set_xticks(range(len(axis.ticks)), axis.ticks)
    if axis.kind == "temperature":
        add_celsius(axes, np.array([1000.0 / group.x for group in series.groups]))
    if axis.kind == "composition":
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


def _finish(axes: Axes, quantity: str) -> None:
    tidy(axes)
    logarithmic(axes)
    axes.set_ylabel(_QUANTITIES[quantity])
    low, high = axes.get_ylim()
    if high / low < 30:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    if high / low < 4:
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_minor_locator(NullLocator())
    plain_logarithm(axes.yaxis)
    if quantity == "tortuosity":
        axes.set_ylim(bottom=min(0.93, low))
