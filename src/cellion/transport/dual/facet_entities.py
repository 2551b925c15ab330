"""The facets of a mesh as entities that unknowns sit on, one with its image across the period."""

from __future__ import annotations

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.mesh.borders import ask_owners, lower_facets
from cellion.mesh.labelled import LabelledMesh, face_facets
from cellion.transport.primal.spaces import Entities

__all__ = ["facet_entities"]

_SHARING_TAG = 1331


def facet_entities(mesh: LabelledMesh, *, periodic: bool) -> Entities:
    """Return the facets of the owned cells of a mesh as entities (collective).

    Facet ``i`` of a cell is the one opposite its vertex ``i``.

    Args:
        mesh: Labelled mesh.
        periodic: Whether a facet and its image are one, in the directions of the mesh.
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
    if not (periodic and mesh.periodic.any()):
        return Entities(of_cell=of_cell, merged=merged, representative=own, shared=shared)
    upper, facet, lower, _ = mesh.periodic_facets.T
    numbers = ask_owners(mesh, lower, lambda cells: own[of_cell[cells]])
    standing = numbers[np.arange(len(lower)), lower_facets(mesh)]
    target = facet_map.global_to_local(standing)
    elsewhere = target < 0
    beyond, number = np.unique(standing[elsewhere], return_inverse=True)
    target[elsewhere] = n + number
    merged[of_cell[upper, facet]] = target
    flag = np.concatenate([shared, np.ones(len(beyond), dtype=bool)])
    for axis in np.flatnonzero(mesh.periodic).tolist():
        for side in (0, 1):
            at = face_facets(mesh, axis, side)
            flag[merged[of_cell[at[:, 0], at[:, 1]]]] = True
    return Entities(
        of_cell=of_cell,
        merged=merged,
        representative=np.concatenate([own, beyond]),
        shared=flag,
    )
