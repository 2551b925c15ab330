"""The points of a study: every combination of the varied values, every replicate of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from cellion.errors import StudyError
from cellion.scenario.load import with_values
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
    """

    index: int
    values: Mapping[str, Any]
    replicate: int
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder of this run."""
        return f"point_{self.index:03d}"

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
    """
    if scenario.study is None:
        raise StudyError(
            f"scenario '{scenario.name}' has no 'study' section; add one, for example "
            "study: {vary: {temperature: [273 K, 298 K]}}, or use 'cellion run'"
        )
    return tuple(_points(scenario))


def _points(scenario: Scenario) -> Iterator[Point]:
    if scenario.study is None:
        return
    document = scenario.source
    study = document.pop("study", {})
    seed = scenario.microstructure.seed
    seed_path = f"microstructure.{scenario.microstructure.kind}.seed"
    paths = list(study["vary"])
    index = 0
    for combination in product(*(study["vary"][path] for path in paths)):
        values = dict(zip(paths, combination, strict=True))
        for replicate in range(scenario.study.replicates):
            changes = dict(values)
            if replicate and seed is not None and seed_path not in values:
                changes[seed_path] = seed + replicate
            yield Point(
                index=index,
                values=values,
                replicate=replicate,
                document=with_values(document, changes),
            )
            index += 1
