"""Cut a background mesh along the interfaces of a geometry, all labels at once.

Every vertex first belongs to the label whose field is smallest there. An edge between two labels
crosses their interface where the two fields are equal; power distances are quadratic along an
edge, so the crossing is exact. A crossing close to a vertex makes the vertex touch both labels
(it is moved onto the interface later); any other crossing becomes a new vertex that touches both.
Bisecting the edges whose ends share no label leaves cells whose vertices share one.

The geometry decides which labels meet, and where. A third label between the two ends of an edge
gets a vertex there, and no vertex touches two labels that do not meet at its place: thin gaps, to
walls and to a particle's own periodic image too, stay open, at worst widened to a fraction of a
cell, and the contact of two particles ends at the rim that their surfaces share.

A label that nearly meets its own image is told apart from it (`cellion.mesh.bodies`) while the mesh
is cut.

Source: after Labelle and Shewchuk (2007), Isosurface stuffing, ACM Trans. Graph. 26, 57, and
Bronson, Levine and Whitaker (2012), Lattice cleaving, Proc. 21st Int. Meshing Roundtable, 191.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.background import BackgroundMesh
from cellion.mesh.bodies import Bodies
from cellion.mesh.crossings import (
    RIM,
    Crossings,
    Meeting,
    MixedEdges,
    Nodes,
    find_crossings,
    is_mixed,
    mixed_edges,
    pair_keys,
    spanned_gaps,
)
from cellion.mesh.junctions import join_labels
from cellion.mesh.simplices import sorted_unique, split_edges

__all__ = ["SNAP", "CutMesh", "cut_mesh"]

SNAP = 0.25
"""Crossings nearer to a vertex than this part of the edge move the vertex instead."""

GAP_ROUNDS = 4
"""Passes over edges that span a gap; one is enough but where gaps meet."""

TOUCHED = 6
"""Labels that a vertex can touch before the cut is complete."""


@dataclass(frozen=True, kw_only=True)
class CutMesh:
    """A labelled mesh with its periodic identification.

    Attributes:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1), positively oriented.
        bodies: Body of each cell, shape (m,).
        image_of: Canonical vertex of each vertex under the period, shape (n,).
        kept_open: Number of edges on which an unresolved gap was kept open.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    bodies: NDArray[np.int32]
    image_of: NDArray[np.int64]
    kept_open: int


def cut_mesh(mesh: BackgroundMesh, bodies: Bodies) -> CutMesh:
    """Divide the cells of a background mesh so that each lies in one label."""
    box = bodies.geometry.box
    shift = np.rint((mesh.points - mesh.points[mesh.image_of]) / box).astype(np.int32)
    canonical = np.flatnonzero(mesh.image_of == np.arange(len(mesh.points)))
    own = np.zeros(len(mesh.points), dtype=np.int32)
    own[canonical] = bodies.at(mesh.points[canonical])
    own = bodies.moved(own[mesh.image_of], shift)
    nodes = Nodes(points=mesh.points, image_of=mesh.image_of, shift=shift, own=own)
    cells = mesh.cells
    nodes, meeting, opened = _open_gaps(nodes, cells, bodies)
    mixed = is_mixed(cells, nodes.own)
    plain, cells = cells[~mixed], cells[mixed]
    nodes, cells, split = _split_gaps(nodes, cells, meeting)
    nodes, cells, touched = _cut(nodes, cells, meeting)
    touched = join_labels(nodes.points, cells, nodes.image_of, nodes.shift, touched, bodies)
    labels = _cell_labels(nodes, cells, touched, bodies)
    return CutMesh(
        points=nodes.points,
        cells=np.concatenate([plain, cells]),
        bodies=np.concatenate([nodes.own[plain[:, 0]], labels]).astype(np.int32),
        image_of=nodes.image_of,
        kept_open=opened + split,
    )


def _open_gaps(
    nodes: Nodes, cells: NDArray[np.int64], bodies: Bodies
) -> tuple[Nodes, Meeting, int]:
    """Give vertices beside an unresolved gap to the body in the gap.

    Where the middle of a gap is nearer than `SNAP` to the end of an edge that spans it, that end
    joins the body in the gap.

    Returns:
        The vertices; what tells which bodies meet; how many vertices changed.
    """
    edges = mixed_edges(nodes, cells)
    crossings = find_crossings(nodes, edges, bodies)
    labels = bodies.labels(nodes.own)
    pairs = pair_keys(labels[edges.start], labels[edges.stop])
    meeting = Meeting(bodies=bodies, seen=sorted_unique(pairs[crossings.between < 0]))
    gap = spanned_gaps(nodes, edges, crossings, meeting)
    own = nodes.own.copy()
    near_start, near_stop = crossings.middle < SNAP, crossings.middle > 1 - SNAP
    for near, ends in ((near_start, edges.start), (near_stop, edges.stop)):
        vertex, body = ends[gap & near], crossings.between[gap & near]
        own[nodes.image_of[vertex]] = bodies.moved(body, -nodes.shift[vertex])
    own = bodies.moved(own[nodes.image_of], nodes.shift)
    return replace(nodes, own=own), meeting, int((own != nodes.own).sum())


def _insert(
    nodes: Nodes,
    cells: NDArray[np.int64],
    edges: MixedEdges,
    chosen: NDArray[np.bool_],
    t: NDArray[np.float64],
) -> tuple[Nodes, NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Place a vertex on the chosen edges and bisect the cells there, longest edges first.

    Args:
        nodes: The vertices.
        cells: The cells to divide.
        edges: Mixed edges of these cells.
        chosen: Edges to split, one entry per set of images.
        t: Where to split them.

    Returns:
        All vertices, new ones with the body of the start of their edge; the divided cells; the set
        of images of each new vertex; the boxes from the edge that stands for them to its own.
    """
    n = len(nodes.points)
    position = np.flatnonzero(chosen[edges.member])
    member = edges.member[position]
    start = edges.ends[position, 0]
    a, b = nodes.points[edges.ends[position]].transpose(1, 0, 2)
    new = a + t[member, None] * (b - a)
    _, first, inverse = np.unique(member, return_index=True, return_inverse=True)
    longest_first = -np.round(edges.length / edges.length.max(initial=np.finfo(float).tiny), 9)
    order = np.argsort(longest_first, kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    cells, _ = split_edges(
        cells, edges.keys[position], n + np.arange(len(position)), ranks[member], n
    )
    moved = nodes.shift[start] - nodes.shift[edges.start[member]]
    grown = Nodes(
        points=np.concatenate([nodes.points, new]),
        image_of=np.concatenate([nodes.image_of, n + first[inverse]]),
        shift=np.concatenate([nodes.shift, moved - moved[first[inverse]]]),
        own=np.concatenate([nodes.own, nodes.own[start]]),
    )
    return grown, cells, member, moved


def _split_gaps(
    nodes: Nodes, cells: NDArray[np.int64], meeting: Meeting
) -> tuple[Nodes, NDArray[np.int64], int]:
    """Place a vertex of the third body in the middle of gaps that one edge spans."""
    count = 0
    for _ in range(GAP_ROUNDS):
        edges = mixed_edges(nodes, cells)
        crossings = find_crossings(nodes, edges, meeting.bodies)
        wide = (crossings.between >= 0) & (crossings.high - crossings.low > 0.5)
        split = wide | spanned_gaps(nodes, edges, crossings, meeting)
        if not split.any():
            break
        middle = np.clip(crossings.middle, SNAP, 1 - SNAP)
        before = len(nodes.points)
        nodes, cells, member, moved = _insert(nodes, cells, edges, split, middle)
        nodes.own[before:] = meeting.bodies.moved(crossings.between[member], moved)
        count += int(split.sum())
    return nodes, cells, count


def _cut(
    nodes: Nodes, cells: NDArray[np.int64], meeting: Meeting
) -> tuple[Nodes, NDArray[np.int64], NDArray[np.int32]]:
    """Place a vertex on every edge whose ends, after snapping, share no body.

    Returns:
        All vertices; the divided cells; the bodies that each vertex touches, -1 where there are
        fewer than `TOUCHED`, shape (n, TOUCHED).
    """
    bodies = meeting.bodies
    edges = mixed_edges(nodes, cells)
    crossings = find_crossings(nodes, edges, bodies)
    touched = _snap(nodes, edges, crossings, meeting)
    first, second = touched[edges.start], touched[edges.stop]
    same = (first[:, :, None] == second[:, None, :]) & (first >= 0)[:, :, None]
    apart = ~same.any(axis=(1, 2))
    t = np.clip(crossings.t, SNAP, 1 - SNAP)
    start, stop = nodes.own[edges.start], nodes.own[edges.stop]
    nodes, cells, member, moved = _insert(nodes, cells, edges, apart, t)
    placed = np.full((len(member), TOUCHED), -1, dtype=np.int32)
    placed[:, :3] = np.stack([start, stop, crossings.between], axis=1)[member]
    return nodes, cells, np.concatenate([touched, bodies.moved(placed, moved)])


def _snap(
    nodes: Nodes, edges: MixedEdges, crossings: Crossings, meeting: Meeting
) -> NDArray[np.int32]:
    """Bodies that each vertex touches because an edge crosses an interface close to it.

    The body of the nearest crossing comes first; another one only if it meets those before at the
    vertex, so that no vertex bridges a gap. A vertex on a wall touches only bodies that reach it.
    """
    bodies = meeting.bodies
    near_start, near_stop = crossings.t < SNAP, crossings.t > 1 - SNAP
    which = np.concatenate([np.flatnonzero(near_start), np.flatnonzero(near_stop)])
    vertex = np.concatenate([edges.start[near_start], edges.stop[near_stop]])
    body = nodes.own[np.concatenate([edges.stop[near_start], edges.start[near_stop]])]
    body = bodies.moved(body, -nodes.shift[vertex])
    vertex = nodes.image_of[vertex]
    length = edges.length[which]
    distance = np.concatenate([crossings.t[near_start], 1 - crossings.t[near_stop]])
    reached = _reached(nodes, vertex, body, length, bodies)
    order = np.lexsort((distance, body, vertex))
    order = order[reached[order]]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = np.diff(vertex[order]) != 0
    fresh[1:] |= np.diff(body[order]) != 0
    order = order[fresh]
    order = order[np.lexsort((distance[order], vertex[order]))]
    vertex, body, length = vertex[order], body[order], length[order]
    place = np.arange(len(vertex)) - np.searchsorted(vertex, vertex)
    touched = np.full((len(nodes.points), TOUCHED), -1, dtype=np.int32)
    touched[:, 0] = nodes.own
    for column in range(1, TOUCHED):
        at = place == column - 1
        v, new, edge = vertex[at], body[at], length[at]
        bridged = np.zeros(len(v), dtype=np.bool_)
        for before in range(1, column):
            other = np.maximum(touched[v, before], 0)
            meets = meeting(nodes.points[v], other, new, edge)
            bridged |= (touched[v, before] >= 0) & ~meets
        touched[v[~bridged], column] = new[~bridged]
    return bodies.moved(touched[nodes.image_of], nodes.shift)


def _reached(
    nodes: Nodes,
    vertex: NDArray[np.int64],
    body: NDArray[np.int32],
    length: NDArray[np.float64],
    bodies: Bodies,
) -> NDArray[np.bool_]:
    """Whether a body reaches the walls that a canonical vertex lies in, if any."""
    geometry = bodies.geometry
    x = nodes.points[vertex]
    walls = ((x == 0.0) | (x == geometry.box)) & ~geometry.periodic
    reached = np.ones(len(vertex), dtype=np.bool_)
    on_wall = np.flatnonzero(walls.any(axis=1))
    reached[on_wall] = bodies.at_wall(
        x[on_wall], body[on_wall], walls[on_wall], RIM * length[on_wall]
    )
    return reached


def _cell_labels(
    nodes: Nodes,
    cells: NDArray[np.int64],
    touched: NDArray[np.int32],
    bodies: Bodies,
) -> NDArray[np.int32]:
    """Body of each cut cell: the one its vertices share.

    A vertex that touches one label only decides. Otherwise the label that most vertices touch
    wins, and among equals the smallest field at the centroid.
    """
    single = (touched >= 0).sum(axis=1) == 1
    inside = np.where(single[cells], touched[cells, 0], -1).max(axis=1)
    labels = inside.astype(np.int32)
    left = np.flatnonzero(inside < 0)
    around = touched[cells[left]].reshape(len(left), TOUCHED * cells.shape[1])
    votes = ((around[:, :, None] == around[:, None, :]) & (around >= 0)[:, None, :]).sum(axis=1)
    centroid = nodes.points[cells[left]].mean(axis=1)
    field = bodies.field(centroid, np.maximum(around, 0))
    field = np.where((around >= 0) & (votes == votes.max(axis=1, keepdims=True)), field, np.inf)
    labels[left] = around[np.arange(len(left)), field.argmin(axis=1)]
    return labels
