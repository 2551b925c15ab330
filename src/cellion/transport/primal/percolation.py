"""Connected components of the conducting cells, and the directions in which they cross the box.

Cells are connected through facets. On each rank, a vertex surrounded by conducting cells only joins
all of them, since its star is connected through facets; facets have to be looked at one by one only
where all their vertices lie on the surface of the conductor or on a border between ranks. The few
local components that result are joined on all ranks alike, across rank borders and, with the
crossing recorded, across the faces of a periodic box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cellion.parallel  # noqa: F401

import dolfinx.la
import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import several_labels
from cellion.mesh.facets import facet_areas, facet_vertices, flagged_facets, match_facets
from cellion.mesh.labelled import LabelledMesh, face_facets
from cellion.mesh.measure import owner_values
from cellion.transport.index_maps import connected_sets
from cellion.transport.primal.component_graph import Links, join

__all__ = ["Components", "Separates", "find_components", "flux_enters"]

_SHARING_TAG = 1311
_COVER_TOLERANCE = 1e-9

type Separates = Callable[[NDArray[np.integer[Any]]], NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Components:
    """Connected components of the conducting cells of the whole mesh.

    Attributes:
        cell_component: Component of each local cell, -1 for insulating cells, shape (m,).
        winds: Whether a closed path in each component winds around each direction of a periodic
            box, shape (n_components, d).
        touches: Whether each component has a facet on the lower and upper face of each direction,
            shape (n_components, d, 2).
        volumes: Volume of each component per material, shape (n_components, n_materials) [m^d].
    """

    cell_component: NDArray[np.int32]
    winds: NDArray[np.bool_]
    touches: NDArray[np.bool_]
    volumes: NDArray[np.float64]


def find_components(
    mesh: LabelledMesh,
    conducting: NDArray[np.bool_],
    *,
    periodic: bool,
    separates: Separates | None = None,
) -> Components:
    """Find the connected components of the conducting cells (collective).

    Args:
        mesh: Labelled mesh.
        conducting: Whether each material conducts, shape (n_materials,).
        periodic: Whether the box continues periodically (in the directions of the mesh).
        separates: Whether the interface between two labels insulates, from labels, shape (n, 2),
            to flags, shape (n,); None when none does. The same on all ranks.

    Returns:
        Components, numbered alike on all ranks.
    """
    active = conducting[mesh.cell_materials]
    local, count = _local_components(mesh, active, separates)
    sizes = np.array(mesh.comm.allgather(count), dtype=np.int64)
    offset = int(sizes[: mesh.comm.rank].sum())
    numbered = np.where(active, local + offset, -1).astype(np.int64)
    crossings = _rank_crossings(mesh, numbered)
    if periodic:
        around = _periodic_crossings(mesh, numbered, separates)
        crossings = Links.concatenate([crossings, around])
    everyone = Links.concatenate(mesh.comm.allgather(crossings.unique()))
    component, n_components, winds = join(int(sizes.sum()), everyone, mesh.dimension)
    cell_component = np.append(component, -1)[numbered].astype(np.int32)
    return Components(
        cell_component=cell_component,
        winds=winds,
        touches=_touches(mesh, cell_component, n_components),
        volumes=_volumes(mesh, cell_component, n_components),
    )


def _local_components(
    mesh: LabelledMesh, active: NDArray[np.bool_], separates: Separates | None
) -> tuple[NDArray[np.int64], int]:
    """Number the components of the local conducting cells; entries of others are meaningless."""
    surface = _surface_vertices(mesh, active)
    if separates is not None:
        surface |= several_labels(mesh)
    n_vertices = len(mesh.points)
    chosen = np.flatnonzero(active)
    cells = mesh.cells[chosen]
    inner = ~surface[cells]
    first = np.argmax(inner, axis=1)
    hub = cells[np.arange(len(cells)), first].astype(np.int64)
    alone = np.flatnonzero(~inner.any(axis=1))
    hub[alone] = n_vertices + np.arange(len(alone))
    others = np.arange(cells.shape[1]) != first[:, None]
    links = [(hub[on], cells[on, corner]) for corner, on in enumerate((inner & others).T)]
    facets = flagged_facets(cells, surface)
    pairs = facets[match_facets(facet_vertices(cells, facets)), 0]
    if separates is not None:
        pairs = pairs[~separates(mesh.cell_labels[chosen[pairs]])]
    links.append((hub[pairs[:, 0]], hub[pairs[:, 1]]))
    tails, heads = (np.concatenate(side) for side in zip(*links, strict=True))
    _, component = connected_sets(n_vertices + len(alone), tails, heads)
    roots, numbers = np.unique(component[hub], return_inverse=True)
    local = np.zeros(len(mesh.cells), dtype=np.int64)
    local[chosen] = numbers
    return local, len(roots)


def _surface_vertices(mesh: LabelledMesh, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flag vertices whose conducting cells may meet only at the vertex, as far as this rank sees.

    These touch an insulating cell or are shared with another rank. A mesh with voids may be
    pinched anywhere on its boundary, so that all of its vertices are flagged.
    """
    n = len(mesh.points)
    if not mesh.fills_box:
        return np.ones(n, dtype=bool)
    surface = np.zeros(n, dtype=bool)
    surface[mesh.cells[~active]] = True
    vertex_map = mesh.mesh.topology.index_map(0)
    surface[vertex_map.size_local :] = True
    shared = vertex_map.index_to_dest_ranks(_SHARING_TAG).offsets
    surface |= np.diff(shared) > 0
    return surface


def _rank_crossings(mesh: LabelledMesh, numbered: NDArray[np.int64]) -> Links:
    """Pairs of local components that are one because a ghost cell is another rank's cell."""
    cell_map = mesh.mesh.topology.index_map(mesh.dimension)
    owners = dolfinx.la.vector(cell_map, 1, dtype=np.int64)
    owned = cell_map.size_local
    owners.array[:owned] = numbered[:owned]
    owners.scatter_forward()
    here, there = numbered[owned:], owners.array[owned:]
    found = here >= 0
    return Links(
        start=here[found], end=there[found], axis=np.full(int(found.sum()), -1, dtype=np.int64)
    )


def _periodic_crossings(
    mesh: LabelledMesh, numbered: NDArray[np.int64], separates: Separates | None
) -> Links:
    """Pairs of local components that meet through a face of the periodic box."""
    upper, _, lower, axis = mesh.periodic_facets.T
    beyond = owner_values(mesh, lower, numbered)
    here = numbered[upper]
    found = (here >= 0) & (beyond >= 0)
    if separates is not None:
        labels = [mesh.cell_labels[upper], owner_values(mesh, lower, mesh.cell_labels)]
        found &= ~separates(np.stack(labels, axis=1))
    return Links(start=here[found], end=beyond[found], axis=axis[found])


def _touches(
    mesh: LabelledMesh, cell_component: NDArray[np.int32], count: int
) -> NDArray[np.bool_]:
    """Whether each component has a facet on each face of the box, shape (count, d, 2)."""
    here = np.zeros((count, mesh.dimension, 2), dtype=bool)
    for axis in range(mesh.dimension):
        for side in (0, 1):
            component = cell_component[face_facets(mesh, axis, side)[:, 0]]
            here[component[component >= 0], axis, side] = True
    anywhere: NDArray[np.bool_] = mesh.comm.allreduce(here.astype(np.int64)) > 0
    return anywhere


def _volumes(
    mesh: LabelledMesh, cell_component: NDArray[np.int32], count: int
) -> NDArray[np.float64]:
    """Volume of each component per material, shape (count, n_materials) [m^d]."""
    owned = mesh.n_owned_cells
    component = cell_component[:owned]
    inside = component >= 0
    n = len(mesh.materials)
    keys = component[inside].astype(np.int64) * n + mesh.cell_materials[:owned][inside]
    here = np.bincount(keys, weights=mesh.cell_volumes[:owned][inside], minlength=count * n)
    total: NDArray[np.float64] = mesh.comm.allreduce(here)
    return total.reshape(count, n)


def flux_enters(mesh: LabelledMesh, components: Components) -> NDArray[np.bool_]:
    """Whether a uniform current can be prescribed on the boundary, shape (d,) (collective).

    It can where conductors cover both faces of a direction, and each component as much of the
    lower as of the upper face: what enters a component has to leave it.

    Args:
        mesh: Labelled mesh.
        components: Components of its conducting cells.
    """
    count, d = len(components.volumes), mesh.dimension
    areas = np.zeros((count + 1, d, 2))
    for axis in range(d):
        for side in (0, 1):
            facets = face_facets(mesh, axis, side)
            component = components.cell_component[facets[:, 0]]
            area = facet_areas(mesh.points, facet_vertices(mesh.cells, facets))
            areas[:, axis, side] = np.bincount(
                np.where(component < 0, count, component), area, minlength=count + 1
            )
    areas = mesh.comm.allreduce(areas)
    whole = mesh.volume / mesh.box
    covered = areas[:count].sum(axis=0) >= (1.0 - _COVER_TOLERANCE) * whole[:, None]
    balanced = np.abs(areas[:count, :, 0] - areas[:count, :, 1]) <= _COVER_TOLERANCE * whole
    enters: NDArray[np.bool_] = covered.all(axis=1) & balanced.all(axis=0)
    return enters
