"""Meshes with fields as plain arrays: what a rank writes, and what a field file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cellion.errors import ResultsError, nearest

__all__ = ["CELL_TYPE", "CornerField", "FieldPiece", "field_piece", "read_fields"]

type Array = NDArray[Any]

CELL_TYPE = {2: 3, 3: 5, 4: 10}
"""Number of corners -> VTK_LINE, VTK_TRIANGLE, VTK_TETRA."""


@dataclass(frozen=True, kw_only=True)
class CornerField:
    """A field that is linear in each mesh cell and may jump between mesh cells.

    Attributes:
        values: Value at each corner of each mesh cell, shape (m, d + 1); NaN where there is none.
        unit: Unit, such as ``V``.
    """

    values: NDArray[np.float64]
    unit: str


@dataclass(frozen=True, kw_only=True)
class FieldPiece:
    """What one rank adds to the file: its mesh cells, each once, and their fields.

    Attributes:
        points: Coordinates, shape (n, 3) [m].
        cells: Points of each segment, triangle or tetrahedron, shape (m, 2), (m, 3) or (m, 4).
        point_data: Name to values, shape (n,) or (n, 3).
        cell_data: Name to values, shape (m,) or (m, 3).
        units: Name to unit, for the fields that have one.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    point_data: Mapping[str, Array] = field(default_factory=dict)
    cell_data: Mapping[str, Array] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = np.shape(self.cells)
        if len(shape) != 2 or shape[1] not in CELL_TYPE:
            raise ResultsError(f"cells: found shape {shape}; allowed: (m, 2), (m, 3) or (m, 4)")
        if np.ndim(self.points) != 2 or np.shape(self.points)[1] != 3:
            raise ResultsError(f"points: found shape {np.shape(self.points)}; allowed: (n, 3)")
        for kind, data, count in (
            ("point", self.point_data, len(self.points)),
            ("mesh cell", self.cell_data, len(self.cells)),
        ):
            for name, values in data.items():
                if not name or "/" in name:
                    raise ResultsError(f"{name!r}: a field needs a name without '/'")
                if np.shape(values) not in {(count,), (count, 3)}:
                    raise ResultsError(
                        f"{name}: found shape {np.shape(values)}; allowed: one value or three "
                        f"per {kind}, ({count},) or ({count}, 3)"
                    )
        for name in self.units:
            known = [*self.point_data, *self.cell_data]
            if name not in known:
                raise ResultsError(f"units: no field is named {name!r}{nearest(name, known)}")


def field_piece(
    points: NDArray[np.float64],
    cells: NDArray[np.integer[Any]],
    *,
    corner_fields: Mapping[str, CornerField],
    cell_data: Mapping[str, Array],
    units: Mapping[str, str],
) -> FieldPiece:
    """Join mesh cells and their fields into a piece.

    A point is written once for every vertex and every set of values that the corner fields take
    there: mesh cells on the two sides of a jump keep their own, all others share.

    Args:
        points: Coordinates of the vertices, shape (n, 2) or (n, 3) [m]; vertices of no mesh cell
            are left out.
        cells: Vertices of the mesh cells that this rank owns, shape (m, d + 1).
        corner_fields: Name to values at the corners of those mesh cells.
        cell_data: Name to values per mesh cell, shape (m,), (m, 2) or (m, 3).
        units: Units of the cell data.

    Returns:
        The piece, with two-dimensional coordinates and vectors filled up with zeros.

    Raises:
        ResultsError: A field does not fit the mesh cells.
    """
    for name, corner in corner_fields.items():
        if np.shape(corner.values) != np.shape(cells):
            raise ResultsError(
                f"{name}: found shape {np.shape(corner.values)}; allowed: one value per corner of "
                f"each mesh cell, {np.shape(cells)}"
            )
    first, corners = _distinct_corners(
        np.asarray(cells).ravel(), [corner.values for corner in corner_fields.values()]
    )
    return FieldPiece(
        points=_three_columns(np.asarray(points, dtype=np.float64)[np.ravel(cells)[first]]),
        cells=corners.reshape(np.shape(cells)),
        point_data={name: np.ravel(corner.values)[first] for name, corner in corner_fields.items()},
        cell_data={name: _three_columns(np.asarray(values)) for name, values in cell_data.items()},
        units={name: corner.unit for name, corner in corner_fields.items()} | dict(units),
    )


def _distinct_corners(
    vertices: NDArray[np.integer[Any]], values: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tell corners apart by their vertex and the values of fields there.

    Args:
        vertices: Vertex of each corner, shape (c,).
        values: Fields at the corners, c numbers each; NaN equals NaN.

    Returns:
        First corner of each distinct combination, shape (n,), and the number of the combination of
        each corner, shape (c,).
    """
    # Equal numbers of equal type have equal bits once -0.0 and the kinds of NaN are unified.
    flat = [np.where(np.isnan(v), np.nan, v + 0.0).ravel().view(np.int64) for v in values]
    at_vertex = np.full(int(vertices.max(initial=-1)) + 1, -1)
    at_vertex[vertices[::-1]] = np.arange(len(vertices))[::-1]
    several = np.zeros(len(at_vertex), dtype=np.bool_)
    for bits in flat:
        several[vertices[bits != bits[at_vertex[vertices]]]] = True
    first = at_vertex[(at_vertex >= 0) & ~several]
    number = np.empty(len(at_vertex), dtype=np.int64)
    number[vertices[first]] = np.arange(len(first))
    number = number[vertices]
    apart = np.flatnonzero(several[vertices])
    place = vertices[apart].astype(np.int64)
    for bits in flat:
        distinct, rank = np.unique(bits[apart], return_inverse=True)
        _, place = np.unique(place * len(distinct) + rank, return_inverse=True)
    _, one = np.unique(place, return_index=True)
    number[apart] = len(first) + place
    return np.concatenate([first, apart[one]]), number


def _three_columns(values: Array) -> Array:
    """Fill vectors in the plane up with zeros."""
    if values.ndim == 2 and values.shape[1] == 2:
        return np.column_stack([values, np.zeros(len(values), dtype=values.dtype)])
    return values


def read_fields(path: Path) -> tuple[FieldPiece, tuple[str, ...]]:
    """Read what `cellion.export.paraview.write_fields` wrote, all partitions as one piece.

    Points that several partitions have stay apart. VTK is not needed.

    Returns:
        The piece, and the names of the materials.

    Raises:
        ResultsError: The file is missing or no field file.
    """
    try:
        with h5py.File(path, "r") as file:
            return _read_group(file["VTKHDF"])
    except (OSError, KeyError) as error:
        raise ResultsError(f"{path}: not a field file of cellion ({error})") from error


def _read_group(group: h5py.Group) -> tuple[FieldPiece, tuple[str, ...]]:
    points, counts = group["NumberOfPoints"][:], group["NumberOfConnectivityIds"][:]
    shift = np.repeat(np.cumsum(points) - points, counts)
    total = len(group["Types"])
    corners = int(counts.sum()) // total if total else 4
    data = {
        kind: {name: dataset[:] for name, dataset in group.get(kind, {}).items()}
        for kind in ("PointData", "CellData")
    }
    head = {name: dataset.asstr()[:] for name, dataset in group["FieldData"].items()}
    lines = [line.rstrip("]").rpartition(" [") for line in head.get("units", ())]
    piece = FieldPiece(
        points=group["Points"][:],
        cells=(group["Connectivity"][:] + shift).reshape(total, corners),
        point_data=data["PointData"],
        cell_data=data["CellData"],
        units={name: unit for name, _, unit in lines},
    )
    return piece, tuple(head.get("materials", ()))
