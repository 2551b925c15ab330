"""XDMF: a grid of DOLFINx, FEniCS or meshio, with its numbers in the file or in HDF5 beside it.

A grid without topology or geometry of its own (DOLFINx writes mesh tags and functions so) takes
those of the first grid that has some; its values are brought to the cells of that grid by their
nodes. A file opens others in its own folder only: no absolute path, none that leads out, no device,
no included XML, and no HDF5 file whose data lie elsewhere.

Source: XDMF model and format, version 3.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from xml.etree.ElementTree import Element

import h5py
import numpy as np
from numpy.typing import NDArray

from cellion.mesh.formats.document import NODES, Block, MeshDocument, Numbers, by_kind, fault
from cellion.mesh.formats.document import numbers as numbers_of
from cellion.mesh.formats.xml import parse

__all__ = ["UNTAGGED", "read_xdmf"]

UNTAGGED = -1
"""Value of cells that mesh tags do not mention."""

_KINDS: Mapping[int, str] = {
    **{1: "vertex", 2: "line", 3: "polygon", 4: "triangle", 5: "quad", 6: "tetra", 7: "pyramid"},
    **{8: "wedge", 9: "hexahedron", 34: "line3", 35: "quad9", 36: "triangle6", 37: "quad8"},
    **{38: "tetra10", 39: "pyramid13", 40: "wedge15", 41: "wedge18", 48: "hexahedron20"},
    **{49: "hexahedron24", 50: "hexahedron27"},
}
_LISTED = (1, 2, 3)
"""Kinds that say their number of nodes in a list of mixed cells."""
_NAMES: Mapping[str, str] = {
    **{"polyvertex": "vertex", "polyline": "line", "triangle": "triangle", "quadrilateral": "quad"},
    **{"tetrahedron": "tetra", "pyramid": "pyramid", "wedge": "wedge", "hexahedron": "hexahedron"},
}
_WIDTHS: Mapping[int, int] = {
    **{34: 3, 35: 9, 36: 6, 37: 8, 38: 10, 39: 13, 40: 15, 41: 18, 48: 20, 49: 24, 50: 27},
    **{code: NODES[kind] for code, kind in _KINDS.items() if kind in NODES},
}
_TYPES = {"float": "f", "int": "i", "uint": "u", "char": "i", "uchar": "u"}
_SIZES = {"char": 1, "uchar": 1}
_MOST = 1 << 33
"""Largest number of values that is believed."""


def read_xdmf(path: Path) -> MeshDocument:
    """Read the grid of a file.

    Args:
        path: The file; the HDF5 files that it names lie in its folder or below.

    Raises:
        MeshError: It is damaged, holds several meshes, or names a file elsewhere.
    """
    root = parse(path.read_bytes())
    for element in root.iter():
        if element.tag.endswith("}include") and element.get("href"):
            raise fault(
                f"it includes '{str(element.get('href'))[:80]}'; only what is in the file itself "
                "is read"
            )
    leaves = [grid for grid in root.iter("Grid") if grid.find("Grid") is None]
    with_points = [grid for grid in leaves if grid.find("Geometry") is not None]
    with_cells = [grid for grid in with_points if grid.find("Topology") is not None]
    if not with_cells:
        raise fault("there is no Grid with a Topology and a Geometry of its own")
    if len({_source(grid) for grid in with_points}) > 1:
        raise fault(
            f"it holds {len(with_points)} grids with points of their own; write one mesh to a file"
        )
    main = with_cells[0]
    blocks = _with_attributes(_blocks(main, path), [main], path)
    for grid in leaves:
        if grid is main:
            continue
        if grid.find("Topology") is None:
            blocks = _with_attributes(blocks, [grid], path)
        else:
            tagged = _with_attributes(_blocks(grid, path), [grid], path)
            blocks = [_tagged(block, tagged) for block in blocks]
    return MeshDocument(points=_points(main, path), blocks=blocks)


def _source(grid: Element) -> str:
    """What tells geometries apart: the place of their numbers."""
    return " ".join("".join(item.text or "") for item in grid.iterfind("Geometry/DataItem")).strip()


def _points(grid: Element, path: Path) -> Numbers:
    geometry = grid.find("Geometry")
    kind = "" if geometry is None else (geometry.get("GeometryType") or geometry.get("Type") or "")
    if geometry is None or kind.upper() not in ("XYZ", "XY", ""):
        raise fault(f"found a Geometry of type '{kind}'; the points of a mesh are XYZ or XY")
    width = 2 if kind.upper() == "XY" else 3
    points = _item(geometry, path).astype(np.float64)
    if points.size % width or (points.ndim > 1 and points.shape[-1] != width):
        raise fault(f"points of shape {points.shape} are not {kind or 'XYZ'}")
    return points.reshape(-1, width)


def _blocks(grid: Element, path: Path) -> list[Block]:
    topology = grid.find("Topology")
    if topology is None:
        return []
    said = topology.get("TopologyType") or topology.get("Type") or ""
    values = _item(topology, path).astype(np.int64)
    if said.lower() == "mixed":
        return _mixed(values.reshape(-1))
    kind = _NAMES.get(said.lower(), said or "nothing")
    width = NODES.get(kind, 0)
    if not width:
        return [Block(kind=kind, cells=np.empty((len(values), 0), dtype=np.int64))]
    if values.size % width or (values.ndim > 1 and values.shape[-1] != width):
        raise fault(f"a Topology of {said} has the shape {values.shape}")
    return [Block(kind=kind, cells=values.reshape(-1, width))]


def _mixed(flat: NDArray[np.int64]) -> list[Block]:
    """Cells of a list in which each begins with its kind; their number is kept as data."""
    codes, starts, nodes = [], [0], []
    at, listed = 0, flat.tolist()
    while at < len(listed):
        code = listed[at]
        at += 1
        if code in _LISTED and at < len(listed):
            width = listed[at]
            at += 1
        else:
            width = _WIDTHS.get(code, -1)
        if width < 0 or at + width > len(listed):
            raise fault(f"found the kind {code} among mixed cells, or too few nodes for it")
        codes.append(code)
        nodes.append(flat[at : at + width])
        starts.append(starts[-1] + width)
        at += width
    connectivity = np.concatenate([np.empty(0, dtype=np.int64), *nodes])
    order = {_PLACE: np.arange(len(codes))}
    return by_kind(np.array(codes, dtype=np.int64), _KINDS, connectivity, np.array(starts), order)


_PLACE = "place in the list of mixed cells"


def _with_attributes(blocks: Sequence[Block], grids: list[Element], path: Path) -> list[Block]:
    """The blocks with the cell data of a grid."""
    found = list(blocks)
    total = sum(len(block.cells) for block in blocks)
    for element in (attribute for grid in grids for attribute in grid.iterfind("Attribute")):
        if (element.get("Center") or "").lower() != "cell" or element.find("DataItem") is None:
            continue
        values = _item(element, path)
        if values.size and len(values) == total:
            name = element.get("Name", "")
            at = 0
            for number, block in enumerate(found):
                rows = block.data.get(_PLACE, np.arange(at, at + len(block.cells)))
                found[number] = replace(block, data={**block.data, name: values[rows]})
                at += len(block.cells)
    return found


def _tagged(block: Block, tags: Sequence[Block]) -> Block:
    """The block with the values that tags of the same cells carry."""
    data = dict(block.data)
    for other in tags:
        if other.kind != block.kind:
            continue
        both = np.sort(np.concatenate([block.cells, other.cells]), axis=1)
        number = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
        own, theirs = number[: len(block.cells)], number[len(block.cells) :]
        place = np.full(int(number.max(initial=0)) + 1, -1)
        place[theirs] = np.arange(len(theirs))
        known = place[own] >= 0
        for name, values in other.data.items():
            if name != _PLACE and values.size == len(values):
                flat = values.reshape(-1)
                kind = np.result_type(flat.dtype, np.int64)
                data[name] = np.where(known, flat[place[own]].astype(kind), UNTAGGED)
    return replace(block, data=data)


# --- numbers -------------------------------------------------------------------------------------


def _item(parent: Element, path: Path) -> Numbers:
    """The array of an element, in the shape that its Dimensions say."""
    item = parent.find("DataItem")
    if item is None or (item.get("ItemType") or "Uniform").lower() != "uniform":
        raise fault(f"a {parent.tag} has no plain DataItem")
    shape = [int(size) for size in (item.get("Dimensions") or "").split() if size.isdecimal()]
    if not shape or prod(shape) > _MOST:
        raise fault(f"Dimensions '{item.get('Dimensions')}' of a DataItem cannot be right")
    text = (item.text or "").strip()
    match (item.get("Format") or "XML").upper():
        case "XML":
            found = numbers_of(text)
        case "HDF":
            found = _dataset(text, path, shape)
        case "BINARY":
            found = _binary(item, _beside(text, path), prod(shape))
        case other:
            raise fault(f"found the Format '{other[:20]}' of a DataItem; known: XML, HDF, Binary")
    if found.size != prod(shape):
        raise fault(f"a DataItem has {found.size} numbers, but its Dimensions are {shape}")
    return found.reshape(shape)


def _beside(name: str, path: Path) -> Path:
    """A plain file in the folder of the mesh file, or below.

    Raises:
        MeshError: It lies elsewhere, is missing, or is no plain file.
    """
    folder = path.resolve().parent
    place = folder / name
    inside = not Path(name).is_absolute() and place.resolve().is_relative_to(folder)
    if not name or not inside:
        raise fault(
            f"it names the file '{name[:80]}', which is not in its own folder; put it beside the "
            "mesh file, and name it without a path"
        )
    if not place.exists():
        raise fault(f"it keeps its numbers in '{name[:80]}', which is not there; put it beside it")
    if not stat.S_ISREG(place.stat().st_mode):
        raise fault(f"it names '{name[:80]}', which is no plain file")
    return place


def _binary(item: Element, place: Path, count: int) -> Numbers:
    kind = (item.get("NumberType") or item.get("DataType") or "Float").lower()
    size = _SIZES.get(kind, int(item.get("Precision") or 4))
    if kind not in _TYPES or size not in (1, 2, 4, 8):
        raise fault(f"found numbers of type {kind[:20]} with {size} bytes")
    order = ">" if (item.get("Endian") or "").lower() == "big" else "<"
    packed = np.dtype(f"{order}{_TYPES[kind]}{size}")
    with place.open("rb") as stream:
        stream.seek(int(item.get("Seek") or 0))
        return np.frombuffer(stream.read(count * packed.itemsize), packed)


def _dataset(reference: str, path: Path, shape: Sequence[int]) -> Numbers:
    """A dataset of HDF5, named as ``file.h5:/group/dataset``."""
    name, _, inner = reference.partition(":")
    place = _beside(name.strip(), path)
    with h5py.File(place, "r") as file:
        found: h5py.Group | h5py.Dataset = file
        for step in filter(None, inner.strip().split("/")):
            link = found.get(step, getlink=True) if isinstance(found, h5py.Group) else None
            if link is None:
                raise fault(f"'{name}' has no dataset '{inner}'")
            if not isinstance(link, h5py.HardLink):
                raise fault(f"'{name}' keeps '{inner}' elsewhere, behind a link; write it as one")
            found = found[step]
        if not isinstance(found, h5py.Dataset):
            raise fault(f"'{name}' has no dataset '{inner}'")
        if found.external or found.is_virtual:
            raise fault(f"'{name}' keeps '{inner}' in other files; write it as one")
        if found.size != prod(shape):
            raise fault(f"'{inner}' has {found.size} numbers, but its Dimensions are {shape}")
        try:
            return np.asarray(found[()])
        except OSError as error:
            raise fault(
                f"'{inner}' of '{name}' cannot be read ({error}); where its compression is the "
                "reason, write it without"
            ) from error
