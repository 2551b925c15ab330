"""The section ``microstructure.layers``: flat layers across the box, or oblique ones."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from cellion.scenario.boxes import BoxSection, per_edge
from cellion.scenario.sections import fail, listed, not_empty
from cellion.scenario.values import AXES, Axis, Integer, Name, fraction, length

__all__ = ["LayersSpec"]

_TOLERANCE = 1e-9
_THINNEST = 1e-8
"""Thickness of a layer, over the longest edge of the box, that a mesh tells from its faces."""


class LayersSpec(BoxSection):
    """Flat layers across the box."""

    axis: Axis | None = Field(
        default=None, description="Direction across the layers; give `axis` or `normal`."
    )
    normal: tuple[Integer, ...] | None = Field(
        default=None,
        description="Oblique layers: whole numbers [n1, n2, n3], one or two of them not zero. The "
        "layers are normal to (n1/L1, n2/L2, n3/L3), L the edge lengths, and repeat with the box.",
    )
    materials: Annotated[tuple[Name, ...], BeforeValidator(not_empty("entry"))] = Field(
        description="Material of each layer, in order."
    )
    thicknesses: Annotated[
        tuple[float, ...],
        WithJsonSchema(
            {
                "type": "array",
                "title": "a list of lengths with units, or of fractions",
                "items": {"type": ["string", "number"]},
                "minItems": 1,
                "examples": [["1 um", "2 um", "1 um"], [0.25, 0.5, 0.25]],
            }
        ),
    ] = Field(
        description="Thickness of each layer: with `axis`, lengths [m] that sum to the edge of the "
        "box; with `normal`, fractions that sum to 1."
    )

    @field_validator("thicknesses", mode="before")
    @classmethod
    def _read_thicknesses(cls, value: Any, info: ValidationInfo) -> list[float]:
        """Read lengths, or fractions when the layers have an oblique normal."""
        oblique = info.data.get("normal") is not None
        what = "a list of fractions" if oblique else "a list of lengths"
        return listed(value, what, fraction if oblique else length)

    @model_validator(mode="after")
    def _consistent(self) -> LayersSpec:
        """Check the direction and that the layers fill the box."""
        if (self.axis is None) == (self.normal is None):
            raise fail("give either 'axis' (x, y or z) or 'normal' (whole numbers), and not both")
        if self.normal is not None:
            total, where = 1.0, "the period"
            _check_normal(self.normal, self.box)
        else:
            edge = AXES.index(self.axis or "x")
            if edge >= len(self.box):
                raise fail("found 'z'; the box has two edge lengths, allowed: x, y", "axis")
            total, where = self.box[edge], f"the edge of the box along {self.axis}"
        if len(self.materials) != len(self.thicknesses):
            raise fail(
                f"found {len(self.thicknesses)} thicknesses for {len(self.materials)} materials; "
                "one for each is needed",
                "thicknesses",
            )
        thinnest = min(self.thicknesses)
        if thinnest <= 0.0:
            raise fail("a layer of thickness zero; every layer needs some", "thicknesses")
        if self.normal is None and thinnest < (1.0 - _TOLERANCE) * _THINNEST * max(self.box):
            raise fail(
                f"found a layer of {thinnest:.3g} m; allowed: {_THINNEST:g} of the longest edge of "
                f"the box, {_THINNEST * max(self.box):.3g} m, or more (thinner layers are "
                "`interfaces` with an area_resistance or a sheet_conductance)",
                "thicknesses",
            )
        if not math.isclose(math.fsum(self.thicknesses), total, rel_tol=_TOLERANCE):
            raise fail(
                f"they sum to {math.fsum(self.thicknesses):.9g}, but {where} is {total:.9g}; the "
                "layers must fill the box",
                "thicknesses",
            )
        return self


def _check_normal(normal: tuple[int, ...], box: tuple[float, ...]) -> None:
    """Check the whole numbers of an oblique normal."""
    if message := per_edge(box, normal):
        raise fail(message, "normal")
    if sum(n != 0 for n in normal) not in (1, 2):
        raise fail(f"found {list(normal)}; one or two of the numbers must not be zero", "normal")
