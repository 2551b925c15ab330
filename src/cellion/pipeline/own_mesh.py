"""Meshes from Python: read from a file, made of arrays, or generated for a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellion.parallel import on_root, world

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from cellion.errors import MeshError
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.formats.document import Block, MeshDocument
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.read import mesh_of, read_mesh
from cellion.microstructure.geometry import CutGeometry, Microstructure
from cellion.microstructure.orientations import euler_rotations, in_plane
from cellion.pipeline.prepare import prepare
from cellion.quantities import describe
from cellion.scenario.faults import faults_of, scenario_error
from cellion.scenario.mesh_file import MeshFileSpec
from cellion.scenario.scenario import Scenario
from cellion.scenario.schema import keys_at

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Mesh"]

_KINDS = {
    (2, 3): "triangle",
    (2, 4): "quad",
    (3, 3): "triangle",
    (3, 4): "tetra",
    (3, 5): "pyramid",
    (3, 6): "wedge",
    (3, 8): "hexahedron",
}
"""Kind of cell by the number of coordinates of a point and of nodes of a cell."""

_ARRAYS = "mesh arrays"


@dataclass(frozen=True, kw_only=True)
class Mesh:
    """A mesh whose cells have labels and these materials, distributed over the ranks.

    Attributes:
        labelled: The distributed mesh.
        structure: The geometry that it stands for; None where only the mesh is known.
        notes: What the user should know about it.
    """

    labelled: LabelledMesh
    structure: Microstructure | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        file: str | Path,
        *,
        orientations: ArrayLike | None = None,
        comm: MPI.Comm | None = None,
        **keys: Any,
    ) -> Mesh:
        """Read a mesh file on rank 0 and distribute it (collective).

        Args:
            file: The file: Gmsh's ``.msh``, VTK's ``.vtu`` or ``.vtk``, XDMF.
            orientations: Orientation of each label (in ascending order of cell tags): rotation
                matrices from crystal to sample axes, shape (n_labels, d, d), or Bunge's angles,
                shape (n_labels, 3) [degrees]. By default those in the file, if any.
            comm: Communicator; by default all ranks.
            keys: Those of ``microstructure.mesh`` in a scenario: ``labels`` (the material of each
                cell tag), ``length_unit``, ``periodic``, ``grains``, ...

        Raises:
            ScenarioError: A key is unknown or its value wrong.
            MeshError: The file cannot be read, or does not fill a box.
            MicrostructureError: A crystal is tilted out of the plane of a plane mesh.
        """

        def make() -> MeshData:
            return read_mesh(_spec(str(file), keys))

        return _distributed(make, orientations, comm)

    @classmethod
    def from_arrays(
        cls,
        points: ArrayLike,
        cells: ArrayLike,
        tags: ArrayLike,
        *,
        orientations: ArrayLike | None = None,
        comm: MPI.Comm | None = None,
        **keys: Any,
    ) -> Mesh:
        """Make a mesh of arrays and distribute it (collective); those of rank 0 count.

        Args:
            points: Coordinates, shape (n, 2) or (n, 3), in the ``length_unit``, ``m`` by default.
            cells: Nodes of each cell in the order of VTK, shape (m, k): triangles, quadrilaterals,
                tetrahedra, pyramids, wedges or hexahedra.
            tags: Whole number of each cell, shape (m,).
            orientations: As for `read`.
            comm: Communicator; by default all ranks.
            keys: As for `read`.

        Raises:
            ScenarioError: A key is unknown or its value wrong.
            MeshError: The arrays do not make a mesh that fills a box.
            MicrostructureError: A crystal is tilted out of the plane of a plane mesh.
        """

        def make() -> MeshData:
            spec = _spec(_ARRAYS, {"length_unit": "m", **keys})
            return mesh_of(_document(points, cells, tags), spec, _ARRAYS)

        return _distributed(make, orientations, comm)

    @classmethod
    def of(cls, scenario: Scenario, *, comm: MPI.Comm | None = None) -> Mesh:
        """Generate, or read, the mesh of a scenario (collective).

        Args:
            scenario: Its microstructure and mesh sizes count.
            comm: Communicator; by default all ranks.

        Raises:
            CellionError: The geometry or its mesh cannot be made.
        """
        sample = prepare(scenario, world(comm))
        return cls(labelled=sample.mesh, structure=sample.structure, notes=sample.notes)

    @property
    def materials(self) -> tuple[str, ...]:
        """Names of its materials."""
        return self.labelled.materials

    @property
    def known(self) -> bool:
        """Whether the geometry is known, and not only the mesh."""
        return self.structure is not None

    @property
    def geometry(self) -> CutGeometry | None:
        """The curved surfaces for which it has flat facets; None without any, or when unknown."""
        found = None if self.structure is None else self.structure.geometry
        return found if isinstance(found, CutGeometry) else None


def _spec(file: str, keys: dict[str, Any]) -> MeshFileSpec:
    """Check the keys of a ``microstructure.mesh`` section."""
    try:
        return MeshFileSpec.model_validate({"file": file, **keys})
    except ValidationError as error:
        below = ("microstructure", "mesh")
        faults = faults_of(error, lambda path: keys_at((*below, *path)))
        raise scenario_error(faults, source=file) from error


def _document(points: ArrayLike, cells: ArrayLike, tags: ArrayLike) -> MeshDocument:
    """Check the shapes of arrays, and make of them what a file holds."""
    x, nodes, tag = _array("points", points, float), _array("cells", cells), _array("tags", tags)
    kind = _KINDS.get((x.shape[1], nodes.shape[1])) if x.ndim == nodes.ndim == 2 else None
    if kind is None:
        raise MeshError(
            f"{_ARRAYS}: points have shape {x.shape} and cells {nodes.shape}; (n, 2) or (n, 3) and "
            "(m, k) are needed, with the k nodes of a triangle (3), quadrilateral (4 in the "
            "plane), tetrahedron (4), pyramid (5), wedge (6) or hexahedron (8)"
        )
    if tag.shape != (len(nodes),):
        raise MeshError(
            f"{_ARRAYS}: tags have shape {tag.shape}; one for each of {len(nodes)} cells is needed"
        )
    for name, array in (("cells", nodes), ("tags", tag)):
        if not np.issubdtype(array.dtype, np.integer):
            raise MeshError(f"{_ARRAYS}: {name} have type {array.dtype}; integers are needed")
    block = Block(kind=kind, cells=nodes.astype(np.int64), data={"tags": tag})
    return MeshDocument(points=x, blocks=[block])


def _array(name: str, given: ArrayLike, kind: type | None = None) -> NDArray[Any]:
    """Return a new array; a fault is told on all ranks, so it has to be a `MeshError`."""
    try:
        return np.array(given, dtype=kind)
    except (TypeError, ValueError) as error:
        raise MeshError(
            f"{name}: found {describe(given)}; an array of numbers is needed"
        ) from error


def _distributed(
    make: Callable[[], MeshData], orientations: ArrayLike | None, comm: MPI.Comm | None
) -> Mesh:
    """Make a mesh on rank 0 and distribute it (collective)."""
    comm, kept = world(comm), list[MeshData]()

    def made() -> tuple[str, ...]:
        data = make()
        if orientations is not None:
            data = replace(data, orientations=_rotations(orientations, data))
        kept.append(data)
        return data.notes

    notes = on_root(comm, made)
    return Mesh(labelled=distribute(kept.pop() if kept else None, comm), notes=notes)


def _rotations(orientations: ArrayLike, data: MeshData) -> NDArray[np.float64]:
    """Return rotation matrices of angles or matrices, one for each label."""
    given, count = _array("orientations", orientations, float), len(data.label_material)
    if given.shape == (count, 3):
        return in_plane(euler_rotations(given), data.dimension, "orientations")
    if given.shape != (count, data.dimension, data.dimension):
        raise MeshError(
            f"orientations have shape {given.shape}; the mesh has {count} labels in "
            f"{data.dimension} dimensions, so {(count, data.dimension, data.dimension)} (rotation "
            f"matrices) or {(count, 3)} (Bunge's angles in degrees) is needed"
        )
    return given
