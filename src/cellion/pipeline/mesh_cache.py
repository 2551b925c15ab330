"""Meshes that several runs share: made once, kept in a folder, and in memory between two runs.

A mesh is stored under a hash of everything that it follows from: the resolved geometry and mesh
sizes, the densities (which turn weight into volume fractions), and the source code that makes it.
Whatever changes any of these asks for another name; nothing is ever brought up to date. The folder
may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from cellion.errors import CellionError
from cellion.mesh.data import MeshData
from cellion.microstructure.geometry import Microstructure
from cellion.results.identity import code_digest, file_digest
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from cellion.mesh.labelled import LabelledMesh

__all__ = ["MeshCache", "Meshed", "mesh_key"]

_ROOMS = ("quantities.py", "scenario", "microstructure", "mesh")
"""What turns a scenario into a mesh."""

_SUFFIX = ".npz"
_NUMBERS = "numbers"


@dataclass(frozen=True, kw_only=True)
class Meshed:
    """A geometry and its mesh.

    Attributes:
        requested: Volume fraction per material as asked for [-].
        seed: Seed of the microstructure, None when nothing was random.
        numbers: Plain numbers about geometry and mesh.
        notes: What the user should know.
        structure: The geometry; None for a mesh file, and for a mesh from the folder.
        data: The mesh; None on ranks that do not hold it.
    """

    requested: Mapping[str, float]
    seed: int | None
    numbers: Mapping[str, float]
    notes: tuple[str, ...]
    structure: Microstructure | None = field(default=None, compare=False)
    data: MeshData | None = field(default=None, compare=False)

    def without_data(self) -> Meshed:
        """The same without the mesh, to be sent to other ranks."""
        return replace(self, data=None)


def mesh_key(scenario: Scenario, densities: Mapping[str, float | None]) -> str:
    """Return the hash of everything that the mesh of a scenario follows from.

    Args:
        scenario: What is asked.
        densities: Density per material [kg/m^3], in the order of the scenario.
    """
    spec = scenario.microstructure
    asked = {
        "microstructure": spec.model_dump(mode="json"),
        "mesh": scenario.mesh.model_dump(mode="json"),
        "cell": _cell(scenario),
        "densities": list(densities.items()),
        "insulators": sorted(scenario.insulators),
        "file": None if spec.mesh is None else file_digest(spec.mesh.file),
        "code": [np.__version__, code_digest(*_ROOMS)],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]


def _cell(scenario: Scenario) -> list[Any] | None:
    """What a cell adds to a mesh."""
    spec = scenario.cell
    if spec is None or scenario.transport.boundary != "cell":
        return None
    layers = [layer.model_dump(mode="json") for layer in (spec.separator, spec.collector)]
    return [spec.axis, *layers]


class MeshCache:
    """Meshes by key: the last one in memory, all of them in a folder.

    Several processes may use one folder: a mesh is made under a lock of its name, which the system
    releases when its holder dies, and its file appears whole or not at all.
    """

    def __init__(self, folder: Path | None, *, limit: float = 4e9) -> None:
        """Use a folder.

        Args:
            folder: Where meshes are kept; None keeps only the last one in memory.
            limit: Size of all files together [bytes]; those unused for longest go first.
        """
        self._folder, self._limit = folder, limit
        self._held: tuple[str, Meshed, LabelledMesh] | None = None

    def held(self, key: str) -> tuple[Meshed, LabelledMesh] | None:
        """Return the distributed mesh of the last run, if it is the one that is asked for.

        Any other is given up, so that it does not take memory beside the next.
        """
        if self._held is not None and self._held[0] == key:
            return self._held[1:]
        self._held = None
        return None

    def hold(self, key: str, meshed: Meshed, mesh: LabelledMesh) -> None:
        """Keep a distributed mesh for the next run."""
        self._held = key, meshed.without_data(), mesh

    def fetch(self, key: str, make: Callable[[], Meshed]) -> Meshed:
        """Return a mesh from the folder, or make it and keep it there (one rank).

        A folder that cannot be written is no error: the mesh is made all the same.

        Args:
            key: Name of the mesh, see `mesh_key`.
            make: Makes it.
        """
        if self._folder is None:
            return make()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self._folder / f"{key}.lock")
            lock.acquire()
        except (OSError, NotImplementedError):
            return make()
        try:
            return self._fetch(self._folder / f"{key}{_SUFFIX}", make)
        finally:
            lock.release()

    def _fetch(self, path: Path, make: Callable[[], Meshed]) -> Meshed:
        found = _read(path)
        if found is None:
            found = make()
            with suppress(OSError):
                _write(path, found)
                self._prune(path)
        return found

    def _prune(self, newest: Path) -> None:
        """Remove the files that were not used for longest until the rest fits."""
        sizes = {file: file.stat() for file in newest.parent.glob(f"*{_SUFFIX}") if file != newest}
        total = newest.stat().st_size + sum(state.st_size for state in sizes.values())
        for file in sorted(sizes, key=lambda file: sizes[file].st_mtime_ns):
            if total <= self._limit:
                break
            file.unlink(missing_ok=True)
            total -= sizes[file].st_size


def _write(path: Path, meshed: Meshed) -> None:
    """Write a mesh; the file appears whole or not at all."""
    if meshed.data is None:
        return
    plain: dict[str, Any] = asdict(replace(meshed, structure=None, data=None))
    del plain["structure"], plain["data"]
    arrays: dict[str, Any] = {}
    for entry in fields(meshed.data):
        value = getattr(meshed.data, entry.name)
        if isinstance(value, np.ndarray):
            arrays[entry.name] = value
        else:
            plain[f"data.{entry.name}"] = dict(value) if isinstance(value, Mapping) else value
    arrays[_NUMBERS] = np.array(json.dumps(plain))
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as stream:
            np.savez(stream, **arrays)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _read(path: Path) -> Meshed | None:
    """Read a mesh; None when there is none, or a file that is none."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            plain = json.loads(str(file[_NUMBERS]))
            data = {name: file[name] for name in file.files if name != _NUMBERS}
        for name in [name for name in plain if name.startswith("data.")]:
            value = plain.pop(name)
            data[name.removeprefix("data.")] = tuple(value) if isinstance(value, list) else value
        plain["notes"] = tuple(plain["notes"])
        os.utime(path)
        return Meshed(**plain, data=MeshData(**data))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, CellionError):
        return None
