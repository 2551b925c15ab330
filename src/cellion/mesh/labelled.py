"""A labelled mesh distributed over ranks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cellion.parallel  # noqa: F401

import dolfinx.mesh
import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import LabelRole
from cellion.mesh.facets import flagged_facets
from cellion.mesh.periodicity import AXES, on_plane

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["LabelledMesh", "boundary_tags", "face_facets", "plane_names"]


@dataclass(frozen=True, kw_only=True)
class LabelledMesh:
    """A DOLFINx mesh of the box with labels and materials, one piece per rank.

    Arrays over cells and vertices hold the owned entries first, then the ghosts. Node ``i`` of the
    geometry is vertex ``i`` of the topology. Cells beyond a facet of an owned cell are ghosts.

    Attributes:
        mesh: DOLFINx mesh; coordinates in metres.
        cell_labels: Label (particle, layer, tile) of each cell, shape (m,).
        label_material: Index into `materials` of each label, shape (n_labels,).
        materials: Names of the materials.
        box: Edge lengths of the box, shape (d,) [m].
        origin: Lower corner of the box, shape (d,) [m].
        periodic: Directions in which opposite faces match, shape (d,).
        vertex_representative: Global index of the vertex that stands for each vertex and its
            periodic images, shape (n,); its own index inside the box.
        periodic_facets: Owned cell at an upper face (local index), its facet, the cell that
            continues it at the lower face (global index) and the axis, shape (f, 4).
        cell_volumes: Area (d = 2, [m^2]) or volume (d = 3, [m^3]) of each cell, shape (m,).
        fills_box: Whether the cells of all ranks fill the box without voids.
        input_cells: Index of each cell in the undistributed mesh, shape (m,).
        input_vertices: Index of each vertex in the undistributed mesh, shape (n,).
        orientations: Rotation from crystal to sample axes of each label, shape (n_labels, d, d);
            None when every crystal is aligned with the box.
        pieces: Grain of each label and its place in it along each axis, shape (n_labels, 1 + d),
            where grains are divided so that they can meet their own images; None where no label is
            a part of a grain.
        label_role: `LabelRole` of each label, shape (n_labels,); None when all are composite.
    """

    mesh: dolfinx.mesh.Mesh
    cell_labels: NDArray[np.int32]
    label_material: NDArray[np.int32]
    materials: tuple[str, ...]
    box: NDArray[np.float64]
    origin: NDArray[np.float64]
    periodic: NDArray[np.bool_]
    vertex_representative: NDArray[np.int64]
    periodic_facets: NDArray[np.int64]
    cell_volumes: NDArray[np.float64]
    fills_box: bool
    input_cells: NDArray[np.int64]
    input_vertices: NDArray[np.int64]
    orientations: NDArray[np.float64] | None = None
    pieces: NDArray[np.int32] | None = None
    label_role: NDArray[np.int8] | None = None

    @property
    def comm(self) -> MPI.Comm:
        """Communicator of the mesh."""
        comm: MPI.Comm = self.mesh.comm
        return comm

    @property
    def dimension(self) -> int:
        """Space dimension, 2 or 3."""
        return len(self.box)

    @property
    def cells(self) -> NDArray[np.int32]:
        """Local vertices of owned and ghost cells, shape (m, d + 1); a view, not to be changed."""
        vertices: NDArray[np.int32] = self.mesh.geometry.dofmaps[0]
        return vertices

    @property
    def points(self) -> NDArray[np.float64]:
        """Coordinates of owned and ghost vertices, shape (n, d) [m]; a view."""
        coordinates: NDArray[np.float64] = self.mesh.geometry.x[:, : self.dimension]
        return coordinates

    @property
    def cell_materials(self) -> NDArray[np.int32]:
        """Index into `materials` of owned and ghost cells, shape (m,)."""
        return self.label_material[self.cell_labels]

    @property
    def in_composite(self) -> NDArray[np.bool_]:
        """Whether each label belongs to the composite and not to a layer, shape (n_labels,)."""
        if self.label_role is None:
            return np.ones(len(self.label_material), dtype=bool)
        return np.asarray(self.label_role == LabelRole.COMPOSITE)

    @property
    def n_owned_cells(self) -> int:
        """Number of cells owned by this rank."""
        return int(self.mesh.topology.index_map(self.dimension).size_local)

    @property
    def n_owned_vertices(self) -> int:
        """Number of vertices owned by this rank."""
        return int(self.mesh.topology.index_map(0).size_local)

    @property
    def global_cells(self) -> int:
        """Number of cells on all ranks."""
        return int(self.mesh.topology.index_map(self.dimension).size_global)

    @property
    def volume(self) -> float:
        """Area [m^2] or volume [m^3] of the box."""
        return float(np.prod(self.box))

    @cached_property
    def found_faces(self) -> dict[tuple[int, int], NDArray[np.int32]]:
        """What `face_facets` found, by axis and side."""
        return {}


def plane_names(dimension: int) -> tuple[str, ...]:
    """Names of the faces of the box: ``x_min``, ``x_max``, ``y_min``, ..."""
    return tuple(f"{axis}_{side}" for axis in AXES[:dimension] for side in ("min", "max"))


def face_facets(mesh: LabelledMesh, axis: int, side: int) -> NDArray[np.int32]:
    """Find the facets of owned cells on one face of the box, from their coordinates.

    Args:
        mesh: Labelled mesh.
        axis: Direction normal to the face.
        side: 0 for the lower face, 1 for the upper.

    Returns:
        Owned cell and local facet, shape (f, 2); kept with the mesh, not to be changed.
    """
    found = mesh.found_faces
    if (axis, side) not in found:
        position = float(mesh.origin[axis]) + side * float(mesh.box[axis])
        face = on_plane(mesh.points, axis, position, mesh.box)
        found[axis, side] = flagged_facets(mesh.cells[: mesh.n_owned_cells], face)
    return found[axis, side]


def boundary_tags(mesh: LabelledMesh) -> tuple[dolfinx.mesh.MeshTags, tuple[str, ...]]:
    """Tag the facets of the box for DOLFINx; numbers all facets, which large meshes feel.

    Args:
        mesh: Labelled mesh.

    Returns:
        Tags of the owned facets on the boundary; tag ``i`` is face ``names[i]``. And the names.
    """
    d = mesh.dimension
    topology = mesh.mesh.topology
    topology.create_entities(d - 1)
    topology.create_connectivity(d - 1, 0)
    topology.create_connectivity(d, d - 1)
    numbers = topology.connectivity(d, d - 1).array.reshape(-1, d + 1)
    names = plane_names(d)
    faces = [face_facets(mesh, axis, side) for axis in range(d) for side in (0, 1)]
    indices = np.concatenate([numbers[face[:, 0], face[:, 1]] for face in faces])
    tags = np.repeat(np.arange(len(names), dtype=np.int32), [len(face) for face in faces])
    order = np.argsort(indices)
    return dolfinx.mesh.meshtags(mesh.mesh, d - 1, indices[order], tags[order]), names
