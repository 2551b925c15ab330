"""Mesh files: Gmsh ``.msh`` (2.2, 4.1), VTK ``.vtu`` and ``.vtk``, XDMF, read into plain arrays.

What a file must hold: triangles or tetrahedra of first order that fill an axis-aligned box, and a
whole number for every one of them that says which material it is (in Gmsh: a physical group).
Everything else in the file (points, lines, boundary triangles) is ignored.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, Protocol
from xml.etree.ElementTree import ParseError

import meshio
import numpy as np
from meshio._exceptions import CorruptionError
from numpy.typing import NDArray

from cellion.errors import MeshError, nearest
from cellion.mesh.box import check_box
from cellion.mesh.data import MeshData, cell_volumes
from cellion.mesh.grains import MeshGrains, grain_labels, grain_orientations
from cellion.mesh.periodicity import match_periodic_faces
from cellion.mesh.quality import shape_numbers

__all__ = ["MeshFile", "read_mesh", "read_mesh_file"]

_READERS: Mapping[str, Callable[[str], Any]] = {
    ".msh": lambda path: meshio.gmsh.read(path),
    ".vtu": lambda path: meshio.vtu.read(path),
    ".vtk": lambda path: meshio.vtk.read(path),
    ".xdmf": lambda path: meshio.xdmf.read(path),
    ".xmf": lambda path: meshio.xdmf.read(path),
}
_FAULTS = (
    meshio.ReadError,
    CorruptionError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What meshio raises for files that are damaged or not what their name says."""

_GMSH_TAGS = "gmsh:physical"
_NOT_TAGS = ("gmsh:geometrical", "vtkGhostType", "vtkOriginalCellIds")
_FLAT = 1e-12
"""Volume of a mesh cell, relative to the cube (square) of its longest edge, that counts as none."""

_FARTHEST = 1e60
"""Largest coordinate whose cube is still a number, whatever the unit."""


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
    def labels(self) -> Mapping[int, str]:
        """Material of each cell tag."""
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
    """Read the mesh file of a scenario; see `read_mesh_file`."""
    return read_mesh_file(
        spec.file,
        length_unit=spec.length_unit,
        labels=spec.labels,
        periodic=spec.periodic,
        grains=spec.grains,
    )


def read_mesh_file(
    path: Path,
    *,
    length_unit: float,
    labels: Mapping[int, str],
    periodic: bool = False,
    tag_array: str | None = None,
    grains: MeshGrains | None = None,
) -> MeshData:
    """Read a labelled mesh of triangles or tetrahedra.

    Args:
        path: File; its ending says the format.
        length_unit: Unit of the coordinates in the file [m].
        labels: Material of each cell tag.
        periodic: Whether the box repeats; opposite faces must then match.
        tag_array: Cell data that hold the tags; if not given, Gmsh's physical groups, or the one
            array of whole numbers whose values `labels` knows.
        grains: What every tag that `labels` does not name is: a grain, with its own label.

    Returns:
        The mesh in metres, in the file's own position: cells oriented, nodes that no cell uses left
        out, exact duplicates of nodes merged. One label per cell tag, in ascending order of tags.

    Raises:
        MeshError: The file is missing or unreadable; it has no triangles or tetrahedra of first
            order; tags and `labels` do not agree; a cell is flat; the mesh does not fill an
            axis-aligned box, is not joined, or its opposite faces do not match although the box is
            periodic.
    """
    where = f"mesh file '{path}'"
    document = _load(path, where)
    kind, cells, blocks = _simplices(document, where)
    arrays = _whole_numbers(document, blocks)
    name = _choose(arrays, where, labels, tag_array)
    named, tags = labels, arrays[name]
    if grains is not None:
        labels = grain_labels(tags, named, grains)
    _check_tags(tags, name, kind, where, labels)
    points = _coordinates(document, cells, kind, where) * length_unit
    points, cells = _compact(points, cells)
    cells = _orient(points, cells, where)
    box = check_box(points, cells, where)
    known = sorted(labels)
    materials = tuple(dict.fromkeys(labels[tag] for tag in known))
    data = MeshData(
        points=points,
        cells=cells,
        labels=np.searchsorted(known, tags).astype(np.int32),
        label_material=np.array([materials.index(labels[tag]) for tag in known], dtype=np.int32),
        materials=materials,
        box=box,
        periodic=np.full(len(box), periodic),
        orientations=None
        if grains is None
        else grain_orientations(path, known, named, grains, len(box)),
        quality=shape_numbers(points, cells),
    )
    if periodic:
        _check_periodic(data, where)
    return data


def _load(path: Path, where: str) -> Any:
    if not path.is_file():
        raise MeshError(f"{where}: there is no such file; the name is relative to the scenario")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise MeshError(
            f"{where}: the ending '{path.suffix}' is not known{nearest(path.suffix, _READERS)}; "
            f"readable are {', '.join(_READERS)}"
        )
    try:
        # Counts in damaged files overflow; and meshio prints what it thinks of sections.
        with np.errstate(all="ignore"), redirect_stderr(StringIO()):
            return reader(str(path))
    except _FAULTS as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise MeshError(
            f"{where}: it cannot be read as {path.suffix} ({reason}). {_hint(path, reason)}"
        ) from error


def _hint(path: Path, reason: str) -> str:
    """What may be wrong with a file that could not be read."""
    if _GMSH_TAGS in reason:
        return "Give every volume (2D: surface) a physical group; some have none"
    if path.suffix.lower() in (".xdmf", ".xmf"):
        return (
            "XDMF keeps its numbers in an .h5 file beside it; one grid with its cell data can be "
            "read, and compression only as far as the installed HDF5 has the filter"
        )
    return "Is it complete, and the format what its ending says?"


def _simplices(document: Any, where: str) -> tuple[str, NDArray[np.int64], list[int]]:
    """The cells of the highest dimension and the numbers of their blocks in the file."""
    kinds = [block.type for block in document.cells]
    solid = [k for k in kinds if k.startswith(("tetra", "hexahedron", "wedge", "pyramid", "poly"))]
    flat = [k for k in kinds if k.startswith(("triangle", "quad"))]
    highest, wanted = (solid, "tetra") if solid else (flat, "triangle")
    others = sorted({kind for kind in highest if kind != wanted})
    if not highest or others:
        found = ", ".join(dict.fromkeys(others or kinds)) or "nothing"
        raise MeshError(
            f"{where}: found cells of type {found}; only triangles (2D) or tetrahedra (3D) of "
            "first order can be used. Split or recombine them in the meshing program (in Gmsh: no "
            "recombination, Mesh.ElementOrder = 1)"
        )
    blocks = [number for number, kind in enumerate(kinds) if kind == wanted]
    cells = np.concatenate([np.asarray(document.cells[number].data) for number in blocks])
    if not len(cells):
        raise MeshError(f"{where}: it holds no triangles or tetrahedra")
    if cells.min() < 0 or cells.max() >= len(document.points):
        raise MeshError(
            f"{where}: cells refer to nodes {cells.min()} to {cells.max()}, but the file has "
            f"{len(document.points)} nodes"
        )
    return wanted, cells.astype(np.int64), blocks


def _check_tags(
    tags: NDArray[np.int64], name: str, kind: str, where: str, labels: Mapping[int, str]
) -> None:
    """Check that tags and labels agree.

    Args:
        tags: The tag of every cell, shape (m,).
        name: Name of the cell data that hold them.
        kind: Type of the cells.
        where: Name of the file, for messages.
        labels: Material of each tag.
    """
    values, counts = np.unique(tags, return_counts=True)
    present = dict(zip(values.tolist(), counts.tolist(), strict=True))
    listed = ", ".join(f"{tag} ({count} cells)" for tag, count in list(present.items())[:20])
    unlabelled = [str(tag) for tag in present if tag not in labels]
    if unlabelled:
        untagged = name == _GMSH_TAGS and 0 in present and 0 not in labels
        hint = " (0: a volume without physical group)" if untagged else ""
        raise MeshError(
            f"{where}: tags {', '.join(unlabelled[:20])} of '{name}' have no material in 'labels' "
            f"({', '.join(map(str, labels))}); the file has {listed}{hint}"
        )
    unused = [f"{tag}: {labels[tag]}" for tag in labels if tag not in present]
    if unused:
        raise MeshError(
            f"{where}: 'labels' names {', '.join(unused[:20])}, but no {kind} has such a tag in "
            f"'{name}'; the file has {listed}"
        )


def _whole_numbers(document: Any, blocks: list[int]) -> dict[str, NDArray[np.int64]]:
    """Cell data that are one whole number per cell, by name."""
    arrays: dict[str, NDArray[np.int64]] = {}
    for name, values in document.cell_data.items():
        parts = [np.asarray(values[number]) for number in blocks]
        sizes = [len(document.cells[number].data) for number in blocks]
        if any(part.size != size for part, size in zip(parts, sizes, strict=True)):
            continue
        array = np.concatenate([part.reshape(-1) for part in parts])
        numeric = np.issubdtype(array.dtype, np.number) and np.isrealobj(array)
        if numeric and np.isfinite(array).all() and (np.abs(array) < 2**31).all():
            rounded = np.rint(array).astype(np.int64)
            if (rounded == array).all():
                arrays[name] = rounded
    return arrays


def _choose(
    arrays: Mapping[str, NDArray[np.int64]],
    where: str,
    labels: Mapping[int, str],
    tag_array: str | None,
) -> str:
    """Name of the cell data that hold the tags."""
    if tag_array is not None:
        if tag_array not in arrays:
            raise MeshError(
                f"{where}: there is no whole-number cell data '{tag_array}'"
                f"{nearest(tag_array, arrays)}; the file has {', '.join(arrays) or 'none'}"
            )
        return tag_array
    if _GMSH_TAGS in arrays:
        return _GMSH_TAGS
    candidates = [name for name in arrays if name not in _NOT_TAGS]
    if not candidates:
        raise MeshError(
            f"{where}: no whole number is attached to the cells, so their material is not known; "
            "give every volume (2D: surface) a physical group in Gmsh, or write an integer cell "
            "array"
        )
    if len(candidates) == 1:
        return candidates[0]
    fitting = [name for name in candidates if set(np.unique(arrays[name])) == set(labels)]
    if len(fitting) == 1:
        return fitting[0]
    raise MeshError(
        f"{where}: {len(candidates)} cell arrays could hold the tags ({', '.join(candidates)}), "
        f"and {len(fitting)} of them have exactly the tags of 'labels' "
        f"({', '.join(map(str, labels))}); keep only one of them in the file"
    )


def _coordinates(
    document: Any, cells: NDArray[np.int64], kind: str, where: str
) -> NDArray[np.float64]:
    """Coordinates in units of the file, shape (n, d); a plane mesh loses its constant z."""
    points = np.asarray(document.points, dtype=np.float64)
    used = points[cells.reshape(-1)]
    if not (np.abs(used) < _FARTHEST).all():
        raise MeshError(
            f"{where}: coordinates hold values that are not finite or beyond {_FARTHEST:g} units "
            "of the file"
        )
    dimension = 3 if kind == "tetra" else 2
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


def _compact(
    points: NDArray[np.float64], cells: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Leave out nodes that no cell uses and merge nodes with equal coordinates."""
    used, numbers = np.unique(cells, return_inverse=True)
    kept, merged = np.unique(points[used] + 0.0, axis=0, return_inverse=True)
    return kept, merged.reshape(-1)[numbers].reshape(cells.shape)


def _orient(points: NDArray[np.float64], cells: NDArray[np.int64], where: str) -> NDArray[np.int64]:
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
