"""How the linear systems ended, and what the stages took, as tables."""

from __future__ import annotations

import math

from cellion.export.formatting import duration, memory
from cellion.export.report.entries import number, whole
from cellion.export.report.model import Cell, Head, Table
from cellion.export.report.subject import Subject

__all__ = ["LARGE_ERROR", "solver_table", "stage_table"]

LARGE_ERROR = 0.1
"""Relative errors above this are marked."""
_LARGE_RESIDUAL = 1e-6


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
            row = [Cell(text=each.name), Cell(text=name), whole(report.unknowns)]
            row.append(whole(max(report.iterations.values(), default=None)))
            row.append(number(residual, 2, "bad" if residual > _LARGE_RESIDUAL else ""))
            row.append(number(imbalance, 2, "bad" if imbalance > _LARGE_RESIDUAL else ""))
            row.append(number(100 * error, 2, "bad" if error > LARGE_ERROR else ""))
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
