"""The ``mesh`` section: how fine the mesh is, and where."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cellion.scenario.values import Length, Section, fail, number

__all__ = ["MeshSpec"]

_MOST_CELLS = 100.0


class MeshSpec(Section):
    """Mesh sizes; what is left out follows from the geometry."""

    size: Length | None = Field(
        default=None, description="Largest cell edge, away from surfaces [m]."
    )
    surface_size: Length | None = Field(
        default=None, description="Cell edge at particle surfaces [m]."
    )
    smallest_size: Length | None = Field(
        default=None,
        description="Smallest cell edge in gaps and at the rims of necks [m]; a neck that would be "
        "missed gets smaller ones.",
    )
    gap_cells: Annotated[
        float,
        BeforeValidator(number(_MOST_CELLS)),
        WithJsonSchema(
            {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": _MOST_CELLS,
                "title": "a number above 0 and up to 100",
            }
        ),
    ] = Field(default=2.0, description="Cells across the gap between two particles.")

    @model_validator(mode="after")
    def _ordered(self) -> MeshSpec:
        """Check smallest_size <= surface_size <= size, as far as they are given."""
        names = [n for n in ("smallest_size", "surface_size", "size") if getattr(self, n)]
        for finer, coarser in pairwise(names):
            small, large = getattr(self, finer), getattr(self, coarser)
            if small > large * (1.0 + 1e-9):
                raise fail(
                    f"found {small:.6g} m, but '{coarser}' is {large:.6g} m; '{finer}' cannot be "
                    "larger than that",
                    finer,
                )
        return self
