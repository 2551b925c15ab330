"""Diagrams and tables of cells."""

from __future__ import annotations

import math

from cellion.cell.response import PARTS, CellResponse
from cellion.export.cell_plots import part, reaction_figure, resistance, resistance_figure
from cellion.export.cell_tables import PART_NAMES
from cellion.export.diagrams import drawing
from cellion.export.estimate import Estimate
from cellion.export.formatting import AREA_RESISTANCE
from cellion.export.groups import Group
from cellion.export.report import model
from cellion.export.report.entries import number
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.places import label
from cellion.export.report.svg import drawn
from cellion.export.series import Series

__all__ = ["active_table", "cell_figures", "part_table"]


def cell_figures(series: Series) -> list[model.Figure]:
    """Resistance along the axis, by part or by curve; the reaction over depth of a single cell."""
    groups = [group for group in series.groups if group.connected]
    if not groups:
        return []
    if len(series.groups) == 1:
        return _reaction(groups[0].connected[0])
    whole = len(series.curves) == 1
    what = (
        "Area-specific resistance of the cell and its parts, in proportion to what they dissipate,"
        if whole
        else "Area-specific resistance of the cathode without its layers"
    )
    by = "" if whole else f", one curve per {series.family}"
    caption = f"{what} against {series.axis.short or 'the realisations'}{by}."
    with drawing():
        figure = resistance_figure(series)
        return [drawn(figure, "cells", alt=caption, caption=caption, wide=whole)]


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
    shown = [p for p in PARTS if any(part(g, p) > 0 for g in series.groups if g.connected)]
    heads = [Head(text="run", number=False), Head(text="total", unit="Ω cm²")]
    heads += [Head(text="cathode", unit="Ω cm²")]
    heads += [Head(text=PART_NAMES[name], unit="Ω cm²") for name in shown]
    rows = []
    for group in series.groups:
        numbers = [math.inf, math.inf, *[math.nan] * len(shown)]
        if group.connected:
            total = Estimate.of([cell.area_specific_resistance for cell in group.connected])
            found = [total.mean, resistance(group).mean, *(part(group, name) for name in shown)]
            numbers = [AREA_RESISTANCE * value for value in found]
        rows.append([Cell(text=label(series, group), sort=group.x), *map(_number, numbers)])
    note = "Means over the realisations through which current can flow."
    return Table(
        caption="Parts of the resistance", heads=heads, rows=rows, note=note, sortable=True
    )


def _single(group: Group) -> Table:
    heads = [Head(text="part", number=False), Head(text="resistance", unit="Ω cm²")]
    heads += [Head(text="share", unit="%")]
    parts = {name: AREA_RESISTANCE * part(group, name) for name in PARTS if group.connected}
    total = sum(parts.values()) if parts else math.inf
    rows = [
        [Cell(text=PART_NAMES[name]), _number(value), _number(100 * value / total)]
        for name, value in parts.items()
        if value > 0
    ]
    rows.append([Cell(text="total"), _number(total), _number(100.0)])
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
        cells = group.cells
        for name in dict.fromkeys(n for cell in cells for n in cell.active):
            active = [cell.active[name] for cell in cells if name in cell.active]
            shares = [
                100 * Estimate.of([getattr(each, word.replace(" ", "_")) for each in active]).mean
                for word in names
            ]
            area = Estimate.of([cell.reaction_area for cell in cells]).mean
            share = (
                Estimate.of([cell.connected_area for cell in cells]).mean / area if area else 0.0
            )
            depth = Estimate.of([cell.mean_reaction_depth for cell in cells]).mean
            more = [1e-6 * area, 100 * share, 1e6 * depth]
            first = [Cell(text=label(series, group), sort=group.x), Cell(text=name)]
            rows.append([*first, *map(_number, [*shares, *more])])
    return Table(caption="Who takes part", heads=heads, rows=rows)


def _number(value: float) -> Cell:
    return number(value, 3)
