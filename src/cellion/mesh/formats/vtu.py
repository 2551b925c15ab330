"""VTK's XML format of unstructured grids (``.vtu``), with all its encodings and compressors.

Source: VTK File Formats, "XML File Formats".
"""

from __future__ import annotations

import base64
import binascii
import lzma
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cellion.mesh.formats.document import Block, MeshDocument, Numbers, fault, numbers
from cellion.mesh.formats.vtk_cells import vtk_blocks
from cellion.mesh.formats.xml import parse

__all__ = ["read_vtu"]

_TYPES = {
    **{f"Int{8 * size}": f"i{size}" for size in (1, 2, 4, 8)},
    **{f"UInt{8 * size}": f"u{size}" for size in (1, 2, 4, 8)},
    **{"Float32": "f4", "Float64": "f8"},
}
_COMPRESSORS = ("vtkZLibDataCompressor", "vtkLZ4DataCompressor", "vtkLZMADataCompressor")
_MOST = 1 << 36
"""Largest array that is believed [bytes]."""


@dataclass(frozen=True, kw_only=True)
class _Encoding:
    """How the arrays of a file are packed.

    Attributes:
        order: Byte order, ``<`` or ``>``.
        header: Type of sizes.
        compressor: Name of the compressor, or empty.
        appended: What stands behind the underscore of ``AppendedData``, empty if nothing does.
        raw: Whether that is raw, and not base64.
    """

    order: str
    header: np.dtype[np.unsignedinteger]
    compressor: str
    appended: bytes
    raw: bool


def read_vtu(path: Path) -> MeshDocument:
    """Read an unstructured grid; its pieces become one.

    Args:
        path: The file.

    Raises:
        MeshError: It is damaged, or holds something else.
    """
    content, appended, raw = _without_appended(path.read_bytes())
    root = parse(content)
    grid = root.find("UnstructuredGrid")
    if root.tag != "VTKFile" or grid is None:
        kind = root.get("type", root.tag)
        raise fault(f"it holds a {kind}; save the unstructured grid itself")
    encoding = _encoding(root, appended, raw)
    points, blocks = [np.empty((0, 3))], []
    for piece in grid.findall("Piece"):
        here, found = _piece(piece, encoding)
        before = sum(map(len, points))
        points.append(here)
        blocks += [Block(kind=b.kind, cells=b.cells + before, data=b.data) for b in found]
    return MeshDocument(points=np.concatenate(points), blocks=blocks)


def _without_appended(content: bytes) -> tuple[bytes, bytes, bool]:
    """The XML without its appended data, which may be no XML; these; and whether they are raw."""
    start = content.find(b"<AppendedData")
    if start < 0:
        return content, b"", False
    begin, end = content.find(b"_", start), content.rfind(b"</AppendedData>")
    if begin < 0 or end < begin:
        raise fault("its appended data do not end; the file was cut")
    raw = b'"raw"' in content[start:begin]
    return content[:start] + content[end + 15 :], content[begin + 1 : end], raw


def _encoding(root: Element, appended: bytes, raw: bool) -> _Encoding:
    compressor = root.get("compressor", "")
    if compressor and compressor not in _COMPRESSORS:
        raise fault(
            f"compressor '{compressor[:40]}' is not known; known: {', '.join(_COMPRESSORS)}"
        )
    order = {"LittleEndian": "<", "BigEndian": ">"}.get(root.get("byte_order", "LittleEndian"))
    header = _TYPES.get(root.get("header_type", "UInt32"))
    if order is None or header not in ("u4", "u8"):
        raise fault("byte_order or header_type is none of those of the format")
    return _Encoding(
        order=order,
        header=np.dtype(order + header),
        compressor=compressor,
        appended=appended,
        raw=raw,
    )


def _piece(piece: Element, encoding: _Encoding) -> tuple[Numbers, list[Block]]:
    """Points and cells of one piece."""
    n_cells = _whole(piece, "NumberOfCells")
    points = next(iter(_arrays(piece, "Points", encoding).values()), None)
    if points is None or points.shape[1:] != (3,):
        raise fault("a piece has no points with three coordinates")
    cells = _arrays(piece, "Cells", encoding)
    if not n_cells:
        return points.astype(np.float64), []
    for name in ("connectivity", "offsets", "types"):
        if name not in cells:
            raise fault(f"a piece has no array '{name}' of its cells")
    if len(cells["types"]) != n_cells:
        raise fault(f"a piece has {len(cells['types'])} cell types for {n_cells} cells")
    data = _arrays(piece, "CellData", encoding)
    blocks = vtk_blocks(
        cells["types"],
        cells["connectivity"].astype(np.int64),
        np.concatenate([[0], cells["offsets"].astype(np.int64)]),
        {name: values for name, values in data.items() if len(values) == n_cells},
    )
    return points.astype(np.float64), list(blocks)


def _whole(element: Element, name: str) -> int:
    text = element.get(name, "")
    if not text.strip().isdecimal():
        raise fault(f"{element.tag}: {name} is '{text[:20]}'; a whole number is needed")
    return int(text)


def _arrays(piece: Element, section: str, encoding: _Encoding) -> Mapping[str, Numbers]:
    found: dict[str, Numbers] = {}
    for element in piece.iterfind(f"{section}/DataArray"):
        kind = element.get("type", "")
        if kind in _TYPES:  # text is no number of a cell
            values = _values(element, _TYPES[kind], encoding)
            width = (
                _whole(element, "NumberOfComponents") if element.get("NumberOfComponents") else 1
            )
            if width > 1:
                values = values[: len(values) // width * width].reshape(-1, width)
            found[element.get("Name", "")] = values
    return found


def _values(element: Element, kind: str, encoding: _Encoding) -> Numbers:
    """Numbers of an array in the byte order of this machine."""
    packed = np.dtype(encoding.order + kind)
    match element.get("format"):
        case "ascii":
            return numbers(element.text or "").astype(packed.newbyteorder("="))
        case "binary":
            text = "".join((element.text or "").split())
            content = _Packed(text.encode("ascii", "replace"), encoded=True)
        case "appended":
            data = encoding.appended[_whole(element, "offset") :]
            content = _Packed(data, encoded=not encoding.raw)
        case other:
            raise fault(f"found the format '{other}' of an array")
    plain = _unpacked(content, encoding)
    if len(plain) % packed.itemsize:
        raise fault(f"an array has {len(plain)} bytes, not a multiple of {packed.itemsize}")
    return np.frombuffer(plain, packed).astype(packed.newbyteorder("="))


@dataclass
class _Packed:
    """Bytes of an array, of which a part may be taken at a time; base64 begins anew with each."""

    content: bytes
    encoded: bool

    def take(self, count: int, header: int = 0) -> bytes:
        """The next bytes.

        Args:
            count: How many.
            header: How many before them belong to the same run of base64, and are passed over.
        """
        whole = header + count
        if not 0 <= count <= _MOST:
            raise fault(f"an array of {count} bytes cannot be right")
        length = -(-whole // 3) * 4 if self.encoded else whole
        part = self.content[:length]
        if self.encoded:
            try:
                part = base64.b64decode(part, validate=True)
            except binascii.Error as error:
                raise fault(f"an array is not base64 ({error})") from error
        if len(part) < whole:
            raise fault(f"an array of {count} bytes is not complete; the file was cut")
        self._length = length
        return part[header:whole]

    def advance(self) -> None:
        """Go on behind what was taken last."""
        self.content = self.content[self._length :]


def _unpacked(packed: _Packed, encoding: _Encoding) -> bytes:
    """Bytes of an array; blocks of their own when they are compressed."""
    size = encoding.header.itemsize
    if not packed.content:
        return b""
    if not encoding.compressor:
        length = int(np.frombuffer(packed.take(size), encoding.header)[0])
        return packed.take(length, header=size)
    count = int(np.frombuffer(packed.take(size), encoding.header)[0])
    if not count:
        return b""
    sizes = np.frombuffer(packed.take((3 + count) * size), encoding.header)[1:].astype(np.int64)
    packed.advance()
    block, last, compressed = int(sizes[0]), int(sizes[1]), sizes[2:]
    if (sizes < 0).any() or (sizes > _MOST).any():
        raise fault("the sizes of compressed blocks cannot be right")
    content = packed.take(int(compressed.sum()))
    parts, at = [], 0
    for number, length in enumerate(compressed.tolist()):
        whole = last if last and number == count - 1 else block
        parts.append(_decompressed(content[at : at + length], whole, encoding.compressor))
        at += length
    return b"".join(parts)


def _decompressed(content: bytes, size: int, compressor: str) -> bytes:
    """A block of known size; no more than that is ever made of it."""
    try:
        if compressor == "vtkZLibDataCompressor":
            plain = zlib.decompressobj().decompress(content, max(size, 1))
        elif compressor == "vtkLZMADataCompressor":
            plain = lzma.LZMADecompressor().decompress(content, max(size, 1))
        else:
            plain = _lz4(content, size)
    except (zlib.error, lzma.LZMAError, EOFError) as error:
        raise fault(f"a compressed block is damaged ({error})") from error
    if len(plain) != size:
        raise fault(f"a compressed block gives {len(plain)} bytes instead of {size}")
    return plain


def _lz4(content: bytes, size: int) -> bytes:
    """One LZ4 block, by VTK's own decompressor, which needs no graphics library."""
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkObject
    from vtkmodules.vtkIOCore import vtkLZ4DataCompressor

    talks = vtkObject.GetGlobalWarningDisplay()
    vtkObject.GlobalWarningDisplayOff()
    try:
        found = vtkLZ4DataCompressor().Uncompress(content, len(content), size)
        return b"" if found is None else vtk_to_numpy(found).tobytes()
    finally:
        vtkObject.SetGlobalWarningDisplay(talks)
