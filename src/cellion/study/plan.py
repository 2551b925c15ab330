"""The points of a study: every combination of the varied values, every replicate of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cellion.errors import StudyError
from cellion.material.checks import check_study
from cellion.scenario.design import combinations, document_of
from cellion.scenario.edit import with_values
from cellion.scenario.faults import scenario_error
from cellion.scenario.scenario import Scenario

__all__ = ["Point", "plan"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run of a study.

    Attributes:
        index: Place in the study, from 0.
        values: Varied key path to the value it takes here, as the user wrote it.
        replicate: Number of the realisation, from 0.
        document: The plain scenario of this run, without its ``study`` section.
        derived: Key path to the value that follows from the others here.
        row: Number of the sample, from 0; None when nothing is sampled.
    """

    index: int
    values: Mapping[str, Any]
    replicate: int
    document: Mapping[str, Any]
    derived: Mapping[str, Any] = field(default_factory=dict)
    row: int | None = None

    @property
    def name(self) -> str:
        """Name of the folder of this run."""
        return f"point_{self.index:03d}"

    @property
    def all_values(self) -> dict[str, Any]:
        """The varied values and those that follow from them."""
        return {**self.values, **self.derived}

    @property
    def label(self) -> str:
        """The varied values in short, for progress lines."""
        parts = [f"{path.rsplit('.', 1)[-1]} = {value}" for path, value in self.values.items()]
        return ", ".join([*parts, f"realisation {self.replicate + 1}"])


def plan(scenario: Scenario) -> tuple[Point, ...]:
    """List the runs of a scenario's ``study`` section, replicates innermost.

    Args:
        scenario: A scenario with a ``study`` section.

    Returns:
        The points, in a fixed order; each document was checked when the scenario was loaded.

    Raises:
        StudyError: The scenario has no ``study`` section.
        MaterialError: The study varies an energy that a crystal family does not have.
    """
    if scenario.study is None:
        raise StudyError(
            f"scenario '{scenario.name}' has no 'study' section; add one, for example "
            "study: {vary: {temperature: [273 K, 298 K]}}, or use 'cellion run'"
        )
    check_study(scenario)
    return tuple(_points(scenario))


def _points(scenario: Scenario) -> Iterator[Point]:
    study = scenario.study
    if study is None:
        return
    document = scenario.source
    document.pop("study", None)
    seed = f"microstructure.{scenario.microstructure.kind}.seed"
    first = scenario.microstructure.seed
    index = 0
    for combination in combinations(study):
        plain, derived, faults = document_of(document, combination.values, study.derive)
        if faults:
            raise scenario_error(faults, source=scenario.name)
        for replicate in range(study.replicates):
            counted = first + replicate if replicate and first is not None else None
            yield Point(
                index=index,
                values=combination.values,
                replicate=replicate,
                document=plain if counted is None else with_values(plain, {seed: counted}),
                derived=derived,
                row=combination.row,
            )
            index += 1
