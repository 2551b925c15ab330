"""Which sides an imperfect interface makes of a vertex.

A vertex has one unknown per component, unless imperfect facets touch it, or labels of a component
that an insulator keeps apart there. At these, labels that meet in a facet of perfect contact are on
the same side; every side has an unknown of its own.
Sides are found for a vertex with its periodic images and over all ranks, so that perfect contacts
stay continuous, also around a junction line where they meet imperfect ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cellion.mesh.borders import Borders
from cellion.mesh.facets import facet_vertices
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.spaces import Entities, Sides, distinct_pairs

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["find_sides"]

_HASH = 2654435761


def find_sides(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    perfect: Borders,
    imperfect: Borders,
) -> Sides | None:
    """Find the vertices that imperfect facets split, and the side of each corner (collective).

    Args:
        mesh: Labelled mesh.
        entities: Its vertices.
        group: Component of each local cell, -1 for cells without unknowns, shape (m,).
        perfect: Facets of perfect contact between cells that have a component.
        imperfect: Facets across which the potential may jump.

    Returns:
        The sides, or None when no rank has an imperfect facet.
    """
    comm = mesh.comm
    if not comm.allreduce(len(imperfect.near)):
        return None
    split = _split_vertices(mesh, entities, group, imperfect)
    cells = np.flatnonzero(group >= 0)
    where = entities.merged[entities.of_cell[cells]]
    row, corner = np.nonzero(split[where])
    node = np.stack([where[row, corner], _names(mesh, group, cells)[row]], axis=1)
    edges = _perfect_edges(mesh, entities, group, perfect, split)
    nodes, number = distinct_pairs(node)
    found = _joined(entities, nodes, edges, comm)
    return Sides(split=split, of_corner=1 + found[number])


def _names(
    mesh: LabelledMesh, group: NDArray[np.integer[Any]], cells: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """One number for the component and label of cells, the same on every rank."""
    labels = len(mesh.label_material)
    name: NDArray[np.int64] = group[cells].astype(np.int64) * labels + mesh.cell_labels[cells]
    return name


def _split_vertices(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    imperfect: Borders,
) -> NDArray[np.bool_]:
    """Flag the merged vertices that may have several sides, whichever rank knows why."""
    split = _pinched(mesh, entities, group)
    split[entities.merged[facet_vertices(mesh.cells, imperfect.near)]] = True
    if mesh.comm.size == 1:
        return split
    asked = np.flatnonzero(entities.shared)
    entity = entities.representative[asked]
    rows = np.stack([entity, split[asked]], axis=1)
    arrived, route = exchange(rows, _meeting_place(entity, mesh.comm), mesh.comm)
    _, inverse = np.unique(arrived[:, 0], return_inverse=True)
    hit = np.bincount(inverse, weights=arrived[:, 1], minlength=1) > 0
    split[asked] = route.answer(hit[inverse])
    return split


def _pinched(
    mesh: LabelledMesh, entities: Entities, group: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Flag merged vertices at which labels may meet beside an insulator and in no facet.

    Without insulators the labels around a vertex are linked by facets, perfect or not. With them
    two labels can touch in a point or along an edge, which must not connect them.
    """
    pinched = np.zeros(len(entities.representative), dtype=bool)
    solved = group >= 0
    if mesh.fills_box and solved.all():
        return pinched
    where = entities.merged[entities.of_cell]
    beside = np.full(len(pinched), not mesh.fills_box)
    beside[where[~solved]] = True
    cells = np.flatnonzero(solved)
    names, some = _names(mesh, group, cells), np.full(len(pinched), -1, dtype=np.int64)
    for column in where[cells].T:
        some[column] = names
    for column in where[cells].T:
        pinched[column[some[column] != names]] = True
    return np.asarray(beside & (pinched | entities.shared))


def _meeting_place(entity: NDArray[np.int64], comm: MPI.Comm) -> NDArray[np.int64]:
    """Rank at which those that share a vertex meet."""
    return (entity * _HASH) % comm.size


def _perfect_edges(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.integer[Any]],
    perfect: Borders,
    split: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Pairs of names that a perfect facet joins at a split vertex.

    Returns:
        Merged vertex and the two names, shape (e, 3).
    """
    vertices = entities.merged[facet_vertices(mesh.cells, perfect.near)]
    row, corner = np.nonzero(split[vertices])
    near = perfect.near[:, 0]
    one = _names(mesh, group, near)
    other = one + perfect.labels[:, 1] - perfect.labels[:, 0]
    return np.stack([vertices[row, corner], one[row], other[row]], axis=1)


def _joined(
    entities: Entities, nodes: NDArray[np.int64], edges: NDArray[np.int64], comm: MPI.Comm
) -> NDArray[np.int64]:
    """Name the side of each name at a vertex by the smallest name on it (collective).

    Args:
        entities: Vertices.
        nodes: Merged vertex and name, shape (n, 2).
        edges: Merged vertex and two names, shape (e, 3).
        comm: Communicator.

    Returns:
        Name of the side of each node, shape (n,).
    """
    rows = np.concatenate([np.column_stack([nodes, nodes[:, 1]]), edges])
    vertex = rows[:, 0].copy()
    rows[:, 0] = entities.representative[vertex]
    place = np.where(entities.shared[vertex], _meeting_place(rows[:, 0], comm), comm.rank)
    arrived, route = exchange(rows, place, comm)
    ends = np.concatenate([arrived[:, [0, 1]], arrived[:, [0, 2]]])
    distinct, number = distinct_pairs(ends)
    one, other = number.reshape(2, -1)
    size = len(distinct)
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    count, side = connected_components(graph, directed=False)
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, side, distinct[:, 1])
    answer: NDArray[np.int64] = route.answer(least[side[one]])
    return answer[: len(nodes)]
