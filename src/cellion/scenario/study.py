"""The ``study`` section: the same scenario with other values."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cellion.quantities import describe
from cellion.scenario.faults import FaultsError
from cellion.scenario.paths import KeyPath, format_path, parse_path
from cellion.scenario.values import Section, Whole, fail

__all__ = ["StudySpec"]

_FIXED = ("study", "name", "description", "output")
_MOST_RUNS = 10_000


def _variations(value: Any) -> dict[str, tuple[Any, ...]]:
    """Read the varied key paths and their values; the values themselves are checked by building."""
    if not isinstance(value, dict) or not value:
        raise fail(
            f"found {describe(value)}; a mapping from key paths to lists of values is needed, for "
            "example {temperature: [273 K, 298 K, 323 K]}"
        )
    faults: list[tuple[KeyPath, str]] = []
    seen: list[KeyPath] = []
    for key, values in value.items():
        try:
            path = parse_path(key) if isinstance(key, str) else (str(key),)
        except ValueError as error:
            faults.append(((), str(error)))
            continue
        faults += [((key,), message) for message in (*_path_faults(path, seen), *_bad(values))]
        seen.append(path)
    if faults:
        raise FaultsError(*faults)
    return {key: tuple(values) for key, values in value.items()}


def _path_faults(path: KeyPath, seen: list[KeyPath]) -> list[str]:
    """Say why a key path cannot be varied, given those before it."""
    messages = []
    if path[0] in _FIXED:
        messages.append(f"'{path[0]}' cannot be varied; choose a key that changes the answer")
    for other in seen:
        shorter = min(len(path), len(other))
        if path[:shorter] == other[:shorter]:
            messages.append(f"it overlaps with '{format_path(other)}'; vary one of the two")
    return messages


def _bad(values: Any) -> list[str]:
    """Say what is wrong with the list of values of one key."""
    if not isinstance(values, list | tuple) or not values:
        return [f"found {describe(values)}; a list of at least one value is needed"]
    repeated = [v for i, v in enumerate(values) if v in values[:i]]
    return [f"found {describe(repeated[0])} twice; once is enough"] if repeated else []


class StudySpec(Section):
    """A grid of values, every combination of them a run.

    Attributes:
        vary: Dotted key path to the values it takes, as the user wrote them.
        replicates: Runs per combination, with the seeds seed, seed + 1, ...
    """

    vary: Annotated[
        dict[str, tuple[Any, ...]],
        BeforeValidator(_variations),
        WithJsonSchema(
            {
                "type": "object",
                "title": "a mapping from key paths to lists of values",
                "additionalProperties": {"type": "array", "minItems": 1},
                "minProperties": 1,
                "examples": [{"temperature": ["273 K", "298 K"]}],
            }
        ),
    ] = Field(
        description="Values for each varied key, by its path, for example "
        "`microstructure.packing.particles[0].volume_fraction: [0.4, 0.5, 0.6]`. All combinations "
        "are run."
    )
    replicates: Whole = Field(
        default=1,
        description="Runs per combination with consecutive seeds, for random microstructures.",
    )

    @model_validator(mode="after")
    def _affordable(self) -> StudySpec:
        """Check the number of runs, and that the seed is counted up only once."""
        runs = self.replicates * math.prod(len(values) for values in self.vary.values())
        if runs > _MOST_RUNS:
            raise fail(
                f"found {runs} runs (all combinations, times replicates); at most {_MOST_RUNS} are "
                "possible",
                "vary",
            )
        seeds = [key for key in self.vary if parse_path(key)[-1] == "seed"]
        if seeds and self.replicates > 1:
            raise fail(
                f"found {self.replicates}, but '{seeds[0]}' is varied too; replicates count up the "
                "seed, use one of the two",
                "replicates",
            )
        return self
