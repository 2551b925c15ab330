"""Diagrams of cells: the reaction over depth, and resistances of a series and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cellion.cell.response import PARTS, CellResponse
from cellion.errors import ResultsError
from cellion.results.files import replacing
from cellion.results.record import RunResult

__all__ = ["PART_COLOURS", "plot_cells", "plot_reaction", "reaction_figure", "resistance_figure"]

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
    """Draw `reaction_figure` to a PNG file, which appears whole or not at all.

    Returns:
        The path.

    Raises:
        ResultsError: The file cannot be written.
    """
    return _save(reaction_figure(response, title), path)


def plot_cells(results: Sequence[RunResult], path: Path) -> Path:
    """Draw `resistance_figure` to a file; its ending says whether PNG or SVG.

    Returns:
        The path.

    Raises:
        ResultsError: There is nothing to draw, or the file cannot be written.
    """
    return _save(resistance_figure(results), path)


def reaction_figure(response: CellResponse, title: str) -> Figure:
    """Reaction current per slice over the distance from the separator.

    The ordinate is the current of a slice over its thickness, for 1 A/m^2 through the cell; a
    uniform reaction is the dashed line.

    Args:
        response: Response of a cell through which current can flow.
        title: One line over the diagram.
    """
    figure = Figure(figsize=(5.6, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    depth = 1e6 * np.asarray(response.depth)
    per_depth = np.asarray(response.reaction_current) / np.diff(depth)
    axes.stairs(per_depth, depth, fill=True, color=PART_COLOURS["interfacial"], alpha=0.75)
    axes.axhline(1.0 / depth[-1], color="#404040", lw=1.0, ls="--", label="uniform")
    axes.set_xlim(depth[0], depth[-1])
    axes.set_xlabel("distance from the separator [µm]")
    axes.set_ylabel("reaction current [A/m² per µm]\nof 1 A/m² through the cell")
    axes.legend(frameon=False)
    axes.set_title(title, fontsize=11, loc="left")
    _bare(axes)
    return figure


def resistance_figure(results: Sequence[RunResult]) -> Figure:
    """Area-specific resistance of cells and its parts, stacked, over composition.

    On the axis is the volume fraction, in the composite, of the material whose fraction varies
    most among those that carry ions, or the number of the run when none varies. Runs of one
    composition are averaged.

    Args:
        results: Runs, of which those with a cell that connects are drawn.

    Raises:
        ResultsError: There is none.
    """
    drawn = [(result, result.cell) for result in results if result.cell and result.cell.connects]
    if not drawn:
        raise ResultsError("plot: no run holds the resistance of a cell; there is nothing to draw")
    place, label = _abscissa([result for result, _ in drawn])
    groups = {x: [cell for y, (_, cell) in zip(place, drawn, strict=True) if x == y] for x in place}
    x = np.array(sorted(groups))
    parts = {name: np.array([_mean(groups[at], name) for at in x]) for name in PARTS}
    total = np.sum(list(parts.values()), axis=0)
    shown = {name: p for name, p in parts.items() if float((p / total).max()) > _SMALL}
    figure = Figure(figsize=(6.2, 4.0), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names = [name.replace("_", " ") for name in shown]
    stack: dict[str, Any] = {"colors": [PART_COLOURS[name] for name in shown], "labels": names}
    axes.stackplot(x, *(1e4 * p for p in shown.values()), **stack, alpha=0.8)
    axes.plot(x, 1e4 * total, color="#202020", marker="o", ms=4, lw=1.2, label="total")
    for at, (_, cell) in zip(place, drawn, strict=True):
        value = 1e4 * cell.area_specific_resistance
        axes.plot(at, value, marker="o", ms=3, mfc="none", color="#202020", ls="none")
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel(label)
    axes.set_ylabel("area-specific resistance [Ω cm²]")
    handles, found = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], found[::-1], frameon=False, fontsize=9)
    _bare(axes)
    return figure


def _abscissa(results: Sequence[RunResult]) -> tuple[list[float], str]:
    """Place of each run on the axis, to a thousandth, and what is on it."""
    varied = {name: _shares(results, name) for name in results[0].materials}
    spread = {name: max(shares) - min(shares) for name, shares in varied.items()}
    most = max(spread.values(), default=0.0)
    if most < 1e-3:
        return [float(index + 1) for index in range(len(results))], "run"
    # Complementary fractions vary alike: the first in the order of the scenario, the electrolyte.
    name = next(name for name, value in spread.items() if value > 0.9 * most)
    return [round(share, 3) for share in varied[name]], f"volume fraction of {name} [-]"


def _shares(results: Sequence[RunResult], name: str) -> list[float]:
    """Volume fraction of a material, as asked for or as meshed."""
    found = []
    for result in results:
        fraction = result.volume_fraction.get(name)
        value = None if fraction is None else fraction.requested
        value = fraction.meshed if fraction is not None and value is None else value
        found.append(value or 0.0)
    return found


def _mean(cells: Sequence[CellResponse], name: str) -> float:
    """Mean of one part over cells [Ohm m^2]."""
    return float(np.mean([cell.parts.get(name, 0.0) for cell in cells]))


def _bare(axes: Axes) -> None:
    """Leave out what a diagram does not need."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _save(figure: Figure, path: Path) -> Path:
    """Write a figure."""
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=220)
    return path
