"""The ``study`` section: the same scenario with other values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from cellion.quantities import describe
from cellion.scenario.faults import FaultsError
from cellion.scenario.paths import KeyPath, parse_path
from cellion.scenario.values import Section, Whole, fail

__all__ = ["StudySpec"]


def _variations(value: Any) -> dict[str, tuple[Any, ...]]:
    """Read the varied key paths and their values; the values themselves are checked by building."""
    if not isinstance(value, dict) or not value:
        raise fail(
            f"found {describe(value)}; a mapping from key paths to lists of values is needed, for "
            "example {temperature: [273 K, 298 K, 323 K]}"
        )
    faults: list[tuple[KeyPath, str]] = []
    for key, values in value.items():
        faults += [((key,), message) for message in _wrong(key, values)]
    if faults:
        raise FaultsError(*faults)
    return {key: tuple(values) for key, values in value.items()}


def _wrong(key: Any, values: Any) -> list[str]:
    """Say what is wrong with one entry of ``vary``."""
    messages: list[str] = []
    try:
        first = parse_path(str(key))[0]
    except ValueError as error:
        messages.append(str(error))
    else:
        if first in ("study", "name", "description", "output"):
            messages.append(f"'{first}' cannot be varied; choose a key that changes the answer")
    if not isinstance(values, list | tuple) or not values:
        messages.append(f"found {describe(values)}; a list of at least one value is needed")
    return messages


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
