"""A diagram of how bounds come together while a mesh is refined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cellion.export.scales import logarithmic
from cellion.results.accuracy import AccuracyRecord, PassRecord
from cellion.results.files import replacing

__all__ = ["convergence_figure", "plot_convergence"]

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GREY = "#606060"


def plot_convergence(accuracy: AccuracyRecord, path: Path, title: str) -> Path:
    """Draw `convergence_figure` to a PNG file, which appears whole or not at all.

    Returns:
        The path.

    Raises:
        ResultsError: The file cannot be written.
    """
    figure = convergence_figure(accuracy, title)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=220)
    return path


def convergence_figure(accuracy: AccuracyRecord, title: str) -> Figure:
    """Bounds of each carrier and direction, and the width of their bracket, over unknowns.

    Args:
        accuracy: What several meshes certified.
        title: One line over the diagram.
    """
    history = [each for each in accuracy.history if _lines(each)]
    figure = Figure(figsize=(5.6, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    unknowns = np.array([each.unknowns for each in history])
    for number, (carrier, direction) in enumerate(_lines(history[0])):
        colour = _COLOURS[number % len(_COLOURS)]
        low, high = (
            np.array([getattr(each, side)[carrier][direction] for each in history])
            for side in ("lower", "upper")
        )
        above.fill_between(unknowns, 10 * low, 10 * high, color=colour, alpha=0.18, lw=0)
        style = ("-", "--", ":")[number % 3]  # directions that are alike cover each other
        above.plot(unknowns, 10 * high, "v", ls=style, ms=4, lw=1.2, color=colour)
        label = f"{carrier}, {direction}"
        above.plot(unknowns, 10 * low, "^", ls=style, ms=4, lw=1.2, color=colour, label=label)
        width = 200 * (high - low) / (high + low)
        below.plot(unknowns, width, "o", ls=style, ms=3, lw=1.2, color=colour)
    errors = 100 * np.array([each.geometry_error for each in history])
    if (errors > 0.0).any():
        below.plot(unknowns, errors, ":s", ms=3, lw=1.0, color=_GREY, label="geometry, estimated")
    if accuracy.tolerance is not None:
        below.axhline(100 * accuracy.tolerance, ls="--", lw=1.0, color=_GREY, label="tolerance")
    _label(above, "bounds of $\\sigma_\\mathrm{eff}$ [mS/cm]")
    _label(below, "width of the bracket [%]")
    below.set_xlabel("unknowns of both bounds")
    above.set_title(title, fontsize=11, loc="left")
    return figure


def _lines(history: PassRecord) -> list[tuple[str, str]]:
    """Carriers and directions in which current flows."""
    return [
        (carrier, direction)
        for carrier, bounds in history.lower.items()
        for direction, low in bounds.items()
        if low > 0.0
    ]


def _label(axes: Axes, ordinate: str) -> None:
    logarithmic(axes, "xy")
    for which in ("major", "minor"):
        getattr(axes.yaxis, f"set_{which}_formatter")("{x:g}")
    axes.tick_params(axis="y", which="minor", labelsize=7)
    axes.set_ylabel(ordinate)
    axes.grid(which="major", alpha=0.25, lw=0.6)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
