"""Answers along an axis: one curve for each combination of what else is varied.

Along goes the composition where a volume fraction is varied, else the temperature, else the number
with the most values. Keys that follow from others (lists that go together, derived values) are no
axes of their own. Realisations of the same values form a group. Console, tables, plots and report
show the same series.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cellion.cell.response import CellResponse
from cellion.export.columns import Column, independent, number_text
from cellion.export.estimate import Estimate
from cellion.export.tables import Entry, table_row
from cellion.results.record import CarrierResult, RunResult
from cellion.results.study import PlannedPoint

__all__ = [
    "Answered",
    "Axis",
    "Group",
    "Series",
    "answered_points",
    "arrange",
    "default_material",
    "entries_of",
    "is_box",
    "sampled_columns",
]

type Kind = Literal["composition", "temperature", "box", "number", "name", "order"]

_ONE_COMPOSITION = 0.02
"""Meshed volume fractions of one composition differ by less [-]."""
_MOST_SAMPLED = 6
_LOG_FROM = 20.0
"""Values that span a larger factor go on a logarithmic axis."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A run with its answer.

    Attributes:
        result: The answer.
        name: Name of its folder.
        folder: The folder.
        values: Varied values by key path, as the user wrote them.
        entries: The same by column header, as numbers where they are numbers.
        realisation: Number of the realisation, from 1.
        sample: Number of the sample; None when nothing is sampled.
    """

    result: RunResult
    name: str = ""
    folder: Path = Path()
    values: Mapping[str, Any] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)
    realisation: int = 1
    sample: int | None = None

    @cached_property
    def row(self) -> Mapping[str, Entry]:
        """The row of the table."""
        return table_row(self.result, self.entries)


def answered_points(
    points: Sequence[PlannedPoint],
    found: Mapping[str, object],
    folder: Path,
    columns: Sequence[Column],
) -> list[Answered]:
    """The points of a study that have an answer.

    Args:
        points: Its points.
        found: What they came to, by name.
        folder: The folder of the study.
        columns: The varied values.
    """
    return [
        Answered(
            result=result,
            name=point.name,
            folder=folder / point.name,
            values=point.values,
            entries=entries_of(point, columns),
            realisation=point.realisation,
            sample=point.sample,
        )
        for point in points
        if isinstance(result := found.get(point.name), RunResult)
    ]


def entries_of(point: PlannedPoint, columns: Sequence[Column]) -> dict[str, Entry]:
    """The varied values of a point, by column header."""
    return {column.header: column.entry(point.values.get(column.key)) for column in columns}


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What is along.

    Attributes:
        kind: Of the quantity: a composition is shown as volume fraction of the mesh [%].
        short: The quantity, for sentences.
        label: The quantity with its unit.
        unit: The unit as it is printed; empty for plain numbers.
        material: Whose fraction it is; empty unless a composition.
        logarithmic: Whether values span a large factor.
        ticks: Names of the places, for what is no number.
        key: The varied key that is along; empty when there is none.
    """

    kind: Kind
    short: str = ""
    label: str = ""
    unit: str = ""
    material: str = ""
    logarithmic: bool = False
    ticks: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs that differ by their realisation only.

    Attributes:
        members: The runs.
        x: Place on the axis, in its unit.
        curve: Name of the curve; empty when there is one.
        number: Place in the order of the study.
    """

    members: tuple[Answered, ...]
    x: float = 0.0
    curve: str = ""
    number: int = 0

    @property
    def entries(self) -> Mapping[str, Entry]:
        """The varied values that the runs share, by column header."""
        return self.members[0].entries

    def carriers(self, name: str) -> list[CarrierResult]:
        """The answers of one carrier."""
        found = (member.result.carriers.get(name) for member in self.members)
        return [each for each in found if each is not None]

    @property
    def cells(self) -> list[CellResponse]:
        """The answers of cells."""
        return [m.result.cell for m in self.members if m.result.cell is not None]

    @property
    def connected(self) -> list[CellResponse]:
        """Those of cells through which current can flow."""
        return [cell for cell in self.cells if cell.connects]

    def conductivity(self, name: str) -> Estimate:
        """Sigma_eff, mean over directions [S/m]."""
        found = self.carriers(name)
        errors = [c.mean_error_estimate for c in found if not math.isnan(c.mean_error_estimate)]
        bounds = [_mean_bounds(each) for each in found]
        low, high = np.mean(bounds, axis=0).tolist() if bounds else (math.nan, math.nan)
        values = tuple(each.mean_conductivity for each in found)
        return Estimate(
            values=values,
            mean=Estimate.of(values).mean,
            mesh=max(errors, default=math.nan),
            lower=low,
            upper=high,
        )

    def tortuosity(self, name: str) -> Estimate:
        """Tau of the mean conductivity [-]: finite as long as one realisation conducts."""
        sigma = self.conductivity(name)
        found = self.carriers(name)
        product = Estimate.of([c.conducting_fraction * c.bulk_conductivity for c in found]).mean
        lower, mean, upper = (
            product / s if s > 0 else math.nan for s in (sigma.upper, sigma.mean, sigma.lower)
        )
        return Estimate(
            values=tuple(each.mean_tortuosity_factor for each in found),
            mean=math.inf if sigma.mean == 0 else mean,
            mesh=sigma.mesh,
            lower=lower,
            upper=upper,
        )

    def column(self, header: str) -> Estimate:
        """A column of the table; mean conductivities and tortuosity factors with their errors."""
        match = re.fullmatch(r"(sigma|tortuosity_factor)_(ion|electron)_mean \[.*", header)
        if match and self.carriers(match[2]):
            return (self.conductivity if match[1] == "sigma" else self.tortuosity)(match[2])
        found = [member.row.get(header) for member in self.members]
        return Estimate.of([float(v) for v in found if isinstance(v, int | float)])

    def mean(self, name: str, attribute: str) -> float:
        """Mean of an attribute of a carrier's answers."""
        return float(np.mean([getattr(each, attribute) for each in self.carriers(name)]))

    def of_runs(self, value: Callable[[RunResult], float]) -> Estimate:
        """A number of each run."""
        return Estimate.of([value(member.result) for member in self.members])

    def fraction(self, material: str, kind: str = "volume_fraction") -> float:
        """Mean fraction of a material in the meshes [-]; NaN when it is not known."""
        found = [getattr(member.result, kind).get(material) for member in self.members]
        known = [each.meshed for each in found if each is not None and each.meshed is not None]
        return Estimate.of(known).mean


@dataclass(frozen=True, kw_only=True)
class Series:
    """Groups in their order along the axis, by curve.

    Attributes:
        axis: What is along.
        curves: Groups of each curve, by its name, along the axis.
        others: What the curves differ by.
        columns: All varied values that do not follow from others.
    """

    axis: Axis
    curves: Mapping[str, tuple[Group, ...]]
    others: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()

    @property
    def groups(self) -> list[Group]:
        """All groups."""
        return [group for curve in self.curves.values() for group in curve]

    @property
    def family(self) -> str:
        """What the curves differ by, in words; empty when there is one."""
        return ", ".join(column.label for column in self.others)

    @property
    def runs(self) -> list[RunResult]:
        """All answers."""
        return [member.result for group in self.groups for member in group.members]

    def carriers(self) -> list[str]:
        """Carriers that some material conducts in some run."""
        found = (
            name
            for name in ("ion", "electron")
            if any(c.conducting for run in self.runs if (c := run.carriers.get(name)))
        )
        return list(found)


def arrange(
    answered: Sequence[Answered],
    columns: Sequence[Column],
    *,
    along: str | None = None,
    by: Sequence[str] | None = None,
) -> Series:
    """Decide what goes along and put the answers in groups.

    Args:
        answered: Runs, at least one.
        columns: The varied values.
        along: Header of what goes along, a column of the table; chosen by default.
        by: Headers of what tells curves apart; by default all varied values that do not follow
            from the others.
    """
    rows = [each.entries for each in answered]
    named = {column.header: column for column in columns}
    telling = tuple(named[header] for header in independent(rows, list(named)))
    chosen = named.get(along) if along else _along(telling, answered)
    if chosen is not None and by is None:
        by = independent(rows, list(named), chosen.header)
    others = tuple(named[header] for header in by or () if header in named)
    axis = _axis(chosen, answered) if along is None else _axis_of(along, chosen, answered)
    grouped: dict[tuple[Entry, ...], list[Answered]] = {}
    for each in answered:
        grouped.setdefault(tuple(each.entries.values()), []).append(each)
    curves: dict[str, list[Group]] = {}
    for number, members in enumerate(grouped.values()):
        curve = _curve_name(by or (), named, members[0])
        x = _place(axis, along, members)
        group = Group(members=tuple(members), x=x, curve=curve, number=number)
        curves.setdefault(curve, []).append(group)
    ordered = {name: tuple(sorted(of, key=lambda group: group.x)) for name, of in curves.items()}
    return Series(axis=axis, curves=ordered, others=others, columns=telling)


def _curve_name(by: Sequence[str], named: Mapping[str, Column], run: Answered) -> str:
    parts = []
    for header in by:
        column = named.get(header)
        label = header.partition(" [")[0] if column is None else column.label
        entries = run.row if column is None else run.entries
        value = number_text(entries.get(header)) if column is None else column.text(entries)
        parts.append(f"{label} {value}")
    return ", ".join(parts)


def default_material(runs: Sequence[RunResult]) -> str:
    """The material that conducts ions (else electrons): whose fraction is the conducting one."""
    materials = list(dict.fromkeys(name for run in runs for name in run.materials))
    for carrier in ("ion", "electron"):
        found = [run for run in runs if carrier in run.carriers]
        if found and materials:
            return min(materials, key=lambda name: _apart(found, name, carrier))
    return materials[0] if materials else ""


def _apart(runs: Sequence[RunResult], material: str, carrier: str) -> float:
    """Largest difference of a material's fraction from that of what conducts; 2 when unknown."""
    pairs = [(_meshed(run, material), run.carriers[carrier].conducting_fraction) for run in runs]
    return max(2.0 if share is None else abs(share - of) for share, of in pairs)


def _meshed(run: RunResult, material: str) -> float | None:
    fraction = run.volume_fraction.get(material)
    return None if fraction is None else fraction.meshed


def sampled_columns(answered: Sequence[Answered], columns: Sequence[Column]) -> list[Column]:
    """Columns of numbers over which samples are shown as clouds."""
    return [
        column
        for column in columns
        if column.unit is not None and len({each.entries[column.header] for each in answered}) > 2
    ][:_MOST_SAMPLED]


def is_box(key: str, runs: Sequence[RunResult]) -> bool:
    """Whether a key is the box, or one edge of boxes that are cubes in all runs."""
    cubes = all(len({f"{edge:.9g}" for edge in run.box}) == 1 for run in runs)
    return key.endswith(".box") or (re.fullmatch(r".*\.box\[\d\]", key) is not None and cubes)


def _along(columns: Sequence[Column], answered: Sequence[Answered]) -> Column | None:
    def rank(column: Column) -> tuple[bool, bool, bool, int]:
        values = {each.entries[column.header] for each in answered}
        number = column.unit is not None
        composition = column.key.endswith(".volume_fraction")
        return composition, column.key == "temperature", number, len(values)

    return max(columns, key=rank, default=None)


def _axis(chosen: Column | None, answered: Sequence[Answered]) -> Axis:
    """The axis of a varied value."""
    if chosen is None:
        return Axis(kind="order")
    runs = [each.result for each in answered]
    material = default_material(runs)
    if chosen.key.endswith(".volume_fraction") and _varies(runs, material):
        label = f"{material} [% of the volume]"
        return Axis(kind="composition", label=label, short=material, material=material)
    if is_box(chosen.key, runs):
        label = "edge of the box [µm]"
        return Axis(kind="box", label=label, short="the edge of the box", unit="µm")
    if chosen.key == "temperature":
        return Axis(kind="temperature", label="1000 / T [1/K]", short="temperature")
    return _axis_of(chosen.header, chosen, answered)


def _axis_of(header: str, column: Column | None, answered: Sequence[Answered]) -> Axis:
    """The axis of a column of the table, as its numbers are."""
    label = column.axis_label if column else header
    short, unit = (column.label, column.shown_unit) if column else (header.partition(" [")[0], "")
    values = [each.row.get(header) for each in answered]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        names = tuple(dict.fromkeys(str(value) for value in values))
        return Axis(kind="name", label=label, short=short, ticks=names, key=header)
    wide = min(numbers) > 0 and max(numbers) > _LOG_FROM * min(numbers)
    return Axis(kind="number", label=label, short=short, unit=unit, logarithmic=wide, key=header)


def _varies(runs: Sequence[RunResult], material: str) -> bool:
    """Whether the fraction of a material in the meshes varies by more than their scatter."""
    known = [fraction for run in runs if (fraction := _meshed(run, material)) is not None]
    return len(known) == len(runs) and max(known) - min(known) > _ONE_COMPOSITION


def _place(axis: Axis, along: str | None, members: Sequence[Answered]) -> float:
    group = Group(members=tuple(members))
    match axis.kind:
        case "composition":
            return 100.0 * group.fraction(axis.material)
        case "temperature":
            return group.of_runs(lambda run: 1000.0 / run.temperature).mean
        case "box":
            return 1e6 * group.of_runs(lambda run: math.prod(run.box) ** (1 / len(run.box))).mean
        case "name":
            return float(axis.ticks.index(str(members[0].row.get(axis.key))))
        case "number":
            return group.column(axis.key).mean
        case "order":
            return 0.0


def _mean_bounds(carrier: CarrierResult) -> tuple[float, float]:
    """Bounds of the mean over the directions that were asked for [S/m]; NaN without."""
    if carrier.lower is None or carrier.upper is None:
        return math.nan, math.nan
    asked = ~np.isnan(np.diagonal(carrier.effective_conductivity))
    low, high = (float(np.mean(np.diagonal(t)[asked])) for t in (carrier.lower, carrier.upper))
    return low, high
