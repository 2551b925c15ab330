"""Orientations of grains as a scenario writes them: random, textured, or listed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from cellion.errors import nearest
from cellion.quantities import describe
from cellion.scenario.data_files import file_name
from cellion.scenario.faults import Faults
from cellion.scenario.sections import (
    Form,
    Section,
    fail,
    listed,
    not_empty,
    or_bare,
    without_default,
)
from cellion.scenario.values import AXES, angle

__all__ = ["ALIGNED", "FibreSpec", "OrientationsSpec"]

RANDOM = "random"
"""The word for orientations that are uniform on all rotations."""

ALIGNED = "aligned"
"""The word for crystal axes along x, y, z in every grain."""

_WORDS = (RANDOM, ALIGNED)
_FORMS = ("fibre", "euler", "quaternions", "file")
_EXAMPLE = f"'{RANDOM}', '{ALIGNED}', or a mapping such as {{fibre: {{axis: z, spread: 10}}}}"

type _Three = tuple[float, float, float]


def _numbers(what: str, count: int, limit: float) -> Any:
    """Return a reader of ``count`` plain numbers of size up to ``limit``."""

    def one(value: Any) -> float:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not abs(value) <= limit:
            raise fail(
                f"found {describe(value)}; a number between {-limit:g} and {limit:g}, "
                "without unit, is needed"
            )
        return float(value)

    def read(value: Any) -> tuple[float, ...]:
        entries = listed(value, what, one)
        if len(entries) != count:
            raise fail(f"found {len(entries)} numbers; {what} is needed")
        return tuple(entries)

    return read


def _direction(value: Any) -> tuple[float, ...]:
    """Read a direction: an axis by its letter, or three numbers."""
    if isinstance(value, str):
        if value not in AXES:
            raise fail(
                f"found {describe(value)}{nearest(value, AXES)}; x, y, z, or three numbers such "
                "as [1, 1, 0] are needed"
            )
        return tuple(float(axis == value) for axis in AXES)
    direction: tuple[float, ...] = _numbers("a direction of three numbers", 3, 1e6)(value)
    if not math.hypot(*direction) > 0.0:
        raise fail("found the direction [0, 0, 0]; one of the numbers must not be zero")
    return direction


def _quaternion(value: Any) -> tuple[float, ...]:
    """Read a unit quaternion [w, x, y, z]."""
    entries: tuple[float, ...] = _numbers("a quaternion [w, x, y, z]", 4, 1.001)(value)
    if not math.isclose(math.hypot(*entries), 1.0, abs_tol=1e-3):
        raise fail(
            f"found the length {math.hypot(*entries):.6g}; a quaternion of length 1 is "
            "needed, [w, x, y, z]"
        )
    return entries


def _one_for_each(title: str, example: list[list[float]]) -> Form:
    """Return the form of a list with numbers for each grain."""
    return Form(
        not_empty("orientation"),
        type="array",
        title=title,
        minItems=1,
        items={"type": "array", "items": {"type": "number"}},
        examples=[example],
    )


_Direction = Annotated[
    _Three,
    Form(
        _direction,
        title="x, y, z, or three numbers",
        anyOf=[{"enum": ["x", "y", "z"]}, {"type": "array", "items": {"type": "number"}}],
        examples=["z", [1, 1, 0]],
    ),
]
_Angles = Annotated[
    _Three, BeforeValidator(_numbers("angles [phi1, Phi, phi2] in degrees", 3, 720.0))
]
_Quaternion = Annotated[tuple[float, float, float, float], BeforeValidator(_quaternion)]


class FibreSpec(Section):
    """A fibre texture: one crystal direction lies along one direction of the sample."""

    axis: _Direction = Field(description="Direction of the sample: x, y, z, or three numbers.")
    crystal: _Direction = Field(
        default=(0.0, 0.0, 1.0),
        description="Direction of the crystal that lies along it; its z axis if not given.",
        json_schema_extra=without_default,
    )
    spread: Annotated[float, angle(10)] = Field(
        description="Standard deviation of the tilt about each of the two directions across the "
        "axis [degrees]."
    )


class OrientationsSpec(Section):
    """Orientations of the crystal axes of grains: a bare word, or one of the forms."""

    model_config = ConfigDict(
        json_schema_extra=or_bare({"enum": list(_WORDS), "examples": [RANDOM]}, "word")
    )

    word: Literal["random", "aligned"] | None = Field(
        default=None, description="Stands for the bare word.", exclude=True
    )
    fibre: FibreSpec | None = Field(
        default=None, description="A fibre texture: random about an axis."
    )
    euler: Annotated[
        tuple[_Angles, ...] | None,
        _one_for_each("a list of three angles each", [[0, 0, 0], [45, 30, 0]]),
    ] = Field(
        default=None,
        description="Bunge angles phi1, Phi, phi2 [degrees] of each grain: the crystal axes are "
        "reached from those of the sample by turning about z, the new x, and the new z.",
    )
    quaternions: Annotated[
        tuple[_Quaternion, ...] | None,
        _one_for_each("a list of four numbers each", [[1, 0, 0, 0]]),
    ] = Field(
        default=None,
        description="Unit quaternion [w, x, y, z] of each grain, of the rotation that takes the "
        "sample axes to the crystal axes.",
    )
    file: Annotated[Path | None, file_name("a file of orientations", "grains.ori")] = Field(
        default=None,
        description="File with one orientation per line: Bunge angles (.euler), Rodrigues vectors "
        "(.rodrigues, .ori) or quaternions (.quaternion); its first line may name the descriptor. "
        "Or a tessellation (.tess) or mesh (.msh) of Neper.",
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        """Take a bare word for a mapping."""
        if isinstance(value, OrientationsSpec):
            return value
        if isinstance(value, dict):
            if "word" in value:
                raise fail(
                    f"unknown key 'word'; allowed: {', '.join(_FORMS)}, or a bare word, "
                    f"{' or '.join(_WORDS)}"
                )
            return value
        if value not in _WORDS:
            hint = nearest(value, _WORDS) if isinstance(value, str) else ""
            raise fail(f"found {describe(value)}{hint}; {_EXAMPLE} is needed")
        return {"word": value}

    @model_validator(mode="after")
    def _one_form(self) -> OrientationsSpec:
        """Check that there is exactly one form."""
        given = self.given(*_FORMS)
        if self.word is None and len(given) != 1:
            raise fail(
                f"found {' and '.join(given) or 'none of them'}; exactly one of "
                f"{', '.join(_FORMS)} is needed, or a bare word, {' or '.join(_WORDS)}"
            )
        return self

    @property
    def random(self) -> bool:
        """Whether random numbers are needed."""
        return self.word == RANDOM or self.fibre is not None

    def count_faults(self, count: int | None, noun: str) -> Faults:
        """Return a fault if orientations are listed, but not one for each of ``count`` grains."""
        return [
            (
                ("orientations", form),
                f"found {len(listed)} orientations for {count} {noun}; one for each is needed",
            )
            for form in self.given("euler", "quaternions")
            if count is not None and len(listed := getattr(self, form)) != count
        ]
