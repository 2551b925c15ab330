"""Mesh files: Gmsh ``.msh`` (2.2, 4.0, 4.1), VTK ``.vtu`` and ``.vtk``, XDMF, as labelled meshes.

What a file must hold: cells of first order that fill an axis-aligned box, and a whole number for
every one of them that says which material it is (in Gmsh: a physical group). Quadrilaterals become
triangles; hexahedra, wedges and pyramids tetrahedra. Everything else in the file (points, lines,
boundary triangles) is ignored.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError, nearest
from cellion.mesh.box import check_box
from cellion.mesh.coincident import DEFAULT_DISTANCE, same_place
from cellion.mesh.data import MeshData, cell_volumes
from cellion.mesh.formats.document import NODES, Block, MeshDocument
from cellion.mesh.formats.gmsh import read_gmsh
from cellion.mesh.formats.vtk_legacy import read_legacy_vtk
from cellion.mesh.formats.vtu import read_vtu
from cellion.mesh.formats.xdmf import read_xdmf
from cellion.mesh.grains import MeshGrains, grain_labels, grain_orientations
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.quality import shape_numbers
from cellion.mesh.split import DIVISIBLE, divide
from cellion.mesh.tags import cell_tags, check_tags, labels_by_tag

__all__ = ["MeshFile", "mesh_of", "read_mesh"]

_READERS: Mapping[str, Callable[[Path], MeshDocument]] = {
    ".msh": read_gmsh,
    ".vtu": read_vtu,
    ".vtk": read_legacy_vtk,
    ".xdmf": read_xdmf,
    ".xmf": read_xdmf,
}
_FAULTS = (
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What damaged numbers in a file lead to, besides what its reader finds itself."""

_SIMPLEX = {2: "triangle", 3: "tetra"}
_DIMENSIONS: Mapping[str, int] = {
    **{"triangle": 2, "quad": 2, "polygon": 2},
    **{"tetra": 3, "hexahedron": 3, "wedge": 3, "pyramid": 3, "polyhedron": 3},
}
"""Dimension of the kinds of cells, by the beginnings of their names."""

_FLAT = 1e-12
"""Volume of a mesh cell, relative to the cube (square) of its longest edge, that counts as none."""

_FARTHEST = 1e60
"""Largest coordinate whose cube is still a number, whatever the unit."""

type Floats = NDArray[np.float64]
type Whole = NDArray[np.int64]


class MeshFile(Protocol):
    """What a scenario says about a mesh file."""

    @property
    def file(self) -> Path:
        """The file."""
        ...

    @property
    def length_unit(self) -> float:
        """Unit of its coordinates [m]."""
        ...

    @property
    def labels(self) -> Mapping[int | str, str]:
        """Material of each cell tag, or of each physical group by its name."""
        ...

    @property
    def tag_array(self) -> str | None:
        """Name of the cell data that hold the tags."""
        ...

    @property
    def merge_nodes(self) -> bool:
        """Whether nodes at one place are one."""
        ...

    @property
    def merge_distance(self) -> float | None:
        """Distance up to which nodes are at one place [m]."""
        ...

    @property
    def periodic(self) -> bool:
        """Whether the box repeats in all directions."""
        ...

    @property
    def grains(self) -> MeshGrains | None:
        """What cells with other tags are."""
        ...


def read_mesh(spec: MeshFile) -> MeshData:
    """Read the mesh file of a scenario.

    Args:
        spec: What the scenario says about it.

    Returns:
        The mesh in metres, in the file's own position: cells oriented, nodes that no cell uses left
        out, nodes at one place merged unless the scenario keeps them apart. One label per cell tag,
        in ascending order of tags.

    Raises:
        MeshError: The file is missing or unreadable; it has no cells of first order; tags and
            ``labels`` do not agree; a cell is flat; the mesh does not fill an axis-aligned box, is
            not joined, or its opposite faces do not match although the box is periodic.
    """
    where = f"mesh file '{spec.file}'"
    return mesh_of(_load(spec.file, where), spec, where)


def mesh_of(document: MeshDocument, spec: MeshFile, where: str) -> MeshData:
    """Make a labelled mesh of the content of a mesh file, as `read_mesh` does.

    Args:
        document: Points, cells and their tags.
        spec: What the scenario says about them.
        where: Name of the mesh, the beginning of every message.

    Raises:
        MeshError: As `read_mesh`, once the file is read.
    """
    dimension, blocks = _cells(document, where)
    named = labels_by_tag(spec.labels, document, dimension, where)
    labels: Mapping[int, str] = named
    name, tags = cell_tags(blocks, where, named, spec.tag_array, one_each=spec.grains is not None)
    if spec.grains is not None:
        labels = grain_labels(tags, named, spec.grains)
    check_tags(tags, name, _SIMPLEX[dimension], where, labels)
    points = _coordinates(document, blocks, dimension, where) * spec.length_unit
    points, cells, owner, box, notes = _joined(spec, *_compact(points, blocks), where)
    known = sorted(labels)
    materials = tuple(dict.fromkeys(labels[tag] for tag in known))
    data = MeshData(
        points=points,
        cells=cells,
        labels=np.searchsorted(known, tags[owner]).astype(np.int32),
        label_material=np.array([materials.index(labels[tag]) for tag in known], dtype=np.int32),
        materials=materials,
        box=box,
        periodic=np.full(len(box), spec.periodic),
        orientations=None
        if spec.grains is None
        else grain_orientations(spec.file, known, named, spec.grains, len(box)),
        quality=shape_numbers(points, cells),
        notes=notes,
    )
    if spec.periodic:
        _check_periodic(data, where)
    return data


def _joined(
    spec: MeshFile, points: Floats, blocks: Sequence[Block], where: str
) -> tuple[Floats, Whole, Whole, Floats, tuple[str, ...]]:
    """Merge nodes, divide cells, and check that they fill a box.

    Nodes that are kept apart must lie on others all the same: the box has no holes.

    Returns:
        Points, simplices, the cell of the file that each is a part of, the box, and notes.
    """
    distance = spec.merge_distance
    if distance is None:
        distance = DEFAULT_DISTANCE * float(np.ptp(points, axis=0).max())
    place = same_place(points, _padded(blocks), distance, where)
    cells, owner = _simplices(blocks, place)
    merged = points[np.unique(place, return_index=True)[1]]
    joined = _orient(merged, place[cells], where)
    box = check_box(merged, joined, where)
    notes = _note(spec, len(place) - len(merged), distance)
    if spec.merge_nodes:
        return merged, joined, owner, box, notes
    return points, _orient(points, cells, where), owner, box, notes


def _note(spec: MeshFile, doubled: int, distance: float) -> tuple[str, ...]:
    """Tell of nodes at the place of others."""
    if not doubled:
        return ()
    found = f"{spec.file}: {doubled} nodes lie on others (within {distance:.2g} m)"
    if spec.merge_nodes:
        return (
            f"{found} and were merged; if they are a crack, "
            "keep it by microstructure.mesh.merge_nodes: false",
        )
    return (f"{found} and were kept apart: between their facets no current passes",)


def _load(path: Path, where: str) -> MeshDocument:
    if not path.is_file():
        raise MeshError(f"{where}: there is no such file; the name is relative to the scenario")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise MeshError(
            f"{where}: the ending '{path.suffix}' is not known{nearest(path.suffix, _READERS)}; "
            f"readable are {', '.join(_READERS)}"
        )
    try:
        with np.errstate(all="ignore"):  # numbers in damaged files overflow
            return reader(path)
    except (MeshError, *_FAULTS) as error:
        said = " ".join(str(error).split())[:300] or type(error).__name__
        reason = said if isinstance(error, MeshError) else f"its numbers make no sense: {said}"
        raise MeshError(
            f"{where}: it cannot be read as {path.suffix}: {reason}. Is it complete, and the "
            "format what its ending says?"
        ) from error


def _dimension(kind: str) -> int:
    return next((d for name, d in _DIMENSIONS.items() if kind.startswith(name)), 0)


def _cells(document: MeshDocument, where: str) -> tuple[int, list[Block]]:
    """The highest dimension of cells, and the blocks that have it."""
    present = [block for block in document.blocks if len(block.cells)]
    dimension = max((_dimension(block.kind) for block in present), default=0)
    blocks = [block for block in present if _dimension(block.kind) == dimension]
    usable = {*DIVISIBLE, *_SIMPLEX.values()}
    unknown = [block.kind for block in present if block.kind.startswith("number")]
    others = unknown + [block.kind for block in blocks if block.kind not in usable]
    if not dimension or others:
        found = ", ".join(dict.fromkeys(others or [block.kind for block in present])) or "nothing"
        raise MeshError(
            f"{where}: found cells of type {found}; only triangles and quadrilaterals (2D), or "
            "tetrahedra, hexahedra, wedges and pyramids (3D), of first order can be used. Convert "
            "them in the meshing program (in Gmsh: Mesh.ElementOrder = 1; in pyvista: "
            "mesh.triangulate() or linear_copy())"
        )
    for block in blocks:
        if block.cells.min() < 0 or block.cells.max() >= len(document.points):
            raise MeshError(
                f"{where}: cells refer to nodes {block.cells.min()} to {block.cells.max()}, but "
                f"the file has {len(document.points)} nodes"
            )
    return dimension, blocks


def _coordinates(
    document: MeshDocument, blocks: Sequence[Block], dimension: int, where: str
) -> Floats:
    """Coordinates in units of the file, shape (n, d); a plane mesh loses its constant z."""
    points = document.points
    used = np.concatenate([points[block.cells.reshape(-1)] for block in blocks])
    if not (np.abs(used) < _FARTHEST).all():
        raise MeshError(
            f"{where}: coordinates hold values that are not finite or beyond {_FARTHEST:g} units "
            "of the file"
        )
    if points.shape[1] == dimension:
        return points
    if points.shape[1] < dimension:
        raise MeshError(f"{where}: tetrahedra need three coordinates; found {points.shape[1]}")
    extent = np.ptp(used, axis=0)
    if extent[2] > 1e-9 * extent.max():
        raise MeshError(
            f"{where}: the triangles are not in a plane z = constant (z varies by {extent[2]:.3g} "
            "units of the file); a surface mesh has no volume to conduct. Mesh the volume with "
            "tetrahedra, or lay the plane mesh into the x-y plane"
        )
    return points[:, :2]


def _compact(points: Floats, blocks: Sequence[Block]) -> tuple[Floats, list[Block]]:
    """Leave out nodes that no cell uses."""
    used = np.unique(np.concatenate([block.cells.reshape(-1) for block in blocks]))
    return points[used], [replace(b, cells=np.searchsorted(used, b.cells)) for b in blocks]


def _padded(blocks: Sequence[Block]) -> Whole:
    """Nodes of all cells, shape (m, k), -1 where a cell has fewer than the largest."""
    most = max(NODES[block.kind] for block in blocks)
    return np.concatenate(
        [
            np.pad(b.cells, ((0, 0), (0, most - b.cells.shape[1])), constant_values=-1)
            for b in blocks
        ]
    )


def _simplices(blocks: Sequence[Block], place: Whole) -> tuple[Whole, Whole]:
    """Simplices, and the cell of the file that each is a part of."""
    cells, owners, before = [], [], 0
    for block in blocks:
        here, owner = block.cells, np.arange(len(block.cells))
        if block.kind in DIVISIBLE:
            here, owner = divide(block.kind, here, place)
        cells.append(here)
        owners.append(owner + before)
        before += len(block.cells)
    return np.concatenate(cells), np.concatenate(owners)


def _orient(points: Floats, cells: Whole, where: str) -> Whole:
    """Swap two vertices of cells with negative volume; refuse flat ones."""
    volumes = cell_volumes(points, cells)
    dimension = points.shape[1]
    longest = np.zeros(len(cells))
    for first in range(dimension + 1):
        for second in range(first):
            edge = points[cells[:, first]] - points[cells[:, second]]
            np.maximum(longest, np.einsum("ij,ij->i", edge, edge), out=longest)
    flat = np.abs(volumes) <= _FLAT * longest ** (dimension / 2)
    if flat.any():
        place = points[cells[np.argmax(flat)]].mean(axis=0)
        raise MeshError(
            f"{where}: {int(flat.sum())} of {len(cells)} cells have no volume, the first near "
            f"{place} m; repair the mesh (in Gmsh: optimise it, and remove duplicate entities)"
        )
    inverted = volumes < 0
    cells = cells.copy()
    cells[inverted, :2] = cells[inverted, 1::-1]
    return cells


def _check_periodic(data: MeshData, where: str) -> None:
    try:
        match_periodic_faces(data)
    except MeshError as error:
        raise MeshError(f"{where}: {error}") from error
