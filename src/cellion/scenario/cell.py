"""The ``cell`` section: a composite cathode between a separator and a current collector."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from cellion.scenario.sections import OneOf, Section, distinct, fail
from cellion.scenario.values import Axis, Length, Name, Whole

__all__ = ["CellSpec", "LayerSpec"]

Names = Annotated[tuple[Name, ...], AfterValidator(distinct)]


class LayerSpec(Section):
    """A flat layer beside the composite."""

    material: Name = Field(description="Material of the layer.")
    thickness: Length = Field(description="Thickness [m].")


class CellSpec(Section):
    """Separator, composite and collector in one box; used with ``transport.boundary: cell``."""

    axis: Axis = Field(
        description="Direction from the separator, below the composite, to the collector above "
        "it. The composite ends there, cut flat; across, it repeats if its box does."
    )
    separator: LayerSpec = Field(description="Layer through which ions enter.")
    collector: LayerSpec = Field(description="Layer through which electrons leave.")
    ionic: Names | None = Field(
        default=None,
        description="Materials that carry ions in the cell. Default: those that conduct ions only.",
    )
    electronic: Names | None = Field(
        default=None,
        description="Materials that carry electrons in the cell. Default: those that conduct "
        "electrons only.",
    )
    unconnected: Annotated[Literal["excluded", "polarised"], OneOf()] = Field(
        default="excluded",
        description="What becomes of electronic conductors without a path to the collector, and "
        "of ionic ones without a path to the separator. `excluded`: they take no part, the limit "
        "of long times. `polarised`: ions react on one side and leave on the other, the response "
        "before lithium has moved.",
    )
    depth_bins: Whole = Field(
        default=20,
        description="Number of equal slices of the composite over which the reaction is counted.",
    )

    @model_validator(mode="after")
    def _apart(self) -> CellSpec:
        """Check that no material carries both."""
        for index, name in enumerate(self.electronic or ()):
            if name in (self.ionic or ()):
                raise fail(
                    f"'{name}' is in 'ionic' already; a material carries one of them in a cell",
                    *("electronic", index),
                )
        if self.separator.material in (self.electronic or ()):
            raise fail(
                f"found '{self.separator.material}', which is in 'electronic'; ions must pass",
                *("separator", "material"),
            )
        if self.collector.material in (self.ionic or ()):
            raise fail(
                f"found '{self.collector.material}', which is in 'ionic'; electrons must pass",
                *("collector", "material"),
            )
        return self
