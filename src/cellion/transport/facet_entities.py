"""The facets of a mesh as entities that unknowns sit on, one with its image across the period."""

from __future__ import annotations

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.facets import facet_vertices
from cellion.mesh.labelled import LabelledMesh, face_facets
from cellion.transport.index_maps import meeting_rank
from cellion.transport.spaces import Entities

__all__ = ["facet_entities"]

_SHARING_TAG = 1331

_APART = 1e-6
"""Distance of facets with the same vertices, at least, relative to the box."""


def facet_entities(mesh: LabelledMesh, *, periodic: bool) -> Entities:
    """Return the facets of the owned cells of a mesh as entities (collective).

    Facet ``i`` of a cell is the one opposite its vertex ``i``.

    Args:
        mesh: Labelled mesh.
        periodic: Whether a facet and its image are one, in the directions of the mesh.

    Raises:
        MeshError: The facets of opposite faces do not match.
    """
    d, topology = mesh.dimension, mesh.mesh.topology
    topology.create_entities(d - 1)
    of_cell = topology.connectivity(d, d - 1).array.reshape(-1, d + 1)
    facet_map = topology.index_map(d - 1)
    n = facet_map.size_local + facet_map.num_ghosts
    own = facet_map.local_to_global(np.arange(n, dtype=np.int32))
    shared = np.arange(n) >= facet_map.size_local
    shared |= np.diff(facet_map.index_to_dest_ranks(_SHARING_TAG).offsets) > 0
    merged = np.arange(n, dtype=np.int32)
    axes = np.flatnonzero(mesh.periodic) if periodic else np.empty(0, dtype=np.intp)
    if not len(axes):
        return Entities(of_cell=of_cell, merged=merged, representative=own, shared=shared)
    places, images, standing = _images(mesh, axes, of_cell, own)
    target = facet_map.global_to_local(standing)
    elsewhere = target < 0
    beyond, number = np.unique(standing[elsewhere], return_inverse=True)
    target[elsewhere] = n + number
    merged[images] = target
    flag = np.concatenate([shared, np.ones(len(beyond), dtype=bool)])
    flag[merged[places]] = True
    return Entities(
        of_cell=of_cell,
        merged=merged,
        representative=np.concatenate([own, beyond]),
        shared=flag,
    )


def _images(
    mesh: LabelledMesh,
    axes: NDArray[np.intp],
    of_cell: NDArray[np.int32],
    own: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Find the facet on the lower face that continues each facet on an upper face (collective).

    Ranks meet at the one that a hash of the representatives of the vertices names.

    Returns:
        Local facets of owned cells on periodic faces; those on upper faces; and the global index
        of the facet that stands for each of the latter.
    """
    comm, d, rows, places = mesh.comm, mesh.dimension, [], []
    for axis in axes:
        for side in (0, 1):
            facets = face_facets(mesh, int(axis), side)
            local = of_cell[facets[:, 0], facets[:, 1]]
            vertices = facet_vertices(mesh.cells, facets)
            names = np.sort(mesh.vertex_representative[vertices], axis=1)
            across = np.rint((mesh.points[vertices].mean(axis=1) - mesh.origin) / mesh.box / _APART)
            across[:, axis] = 0.0
            fixed = np.broadcast_to([side, axis], (len(facets), 2))
            parts = [fixed, names, across.astype(np.int64), own[local][:, None]]
            rows.append(np.concatenate(parts, axis=1))
            places.append(local)
    row = np.concatenate(rows).astype(np.int64)
    meeting = meeting_rank(row[:, 1 : 2 + d].sum(axis=1), comm)
    arrived, route = exchange(row, meeting, comm)
    # Where a period is one or two cells long, facets side by side have the same vertices: these
    # are told by their places.
    order = np.lexsort((*arrived[:, 2 + d : 2 + 2 * d].T, *arrived[:, 1 : 2 + d].T))
    lower, upper = (order[arrived[order, 0] == side] for side in (0, 1))
    alike = len(lower) == len(upper)
    alike = alike and np.array_equal(arrived[lower, 1 : 2 + d], arrived[upper, 1 : 2 + d])
    if not all(comm.allgather(alike)):
        raise MeshError(
            "the facets of opposite faces of the periodic mesh do not match; give a mesh whose "
            "opposite faces are divided alike"
        )
    standing = arrived[:, -1].copy()
    standing[upper] = arrived[lower, -1]
    answer: NDArray[np.int64] = route.answer(standing)
    place, above = np.concatenate(places).astype(np.int32), row[:, 0] == 1
    return place, place[above], answer[above]
