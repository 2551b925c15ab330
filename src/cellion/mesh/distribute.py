"""From plain arrays on rank 0 to a DOLFINx mesh on all ranks.

Rank 0 has the whole mesh, since it is generated or read there, and therefore knows who needs what:
it divides the cells, numbers cells and vertices rank by rank and sends each rank its piece, labels
included. DOLFINx objects are then built from their parts (index maps, topology, geometry) without
the searches of ``create_mesh``: no dual graph, no facets, no exchange of labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellion.parallel import agree

import basix.ufl
import dolfinx.mesh
import numpy as np
import ufl
from dolfinx import cpp
from dolfinx.fem import coordinate_element
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.partition import Piece, split_mesh
from cellion.mesh.periodicity import match_periodic_faces

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["distribute"]

_VERTEX_TAG, _CELL_TAG = 1301, 1302
_FILL_TOLERANCE = 1e-6
_BLOCK = 1 << 14


def distribute(data: MeshData | None, comm: MPI.Comm) -> LabelledMesh:
    """Distribute a mesh from rank 0 over all ranks (collective).

    Args:
        data: The mesh on rank 0; None on the others.
        comm: Communicator.

    Returns:
        The labelled mesh; cells beyond a facet of an owned cell are present as ghosts.

    Raises:
        MeshError: There is no mesh on rank 0, it has fewer cells than there are ranks, or faces
            that should be periodic do not match.
    """
    pieces = None
    with agree(comm):
        if comm.rank == 0:
            if data is None:
                raise MeshError("no mesh on rank 0; generate or read it there before distributing")
            if len(data.cells) < comm.size:
                raise MeshError(
                    f"the mesh has {len(data.cells)} cells for {comm.size} ranks; use fewer ranks"
                )
            pieces = split_mesh(data, match_periodic_faces(data), comm.size)
    common = comm.bcast(_common(data) if data is not None and comm.rank == 0 else None)
    piece: Piece
    if pieces is not None:
        piece = next(pieces)
        for rank, other in enumerate(pieces, start=1):
            comm.send(other, dest=rank)
    else:
        piece = comm.recv(source=0)
    return _labelled(piece, comm, common)


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What is the same on all ranks; see `LabelledMesh` for the meaning."""

    label_material: NDArray[np.int32]
    materials: tuple[str, ...]
    box: NDArray[np.float64]
    origin: NDArray[np.float64]
    periodic: NDArray[np.bool_]
    orientations: NDArray[np.float64] | None
    pieces: NDArray[np.int32] | None
    label_role: NDArray[np.int8] | None


def _common(data: MeshData) -> _Common:
    return _Common(
        label_material=data.label_material.astype(np.int32),
        materials=data.materials,
        box=data.box,
        origin=data.origin,
        periodic=data.periodic,
        orientations=data.orientations,
        pieces=data.pieces,
        label_role=data.label_role,
    )


def _labelled(piece: Piece, comm: MPI.Comm, common: _Common) -> LabelledMesh:
    """Put a piece and what all pieces have in common together."""
    volumes = np.abs(cell_volumes(piece.points, piece.cells, _BLOCK))
    owned = len(piece.cells) - len(piece.ghost_cells)
    filled = comm.allreduce(float(volumes[:owned].sum()))
    return LabelledMesh(
        mesh=_build(piece, comm),
        cell_labels=piece.labels,
        label_material=common.label_material,
        materials=common.materials,
        box=common.box,
        origin=common.origin,
        periodic=common.periodic,
        vertex_representative=piece.representative,
        periodic_facets=piece.periodic_facets,
        cell_volumes=volumes,
        fills_box=abs(filled / float(np.prod(common.box)) - 1.0) < _FILL_TOLERANCE,
        input_cells=piece.input_cells,
        input_vertices=piece.input_vertices,
        orientations=common.orientations,
        pieces=common.pieces,
        label_role=common.label_role,
    )


def _build(piece: Piece, comm: MPI.Comm) -> dolfinx.mesh.Mesh:
    """Build the DOLFINx mesh of P1 simplices from its piece on each rank."""
    d = piece.points.shape[1]
    kind = dolfinx.mesh.CellType.triangle if d == 2 else dolfinx.mesh.CellType.tetrahedron
    vertex_map = cpp.common.IndexMap(
        comm,
        len(piece.points) - len(piece.ghost_vertices),
        piece.ghost_vertices,
        piece.ghost_vertex_owners,
        _VERTEX_TAG,
    )
    cell_map = cpp.common.IndexMap(
        comm,
        len(piece.cells) - len(piece.ghost_cells),
        piece.ghost_cells,
        piece.ghost_cell_owners,
        _CELL_TAG,
    )
    links = cpp.graph.AdjacencyList_int32(piece.cells)
    topology = cpp.mesh.Topology(kind, vertex_map, cell_map, links, piece.input_cells)
    element = coordinate_element(kind, 1)
    geometry = cpp.mesh.Geometry_float64(
        vertex_map, piece.cells, element._cpp_object, piece.points, piece.input_vertices
    )
    domain = ufl.Mesh(basix.ufl.element("Lagrange", kind.name, 1, shape=(d,)))
    return dolfinx.mesh.Mesh(cpp.mesh.Mesh_float64(comm, topology, geometry), domain)
