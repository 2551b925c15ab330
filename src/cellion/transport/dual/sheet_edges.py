"""Edges (d = 2: ends) at which currents pass from one facet of a sheet to the next.

Halves of sheets meet at an edge if facets of perfect contact that contain the edge connect the
cells they lie on. The P1 unknowns at its ends do not decide that: conductors that touch in an edge
only may be connected around both of its ends.
"""

from __future__ import annotations

from itertools import combinations

from cellion.parallel import exchange

import dolfinx.la
import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.periodicity import on_plane
from cellion.transport.index_maps import connected_sets, distinct_pairs, global_numbers, owners
from cellion.transport.primal.interfaces import SheetFacets
from cellion.transport.primal.spaces import KeyedDofs

__all__ = ["number_edges"]

type Array = NDArray[np.float64]
type Indices = NDArray[np.int64]

_NO_LENGTH = 1e-9
"""Part of the box below which an edge does not extend along an axis."""


def number_edges(
    mesh: LabelledMesh,
    sheets: SheetFacets,
    nodes: KeyedDofs,
    facets: KeyedDofs,
    cells: Indices,
) -> tuple[Indices, cpp.common.IndexMap, Indices]:
    """Number edges where their first node is owned (collective).

    Args:
        mesh: Labelled mesh.
        sheets: Sides of facets that conduct.
        nodes: P1 unknowns.
        facets: Crouzeix-Raviart unknowns; cells that share one have a facet of perfect contact.
        cells: Owned cells that carry current.

    Returns:
        Number of each edge, shape (f, d); the map of the numbers; of owned edges their nodes,
        component, and whether they lie in each face of the box, one row each.
    """
    comm, d = mesh.comm, mesh.dimension
    ends = np.array([[j for j in range(d) if j != i] for i in range(d)])
    dofs = sheets.dofs[:, ends].reshape(-1, d - 1)
    points = sheets.points[:, ends].reshape(*dofs.shape, d)
    # An edge, the cell that a half lies on, and what is told of them.
    rows = np.column_stack(
        [
            _names(dofs, points, mesh.box),
            np.repeat(np.column_stack([sheets.place[:, 0], sheets.group]), d, axis=0),
            _in_faces(points, mesh),
        ]
    )
    arrived, route = exchange(rows.astype(np.int64), owners(nodes.index_map, rows[:, 0]), comm)
    links = _links(mesh, sheets, nodes, facets, cells)
    links, _ = exchange(links, owners(nodes.index_map, links[:, 0]), comm)
    first, number = _joined(arrived[:, : d + 1], links)
    faces = np.zeros((len(first), 2 * d), dtype=np.int64)
    np.maximum.at(faces, number, arrived[:, d + 2 :])
    edge_map = cpp.common.IndexMap(comm, len(first))
    edges = route.answer(number + edge_map.local_range[0])
    described = np.column_stack([arrived[first][:, : d - 1], arrived[first][:, d + 1], faces])
    return edges.reshape(-1, d).astype(np.int64), edge_map, described


def _links(
    mesh: LabelledMesh,
    sheets: SheetFacets,
    nodes: KeyedDofs,
    facets: KeyedDofs,
    cells: Indices,
) -> Indices:
    """Edges of cells between nodes of sheets, with the facets that contain them (collective).

    Returns:
        Name of the edge, the cell, and the facet, numbered after all cells; shape (n, d + 2).
    """
    at, d = _at_sheets(nodes.index_map, sheets.dofs), mesh.dimension
    first = mesh.mesh.topology.index_map(d).local_range[0]
    rows = [np.empty((0, d + 2), dtype=np.int64)]
    for edge in combinations(range(d + 1), d - 1):
        local = nodes.of_cell[cells][:, edge]
        on = at[local].all(axis=1)
        cell, local = cells[on], local[on]
        names = _names(
            global_numbers(nodes.index_map, local), mesh.points[mesh.cells[cell][:, edge]], mesh.box
        )
        for facet in set(range(d + 1)) - set(edge):
            number = facets.index_map.local_to_global(facets.of_cell[cell, facet])
            rows.append(np.column_stack([names, first + cell, mesh.global_cells + number]))
    return np.concatenate(rows)


def _at_sheets(index_map: cpp.common.IndexMap, dofs: Indices) -> NDArray[np.bool_]:
    """Whether each owned and ghost P1 unknown belongs to a sheet (collective)."""
    wanted = np.unique(dofs)
    arrived, _ = exchange(wanted, owners(index_map, wanted), index_map.comm)
    flag = dolfinx.la.vector(index_map, 1)
    flag.array[:] = 0.0
    flag.array[arrived - index_map.local_range[0]] = 1.0
    flag.scatter_forward()
    return np.asarray(flag.array > 0.0)


def _joined(halves: Indices, links: Indices) -> tuple[Indices, Indices]:
    """Join what lies on cells that facets connect around an edge.

    Args:
        halves: Name of an edge and cell, shape (n, d + 1).
        links: Name of an edge, cell and facet, shape (l, d + 2).

    Returns:
        The first of the halves at each of the resulting edges, and the edge of each half.
    """
    key = np.concatenate([halves[:, :-1], links[:, :-2]])
    edge = np.unique(key[:, 0], return_inverse=True)[1].astype(np.int64)
    for column in key.T[1:]:
        edge = distinct_pairs(np.stack([edge, column], axis=1))[1].astype(np.int64)
    around = edge[len(halves) :]
    ends = [
        np.stack([edge[: len(halves)], halves[:, -1]], axis=1),
        np.stack([around, links[:, -2]], axis=1),
        np.stack([around, links[:, -1]], axis=1),
    ]
    names, place = distinct_pairs(np.concatenate(ends))
    half, one, other = np.split(place, [len(halves), len(halves) + len(links)])
    _, part = connected_sets(len(names), one, other)
    _, first, number = np.unique(part[half], return_index=True, return_inverse=True)
    return first.astype(np.int64), number.astype(np.int64)


def _names(dofs: Indices, points: Array, box: Array) -> Indices:
    """P1 unknowns of edges, and which way round the period they are joined, shape (n, d)."""
    return np.column_stack([np.sort(dofs, axis=1), _ways(dofs, points, box)])


def _ways(dofs: Indices, points: Array, box: Array) -> Indices:
    """Tell edges apart that join the same nodes different ways around the period, shape (n,).

    From the lower to the higher node, they extend to different sides along some axis.
    """
    if dofs.shape[1] == 1:
        return np.zeros(len(dofs), dtype=np.int64)
    along = points[:, 1] - points[:, 0]
    side = np.where(np.abs(along) > _NO_LENGTH * box, np.sign(along), 0.0).astype(np.int64)
    side[dofs[:, 0] > dofs[:, 1]] *= -1
    code = side @ 3 ** np.arange(side.shape[1])
    loops = dofs[:, 0] == dofs[:, 1]
    code[loops] = np.abs(code[loops])
    return np.asarray(code, dtype=np.int64)


def _in_faces(points: Array, mesh: LabelledMesh) -> Indices:
    """Whether all of some points lie in the lower and upper face along each axis, (n, 2 d)."""
    flat, columns = points.reshape(-1, points.shape[2]), []
    for axis in range(mesh.dimension):
        for side in (0.0, 1.0):
            position = mesh.origin[axis] + side * mesh.box[axis]
            flag = on_plane(flat, axis, position, mesh.box)
            columns.append(flag.reshape(points.shape[:2]).all(axis=1))
    return np.stack(columns, axis=1).astype(np.int64)
