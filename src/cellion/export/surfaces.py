"""What there is to see of a field file, as plain arrays: surfaces, boundaries, smoothed fields.

Everything a picture shows is prepared here without a graphics library: the composite in a handy
length unit, its facets, which of them are faces of the box and which are particle surfaces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import ResultsError
from cellion.export.grains import label_neighbours, touching_materials
from cellion.export.paraview import FieldPiece, read_fields

__all__ = ["Composite", "Facets", "boundary_edges", "composite", "mesh_facets", "read_composite"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

_VOID_NAMES = ("pore", "void", "air", "vacuum", "gas")
_LENGTH_UNITS = (("nm", 1e-9), ("µm", 1e-6), ("mm", 1e-3), ("m", 1.0))


@dataclass(frozen=True, kw_only=True)
class Composite:
    """A labelled mesh with fields, ready to be looked at.

    Attributes:
        points: Coordinates, shape (n, 3), in `length_unit`; a point belongs to one label and one
            side of a jump.
        cells: Points of each mesh cell, shape (m, d + 1).
        vertices: Vertices of each mesh cell without regard to materials and jumps, (m, d + 1).
        label: Label (particle; 0 is the matrix of a packing) of each mesh cell, shape (m,).
        material: Index into `materials` of each mesh cell, shape (m,).
        materials: Names of the materials.
        void: Whether each mesh cell is a pore, which is not drawn, shape (m,).
        matrix: Whether each mesh cell belongs to what surrounds the particles, shape (m,), maybe
            in grains; all of them when nothing does.
        potential: Name to values at the points, shape (n,) [V]; NaN where there is none.
        current_density: Name to values per mesh cell, shape (m, 3) [A/m^2].
        box: Lower and upper corner, shape (2, 3), in `length_unit`.
        length_unit: Unit of the coordinates.
    """

    points: Floats
    cells: Integers
    vertices: Integers
    label: Integers
    material: Integers
    materials: tuple[str, ...]
    void: NDArray[np.bool_]
    matrix: NDArray[np.bool_]
    potential: dict[str, Floats]
    current_density: dict[str, Floats]
    box: Floats
    length_unit: str

    @cached_property
    def facets(self) -> Facets:
        """Facets of the mesh cells that are drawn; numbers of mesh cells count all."""
        drawn = np.flatnonzero(~self.void)
        found = mesh_facets(self.vertices[drawn])
        second = np.where(found.second >= 0, drawn[found.second], -1)
        return replace(found, first=drawn[found.first], second=second)

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return int(self.cells.shape[1]) - 1

    @cached_property
    def neighbours(self) -> Integers:
        """Pairs of labels that share a vertex, ascending, shape (p, 2)."""
        return label_neighbours(self.vertices, self.label)

    @cached_property
    def label_material(self) -> Integers:
        """Index into `materials` of each label, shape (n_labels,); 0 for labels without cells."""
        found = np.zeros(int(self.label.max(initial=-1)) + 1, dtype=np.int64)
        found[self.label] = self.material
        return found

    @cached_property
    def grains(self) -> NDArray[np.bool_]:
        """Whether each mesh cell is part of a grain that touches others, shape (m,)."""
        touching = touching_materials(self.neighbours, self.label_material)
        found: NDArray[np.bool_] = self.matrix & np.isin(self.material, touching) & ~self.void
        return found

    def conducting(self, name: str) -> NDArray[np.bool_]:
        """Whether each mesh cell has the named potential, shape (m,)."""
        known: NDArray[np.bool_] = ~np.isnan(self.potential[name][self.cells]).any(axis=1)
        return known


@dataclass(frozen=True, kw_only=True)
class Facets:
    """Facets of a mesh and the mesh cells on their two sides.

    Attributes:
        corners: Corner numbers (0..d) of the facet in its first mesh cell, shape (f, d).
        first: First mesh cell, shape (f,).
        second: Second mesh cell, shape (f,); -1 where there is none.
        second_corners: Corner numbers in the second mesh cell, shape (f, d).
    """

    corners: Integers
    first: Integers
    second: Integers
    second_corners: Integers


def read_composite(path: Path) -> Composite:
    """Read a field file.

    Raises:
        ResultsError: The file cannot be read or has no ``material``.
    """
    piece, materials = read_fields(path)
    if "material" not in piece.cell_data or not len(piece.cells):
        raise ResultsError(f"{path}: the cell array 'material' is missing or empty")
    return composite(piece, materials)


def composite(piece: FieldPiece, materials: tuple[str, ...]) -> Composite:
    """Join the partitions of a field file and split points between labels.

    Args:
        piece: Fields named ``potential_*`` at points and ``current_density_*``, ``material``,
            ``label`` in mesh cells.
        materials: Names of the materials.
    """
    material = np.asarray(piece.cell_data["material"]).astype(np.int64)
    label = np.asarray(piece.cell_data.get("label", material)).astype(np.int64)
    potential = {
        name: np.asarray(values, dtype=np.float64)
        for name, values in piece.point_data.items()
        if name.startswith("potential")
    }
    vertex = _weld(piece.points)
    same = _weld(np.column_stack([piece.points, *potential.values()]))
    first, cells = _split_by_label(same[piece.cells], label)
    original = piece.cells.ravel()[first]
    unit, scale = _length_unit(float(np.ptp(piece.points, axis=0).max()))
    points = piece.points[original] / scale
    names = materials or tuple(f"material {i}" for i in range(int(material.max()) + 1))
    void = np.array([name.lower().startswith(_VOID_NAMES) for name in names])[material]
    return Composite(
        points=points,
        cells=cells,
        vertices=vertex[piece.cells],
        label=label,
        material=material,
        materials=names,
        void=void,
        matrix=_matrix(piece, vertex[piece.cells], label, void),
        potential={name: values[original] for name, values in potential.items()},
        current_density={
            name: np.asarray(values, dtype=np.float64)
            for name, values in piece.cell_data.items()
            if name.startswith("current_density") and np.ndim(values) == 2
        },
        box=np.array([points.min(axis=0), points.max(axis=0)]),
        length_unit=unit,
    )


def _weld(rows: Floats) -> Integers:
    """Number of the distinct row that each row is, shape (n,); NaN equals NaN."""
    filled = np.where(np.isnan(rows), np.inf, rows)
    order = np.lexsort(filled.T)
    ordered = filled[order]
    new = np.concatenate([[False], (ordered[1:] != ordered[:-1]).any(axis=1)])
    number = np.empty(len(rows), dtype=np.int64)
    number[order] = np.cumsum(new)
    return number


def _split_by_label(points: Integers, label: Integers) -> tuple[Integers, Integers]:
    """Give every label its own points: first corner of each new point, and the new cells."""
    key = (points * (int(label.max()) + 1) + label[:, None]).ravel()
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return first, number.reshape(points.shape)


def _matrix(
    piece: FieldPiece, vertices: Integers, label: Integers, empty: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mesh cells of what surrounds particles: of label 0, or of its material if its grains touch.

    It is empty, or reaches all faces of the box; else nothing surrounds the rest, and all mesh
    cells are returned.
    """
    inside = label == 0
    if not inside.any():
        return np.ones(len(label), dtype=bool)
    material = np.asarray(piece.cell_data["material"])
    alike = material == material[np.argmax(inside)]
    if len(label_neighbours(vertices[alike], label[alike])):
        inside = alike
    reached = piece.points[piece.cells[inside].ravel()]
    around = np.array_equal(np.ptp(reached, axis=0), np.ptp(piece.points, axis=0))
    return inside if around or empty[inside].all() else np.ones(len(label), dtype=bool)


def _length_unit(size: float) -> tuple[str, float]:
    """The largest unit of which the box measures at least two, but nm when it is tiny."""
    fitting = [(name, scale) for name, scale in _LENGTH_UNITS if size >= 2 * scale]
    return fitting[-1] if fitting else _LENGTH_UNITS[0]


def mesh_facets(vertices: Integers) -> Facets:
    """All facets of a mesh of simplices, each once.

    Args:
        vertices: Vertices of each mesh cell, shape (m, d + 1).
    """
    count = vertices.shape[1]
    local = np.array([[j for j in range(count) if j != i] for i in range(count)])
    key = _keys(np.sort(vertices[:, local].reshape(-1, count - 1), axis=1))
    order = np.argsort(key, kind="stable")
    twin = key[order[1:]] == key[order[:-1]]
    starts = ~np.concatenate([[False], twin])
    paired = np.concatenate([twin, [False]])[starts]
    first = order[starts]
    second = np.where(paired, np.append(order, -1)[np.flatnonzero(starts) + 1], -1)
    return Facets(
        corners=local[first % count],
        first=first // count,
        second=np.where(paired, second // count, -1),
        second_corners=local[second % count],
    )


def _keys(rows: NDArray[np.integer[Any]]) -> Integers:
    """One number per distinct row of vertex numbers."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    span = int(rows.max()) + 1
    key, largest = rows[:, 0].astype(np.int64), span
    for column in rows.T[1:]:
        if largest > np.iinfo(np.int64).max // span:
            distinct, key = np.unique(key, return_inverse=True)
            largest = len(distinct)
        key = key * span + column
        largest *= span
    return key


def boundary_edges(triangles: Integers, label: Integers) -> Integers:
    """Edges at which triangles of different labels meet.

    Args:
        triangles: Vertices, shape (f, 3).
        label: Label of each triangle, shape (f,).

    Returns:
        Vertices of the edges, shape (e, 2).
    """
    edges = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, first, number = np.unique(_keys(edges), return_index=True, return_inverse=True)
    repeated = np.repeat(label, 3)
    lowest = np.full(len(first), np.iinfo(np.int64).max)
    highest = np.full(len(first), np.iinfo(np.int64).min)
    np.minimum.at(lowest, number, repeated)
    np.maximum.at(highest, number, repeated)
    changes: Integers = edges[first[lowest != highest]]
    return changes
