"""What stands on the page, and in which order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cellion.export.columns import number_text
from cellion.export.formatting import (
    CONDUCTIVITY,
    MACMULLIN,
    TORTUOSITY,
    digits,
    listed,
    shortened,
)
from cellion.export.groups import entries_of
from cellion.export.measured import Measured, composites_beside
from cellion.export.report import cells, figures, tables
from cellion.export.report.answer import answer
from cellion.export.report.entries import number, whole
from cellion.export.report.model import Cell, Fact, Figure, Head, Page, Section, Sign, Table
from cellion.export.report.pictures import pictures
from cellion.export.report.provenance import health, provenance
from cellion.export.report.publications import publications
from cellion.export.report.statistics import statistics_tables
from cellion.export.report.subject import Subject
from cellion.export.series import Series, is_box

__all__ = ["page_of"]

_MOST_ESTIMATES = 8
_LENGTHS = re.compile(r"\bum\b")


def page_of(subject: Subject, *, experiments: bool = False) -> Page:
    """Put together the page of a folder.

    Args:
        subject: What is reported.
        experiments: Whether published measurements are shown beside the answers.

    Raises:
        ResultsError: A picture cannot be read.
    """
    series = subject.series if subject.answered else None
    measured = composites_beside(subject.scenario) if experiments else ()
    sections = [_asked(subject)]
    if series is not None:
        sections += [
            _transport(subject, series, measured),
            _structure(subject, series),
            pictures(subject),
        ]
    sections.append(_runs(subject))
    if series is not None:
        sections += [
            Section(name="statistics", title="Statistics", tables=statistics_tables(subject)),
            _shares(subject, series),
            publications(subject, measured) if experiments else Section(name="", title=""),
            health(subject),
        ]
    sections.append(provenance(subject))
    return Page(
        title=subject.name,
        kind="study" if subject.study else "run",
        description=subject.description,
        answer=answer(subject, series),
        warnings=list(_warnings(subject)),
        sections=[section for section in sections if _has_content(section)],
        footer=_footer(subject),
    )


def _has_content(section: Section) -> bool:
    parts: Sequence[Sequence[object]] = (
        *(section.text, section.facts, section.figures, section.pictures),
        *(section.tables, section.notes, section.folded),
    )
    return any(parts)


def _warnings(subject: Subject) -> Iterator[str]:
    yield from subject.damage
    if subject.missing:
        count = len(subject.missing)
        yield (
            f"{count} of {subject.total} runs have no outcome yet: the study is running, or was "
            "interrupted (cellion study --resume goes on with it). The rest is about the others."
        )
    if not subject.complete and not subject.damage:
        yield (
            "The folder does not say how many runs were asked for (it was made by an earlier "
            "version); the runs that were begun are shown."
        )
    if subject.failed:
        count = len(subject.failed)
        yield (
            f"{count} of {subject.total} runs {'has' if count == 1 else 'have'} no answer; the "
            "reasons are in the table of all runs."
        )


# --- what was asked ------------------------------------------------------------------------------


def _asked(subject: Subject) -> Section:
    facts = [Fact(name="scenario", value=subject.name)]
    if subject.study:
        told = f"{len(subject.answered)} of {subject.total} answered"
        told += f", {len(subject.failed)} failed" if subject.failed else ""
        told += f", {len(subject.missing)} missing" if subject.missing else ""
        facts.append(Fact(name="runs", value=told))
        facts += list(_varied(subject))
    run = subject.runs[0] if subject.runs else None
    if run is not None:
        temperatures = sorted({each.temperature for each in subject.runs})
        facts.append(Fact(name="temperature", value=_range(temperatures)))
        boxes = list(dict.fromkeys(each.box for each in subject.runs))
        edges = [" × ".join(digits(1e6 * edge) for edge in box) + " µm" for box in boxes]
        facts.append(Fact(name="box", value=shortened(edges)))
        facts.append(Fact(name="materials", value=listed(run.materials)))
    for name, label in (("transport", "transport"), ("mesh", "mesh"), ("accuracy", "accuracy")):
        about = subject.scenario.get(name)
        if isinstance(about, Mapping):
            facts.append(Fact(name=label, value=_in_line(about)))
    return Section(name="asked", title="What was asked", facts=facts)


def _varied(subject: Subject) -> Iterator[Fact]:
    """Each varied key with its values."""
    entries = [each.entries for each in subject.answered]
    for column in subject.columns:
        if column.key == "temperature" or is_box(column.key, subject.runs):  # lines of their own
            continue
        lost = [*(point for point, _ in subject.failed), *subject.missing]
        found = [each[column.header] for each in entries]
        found += [entries_of(point, [column])[column.header] for point in lost]
        values = sorted(set(found), key=lambda v: (isinstance(v, str), v))
        told = f"{shortened([number_text(value) for value in values])} {column.shown_unit}"
        yield Fact(name=column.label, value=told.rstrip())
    most = max((each.realisation for each in subject.answered), default=1)
    if most > 1:
        yield Fact(name="realisations", value=f"{most} of each")


def _range(kelvin: Sequence[float]) -> str:
    told = [f"{digits(value - 273.15, 3)} °C ({value:g} K)" for value in kelvin]
    return shortened(told)


def _in_line(value: Any) -> str:
    """A small part of a scenario in one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{str(k).replace('_', ' ')} {_in_line(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_in_line(each) for each in value)
    return _LENGTHS.sub("µm", str(value)).replace("Ohm", "Ω").replace("degC", "°C")


# --- answers -------------------------------------------------------------------------------------


def _transport(subject: Subject, series: Series, measured: Sequence[Measured]) -> Section:
    drawn: list[Figure] = []
    made: list[Table] = []
    legend: list[Sign] = []
    if any(run.cell is not None for run in subject.runs):
        drawn += cells.cell_figures(series)
        made += [cells.part_table(series), cells.active_table(series)]
        title = "Resistance of the cell"
        return Section(name="cell", title=title, figures=drawn, tables=made)
    names = series.carriers
    if subject.sampled:
        drawn += figures.sample_figures(subject, names)
    elif len(series.groups) > 1:
        drawn += figures.transport_figures(series, names, measured)
        legend = figures.legend(series, names, measured)
        drawn += figures.sweep_figures(subject, names)
    else:
        drawn += figures.ladder_figure(series.groups[0], names)
    if not subject.study:
        made.append(tables.direction_table(series.groups[0], subject.carriers))
        made += _history(subject)
    text = [
        f"T{TORTUOSITY[1:]}; {MACMULLIN}. σ_eff is the mean of the directions unless one is named."
    ]
    title = "Conductivity and tortuosity factor"
    return Section(
        name="transport", title=title, text=text, signs=legend, figures=drawn, tables=made
    )


def _history(subject: Subject) -> list[Table]:
    """How the bracket became narrow."""
    record = subject.runs[0].accuracy
    if record is None or not record.history:
        return []
    keys = [(c, d) for c, each in record.history[0].lower.items() for d in each]
    heads = [Head(text="cells"), Head(text="unknowns"), Head(text="time", unit="s")]
    heads += [Head(text=f"σ {c}s {d}, lower to upper", unit="mS/cm") for c, d in keys]
    rows = []
    for step in record.history:
        row = [whole(step.cells), whole(step.unknowns)]
        row.append(number(step.seconds, 3))
        for c, d in keys:
            low, high = CONDUCTIVITY * step.lower[c][d], CONDUCTIVITY * step.upper[c][d]
            row.append(Cell(text=f"{digits(low, 4)} to {digits(high, 4)}", sort=low))
        rows.append(row)
    note = (
        f"Width {digits(100 * record.width)} % of the middle; the refinement ended: "
        f"{record.stopped}. The bounds hold for the meshed geometry."
    )
    if not math.isnan(record.geometry_error):
        note += f" Estimated error by the geometry: {digits(100 * record.geometry_error)} %."
    return [Table(caption="How the bracket became narrow", heads=heads, rows=rows, note=note)]


def _structure(subject: Subject, series: Series) -> Section:
    if subject.sampled:
        return Section(name="", title="")
    drawn: list[Figure] = []
    if len(series.groups) > 1:
        drawn += figures.percolation_figure(series, subject.carriers)
        drawn += figures.surface_figure(series)
    return Section(
        name="structure",
        title="Percolation, contact area, surface",
        figures=drawn,
        tables=[tables.surface_table(series, subject.carriers)],
    )


def _shares(subject: Subject, series: Series) -> Section:
    if subject.sampled:
        return Section(name="", title="")
    table = tables.share_table(series, subject.carriers)
    shown = [table] if table.rows else []
    estimates = [
        f"Brick layer estimate for {name}s"
        f"{f' ({group.curve})' if group.curve else ''}: "
        f"{digits(CONDUCTIVITY * each.brick_layer.mean_conductivity)} mS/cm, with bricks of "
        f"{digits(1e6 * each.brick_layer.edge)} µm and grains of "
        f"{digits(CONDUCTIVITY * each.brick_layer.mean_grain_conductivity)} mS/cm; computed: "
        f"{digits(CONDUCTIVITY * each.mean_conductivity)} mS/cm."
        for group in series.groups[:_MOST_ESTIMATES]
        for name in subject.carriers
        for each in group.carriers(name)[:1]
        if each.brick_layer is not None
    ]
    title = "What the answer depends on"
    text = tables.only_parameters(series, subject.carriers)
    return Section(name="shares", title=title, text=text, tables=shown, notes=estimates)


def _runs(subject: Subject) -> Section:
    title = "All runs" if subject.study else "The run"
    return Section(name="runs", title=title, tables=[tables.run_table(subject)])


def _footer(subject: Subject) -> str:
    run = subject.runs[0] if subject.runs else None
    version = f" {run.provenance.versions.get('cellion', '')}" if run else ""
    return (
        f"Made by cellion{version} from the results in the folder {subject.folder.resolve().name}."
    )
