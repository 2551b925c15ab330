"""The tables of the page: all runs, where the energy goes, percolation and surfaces, solvers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cellion.cell.response import CellResponse
from cellion.export.estimate import Estimate
from cellion.export.formatting import AREA_RESISTANCE, CONDUCTIVITY, MACMULLIN, TORTUOSITY
from cellion.export.groups import Answered, Group, entries_of
from cellion.export.report.entries import number, varied_cells, varied_head, whole
from cellion.export.report.figures import contact_area, percolating, surface
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.places import label
from cellion.export.report.solvers import LARGE_ERROR
from cellion.export.report.subject import Subject
from cellion.export.series import Series
from cellion.export.tables import Entry
from cellion.homogenise.properties import DIRECTIONS
from cellion.results.study import PlannedPoint

__all__ = [
    "direction_table",
    "only_parameters",
    "run_table",
    "share_table",
    "surface_table",
]


# --- all runs ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Which columns the table of all runs has, beside those of the carriers."""

    subject: Subject
    materials: Sequence[str]
    weighed: Sequence[str]
    realisations: bool
    outcomes: bool
    temperatures: bool
    cells: bool

    def heads(self) -> list[Head]:
        """The heads of all columns."""
        heads = [Head(text="run", number=False)]
        heads += [varied_head(column) for column in self.subject.columns]
        heads += [Head(text="realisation")] if self.realisations else []
        heads += [Head(text="outcome", number=False)] if self.outcomes else []
        heads += [Head(text="T", unit="°C")] if self.temperatures else []
        heads += [Head(text=f"{m}, volume", unit="%") for m in self.materials]
        heads += [Head(text=f"{m}, weight", unit="%") for m in self.weighed]
        for name in self.subject.carriers:
            heads.append(Head(text=f"σ_eff {name}s", unit="mS/cm"))
            heads += [Head(text="error", unit="%"), Head(text=f"τ {name}s"), Head(text="N_M")]
        if self.cells:
            heads += [Head(text="cell", unit="Ω cm²"), Head(text="cathode", unit="Ω cm²")]
        return [*heads, Head(text="wall time", unit="s")]

    def start(self, name: str, entries: Mapping[str, Entry], realisation: int) -> list[Cell]:
        """The entries that every run has, with an answer or without one."""
        row = [Cell(text=name), *varied_cells(entries, [c.header for c in self.subject.columns])]
        return row + ([whole(realisation)] if self.realisations else [])

    def answered(self, each: Answered) -> list[Cell]:
        """The row of a run with an answer."""
        run = each.result
        row = self.start(each.name, each.entries, each.realisation)
        row += [Cell(text="answered")] if self.outcomes else []
        row += [number(run.temperature - 273.15, 3)] if self.temperatures else []
        for fractions, chosen in (
            (run.volume_fraction, self.materials),
            (run.weight_fraction, self.weighed),
        ):
            found = [fractions.get(material) for material in chosen]
            shares = [None if one is None else one.meshed for one in found]
            row += [number(None if s is None else 100 * s, 3) for s in shares]
        for name in self.subject.carriers:
            row += _carrier_cells(each, name)
        if self.cells:
            row += _cell_cells(run.cell)
        return [*row, number(sum(run.provenance.wall_time.values()), 3)]

    def lost(self, point: PlannedPoint, reason: str) -> list[Cell]:
        """The row of a run without an answer."""
        entries = entries_of(point, self.subject.columns)
        row = self.start(point.name, entries, point.realisation)
        row.append(Cell(text=reason, mark="bad"))
        return row + [Cell(text="")] * (len(self.heads()) - len(row))


def run_table(subject: Subject) -> Table:
    """All runs of the folder, those without an answer with the reason.

    Args:
        subject: What is reported.
    """
    materials = list(dict.fromkeys(m for run in subject.runs for m in run.materials))
    columns = _Columns(
        subject=subject,
        materials=materials,
        weighed=[m for m in materials if _weighed(subject, m)],
        realisations=any(each.realisation > 1 for each in subject.answered),
        outcomes=bool(subject.failed or subject.missing),
        temperatures=len({run.temperature for run in subject.runs}) != 1,
        cells=any(run.cell is not None for run in subject.runs),
    )
    rows = [columns.answered(each) for each in subject.answered]
    rows += [columns.lost(p, f"failed: {failure.reason}") for p, failure in subject.failed]
    rows += [columns.lost(point, "no outcome yet") for point in subject.missing]
    rows.sort(key=lambda row: row[0].text)
    note = (
        f"σ_eff: mean of the directions; {TORTUOSITY}; {MACMULLIN}. Error: half the guaranteed "
        "bracket, else the estimate of what the mesh puts off. table.csv holds more columns."
    )
    heads = columns.heads()
    caption = "All runs" if subject.study else "The run"
    return Table(caption=caption, heads=heads, rows=rows, note=note, sortable=subject.study)


def _weighed(subject: Subject, material: str) -> bool:
    found = (run.weight_fraction.get(material) for run in subject.runs)
    return any(each is not None and each.meshed for each in found)


def _carrier_cells(each: Answered, name: str) -> list[Cell]:
    answer = each.result.carriers.get(name)
    if answer is None:
        return [number(None)] * 4
    error = Group(members=(each,)).conductivity(name).error
    return [
        number(CONDUCTIVITY * answer.mean_conductivity),
        number(100 * error, 2, "bad" if error > LARGE_ERROR else ""),
        number(answer.mean_tortuosity_factor, 3),
        number(answer.mean_macmullin_number, 3),
    ]


def _cell_cells(cell: CellResponse | None) -> list[Cell]:
    if cell is None:
        return [number(None)] * 2
    values = (cell.area_specific_resistance, cell.cathode_resistance)
    return [number(AREA_RESISTANCE * value) for value in values]


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
    note = f"T{TORTUOSITY[1:]}; {MACMULLIN}; Bruggeman exponent α: τ = φ¹⁻ᵅ."
    return Table(caption="By direction", heads=heads, rows=rows, note=note)


# --- where the energy goes -----------------------------------------------------------------------


def share_table(series: Series, carriers: Sequence[str]) -> Table:
    """Sensitivities of the conductivity, which are the shares of the dissipation up to the sign.

    Args:
        series: Groups along an axis.
        carriers: Carriers to show.
    """
    found = {
        (label(series, group), name): [
            answer.mean_sensitivities for answer in group.carriers(name) if answer.sensitivities
        ]
        for group in series.groups
        for name in carriers
    }
    found = {key: answers for key, answers in found.items() if any(map(_several, answers))}
    names = list(dict.fromkeys(p for each in found.values() for one in each for p in one))
    heads = [Head(text="run", number=False), Head(text="carrier", number=False)]
    heads += [Head(text=_parameter(name)) for name in names]
    rows = []
    for (where, carrier), answers in found.items():
        if answers:
            means = [Estimate.of([each.get(name, 0.0) for each in answers]).mean for name in names]
            cells = [number(value, 3) for value in means]
            rows.append([Cell(text=where), Cell(text=carrier), *cells])
    note = (
        "d ln σ_eff / d ln p, exact for the mesh, from the solution itself. Its size is the share "
        "of p in the dissipation: positive for conductances, negative for resistances."
    )
    return Table(caption="Sensitivities and dissipation shares", heads=heads, rows=rows, note=note)


def _several(sensitivities: Mapping[str, float]) -> bool:
    """Whether more than one parameter matters."""
    return sum(value != 0.0 for value in sensitivities.values()) > 1


def only_parameters(series: Series, carriers: Sequence[str]) -> list[str]:
    """Say on which single parameter a carrier depends, where it is one.

    Args:
        series: Groups along an axis.
        carriers: Carriers to look at.
    """
    told = []
    for name in carriers:
        answers = [a.mean_sensitivities for g in series.groups for a in g.carriers(name)]
        if any(answers) and not any(map(_several, answers)):
            parameters = dict.fromkeys(p for one in answers for p, v in one.items() if v)
            which = " or ".join(_parameter(p) for p in parameters)
            told.append(
                f"The conductivity of {name}s depends on {which} alone and is proportional to it; "
                "all that is dissipated is dissipated there."
            )
    return told


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
    runs = series.runs
    materials = list(dict.fromkeys(name for run in runs for name in run.specific_surface))
    pairs = list(dict.fromkeys(name for run in runs for name in run.contact_area))
    heads = [Head(text="run", number=False)]
    heads += [Head(text=f"percolating, {name}s", unit="%") for name in carriers]
    heads += [Head(text=f"surface {name}", unit="1/µm") for name in materials]
    heads += [Head(text=f"contact {pair.replace('/', '|')}", unit="1/µm") for pair in pairs]
    rows = []
    for group in series.groups:
        shares = [percolating(group, name).mean for name in carriers]
        areas = [surface(group, name) for name in materials]
        areas += [contact_area(group, pair) for pair in pairs]
        numbers = [*(100 * share for share in shares), *(1e-6 * area.mean for area in areas)]
        rows.append([Cell(text=label(series, group)), *(number(value, 3) for value in numbers)])
    note = (
        "Percolating: share of what conducts that connects opposite faces, mean of the directions. "
        if carriers
        else ""
    ) + (
        "Surface of a material with the others, and contact of a pair, over the volume "
        "of the box (1/µm = µm² per µm³)."
    )
    caption = "Percolation and surfaces"
    return Table(caption=caption, heads=heads, rows=rows, note=note)
