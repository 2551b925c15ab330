"""Diagrams of cells: the reaction over depth, and resistances of a series and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from cellion.cell.response import PARTS, CellResponse
from cellion.errors import ResultsError
from cellion.export.cell_tables import PART_NAMES
from cellion.export.diagrams import (
    INK,
    PageFigure,
    curve_style,
    from_zero,
    legend_above,
    new_figure,
    tidy,
    write_figure,
)
from cellion.export.estimate import Estimate
from cellion.export.formatting import AREA_RESISTANCE
from cellion.export.groups import Group
from cellion.export.plots import along
from cellion.export.series import Series

__all__ = [
    "part",
    "plot_cells",
    "plot_reaction",
    "reaction_figure",
    "resistance",
    "resistance_figure",
]

PART_COLOURS = {
    "separator": "#999999",
    "ionic": "#0072B2",
    "ionic_contacts": "#56B4E9",
    "interfacial": "#009E73",
    "electronic_contacts": "#E69F00",
    "electronic": "#D55E00",
    "collector": "#404040",
}
_SMALL = 1e-4
"""Parts that are nowhere a larger share of the resistance are left out of the legend."""


def plot_reaction(response: CellResponse, path: Path, title: str) -> Path:
    """Draw `reaction_figure` to a file, which appears whole or not at all.

    Raises:
        ResultsError: The file cannot be written.
    """
    return write_figure(path, lambda: reaction_figure(response, title))


def plot_cells(series: Series, path: Path) -> Path:
    """Draw `resistance_figure` to a file, which appears whole or not at all.

    Raises:
        ResultsError: There is nothing to draw, or the file cannot be written.
    """
    return write_figure(path, lambda: resistance_figure(series))


def reaction_figure(response: CellResponse, title: str) -> PageFigure:
    """Reaction current per slice over the distance from the separator.

    The ordinate is the current of a slice over its thickness, for 1 A/m^2 through the cell; a
    uniform reaction is the dashed line.

    Args:
        response: Response of a cell through which current can flow.
        title: One line over the diagram.
    """
    figure, (axes,) = new_figure(height=3.4, width=5.6)
    depth = 1e6 * np.asarray(response.depth)
    per_depth = np.asarray(response.reaction_current) / np.diff(depth)
    axes.stairs(per_depth, depth, fill=True, color=PART_COLOURS["interfacial"], alpha=0.75)
    axes.axhline(1.0 / depth[-1], color=INK, lw=1.0, ls="--", label="uniform")
    axes.set_xlim(depth[0], depth[-1])
    axes.set_xlabel("distance from the separator [µm]")
    axes.set_ylabel("reaction current [A/m² per µm]\nof 1 A/m² through the cell")
    legend_above(figure)
    axes.set_title(title, fontsize=11, loc="left")
    tidy(axes)
    return figure


def resistance_figure(series: Series) -> PageFigure:
    """Area-specific resistance of cells along a series: its parts, or one line per curve.

    A single curve is the whole cell, its parts stacked; several are the cathode without layers.

    Args:
        series: Groups along an axis.

    Raises:
        ResultsError: No cell of them connects.
    """
    curves = {
        name: own
        for name, groups in series.curves.items()
        if (own := [group for group in groups if group.connected])
    }
    if not curves:
        raise ResultsError("plot: no run holds the resistance of a cell; there is nothing to draw")
    figure, (axes,) = new_figure(height=4.3, width=6.4)
    if len(series.curves) == 1:
        _stack(axes, *curves.values())
        axes.set_ylabel("area-specific resistance [Ω cm²]")
    else:
        for number, (name, groups) in enumerate(curves.items()):
            y = [AREA_RESISTANCE * resistance(group).mean for group in groups]
            x = [group.x for group in groups]
            axes.plot(x, y, lw=1.1, ms=5, label=name, **curve_style(number))
        axes.set_ylabel("cathode resistance [Ω cm²]")
    along(axes, series)
    tidy(axes)
    from_zero(axes)
    legend_above(figure)
    return figure


def _stack(axes: Axes, groups: Sequence[Group]) -> None:
    """Parts of the resistance on top of each other."""
    x = [group.x for group in groups]
    parts = {name: np.array([part(group, name) for group in groups]) for name in PARTS}
    total = np.sum(list(parts.values()), axis=0)
    shown = {name: p for name, p in parts.items() if float((p / total).max()) > _SMALL}
    names = [PART_NAMES[name] for name in shown]
    stack: dict[str, Any] = {"colors": [PART_COLOURS[name] for name in shown], "labels": names}
    axes.stackplot(x, *(AREA_RESISTANCE * p for p in shown.values()), **stack, alpha=0.8)
    axes.plot(x, AREA_RESISTANCE * total, color=INK, marker="o", ms=4, lw=1.2, label="total")
    for group in groups:
        own = [AREA_RESISTANCE * cell.area_specific_resistance for cell in group.connected]
        axes.plot([group.x] * len(own), own, marker="o", ms=3, mfc="none", color=INK, ls="none")


def resistance(group: Group) -> Estimate:
    """Resistance of the cathode without its layers, of the cells that connect [Ohm m^2]."""
    return Estimate.of([cell.cathode_resistance for cell in group.connected])


def part(group: Group, name: str) -> float:
    """Mean of a part of the resistance over the cells that connect [Ohm m^2]."""
    return Estimate.of([cell.parts.get(name, 0.0) for cell in group.connected]).mean
