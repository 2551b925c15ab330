"""What the tables of statistics say: sentences, and tables in the units of people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cellion.export.formatting import CONDUCTIVITY, digits, key_label, percent
from cellion.export.report.entries import number, varied_cells, varied_head, whole
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.subject import Row, Subject

__all__ = ["box_answer", "sampled_answer", "statistics_tables"]

_ANSWER = re.compile(r"(sigma|tortuosity_factor)_(ion|electron)_mean \[.*\]")
_NAMES = {"sigma": "σ_eff of {0}s", "tortuosity_factor": "τ of {0}s"}
_COLUMN = re.compile(r"(?P<answer>(?:sigma|tortuosity_factor)_\w+ \[[^\]]*\]) (?P<part>\w+)")
_QUANTILES = ("q05", "q25", "q50", "q75", "q95")


def _answer(header: object) -> tuple[str, str, float] | None:
    """Name, unit and factor of a mean answer; None for single directions."""
    match = _ANSWER.fullmatch(str(header))
    if match is None:
        return None
    name = _NAMES[match[1]].format(match[2])
    return (name, "mS/cm", CONDUCTIVITY) if match[1] == "sigma" else (name, "-", 1.0)


def _number(row: Row, key: str, factor: float = 1.0) -> float | None:
    value = row.get(key)
    return factor * float(value) if isinstance(value, int | float) else None


def sampled_answer(subject: Subject) -> list[str]:
    """What samples say: the distribution of each conductivity, and what it comes from."""
    told = []
    for row in subject.statistics.get("quantiles.csv", ()):
        found = _answer(row.get("answer"))
        if found and found[1] == "mS/cm":
            low, mid, high = (digits(_number(row, key, found[2])) for key in ("q05", "q50", "q95"))
            told.append(
                f"Over {row['runs']} sampled runs {found[0]} has the median {mid} mS/cm; 90 % of "
                f"the runs lie between {low} and {high} mS/cm."
            )
    for row in subject.statistics.get("sobol_indices.csv", ()):
        found = _answer(row.get("answer"))
        if found and found[1] == "mS/cm" and (_number(row, "total") or 0.0) > 0.5:
            told.append(
                f"{percent(_number(row, 'total'), 2)} of the variance of {found[0]} goes with the "
                f"{key_label(str(row['key']), subject.scenario)}."
            )
    return told or [f"{len(subject.answered)} sampled runs have an answer; see the diagrams."]


def box_answer(subject: Subject) -> list[str]:
    """Which box gives the wanted error, where boxes of several sizes were run."""
    told: list[str] = []
    for row in subject.statistics.get("representative_volume.csv", ()):
        found = _answer(row.get("answer"))
        if found and found[1] == "mS/cm":
            edge = digits(_number(row, "recommended_edge [m]", 1e6))
            error = percent(_number(row, "wanted_error"), 2)
            told.append(f"An error of {error} of {found[0]} takes one box with edges of {edge} µm.")
    return list(dict.fromkeys(told))


def statistics_tables(subject: Subject) -> list[Table]:
    """The tables of statistics that the folder holds."""
    found = subject.statistics
    makers = {
        "replicates.csv": _replicates,
        "quantiles.csv": _quantiles,
        "sobol_indices.csv": _sobol,
        "representative_volume.csv": _boxes,
    }
    made = [make(found[name], subject) for name, make in makers.items() if found.get(name)]
    return [table for table in made if table.rows]


def _varied(rows: Sequence[Row], subject: Subject) -> tuple[list[str], list[Head]]:
    """Headers of varied values in a table of statistics, and their heads."""
    columns = [column for column in subject.columns if column.header in rows[0]]
    heads = [varied_head(column) for column in columns]
    return [column.header for column in columns], heads


def _shown(value: float | None) -> Cell:
    return number(value, 3)


def _replicates(rows: Sequence[Row], subject: Subject) -> Table:
    headers, heads = _varied(rows, subject)
    answers = [
        (match["answer"], named)
        for header in rows[0]
        if (match := _COLUMN.fullmatch(header)) and match["part"] == "mean"
        if (named := _answer(match["answer"]))
    ]
    heads = [*heads, Head(text="runs")]
    for _, (name, unit, _) in answers:
        heads += [Head(text=name, unit=unit), Head(text="std", unit=unit)]
        heads.append(Head(text="95 % interval of the mean", unit=unit))
    made = []
    for row in rows:
        cells = [*varied_cells(row, headers), whole(_number(row, "runs"))]
        for answer, (_, _, factor) in answers:
            parts = (f"{answer} {p}" for p in ("mean", "std", "ci95_low", "ci95_high"))
            mean, std, low, high = (_number(row, part, factor) for part in parts)
            interval = "–" if low is None else f"{digits(low)} to {digits(high)}"
            cells += [_shown(mean), number(std, 2), Cell(text=interval, sort=low)]
        made.append(cells)
    note = (
        "std: sample standard deviation. The interval is Student's; with few realisations it is "
        "wide and may pass 0. Realisations that do not percolate count as σ = 0 and have no τ."
    )
    return Table(caption="Spread over realisations", heads=heads, rows=made, note=note)


def _quantiles(rows: Sequence[Row], subject: Subject) -> Table:
    headers, heads = _varied(rows, subject)
    heads = [Head(text="answer", number=False), *heads, Head(text="runs")]
    heads += [Head(text="mean"), Head(text="std")]
    heads += [Head(text=f"{int(key[1:])} %") for key in _QUANTILES]
    made = []
    for row in rows:
        found = _answer(row.get("answer"))
        if found:
            name, unit, factor = found
            numbers = [_number(row, key, factor) for key in ("mean", "std", *_QUANTILES)]
            first = [Cell(text=f"{name} [{unit}]"), *varied_cells(row, headers)]
            made.append([*first, whole(_number(row, "runs")), *map(_shown, numbers)])
    note = "Values below which that share of the runs lies."
    return Table(caption="Distribution over the samples", heads=heads, rows=made, note=note)


def _sobol(rows: Sequence[Row], subject: Subject) -> Table:
    heads = [Head(text="answer", number=False), Head(text="key", number=False)]
    heads += [Head(text="first order"), Head(text="total"), Head(text="points")]
    made = []
    for row in rows:
        found = _answer(row.get("answer"))
        if found:
            pairs = [
                (_number(row, key), _number(row, f"{key}_error"))
                for key in ("first_order", "total")
            ]
            cells = [
                Cell(text=f"{digits(v, 2)} ± {digits(error, 1)}", sort=v) for v, error in pairs
            ]
            key = Cell(text=key_label(str(row["key"]), subject.scenario))
            made.append([Cell(text=found[0]), key, *cells, whole(_number(row, "points"))])
    note = (
        "Sobol indices: share of the variance that a key brings alone (first order), and with all "
        "its interactions (total); half width of the 95 % interval by resampling."
    )
    return Table(caption="Which input matters", heads=heads, rows=made, note=note)


def _boxes(rows: Sequence[Row], subject: Subject) -> Table:
    plane = any(len(run.box) == 2 for run in subject.runs)
    unit, factor = ("µm²", 1e12) if plane else ("µm³", 1e18)
    heads = [Head(text="answer", number=False), Head(text="box", unit=unit), Head(text="runs")]
    heads += [Head(text="mean"), Head(text="relative variance", unit="-")]
    heads += [Head(text="runs needed"), Head(text="one box instead, edge", unit="µm")]
    made, wanted = [], 0.0
    for row in rows:
        found = _answer(row.get("answer"))
        if found:
            wanted = _number(row, "wanted_error") or 0.0
            cells = [_shown(_number(row, "volume", factor)), whole(_number(row, "runs"))]
            cells += [_shown(_number(row, "mean", found[2]))]
            cells += [number(_number(row, "relative_variance"), 2)]
            cells += [whole(_number(row, "realisations_needed"))]
            cells += [_shown(_number(row, "recommended_edge [m]", 1e6))]
            made.append([Cell(text=f"{found[0]} [{found[1]}]"), *cells])
    note = (
        f"For an error of {percent(wanted, 2)} at 95 % confidence, by the law of Kanit et al. "
        "(2003): the variance falls as one over the volume."
    )
    return Table(caption="How large a box has to be", heads=heads, rows=made, note=note)
