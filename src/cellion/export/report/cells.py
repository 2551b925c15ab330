"""Diagrams and tables of cells and of what boundaries take."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cellion.cell.response import PARTS, CellResponse
from cellion.export.cell_plots import PART_COLOURS, reaction_figure
from cellion.export.cell_tables import PART_NAMES
from cellion.export.report import model
from cellion.export.report.answer import SQUARE_CENTIMETRES
from cellion.export.report.diagrams import along
from cellion.export.report.entries import number
from cellion.export.report.groups import Group, Series
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.places import place
from cellion.export.report.svg import (
    INK,
    curve_style,
    drawing,
    drawn,
    from_zero,
    new_figure,
    plain_logarithm,
    tidy,
)
from cellion.export.report.words import digits, percent
from cellion.export.sweep import sweep_figure, sweep_of
from cellion.results.record import RunResult

__all__ = ["active_table", "cell_figures", "part_table", "sweep_figures"]

_SMALL = 1e-4
"""Parts that are nowhere a larger share of the resistance are left out."""


def cell_figures(series: Series) -> list[model.Figure]:
    """Resistance along the axis, by part or by curve; the reaction over depth of a single cell."""
    groups = [group for group in series.groups if connected(group)]
    if not groups:
        return []
    if len(series.groups) == 1:
        return _reaction(connected(groups[0])[0])
    return [_stacked(series, groups) if len(series.curves) == 1 else _by_curve(series)]


def connected(group: Group) -> list[CellResponse]:
    """The cells of a group through which current can flow."""
    cells = [member.result.cell for member in group.members]
    return [cell for cell in cells if cell is not None and cell.connects]


def _mean(cells: Sequence[CellResponse], part: str) -> float:
    """Mean of a part [Ohm cm2]."""
    return SQUARE_CENTIMETRES * float(np.mean([cell.parts.get(part, 0.0) for cell in cells]))


def _stacked(series: Series, groups: Sequence[Group]) -> model.Figure:
    """Parts of the resistance on top of each other."""
    x = [group.x for group in groups]
    parts = {name: np.array([_mean(connected(g), name) for g in groups]) for name in PARTS}
    total = np.sum(list(parts.values()), axis=0)
    shown = {name: p for name, p in parts.items() if float((p / total).max()) > _SMALL}
    with drawing():
        figure, axes = new_figure(height=4.3, width=6.4)
        axes.stackplot(
            x,
            *shown.values(),
            colors=[PART_COLOURS[name] for name in shown],
            labels=[PART_NAMES[name] for name in shown],
            alpha=0.8,
        )
        axes.plot(x, total, color=INK, marker="o", ms=4, lw=1.2, label="total")
        for group in groups:
            values = [SQUARE_CENTIMETRES * c.area_specific_resistance for c in connected(group)]
            axes.plot([group.x] * len(values), values, "o", ms=3, mfc="none", color=INK)
        along(axes, series)
        tidy(axes)
        from_zero(axes)
        axes.set_ylabel("area-specific resistance [Ω cm²]")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = (
            "Area-specific resistance of the cell and its parts, in proportion to what they "
            f"dissipate, against {series.axis.short or 'the realisations'}."
        )
        return drawn(figure, "cells", alt=caption, caption=caption, wide=True)


def _by_curve(series: Series) -> model.Figure:
    """Resistance without the layers, one curve per value of the others."""
    with drawing():
        figure, axes = new_figure(height=4.3)
        for number, (name, groups) in enumerate(series.curves.items()):
            own = [group for group in groups if connected(group)]
            y = [
                SQUARE_CENTIMETRES
                * float(np.mean([cell.cathode_resistance for cell in connected(group)]))
                for group in own
            ]
            style = curve_style(number)
            axes.plot([group.x for group in own], y, lw=1.1, ms=5, label=name, **style)
        along(axes, series)
        tidy(axes)
        from_zero(axes)
        axes.set_ylabel("cathode resistance [Ω cm²]")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = (
            f"Area-specific resistance of the cathode without its layers against "
            f"{series.axis.short}, one curve per {series.family}."
        )
        return drawn(figure, "cells", alt=caption, caption=caption)


def _reaction(cell: CellResponse) -> list[model.Figure]:
    with drawing():
        figure = reaction_figure(cell, "")
        caption = (
            "Where the reaction takes place: its current per depth for 1 A/m² through the cell, "
            "from the separator to the collector."
        )
        return [drawn(figure, "reaction", alt=caption, caption=caption)]


def part_table(series: Series) -> Table:
    """Parts of the resistance, one row per group or, of a single cell, one per part."""
    if len(series.groups) == 1:
        return _single(series.groups[0])
    shown = [
        name
        for name in PARTS
        if any(_mean(connected(g), name) > 0 for g in series.groups if connected(g))
    ]
    heads = [Head(text="run", number=False), Head(text="total", unit="Ω cm²")]
    heads += [Head(text="cathode", unit="Ω cm²")]
    heads += [Head(text=PART_NAMES[name], unit="Ω cm²") for name in shown]
    rows = []
    for group in series.groups:
        cells = connected(group)
        label = ", ".join(filter(None, [group.curve, place(series, group)]))
        numbers = [math.inf, math.inf, *[math.nan] * len(shown)]
        if cells:
            total = float(np.mean([cell.area_specific_resistance for cell in cells]))
            cathode = float(np.mean([cell.cathode_resistance for cell in cells]))
            numbers = [SQUARE_CENTIMETRES * total, SQUARE_CENTIMETRES * cathode]
            numbers += [_mean(cells, name) for name in shown]
        rows.append([Cell(text=label, sort=group.x), *map(_number, numbers)])
    note = "Means over the realisations through which current can flow."
    return Table(
        caption="Parts of the resistance", heads=heads, rows=rows, note=note, sortable=True
    )


def _single(group: Group) -> Table:
    heads = [Head(text="part", number=False), Head(text="resistance", unit="Ω cm²")]
    heads += [Head(text="share", unit="%")]
    cells = connected(group)
    total = sum(_mean(cells, name) for name in PARTS) if cells else math.nan
    rows = [
        [Cell(text=PART_NAMES[name]), _number(value), _number(100 * value / total)]
        for name in (PARTS if cells else ())
        if (value := _mean(cells, name)) > 0
    ]
    rows.append([Cell(text="total"), _number(total if cells else math.inf), _number(100.0)])
    return Table(caption="Parts of the resistance", heads=heads, rows=rows)


def active_table(series: Series) -> Table:
    """How much of each active material takes part."""
    heads = [Head(text="run", number=False), Head(text="active material", number=False)]
    names = ("connected", "without ions", "without electrons", "without both")
    heads += [Head(text=name, unit="%") for name in names]
    heads += [Head(text="reaction area", unit="1/µm"), Head(text="of it connected", unit="%")]
    heads += [Head(text="mean depth of the reaction", unit="µm")]
    rows = []
    for group in series.groups:
        cells = [m.result.cell for m in group.members if m.result.cell is not None]
        label = ", ".join(filter(None, [group.curve, place(series, group)]))
        for name in dict.fromkeys(n for cell in cells for n in cell.active):
            active = [cell.active[name] for cell in cells if name in cell.active]
            shares = [
                100 * float(np.mean([getattr(each, word.replace(" ", "_")) for each in active]))
                for word in names
            ]
            area = float(np.mean([cell.reaction_area for cell in cells]))
            share = float(np.mean([cell.connected_area for cell in cells])) / area if area else 0.0
            depth = float(np.mean([cell.mean_reaction_depth for cell in cells]))
            more = [1e-6 * area, 100 * share, 1e6 * depth]
            first = [Cell(text=label, sort=group.x), Cell(text=name)]
            rows.append([*first, *map(_number, [*shares, *more])])
    return Table(caption="Who takes part", heads=heads, rows=rows)


def _number(value: float) -> Cell:
    return number(value, 3)


def sweep_figures(runs: Sequence[RunResult], carriers: Sequence[str]) -> list[model.Figure]:
    """Grains and boundaries apart, for polycrystals over temperature."""
    made = []
    for carrier in carriers:
        found = sweep_of(runs, carrier)
        if found is not None:
            with drawing():
                share = percent(float(found.shares[0, 1]), 2)
                cold = digits(float(found.temperature[0]) - 273.15, 3)
                caption = (
                    f"Grains and boundaries apart, {carrier}s; at {cold} °C {share} of the "
                    f"resistance sit in boundaries. {found.summary[0].upper()}{found.summary[1:]}."
                )
                alt = f"Arrhenius plot. {caption}"
                figure = sweep_figure(found)
                plain_logarithm(figure.axes[0].yaxis)
                made.append(drawn(figure, f"arrhenius-{carrier}", alt=alt, caption=caption))
    return made
