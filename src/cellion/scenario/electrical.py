"""Electrical values of a scenario: resistances, conductances, current densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from cellion.quantities import DIMENSIONS
from cellion.scenario.values import fail, quantity, unit_text

__all__ = ["AreaResistance", "Conductivity", "CurrentDensity", "SheetConductance"]


def _not_negative(dimension: str) -> Callable[[Any], float]:
    """Return a reader of one dimension that refuses negative values."""

    def read(value: Any) -> float:
        number = quantity(dimension)(value)
        if number < 0.0:
            raise fail(f"found {value!r}; {DIMENSIONS[dimension].noun} is not negative")
        return number

    return read


AreaResistance = Annotated[
    float,
    BeforeValidator(_not_negative("area_resistance")),
    WithJsonSchema(unit_text("area_resistance")),
]
"""A resistance times area [Ohm m^2], zero included."""

SheetConductance = Annotated[
    float,
    BeforeValidator(_not_negative("sheet_conductance")),
    WithJsonSchema(unit_text("sheet_conductance")),
]
"""A conductance of a thin sheet, per square [S], zero included."""

Conductivity = Annotated[
    float,
    BeforeValidator(quantity("conductivity", above=0.0)),
    WithJsonSchema(unit_text("conductivity")),
]
"""A scalar conductivity above zero [S/m]."""

CurrentDensity = Annotated[
    float,
    BeforeValidator(quantity("current_density", above=0.0)),
    WithJsonSchema(unit_text("current_density")),
]
"""A current density above zero [A/m^2]."""
