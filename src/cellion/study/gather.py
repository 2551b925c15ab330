"""What belongs to a whole study: its tables, its statistics, its plot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from cellion.export.collection import COLLECTION_FILES, FIELDS_FILE, Member, write_collection
from cellion.export.columns import independent, value_columns
from cellion.export.dictionary import write_dictionary, write_parquet
from cellion.export.estimate import spread
from cellion.export.groups import answered_points, entries_of
from cellion.export.series import arrange, sampled_columns
from cellion.export.tables import Entry, table_columns, table_row, write_table
from cellion.results.files import REPORT_FILE, replacing
from cellion.results.outcome import Failure
from cellion.results.record import RunResult
from cellion.results.study import StudyRecord
from cellion.scenario.scenario import Scenario
from cellion.scenario.study import SampleSpec
from cellion.study.representative import RepresentativeVolume, representative_volume
from cellion.study.result import NOTES_FILE, TABLE_FILE
from cellion.study.statistics import QUANTILES, quantiles, sobol_indices

__all__ = ["STUDY_FILES", "Answers", "write_study"]

PARQUET_FILE = "table.parquet"
DICTIONARY_FILE = "dictionary.csv"
REPLICATES_FILE = "replicates.csv"
QUANTILES_FILE = "quantiles.csv"
INDICES_FILE = "sobol_indices.csv"
BOXES_FILE = "representative_volume.csv"
PLOT_FILES = ("conductivity.png", "conductivity.svg")
CELL_PLOT_FILES = ("resistance.png", "resistance.svg")
STUDY_FILES = (
    *(TABLE_FILE, PARQUET_FILE, DICTIONARY_FILE, NOTES_FILE),
    *(REPLICATES_FILE, QUANTILES_FILE, INDICES_FILE, BOXES_FILE),
    *(*PLOT_FILES, *CELL_PLOT_FILES, "arrhenius_*", "curves.png", "curves.svg"),
    *(*COLLECTION_FILES, REPORT_FILE),
)
"""Files of a whole study, the mark of completeness first, removed before it is run again.

Earlier versions wrote the last two plots.
"""

_ERROR = 0.02
"""Relative error that a box is recommended for, unless the study names another [-]."""

type Row = dict[str, Entry]


class Answers:
    """The points of a study with what they came to, as rows and as groups."""

    def __init__(
        self,
        scenario: Scenario,
        record: StudyRecord,
        found: Mapping[str, RunResult | Failure],
        folder: Path,
    ) -> None:
        """Put points and answers together.

        Args:
            scenario: The scenario of the study.
            record: Its points.
            found: What they came to, by name.
            folder: The folder of the study.
        """
        self.scenario, self.record, self.found = scenario, record, found
        self.columns = value_columns([point.values for point in record.points], record.scenario)
        self.answered = answered_points(record.points, found, folder, self.columns)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """One row per point; those without an answer have the reason."""
        rows: list[Row] = []
        for point in self.record.points:
            extra: Row = {"point": point.name, "realisation": point.realisation}
            extra |= {} if point.sample is None else {"sample": point.sample}
            extra |= entries_of(point, self.columns)
            match self.found.get(point.name):
                case RunResult() as result:
                    rows.append(table_row(result, extra))
                case Failure(reason=reason):
                    rows.append({"name": self.scenario.name, **extra, "failure": reason})
                case None:
                    lost = {"failure": "nobody has tried it"}
                    rows.append({"name": self.scenario.name, **extra, **lost})
        return rows

    @cached_property
    def carriers(self) -> list[str]:
        """Carriers that some run has an effective conductivity of."""
        return list(dict.fromkeys(name for a in self.answered for name in a.result.carriers))

    @cached_property
    def quantities(self) -> Sequence[str]:
        """Headers of the answers that statistics are made of."""
        known = {header for row in self.rows for header, entry in row.items() if entry is not None}
        return [
            header
            for name in self.carriers
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
    notes = _write_answers(answers, rows, folder) if answers.answered else []
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
    _plot(answers, folder)
    _collect(answers, folder)
    return said + _sweeps(answers, folder)


def _collect(answers: Answers, folder: Path) -> None:
    """Write the fields of the points as one collection.

    Its axis is the one studied value that tells the points apart, if it is a number, and else the
    number of the point.
    """
    places = {point.name: float(i) for i, point in enumerate(answers.record.points)}
    points = [each for each in answers.answered if (each.folder / FIELDS_FILE).is_file()]
    rows = [each.entries for each in points]
    telling = independent(rows, [column.header for column in answers.columns])
    axis = "point"
    if len(telling) == 1:
        numbers = [float(v) for row in rows if isinstance(v := row[telling[0]], int | float)]
        if len(set(numbers)) == len(points):
            axis = telling[0]
            places = dict(zip((each.name for each in points), numbers, strict=True))
    members = [
        Member(folder=each.name, place=places[each.name], values=each.entries) for each in points
    ]
    write_collection(folder, axis, members)


def _sweeps(answers: Answers, folder: Path) -> list[str]:
    """Write conductivities over temperature, a sweep for each combination of the other values."""
    from cellion.export.sweep import plot_sweeps, sweep_rows, sweeps  # loads Matplotlib

    said = []
    for carrier in answers.carriers:
        found = sweeps(answers.answered, answers.columns, carrier)
        if found:
            rows = [row for each in found for row in sweep_rows(each, answers.scenario.name)]
            write_table(rows, folder / f"arrhenius_{carrier}.csv")
            for name in (f"arrhenius_{carrier}.png", f"arrhenius_{carrier}.svg"):
                plot_sweeps(found, folder / name)
            said += [each.summary for each in found]
    return said


def _plot(answers: Answers, folder: Path) -> None:
    """Plot the conductivities of mixtures, and the resistances of cells."""
    study = answers.scenario.study
    in_cell = [a for a in answers.answered if (c := a.result.cell) is not None and c.connects]
    conducted = [
        a for a in answers.answered if any(c.conducting for c in a.result.carriers.values())
    ]
    sampled = sampled_columns(conducted, answers.columns) if study and study.sample else []
    for name in PLOT_FILES if conducted else ():
        from cellion.export import plots  # loads Matplotlib

        if sampled:
            plots.plot_samples(conducted, sampled, folder / name)
        else:
            plots.plot_series(arrange(conducted, answers.columns), folder / name)
    for name in CELL_PLOT_FILES if in_cell else ():
        from cellion.export.cell_plots import plot_cells

        plot_cells(arrange(in_cell, answers.columns), folder / name)


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
    for row in rows:
        groups.setdefault(tuple(row[header] for header in headers), []).append(row)
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
    boxes: dict[Entry, tuple[float, ...]] = {a.name: a.result.box for a in answers.answered}
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
