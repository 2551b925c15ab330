"""Sides of a vertex: the sets of cells around it between which the potential may jump.

Current crosses facets, not points or edges. The corners of solved cells at a vertex are on the same
side if facets of perfect contact that contain the vertex connect their cells; each side has an
unknown of its own. P1 functions on these unknowns are all those that are continuous across such
facets. A vertex has several sides only at an imperfect facet, or beside an insulator or a void,
where conductors may touch in the vertex or in an edge.

Facets connect corners on each rank first. What then belongs together across ranks and periodic
faces is found where the ranks that know a vertex, or an image of it, meet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import Borders, ask_owners
from cellion.mesh.facets import facet_corners, facet_vertices, flagged_facets, match_facets
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.index_maps import connected_sets, distinct_pairs, meeting_rank
from cellion.transport.primal.percolation import Separates
from cellion.transport.primal.spaces import Entities, Sides

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["find_sides"]

type Flags = NDArray[np.bool_]
type Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Corners:
    """Corners of solved cells at the vertices that may have several sides, ordered by cell.

    Attributes:
        number: Which of them each corner of each local cell is, -1 for none, shape (m, d + 1).
        vertex: Merged vertex of each, shape (n,).
        name: Number of each on all ranks, (d + 1) * global cell + corner, shape (n,).
    """

    number: NDArray[np.int32]
    vertex: NDArray[np.int32]
    name: Numbers


def find_sides(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    *,
    periodic: bool,
    imperfect: Borders | None = None,
    separates: Separates | None = None,
) -> Sides | None:
    """Find the sides of vertices (collective).

    Args:
        mesh: Labelled mesh.
        entities: Its vertices.
        group: Component of each local cell, -1 for cells without unknowns, shape (m,).
        periodic: Whether the box continues periodically (in the directions of the mesh).
        imperfect: Facets between solved cells across which the potential may jump, each on one
            rank; None when no rank has any.
        separates: Whether the potential may jump between two labels, from labels, shape (n, 2), to
            flags, shape (n,); None when it never does. The same on all ranks.

    Returns:
        The sides, or None when no vertex on any rank has several.
    """
    suspect = _suspects(mesh, entities, group, imperfect)
    if not mesh.comm.allreduce(int(suspect.any())):
        return None
    suspect = _on_any_rank(entities, suspect, mesh.comm)
    corners = _find_corners(mesh, entities, group, suspect)
    links = np.empty((0, 3), dtype=np.int64)
    if periodic:
        links = _links_across_period(mesh, entities, group, suspect, separates)
    side = _number_sides(
        entities, corners, _across_facets(mesh, corners, separates), links, mesh.comm
    )
    split = np.zeros(len(suspect), dtype=bool)
    split[corners.vertex[side > 0]] = True
    if not mesh.comm.allreduce(int(split.any())):
        return None
    return Sides(split=split, of_corner=side[split[corners.vertex]])


def _suspects(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    imperfect: Borders | None,
) -> Flags:
    """Flag the merged vertices that may have several sides, as far as this rank sees.

    The cells around any other vertex are all solved and connected through facets.
    """
    suspect = np.zeros(len(entities.representative), dtype=bool)
    suspect[entities.merged[mesh.cells[group < 0]]] = True
    if not mesh.fills_box:
        facets = flagged_facets(mesh.cells, np.ones(len(mesh.points), dtype=bool))
        vertices = facet_vertices(mesh.cells, facets)
        outer = np.ones(len(facets), dtype=bool)
        outer[match_facets(vertices)] = False
        suspect[entities.merged[vertices[outer]]] = True
    if imperfect is not None:
        suspect[entities.merged[facet_vertices(mesh.cells, imperfect.near)]] = True
    return suspect


def _on_any_rank(entities: Entities, flag: Flags, comm: MPI.Comm) -> Flags:
    """Flag the merged vertices that are flagged on any rank (collective)."""
    if comm.size == 1:
        return flag
    asked = np.flatnonzero(entities.shared)
    entity = entities.representative[asked]
    rows = np.stack([entity, flag[asked]], axis=1)
    arrived, route = exchange(rows, meeting_rank(entity, comm), comm)
    _, inverse = np.unique(arrived[:, 0], return_inverse=True)
    hit = np.bincount(inverse, weights=arrived[:, 1], minlength=1) > 0
    anywhere = flag.copy()
    anywhere[asked] = route.answer(hit[inverse])
    return anywhere


def _find_corners(
    mesh: LabelledMesh, entities: Entities, group: NDArray[np.integer[Any]], suspect: Flags
) -> _Corners:
    """Number the corners of solved cells at suspect vertices."""
    at = suspect[entities.merged[mesh.cells]] & (group >= 0)[:, None]
    number = np.full(at.shape, -1, dtype=np.int32)
    number[at] = np.arange(np.count_nonzero(at), dtype=np.int32)
    cell, corner = np.nonzero(at)
    return _Corners(
        number=number,
        vertex=entities.merged[mesh.cells[at]],
        name=_global_cells(mesh)[cell] * at.shape[1] + corner,
    )


def _global_cells(mesh: LabelledMesh) -> Numbers:
    """Global index of each local cell."""
    local = np.arange(len(mesh.cells), dtype=np.int32)
    numbers: Numbers = mesh.mesh.topology.index_map(mesh.dimension).local_to_global(local)
    return numbers


def _across_facets(
    mesh: LabelledMesh, corners: _Corners, separates: Separates | None
) -> NDArray[np.int32]:
    """Pairs of corners on the two sides of a facet of perfect contact, shape (e, 2)."""
    at = corners.number >= 0
    some = np.flatnonzero(at.any(axis=1))
    # A facet has one of the corners if not only the corner opposite to it is one.
    row, facet = np.nonzero(at[some].sum(axis=1)[:, None] > at[some])
    cell = some[row]
    corner = facet_corners(mesh.dimension)[facet]
    order = np.argsort(mesh.cells[cell[:, None], corner], axis=1)
    corner = np.take_along_axis(corner, order, axis=1)
    pairs = match_facets(mesh.cells[cell[:, None], corner])
    if separates is not None:
        pairs = pairs[~_apart(mesh.cell_labels[cell[pairs]], separates)]
    number = corners.number[cell[:, None], corner]
    ends = number[pairs].transpose(0, 2, 1).reshape(-1, 2)
    return ends[ends[:, 0] >= 0]


def _apart(labels: NDArray[np.integer[Any]], separates: Separates) -> Flags:
    """Whether the potential may jump between pairs of labels; each pair is asked for once."""
    apart: Flags = labels[:, 0] != labels[:, 1]
    pairs, place = distinct_pairs(np.sort(labels[apart], axis=1).astype(np.int64))
    apart[apart] = separates(pairs)[place]
    return apart


def _links_across_period(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    suspect: Flags,
    separates: Separates | None,
) -> Numbers:
    """Pairs of corners that a facet of a periodic face connects (collective).

    Returns:
        Merged vertex and the names of the two corners, shape (e, 3).
    """
    near, facet, far, axis = mesh.periodic_facets.T
    corner = facet_corners(mesh.dimension)[facet]
    at = suspect[entities.merged[mesh.cells[near[:, None], corner]]]
    chosen = (group[near] >= 0) & at.any(axis=1)
    near, far, axis, corner, at = (part[chosen] for part in (near, far, axis, corner, at))
    rows = ask_owners(
        mesh, far, lambda cells: np.stack([group[cells], mesh.cell_labels[cells]], axis=1)
    )
    perfect = rows[:, 0] >= 0
    if separates is not None:
        perfect &= ~_apart(np.stack([mesh.cell_labels[near], rows[:, 1]], axis=1), separates)
    beyond = ask_owners(mesh, far, lambda cells: mesh.points[mesh.cells[cells]])
    beyond[np.arange(len(far)), :, axis] += mesh.box[axis][:, None]
    points = mesh.points[mesh.cells[near[:, None], corner]]
    distance = ((points[:, :, None] - beyond[:, None]) ** 2).sum(axis=3)
    count = mesh.dimension + 1
    one = _global_cells(mesh)[near][:, None] * count + corner
    other = far[:, None] * count + distance.argmin(axis=2)
    vertex = entities.merged[mesh.cells[near[:, None], corner]]
    links = np.stack([vertex, one, other], axis=2).astype(np.int64)
    return np.asarray(links[perfect[:, None] & at])


def _number_sides(
    entities: Entities, corners: _Corners, edges: NDArray[np.int32], links: Numbers, comm: MPI.Comm
) -> Numbers:
    """Number the sides of each vertex from 0, alike on all ranks (collective).

    What is connected on this rank goes by its smallest corner.

    Args:
        entities: Vertices.
        corners: Corners.
        edges: Pairs of corners on the same side, shape (e, 2).
        links: Merged vertex and names of two corners on the same side, shape (l, 3).
        comm: Communicator.

    Returns:
        Side of each corner, shape (n,).
    """
    count, cluster = connected_sets(len(corners.vertex), *edges.T)
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, cluster, corners.name)
    vertex = np.empty(count, dtype=np.int64)
    vertex[cluster] = corners.vertex
    open_ = entities.shared[vertex] | (np.bincount(vertex)[vertex] > 1)
    clusters = np.flatnonzero(open_)
    met = np.flatnonzero(entities.shared[corners.vertex])
    rows = np.concatenate(
        [
            np.stack([vertex, least, least], axis=1)[clusters],
            np.stack([corners.vertex, least[cluster], corners.name], axis=1)[met],
            links,
        ]
    )
    shared = entities.shared[rows[:, 0]]
    rows[:, 0] = entities.representative[rows[:, 0]]
    place = np.where(shared, meeting_rank(rows[:, 0], comm), comm.rank)
    arrived, route = exchange(rows, place, comm)
    side = np.zeros(count, dtype=np.int64)
    side[clusters] = route.answer(_sides_of_rows(arrived))[: len(clusters)]
    of_corners: Numbers = side[cluster]
    return of_corners


def _sides_of_rows(rows: Numbers) -> Numbers:
    """Number connected names at each vertex in the order of the smallest.

    Args:
        rows: Vertex and two names on the same side, shape (n, 3).

    Returns:
        Side of each row, shape (n,).
    """
    names, place = distinct_pairs(np.concatenate([rows[:, [0, 1]], rows[:, [0, 2]]]))
    one, other = place.reshape(2, -1)
    count, part = connected_sets(len(names), one, other)
    first = np.unique(part, return_index=True)[1]
    order = np.argsort(first)
    vertex = names[first[order], 0]
    side = np.empty(count, dtype=np.int64)
    side[order] = np.arange(count) - np.searchsorted(vertex, vertex)
    of_rows: Numbers = side[part[one]]
    return of_rows
