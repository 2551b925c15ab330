"""The whole scenario: its sections, and what they must agree on."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from cellion.quantities import describe
from cellion.scenario.accuracy import AccuracySpec
from cellion.scenario.cell import CellSpec
from cellion.scenario.cell_agreement import cell_faults
from cellion.scenario.faults import Fault, FaultsError, Positions, scenario_error
from cellion.scenario.fit import FitSpec
from cellion.scenario.interface_agreement import interface_faults
from cellion.scenario.interfaces import InterfaceSpec
from cellion.scenario.materials import MaterialSpec
from cellion.scenario.mesh import MeshSpec
from cellion.scenario.microstructure import KINDS, MicrostructureSpec
from cellion.scenario.output import OutputSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.study import StudySpec
from cellion.scenario.transport import TransportSpec
from cellion.scenario.values import AXES, Name, Section, Temperature, Text, fail

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
        str,
        BeforeValidator(_scenario_name),
        WithJsonSchema({"type": "string", "pattern": "^[^\\W_][\\w.+\\-]*$", "title": "a name"}),
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
        faults = [
            *_transport_faults(self),
            *_mesh_faults(self),
            *_accuracy_faults(self),
            *_temperature_faults(self),
            *_density_faults(self),
            *interface_faults(
                self.interfaces, self.materials, self.microstructure, self.temperature
            ),
            *cell_faults(self.cell, self.materials, self.microstructure, self.transport),
        ]
        replicates = 1 if self.study is None else self.study.replicates
        if replicates > 1 and self.microstructure.seed is None:
            message = (
                f"found {replicates}; 'microstructure.{self.microstructure.kind}' has no seed: "
                "nothing in it is random, all runs would be the same"
            )
            faults.append((("study", "replicates"), message))
        if faults:
            raise FaultsError(*faults)
        return self


def _transport_faults(scenario: Scenario) -> list[tuple[KeyPath, str]]:
    """Return where `transport` asks for what the geometry does not have."""
    faults: list[tuple[KeyPath, str]] = []
    if scenario.transport.boundary == "periodic" and not scenario.microstructure.periodic:
        kind = scenario.microstructure.kind
        message = (
            f"found 'periodic', but the {kind} is not; set 'microstructure.{kind}.periodic: true' "
            "or 'boundary: electrodes'"
        )
        faults.append((("transport", "boundary"), message))
    box = scenario.microstructure.box
    if box is not None:
        allowed = AXES[: len(box)]
        faults += [
            (
                ("transport", "directions", index),
                f"found '{axis}'; the box has {len(box)} edge lengths, allowed: "
                f"{', '.join(allowed)}",
            )
            for index, axis in enumerate(scenario.transport.directions or ())
            if axis not in allowed
        ]
    return faults


def _mesh_faults(scenario: Scenario) -> list[tuple[KeyPath, str]]:
    """Return mesh sizes that make no sense with the geometry."""
    sizes = [n for n in ("size", "surface_size", "smallest_size") if getattr(scenario.mesh, n)]
    if scenario.microstructure.mesh is not None:
        message = "the mesh is read from a file, so its sizes cannot be chosen; remove this key"
        return [(("mesh", name), message) for name in sizes]
    edge = min(scenario.microstructure.box or (math.inf,))
    return [
        (
            ("mesh", name),
            f"found {getattr(scenario.mesh, name):.6g} m, but the shortest edge of the box is "
            f"{edge:.6g} m; a mesh size is smaller than that",
        )
        for name in sizes
        if getattr(scenario.mesh, name) > edge * (1.0 + 1e-9)
    ]


def _accuracy_faults(scenario: Scenario) -> list[tuple[KeyPath, str]]:
    """Return where `accuracy` asks for bounds that are not known, or a mesh that cannot change."""
    spec, boundary = scenario.accuracy, scenario.transport.boundary
    faults: list[tuple[KeyPath, str]] = []
    if spec is None:
        return faults
    if spec.bracket and boundary not in ("periodic", "electrodes", "uniform_gradient"):
        message = (
            f"found true, but no bounds are known for the boundary '{boundary}'; allowed: "
            "periodic, electrodes, uniform_gradient (or `bracket: false`)"
        )
        faults.append((("accuracy", "bracket"), message))
    if spec.tolerance is None:
        return faults
    if not spec.bracket:
        message = "it is the width of the bracket, but 'bracket' is false; remove one of the two"
        faults.append((("accuracy", "tolerance"), message))
    return faults


def _temperature_faults(scenario: Scenario) -> list[tuple[KeyPath, str]]:
    """Return conductivities measured at another temperature, with no law to bring them here."""
    faults: list[tuple[KeyPath, str]] = []
    for name, material in scenario.materials.items():
        for carrier in ("ion", "electron"):
            law = getattr(material, carrier)
            if law is None or law.at is None or law.activation_energy is not None:
                continue
            if not math.isclose(law.at, scenario.temperature, abs_tol=0.01):
                message = (
                    f"found {law.at:.6g} K, but the scenario is at {scenario.temperature:.6g} K; "
                    "add 'activation_energy', or remove 'at' if temperature does not matter"
                )
                faults.append((("materials", name, carrier, "at"), message))
    return faults


def _density_faults(scenario: Scenario) -> list[tuple[KeyPath, str]]:
    """Return solids without a density in a packing given by weight."""
    packing = scenario.microstructure.packing
    if packing is None or all(p.weight_fraction is None for p in packing.particles):
        return []
    solids = dict.fromkeys([*(p.material for p in packing.particles), packing.matrix.material])
    faults: list[tuple[KeyPath, str]] = []
    for name in solids:
        material = scenario.materials.get(name)
        if material is not None and material.density is None and material.library is None:
            message = (
                "its density is missing, and the packing is given by weight; add for example "
                "'density: 1.64 g/cm^3'"
            )
            faults.append((("materials", name), message))
    return faults
