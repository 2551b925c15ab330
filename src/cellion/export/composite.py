"""Labelled mesh of a field file, as PyVista's filters take it.

Import this module, which loads VTK, only where pictures are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyvista as pv
from numpy.typing import NDArray

from cellion.errors import ResultsError
from cellion.export.field_piece import FieldPiece, read_fields
from cellion.export.grains import label_neighbours, touching_materials

__all__ = ["Composite", "composite", "numbered", "read_composite"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]
type Flags = NDArray[np.bool_]

_POTENTIAL = re.compile(r"potential_(?P<carrier>[a-z]+)_[xyz]$")
_VOID_NAMES = ("pore", "void", "air", "vacuum", "gas")
_LENGTH_UNITS = (("nm", 1e-9), ("µm", 1e-6), ("mm", 1e-3), ("m", 1.0))


@dataclass(frozen=True, kw_only=True)
class Composite:
    """A labelled mesh with fields; a label is a particle or grain, 0 the matrix of a packing.

    Attributes:
        grid: Mesh cells that are no pores, coordinates in `length_unit`. A point belongs to one
            label and one side of a jump. Cell arrays ``label``, ``size`` (volume or area) and
            ``current_density_*``; point arrays ``vertex`` (equal where points meet),
            ``potential_*`` and ``current_density_*``. Fields are NaN where nothing conducts.
        potentials: Name of the potential of each carrier that is shown, ions first.
        materials: Names of the materials.
        void: Whether each material is left empty.
        label_material: Index into `materials` of each label; -1 for labels without mesh cells.
        neighbours: Pairs of labels that share a vertex, ascending, shape (p, 2).
        matrix: Whether each label is part of what surrounds the particles, maybe in grains; all
            are when nothing does.
        box: Lower and upper corner, shape (2, 3), in `length_unit`.
        length_unit: Unit of the coordinates.
    """

    grid: pv.UnstructuredGrid
    potentials: tuple[str, ...]
    materials: tuple[str, ...]
    void: Flags
    label_material: Integers
    neighbours: Integers
    matrix: Flags
    box: Floats
    length_unit: str

    @property
    def flat(self) -> bool:
        """Whether the mesh is two-dimensional."""
        return bool(np.ptp(self.box[:, 2]) == 0)

    @cached_property
    def grains(self) -> Flags:
        """Whether each label is a grain that touches others of its material."""
        touching = touching_materials(self.neighbours, self.label_material)
        solid = np.setdiff1d(touching, np.flatnonzero(self.void))
        found: Flags = self.matrix & np.isin(self.label_material, solid)
        return found


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
    label_material = np.full(int(label.max()) + 1, -1)
    label_material[label] = material
    vertex = numbered(piece.points)
    potentials = _first_directions(piece.point_data)
    values = [piece.point_data[name] for name in potentials]
    point, cells = _split(numbered(np.column_stack([vertex, *values])), piece.cells, label)
    point_label = np.zeros(len(point), dtype=np.int64)
    point_label[cells] = label[:, None]
    neighbours = label_neighbours(vertex[point], point_label)
    unit, scale = _length_unit(float(np.ptp(piece.points, axis=0).max()))
    points = piece.points[point] / scale
    names = materials or tuple(f"material {i}" for i in range(int(material.max()) + 1))
    void = np.array([name.lower().startswith(_VOID_NAMES) for name in names])
    drawn = ~void[material]
    grid = _grid(points, cells[drawn])
    for name in potentials:
        current = name.replace("potential", "current_density")
        if current in piece.cell_data:
            insulating = np.isnan(piece.point_data[name])[piece.cells[drawn, 0]]
            grid.cell_data[current] = piece.cell_data[current][drawn]
            grid.cell_data[current][insulating] = np.nan
    grid = grid.cell_data_to_point_data(pass_cell_data=True)
    for name in potentials:
        grid.point_data[name] = piece.point_data[name][point]
    grid.point_data["vertex"] = vertex[point]
    grid.cell_data["label"] = label[drawn]
    return Composite(
        grid=grid,
        potentials=potentials,
        materials=names,
        void=void,
        label_material=label_material,
        neighbours=neighbours,
        matrix=_matrix(points, point_label, label_material, neighbours, void),
        box=np.array([points.min(axis=0), points.max(axis=0)]),
        length_unit=unit,
    )


def numbered(rows: NDArray[np.number]) -> Integers:
    """Number of the distinct row that each row is, shape (n,); NaN equals NaN."""
    filled = np.where(np.isnan(rows), np.inf, rows)
    order = np.lexsort(filled.T)
    ordered = filled[order]
    number = np.empty(len(rows), dtype=np.int64)
    number[order[1:]] = np.cumsum((ordered[1:] != ordered[:-1]).any(axis=1))
    number[order[:1]] = 0
    return number


def _split(number: Integers, cells: Integers, label: Integers) -> tuple[Integers, Integers]:
    """Join points of equal number, and give every label its own.

    Returns:
        A point of the file for each new point, and the new cells.
    """
    source = np.empty(int(number.max()) + 1, dtype=np.int64)
    source[number] = np.arange(len(number))
    cells = number[cells]
    owner = np.zeros(len(source), dtype=np.int64)
    owner[cells] = label[:, None]
    foreign = owner[cells] != label[:, None]
    count = int(label.max()) + 1
    key = cells[foreign] * count + np.broadcast_to(label[:, None], cells.shape)[foreign]
    distinct, new = np.unique(key, return_inverse=True)
    cells[foreign] = len(source) + new
    return np.concatenate([source, source[distinct // count]]), cells


def _first_directions(potentials: Mapping[str, NDArray[np.number]]) -> tuple[str, ...]:
    """The potential of each carrier for the first direction in which it has one, ions first."""
    found: dict[str, str] = {}
    for name in sorted(potentials, key=lambda name: ("ion" not in name, name)):
        match = _POTENTIAL.match(name)
        if match is not None and not np.isnan(potentials[name]).all():
            found.setdefault(match["carrier"], name)
    return tuple(found.values())


def _grid(points: Floats, cells: Integers) -> pv.UnstructuredGrid:
    """Mesh cells with their volume or area, turned so that their facets face outwards."""
    solid = cells.shape[1] == 4
    kind = pv.CellType.TETRA if solid else pv.CellType.TRIANGLE
    grid = pv.UnstructuredGrid({kind: cells}, points)
    sizes = grid.compute_cell_sizes(length=False).cell_data["Volume" if solid else "Area"]
    inverted = sizes < 0
    if inverted.any():
        cells = np.where(inverted[:, None], cells[:, [1, 0, *range(2, cells.shape[1])]], cells)
        grid = pv.UnstructuredGrid({kind: cells}, points)
    grid.cell_data["size"] = np.abs(sizes)
    return grid


def _matrix(
    points: Floats,
    point_label: Integers,
    label_material: Integers,
    neighbours: Integers,
    void: Flags,
) -> Flags:
    """Labels of what surrounds particles: label 0, or those of its material if its grains touch.

    It is empty, or reaches all faces of the box; else nothing surrounds the rest, and all labels
    are returned.
    """
    inside = np.arange(len(label_material)) == 0
    first = label_material[0]
    if first in touching_materials(neighbours, label_material):
        inside = label_material == first
    reached = points[inside[point_label]]
    around = len(reached) and np.array_equal(np.ptp(reached, axis=0), np.ptp(points, axis=0))
    empty = first >= 0 and void[first]
    return inside if around or empty else np.ones(len(inside), dtype=bool)


def _length_unit(size: float) -> tuple[str, float]:
    """The largest unit of which the box measures at least two, but nm when it is tiny."""
    fitting = [(name, scale) for name, scale in _LENGTH_UNITS if size >= 2 * scale]
    return fitting[-1] if fitting else _LENGTH_UNITS[0]
