"""How far the answers can be trusted, and what made them."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from cellion.export.formatting import digits, duration, listed, memory, shortened
from cellion.export.report.model import Fact, Section
from cellion.export.report.solvers import solver_table, stage_table
from cellion.export.report.subject import Subject

__all__ = ["health", "provenance"]

_NUMBER = re.compile(r"\d[\d.]*")


def health(subject: Subject) -> Section:
    """How the solvers ended, and what the runs remark."""
    reports = [report for run in subject.runs for report in run.solver.values()]
    residuals = [value for each in reports for value in each.residual.values()]
    imbalances = [abs(value) for each in reports for value in each.flux_imbalance.values()]
    errors = [
        value
        for run in subject.runs
        for each in run.carriers.values()
        if not math.isnan(value := each.mean_error_estimate)
    ]
    told = [
        f"{name} {digits(max(values), 2)}"
        for name, values in (("residual", residuals), ("flux imbalance", imbalances))
        if values
    ]
    told += [f"estimated error of the mesh {digits(100 * max(errors), 2)} %"] if errors else []
    text = [f"Largest values of all runs: {listed(told)}."] if told else []
    made = [solver_table(subject), stage_table(subject)]
    notes = list(_notes(subject))
    title = "Solver health"
    return Section(name="health", title=title, text=text, tables=made, notes=notes)


def _notes(subject: Subject) -> Iterator[str]:
    """What the runs themselves remark; remarks that differ by numbers only are told once."""
    alike: dict[str, list[str]] = {}
    for run in subject.runs:
        for note in run.notes:
            alike.setdefault(_NUMBER.sub("#", note), []).append(note)
    for notes in alike.values():
        count = len(notes)
        if len(set(notes)) > 1:
            yield f"{notes[0]} (the first of {count} runs with such a remark)"
        else:
            yield notes[0] if count in (1, len(subject.runs)) else f"{notes[0]} (in {count} runs)"


def provenance(subject: Subject) -> Section:
    """Versions, seeds, times, and the scenario itself."""
    made = [run.provenance for run in subject.runs]
    facts = []
    if made:
        dates = sorted(each.date for each in made)
        span = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        versions = dict.fromkeys(
            f"{name} {version}" for each in made for name, version in each.versions.items()
        )
        known = dict.fromkeys(each.seed for each in made)
        seeds = [str(seed) for seed in known if seed is not None]
        revisions = [each.git_commit or "installed" for each in made]
        whole = sum(sum(each.wall_time.values()) for each in made)
        facts = [
            Fact(name="computed", value=span),
            Fact(name="versions", value=", ".join(versions)),
            Fact(name="source revision", value=_all_of(revisions)),
            Fact(name="seeds", value=shortened(seeds) if seeds else "nothing was random"),
            Fact(name="ranks", value=_all_of([str(each.ranks) for each in made])),
            Fact(name="Python", value=_all_of([f"{e.python}, {e.platform}" for e in made])),
            Fact(name="wall time of all runs", value=duration(whole)),
            Fact(name="largest memory", value=memory(max(each.peak_memory for each in made))),
        ]
    folded = [Fact(name="The resolved scenario", value=_yaml(subject.scenario))]
    title = "Provenance"
    return Section(name="provenance", title=title, facts=facts, folded=folded)


def _all_of(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _yaml(document: Mapping[str, Any]) -> str:
    stream = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False
    writer.dump(document, stream)
    return stream.getvalue()
