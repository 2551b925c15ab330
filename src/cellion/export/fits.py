"""Fitted values as a table and as a diagram of conductivity over the value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from cellion.export.diagrams import (
    PALETTE,
    PageFigure,
    legend_above,
    logarithmic,
    new_figure,
    tidy,
    write_figure,
)
from cellion.export.formatting import key_label, unit_label
from cellion.export.tables import Entry
from cellion.quantities import split_quantity, to_si
from cellion.results.fit import Fit
from cellion.scenario.fit import FITTED, FitSpec

__all__ = ["FitUnits", "fit_rows", "fit_table", "fit_units", "plot_fits"]

type Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FitUnits:
    """Units in which a fit is shown: those that it was given in.

    Attributes:
        label: What is fitted, in words.
        value: Unit of the fitted value.
        value_factor: Factor to it from the SI unit.
        conductivity: Unit of conductivities.
        conductivity_factor: Factor to it from S/m.
    """

    label: str = ""
    value: str = ""
    value_factor: float = 1.0
    conductivity: str = "S/m"
    conductivity_factor: float = 1.0

    def value_text(self, value: float, count: int = 4) -> str:
        """A value, without its unit."""
        return f"{self.value_factor * value:.{count}g}"

    def conductivity_text(self, value: float, count: int = 4) -> str:
        """A conductivity, without its unit."""
        return f"{self.conductivity_factor * value:.{count}g}"


def fit_units(fit: FitSpec, document: Mapping[str, Any]) -> FitUnits:
    """Units of the first end of the range and of the first sample.

    Args:
        fit: The ``fit`` section.
        document: The plain scenario that holds it.
    """
    value = split_quantity(fit.between[0])[1]
    conductivity = split_quantity(document["fit"]["measured"][0]["conductivity"])[1]
    return FitUnits(
        label=key_label(fit.vary, document),
        value=unit_label(value),
        value_factor=1.0 / to_si(f"1 {value}", FITTED[fit.key]),
        conductivity=unit_label(conductivity),
        conductivity_factor=1.0 / to_si(f"1 {conductivity}", "conductivity"),
    )


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


def fit_table(fits: Sequence[Fit], units: FitUnits) -> Table:
    """A table for humans: one line per sample.

    Args:
        fits: Answers.
        units: Units of display.
    """
    title = escape(units.label)
    table = Table(title=title, title_justify="left", padding=(0, 1, 0, 0), box=SIMPLE)
    table.add_column("sample", overflow="fold")
    sigma = f"\n[{units.conductivity}]"
    for header in (f"measured{sigma}", f"value\n[{units.value}]", "from", "to"):
        table.add_column(escape(header), justify="right", no_wrap=True)
    table.add_column(escape(f"reachable{sigma}"), justify="right", no_wrap=True)
    for fit in fits:
        spread = units.conductivity_text(fit.uncertainty, 2)
        reach = [units.conductivity_text(end, 3) for end in fit.reachable]
        table.add_row(
            escape(fit.label),
            units.conductivity_text(fit.measured)
            + ("" if math.isnan(fit.uncertainty) else f"±{spread}"),
            *(_shown(value, fit, units) for value in (fit.value, fit.lower, fit.upper)),
            "" if math.isnan(fit.reachable[0]) else " to ".join(reach),
        )
    return table


def _shown(value: float, fit: Fit, units: FitUnits) -> str:
    if not math.isnan(value):
        return units.value_text(value, 3)
    return "none" if fit.failure is not None else "open"


def plot_fits(fits: Sequence[Fit], path: Path, units: FitUnits) -> Path:
    """Draw the conductivity over the fitted value, with what was measured.

    Args:
        fits: Answers.
        path: The file; its ending says whether PNG, SVG or PDF.
        units: Units of display.

    Returns:
        The path.
    """
    return write_figure(path, lambda: _figure(fits, units))


def _figure(fits: Sequence[Fit], units: FitUnits) -> PageFigure:
    figure, (axes,) = new_figure(height=4.2, width=5.6)
    for number, fit in enumerate(fits):
        if not fit.trail:
            continue
        colour = PALETTE[number % len(PALETTE)]
        factor = units.conductivity_factor
        value, sigma = np.array(fit.trail).T * [[units.value_factor], [factor]]
        axes.plot(*_smooth(value, sigma), "-", lw=1.2, color=colour)
        axes.plot(value, sigma, "o", ms=2.5, color=colour)
        axes.axhline(factor * fit.measured, ls=(0, (1, 2)), lw=1.0, color=colour)
        if not math.isnan(fit.uncertainty):
            low, high = fit.measured - fit.uncertainty, fit.measured + fit.uncertainty
            axes.axhspan(factor * low, factor * high, color=colour, alpha=0.12, lw=0)
        answer = "none"
        if not math.isnan(fit.value):
            answer = f"{units.value_text(fit.value, 3)} {units.value}"
            place = (units.value_factor * fit.value, factor * fit.measured)
            axes.plot(*place, "D", ms=6, mec="white", color=colour, zorder=3)
        axes.plot([], [], "o-", ms=4, lw=1.2, color=colour, label=f"{fit.label}: {answer}")
    tidy(axes)
    logarithmic(axes, "xy")
    axes.set_xlabel(f"{units.label} [{units.value}]")
    axes.set_ylabel(f"effective conductivity [{units.conductivity}]")
    legend_above(figure)
    return figure


def _smooth(value: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    """Join points on the scale on which the curve is nearly straight.

    Resistances add, so that 1 / sigma is nearly linear in the resistance; sheets lead beside the
    rest, so that sigma is nearly linear in their conductance.
    """
    fine = np.geomspace(value[0], value[-1], 300)
    if sigma[-1] < sigma[0]:
        return fine, 1.0 / np.interp(fine, value, 1.0 / sigma)
    return fine, np.interp(fine, value, sigma)
