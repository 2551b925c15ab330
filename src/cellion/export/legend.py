"""Legend entries of the conductivity and tortuosity diagrams."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cellion.export.bounds import BOUNDS, bound_curves
from cellion.export.diagrams import INK, PALETTE, curve_style
from cellion.export.measured import Measured
from cellion.export.series import Series

__all__ = ["carrier_number", "handles", "measured_style", "shown_beside"]

_QUANTITIES = ("conductivity", "tortuosity")


def carrier_number(carrier: str) -> int:
    """Place of a carrier among curves."""
    return int(carrier == "electron")


def measured_style(number: int, carrier: str) -> dict[str, Any]:
    """How published values look.

    Args:
        number: Place of the publication in the data.
        carrier: ``ion`` or ``electron``.
    """
    colour = PALETTE[1] if carrier == "electron" else INK
    marker = "x+1234"[number % 6]
    return {"ls": "none", "marker": marker, "ms": 7.5, "mew": 1.6, "color": colour}


def shown_beside(series: Measured, carrier: str, quantity: str) -> bool:
    """Whether published values are in a diagram: conductivities only of the same electrolyte."""
    known = any(math.isfinite(point.value(carrier, quantity)) for point in series.points)
    return known and (quantity == "tortuosity" or series.comparable)


def handles(
    series: Series, carriers: Sequence[str], measured: Sequence[Measured] = ()
) -> list[Line2D | Patch]:
    """Legend entries of all diagrams of a series.

    Args:
        series: Groups along an axis.
        carriers: Carriers that are shown.
        measured: Published values that are shown besides.
    """
    found = [*_curves(series, carriers), *_errors(series, carriers), *_bounds(series, carriers)]
    if series.axis.kind == "composition":
        found += _published(carriers, measured)
    return found


def _curves(series: Series, carriers: Sequence[str]) -> Iterator[Line2D]:
    if len(series.curves) > 1:
        for number, name in enumerate(series.curves):
            yield Line2D([], [], label=name, ms=6, lw=1.1, **curve_style(number))
        return
    for name in carriers:
        style = curve_style(carrier_number(name))
        yield Line2D([], [], label=f"{name}s", ms=6, lw=1.1, **style)


def _errors(series: Series, carriers: Sequence[str]) -> Iterator[Line2D | Patch]:
    estimates = [g.conductivity(c) for g in series.groups for c in carriers if g.carriers(c)]
    if any(math.isfinite(each.lower) for each in estimates):
        yield Patch(color=INK, alpha=0.3, label="guaranteed bracket")
    elif any(math.isfinite(each.mesh) for each in estimates):
        yield Patch(color=INK, alpha=0.3, label="estimated error of the mesh")
    hollow: dict[str, Any] = {"ls": "none", "mfc": "none", "color": INK}
    if any(math.isfinite(each.deviation) for each in estimates):
        style: dict[str, Any] = {"marker": "|", "ms": 11, "mew": 1.3, "ls": "none", "color": INK}
        yield Line2D([], [], label="standard deviation of realisations", **style)
        yield Line2D([], [], label="realisation", marker="o", ms=4, **hollow)
    if any(value == 0 for each in estimates for value in each.values):
        yield Line2D([], [], label="does not percolate (at the edge)", marker="v", ms=7, **hollow)


def _bounds(series: Series, carriers: Sequence[str]) -> Iterator[Line2D]:
    names = dict.fromkeys(
        curve.name
        for groups in series.curves.values()
        for carrier in carriers
        for curve in bound_curves(series, groups, carrier, "conductivity")
    )
    for name in names:
        yield Line2D([], [], color=INK, ls=BOUNDS[name], lw=1.2, label=name)


def _published(carriers: Sequence[str], measured: Sequence[Measured]) -> Iterator[Line2D]:
    for each in measured:
        for carrier in carriers:
            if any(shown_beside(each, carrier, quantity) for quantity in _QUANTITIES):
                of = "" if each.pores == "counted" else ", fraction of the solid"
                label = f"measured: {each.name}, {carrier}s{of}"
                yield Line2D([], [], label=label, **measured_style(each.number, carrier))
