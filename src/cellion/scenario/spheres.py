"""The section ``microstructure.spheres``: spheres at given places."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from cellion.scenario.boxes import BoxSection, center_faults
from cellion.scenario.faults import FaultsError
from cellion.scenario.sections import Section, not_empty
from cellion.scenario.values import Coordinate, Length, Name

__all__ = ["SphereSpec", "SpheresSpec"]


class SphereSpec(Section):
    """One sphere; in two dimensions, one disc."""

    center: tuple[Coordinate, ...] = Field(
        description="Coordinates of the centre [m]; the origin is a corner of the box."
    )
    radius: Length = Field(description="Radius [m].")
    material: Name = Field(description="Material of the sphere.")


class SpheresSpec(BoxSection):
    """Spheres at given places; in a two-dimensional box, discs."""

    matrix: Name = Field(description="Material around the spheres.")
    spheres: Annotated[tuple[SphereSpec, ...], BeforeValidator(not_empty("entry"))] = Field(
        description="The spheres; where two overlap, a point belongs to the one it lies deeper in."
    )

    @model_validator(mode="after")
    def _inside(self) -> SpheresSpec:
        """Check that every centre is a point of the box."""
        faults = [
            fault
            for index, sphere in enumerate(self.spheres)
            for fault in center_faults(sphere.center, self.box, ("spheres", index, "center"))
        ]
        if faults:
            raise FaultsError(*faults)
        return self
