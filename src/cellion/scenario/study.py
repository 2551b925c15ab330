"""The ``study`` section: the same scenario with other values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cellion.quantities import describe
from cellion.scenario.arithmetic import paths_of
from cellion.scenario.distributions import Distribution, distribution, range_values
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.paths import KeyPath, format_path, parse_path
from cellion.scenario.sections import Form, OneOf, Section, collected, fail
from cellion.scenario.values import Fraction, Seed, Whole

__all__ = ["SampleSpec", "StudySpec"]

_FIXED = ("study", "fit", "name", "description", "output")
_MOST_RUNS = 10_000


def _variations(value: Any) -> dict[str, tuple[Any, ...]]:
    """Read the varied key paths and their values; the values themselves are checked by building."""
    if not isinstance(value, dict) or not value:
        raise fail(
            f"found {describe(value)}; a mapping from key paths to lists of values is needed, for "
            "example {temperature: [273 K, 298 K, 323 K]}"
        )
    return dict(zip(value, collected(value.items(), _values), strict=True))


def _values(values: Any) -> tuple[Any, ...]:
    """Return the values of one key, given as a list or as a range."""
    if isinstance(values, dict):
        return tuple(range_values(values))
    if not isinstance(values, list | tuple) or not values:
        raise fail(
            f"found {describe(values)}; a list of at least one value is needed, or a range such as "
            "{from: 1 um, to: 5 um, steps: 5}"
        )
    repeated = [v for i, v in enumerate(values) if v in values[:i]]
    if repeated:
        raise fail(f"found {describe(repeated[0])} twice; once is enough")
    return tuple(values)


def _together(value: Any) -> dict[str, tuple[Any, ...]]:
    """Read lists that are walked together; a value may come again in them."""
    if not isinstance(value, dict) or len(value) < 2:
        raise fail(
            f"found {describe(value)}; a mapping from two or more key paths to lists of the same "
            "length is needed"
        )
    found: dict[str, tuple[Any, ...]] = {}
    for key, values in value.items():
        if isinstance(values, dict):
            found[key] = tuple(range_values(values))
        elif isinstance(values, list | tuple) and values:
            found[key] = tuple(values)
        else:
            raise fail(f"found {describe(values)}; a list of at least one value is needed", key)
    first, count = next((key, len(values)) for key, values in found.items())
    faults = [
        ((key,), f"found {len(values)} values, but '{first}' has {count}; they go in pairs")
        for key, values in found.items()
        if len(values) != count
    ]
    if faults:
        raise FaultsError(*faults)
    return found


def _distributions(value: Any) -> dict[str, Distribution]:
    """Read the distribution of each sampled key."""
    if not isinstance(value, dict) or not value:
        raise fail(
            f"found {describe(value)}; a mapping from key paths to distributions is needed, for "
            "example {mesh.size: {uniform: {from: 1 um, to: 2 um}}}"
        )
    return dict(zip(value, collected(value.items(), distribution), strict=True))


def _formulas(value: Any) -> dict[str, str]:
    """Read the formula of each derived key."""
    if not isinstance(value, dict) or not value:
        raise fail(f"found {describe(value)}; a mapping from key paths to formulas is needed")
    return dict(zip(value, collected(value.items(), _formula), strict=True))


def _formula(value: Any) -> str:
    """Read one formula."""
    if not isinstance(value, str):
        raise fail(f"found {describe(value)}; a formula in quotes is needed")
    try:
        paths_of(value)
    except ValueError as error:
        raise fail(str(error)) from None
    return value


class SampleSpec(Section):
    """Values drawn from distributions, the same number for every combination of the others."""

    method: Annotated[Literal["sobol", "latin_hypercube", "saltelli"], OneOf()] = Field(
        default="sobol",
        description="`sobol` or `latin_hypercube` fill the space evenly; `saltelli` is what Sobol "
        "indices need, with points * (keys + 2) runs.",
    )
    points: Whole = Field(
        description="Number of points; a power of two for `sobol` and `saltelli`."
    )
    seed: Seed = Field(description="Seed of the random numbers.")
    values: Annotated[
        dict[str, Distribution],
        Form(
            _distributions,
            type="object",
            title="a mapping from key paths to distributions",
            additionalProperties={"type": "object", "minProperties": 1, "maxProperties": 1},
            minProperties=1,
            examples=[{"mesh.size": {"uniform": {"from": "1 um", "to": "2 um"}}}],
        ),
    ] = Field(
        description="Distribution of each sampled key: `uniform: {from, to}`, `normal: {mean, "
        "deviation}`, `lognormal: {median, sigma}` (sigma of the logarithm), `triangular: {from, "
        "mode, to}`."
    )

    @model_validator(mode="after")
    def _balanced(self) -> SampleSpec:
        """Refuse numbers of points that leave a Sobol sequence unbalanced."""
        if self.method != "latin_hypercube" and self.points & (self.points - 1):
            lower = 1 << (self.points.bit_length() - 1)
            raise fail(
                f"found {self.points}; the method '{self.method}' needs a power of two, such as "
                f"{lower} or {2 * lower}",
                "points",
            )
        return self

    @property
    def runs(self) -> int:
        """Number of points that are drawn."""
        return self.points * (len(self.values) + 2 if self.method == "saltelli" else 1)


def _lists(title: str) -> WithJsonSchema:
    """Describe a mapping from key paths to lists or ranges."""
    return WithJsonSchema(
        {
            "type": "object",
            "title": title,
            "additionalProperties": {
                "anyOf": [
                    {"type": "array", "minItems": 1},
                    {"type": "object", "required": ["from", "to", "steps"]},
                ]
            },
            "minProperties": 1,
            "examples": [{"temperature": ["273 K", "298 K"]}],
        }
    )


class StudySpec(Section):
    """Runs of a study: a grid, lists that go together, samples, and replicates of each."""

    vary: Annotated[
        dict[str, tuple[Any, ...]],
        BeforeValidator(_variations),
        _lists("a mapping from key paths to lists of values"),
    ] = Field(
        default_factory=dict,
        description="Values for each varied key, by its path, for example "
        "`microstructure.packing.particles[0].volume_fraction: [0.4, 0.5, 0.6]`, or a range: "
        "`mesh.size: {from: 1 um, to: 4 um, steps: 3, scale: log}`. All combinations are run.",
    )
    zip: Annotated[
        dict[str, tuple[Any, ...]],
        BeforeValidator(_together),
        _lists("a mapping from key paths to lists of the same length"),
    ] = Field(
        default_factory=dict,
        description="The same for keys whose values go together: the first of each, the second of "
        "each, ...",
    )
    sample: SampleSpec | None = Field(
        default=None, description="Values drawn from distributions, for every combination."
    )
    derive: Annotated[
        dict[str, str],
        Form(
            _formulas,
            type="object",
            title="a mapping from key paths to formulas",
            additionalProperties={"type": "string"},
            examples=[{"mesh.surface_size": "0.5 * mesh.size"}],
        ),
    ] = Field(
        default_factory=dict,
        description="Keys that follow from others in every run, such as a remainder: `1 - a.b - "
        "c.d`; numbers, key paths, quantities in quotes, + - * / ** ( ), min, max, sqrt.",
    )
    replicates: Whole = Field(
        default=1,
        description="Runs per combination with consecutive seeds, for random microstructures.",
    )
    error: Fraction | None = Field(
        default=None,
        description="Relative error of the mean for which a box size is recommended, when the box "
        "is varied and there are replicates; 2 % if not given.",
    )

    @property
    def keys(self) -> dict[str, KeyPath]:
        """Where each varied key is written, in the order of the table."""
        return dict(self.written)

    @property
    def written(self) -> tuple[tuple[str, KeyPath], ...]:
        """Each varied key and where it is written, also where two sections vary the same."""
        sampled: Mapping[str, object] = {} if self.sample is None else self.sample.values
        return (
            *((key, ("study", "vary", key)) for key in self.vary),
            *((key, ("study", "zip", key)) for key in self.zip),
            *((key, ("study", "sample", "values", key)) for key in sampled),
        )

    @property
    def combinations(self) -> int:
        """Number of combinations of values."""
        together = next((len(values) for values in self.zip.values()), 1)
        sampled = 1 if self.sample is None else self.sample.runs
        return together * sampled * math.prod(len(values) for values in self.vary.values())

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.combinations * self.replicates

    @model_validator(mode="after")
    def _affordable(self) -> StudySpec:
        """Check the number of runs, and that the seed is counted up only once."""
        if not self.keys and self.replicates == 1:
            raise fail("nothing is varied; give one of vary, zip, sample, replicates")
        faults = _path_faults(self)
        if faults:
            raise FaultsError(*faults)
        if self.runs > _MOST_RUNS:
            raise fail(
                f"found {self.runs} runs (all combinations, times replicates); at most "
                f"{_MOST_RUNS} are possible",
                next(
                    name for name in ("vary", "zip", "sample", "replicates") if getattr(self, name)
                ),
            )
        seeds = [key for key in self.keys if parse_path(key)[-1] == "seed"]
        if seeds and self.replicates > 1:
            raise fail(
                f"found {self.replicates}, but '{seeds[0]}' is varied too; replicates count up the "
                "seed, use one of the two",
                "replicates",
            )
        return self


def _path_faults(study: StudySpec) -> Faults:
    """Say which key paths are none, cannot be varied, or overlap with others."""
    faults: Faults = []
    seen: list[KeyPath] = []
    places: list[tuple[str, KeyPath]] = [
        *study.written,
        *((key, ("study", "derive", key)) for key in study.derive),
    ]
    for key, at in places:
        try:
            path = parse_path(key) if isinstance(key, str) else (str(key),)
        except ValueError as error:
            faults.append((at[1:-1], str(error)))
            continue
        if path[0] in _FIXED:
            message = f"'{path[0]}' cannot be varied; choose a key that changes the answer"
            faults.append((at[1:], message))
        for other in seen:
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                message = f"it overlaps with '{format_path(other)}'; vary one of the two"
                faults.append((at[1:], message))
        seen.append(path)
    return faults
