"""What belongs to a whole study: its tables, its statistics, its plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cellion.export.collection import COLLECTION_FILES, FIELDS_FILE, Member, write_collection
from cellion.export.columns import Column, value_columns
from cellion.export.dictionary import write_dictionary, write_parquet
from cellion.export.tables import Entry, table_columns, table_row, write_table
from cellion.export.varied import independent
from cellion.results.files import REPORT_FILE, replacing
from cellion.results.record import RunResult
from cellion.scenario.scenario import Scenario
from cellion.scenario.study import SampleSpec
from cellion.study.plan import Point
from cellion.study.representative import RepresentativeVolume, representative_volume
from cellion.study.result import NOTES_FILE, TABLE_FILE
from cellion.study.statistics import QUANTILES, quantiles, sobol_indices, spread

__all__ = ["STUDY_FILES", "Answers", "write_study"]

PARQUET_FILE = "table.parquet"
DICTIONARY_FILE = "dictionary.csv"
REPLICATES_FILE = "replicates.csv"
QUANTILES_FILE = "quantiles.csv"
INDICES_FILE = "sobol_indices.csv"
BOXES_FILE = "representative_volume.csv"
PLOT_FILES = ("conductivity.png", "conductivity.svg")
CURVE_FILES = ("curves.png", "curves.svg")
CELL_PLOT_FILES = ("resistance.png", "resistance.svg")
STUDY_FILES = (
    *(TABLE_FILE, PARQUET_FILE, DICTIONARY_FILE, NOTES_FILE),
    *(REPLICATES_FILE, QUANTILES_FILE, INDICES_FILE, BOXES_FILE),
    *(*PLOT_FILES, *CURVE_FILES, *CELL_PLOT_FILES, "arrhenius_*"),
    *(*COLLECTION_FILES, REPORT_FILE),
)
"""Files of a whole study, the mark of completeness first, removed before it is run again."""

_ONE_COMPOSITION = 0.02
"""Difference of volume fractions below which runs have one composition [-]."""

_ERROR = 0.02
"""Relative error that a box is recommended for, unless the study names another [-]."""

type Row = dict[str, Entry]


class Answers:
    """The points of a study with what they came to, as rows and as groups."""

    def __init__(
        self,
        scenario: Scenario,
        points: Sequence[Point],
        results: Mapping[int, RunResult],
        failures: Mapping[int, str],
    ) -> None:
        """Put points and answers together.

        Args:
            scenario: The scenario of the study.
            points: Its points.
            results: Answers by index of the point.
            failures: Reason by index of the point.
        """
        self.scenario, self.points = scenario, points
        self.results, self.failures = results, failures
        self.columns: list[Column] = value_columns([point.all_values for point in points])
        self._varied: dict[int, Row] = {}

    def varied(self, point: Point) -> Row:
        """The varied values of a point."""
        if point.index not in self._varied:
            values = point.all_values
            self._varied[point.index] = {c.header: c.entry(values[c.key]) for c in self.columns}
        return self._varied[point.index]

    @cached_property
    def rows(self) -> Sequence[Row]:
        """One row per point; those without an answer have the reason."""
        rows: list[Row] = []
        for point in self.points:
            extra: Row = {"point": point.name, "realisation": point.replicate + 1}
            extra |= {} if point.row is None else {"sample": point.row}
            extra |= self.varied(point)
            if point.index in self.results:
                rows.append(table_row(self.results[point.index], extra))
            else:
                name, reason = self.scenario.name, self.failures[point.index]
                rows.append({"name": name, **extra, "failure": reason})
        return rows

    @cached_property
    def quantities(self) -> Sequence[str]:
        """Headers of the answers that statistics are made of."""
        carriers = dict.fromkeys(name for r in self.results.values() for name in r.carriers)
        known = {header for row in self.rows for header, entry in row.items() if entry is not None}
        return [
            header
            for name in carriers
            for header in (
                f"sigma_{name}_mean [S/m]",
                *(f"sigma_{name}_{d}{d} [S/m]" for d in "xyz"),
                f"tortuosity_factor_{name}_mean [-]",
            )
            if header in known
        ]


def write_study(answers: Answers, folder: Path) -> None:
    """Write the files of the whole study, the answers in ``table.csv`` before all others.

    Args:
        answers: Its points and what they came to.
        folder: The folder of the study.

    Raises:
        ResultsError: A file cannot be written.
    """
    rows = answers.rows
    write_table(rows, folder / TABLE_FILE)
    write_dictionary(table_columns(rows), folder / DICTIONARY_FILE)
    write_parquet(rows, folder / PARQUET_FILE)
    notes = _write_answers(answers, rows, folder) if answers.results else []
    if notes:
        with replacing(folder / NOTES_FILE) as partial:
            partial.write_text("".join(f"{note}\n" for note in notes), encoding="utf-8")


def _write_answers(answers: Answers, rows: Sequence[Row], folder: Path) -> list[str]:
    """Write statistics and plots; return what is worth telling, in words."""
    said: list[str] = []
    study = answers.scenario.study
    if study is None:
        return said
    if study.replicates > 1:
        write_table(_replicates(answers, rows), folder / REPLICATES_FILE)
        said += _boxes(answers, rows, study.error or _ERROR, folder)
    if study.sample is not None:
        write_table(_quantiles(answers, rows, study.sample), folder / QUANTILES_FILE)
        if study.sample.method == "saltelli":
            said += _sensitivities(answers, rows, study.sample, folder)
    _plot(answers, rows, folder)
    _collect(answers, folder)
    return said + _sweeps(answers, folder)


def _collect(answers: Answers, folder: Path) -> None:
    """Write the fields of the points as one collection.

    Its axis is the one studied value that tells the points apart, if it is a number, and else the
    number of the point.
    """
    points = [answers.points[index] for index in sorted(answers.results)]
    points = [point for point in points if (folder / point.name / FIELDS_FILE).is_file()]
    rows = [answers.varied(point) for point in points]
    axis, places = "point", [float(point.index) for point in points]
    telling = independent(rows, [column.header for column in answers.columns])
    if len(telling) == 1:
        numbers = [float(v) for row in rows if isinstance(v := row[telling[0]], int | float)]
        if len(set(numbers)) == len(points):
            axis, places = telling[0], numbers
    members = [
        Member(folder=point.name, place=place, values=row)
        for point, place, row in zip(points, places, rows, strict=True)
    ]
    write_collection(folder, axis, members)


def _sweeps(answers: Answers, folder: Path) -> list[str]:
    """Write grains and boundaries apart, for polycrystals over temperature."""
    from cellion.export.sweep import plot_sweep, sweep_of, sweep_rows  # loads Matplotlib

    said = []
    runs = list(answers.results.values())
    for carrier in dict.fromkeys(name for run in runs for name in run.carriers):
        found = sweep_of(runs, carrier)
        if found is not None:
            rows = sweep_rows(found, answers.scenario.name)
            write_table(rows, folder / f"arrhenius_{carrier}.csv")
            plot_sweep(found, folder / f"arrhenius_{carrier}.png")
            said.append(found.summary)
    return said


def _plot(answers: Answers, rows: Sequence[Row], folder: Path) -> None:
    """Plot the conductivities of mixtures, and the resistances of cells."""
    in_cell = [run for run in answers.results.values() if run.cell is not None]
    others = [run for run in answers.results.values() if run.cell is None]
    over_a_number = _plot_curves(answers, rows, folder, alone=_one_mixture(others))
    if others and not over_a_number:
        from cellion.export.plots import plot_series  # loads Matplotlib

        for name in PLOT_FILES:
            plot_series(others, folder / name)
    if any(run.cell is not None and run.cell.connects for run in in_cell):
        from cellion.export.cell_plots import plot_cells

        for name in CELL_PLOT_FILES:
            plot_cells(in_cell, folder / name)


def _one_mixture(runs: Sequence[RunResult]) -> bool:
    """Whether runs have one composition and temperature, over which there is nothing to plot."""
    meshed = [[run.volume_fraction[m].meshed or 0.0 for m in run.materials] for run in runs]
    return (
        len({run.temperature for run in runs}) == 1
        and len({run.materials for run in runs}) == 1
        and all(max(each) - min(each) < _ONE_COMPOSITION for each in zip(*meshed, strict=True))
    )


def _plot_curves(answers: Answers, rows: Sequence[Row], folder: Path, *, alone: bool) -> bool:
    """Plot the conductivity over the first varied number, where two or more are varied.

    Args:
        answers: The points and what they came to.
        rows: Their rows.
        folder: The folder of the study.
        alone: Whether this is the only plot that makes sense, also of a single number.

    Returns:
        Whether it has taken the place of the plot over composition.
    """
    varied = [column.header for column in answers.columns]
    numbers = [column.header for column in answers.columns if column.unit is not None]
    study = answers.scenario.study
    sampled = study is not None and study.sample is not None
    if not numbers or not answers.quantities or sampled:
        return False
    from cellion.export.curves import plot_curves  # loads Matplotlib

    answered = [row for row in rows if "failure" not in row]
    several = bool(independent(answered, varied, numbers[0]))
    for name in (*CURVE_FILES[: None if several else 0], *PLOT_FILES[: None if alone else 0]):
        plot_curves(answered, varied, folder / name)
    return alone


def _numbers(rows: Sequence[Row], header: str) -> list[float]:
    """Entries of a column as numbers, NaN where there is none."""
    found = [row.get(header) for row in rows]
    return [float(v) if isinstance(v, int | float) else math.nan for v in found]


def _grouped(
    answers: Answers, rows: Sequence[Row], *, without: Sequence[str] = ()
) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the rows that share their varied values, those ``without`` left aside."""
    headers = [c.header for c in answers.columns if c.key not in without]
    groups: dict[tuple[Entry, ...], list[Row]] = {}
    for point, row in zip(answers.points, rows, strict=True):
        varied = answers.varied(point)
        groups.setdefault(tuple(varied[header] for header in headers), []).append(row)
    for values, members in groups.items():
        yield dict(zip(headers, values, strict=True)), members


def _replicates(answers: Answers, rows: Sequence[Row]) -> list[Row]:
    """Mean, deviation and confidence interval of each combination."""
    found: list[Row] = []
    for varied, members in _grouped(answers, rows):
        row: Row = {"name": answers.scenario.name, **varied}
        row["runs"] = sum("failure" not in member for member in members)
        for header in answers.quantities:
            each = spread(_numbers(members, header))
            row |= {
                f"{header} mean": each.mean,
                f"{header} std": each.deviation,
                f"{header} ci95_low": each.low,
                f"{header} ci95_high": each.high,
            }
        found.append({k: None if v != v else v for k, v in row.items()})
    return found


def _quantiles(answers: Answers, rows: Sequence[Row], sample: SampleSpec) -> list[Row]:
    """Distribution of each answer over the samples, one row per answer.

    Of a ``saltelli`` design only the two independent samples count: the others repeat their values.
    """
    counted = sample.points * (2 if sample.method == "saltelli" else 1)
    found: list[Row] = []
    keys = [*sample.values, *(answers.scenario.study.derive if answers.scenario.study else ())]
    for varied, members in _grouped(answers, rows, without=keys):
        own = [row for row in members if int(row.get("sample") or 0) < counted]
        for header in answers.quantities:
            values = _numbers(own, header)
            each = spread(values)
            row: Row = {"name": answers.scenario.name, **varied, "answer": header}
            row |= {"runs": each.count, "mean": each.mean, "std": each.deviation}
            shares = zip(QUANTILES, quantiles(values), strict=True)
            found.append(row | {f"q{100 * p:02.0f}": value for p, value in shares})
    return found


def _sensitivities(
    answers: Answers, rows: Sequence[Row], sample: SampleSpec, folder: Path
) -> list[str]:
    """Write the Sobol indices and say the largest."""
    found: list[Row] = []
    said: list[str] = []
    keys = [*sample.values, *(answers.scenario.study.derive if answers.scenario.study else ())]
    for varied, members in _grouped(answers, rows, without=keys):
        for header in answers.quantities:
            in_order = sorted(members, key=lambda row: (row["realisation"], row["sample"]))
            indices = sobol_indices(_numbers(in_order[: sample.runs], header), len(sample.values))
            if indices is None:
                continue
            for i, key in enumerate(sample.values):
                found.append(
                    {"name": answers.scenario.name, **varied, "answer": header, "key": key}
                    | {"first_order": float(indices.first[i]), "total": float(indices.total[i])}
                    | {"first_order_error": float(indices.first_error[i])}
                    | {"total_error": float(indices.total_error[i]), "points": indices.count}
                )
            if "_mean" in header and header.startswith("sigma"):
                share = zip(sample.values, indices.total, strict=True)
                largest = sorted(share, key=lambda pair: -pair[1])[:3]
                named = ", ".join(f"{key} {100 * total:.0f} %" for key, total in largest)
                said.append(f"share of the variance of {header.partition(' ')[0]}: {named}")
    if found:
        write_table(found, folder / INDICES_FILE)
    return said


def _boxes(answers: Answers, rows: Sequence[Row], error: float, folder: Path) -> list[str]:
    """Recommend a box size, where the size of the box is varied."""
    boxes = {
        row["point"]: answers.results[i].box for i, row in enumerate(rows) if i in answers.results
    }
    if len({math.prod(box) for box in boxes.values()}) < 2:
        return []
    found: list[Row] = []
    said: list[str] = []
    keys = [c.key for c in answers.columns if c.key.endswith(".box") or ".box[" in c.key]
    study = answers.scenario.study
    for varied, members in _grouped(
        answers, rows, without=[*keys, *(study.derive if study else ())]
    ):
        for header in (name for name in answers.quantities if name.startswith("sigma")):
            by_volume: dict[float, list[float]] = {}
            for row, value in zip(members, _numbers(members, header), strict=True):
                if row["point"] in boxes:
                    volume = float(f"{math.prod(boxes[row['point']]):.9g}")
                    by_volume.setdefault(volume, []).append(value)
            dimension = len(next(iter(boxes.values())))
            law = representative_volume(by_volume, dimension=dimension, error=error)
            if law is None:
                continue
            found += [row | varied for row in _box_rows(law, header)]
            if "_mean" in header:
                said.append(_recommendation(law, header.partition(" ")[0], varied))
    if found:
        write_table([{"name": answers.scenario.name, **row} for row in found], folder / BOXES_FILE)
    return said


def _box_rows(law: RepresentativeVolume, header: str) -> Iterator[Row]:
    for size in law.sizes:
        yield {
            "answer": header,
            "volume": size.volume,
            "runs": size.count,
            "mean": size.mean,
            "ci95_low": size.low,
            "ci95_high": size.high,
            "relative_variance": size.variance,
            "realisations_needed": size.needed,
            "wanted_error": law.error,
            "recommended_edge [m]": law.edge,
            "variance_exponent": law.exponent,
        }


def _recommendation(law: RepresentativeVolume, name: str, varied: Row) -> str:
    largest = law.sizes[-1]
    where = "".join(f", {key} = {value}" for key, value in varied.items())
    drift = "; the mean drifts with the size: small boxes are biased" if law.drifts else ""
    return (
        f"{name}{where}: for an error of {100 * law.error:.2g} % take one box with edges of "
        f"{1e6 * law.edge:.3g} um, or {largest.needed} realisations of the largest box here; the "
        f"variance falls with the volume to the power {law.exponent:.2f} (1 in theory){drift}"
    )
