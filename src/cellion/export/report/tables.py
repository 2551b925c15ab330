"""The tables of the page: all runs, where the energy goes, percolation and surfaces, solvers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from cellion.export.columns import Column
from cellion.export.report.answer import SQUARE_CENTIMETRES
from cellion.export.report.figures import percolating_share
from cellion.export.report.groups import Group, Series
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.places import place
from cellion.export.report.subject import Answered, Subject
from cellion.export.report.words import (
    CONDUCTIVITY,
    MACMULLIN,
    TORTUOSITY,
    digits,
    duration,
    key_label,
    memory,
    unit_label,
)
from cellion.homogenise.properties import DIRECTIONS
from cellion.results.outcome import Failure
from cellion.results.study import PlannedPoint

__all__ = [
    "direction_table",
    "number",
    "run_table",
    "share_table",
    "solver_table",
    "stage_table",
    "surface_table",
]

_LARGE_ERROR = 0.1
_LARGE_RESIDUAL = 1e-6


def number(value: float | None, count: int = 4, mark: str = "") -> Cell:
    """An entry that is a number."""
    known = value is not None and not math.isnan(value)
    return Cell(text=digits(value, count), sort=value if known else None, mark=mark)


# --- all runs ------------------------------------------------------------------------------------


def run_table(subject: Subject) -> Table:
    """All runs of the folder, those without an answer with the reason.

    Args:
        subject: What is reported.
    """
    materials = list(dict.fromkeys(m for run in subject.runs for m in run.materials))
    cells = any(run.cell is not None for run in subject.runs)
    heads = [Head(text="run", number=False)]
    heads += [_varied_head(column, subject) for column in subject.columns]
    heads += [Head(text="realisation")] if subject.study else []
    heads += [Head(text="outcome", number=False), Head(text="T", unit="°C")]
    heads += [Head(text=f"{m}, volume", unit="%") for m in materials]
    heads += [Head(text=f"{m}, weight", unit="%") for m in materials if _weighed(subject, m)]
    for name in subject.carriers:
        heads.append(Head(text=f"σ_eff {name}s", unit="mS/cm"))
        heads += [Head(text="error", unit="%"), Head(text=f"τ {name}s"), Head(text="N_M")]
    if cells:
        heads += [Head(text="cell", unit="Ω cm²"), Head(text="cathode", unit="Ω cm²")]
    heads.append(Head(text="wall time", unit="s"))
    rows = [_run_row(each, subject, materials, cells) for each in subject.answered]
    gaps = len(heads) - 3 - len(subject.columns)
    lost: list[tuple[PlannedPoint, str]] = [(p, _failure(f)) for p, f in subject.failed]
    lost += [(point, "no answer yet") for point in subject.missing]
    rows += [_lost_row(point, reason, subject, gaps) for point, reason in lost]
    rows.sort(key=lambda row: row[0].text)
    note = (
        f"σ_eff: mean of the directions. {TORTUOSITY}; {MACMULLIN}. Error: half the guaranteed "
        "bracket, else the estimate of what the mesh puts off. table.csv holds more columns."
    )
    caption = "All runs" if subject.study else "The run"
    return Table(caption=caption, heads=heads, rows=rows, note=note, sortable=subject.study)


def _varied_head(column: Column, subject: Subject) -> Head:
    text = key_label(column.key, subject.scenario)
    unit = unit_label(column.unit or "")
    return Head(text=text, unit=unit, number=column.unit is not None)


def _weighed(subject: Subject, material: str) -> bool:
    found = (run.weight_fraction.get(material) for run in subject.runs)
    return any(each is not None and each.meshed for each in found)


def _varied_cells(values: Mapping[str, object], columns: Sequence[Column]) -> list[Cell]:
    return [
        Cell(text=f"{v:g}", sort=float(v)) if isinstance(v, int | float) else Cell(text=str(v))
        for v in (values.get(column.header) for column in columns)
    ]


def _run_row(each: Answered, subject: Subject, materials: Sequence[str], cells: bool) -> list[Cell]:
    run = each.result
    row = [Cell(text=each.name), *_varied_cells(each.entries, subject.columns)]
    row += [number(each.realisation)] if subject.study else []
    row += [Cell(text="answered"), number(run.temperature - 273.15)]
    for kind, chosen in (
        (run.volume_fraction, materials),
        (run.weight_fraction, [m for m in materials if _weighed(subject, m)]),
    ):
        found = [kind.get(material) for material in chosen]
        shares = [None if each is None else each.meshed for each in found]
        row += [number(None if share is None else 100 * share, 3) for share in shares]
    for name in subject.carriers:
        answer = run.carriers.get(name)
        if answer is None:
            row += [number(None)] * 4
            continue
        error = _error(each, name)
        row.append(number(CONDUCTIVITY * answer.mean_conductivity))
        row.append(number(100 * error, 2, "bad" if error > _LARGE_ERROR else ""))
        row.append(number(answer.mean_tortuosity_factor, 3))
        row.append(number(answer.mean_macmullin_number, 3))
    if cells:
        cell = run.cell
        for value in (cell.area_specific_resistance, cell.cathode_resistance) if cell else ():
            row.append(number(SQUARE_CENTIMETRES * value))
        row += [] if cell else [number(None)] * 2
    return [*row, number(sum(run.provenance.wall_time.values()), 3)]


def _error(each: Answered, name: str) -> float:
    """Relative error: half the bracket over its middle, else the estimate; NaN without."""
    sigma = Group(members=(each,), entries={}, x=0.0).conductivity(name)
    if sigma.lower > 0:
        return (sigma.upper - sigma.lower) / (sigma.upper + sigma.lower)
    return sigma.mesh


def _failure(failure: Failure) -> str:
    return f"failed: {failure.reason}"


def _lost_row(point: PlannedPoint, reason: str, subject: Subject, gaps: int) -> list[Cell]:
    entries = {c.header: c.entry(point.values.get(c.key)) for c in subject.columns}
    row = [Cell(text=point.name), *_varied_cells(entries, subject.columns)]
    row += [number(point.realisation), Cell(text=reason, mark="bad")]
    return row + [Cell(text="")] * (gaps)


# --- one run -------------------------------------------------------------------------------------


def direction_table(group: Group, carriers: Iterable[str]) -> Table:
    """Numbers of each direction of a run.

    Args:
        group: A group of one run.
        carriers: Carriers to show.
    """
    heads = [Head(text="carrier", number=False), Head(text="direction", number=False)]
    heads += [Head(text="σ_eff", unit="mS/cm"), Head(text="lower", unit="mS/cm")]
    heads += [Head(text="upper", unit="mS/cm"), Head(text="mesh error", unit="%")]
    heads += [Head(text="τ"), Head(text="N_M"), Head(text="Bruggeman exponent")]
    rows = []
    for name in carriers:
        for answer in group.carriers(name)[:1]:
            for direction in answer.directions:
                i = DIRECTIONS.index(direction)
                tensors = (answer.effective_conductivity, answer.lower, answer.upper)
                sigma = [None if t is None else CONDUCTIVITY * float(t[i, i]) for t in tensors]
                estimate = answer.discretisation_error_estimate.get(direction, math.nan)
                row = [Cell(text=name), Cell(text=direction), *map(number, sigma)]
                row.append(number(100 * estimate, 2))
                for values in (
                    answer.tortuosity_factor,
                    answer.macmullin_number,
                    answer.bruggeman_exponent,
                ):
                    row.append(number(values.get(direction), 3))
                rows.append(row)
    note = f"{TORTUOSITY}; {MACMULLIN}; Bruggeman exponent α: τ = φ^(1 - α)."
    return Table(caption="By direction", heads=heads, rows=rows, note=note)


# --- where the energy goes -----------------------------------------------------------------------


def share_table(series: Series, carriers: Sequence[str]) -> Table:
    """Sensitivities of the conductivity, which are the shares of the dissipation up to the sign.

    Args:
        series: Groups along an axis.
        carriers: Carriers to show.
    """
    found = {
        (group.curve, place(series, group), name): [
            answer.mean_sensitivities for answer in group.carriers(name) if answer.sensitivities
        ]
        for group in series.groups
        for name in carriers
    }
    names = list(dict.fromkeys(p for each in found.values() for one in each for p in one))
    heads = [Head(text="run", number=False), Head(text="carrier", number=False)]
    heads += [Head(text=_parameter(name)) for name in names]
    rows = []
    for (curve, where, carrier), answers in found.items():
        if answers:
            means = [
                sum(answer.get(name, 0.0) for answer in answers) / len(answers) for name in names
            ]
            label = ", ".join(filter(None, [curve, where]))
            cells = [number(value, 3) for value in means]
            rows.append([Cell(text=label), Cell(text=carrier), *cells])
    note = (
        "d ln σ_eff / d ln p, exact for the mesh, from the solution itself. Its size is the share "
        "of p in the dissipation: positive for conductances, negative for resistances."
    )
    return Table(caption="Sensitivities and dissipation shares", heads=heads, rows=rows, note=note)


def _parameter(name: str) -> str:
    """``area_resistance_A/B`` as people read it."""
    for start, symbol in (
        ("conductivity_", "σ "),
        ("area_resistance_", "R "),
        ("sheet_conductance_", "G "),
    ):
        if name.startswith(start):
            return symbol + name.removeprefix(start).replace("/", "|")
    return name


# --- structure -----------------------------------------------------------------------------------


def surface_table(series: Series, carriers: Sequence[str]) -> Table:
    """Percolation, specific surface and contact area; means over realisations.

    Args:
        series: Groups along an axis.
        carriers: Carriers whose percolation is shown.
    """
    runs = [member.result for group in series.groups for member in group.members]
    materials = list(dict.fromkeys(name for run in runs for name in run.specific_surface))
    pairs = list(dict.fromkeys(name for run in runs for name in run.contact_area))
    heads = [Head(text="run", number=False)]
    heads += [Head(text=f"percolating, {name}s", unit="%") for name in carriers]
    heads += [Head(text=f"surface {name}", unit="1/µm") for name in materials]
    heads += [Head(text=f"contact {pair.replace('/', '|')}", unit="1/µm") for pair in pairs]
    rows = []
    for group in series.groups:
        own = [member.result for member in group.members]
        label = ", ".join(filter(None, [group.curve, place(series, group)]))
        shares = [_mean([percolating_share(run, name) for run in own]) for name in carriers]
        areas = [_mean([run.specific_surface.get(m, 0.0) for run in own]) for m in materials]
        areas += [_mean([run.contact_area.get(pair, 0.0) for run in own]) for pair in pairs]
        numbers = [*(100 * share for share in shares), *(1e-6 * area for area in areas)]
        rows.append([Cell(text=label), *(number(value, 3) for value in numbers)])
    note = (
        "Percolating: share of what conducts that connects opposite faces, mean of the "
        "directions. Surface of a material with the others, and contact of a pair, over the volume "
        "of the box (1/µm = µm² per µm³)."
    )
    caption = "Percolation and surfaces"
    return Table(caption=caption, heads=heads, rows=rows, note=note)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# --- solvers -------------------------------------------------------------------------------------


def solver_table(subject: Subject) -> Table:
    """How the linear systems of every run ended.

    Args:
        subject: What is reported.
    """
    heads = [Head(text="run", number=False), Head(text="carrier", number=False)]
    heads += [Head(text="unknowns"), Head(text="iterations")]
    heads += [Head(text="residual"), Head(text="flux imbalance")]
    heads += [Head(text="mesh error", unit="%"), Head(text="ended", number=False)]
    heads += [Head(text="memory", unit="GB")]
    rows = []
    for each in subject.answered:
        for name, report in each.result.solver.items():
            answer = each.result.carriers.get(name)
            error = math.nan if answer is None else answer.mean_error_estimate
            residual = max(report.residual.values(), default=math.nan)
            imbalance = max(map(abs, report.flux_imbalance.values()), default=math.nan)
            row = [Cell(text=each.name), Cell(text=name), number(report.unknowns, 9)]
            row.append(number(max(report.iterations.values(), default=math.nan)))
            row.append(number(residual, 2, "bad" if residual > _LARGE_RESIDUAL else ""))
            row.append(number(imbalance, 2, "bad" if imbalance > _LARGE_RESIDUAL else ""))
            row.append(number(100 * error, 2, "bad" if error > _LARGE_ERROR else ""))
            row += [Cell(text=report.reason), number(each.result.provenance.peak_memory / 1e9, 3)]
            rows.append(row)
    note = (
        "Iterations, residual |b - A x| / |b| and flux imbalance (in minus out over current) are "
        "the largest of the directions; the imbalance is not defined under periodic boundaries."
    )
    return Table(caption="Linear solvers", heads=heads, rows=rows, note=note, sortable=True)


def stage_table(subject: Subject) -> Table:
    """Wall time of each stage, over all runs.

    Args:
        subject: What is reported.
    """
    times = [run.provenance.wall_time for run in subject.runs]
    stages = list(dict.fromkeys(stage for each in times for stage in each))
    heads = [Head(text="stage", number=False), Head(text="total"), Head(text="largest of a run")]
    rows = []
    for stage in stages:
        own = [each.get(stage, 0.0) for each in times]
        cells = [Cell(text=duration(value), sort=value) for value in (sum(own), max(own))]
        rows.append([Cell(text=stage), *cells])
    whole = [sum(each.values()) for each in times]
    cells = [Cell(text=duration(value), sort=value) for value in (sum(whole), max(whole))]
    rows.append([Cell(text="all stages"), *cells])
    peak = max(run.provenance.peak_memory for run in subject.runs)
    note = f"Largest resident memory of a run, summed over its ranks: {memory(peak)}."
    return Table(caption="Wall time by stage", heads=heads, rows=rows, note=note)
