"""Diagrams beside the conductivity: percolation, surfaces, samples, a run between its bounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellion.export.diagrams import (
    INK,
    PALETTE,
    curve_style,
    drawing,
    from_zero,
    legend_above,
    new_figure,
    tidy,
)
from cellion.export.estimate import Estimate
from cellion.export.formatting import CONDUCTIVITY
from cellion.export.groups import Group
from cellion.export.legend import handles
from cellion.export.measured import Measured
from cellion.export.plots import along, draw_panel, draw_samples, panels
from cellion.export.report import model
from cellion.export.report.subject import Subject
from cellion.export.report.svg import drawn, sign
from cellion.export.series import Series, sampled_columns
from cellion.export.sweep import sweep_figure, sweeps
from cellion.homogenise.effective_medium import bruggeman_power_law
from cellion.homogenise.properties import DIRECTIONS
from cellion.results.record import CarrierResult, RunResult

__all__ = [
    "contact_area",
    "ladder_figure",
    "legend",
    "percolating",
    "percolation_figure",
    "sample_figures",
    "surface",
    "surface_figure",
    "sweep_figures",
    "transport_figures",
]

_CONSTANT = 0.01
"""Areas that vary by less along the axis are not drawn."""
_NOUNS = {"conductivity": "Effective conductivity", "tortuosity": "Tortuosity factor τ"}


def percolating_share(run: RunResult, carrier: str) -> float:
    """Share of the conducting volume that connects opposite faces, mean over directions [-]."""
    record, answer = run.percolation.get(carrier), run.carriers.get(carrier)
    if record is None or answer is None or not answer.conducting:
        return math.nan
    found = [record.percolating.get(name, {}) for name in answer.conducting]
    directions = dict.fromkeys(d for each in found for d in each)
    if not directions or answer.conducting_fraction == 0:
        return math.nan
    total = sum(each.get(d, 0.0) for each in found for d in directions) / len(directions)
    return min(1.0, total / answer.conducting_fraction)


def percolating(group: Group, carrier: str) -> Estimate:
    """The percolating share of a group [-]."""
    return group.of_runs(lambda run: percolating_share(run, carrier))


def contact_area(group: Group, pair: str) -> Estimate:
    """Contact area of a pair over the volume of the box [1/m]."""
    return group.of_runs(lambda run: run.contact_area.get(pair, 0.0))


def surface(group: Group, material: str) -> Estimate:
    """Area of a material with the others over the volume of the box [1/m]."""
    return group.of_runs(lambda run: run.specific_surface.get(material, 0.0))


def percolation_figure(series: Series, carriers: Sequence[str]) -> list[model.Figure]:
    """Share of each carrier's conducting volume that percolates; nothing where all of it does."""
    drawn_ones = [
        (
            ", ".join(filter(None, [f"{carrier}s", curve])),
            groups,
            partial(percolating, carrier=carrier),
        )
        for carrier in carriers
        for curve, groups in series.curves.items()
    ]
    values = [v for _, groups, of in drawn_ones for group in groups for v in of(group).values]
    if all(math.isnan(v) or v > 0.999 for v in values):
        return []
    with drawing():
        figure, axes = _lines(series, drawn_ones, 100.0)
        axes.set_ylim(-4, 104)
        axes.set_ylabel("percolating share [% of what conducts]")
        caption = "Share of the conducting volume that connects opposite faces, mean of directions."
        return [drawn(figure, "percolation", alt=caption, caption=caption)]


def surface_figure(series: Series) -> list[model.Figure]:
    """Contact areas over the volume of the box; with several curves, of the largest contact."""
    pairs = list(dict.fromkeys(pair for run in series.runs for pair in run.contact_area))
    areas = {pair: [contact_area(group, pair).mean for group in series.groups] for pair in pairs}
    constant = all(np.ptp(area) < _CONSTANT * np.mean(area) for area in areas.values())
    if constant or len(series.groups) < 2:
        return []
    several = len(series.curves) > 1
    shown = [max(pairs, key=lambda pair: float(np.mean(areas[pair])))] if several else pairs
    drawn_ones = [
        (curve if several else pair.replace("/", " | "), groups, partial(contact_area, pair=pair))
        for pair in shown
        for curve, groups in series.curves.items()
    ]
    with drawing():
        figure, axes = _lines(series, drawn_ones, 1e-6)
        from_zero(axes)
        axes.set_ylabel("contact area over volume [1/µm]")
        what = f"between {shown[0].replace('/', ' and ')}" if several else "of each pair"
        caption = f"Contact area {what} over the volume of the box (1/µm = µm² per µm³)."
        return [drawn(figure, "surfaces", alt=caption, caption=caption)]


def _lines(
    series: Series,
    curves: Sequence[tuple[str, Sequence[Group], Callable[[Group], Estimate]]],
    factor: float,
) -> tuple[Figure, Axes]:
    """Means along a series with their realisations: label, groups and quantity of each curve."""
    figure, (axes,) = new_figure()
    for number, (label, groups, of) in enumerate(curves):
        style = curve_style(number)
        x, found = [group.x for group in groups], [of(group) for group in groups]
        axes.plot(x, [factor * each.mean for each in found], lw=1.1, ms=5, label=label, **style)
        for at, each in zip(x, found, strict=True):
            own = [factor * value for value in each.values]
            axes.plot([at] * len(own), own, ls="none", ms=3.5, mfc="none", **style)
    along(axes, series)
    tidy(axes)
    legend_above(figure)
    return figure, axes


# --- one run -------------------------------------------------------------------------------------


def ladder_figure(group: Group, carriers: Sequence[str]) -> list[model.Figure]:
    """Where the directions of a composition lie between the bounds."""
    rows = [
        (name, answer)
        for name in carriers
        for answer in group.carriers(name)[:1]
        if answer.composition_bounds
        and answer.mean_conductivity > 0
        and answer.conducting_fraction < 1 - 1e-9
    ]
    if not rows:
        return []
    with drawing():
        figure, (axes,) = new_figure(height=1.5 + 0.75 * len(rows), width=6.4)
        for number, (name, answer) in enumerate(rows):
            _rung(axes, -number, answer, _colour(name))
            for each in group.carriers(name):
                diagonal = CONDUCTIVITY * np.diagonal(each.effective_conductivity)
                sigma = diagonal[[DIRECTIONS.index(d) for d in each.directions]]
                style: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 6, "mfc": "none"}
                axes.plot(sigma, np.full(len(sigma), -number), color=_colour(name), **style)
        axes.set_yticks([-number for number in range(len(rows))], [f"{n}s" for n, _ in rows])
        axes.set_ylim(0.6 - len(rows), 0.6)
        axes.set_xlim(left=0.0)
        axes.set_xlabel("effective conductivity [mS/cm]")
        tidy(axes)
        legend_above(figure, handles=_rung_legend())
        caption = (
            "Computed conductivity of each direction between the bounds that follow from the "
            "composition alone (perfect contact)."
        )
        return [drawn(figure, "ladder", alt=caption, caption=caption, wide=True)]


def _colour(carrier: str) -> str:
    return PALETTE[1 if carrier == "electron" else 0]


def _rung(axes: Axes, y: float, answer: CarrierResult, colour: str) -> None:
    """Bounds as bars, Bruggeman's law as a line."""
    for name, height in (("wiener", 0.16), ("hashin_shtrikman", 0.34)):
        low, high = (CONDUCTIVITY * end for end in answer.composition_bounds[name])
        axes.barh(y, high - low, left=low, height=height, color=colour, alpha=0.22, lw=0)
    law = bruggeman_power_law(
        np.array(answer.conducting_fraction), np.array(answer.bulk_conductivity), 1.5
    )
    axes.plot([CONDUCTIVITY * float(law)] * 2, [y - 0.28, y + 0.28], color=INK, lw=1.2, ls="--")


def _rung_legend() -> list[Line2D]:
    bar: dict[str, Any] = {"color": INK, "alpha": 0.3, "solid_capstyle": "butt"}
    return [
        Line2D([], [], ls="none", marker="o", mfc="none", color=INK, label="computed, x, y, z"),
        Line2D([], [], lw=10, label="between Hashin-Shtrikman bounds", **bar),
        Line2D([], [], color=INK, ls="--", lw=1.2, label="Bruggeman, exponent 1.5"),
        Line2D([], [], lw=4, label="between Wiener bounds", **bar),
    ]


# --- conductivity --------------------------------------------------------------------------------


def transport_figures(
    series: Series, carriers: Sequence[str], measured: Sequence[Measured]
) -> list[model.Figure]:
    """Conductivity and tortuosity factor along a series.

    Args:
        series: Groups along an axis.
        carriers: Carriers to show.
        measured: Published values to show besides, on a composition axis.
    """
    made = []
    for together, quantity in panels(series, carriers):
        with drawing():
            figure, (axes,) = new_figure(height=3.6)
            draw_panel(axes, series, together, quantity, measured)
            what = " and ".join(f"{name}s" for name in together)
            noun = _NOUNS[quantity]
            by = f", one curve per {series.family}" if len(series.curves) > 1 else ""
            caption = f"{noun} of {what} against {series.axis.short or 'the realisations'}{by}."
            count = sum(bool(group.carriers(name)) for group in series.groups for name in together)
            alt = f"{caption} {count} points; their numbers are in the table of all runs."
            name = f"{quantity}-{'-'.join(together)}"
            made.append(drawn(figure, name, alt=alt, caption=caption))
    return made


def legend(
    series: Series, carriers: Sequence[str], measured: Sequence[Measured]
) -> list[model.Sign]:
    """The legend of all `transport_figures`."""
    with drawing():
        found = handles(series, carriers, measured)
        return [sign(handle, f"sign-{number}") for number, handle in enumerate(found)]


def sweep_figures(subject: Subject, carriers: Sequence[str]) -> list[model.Figure]:
    """Arrhenius plots, where temperature varies."""
    made = []
    for carrier in carriers:
        found = sweeps(subject.answered, subject.columns, carrier)
        if found:
            with drawing():
                told = found[0].summary if len(found) == 1 else "The legend has activation energies"
                parts = len(found[0].conductivity) > 1
                what = "Grains and boundaries apart" if parts else "Conductivity over temperature"
                caption = f"{what}, {carrier}s. {told[0].upper()}{told[1:]}."
                alt = f"Arrhenius plot. {caption}"
                figure = sweep_figure(found)
                made.append(drawn(figure, f"arrhenius-{carrier}", alt=alt, caption=caption))
    return made


def sample_figures(subject: Subject, carriers: Sequence[str]) -> list[model.Figure]:
    """Conductivity against each sampled value."""
    made = []
    for number, column in enumerate(sampled_columns(subject.answered, subject.columns)):
        with drawing():
            figure, (axes,) = new_figure(height=3.4)
            draw_samples(axes, subject.answered, column, carriers)
            if len(carriers) > 1:
                legend_above(figure)
            caption = f"Effective conductivity of the sampled runs against the {column.label}."
            made.append(drawn(figure, f"sample-{number}", alt=caption, caption=caption))
    return made
