"""Fitted values as a table and as a diagram of conductivity over the value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from cellion.export.scales import logarithmic
from cellion.export.tables import Entry
from cellion.results.files import replacing
from cellion.results.fit import Fit

__all__ = ["fit_rows", "fit_table", "plot_fits"]

type Floats = NDArray[np.float64]

# Okabe and Ito's colours, told apart with any colour vision.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def fit_rows(fits: Sequence[Fit], unit: str) -> list[dict[str, Entry]]:
    """One row per sample; what is not known is empty.

    Args:
        fits: Answers.
        unit: Unit of the fitted value.
    """
    return [
        {
            "name": fit.label,
            **{path: str(value) for path, value in fit.where.items()},
            "measured [S/m]": fit.measured,
            "uncertainty [S/m]": _known(fit.uncertainty),
            f"value [{unit}]": _known(fit.value),
            f"lower [{unit}]": _known(fit.lower),
            f"upper [{unit}]": _known(fit.upper),
            "sensitivity [-]": _known(fit.sensitivity),
            "mesh_deviation [-]": _known(fit.mesh_deviation),
            "reachable_lowest [S/m]": _known(fit.reachable[0]),
            "reachable_highest [S/m]": _known(fit.reachable[1]),
            "solves [-]": len(fit.trail),
            **fit.numbers,
            "failure": fit.failure,
        }
        for fit in fits
    ]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def fit_table(fits: Sequence[Fit], path: str, unit: str) -> Table:
    """A table for humans: one line per sample.

    Args:
        fits: Answers.
        path: Key path of the fitted value.
        unit: Its unit.
    """
    table = Table(title=escape(path), title_justify="left", padding=(0, 1, 0, 0), box=SIMPLE)
    table.add_column("sample", overflow="fold")
    for header in ("measured\n[mS/cm]", f"value\n[{unit}]", "from", "to", "reachable\n[mS/cm]"):
        table.add_column(escape(header), justify="right", overflow="fold")
    for fit in fits:
        spread = "" if math.isnan(fit.uncertainty) else f"±{10 * fit.uncertainty:.2g}"
        # 1 S/m = 10 mS/cm
        reach = (
            ""
            if math.isnan(fit.reachable[0])
            else "{:.3g} to {:.3g}".format(*(10 * end for end in fit.reachable))
        )
        table.add_row(
            escape(fit.label),
            f"{10 * fit.measured:.4g}{spread}",
            *(_shown(value, fit) for value in (fit.value, fit.lower, fit.upper)),
            reach,
        )
    return table


def _shown(value: float, fit: Fit) -> str:
    if not math.isnan(value):
        return f"{value:.3g}"
    return "none" if fit.failure is not None else "open"


def plot_fits(fits: Sequence[Fit], path: Path, *, key: str, unit: str) -> Path:
    """Draw the conductivity over the fitted value, with what was measured.

    Args:
        fits: Answers.
        path: The file; its ending says whether PNG, SVG or PDF.
        key: Key path of the fitted value.
        unit: Its unit.

    Returns:
        The path.
    """
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shown = unit.replace("ohm", "Ω").replace("*", " ").replace("^2", "²")
    for number, fit in enumerate(fits):
        if not fit.trail:
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        value, sigma = np.array(fit.trail).T
        axes.plot(*_smooth(value, 10 * sigma), "-", lw=1.2, color=colour)
        axes.plot(value, 10 * sigma, "o", ms=2.5, color=colour)
        axes.axhline(10 * fit.measured, ls=(0, (1, 2)), lw=1.0, color=colour)
        if not math.isnan(fit.uncertainty):
            low, high = fit.measured - fit.uncertainty, fit.measured + fit.uncertainty
            axes.axhspan(10 * low, 10 * high, color=colour, alpha=0.12, lw=0)
        answer = "none" if math.isnan(fit.value) else f"{fit.value:.3g} {shown}"
        axes.plot([], [], "o-", ms=4, lw=1.2, color=colour, label=f"{fit.label}: {answer}")
        if not math.isnan(fit.value):
            axes.plot(fit.value, 10 * fit.measured, "D", ms=6, mec="white", color=colour)
    logarithmic(axes, "xy")
    axes.set_xlabel(f"{key} [{shown}]")
    axes.set_ylabel("effective conductivity [mS/cm]")
    axes.grid(alpha=0.25, lw=0.6)
    axes.legend(fontsize=8, frameon=False)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=220)
    return path


def _smooth(value: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    """Join points on the scale on which the curve is nearly straight.

    Resistances add, so that 1 / sigma is nearly linear in the resistance; sheets lead beside the
    rest, so that sigma is nearly linear in their conductance.
    """
    fine = np.geomspace(value[0], value[-1], 300)
    if sigma[-1] < sigma[0]:
        return fine, 1.0 / np.interp(fine, value, 1.0 / sigma)
    return fine, np.interp(fine, value, sigma)
