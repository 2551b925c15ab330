"""Answers along an axis: one curve for each combination of what else is varied.

Along goes the composition where a volume fraction is varied, else the temperature, else the number
with the most values. Keys that follow from others (lists that go together, derived values) are no
axes of their own. Realisations of the same values form a group. Console, tables, plots and report
show the same series.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from cellion.export.columns import Column, independent, number_text
from cellion.export.dictionary import data_dictionary
from cellion.export.formatting import displayed
from cellion.export.groups import Answered, Group
from cellion.results.record import RunResult

__all__ = ["Axis", "Series", "arrange", "default_material", "is_box", "sampled_columns"]

type Kind = Literal["composition", "temperature", "box", "number", "name", "order"]

_ONE_COMPOSITION = 0.02
"""Meshed volume fractions of one composition differ by less [-]."""
_MOST_SAMPLED = 6
_LOG_FROM = 20.0
"""Values that span a larger factor go on a logarithmic axis."""


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
        key: Header of the column that is along; empty where it is none as it stands.
        factor: From the unit of the column to that of the axis.
    """

    kind: Kind
    short: str = ""
    label: str = ""
    unit: str = ""
    material: str = ""
    logarithmic: bool = False
    ticks: tuple[str, ...] = ()
    key: str = ""
    factor: float = 1.0


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

    @cached_property
    def carriers(self) -> list[str]:
        """Carriers that some material conducts in some run."""
        found = [carrier for run in self.runs for carrier in run.carriers.items()]
        conducted = {name for name, answer in found if answer.conducting}
        return [name for name in ("ion", "electron") if name in conducted]


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
    named = {column.header: column for column in columns}
    rows = [each.entries for each in answered]
    sampled = any(each.sample is not None for each in answered)  # each value follows from any other
    telling = tuple(named[h] for h in (named if sampled else independent(rows, list(named))))
    if along is None:
        chosen = _along(telling, answered)
        axis = _axis(chosen, answered)
    else:
        chosen = named.get(along)
        axis = _axis_of(along, chosen, answered)
    if by is None:
        by = independent(rows, list(named), chosen.header) if chosen else ()
    curves: dict[str, list[Group]] = {}
    for number, members in enumerate(_grouped(answered)):
        curve = _curve_name(by, named, members[0])
        group = Group(members=members, x=_place(axis, members), curve=curve, number=number)
        curves.setdefault(curve, []).append(group)
    return Series(
        axis=axis,
        curves={name: tuple(sorted(of, key=lambda group: group.x)) for name, of in curves.items()},
        others=tuple(named[header] for header in by if header in named),
        columns=telling,
    )


def _grouped(answered: Sequence[Answered]) -> list[tuple[Answered, ...]]:
    """Runs of the same values, in the order of the study."""
    groups: dict[tuple[object, ...], list[Answered]] = {}
    for each in answered:
        groups.setdefault(tuple(each.entries.values()), []).append(each)
    return list(map(tuple, groups.values()))


def _curve_name(by: Sequence[str], named: Mapping[str, Column], run: Answered) -> str:
    """What tells a curve apart: ``mesh size 4 µm``; columns that are not varied by their header."""
    told = []
    for header in by:
        if column := named.get(header):
            told.append(f"{column.label} {column.text(run.entries)}")
        else:
            told.append(f"{header} {number_text(run.row.get(header))}")
    return ", ".join(told)


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
    factor = 1.0
    if column is None:
        (about,) = data_dictionary([header])
        unit, factor = displayed(str(about["unit"]))
        short = str(about["meaning"])
        label = f"{short} [{unit}]" if unit else short
    else:
        short, unit, label = column.label, column.shown_unit, column.axis_label
    values = [each.row.get(header) for each in answered]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        names = tuple(dict.fromkeys(str(value) for value in values))
        return Axis(kind="name", label=label, short=short, ticks=names, key=header)
    wide = min(numbers) > 0 and max(numbers) > _LOG_FROM * min(numbers)
    about_axis = Axis(kind="number", label=label, short=short, unit=unit, key=header)
    return replace(about_axis, logarithmic=wide, factor=factor)


def _varies(runs: Sequence[RunResult], material: str) -> bool:
    """Whether the fraction of a material in the meshes varies by more than their scatter."""
    known = [fraction for run in runs if (fraction := _meshed(run, material)) is not None]
    return len(known) == len(runs) and max(known) - min(known) > _ONE_COMPOSITION


def _place(axis: Axis, members: tuple[Answered, ...]) -> float:
    """Mean place on the axis."""
    group = Group(members=members)
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
            return axis.factor * group.column(axis.key).mean
        case "order":
            return 0.0
