"""VTK's legacy format (``.vtk``): unstructured grids of all versions, as text and binary.

Source: VTK File Formats, "Simple Legacy Formats"; versions 5 list offsets and connectivity apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.formats.document import MeshDocument, Numbers, fault, numbers
from cellion.mesh.formats.vtk_cells import vtk_blocks

__all__ = ["read_legacy_vtk"]

_TYPES: Mapping[str, str] = {
    **{"char": "i1", "unsigned_char": "u1", "short": "i2", "unsigned_short": "u2"},
    **{"int": "i4", "unsigned_int": "u4", "long": "i8", "unsigned_long": "u8"},
    **{"vtktypeint64": "i8", "vtktypeuint64": "u8", "vtkidtype": "i4"},
    **{"float": "f4", "double": "f8"},
}
_COMPONENTS = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6}


class _Stream:
    """Lines and arrays of a file, one after the other."""

    def __init__(self, content: bytes) -> None:
        """Begin behind the title."""
        head = content.split(b"\n", 3)
        if len(head) < 4 or not head[0].startswith(b"# vtk DataFile Version"):
            raise fault("it does not begin with '# vtk DataFile Version', a title and its encoding")
        self._binary = head[2].strip().upper() == b"BINARY"
        self._content, self._at = content, len(content) - len(head[3])

    def words(self) -> list[str]:
        """The words of the next line that has some; none at the end of the file."""
        while self._at < len(self._content):
            words = self._line().decode("ascii", "replace").split()
            if words:
                return words
        return []

    def _line(self) -> bytes:
        end = self._content.find(b"\n", self._at)
        end = len(self._content) if end < 0 else end
        line, self._at = self._content[self._at : end], end + 1
        return line

    def array(self, count: int, kind: str) -> Numbers:
        """Take an array.

        Args:
            count: Number of values.
            kind: Type of its numbers, as the format calls it.
        """
        if kind.lower() not in _TYPES:
            raise fault(f"found an array of type '{kind[:20]}'; known are {', '.join(_TYPES)}")
        packed = np.dtype(_TYPES[kind.lower()]).newbyteorder(">")
        if self._binary:
            if count < 0 or self._at + count * packed.itemsize > len(self._content):
                raise fault(f"an array of {count} values is not complete; the file was cut")
            found = np.frombuffer(self._content, packed, count, self._at)
            self._at += count * packed.itemsize
            return found.astype(packed.newbyteorder("="))
        parts: list[Numbers] = [np.empty(0)]
        left = count
        while left > 0:
            if self._at >= len(self._content):
                raise fault(f"an array of {count} values is not complete; the file was cut")
            parts.append(numbers(self._line()))
            left -= len(parts[-1])
        if left:
            raise fault(f"an array of {count} values has more of them than that")
        return np.concatenate(parts).astype(packed.newbyteorder("="))

    def peek(self) -> list[str]:
        """The words of the next line, which stays the next."""
        before = self._at
        words, self._at = self.words(), before
        return words

    def skip_metadata(self) -> None:
        """Pass over names of components and keys of information, which an empty line ends."""
        while self._at < len(self._content) and self._line().strip():
            pass


def read_legacy_vtk(path: Path) -> MeshDocument:
    """Read an unstructured grid.

    Args:
        path: The file.

    Raises:
        MeshError: It is damaged, or holds something else.
    """
    stream = _Stream(path.read_bytes())
    found: dict[str, Numbers] = {}
    data: dict[str, Numbers] = {}
    of_cells = False
    count = 0
    while words := stream.words():
        match words[0].upper(), words[1:]:
            case "DATASET", [kind, *_] if kind.upper() != "UNSTRUCTURED_GRID":
                raise fault(f"it holds a {kind}; save it as an unstructured grid (in pyvista: "
                            "mesh.cast_to_unstructured_grid())")  # fmt: skip
            case "DATASET", _:
                continue
            case "POINTS", [size, kind]:
                found["points"] = stream.array(3 * int(size), kind).reshape(-1, 3)
            case "CELLS", [first, second]:
                found |= _cells(stream, int(first), int(second))
            case "CELL_TYPES", [size]:
                found["types"] = stream.array(int(size), "int")
            case "CELL_DATA" | "POINT_DATA", [size]:
                of_cells, count = words[0].upper() == "CELL_DATA", int(size)
            case "METADATA", _:
                stream.skip_metadata()
            case _:
                read = _attributes(stream, words, count)
                data |= read if of_cells else {}
    for name in ("points", "connectivity", "starts", "types"):
        if name not in found:
            raise fault(f"it has no {name.replace('starts', 'cells')}; is it complete?")
    codes = found["types"]
    data = {name: values for name, values in data.items() if len(values) == len(codes)}
    blocks = vtk_blocks(codes, found["connectivity"], found["starts"], data)
    return MeshDocument(points=found["points"].astype(np.float64), blocks=blocks)


def _cells(stream: _Stream, first: int, second: int) -> dict[str, Numbers]:
    """Connectivity and where the nodes of each cell begin."""
    if stream.peek()[:1] == ["OFFSETS"]:
        starts = stream.array(first, stream.words()[-1]).astype(np.int64)
        words = stream.words()
        if words[:1] != ["CONNECTIVITY"]:
            raise fault("there is no CONNECTIVITY behind the OFFSETS of the cells")
        return {"starts": starts, "connectivity": stream.array(second, words[-1]).astype(np.int64)}
    return _counted(stream.array(second, "int").astype(np.int64), first)


def _counted(flat: NDArray[np.int64], count: int) -> dict[str, Numbers]:
    """The same of a list in which each cell begins with its number of nodes."""
    heads = np.empty(count + 1, dtype=np.int64)
    at = 0
    for cell in range(count):
        if not 0 <= at < len(flat):
            raise fault(f"{count} cells do not fit into a list of {len(flat)} numbers")
        heads[cell] = at
        at += 1 + int(flat[at])
    heads[count] = at
    if at != len(flat):
        raise fault(f"{count} cells take {at} numbers, but {len(flat)} are announced")
    keep = np.ones(len(flat), dtype=np.bool_)
    keep[heads[:-1]] = False
    return {"starts": heads - np.arange(count + 1), "connectivity": flat[keep]}


def _attributes(stream: _Stream, words: list[str], count: int) -> dict[str, Numbers]:
    """Values of cells or points by name, of one attribute or a field of them."""
    match words[0].upper(), words[1:]:
        case "SCALARS", [name, kind, *more]:
            if stream.peek()[:1] == ["LOOKUP_TABLE"]:
                stream.words()
            return {name: _rows(stream, count, int(more[0]) if more else 1, kind)}
        case ("VECTORS" | "NORMALS" | "TENSORS" | "TENSORS6") as what, [name, kind]:
            return {name: _rows(stream, count, _COMPONENTS[what], kind)}
        case "TEXTURE_COORDINATES", [name, width, kind]:
            return {name: _rows(stream, count, int(width), kind)}
        case "COLOR_SCALARS" | "LOOKUP_TABLE", [_, number]:
            size = count if words[0][0] in "Cc" else 4
            stream.array(int(number) * size, "unsigned_char")
            return {}
        case (("GLOBAL_IDS" | "PEDIGREE_IDS"), [name, kind]):
            return {name: _rows(stream, count, 1, kind)}
        case "FIELD", [_, size]:
            return _field(stream, int(size))
    raise fault(f"found '{' '.join(words)[:40]}' where a section should begin")


def _field(stream: _Stream, size: int) -> dict[str, Numbers]:
    found: dict[str, Numbers] = {}
    while len(found) < size:
        words = stream.words()
        if words[:1] == ["METADATA"]:
            stream.skip_metadata()
            continue
        if len(words) != 4:
            raise fault(f"found '{' '.join(words)[:40]}' where an array of a field should begin")
        name, width, count, kind = words
        found[name] = _rows(stream, int(count), int(width), kind)
    return found


def _rows(stream: _Stream, count: int, width: int, kind: str) -> Numbers:
    values = stream.array(count * width, kind)
    return values if width == 1 else values.reshape(count, width)
