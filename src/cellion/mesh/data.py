"""The meeting point of mesh generation, mesh files and the distributed mesh: plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError

__all__ = ["LabelRole", "MeshData", "cell_volumes"]

_ROTATION_TOLERANCE = 1e-6
"""Largest entry of Q Q^T - 1; rotations given in files carry six digits."""


def cell_volumes(
    points: NDArray[np.float64], cells: NDArray[np.integer[Any]], block: int = 1 << 20
) -> NDArray[np.float64]:
    """Signed volumes of simplices: V = det(x_1 - x_0, ..., x_d - x_0) / d!.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices of each simplex, shape (m, d + 1).
        block: Simplices handled at a time; bounds the memory of the gathered coordinates.

    Returns:
        Signed areas (d = 2, [m^2]) or volumes (d = 3, [m^3]), shape (m,); positive when the
        vertices run counter-clockwise (2D) or follow the right-hand rule (3D).
    """
    volumes = np.empty(len(cells))
    for start in range(0, len(cells), block):
        corners = points[cells[start : start + block]]
        edges = corners[:, 1:] - corners[:, :1]
        if points.shape[1] == 2:
            signed = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
        else:
            signed = np.einsum("ij,ij->i", np.cross(edges[:, 0], edges[:, 1]), edges[:, 2])
        volumes[start : start + block] = signed / factorial(points.shape[1])
    return volumes


class LabelRole(IntEnum):
    """Part of a cell that a label belongs to; a sample without layers is composite throughout."""

    COMPOSITE = 0
    SEPARATOR = 1
    COLLECTOR = 2


@dataclass(frozen=True, kw_only=True)
class MeshData:
    """A labelled mesh of simplices as plain arrays, before it is distributed over ranks.

    Attributes:
        points: Vertex coordinates, shape (n, d) [m]; d = 2 or 3.
        cells: Vertices of each triangle or tetrahedron, shape (m, d + 1), positively oriented.
        labels: Label (particle, layer, tile; 0 is the matrix of a packing) of each mesh cell,
            shape (m,).
        label_material: Index into `materials` of each label, shape (n_labels,).
        materials: Names of the materials.
        box: Edge lengths of the axis-aligned box that the mesh fills, shape (d,) [m].
        periodic: Directions in which opposite faces carry matching vertices, shape (d,).
        orientations: Rotation from crystal to sample axes of each label, shape (n_labels, d, d);
            None when every crystal is aligned with the box.
        pieces: Grain of each label and its place in it along each axis, shape (n_labels, 1 + d),
            where grains are divided so that they can meet their own images; None where no label is
            a part of a grain.
        label_role: `LabelRole` of each label, shape (n_labels,); None when all are composite.
        quality: Plain numbers about the mesh, such as ``min_dihedral_degrees``.
        notes: What the user should know about it.

    Raises:
        MeshError: An array has the wrong shape or type, an index is out of range, a coordinate is
            not finite, a mesh cell has no positive volume, or an orientation is no rotation.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    labels: NDArray[np.int32]
    label_material: NDArray[np.int32]
    materials: tuple[str, ...]
    box: NDArray[np.float64]
    periodic: NDArray[np.bool_]
    orientations: NDArray[np.float64] | None = None
    pieces: NDArray[np.int32] | None = None
    label_role: NDArray[np.int8] | None = None
    quality: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_shapes()
        self._check_indices()
        self._check_geometry()
        self._check_orientations()

    @property
    def dimension(self) -> int:
        """Space dimension, 2 or 3."""
        return int(self.points.shape[1])

    @property
    def origin(self) -> NDArray[np.float64]:
        """Lower corner of the box, shape (d,) [m]."""
        corner: NDArray[np.float64] = self.points.min(axis=0)
        return corner

    @property
    def cell_materials(self) -> NDArray[np.int32]:
        """Index into `materials` of each mesh cell, shape (m,)."""
        return self.label_material[self.labels]

    def _check_shapes(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] not in (2, 3) or not len(self.points):
            raise MeshError(
                f"mesh points have shape {self.points.shape}; allowed are (n, 2) and (n, 3)"
            )
        d = self.dimension
        n_cells = len(self.cells)
        expected = {
            "cells": (n_cells, d + 1),
            "labels": (n_cells,),
            "label_material": (len(self.label_material),),
            "box": (d,),
            "periodic": (d,),
        }
        for name, shape in expected.items():
            found = getattr(self, name).shape
            if found != shape:
                raise MeshError(f"mesh {name} have shape {found}; expected {shape}")
        if not n_cells:
            raise MeshError("the mesh has no cells; at least one triangle or tetrahedron is needed")
        for name in ("cells", "labels", "label_material"):
            kind = getattr(self, name).dtype
            if not np.issubdtype(kind, np.integer):
                raise MeshError(f"mesh {name} have type {kind}; integers are needed")

    def _check_indices(self) -> None:
        ranges: dict[str, tuple[NDArray[np.integer[Any]], int]] = {
            "cells": (self.cells, len(self.points)),
            "labels": (self.labels, len(self.label_material)),
            "label_material": (self.label_material, len(self.materials)),
        }
        for name, (array, count) in ranges.items():
            low, high = (int(array.min()), int(array.max())) if array.size else (0, -1)
            if low < 0 or high >= count:
                raise MeshError(
                    f"mesh {name} hold values from {low} to {high}; allowed are 0 to {count - 1}"
                )

    def _check_geometry(self) -> None:
        if not np.isfinite(self.points).all():
            bad = int(np.flatnonzero(~np.isfinite(self.points).all(axis=1))[0])
            raise MeshError(f"mesh point {bad} is {self.points[bad]}; coordinates must be finite")
        if not (np.isfinite(self.box) & (self.box > 0)).all():
            raise MeshError(f"the mesh box is {self.box} m; every length must be positive")
        volumes = cell_volumes(self.points, self.cells)
        if not (volumes > 0).all():
            bad = int(np.argmin(volumes))
            raise MeshError(
                f"{int((volumes <= 0).sum())} mesh cells have no positive volume (cell {bad}: "
                f"{volumes[bad]:.3g} m^{self.dimension}); orient the cells and remove flat ones"
            )

    def _check_orientations(self) -> None:
        if self.orientations is None:
            return
        expected = (len(self.label_material), self.dimension, self.dimension)
        if self.orientations.shape != expected:
            raise MeshError(
                f"mesh orientations have shape {self.orientations.shape}; expected {expected}, one "
                f"rotation for each label"
            )
        turned = self.orientations @ self.orientations.transpose(0, 2, 1)
        wrong = ~(np.abs(turned - np.eye(self.dimension)).max(axis=(1, 2)) < _ROTATION_TOLERANCE)
        if wrong.any():
            bad = int(np.argmax(wrong))
            raise MeshError(
                f"the orientation of label {bad} is {self.orientations[bad].tolist()}; it must be "
                f"a rotation matrix (orthonormal rows)"
            )
