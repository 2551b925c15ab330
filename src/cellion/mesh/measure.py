"""Volumes and interfaces of a distributed mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import ask_owners, find_borders
from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.pieces import inside_grain

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

    A grain that is divided into labels counts where it meets its own image, not inside.

    Args:
        mesh: Labelled mesh.
    """
    borders = find_borders(mesh, periodic=True)
    borders = borders.part(~inside_grain(mesh.pieces, borders.labels))
    here = facet_areas(mesh.points, facet_vertices(mesh.cells, borders.near))
    count = len(mesh.label_material)
    key, areas = _add_up(np.sort(borders.labels, axis=1) @ np.array([count, 1]), here)
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
    return ask_owners(mesh, cells, lambda asked: values[asked])
