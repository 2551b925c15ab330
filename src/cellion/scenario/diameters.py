"""Distributions of diameters: of particles, pores and grains."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from cellion.scenario.sections import Section, fail, or_bare
from cellion.scenario.values import Fraction, Length, length, positive

__all__ = ["DiameterSpec", "LognormalSpec", "SizeClass"]

_SHARES_TOLERANCE = 1e-3
_WIDEST = 2.0


class LognormalSpec(Section):
    """A log-normal distribution of diameters, counted by number."""

    median: Length = Field(description="Median diameter [m], by number.")
    sigma: Annotated[float, positive(_WIDEST, "a number above 0 and up to 2", maximum=_WIDEST)] = (
        Field(description="Standard deviation of the natural logarithm of the diameter.")
    )


class SizeClass(Section):
    """One class of a list of diameters.

    Attributes:
        diameter: Diameter [m].
        share: Share of the particles' volume that has it.
    """

    diameter: Length = Field(description="Diameter of this class [m].")
    share: Fraction = Field(description="Share of the particles' volume; all shares sum to 1.")


class DiameterSpec(Section):
    """Diameters of the particles: exactly one of the three; a bare length is ``mono``."""

    model_config = ConfigDict(json_schema_extra=or_bare({"type": "string", "examples": ["5 um"]}))

    mono: Length | None = Field(default=None, description="One diameter for all [m].")
    lognormal: LognormalSpec | None = Field(
        default=None, description="Log-normally distributed diameters."
    )
    list: tuple[SizeClass, ...] | None = Field(
        default=None, description="Classes of diameters with their shares of the volume."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_length(cls, value: Any) -> Any:
        """Take a bare length for a single diameter."""
        if isinstance(value, dict | DiameterSpec):
            return value
        length(value)
        return {"mono": value}

    @model_validator(mode="after")
    def _exactly_one(self) -> DiameterSpec:
        """Check that one form is given, and that the shares of a list make a whole."""
        given = self.given("mono", "lognormal", "list")
        if len(given) != 1:
            raise fail(
                f"found {' and '.join(given) or 'none of them'}; exactly one of mono, lognormal, "
                "list is needed"
            )
        if self.list is not None:
            total = math.fsum(entry.share for entry in self.list)
            if not math.isclose(total, 1.0, abs_tol=_SHARES_TOLERANCE):
                raise fail(f"the shares sum to {total:.6g}; they must sum to 1", "list")
            if min(entry.share for entry in self.list) <= 0.0:
                raise fail("a share of zero; leave that class out", "list")
        return self

    @field_validator("list")
    @classmethod
    def _whole(cls, value: tuple[SizeClass, ...] | None) -> tuple[SizeClass, ...] | None:
        """Make shares that were written with few digits sum to 1 exactly."""
        total = math.fsum(entry.share for entry in value or ())
        if value is None or not math.isclose(total, 1.0, abs_tol=_SHARES_TOLERANCE):
            return value
        return tuple(e.model_copy(update={"share": e.share / total}) for e in value)

    @property
    def typical(self) -> float:
        """The diameter that must fit into the box: mono, median, or the largest class [m]."""
        if self.list is not None:
            return max(entry.diameter for entry in self.list)
        return self.mono or (self.lognormal.median if self.lognormal else 0.0)
