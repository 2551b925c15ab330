"""A diagram of how bounds come together while a mesh is refined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from cellion.export.diagrams import (
    PALETTE,
    PageFigure,
    legend_above,
    logarithmic,
    new_figure,
    tidy,
    write_figure,
)
from cellion.export.formatting import CONDUCTIVITY
from cellion.results.accuracy import AccuracyRecord, PassRecord

__all__ = ["convergence_figure", "plot_convergence"]

_GREY = "#606060"


def plot_convergence(accuracy: AccuracyRecord, path: Path, title: str) -> Path:
    """Draw `convergence_figure` to a file, which appears whole or not at all.

    Raises:
        ResultsError: The file cannot be written.
    """
    return write_figure(path, lambda: convergence_figure(accuracy, title))


def convergence_figure(accuracy: AccuracyRecord, title: str) -> PageFigure:
    """Bounds of each carrier and direction, and the width of their bracket, over unknowns.

    Args:
        accuracy: What several meshes certified.
        title: One line over the diagram.
    """
    history = [each for each in accuracy.history if _lines(each)]
    figure, (above, below) = new_figure(height=6.4, width=5.6, rows=2)
    below.sharex(above)
    unknowns = np.array([each.unknowns for each in history])
    for number, (carrier, direction) in enumerate(_lines(history[0])):
        colour = PALETTE[number % len(PALETTE)]
        low, high = (
            CONDUCTIVITY * np.array([getattr(each, side)[carrier][direction] for each in history])
            for side in ("lower", "upper")
        )
        above.fill_between(unknowns, low, high, color=colour, alpha=0.18, lw=0)
        style = ("-", "--", ":")[number % 3]  # directions that are alike cover each other
        above.plot(unknowns, high, "v", ls=style, ms=4, lw=1.2, color=colour)
        label = f"{carrier}, {direction}"
        above.plot(unknowns, low, "^", ls=style, ms=4, lw=1.2, color=colour, label=label)
        width = 200 * (high - low) / (high + low)
        below.plot(unknowns, width, "o", ls=style, ms=3, lw=1.2, color=colour)
    errors = 100 * np.array([each.geometry_error for each in history])
    if (errors > 0.0).any():
        below.plot(unknowns, errors, ":s", ms=3, lw=1.0, color=_GREY, label="geometry, estimated")
    if accuracy.tolerance is not None:
        below.axhline(100 * accuracy.tolerance, ls="--", lw=1.0, color=_GREY, label="tolerance")
    _label(above, "bounds of σ_eff [mS/cm]")
    _label(below, "width of the bracket [%]")
    below.set_xlabel("unknowns of both bounds")
    above.set_title(title, fontsize=11, loc="left")
    legend_above(figure, columns=3)
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
    axes.set_ylabel(ordinate)
    tidy(axes)
