"""A study on the console: a line for the realisations of each point, in 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Literal

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from cellion.export.cell_tables import STUDY_COLUMNS
from cellion.export.columns import Column, number_text
from cellion.export.estimate import Estimate
from cellion.export.formatting import CONDUCTIVITY, TIED, with_spread
from cellion.export.groups import Group
from cellion.export.series import Series
from cellion.results.record import Fraction, RunResult

__all__ = ["study_table"]

_WIDTH = 80
_HEADER = 10
"""Letters in a line of a header, unless a word is longer."""

_CARRIER, _JOINED = "carrier", "varied"
_ANSWERS = ("sigma", "cathode", "runs")
"""Beginnings of the headers of answers, which the first of them has."""

type Line = Mapping[str, str]


def study_table(series: Series, title: str) -> Table:
    """A table for humans: varied values, then means and standard deviations over realisations.

    Volume fractions are those asked for, of materials for which they vary. Numbers are never
    broken: where carriers do not fit beside each other, each has a line of its own; where the
    varied values do not fit either, they share a column, a line each.

    Args:
        series: Groups along an axis.
        title: Heading.

    Returns:
        A table that rich prints.
    """
    lines = _lines(series, beside=True)
    if _width(lines) > _WIDTH:
        lines = _lines(series, beside=False)
    if _width(lines) > _WIDTH:
        lines = [_joined(line) for line in lines]
    table = Table(title=escape(title), title_justify="left", padding=(0, 1, 0, 0), box=SIMPLE)
    for header in lines[0]:
        text = header in (_JOINED, _CARRIER)
        justify: Literal["left", "right"] = "left" if text else "right"
        table.add_column(
            escape(header), justify=justify, no_wrap=header != _JOINED, overflow="fold"
        )
    for line in lines:
        table.add_row(*(escape(entry) for entry in line.values()))
    return table


def _lines(series: Series, *, beside: bool) -> list[Line]:
    """Entries by header, of equal headers in all lines; carriers beside or below each other."""
    runs = series.runs
    carriers = list(dict.fromkeys(name for run in runs for name in run.carriers))
    materials = _materials(runs, shown=not series.columns)
    in_cells = any(run.cell is not None for run in runs)
    lines: list[Line] = []
    for group in sorted(series.groups, key=lambda group: group.number):
        first = _values(group, series.columns, materials)
        last = {**(_cells(group) if in_cells else {}), "runs": str(len(group.members))}
        if beside or len(carriers) < 2:
            named = (_carrier(group, name, f" {name}") for name in carriers)
            own = {header: text for each in named for header, text in each.items()}
            lines.append({**first, **own, **last})
            continue
        for number, name in enumerate(carriers):
            before, after = (dict.fromkeys(part, "") if number else part for part in (first, last))
            lines.append({**before, _CARRIER: name, **_carrier(group, name), **after})
    return lines


def _joined(line: Line) -> Line:
    """The line with its varied values one below the other in one column."""
    headers = list(line)
    answers = next(i for i, h in enumerate(headers) if h == _CARRIER or h.startswith(_ANSWERS))
    joined = "\n".join(_told(header, line[header]) for header in headers[:answers] if line[header])
    return {_JOINED: joined} | {header: line[header] for header in headers[answers:]}


def _told(header: str, entry: str) -> str:
    """A varied value in a line: ``mesh size: 2 µm``."""
    name, _, unit = " ".join(header.split()).partition(" [")
    return f"{name}: {entry} {unit.strip('-]')}".rstrip()


def _values(group: Group, columns: Sequence[Column], materials: Sequence[str]) -> Line:
    """Varied values; those that are fractions of a material among the fractions of all."""
    told = {f"volume fraction of {material}" for material in materials}
    values = {
        _header(column): number_text(group.entries.get(column.header))
        for column in columns
        if column.label not in told
    }
    for material in materials:
        share = _share(group.members[0].result, material)
        values[f"{material}\n[vol %]"] = "-" if share is None else f"{100 * share:.4g}"
    return values


def _header(column: Column) -> str:
    unit = "" if column.unit is None else f"\n[{column.shown_unit or '-'}]"
    return "\n".join(wrap(column.label, _HEADER, break_long_words=False)) + unit


def _carrier(group: Group, name: str, suffix: str = "") -> Line:
    sigma, tau = group.conductivity(name), group.tortuosity(name)
    return {
        f"sigma{suffix}\n[mS/cm]": _number(sigma, CONDUCTIVITY),
        f"tau{suffix}\n[-]": _number(tau),
    }


def _cells(group: Group) -> Line:
    return {
        header: _number(Estimate.of([value(cell) for cell in group.cells]))
        for header, value in STUDY_COLUMNS.items()
    }


def _number(each: Estimate, factor: float = 1.0) -> str:
    text = with_spread(factor * each.mean, factor * each.deviation, count=4)
    return text.replace(TIED, "")


def _share(result: RunResult, material: str) -> float | None:
    """Volume fraction as asked for, or as meshed when nothing was asked."""
    fraction = result.volume_fraction.get(material, Fraction())
    return fraction.meshed if fraction.requested is None else fraction.requested


def _materials(runs: Sequence[RunResult], *, shown: bool) -> list[str]:
    """Materials whose volume fraction is not the same in all runs; all or none when none varies."""
    materials = list(dict.fromkeys(m for run in runs for m in run.materials))
    shares = {m: {f"{_share(run, m) or 0.0:.4f}" for run in runs} for m in materials}
    return [m for m in materials if len(shares[m]) > 1] or (materials if shown else [])


def _width(lines: Sequence[Line]) -> int:
    """Width of the table."""
    columns = [[*header.split("\n"), *(line[header] for line in lines)] for header in lines[0]]
    return 2 + sum(2 + max(len(text) for text in column) for column in columns)
