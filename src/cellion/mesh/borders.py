"""Facets where two labels meet, inside the box and through its periodic faces.

DOLFINx knows the facets of a periodic face as exterior ones, one on each side. Here they are facets
between the cells that continue each other, like those inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.facets import facet_vertices, flagged_facets, match_facets
from cellion.mesh.labelled import LabelledMesh

__all__ = ["Borders", "ask_owners", "find_borders", "lower_facets", "several_labels"]


@dataclass(frozen=True, kw_only=True)
class Borders:
    """Facets between cells of different labels, each on one rank.

    Attributes:
        near: Owned cell (local index) and its facet, shape (f, 2).
        far: The cell beyond (global index) and its facet, shape (f, 2).
        labels: Label of the near and of the far cell, shape (f, 2).
    """

    near: NDArray[np.int64]
    far: NDArray[np.int64]
    labels: NDArray[np.int64]

    def part(self, chosen: NDArray[np.bool_]) -> Borders:
        """Return some of the facets."""
        return Borders(near=self.near[chosen], far=self.far[chosen], labels=self.labels[chosen])


def find_borders(mesh: LabelledMesh, *, periodic: bool) -> Borders:
    """Find the facets between different labels (collective).

    A facet between ranks is listed where the cell with the smaller global index is owned, one
    through a periodic face where the cell at the upper face is.

    Args:
        mesh: Labelled mesh.
        periodic: Whether the box continues periodically (in the directions of the mesh).
    """
    near, far, labels = _inner(mesh)
    if periodic:
        outer = _through_faces(mesh)
        near, far, labels = (
            np.concatenate(both) for both in zip((near, far, labels), outer, strict=True)
        )
    return Borders(near=near, far=far, labels=labels)


type _Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def _inner(mesh: LabelledMesh) -> _Columns:
    """Facets inside the box."""
    cells, labels = mesh.cells, mesh.cell_labels
    facets = flagged_facets(cells, several_labels(mesh)).astype(np.int64)
    pairs = match_facets(facet_vertices(cells, facets))
    both = facets[pairs]
    differ = labels[both[:, 0, 0]] != labels[both[:, 1, 0]]
    both = both[differ]
    cell_map = mesh.mesh.topology.index_map(mesh.dimension)
    number = cell_map.local_to_global(both[:, :, 0].reshape(-1).astype(np.int32)).reshape(-1, 2)
    backwards = number[:, 0] > number[:, 1]
    both[backwards], number[backwards] = both[backwards, ::-1], number[backwards, ::-1]
    owned = both[:, 0, 0] < cell_map.size_local
    both, number = both[owned], number[owned]
    far = np.stack([number[:, 1], both[:, 1, 1]], axis=1)
    return both[:, 0], far, labels[both[:, :, 0]].astype(np.int64)


def several_labels(mesh: LabelledMesh) -> NDArray[np.bool_]:
    """Flag vertices whose local cells have different labels."""
    some = np.zeros(len(mesh.points), dtype=np.int32)
    for column in mesh.cells.T:
        some[column] = mesh.cell_labels
    several = np.zeros(len(mesh.points), dtype=bool)
    for column in mesh.cells.T:
        several[column[some[column] != mesh.cell_labels]] = True
    return several


def _through_faces(mesh: LabelledMesh) -> _Columns:
    """Facets on upper faces whose continuation has another label."""
    upper, facet, lower, _ = mesh.periodic_facets.T
    beyond = ask_owners(mesh, lower, lambda cells: mesh.cell_labels[cells])
    labels = np.stack([mesh.cell_labels[upper], beyond], axis=1).astype(np.int64)
    differ = labels[:, 0] != labels[:, 1]
    near, far = np.stack([upper, facet], axis=1), np.stack([lower, lower_facets(mesh)], axis=1)
    return near[differ], far[differ], labels[differ]


def lower_facets(mesh: LabelledMesh) -> NDArray[np.intp]:
    """Local facet at the lower face of the cells that continue `periodic_facets` (collective)."""
    _, _, lower, axis = mesh.periodic_facets.T
    corners = ask_owners(mesh, lower, lambda cells: mesh.points[mesh.cells[cells]])
    # All corners but the one opposite the facet lie on the lower face.
    return np.argmax(corners[np.arange(len(axis)), :, axis], axis=1)


def ask_owners(
    mesh: LabelledMesh,
    cells: NDArray[np.int64],
    answer: Callable[[NDArray[np.int64]], NDArray[Any]],
) -> NDArray[Any]:
    """Ask the owners of cells about them (collective).

    Args:
        mesh: Labelled mesh.
        cells: Global indices of cells, shape (n,).
        answer: From local indices of owned cells to one row for each.

    Returns:
        The row of each asked cell, shape (n, ...).
    """
    first = mesh.mesh.topology.index_map(mesh.dimension).local_range[0]
    starts = np.array(mesh.comm.allgather(first))
    owner = np.searchsorted(starts, cells, side="right") - 1
    asked, route = exchange(cells, owner, mesh.comm)
    return route.answer(answer(asked - first))
