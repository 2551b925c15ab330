"""The whole scenario: consistent sections, and where they come from."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, model_validator

from cellion.scenario.contents import Contents
from cellion.scenario.cross_checks import cross_faults
from cellion.scenario.faults import Fault, FaultsError, Positions, scenario_error
from cellion.scenario.microstructure import KINDS
from cellion.scenario.paths import KeyPath
from cellion.scenario.values import AXES

__all__ = ["Scenario"]


@dataclass(frozen=True, kw_only=True)
class _Written:
    """Lines of the keys; not compared, so that scenarios that say the same are equal."""

    at: Positions = field(default_factory=dict, compare=False)


class Scenario(Contents):
    """A complete and consistent scenario, in SI units."""

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
