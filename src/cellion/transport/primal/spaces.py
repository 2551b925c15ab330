"""Finite element spaces whose degrees of freedom are keys (entity, group, side).

A degree of freedom belongs to a mesh entity (a vertex for P1) and the group of the cells that use
it. A vertex and its periodic images share a representative, so the space is periodic; cells of
different groups do not share degrees of freedom, so a function may jump between them; cells without
a group carry none. Groups are connected components here. Where cells of a component meet at an
entity without being connected around it, each of the sides of the entity has a degree of freedom of
its own (`cellion.transport.primal.vertex_splitting`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cellion.parallel import exchange

import basix.ufl
import dolfinx.fem
import dolfinx.la
import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.transport.index_maps import meeting_rank

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = [
    "Entities",
    "KeyedDofs",
    "Sides",
    "dof_labels",
    "function_space",
    "number_keys",
    "vertex_entities",
]

_DOF_TAG, _SHARING_TAG = 1321, 1322
_ON_FACE = 1e-5
"""Looser than the tolerance of the faces: flagging too many vertices as shared does no harm."""


@dataclass(frozen=True, kw_only=True)
class Entities:
    """The mesh entities that degrees of freedom sit on; images of each other are one.

    Attributes:
        of_cell: Local entities of each local cell, shape (m, k).
        merged: Local number of what each entity is merged into, shape (n,).
        representative: Global index that stands for each of these, shape (n_merged,); numbers that
            no entity is merged into have no meaning.
        shared: Whether another rank may know the same one, shape (n_merged,).
    """

    of_cell: NDArray[np.int32]
    merged: NDArray[np.int32]
    representative: NDArray[np.int64]
    shared: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Entities with several sides, and the side that each corner there is on.

    Attributes:
        split: Whether each merged entity may have several, shape (n_merged,).
        of_corner: Side of each corner at a split entity, of the cells with a group and in their
            order, shape (c,); the same number on every rank, 0 as well where an entity is not
            split.
    """

    split: NDArray[np.bool_]
    of_corner: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class KeyedDofs:
    """Numbered keys; owned ones first.

    Attributes:
        of_cell: Local degrees of freedom of each local cell, shape (m, k); 0 in cells without
            group.
        entity: Global index of the entity that each local degree of freedom sits on, the
            representative of its images, shape (n_dofs,).
        group: Group of each local degree of freedom, shape (n_dofs,).
        index_map: DOLFINx index map of the degrees of freedom.
    """

    of_cell: NDArray[np.int32]
    entity: NDArray[np.int64]
    group: NDArray[np.int64]
    index_map: cpp.common.IndexMap


def vertex_entities(mesh: LabelledMesh, *, periodic: bool) -> Entities:
    """Return the vertices of a mesh as entities, images merged when periodic.

    Args:
        mesh: Labelled mesh.
        periodic: Whether a vertex and its images are one.
    """
    vertex_map = mesh.mesh.topology.index_map(0)
    n = len(mesh.points)
    own = vertex_map.local_to_global(np.arange(n, dtype=np.int32))
    merged = np.arange(n, dtype=np.int32)
    shared = np.arange(n) >= vertex_map.size_local
    shared |= np.diff(vertex_map.index_to_dest_ranks(_SHARING_TAG).offsets) > 0
    if not periodic:
        return Entities(of_cell=mesh.cells, merged=merged, representative=own, shared=shared)
    images = np.flatnonzero(mesh.vertex_representative != own)
    target = vertex_map.global_to_local(mesh.vertex_representative[images])
    elsewhere = target < 0
    beyond, number = np.unique(mesh.vertex_representative[images[elsewhere]], return_inverse=True)
    target[elsewhere] = n + number
    merged[images] = target
    return Entities(
        of_cell=mesh.cells,
        merged=merged,
        representative=np.concatenate([own, beyond]),
        shared=_shared_images(mesh, shared, merged, n + len(beyond)),
    )


def _shared_images(
    mesh: LabelledMesh, shared: NDArray[np.bool_], merged: NDArray[np.int32], count: int
) -> NDArray[np.bool_]:
    """Flag merged vertices that another rank may know: shared ones and all on a face."""
    flag = np.zeros(count, dtype=bool)
    flag[len(shared) :] = True
    flag[merged[shared]] = True
    for axis in range(mesh.dimension):
        distance = mesh.points[:, axis] - mesh.origin[axis]
        near = np.abs(distance - np.round(distance / mesh.box[axis]) * mesh.box[axis])
        flag[merged[near <= _ON_FACE * mesh.box.max()]] = True
    return flag


def number_keys(
    entities: Entities,
    group: NDArray[np.integer[Any]],
    n_owned_cells: int,
    comm: MPI.Comm,
    sides: Sides | None = None,
) -> KeyedDofs:
    """Number the keys (entity, group, side) of all cells (collective).

    Each key is owned by a rank that owns a cell with it. Ranks that may share a key meet at the
    rank that a hash of the key names.

    Args:
        entities: Mesh entities.
        group: Group of each local cell, -1 for cells without degrees of freedom, shape (m,).
        n_owned_cells: Number of cells that this rank owns; they come first.
        comm: Communicator.
        sides: Entities that are split; None when no rank splits any.

    Returns:
        Local numbering, groups and index map. Neighbouring entities get neighbouring numbers.
    """
    groups = _count_groups(group, comm if sides is not None else None)
    keys = _local_keys(entities, group, groups, sides)
    known = np.zeros(len(keys.entity), dtype=bool)
    owned_cells = keys.cells[: int(np.searchsorted(keys.cells, n_owned_cells))]
    known[keys.of_cell[: len(owned_cells)]] = True
    owner = _owners(keys, known, comm)
    mine = owner == comm.rank
    count = int(mine.sum())
    offset = int(np.sum(comm.allgather(count)[: comm.rank], dtype=np.int64))
    number = np.full(len(mine), -1, dtype=np.int64)
    number[mine] = offset + np.arange(count)
    number = _numbers(keys, number, comm)
    position = np.empty(len(mine), dtype=np.int32)
    position[mine] = np.arange(count)
    position[~mine] = np.arange(count, len(mine))
    of_cell = np.zeros(entities.of_cell.shape, dtype=np.int32)
    of_cell[keys.cells] = position[keys.of_cell]
    order = np.concatenate([np.flatnonzero(mine), np.flatnonzero(~mine)])
    index_map = cpp.common.IndexMap(
        comm, count, number[~mine], owner[~mine].astype(np.int32), _DOF_TAG
    )
    return KeyedDofs(
        of_cell=of_cell,
        entity=keys.entity[order],
        group=keys.name[order] % groups,
        index_map=index_map,
    )


def _count_groups(group: NDArray[np.integer[Any]], comm: MPI.Comm | None) -> int:
    """Number of names that groups need, on this rank or (to combine them with sides) on all."""
    here = max(int(group.max(initial=-1)) + 1, 1)
    return here if comm is None else max(comm.allgather(here))


@dataclass(frozen=True, kw_only=True)
class _LocalKeys:
    """Keys of this rank.

    Attributes:
        cells: Local cells with a group, ascending, shape (a,).
        of_cell: Key of each entity of these cells, shape (a, k).
        entity: Representative of each key, shape (n,).
        name: Group and side of each key as one number, side * groups + group, shape (n,).
        shared: Whether another rank may have the key, shape (n,).
    """

    cells: NDArray[np.intp]
    of_cell: NDArray[np.int32]
    entity: NDArray[np.int64]
    name: NDArray[np.int64]
    shared: NDArray[np.bool_]


def _local_keys(
    entities: Entities, group: NDArray[np.integer[Any]], groups: int, sides: Sides | None
) -> _LocalKeys:
    """Find the distinct keys of this rank, in the order of the entities.

    Nearly all entities have one group; only those with several are sorted.
    """
    cells = np.flatnonzero(group >= 0)
    where = entities.merged[entities.of_cell[cells]]
    which: NDArray[np.integer[Any]] = group[cells].astype(np.min_scalar_type(-groups))
    some = np.full(len(entities.representative), -1, dtype=which.dtype)
    for column in where.T:
        some[column] = which
    row, corner = _mixed_corners(where, which, some, sides)
    names = which[row].astype(np.int64)
    if sides is not None:
        names[sides.split[where[row, corner]]] += groups * sides.of_corner
    count_names = int(names.max(initial=0)) + 1
    pairs = where[row, corner].astype(np.int64) * count_names + names
    pairs, inverse = np.unique(pairs, return_inverse=True)
    several = np.stack(np.divmod(pairs, count_names), axis=1)
    count = (some >= 0).astype(np.int32)
    count[several[:, 0]] = 0
    np.add.at(count, several[:, 0], 1)
    first = np.concatenate([[0], np.cumsum(count, dtype=np.int32)]).astype(np.int32)
    rank_within = np.arange(len(several)) - np.searchsorted(several[:, 0], several[:, 0])
    several_key = first[several[:, 0]] + rank_within
    of_cell = first[where]
    of_cell[row, corner] = several_key[inverse]
    place = np.repeat(np.arange(len(count)), count)
    key_name = some[place].astype(np.int64)
    key_name[several_key] = several[:, 1]
    return _LocalKeys(
        cells=cells,
        of_cell=of_cell,
        entity=entities.representative[place],
        name=key_name,
        shared=entities.shared[place],
    )


def _mixed_corners(
    where: NDArray[np.int32],
    which: NDArray[np.integer[Any]],
    some: NDArray[np.integer[Any]],
    sides: Sides | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Corners of cells at entities that have several groups or are split.

    Args:
        where: Entity of each corner of each cell, shape (a, k).
        which: Group of each cell, shape (a,).
        some: One of the groups of each entity.
        sides: Entities that are split.

    Returns:
        Cell and corner of each occurrence.
    """
    mixed = np.zeros(len(some), dtype=bool) if sides is None else sides.split.copy()
    if len(which) and which.min() < which.max():
        for column in where.T:
            mixed[column[some[column] != which]] = True
    if not mixed.any():
        nothing = np.empty(0, dtype=np.intp)
        return nothing, nothing
    row, corner = np.nonzero(mixed[where])
    return row, corner


def _meet(
    keys: _LocalKeys, values: NDArray[np.int64], comm: MPI.Comm, empty: int
) -> NDArray[np.int64]:
    """Return the minimum of a value over all ranks that share each shared key.

    Args:
        keys: Keys of this rank.
        values: Value of each key, shape (n,).
        comm: Communicator.
        empty: Value larger than any other, for ranks without one.

    Returns:
        The value of each shared key, in their order.
    """
    entity, name = keys.entity[keys.shared], keys.name[keys.shared]
    place = meeting_rank(entity, comm, name)
    rows = np.stack([entity, name, values[keys.shared]], axis=1)
    arrived, route = exchange(rows, place, comm)
    distinct, inverse = np.unique(arrived[:, :2], axis=0, return_inverse=True)
    least = np.full(len(distinct), empty, dtype=np.int64)
    np.minimum.at(least, inverse.reshape(-1), arrived[:, 2])
    answer: NDArray[np.int64] = route.answer(least[inverse.reshape(-1)])
    return answer


def _owners(keys: _LocalKeys, known: NDArray[np.bool_], comm: MPI.Comm) -> NDArray[np.int64]:
    """Owner of each key: the lowest rank with an owned cell that has it."""
    owner = np.full(len(keys.entity), comm.rank, dtype=np.int64)
    if comm.size > 1:
        candidate = np.where(known, comm.rank, comm.size)
        owner[keys.shared] = _meet(keys, candidate, comm, comm.size)
    return owner


def _numbers(keys: _LocalKeys, number: NDArray[np.int64], comm: MPI.Comm) -> NDArray[np.int64]:
    """Complete the global numbers, which owners know, on all ranks that share a key."""
    if comm.size > 1:
        largest = np.iinfo(np.int64).max
        offered = np.where(number >= 0, number, largest)
        number[keys.shared] = _meet(keys, offered, comm, largest)
    return number


def function_space(
    mesh: LabelledMesh, dofs: KeyedDofs, family: str = "Lagrange"
) -> dolfinx.fem.FunctionSpace:
    """Build the piecewise linear space of numbered keys.

    Args:
        mesh: Labelled mesh.
        dofs: Keys of its vertices, or of its facets.
        family: ``Lagrange`` for vertices, ``Crouzeix-Raviart`` for facets.

    Returns:
        A DOLFINx space for forms over the cells that have a group; in other cells its degrees of
        freedom have no meaning.
    """
    kind = mesh.mesh.topology.cell_type
    ufl_element = basix.ufl.element(family, kind.name, 1)
    element = dolfinx.fem.finiteelement(kind, ufl_element, np.float64)
    layout = cpp.fem.create_element_dof_layout(element._cpp_object, [])
    links = cpp.graph.AdjacencyList_int32(dofs.of_cell)
    dof_map = cpp.fem.DofMap(layout, dofs.index_map, 1, links, 1)
    space = cpp.fem.FunctionSpace_float64(mesh.mesh._cpp_object, element._cpp_object, dof_map)
    return dolfinx.fem.FunctionSpace(mesh.mesh, ufl_element, space)


def dof_labels(
    mesh: LabelledMesh, dofs: KeyedDofs, group: NDArray[np.integer[Any]]
) -> NDArray[np.int32]:
    """Label of the cells that use each owned degree of freedom.

    Args:
        mesh: Labelled mesh.
        dofs: Keys of its vertices.
        group: Group of each local cell, -1 for cells without degrees of freedom, shape (m,).

    Returns:
        The smallest of the labels that share it and that this rank sees, shape (n_owned,).
    """
    cells = np.flatnonzero(group >= 0)
    label = np.full(len(dofs.group), np.iinfo(np.int32).max, dtype=np.int32)
    for column in dofs.of_cell[cells].T:
        np.minimum.at(label, column, mesh.cell_labels[cells])
    return label[: dofs.index_map.size_local]
