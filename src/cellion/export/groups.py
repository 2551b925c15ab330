"""Runs with their answers, and groups of runs that differ by their realisation only."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from cellion.cell.response import CellResponse
from cellion.export.columns import Column
from cellion.export.estimate import Estimate
from cellion.export.tables import Entry, table_row
from cellion.results.record import CarrierResult, RunResult
from cellion.results.study import PlannedPoint

__all__ = ["Answered", "Group", "answered_points", "entries_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
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


@dataclass(frozen=True, kw_only=True, eq=False)
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


def _mean_bounds(carrier: CarrierResult) -> tuple[float, float]:
    """Bounds of the mean over the directions that were asked for [S/m]; NaN without."""
    if carrier.lower is None or carrier.upper is None:
        return math.nan, math.nan
    asked = ~np.isnan(np.diagonal(carrier.effective_conductivity))
    low, high = (float(np.mean(np.diagonal(t)[asked])) for t in (carrier.lower, carrier.upper))
    return low, high
