"""Geometries and measures that the tests of the mesher share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData, cell_volumes
from cellion.microstructure.geometry import Geometry, Microstructure
from cellion.microstructure.spheres import SphereGeometry


def spheres(
    centers: list[list[float]],
    radii: list[float] | float,
    *,
    box: tuple[float, ...] = (1.0, 1.0, 1.0),
    periodic: tuple[bool, ...] | bool = True,
) -> SphereGeometry:
    """Particles of one material in a matrix."""
    radius = np.broadcast_to(np.asarray(radii, dtype=float), len(centers)).copy()
    return SphereGeometry(
        box=np.array(box),
        periodic=np.broadcast_to(np.asarray(periodic), len(box)).copy(),
        centers=np.array(centers, dtype=float),
        radii=radius,
        label_material=np.array([0] + [1] * len(centers), dtype=np.int32),
    )


def micro(geometry: Geometry) -> Microstructure:
    """A microstructure around a geometry, one material per index."""
    names = "matrix", "particle", "third"
    return Microstructure(
        materials=names[: int(geometry.label_material.max()) + 1],
        geometry=geometry,
    )


def label_volumes(data: MeshData) -> NDArray[np.float64]:
    """Meshed volume of each label."""
    volumes = cell_volumes(data.points, data.cells)
    return np.bincount(data.labels, volumes, minlength=len(data.label_material))


def touching_pairs(data: MeshData) -> set[tuple[int, int]]:
    """Pairs of particles (labels above 0) whose cells share a vertex."""
    vertex_label = np.unique(
        np.stack([data.cells.ravel(), np.repeat(data.labels, data.cells.shape[1])], axis=1), axis=0
    )
    vertex_label = vertex_label[vertex_label[:, 1] > 0]
    pairs = set()
    for offset in (1, 2, 3):
        same = vertex_label[offset:, 0] == vertex_label[:-offset, 0]
        found = np.stack([vertex_label[:-offset, 1], vertex_label[offset:, 1]], axis=1)[same]
        pairs |= {(int(a), int(b)) for a, b in found}
    return pairs
