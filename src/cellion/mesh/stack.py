"""Flat layers below and above a mesh, which continue the triangles of its faces.

The faces of the composite become the planes of separator and collector, exactly and with the areas
of all contacts; every triangle there is the base of a column of prisms, each divided into three
tetrahedra (2D: quadrilaterals into two triangles) along the order of its vertices. Columns become
coarser with the distance from the composite, where fields are smooth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.data import LabelRole, MeshData, cell_volumes
from cellion.mesh.facets import facet_vertices, flagged_facets
from cellion.mesh.periodicity import AXES, match_periodic_faces, on_plane
from cellion.mesh.quality import shape_numbers
from cellion.scenario.cell import LayerSpec

__all__ = ["slab_heights", "stack_slabs"]

GROWTH = 1.5
"""Growth of the height of prisms from one to the next."""

LEAST_CELLS = 2
"""Fewest prisms across a layer."""


_LAYERS = (LabelRole.SEPARATOR, LabelRole.COLLECTOR)


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Cells of one layer and its new points."""

    points: NDArray[np.float64]
    cells: NDArray[np.int64]


def stack_slabs(data: MeshData, axis: int, lower: LayerSpec, upper: LayerSpec) -> MeshData:
    """Put a mesh between two flat layers.

    Args:
        data: Mesh of the composite, in a box with flat faces along the axis.
        axis: Direction across the layers.
        lower: Layer below the composite.
        upper: Layer above it.

    Returns:
        A mesh with one more label for the separator below and one for the collector above. It does
        not repeat along the axis; its origin is the lower corner of the lower layer.

    Raises:
        MeshError: The mesh does not fill a face of its box along the axis.
    """
    periodic = data.periodic & (np.arange(data.dimension) != axis)
    base = replace(data, periodic=periodic, points=data.points - data.origin)
    order = match_periodic_faces(base).representative
    parts, offset = [], len(base.points)
    for side, slab in ((0, lower), (1, upper)):
        facets = _face(base, axis, side)
        parts.append(_columns(base.points, facets, order, (axis, 2 * side - 1, slab), offset))
        offset += len(parts[-1].points)
    points = np.concatenate([base.points, *(part.points for part in parts)])
    points[:, axis] += lower.thickness
    box = data.box.copy()
    box[axis] = points[:, axis].max()
    cells = np.concatenate([base.cells, *(part.cells for part in parts)])
    first = len(data.label_material)
    materials = tuple(dict.fromkeys([*data.materials, lower.material, upper.material]))
    names = [materials.index(slab.material) for slab in (lower, upper)]
    return MeshData(
        points=points,
        cells=_positive(points, cells),
        labels=np.concatenate(
            [data.labels, *(np.full(len(part.cells), first + k) for k, part in enumerate(parts))]
        ).astype(np.int32),
        label_material=np.concatenate([data.label_material, names]).astype(np.int32),
        materials=materials,
        box=box,
        periodic=periodic,
        orientations=_with_slabs(data.orientations),
        pieces=_with_slab_pieces(data.pieces),
        label_role=np.array([*[LabelRole.COMPOSITE] * first, *_LAYERS], dtype=np.int8),
        quality=dict(data.quality) | shape_numbers(points, cells),
    )


def _with_slabs(orientations: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Add the two layers, whose crystals are aligned with the box."""
    if orientations is None:
        return None
    aligned = np.tile(np.eye(orientations.shape[1]), (2, 1, 1))
    return np.concatenate([orientations, aligned])


def _with_slab_pieces(pieces: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
    """Add the two layers, each a region of its own."""
    if pieces is None:
        return None
    rows = np.zeros((2, pieces.shape[1]), dtype=np.int32)
    rows[:, 0] = pieces[:, 0].max() + np.array([1, 2])
    return np.concatenate([pieces, rows])


def _face(data: MeshData, axis: int, side: int) -> NDArray[np.int64]:
    """Vertices of the facets on a face of the box whose origin is 0, shape (f, d)."""
    place = side * float(data.box[axis])
    on = on_plane(data.points, axis, place, data.box)
    facets = facet_vertices(data.cells, flagged_facets(data.cells, on)).astype(np.int64)
    whole = float(np.prod(np.delete(data.box, axis)))
    covered = _face_areas(np.delete(data.points, axis, axis=1), facets).sum()
    if abs(covered - whole) > 1e-6 * whole:
        end = f"{AXES[axis]}_{'max' if side else 'min'}"
        raise MeshError(
            f"the mesh covers {covered / whole:.4%} of the face {end} of its box; separator and "
            "collector need a face without holes"
        )
    return facets


def _face_areas(flat: NDArray[np.float64], facets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Areas (2D: lengths) of facets from coordinates in the plane, shape (f,)."""
    if flat.shape[1] == 1:
        return np.asarray(np.abs(flat[facets[:, 1], 0] - flat[facets[:, 0], 0]))
    return np.abs(cell_volumes(flat, facets))


def slab_heights(thickness: float, first: float) -> NDArray[np.float64]:
    """Distances from the composite of the ends of prisms, growing from about `first`, (n,) [m].

    Args:
        thickness: Thickness of the layer [m].
        first: Height wanted of the first prism [m].
    """
    wanted = np.log1p(thickness / first * (GROWTH - 1.0)) / np.log(GROWTH)
    count = max(LEAST_CELLS, int(np.ceil(wanted - 1e-9)))
    ends = np.cumsum(GROWTH ** np.arange(count))
    return np.asarray(thickness * ends / ends[-1])


def _columns(
    points: NDArray[np.float64],
    facets: NDArray[np.int64],
    order: NDArray[np.int64],
    layer: tuple[int, int, LayerSpec],
    offset: int,
) -> _Columns:
    """Prisms over facets, divided into simplices.

    The vertices of a facet are taken in one order everywhere, also across the period, so that
    neighbouring prisms divide their common face alike.

    Args:
        points: Coordinates, shape (n, d) [m].
        facets: Vertices of the facets, shape (f, d).
        order: Number by which vertices are ordered, equal for images, shape (n,).
        layer: Axis, direction (-1 or 1) and layer.
        offset: Number of the first new point.
    """
    axis, direction, slab = layer
    rank = np.argsort(order[facets], axis=1, kind="stable")
    facets = np.take_along_axis(facets, rank, axis=1)
    vertices, inverse = np.unique(facets, return_inverse=True)
    base = points[vertices]
    edges = points[facets] - points[np.roll(facets, 1, axis=1)]
    heights = slab_heights(slab.thickness, float(np.median(np.linalg.norm(edges, axis=2))))
    raised = np.repeat(base[None], len(heights), axis=0)
    raised[:, :, axis] += direction * heights[:, None]
    count = len(vertices)
    levels = np.concatenate(
        [vertices[None], offset + np.arange(raised[..., 0].size).reshape(-1, count)]
    )
    ends = levels[:, inverse.reshape(facets.shape)]
    low, high = ends[:-1], ends[1:]
    d = facets.shape[1]
    cells = [np.concatenate([low[..., : k + 1], high[..., k:]], axis=-1) for k in range(d)]
    return _Columns(
        points=raised.reshape(-1, points.shape[1]),
        cells=np.concatenate([cell.reshape(-1, d + 1) for cell in cells]),
    )


def _positive(points: NDArray[np.float64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Swap two vertices of cells that are turned inside out."""
    flip = cell_volumes(points, cells) < 0.0
    turned = cells.copy()
    turned[flip, 0], turned[flip, 1] = cells[flip, 1], cells[flip, 0]
    return turned
