"""Diagrams beside the conductivity: percolation, surfaces, samples, a run between its bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from cellion.export.report import model
from cellion.export.report.diagrams import along
from cellion.export.report.groups import Group, Series
from cellion.export.report.subject import Subject
from cellion.export.report.svg import (
    INK,
    PALETTE,
    curve_style,
    drawing,
    drawn,
    from_zero,
    new_figure,
    plain_logarithm,
    tidy,
)
from cellion.export.report.words import CONDUCTIVITY, key_label, unit_label
from cellion.export.scales import logarithmic
from cellion.homogenise.effective_medium import bruggeman_power_law
from cellion.homogenise.properties import DIRECTIONS
from cellion.results.record import CarrierResult, RunResult

__all__ = [
    "ladder_figure",
    "percolating_share",
    "percolation_figure",
    "sample_figures",
    "surface_figure",
]

_MOST_SAMPLED = 6
_CONSTANT = 0.01
"""Areas that vary by less along the axis are not drawn."""


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


def percolation_figure(series: Series, carriers: Sequence[str]) -> list[model.Figure]:
    """Share of each carrier's conducting volume that percolates; nothing where all of it does."""
    shares = [
        (carrier, curve, group, [percolating_share(m.result, carrier) for m in group.members])
        for carrier in carriers
        for curve, groups in series.curves.items()
        for group in groups
    ]
    if all(math.isnan(v) or v > 0.999 for *_, values in shares for v in values):
        return []
    with drawing():
        figure, axes = new_figure()
        names = list(dict.fromkeys((carrier, curve) for carrier, curve, *_ in shares))
        for number, (carrier, curve) in enumerate(names):
            own = [(g, v) for c, k, g, v in shares if (c, k) == (carrier, curve)]
            style = curve_style(number)
            label = ", ".join(filter(None, [f"{carrier}s", curve]))
            x = [group.x for group, _ in own]
            axes.plot(x, [100 * np.mean(v) for _, v in own], lw=1.1, ms=5, label=label, **style)
            for group, values in own:
                points = [100 * value for value in values]
                axes.plot([group.x] * len(points), points, ls="none", ms=3.5, mfc="none", **style)
        along(axes, series)
        tidy(axes)
        axes.set_ylim(-4, 104)
        axes.set_ylabel("percolating share [% of what conducts]")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = "Share of the conducting volume that connects opposite faces, mean of directions."
        return [drawn(figure, "percolation", alt=caption, caption=caption)]


def surface_figure(series: Series) -> list[model.Figure]:
    """Contact areas over the volume of the box; with several curves, of the largest contact."""
    runs = [member.result for group in series.groups for member in group.members]
    pairs = list(dict.fromkeys(pair for run in runs for pair in run.contact_area))
    mean = {pair: np.mean([run.contact_area.get(pair, 0.0) for run in runs]) for pair in pairs}
    constant = all(
        np.ptp([_area(group, pair) for group in series.groups]) < _CONSTANT * mean[pair]
        for pair in pairs
    )
    if constant or len(series.groups) < 2:
        return []
    several = len(series.curves) > 1
    shown = [max(pairs, key=lambda pair: float(mean[pair]))] if several else pairs
    with drawing():
        figure, axes = new_figure()
        for number, (pair, curve) in enumerate((p, c) for p in shown for c in series.curves):
            groups = series.curves[curve]
            y = [1e-6 * _area(group, pair) for group in groups]
            style = curve_style(number)
            label = curve if several else pair.replace("/", " | ")
            axes.plot([group.x for group in groups], y, lw=1.1, ms=5, label=label, **style)
        along(axes, series)
        tidy(axes)
        from_zero(axes)
        axes.set_ylabel("contact area over volume [1/µm]")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        what = f"between {shown[0].replace('/', ' and ')}" if several else "of each pair"
        caption = f"Contact area {what} over the volume of the box (1/µm = µm² per µm³)."
        return [drawn(figure, "surfaces", alt=caption, caption=caption)]


def _area(group: Group, pair: str) -> float:
    return float(np.mean([member.result.contact_area.get(pair, 0.0) for member in group.members]))


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
        figure, axes = new_figure(height=1.5 + 0.75 * len(rows), width=6.4)
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
        figure.legend(handles=_rung_legend(), loc="outside upper left", ncols=2, alignment="left")
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


# --- samples -------------------------------------------------------------------------------------


def sample_figures(subject: Subject, carriers: Sequence[str]) -> list[model.Figure]:
    """Conductivity against each sampled value."""
    columns = [
        column
        for column in subject.columns
        if column.unit is not None
        and len({each.entries[column.header] for each in subject.answered}) > 2
    ][:_MOST_SAMPLED]
    made = []
    for number, column in enumerate(columns):
        with drawing():
            figure, axes = new_figure(height=3.4)
            for carrier in carriers:
                found = [
                    (each.entries[column.header], each.result.carriers[carrier].mean_conductivity)
                    for each in subject.answered
                    if carrier in each.result.carriers
                ]
                colour = _colour(carrier)
                x = [float(value) for value, _ in found if isinstance(value, int | float)]
                y = [CONDUCTIVITY * sigma for _, sigma in found]
                axes.plot(x, y, "o", ms=4, color=colour, alpha=0.65, label=f"{carrier}s")
            name = key_label(column.key, subject.scenario)
            axes.set_xlabel(f"{name} [{unit_label(column.unit or '') or '-'}]")
            axes.set_ylabel("effective conductivity [mS/cm]")
            tidy(axes)
            if len(carriers) > 1:
                logarithmic(axes)
                plain_logarithm(axes.yaxis)
                figure.legend(loc="outside upper left", ncols=2)
            caption = f"Effective conductivity of the sampled runs against the {name}."
            made.append(drawn(figure, f"sample-{number}", alt=caption, caption=caption))
    return made
