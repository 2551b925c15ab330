"""Volumes and interfaces of a distributed mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.facets import facet_areas, facet_vertices, flagged_facets, match_facets
from cellion.mesh.labelled import LabelledMesh

__all__ = [
    "Interfaces",
    "contact_area",
    "label_volumes",
    "measure_interfaces",
    "owner_values",
    "specific_surface",
    "volume_fractions",
]


def label_volumes(mesh: LabelledMesh) -> NDArray[np.float64]:
    """Volume of each label on all ranks, shape (n_labels,) [m^d] (collective)."""
    owned = mesh.n_owned_cells
    here = np.bincount(
        mesh.cell_labels[:owned],
        weights=mesh.cell_volumes[:owned],
        minlength=len(mesh.label_material),
    )
    total: NDArray[np.float64] = mesh.comm.allreduce(here)
    return total


def volume_fractions(mesh: LabelledMesh) -> NDArray[np.float64]:
    """Volume of each material over the volume of the box, shape (n_materials,) [-] (collective)."""
    volumes = np.bincount(
        mesh.label_material, weights=label_volumes(mesh), minlength=len(mesh.materials)
    )
    fractions: NDArray[np.float64] = volumes / mesh.volume
    return fractions


@dataclass(frozen=True, kw_only=True)
class Interfaces:
    """Areas where two labels meet, on all ranks and across periodic faces.

    Attributes:
        labels: The two labels, ascending, shape (p, 2).
        areas: Area of each pair, shape (p,) [m^(d-1)].
    """

    labels: NDArray[np.int64]
    areas: NDArray[np.float64]


def measure_interfaces(mesh: LabelledMesh) -> Interfaces:
    """Add up the facets between cells of different labels (collective).

    Args:
        mesh: Labelled mesh.
    """
    inner, inner_areas = _inner_facets(mesh)
    outer, outer_areas = _periodic_facets(mesh)
    count = len(mesh.label_material)
    pairs = np.sort(np.concatenate([inner, outer]), axis=1).astype(np.int64)
    key, areas = _add_up(pairs @ np.array([count, 1]), np.concatenate([inner_areas, outer_areas]))
    everyone = mesh.comm.allgather((key, areas))
    key, areas = _add_up(
        np.concatenate([k for k, _ in everyone]), np.concatenate([a for _, a in everyone])
    )
    return Interfaces(labels=np.stack([key // count, key % count], axis=1), areas=areas)


def specific_surface(mesh: LabelledMesh, interfaces: Interfaces) -> dict[tuple[str, str], float]:
    """Area between two different materials per volume of the box.

    Args:
        mesh: Labelled mesh.
        interfaces: Its interfaces.

    Returns:
        Materials, in the order of the mesh, to specific surface [1/m]; pairs that meet only.
    """
    return _by_material(mesh, interfaces, same=False)


def contact_area(mesh: LabelledMesh, interfaces: Interfaces) -> dict[tuple[str, str], float]:
    """Area between two labels (particles) of the same material per volume of the box.

    Args:
        mesh: Labelled mesh.
        interfaces: Its interfaces.

    Returns:
        The material, twice, to contact area per volume [1/m]; materials with contacts only.
    """
    return _by_material(mesh, interfaces, same=True)


def _by_material(
    mesh: LabelledMesh, interfaces: Interfaces, *, same: bool
) -> dict[tuple[str, str], float]:
    """Add up the areas of label pairs by their materials."""
    pairs = np.sort(mesh.label_material[interfaces.labels], axis=1)
    count = len(mesh.materials)
    total = np.zeros((count, count))
    np.add.at(total, (pairs[:, 0], pairs[:, 1]), interfaces.areas)
    return {
        (mesh.materials[i], mesh.materials[j]): float(total[i, j] / mesh.volume)
        for i, j in np.argwhere(total > 0)
        if (i == j) == same
    }


def _add_up(
    key: NDArray[np.int64], areas: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sum areas of equal keys."""
    distinct, inverse = np.unique(key, return_inverse=True)
    return distinct, np.bincount(inverse, weights=areas, minlength=len(distinct))


def _inner_facets(mesh: LabelledMesh) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Labels and area of facets inside the box that this rank counts.

    A facet between ranks is seen by both, which have each other's cell as a ghost; it counts where
    the cell with the smaller global index is owned.
    """
    cells, labels = mesh.cells, mesh.cell_labels
    facets = flagged_facets(cells, _several_labels(mesh))
    vertices = facet_vertices(cells, facets)
    pairs = match_facets(vertices)
    both = facets[pairs, 0]
    cell_map = mesh.mesh.topology.index_map(mesh.dimension)
    first = np.argmin(cell_map.local_to_global(both.reshape(-1)).reshape(-1, 2), axis=1)
    counted = both[np.arange(len(both)), first] < cell_map.size_local
    counted &= labels[both[:, 0]] != labels[both[:, 1]]
    areas = facet_areas(mesh.points, vertices[pairs[counted, 0]])
    return labels[both[counted]], areas


def _several_labels(mesh: LabelledMesh) -> NDArray[np.bool_]:
    """Flag vertices whose local cells have different labels."""
    some = np.zeros(len(mesh.points), dtype=np.int32)
    for column in mesh.cells.T:
        some[column] = mesh.cell_labels
    several = np.zeros(len(mesh.points), dtype=bool)
    for column in mesh.cells.T:
        several[column[some[column] != mesh.cell_labels]] = True
    return several


def _periodic_facets(mesh: LabelledMesh) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Labels and area of facets on upper faces whose continuation has another label."""
    upper, local, lower, _ = mesh.periodic_facets.T
    beyond = owner_values(mesh, lower, mesh.cell_labels)
    here = mesh.cell_labels[upper]
    differ = here != beyond
    facets = np.stack([upper[differ], local[differ]], axis=1)
    vertices = facet_vertices(mesh.cells, facets)
    return np.stack([here[differ], beyond[differ]], axis=1), facet_areas(mesh.points, vertices)


def owner_values(
    mesh: LabelledMesh, cells: NDArray[np.int64], values: NDArray[Any]
) -> NDArray[Any]:
    """Ask the owners of cells for a value (collective).

    Args:
        mesh: Labelled mesh.
        cells: Global indices of cells.
        values: Value of each local cell on each rank; owned ones are used.

    Returns:
        The value of each asked cell.
    """
    first = mesh.mesh.topology.index_map(mesh.dimension).local_range[0]
    starts = np.array(mesh.comm.allgather(first))
    owner = np.searchsorted(starts, cells, side="right") - 1
    asked, route = exchange(cells, owner, mesh.comm)
    return route.answer(values[asked - first])
