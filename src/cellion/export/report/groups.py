"""What goes on the axes: one varied key along, one curve per value of the others.

Along goes the composition where a volume fraction is varied, else the temperature, else the number
with the most values. Keys that follow from another one (lists that go together, derived values) are
no axes of their own. Realisations of the same values form a group.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cellion.export.columns import Column
from cellion.export.report.subject import Answered, Subject
from cellion.export.report.words import key_label, unit_label
from cellion.export.series import default_material
from cellion.export.tables import Entry, table_row
from cellion.results.record import CarrierResult

__all__ = ["Axis", "Estimate", "Group", "Series", "arrange", "is_box", "label_of", "value_text"]

type Kind = Literal["composition", "temperature", "box", "number", "name", "order"]

_VOLUME = ".volume_fraction"
_BOX = ".box"
_LOG_FROM = 20.0
"""Values that span a larger factor go on a logarithmic axis."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What is along.

    Attributes:
        kind: Of the quantity: a composition is shown as volume fraction of the mesh [%].
        label: The quantity with its unit.
        short: The quantity, for sentences.
        material: Whose fraction it is; empty unless a composition.
        logarithmic: Whether values span a large factor.
        ticks: Names of the places, for what is no number.
    """

    kind: Kind
    label: str
    short: str
    material: str = ""
    logarithmic: bool = False
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One quantity of a group, with what is known of its error.

    Attributes:
        values: Of each realisation.
        mesh: Estimated relative error by the mesh [-]; NaN without.
        lower: Mean of the guaranteed lower bounds; NaN without.
        upper: Mean of the guaranteed upper bounds; NaN without.
    """

    values: tuple[float, ...]
    mesh: float = math.nan
    lower: float = math.nan
    upper: float = math.nan

    @property
    def mean(self) -> float:
        """Mean over realisations; infinite where one is."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def spread(self) -> float:
        """Standard deviation over realisations; NaN with fewer than two."""
        finite = all(math.isfinite(value) for value in self.values)
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 and finite else math.nan


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs that differ by their realisation only.

    Attributes:
        members: The runs.
        entries: What they share, by column header.
        x: Place on the axis, in its unit.
        curve: Name of the curve; empty when there is one.
    """

    members: tuple[Answered, ...]
    entries: Mapping[str, Entry]
    x: float
    curve: str = ""

    def carriers(self, name: str) -> list[CarrierResult]:
        """The answers of one carrier."""
        found = (member.result.carriers.get(name) for member in self.members)
        return [each for each in found if each is not None]

    def conductivity(self, name: str) -> Estimate:
        """Sigma_eff, mean over directions [S/m]."""
        found = self.carriers(name)
        errors = [c.mean_error_estimate for c in found if not math.isnan(c.mean_error_estimate)]
        bounds = [_mean_bounds(each) for each in found]
        low, high = np.mean(bounds, axis=0).tolist() if bounds else (math.nan, math.nan)
        return Estimate(
            values=tuple(each.mean_conductivity for each in found),
            mesh=max(errors, default=math.nan),
            lower=low,
            upper=high,
        )

    def tortuosity(self, name: str) -> Estimate:
        """Tau, of the mean over directions [-]; its spread is that of the realisations."""
        found = self.carriers(name)
        sigma = self.conductivity(name)
        product = float(np.mean([c.conducting_fraction * c.bulk_conductivity for c in found]))
        return Estimate(
            values=tuple(each.mean_tortuosity_factor for each in found),
            mesh=sigma.mesh,
            lower=product / sigma.upper if sigma.upper > 0 else math.nan,
            upper=product / sigma.lower if sigma.lower > 0 else math.nan,
        )

    def mean(self, name: str, attribute: str) -> float:
        """Mean of an attribute of a carrier's answers."""
        return float(np.mean([getattr(each, attribute) for each in self.carriers(name)]))

    def fraction(self, material: str, kind: str = "volume_fraction") -> float:
        """Mean fraction of a material in the meshes [-]; NaN when it is not known."""
        found = [getattr(member.result, kind).get(material) for member in self.members]
        known = [each.meshed for each in found if each is not None and each.meshed is not None]
        return float(np.mean(known)) if known else math.nan


@dataclass(frozen=True, kw_only=True)
class Series:
    """Groups in their order along the axis, by curve.

    Attributes:
        axis: What is along.
        curves: Groups of each curve, by its name, along the axis.
        family: What the curves differ by; empty when there is one.
    """

    axis: Axis
    curves: Mapping[str, tuple[Group, ...]]
    family: str = ""

    @property
    def groups(self) -> list[Group]:
        """All groups."""
        return [group for curve in self.curves.values() for group in curve]


def arrange(subject: Subject) -> Series:
    """Decide what goes along and put the answers in groups.

    Args:
        subject: What is reported, with at least one answer.
    """
    material = default_material([table_row(run) for run in subject.runs])
    keys = _independent(subject)
    along = _along(keys, subject)
    others = [column for column in keys if column is not along]
    axis = _axis(along, subject, material)
    grouped: dict[tuple[Entry, ...], list[Answered]] = {}
    for each in subject.answered:
        grouped.setdefault(tuple(each.entries.values()), []).append(each)
    curves: dict[str, list[Group]] = {}
    for members in grouped.values():
        first = members[0]
        curve = ", ".join(label_of(column, first, subject.scenario) for column in others)
        group = Group(members=tuple(members), entries=first.entries, x=math.nan, curve=curve)
        place = _place(axis, along, group)
        moved = Group(members=group.members, entries=group.entries, x=place, curve=curve)
        curves.setdefault(curve, []).append(moved)
    return Series(
        axis=axis,
        curves={name: tuple(sorted(of, key=lambda group: group.x)) for name, of in curves.items()},
        family=", ".join(key_label(column.key, subject.scenario) for column in others),
    )


def label_of(column: Column, run: Answered, scenario: Mapping[str, Any]) -> str:
    """A varied value in words: ``CAM diameter 5 µm``."""
    return f"{key_label(column.key, scenario)} {value_text(column, run.entries)}"


def value_text(column: Column, entries: Mapping[str, Entry]) -> str:
    """A varied value with its unit."""
    value = entries.get(column.header)
    if not isinstance(value, int | float):
        return str(value)
    unit = unit_label(column.unit or "")
    return f"{value:.6g} {unit}".rstrip()


def _independent(subject: Subject) -> list[Column]:
    """Columns that vary, without those that follow from one before."""
    kept: list[Column] = []
    for column in subject.columns:
        values = [each.entries[column.header] for each in subject.answered]
        if len(set(values)) < 2:
            continue
        if not any(_follows(column, other, subject) for other in kept):
            kept.append(column)
    return kept


def _follows(column: Column, other: Column, subject: Subject) -> bool:
    """Whether each value of one column goes with one value of the other."""
    pairs = {(e.entries[other.header], e.entries[column.header]) for e in subject.answered}
    return len(pairs) == len({first for first, _ in pairs})


def _along(keys: Sequence[Column], subject: Subject) -> Column | None:
    def rank(column: Column) -> tuple[bool, bool, bool, int]:
        values = {each.entries[column.header] for each in subject.answered}
        number = column.unit is not None
        return column.key.endswith(_VOLUME), column.key == "temperature", number, len(values)

    return max(keys, key=rank, default=None)


def _axis(along: Column | None, subject: Subject, material: str) -> Axis:
    if along is None:
        return Axis(kind="order", label="", short="")
    if along.key.endswith(_VOLUME) and _varies(subject, material):
        label = f"{material} [% of the volume]"
        return Axis(kind="composition", label=label, short=material, material=material)
    name = key_label(along.key, subject.scenario)
    if is_box(along.key, subject):
        return Axis(kind="box", label="edge of the box [µm]", short="the edge of the box")
    values = [each.entries[along.header] for each in subject.answered]
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if along.key == "temperature":
        return Axis(kind="temperature", label="1000 / T [1/K]", short="temperature")
    if along.unit is None or len(numbers) < len(values):
        names = tuple(dict.fromkeys(str(value) for value in values))
        return Axis(kind="name", label=name, short=name, ticks=names)
    unit = unit_label(along.unit)
    wide = min(numbers) > 0 and max(numbers) > _LOG_FROM * min(numbers)
    label = f"{name} [{unit or '-'}]"
    return Axis(kind="number", label=label, short=name, logarithmic=wide)


def is_box(key: str, subject: Subject) -> bool:
    """Whether a key is the box, or one edge of boxes that are cubes in all runs."""
    cubes = all(len({f"{edge:.9g}" for edge in run.box}) == 1 for run in subject.runs)
    return key.endswith(_BOX) or (re.fullmatch(r".*\.box\[\d\]", key) is not None and cubes)


def _varies(subject: Subject, material: str) -> bool:
    """Whether the fraction of a material in the meshes varies by more than their scatter."""
    found = [run.volume_fraction.get(material) for run in subject.runs]
    known = [each.meshed for each in found if each is not None and each.meshed is not None]
    return len(known) == len(found) and max(known) - min(known) > 0.02


def _place(axis: Axis, along: Column | None, group: Group) -> float:
    match axis.kind:
        case "composition":
            return 100.0 * group.fraction(axis.material)
        case "temperature":
            return float(np.mean([1000.0 / member.result.temperature for member in group.members]))
        case "box":
            edges = group.members[0].result.box
            return 1e6 * math.prod(edges) ** (1 / len(edges))
        case "order":
            return 0.0
    value = group.entries[along.header] if along else None
    if axis.kind == "name":
        return float(axis.ticks.index(str(value)))
    return float(value) if isinstance(value, int | float) else math.nan


def _mean_bounds(carrier: CarrierResult) -> tuple[float, float]:
    """Bounds of the mean over the directions that were asked for [S/m]; NaN without."""
    if carrier.lower is None or carrier.upper is None:
        return math.nan, math.nan
    asked = ~np.isnan(np.diagonal(carrier.effective_conductivity))
    low, high = (float(np.mean(np.diagonal(t)[asked])) for t in (carrier.lower, carrier.upper))
    return low, high
