"""The whole scenario: its sections, and what they must agree on."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, model_validator

from cellion.quantities import describe
from cellion.scenario.cell import CellSpec
from cellion.scenario.cross_checks import cross_faults
from cellion.scenario.faults import Fault, FaultsError, Positions, scenario_error
from cellion.scenario.fit import FitSpec
from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.microstructure import KINDS, MicrostructureSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.sections import Form, Section, fail
from cellion.scenario.settings import AccuracySpec, MeshSpec, OutputSpec, TransportSpec
from cellion.scenario.study import StudySpec
from cellion.scenario.values import AXES, Name, Temperature, Text

__all__ = ["ROOM_TEMPERATURE", "Scenario"]

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


@dataclass(frozen=True, kw_only=True)
class _Written:
    """Where keys were written; scenarios that say the same are equal wherever they say it."""

    at: Positions = field(default_factory=dict, compare=False)


class Scenario(Section):
    """What the user asks: SI values, complete and consistent."""

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

    _source: dict[str, Any] = PrivateAttr(default_factory=dict)
    _path: Path | None = PrivateAttr(default=None)
    _written: _Written = PrivateAttr(default_factory=_Written)

    @property
    def source(self) -> dict[str, Any]:
        """The plain document, as the user wrote it, overrides applied; a copy."""
        return copy.deepcopy(self._source)

    @property
    def insulators(self) -> frozenset[str]:
        """Names of the materials that conduct neither carrier."""
        return frozenset(name for name, spec in self.materials.items() if not spec.conducts)

    @property
    def path(self) -> Path | None:
        """The file it came from, if any."""
        return self._path

    def told(self, faults: Iterable[tuple[KeyPath, str]]) -> str:
        """Return a message with a line for every fault, each with its file, line and key path."""
        found = [Fault(path=path, message=message) for path, message in faults]
        source = "" if self._path is None else str(self._path)
        return str(scenario_error(found, source=source, positions=self._written.at))

    def came_from(
        self, source: dict[str, Any], path: Path | None, positions: Positions | None = None
    ) -> Scenario:
        """Return a copy that remembers its document, its file and the lines of its keys."""
        remembering = self.model_copy()
        remembering._written = _Written(at=dict(positions or {}))
        remembering._source = copy.deepcopy(source)
        remembering._path = path
        return remembering

    @model_validator(mode="before")
    @classmethod
    def _follow_geometry(cls, value: Any) -> Any:
        """Let what `transport` leaves out follow from the geometry."""
        transport = value.get("transport", {}) if isinstance(value, dict) else None
        microstructure = value.get("microstructure") if isinstance(value, dict) else None
        if not isinstance(transport, dict) or not isinstance(microstructure, dict):
            return value
        kind = next((k for k in KINDS if isinstance(microstructure.get(k), dict)), None)
        if kind is None:
            return value
        periodic = microstructure[kind].get("periodic", kind != "mesh") is True
        repeating = "periodic" if periodic else "electrodes"
        boundary = "cell" if isinstance(value.get("cell"), dict) else repeating
        defaults: dict[str, Any] = {"boundary": boundary}
        box = microstructure[kind].get("box")
        in_cell = {**defaults, **transport}["boundary"] == "cell"  # one direction, its axis
        if not in_cell and isinstance(box, list | tuple) and len(box) in (2, 3):
            defaults["directions"] = list(AXES[: len(box)])
        return {**value, "transport": {**defaults, **transport}}

    @model_validator(mode="after")
    def _agree(self) -> Scenario:
        """Check what the sections must agree on."""
        faults = cross_faults(self)
        if faults:
            raise FaultsError(*faults)
        return self
