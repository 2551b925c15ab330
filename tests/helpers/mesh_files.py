"""What tests say about mesh files, as a scenario would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cellion.mesh.data import MeshData
from cellion.mesh.read import read_mesh
from cellion.scenario.mesh_file import MeshFileSpec

LABELS = {1: "SE", 2: "CAM"}


def read_file(path: Path, **changes: Any) -> MeshData:
    """Read a mesh in micrometres, with two materials unless something else is said."""
    said: dict[str, Any] = {"file": str(path), "length_unit": "um", "labels": LABELS}
    said = {key: value for key, value in (said | changes).items() if value is not None}
    return read_mesh(MeshFileSpec(**said))
