"""Runs as points of a diagram: their coordinates, and which are realisations of one point.

Points come from runs or from the rows of a table. Realisations (runs that differ by their seed
only) form a `Cluster` with a mean and an uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from cellion.errors import ResultsError, nearest
from cellion.export.tables import Entry, table_row
from cellion.results.provenance import question
from cellion.results.record import RunResult

__all__ = [
    "Cluster",
    "Measurement",
    "Sample",
    "clusters",
    "default_material",
    "mesh_error",
    "samples",
]

_SAME_FRACTION = 0.012
"""Realisations of one fraction differ by what the mesh resolves, about a percent."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One carrier of one run.

    Attributes:
        carrier: ``ion`` or ``electron``.
        volume_fraction: Of the material on the axis [-].
        weight_fraction: Of the same [-]; NaN when a density is not known.
        temperature: Temperature [K].
        conductivity: Mean effective conductivity [S/m]; 0 when nothing percolates.
        bulk_conductivity: Conductivity of the conducting phases [S/m].
        conducting_fraction: Their volume fraction [-].
        relative_error: By the mesh, relative [-]; NaN without estimate.
        question: What was asked, equal for realisations.
    """

    carrier: str
    volume_fraction: float
    weight_fraction: float
    temperature: float
    conductivity: float
    bulk_conductivity: float
    conducting_fraction: float
    relative_error: float
    question: str = ""

    @property
    def tortuosity_factor(self) -> float:
        """Tau = phi_c sigma_bulk / sigma_eff [-]; infinite when nothing percolates."""
        if self.conductivity == 0:
            return math.inf
        return self.conducting_fraction * self.bulk_conductivity / self.conductivity


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A published value to show beside the computed ones.

    Attributes:
        carrier: ``ion`` or ``electron``.
        volume_fraction: Of the material on the axis [-].
        conductivity: Effective conductivity [S/m]; NaN when not given.
        source: Authors and year, for the legend.
        tortuosity_factor: phi_c sigma_bulk / sigma_eff [-]; NaN when not given.
        weight_fraction: Of the material on the axis [-]; NaN when not given.
    """

    carrier: str
    volume_fraction: float
    conductivity: float
    source: str
    tortuosity_factor: float = math.nan
    weight_fraction: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Realisations of one point.

    Attributes:
        members: At least one sample of the same carrier.
    """

    members: tuple[Sample, ...]

    def mean(self, name: str) -> float:
        """Mean of an attribute of the samples."""
        return float(np.mean([getattr(member, name) for member in self.members]))

    @property
    def percolates(self) -> bool:
        """Whether any realisation conducts."""
        return any(member.conductivity > 0 for member in self.members)

    @property
    def tortuosity_factor(self) -> float:
        """Of the mean conductivity [-]: finite as long as one realisation conducts."""
        if not self.percolates:
            return math.inf
        product = self.mean("conducting_fraction") * self.mean("bulk_conductivity")
        return product / self.mean("conductivity")

    @property
    def relative_error(self) -> float:
        """Standard deviation over realisations and error by the mesh, in quadrature [-]."""
        mean = self.mean("conductivity")
        if mean == 0:
            return 0.0
        values = [member.conductivity for member in self.members]
        spread = float(np.std(values, ddof=1)) / mean if len(values) > 1 else 0.0
        mesh = [m.relative_error for m in self.members if not math.isnan(m.relative_error)]
        return math.hypot(spread, max(mesh, default=0.0))


def samples(
    runs: Sequence[RunResult | Mapping[str, Entry]], material: str | None = None
) -> list[Sample]:
    """Turn runs, or rows of a table, into samples.

    Args:
        runs: Runs, or rows as `cellion.export.tables.read_table` gives them; rows of runs that
            failed are passed over.
        material: Material whose fraction is on the axis; see `default_material`.

    Returns:
        One sample per run and carrier.

    Raises:
        ResultsError: The material is in no run.
    """
    rows = [table_row(run) if isinstance(run, RunResult) else run for run in runs]
    material = material or default_material(rows)
    key = f"volume_fraction_{material} [-]"
    if rows and not any(key in row for row in rows):
        known = _materials(rows)
        raise ResultsError(
            f"plot: no run has a material {material!r}{nearest(material, known)}; "
            f"materials are: {', '.join(known) or 'none'}"
        )
    return [
        _sample(row, carrier, material, _question(run, row))
        for run, row in zip(runs, rows, strict=True)
        for carrier in ("ion", "electron")
        if row.get(f"sigma_{carrier}_mean [S/m]") is not None
    ]


def default_material(rows: Sequence[Mapping[str, Entry]]) -> str:
    """The material that conducts ions (else electrons): whose fraction is the conducting one."""
    known = _materials(rows)
    for carrier in ("ion", "electron"):
        header = f"conducting_fraction_{carrier} [-]"
        target = np.array([_number(row.get(header)) for row in rows])
        if known and not np.isnan(target).all():
            table = np.array(
                [[_number(row.get(f"volume_fraction_{m} [-]")) for m in known] for row in rows]
            )
            distance = np.nanmax(np.abs(np.nan_to_num(table, nan=2.0) - target[:, None]), axis=0)
            return known[int(np.argmin(distance))]
    return known[0] if known else ""


def clusters(points: Sequence[Sample], carrier: str) -> list[Cluster]:
    """Gather the samples of a carrier that differ by no more than their realisation.

    Args:
        points: Samples.
        carrier: ``ion`` or ``electron``.

    Returns:
        Clusters, by temperature and rising volume fraction.
    """
    own = [point for point in points if point.carrier == carrier]
    own.sort(key=lambda point: (point.temperature, point.question, point.volume_fraction))
    groups: list[list[Sample]] = []
    for point in own:
        start = groups[-1][0] if groups else None
        if (
            start is not None
            and (point.temperature, point.question) == (start.temperature, start.question)
            and point.volume_fraction - start.volume_fraction <= _SAME_FRACTION
        ):
            groups[-1].append(point)
        else:
            groups.append([point])
    gathered = [Cluster(members=tuple(group)) for group in groups]
    return sorted(
        gathered, key=lambda each: (each.mean("temperature"), each.mean("volume_fraction"))
    )


def _materials(rows: Sequence[Mapping[str, Entry]]) -> list[str]:
    start, end = "volume_fraction_", " [-]"
    names = [
        header.removeprefix(start).removesuffix(end)
        for row in rows
        for header in row
        if header.startswith(start) and not header.endswith("_requested [-]")
    ]
    return list(dict.fromkeys(names))


def _question(run: RunResult | Mapping[str, Entry], row: Mapping[str, Entry]) -> str:
    """What a run asked; in a table that is what a study varied, between the first columns."""
    if isinstance(run, RunResult):
        return question(run.provenance.scenario)
    varied = takewhile(lambda header: not header.startswith("volume_fraction_"), row)
    known = ("name", "seed", "temperature [K]", "point", "realisation")
    return str([(header, row[header]) for header in varied if header not in known])


def _sample(row: Mapping[str, Entry], carrier: str, material: str, what_was_asked: str) -> Sample:
    return Sample(
        carrier=carrier,
        volume_fraction=_number(row.get(f"volume_fraction_{material} [-]")),
        weight_fraction=_number(row.get(f"weight_fraction_{material} [-]")),
        temperature=_number(row.get("temperature [K]")),
        conductivity=_number(row[f"sigma_{carrier}_mean [S/m]"]),
        bulk_conductivity=_number(row.get(f"sigma_{carrier}_bulk [S/m]")),
        conducting_fraction=_number(row.get(f"conducting_fraction_{carrier} [-]")),
        relative_error=mesh_error(row, carrier),
        question=what_was_asked,
    )


def mesh_error(row: Mapping[str, Entry], carrier: str) -> float:
    """Relative error of the conductivity by the mesh, of the worst direction; NaN when unknown.

    Args:
        row: Row of a table.
        carrier: ``ion`` or ``electron``.
    """
    errors = [_error(row, carrier, direction) for direction in "xyz"]
    return max((error for error in errors if not math.isnan(error)), default=math.nan)


def _error(row: Mapping[str, Entry], carrier: str, direction: str) -> float:
    """Relative error by the mesh: half the width of the bracket, else the estimate."""
    low, high = (
        _number(row.get(f"sigma_{carrier}_{direction}{direction}_{side} [S/m]"))
        for side in ("lower", "upper")
    )
    if low > 0.0:
        return (high - low) / (high + low)
    return _number(row.get(f"relative_error_{carrier}_{direction} [-]"))


def _number(entry: Entry) -> float:
    return float(entry) if isinstance(entry, int | float) else math.nan
