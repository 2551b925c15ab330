"""The sections of a scenario file."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from cellion.quantities import describe
from cellion.scenario.cell import CellSpec
from cellion.scenario.fit import FitSpec
from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.sections import Form, Section, fail
from cellion.scenario.settings import AccuracySpec, MeshSpec, OutputSpec, TransportSpec
from cellion.scenario.study import StudySpec
from cellion.scenario.values import Name, Temperature, Text

__all__ = ["ROOM_TEMPERATURE", "Contents"]

ROOM_TEMPERATURE = 298.15
"""Temperature of a scenario that gives none [K]."""

_NAME = re.compile(r"[^\W_][\w.+\-]{0,99}")


def _scenario_name(value: Any) -> str:
    """Read the name of the scenario; it also names files."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise fail(
            f"found {describe(value)}; a name of letters, digits, '_', '-', '+' and '.' that "
            "begins with a letter or digit is needed, because it also names files"
        )
    return value


class Contents(Section):
    """Sections of a scenario file, in SI units; each is consistent by itself."""

    name: Annotated[
        str, Form(_scenario_name, type="string", pattern="^[^\\W_][\\w.+\\-]*$", title="a name")
    ] = Field(description="Short name of the scenario; it also names files.")
    description: Text | None = Field(default=None, description="What the scenario is about.")
    temperature: Temperature = Field(
        default=ROOM_TEMPERATURE, description="Temperature [K]; 298.15 K if not given."
    )
    materials: dict[Name, MaterialSpec] = Field(
        description="Materials by name: a mapping, or the word `insulator`."
    )
    microstructure: MicrostructureSpec = Field(description="Geometry: exactly one kind.")
    interfaces: tuple[InterfaceSpec, ...] = Field(
        default=(),
        description="What current meets where two materials, or two grains, touch. Contacts that "
        "are not listed are perfect.",
    )
    cell: CellSpec | None = Field(
        default=None,
        description="Separator and collector beside the geometry. In a cell, contacts between a "
        "material that carries ions and one that carries electrons are insulating unless listed "
        "in `interfaces`.",
    )
    transport: TransportSpec = Field(
        default_factory=TransportSpec, description="Which carriers, driven how."
    )
    mesh: MeshSpec = Field(default_factory=MeshSpec, description="How fine the mesh is.")
    accuracy: AccuracySpec | None = Field(
        default=None, description="Guaranteed bounds of the answer, and how close they are to be."
    )
    study: StudySpec | None = Field(default=None, description="The same with other values.")
    fit: FitSpec | None = Field(
        default=None, description="A value of an interface that is fitted to measurements."
    )
    output: OutputSpec = Field(default_factory=OutputSpec, description="What is written.")
