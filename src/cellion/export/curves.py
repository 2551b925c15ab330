"""A column of a study's table over a varied value: one curve for each of the other values.

A marker is the mean over realisations; its bar joins their standard deviation and, for
conductivities and tortuosity factors, the error by the mesh in quadrature. Where a realisation is 0
and the axis logarithmic, because nothing percolates, a triangle at the lower edge says so.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cellion.errors import ResultsError
from cellion.export.dictionary import data_dictionary
from cellion.export.scales import logarithmic
from cellion.export.series import mesh_error
from cellion.export.tables import Entry
from cellion.export.varied import independent, short
from cellion.results.files import replacing

__all__ = ["PageFigure", "curves_figure", "plot_curves"]

type Row = Mapping[str, Entry]

# Okabe and Ito's colours, told apart with any colour vision; the markers differ too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "os^Dv*P"
_LINE = 46  # letters
_DECADES = 8.0  # ratio from which on an axis is logarithmic
_BY_MESH = re.compile(r"(?:sigma|tortuosity_factor)_(ion|electron)_\w+ \[.*")


class PageFigure(Figure):
    """A figure that shows itself in a notebook, without matplotlib's global state."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


@dataclass(frozen=True, kw_only=True)
class _Curve:
    """Means over realisations along an axis.

    Attributes:
        label: What tells it from others; empty for a single one.
        x: Places on the axis, ascending, shape (n,).
        y: Means, shape (n,).
        bars: Lengths of the error bars, shape (n,).
        zero: Whether a realisation is 0, shape (n,).
    """

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    bars: NDArray[np.float64]
    zero: NDArray[np.bool_]


def plot_curves(rows: Sequence[Row], varied: Sequence[str], path: Path) -> Path:
    """Draw `curves_figure` to a file; the file appears whole or not at all.

    Args:
        rows: As for `curves_figure`.
        varied: As for `curves_figure`.
        path: The file; its ending says whether PNG, SVG or PDF.

    Raises:
        ResultsError: There is nothing to draw, or the file cannot be written.
    """
    figure = curves_figure(rows, varied)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=200)
    return path


def curves_figure(
    rows: Sequence[Row],
    varied: Sequence[str],
    *,
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
) -> PageFigure:
    """Draw a column over another.

    Args:
        rows: Rows of points that have an answer.
        varied: Headers of the varied values.
        x: Header on the horizontal axis; by default the first varied number.
        y: Header on the vertical axis; by default the mean conductivity, a panel for each carrier.
        by: Header that tells curves apart; by default, over a varied value, all the others that do
            not follow from it.

    Raises:
        ResultsError: There is nothing to draw.
    """
    x = x or next((header for header in varied if _is_number(rows, header)), None)
    conductivities = [f"sigma_{carrier}_mean [S/m]" for carrier in ("ion", "electron")]
    panels = [header for header in ([y] if y else conductivities) if _is_number(rows, header)]
    if x is None or not panels or not _is_number(rows, x):
        told = x or "a varied value", y or "a conductivity"
        raise ResultsError(
            f"plot: {told[1]} over {told[0]} cannot be drawn; columns of numbers are needed"
        )
    others = independent(rows, varied, x) if x in varied else ()
    figure = PageFigure(figsize=(6.4 * len(panels), 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, header in zip(grid, panels, strict=True):
        curves = _curves(rows, varied, (x, header), others if by is None else (by,))
        _draw_panel(axes, curves, (x, header))
    return figure


def _draw_panel(axes: Axes, curves: Sequence[_Curve], headers: tuple[str, str]) -> None:
    """Draw the curves of one column over another."""
    _scale(axes, curves)
    for index, curve in enumerate(curves):
        _draw(axes, curve, index)
    logarithmic(axes, "".join(n for n in "xy" if getattr(axes, f"get_{n}scale")() == "log"))
    axes.set_xlabel(_described(headers[0]))
    axes.set_ylabel(_described(headers[1]))
    axes.grid(visible=True, which="major", color="#e3e3e3", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if len(curves) > 1:
        axes.legend(frameon=False, fontsize=9)


def _curves(
    rows: Sequence[Row], varied: Sequence[str], axes: tuple[str, str], by: Sequence[str]
) -> list[_Curve]:
    x, y = axes
    points: dict[tuple[Entry, ...], list[Row]] = {}
    for row in rows:
        if row.get(x) is not None and row.get(y) is not None:
            points.setdefault(tuple(row.get(header) for header in varied), []).append(row)
    groups: dict[tuple[Entry, ...], list[list[Row]]] = {}
    for members in points.values():
        key = tuple(members[0].get(header) for header in by)
        groups.setdefault(key, []).append(members)
    return [_curve(_label(by, key), members, x, y) for key, members in groups.items()]


def _curve(label: str, points: list[list[Row]], x: str, y: str) -> _Curve:
    at = np.array([np.mean(_numbers(members, x)) for members in points])
    order = np.argsort(at, kind="stable")
    return _Curve(
        label=label,
        x=at[order],
        y=np.array([np.mean(_numbers(members, y)) for members in points])[order],
        bars=np.array([_bar(members, y) for members in points])[order],
        zero=np.array([(_numbers(members, y) == 0.0).any() for members in points])[order],
    )


def _bar(members: list[Row], y: str) -> float:
    values = _numbers(members, y)
    spread = float(np.std(values, ddof=1)) if np.isfinite(values).all() and len(values) > 1 else 0.0
    match = _BY_MESH.fullmatch(y)
    if match is None:
        return spread
    errors = [mesh_error(row, match[1]) for row in members]
    known = [error for error in errors if not math.isnan(error)]
    mean = float(np.mean(values))
    return math.hypot(spread, max(known, default=0.0) * mean) if math.isfinite(mean) else 0.0


def _scale(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Choose linear or logarithmic axes by how far the values are apart."""
    for values, scale in (
        (np.concatenate([curve.x for curve in curves]), axes.set_xscale),
        (np.concatenate([curve.y for curve in curves]), axes.set_yscale),
    ):
        positive = values[(values > 0.0) & np.isfinite(values)]
        if not (values < 0.0).any() and len(positive):
            wide = positive.max() > _DECADES * positive.min()
            scale("log" if wide else "linear")


def _draw(axes: Axes, curve: _Curve, index: int) -> None:
    colour, marker = _COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)]
    logarithmic = axes.get_yscale() == "log"
    shown = np.isfinite(curve.y) & ((curve.y > 0.0) | (not logarithmic))
    bars = curve.bars[shown]
    lower = np.minimum(bars, 0.9 * curve.y[shown]) if logarithmic else bars
    axes.errorbar(
        curve.x[shown],
        curve.y[shown],
        yerr=np.array([lower, bars]),
        marker=marker,
        color=colour,
        markersize=6,
        linewidth=1.2,
        capsize=3,
        label=curve.label or None,
        zorder=3,
    )
    nothing = curve.x[curve.zero & logarithmic]
    place = axes.get_xaxis_transform()
    axes.plot(
        nothing,
        [0.025 + 0.03 * index] * len(nothing),
        "v",
        mfc="none",
        color=colour,
        transform=place,
        zorder=4,
    )


def _is_number(rows: Sequence[Row], header: str) -> bool:
    found = [row[header] for row in rows if row.get(header) is not None]
    return bool(found) and all(isinstance(value, int | float) for value in found)


def _numbers(rows: Sequence[Row], header: str) -> NDArray[np.float64]:
    return np.array([row[header] for row in rows], dtype=np.float64)


def _described(header: str) -> str:
    """What a column means, in lines; key paths by their last two steps."""
    name, unit = short(header)
    (about,) = data_dictionary([header])
    told = name if "." in name else fill(str(about["meaning"]), _LINE)
    return f"{told}{unit}"


def _label(by: Sequence[str], key: Sequence[Entry]) -> str:
    parts = []
    for header, entry in zip(by, key, strict=True):
        name, unit = short(header)
        shown = f"{entry:.4g}" if isinstance(entry, float) else str(entry)
        parts.append(f"{name} = {shown} {unit.strip(' []-')}".strip())
    return ", ".join(parts)
