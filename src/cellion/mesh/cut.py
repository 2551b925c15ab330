"""Cut a background mesh along the interfaces of a geometry, all labels at once.

Every vertex first belongs to the label whose field is smallest there. An edge between two labels
crosses their interface where the two fields are equal; power distances are quadratic along an
edge, so the crossing is exact. A crossing close to a vertex makes the vertex touch both labels
(it is moved onto the interface later); any other crossing becomes a new vertex that touches both.
Bisecting the edges whose ends share no label leaves cells whose vertices share one.

Where a third label lies between the two ends of an edge, it is kept apart: a thin gap between
particles that do not touch stays open, at worst widened to a fraction of a cell, and never
becomes a false contact.

Source: after Labelle and Shewchuk (2007), Isosurface stuffing, ACM Trans. Graph. 26, 57, and
Bronson, Levine and Whitaker (2012), Lattice cleaving, Proc. 21st Int. Meshing Roundtable, 191.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.background import BackgroundMesh
from cellion.mesh.junctions import join_labels
from cellion.mesh.simplices import (
    canonical_edges,
    cell_edges,
    local_edges,
    sorted_unique,
    split_edges,
)
from cellion.microstructure.geometry import Geometry

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
        labels: Label of each cell, shape (m,).
        image_of: Canonical vertex of each vertex under the period, shape (n,).
        kept_open: Number of edges on which an unresolved gap was kept open.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    labels: NDArray[np.int32]
    image_of: NDArray[np.int64]
    kept_open: int


@dataclass(frozen=True, kw_only=True)
class _Edges:
    """Edges whose ends belong to different labels.

    One entry per set of periodic images, except `keys` and `member` which list all images.
    """

    keys: NDArray[np.int64]
    member: NDArray[np.int64]
    ends: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    length: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Nodes:
    """Vertices while the mesh is cut; `own` is the label each belongs to."""

    points: NDArray[np.float64]
    image_of: NDArray[np.int64]
    own: NDArray[np.int32]


def cut_mesh(mesh: BackgroundMesh, geometry: Geometry) -> CutMesh:
    """Divide the cells of a background mesh so that each lies in one label."""
    canonical = np.flatnonzero(mesh.image_of == np.arange(len(mesh.points)))
    own = np.zeros(len(mesh.points), dtype=np.int32)
    own[canonical] = geometry.label(mesh.points[canonical])
    nodes = _Nodes(points=mesh.points, image_of=mesh.image_of, own=own[mesh.image_of])
    cells = mesh.cells
    nodes, contacts, opened = _open_gaps(nodes, cells, geometry)
    mixed = _is_mixed(cells, nodes.own)
    plain, cells = cells[~mixed], cells[mixed]
    nodes, cells, split = _split_gaps(nodes, cells, geometry, contacts)
    nodes, cells, touched = _cut(nodes, cells, geometry, contacts)
    touched = join_labels(nodes.points, cells, nodes.image_of, touched, geometry)
    labels = _cell_labels(nodes, cells, touched, geometry)
    return CutMesh(
        points=nodes.points,
        cells=np.concatenate([plain, cells]),
        labels=np.concatenate([nodes.own[plain[:, 0]], labels]).astype(np.int32),
        image_of=nodes.image_of,
        kept_open=opened + split,
    )


def _is_mixed(cells: NDArray[np.int64], own: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the vertices of each cell belong to different labels."""
    around = own[cells]
    mixed: NDArray[np.bool_] = (around != around[:, :1]).any(axis=1)
    return mixed


def _mixed_edges(nodes: _Nodes, cells: NDArray[np.int64]) -> _Edges:
    """Edges of cells whose ends belong to different labels."""
    n = len(nodes.points)
    mixed = cells[_is_mixed(cells, nodes.own)]
    pairs, own = local_edges(cells.shape[1] - 1), nodes.own[mixed]
    crossing = own[:, pairs[:, 0]] != own[:, pairs[:, 1]]
    keys = sorted_unique(cell_edges(mixed, n)[crossing])
    ends, first, member = canonical_edges(keys, nodes.image_of)
    start, stop = ends[first].T
    length = np.linalg.norm(nodes.points[stop] - nodes.points[start], axis=1)
    return _Edges(keys=keys, member=member, ends=ends, start=start, stop=stop, length=length)


def _crossing(
    geometry: Geometry,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Part t of each edge at which the field of `second` falls below that of `first`.

    With u the difference of the two fields, u(t) = u(0) + b t + c t^2 is fitted to the ends and
    the middle, which is exact for power distances.

    Args:
        geometry: The fields.
        ends: Coordinates of the two ends, each (n, d) [m].
        first: Label at the start of each edge, shape (n,).
        second: Label at its end, shape (n,).

    Returns:
        t in [0, 1]; an end of the edge where the difference does not change sign.
    """
    pair = np.stack([first, second], axis=1)
    start, stop = ends
    values = [geometry.field(x, pair) for x in (start, 0.5 * (start + stop), stop)]
    low, middle, high = (v[:, 0] - v[:, 1] for v in values)
    c = 2.0 * (low - 2.0 * middle + high)
    b = high - low - c
    root = np.sqrt(np.maximum(b * b - 4.0 * c * low, 0.0))
    # The stable form of the root at which u rises through zero.
    denominator = b + root
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(denominator > 0, -2.0 * low / denominator, (root - b) / (2.0 * c))
    t = np.where(np.isfinite(t), t, 0.5)
    return np.where(low >= 0, 0.0, np.where(high <= 0, 1.0, np.clip(t, 0.0, 1.0)))


@dataclass(frozen=True, kw_only=True)
class _Crossings:
    """Where mixed edges cross the interface, and the label found between the two, if any."""

    t: NDArray[np.float64]
    between: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def _crossings(nodes: _Nodes, edges: _Edges, geometry: Geometry) -> _Crossings:
    """Cross all edges; where a third label lies at the crossing, find the part it takes."""
    start, stop = nodes.points[edges.start], nodes.points[edges.stop]
    first, second = nodes.own[edges.start], nodes.own[edges.stop]
    t = _crossing(geometry, (start, stop), first, second)
    found = geometry.label(start + t[:, None] * (stop - start))
    third = np.flatnonzero((found != first) & (found != second))
    between = np.full(len(t), -1, dtype=np.int32)
    between[third] = found[third]
    low, high = t.copy(), t.copy()
    ends = (start[third], stop[third])
    low[third] = np.minimum(_crossing(geometry, ends, first[third], found[third]), t[third])
    high[third] = np.maximum(_crossing(geometry, ends, found[third], second[third]), t[third])
    return _Crossings(t=t, between=between, low=low, high=high)


def _pair_keys(first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int64]:
    """One integer per unordered pair of labels."""
    a, b = first.astype(np.int64), second.astype(np.int64)
    return np.minimum(a, b) << 32 | np.maximum(a, b)


def _open_gaps(
    nodes: _Nodes, cells: NDArray[np.int64], geometry: Geometry
) -> tuple[_Nodes, NDArray[np.int64], int]:
    """Give vertices beside an unresolved gap to the label in the gap.

    An edge between two labels that touch nowhere has a third label in between. Where its middle
    is nearer than `SNAP` to an end, that end joins the third label.

    Returns:
        The vertices; the pairs of labels in contact (`_pair_keys`, sorted); how many vertices
        changed.
    """
    edges = _mixed_edges(nodes, cells)
    crossings = _crossings(nodes, edges, geometry)
    pairs = _pair_keys(nodes.own[edges.start], nodes.own[edges.stop])
    contacts = sorted_unique(pairs[crossings.between < 0])
    gap = (crossings.between >= 0) & ~np.isin(pairs, contacts)
    middle = 0.5 * (crossings.low + crossings.high)
    own = nodes.own.copy()
    for near, vertex in ((middle < SNAP, edges.start), (middle > 1 - SNAP, edges.stop)):
        own[nodes.image_of[vertex[gap & near]]] = crossings.between[gap & near]
    own = own[nodes.image_of]
    changed = int((own != nodes.own).sum())
    return _Nodes(points=nodes.points, image_of=nodes.image_of, own=own), contacts, changed


def _insert(
    nodes: _Nodes,
    cells: NDArray[np.int64],
    edges: _Edges,
    chosen: NDArray[np.bool_],
    t: NDArray[np.float64],
    own: NDArray[np.int32],
) -> tuple[_Nodes, NDArray[np.int64], NDArray[np.int64]]:
    """Place a vertex on the chosen edges and bisect the cells there, longest edges first.

    Args:
        nodes: The vertices.
        cells: The cells to divide.
        edges: Mixed edges of these cells.
        chosen: Edges to split, one entry per set of images.
        t: Where to split them.
        own: Label that each new vertex belongs to.

    Returns:
        All vertices; the divided cells; the set of images of each new vertex.
    """
    n = len(nodes.points)
    position = np.flatnonzero(chosen[edges.member])
    member = edges.member[position]
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
    grown = _Nodes(
        points=np.concatenate([nodes.points, new]),
        image_of=np.concatenate([nodes.image_of, n + first[inverse]]),
        own=np.concatenate([nodes.own, own[member]]),
    )
    return grown, cells, member


def _split_gaps(
    nodes: _Nodes, cells: NDArray[np.int64], geometry: Geometry, contacts: NDArray[np.int64]
) -> tuple[_Nodes, NDArray[np.int64], int]:
    """Place a vertex of the third label in the middle of gaps that one edge spans."""
    count = 0
    for _ in range(GAP_ROUNDS):
        edges = _mixed_edges(nodes, cells)
        crossings = _crossings(nodes, edges, geometry)
        pairs = _pair_keys(nodes.own[edges.start], nodes.own[edges.stop])
        wide = crossings.high - crossings.low > 0.5
        split = (crossings.between >= 0) & (wide | ~np.isin(pairs, contacts))
        if not split.any():
            break
        middle = np.clip(0.5 * (crossings.low + crossings.high), SNAP, 1 - SNAP)
        nodes, cells, _ = _insert(nodes, cells, edges, split, middle, crossings.between)
        count += int(split.sum())
    return nodes, cells, count


def _cut(
    nodes: _Nodes, cells: NDArray[np.int64], geometry: Geometry, contacts: NDArray[np.int64]
) -> tuple[_Nodes, NDArray[np.int64], NDArray[np.int32]]:
    """Place a vertex on every edge whose ends, after snapping, share no label.

    Returns:
        All vertices; the divided cells; the labels that each vertex touches, -1 where there are
        fewer than `TOUCHED`, shape (n, TOUCHED).
    """
    edges = _mixed_edges(nodes, cells)
    crossings = _crossings(nodes, edges, geometry)
    touched = _snap(nodes, edges, crossings, contacts)
    first, second = touched[edges.start], touched[edges.stop]
    same = (first[:, :, None] == second[:, None, :]) & (first >= 0)[:, :, None]
    apart = ~same.any(axis=(1, 2))
    t = np.clip(crossings.t, SNAP, 1 - SNAP)
    start, stop = nodes.own[edges.start], nodes.own[edges.stop]
    nodes, cells, member = _insert(nodes, cells, edges, apart, t, start)
    placed = np.full((len(member), TOUCHED), -1, dtype=np.int32)
    placed[:, 0], placed[:, 1] = start[member], stop[member]
    placed[:, 2] = crossings.between[member]
    return nodes, cells, np.concatenate([touched, placed])


def _snap(
    nodes: _Nodes, edges: _Edges, crossings: _Crossings, contacts: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Labels that each vertex touches because an edge crosses an interface close to it.

    The label of the nearest crossing comes first; another one only if it is in contact with those
    before, so that no vertex bridges a gap.
    """
    near_start, near_stop = crossings.t < SNAP, crossings.t > 1 - SNAP
    vertex = nodes.image_of[np.concatenate([edges.start[near_start], edges.stop[near_stop]])]
    label = nodes.own[np.concatenate([edges.stop[near_start], edges.start[near_stop]])]
    distance = np.concatenate([crossings.t[near_start], 1 - crossings.t[near_stop]])
    order = np.lexsort((distance, label, vertex))
    vertex, label, distance = vertex[order], label[order], distance[order]
    fresh = np.ones(len(vertex), dtype=np.bool_)
    fresh[1:] = (vertex[1:] != vertex[:-1]) | (label[1:] != label[:-1])
    vertex, label, distance = vertex[fresh], label[fresh], distance[fresh]
    order = np.lexsort((distance, vertex))
    vertex, label = vertex[order], label[order]
    place = np.arange(len(vertex)) - np.searchsorted(vertex, vertex)
    touched = np.full((len(nodes.points), TOUCHED), -1, dtype=np.int32)
    touched[:, 0] = nodes.own
    for column in range(1, TOUCHED):
        at = place == column - 1
        v, new = vertex[at], label[at]
        bridged = np.zeros(len(v), dtype=np.bool_)
        for before in range(1, column):
            other = touched[v, before]
            bridged |= (other >= 0) & ~np.isin(_pair_keys(other, new), contacts)
        touched[v[~bridged], column] = new[~bridged]
    return touched[nodes.image_of]


def _cell_labels(
    nodes: _Nodes,
    cells: NDArray[np.int64],
    touched: NDArray[np.int32],
    geometry: Geometry,
) -> NDArray[np.int32]:
    """Label of each cut cell: the one its vertices share.

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
    field = geometry.field(centroid, np.maximum(around, 0))
    field = np.where((around >= 0) & (votes == votes.max(axis=1, keepdims=True)), field, np.inf)
    labels[left] = around[np.arange(len(left)), field.argmin(axis=1)]
    return labels
