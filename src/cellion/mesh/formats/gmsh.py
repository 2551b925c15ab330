"""Gmsh's own format, versions 2.2, 4.0 and 4.1, as text and binary.

Sections that are not about nodes, elements, entities or physical groups are passed over. An element
may be in several physical groups: version 2.2 writes it once for each of them, versions 4 name them
at its entity. A cell without a physical group has the tag 0.

Source: Gmsh reference manual, "MSH file format" and "Legacy formats".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.formats.document import Block, MeshDocument, fault, numbers

__all__ = ["ENTITY_TAGS", "PHYSICAL_TAGS", "read_gmsh"]

PHYSICAL_TAGS = "gmsh:physical"
ENTITY_TAGS = "gmsh:geometrical"

_VERSIONS = ("2.2", "4.0", "4.1")
_NO_GROUP = 0
_FILL = -1
_KINDS: Mapping[int, tuple[str, int]] = {
    **{1: ("line", 2), 2: ("triangle", 3), 3: ("quad", 4), 4: ("tetra", 4), 5: ("hexahedron", 8)},
    **{6: ("wedge", 6), 7: ("pyramid", 5), 8: ("line3", 3), 9: ("triangle6", 6), 10: ("quad9", 9)},
    **{11: ("tetra10", 10), 12: ("hexahedron27", 27), 13: ("wedge18", 18), 14: ("pyramid14", 14)},
    **{15: ("vertex", 1), 16: ("quad8", 8), 17: ("hexahedron20", 20), 18: ("wedge15", 15)},
    **{19: ("pyramid13", 13), 20: ("triangle9", 9), 21: ("triangle10", 10), 22: ("triangle12", 12)},
    **{23: ("triangle15", 15), 24: ("triangle15i", 15), 25: ("triangle21", 21), 26: ("line4", 4)},
    **{27: ("line5", 5), 28: ("line6", 6), 29: ("tetra20", 20), 30: ("tetra35", 35)},
    **{31: ("tetra56", 56), 92: ("hexahedron64", 64), 93: ("hexahedron125", 125)},
}
"""Name and number of nodes of each type of element."""

_NAME = re.compile(rb'\s*(\d+)\s+(\d+)\s+"([^"\n]*)"')

type Groups = Mapping[tuple[int, int], list[int]]
type Floats = NDArray[np.float64]


class _Cursor:
    """Takes rows of numbers from a section, which is text or binary."""

    def __init__(self, body: bytes, order: str | None) -> None:
        """Begin at the start of a section.

        Args:
            body: Its content.
            order: Byte order of binary files, ``<`` or ``>``; None for text.
        """
        self._body, self._order, self._at = body, order, 0
        self._numbers = numbers(body) if order is None else np.empty(0)

    def take(self, count: float, kinds: str) -> Floats:
        """Take rows of numbers, shape (count, len(kinds)).

        Args:
            count: Number of rows.
            kinds: ``i`` for an int, ``u`` for a size, ``d`` for a double.
        """
        rows, width = int(count), len(kinds)
        if not width:
            return np.empty((rows, 0))
        if self._order is None:
            end, left = self._at + rows * width, len(self._numbers)
            found = self._numbers[self._at : end]
        else:
            row = np.dtype([(str(k), self._order + {"u": "u8", "i": "i4", "d": "f8"}[c])
                            for k, c in enumerate(kinds)])  # fmt: skip
            end, left = self._at + rows * row.itemsize, len(self._body)
        if rows < 0 or end > left:
            raise fault(f"a section ends before its {rows} rows of {width} numbers do")
        if self._order is not None:
            packed = np.frombuffer(self._body, row, rows, self._at)
            found = np.column_stack([packed[name] for name in row.names or ()])
        self._at = end
        return found.reshape(rows, width).astype(np.float64)

    def one(self, kinds: str) -> list[int]:
        """Take one row of whole numbers."""
        return [int(value) for value in self.take(1, kinds)[0]]

    def rest(self) -> NDArray[np.int64]:
        """Take all that is left of a text as whole numbers."""
        return self.take(len(self._numbers) - self._at, "i")[:, 0].astype(np.int64)


def read_gmsh(path: Path) -> MeshDocument:
    """Read a mesh of Gmsh.

    Args:
        path: The file.

    Raises:
        MeshError: It is damaged, partitioned, or of another version.
    """
    sections = _sections(path.read_bytes())
    version, order = _format(sections)
    for name in ("Nodes", "Elements"):
        if name not in sections:
            raise fault(f"there is no section ${name}")
    if "PartitionedEntities" in sections:
        raise fault("it is partitioned; save it whole (in Gmsh: unpartition, then save)")
    legacy = version == "2.2"
    if legacy:
        tags, points = _legacy_nodes(sections["Nodes"], order)
        blocks = _legacy_elements(sections["Elements"], order)
    else:
        tags, points = _nodes(sections["Nodes"], version, order)
        groups = _groups(sections.get("Entities", b""), version, order)
        blocks = _elements(sections["Elements"], version, order, groups)
    return MeshDocument(
        points=points,
        blocks=[_numbered(block, tags) for block in blocks],
        names={
            (int(dimension), name.decode("utf-8", "replace")): int(tag)
            for dimension, tag, name in _NAME.findall(sections.get("PhysicalNames", b""))
        },
    )


def _sections(content: bytes) -> dict[str, bytes]:
    """Content of the sections by name; of several of one name, the first."""
    found: dict[str, bytes] = {}
    at = 0
    while (start := re.compile(rb"\$([A-Za-z]+)[ \t\r]*\n").search(content, at)) is not None:
        name = start.group(1).decode()
        end = content.find(b"$End" + start.group(1), start.end())
        if end < 0:
            raise fault(f"section ${name} does not end; the file was cut")
        found.setdefault(name, content[start.end() : end])
        at = end + 4 + len(name)
    return found


def _format(sections: Mapping[str, bytes]) -> tuple[str, str | None]:
    """Version, and the byte order of a binary file."""
    words = sections.get("MeshFormat", b"").split(None, 3)
    if len(words) < 3:
        raise fault("there is no section $MeshFormat")
    said = words[0].decode("ascii", "replace")
    version = {"2": "2.2", "4": "4.0"}.get(said, said)
    if version not in _VERSIONS:
        raise fault(f"found version {said[:20]} of the format; save it as version 2.2 or 4.1")
    if words[1] == b"0":
        return version, None
    one = sections["MeshFormat"].partition(b"\n")[2][:4]
    if one not in (b"\x01\0\0\0", b"\0\0\0\x01") or words[2] != b"8":
        raise fault("the section $MeshFormat of a binary file is damaged")
    return version, "<" if one[0] else ">"


def _counted(body: bytes, order: str | None) -> tuple[int, _Cursor]:
    """The count in the first line, which is text in binary files too, and what follows."""
    first, _, rest = body.partition(b"\n")
    if not first.strip().isdigit():
        raise fault(f"found {first[:20]!r} where a section begins with a count")
    return int(first), _Cursor(rest, order)


def _legacy_nodes(body: bytes, order: str | None) -> tuple[Floats, Floats]:
    """Tags and coordinates of version 2.2."""
    count, cursor = _counted(body, order)
    rows = cursor.take(count, "iddd")
    return rows[:, 0], rows[:, 1:]


def _nodes(body: bytes, version: str, order: str | None) -> tuple[Floats, Floats]:
    """Tags and coordinates of versions 4."""
    cursor = _Cursor(body, order)
    tags, points = [np.empty(0)], [np.empty((0, 3))]
    for _ in range(cursor.one("uuuu" if version == "4.1" else "uu")[0]):
        first, second, parametric, count = cursor.one("iiiu")
        more = "d" * (first if version == "4.1" else second) if parametric else ""
        if version == "4.1":
            tags.append(cursor.take(count, "u")[:, 0])
            points.append(cursor.take(count, "ddd" + more)[:, :3])
        else:
            rows = cursor.take(count, "iddd" + more)
            tags.append(rows[:, 0])
            points.append(rows[:, 1:4])
    return np.concatenate(tags), np.concatenate(points)


def _groups(body: bytes, version: str, order: str | None) -> Groups:
    """Physical groups of each entity, by its dimension and tag."""
    found: dict[tuple[int, int], list[int]] = {}
    if not body.strip():
        return found
    cursor = _Cursor(body, order)
    for dimension, count in enumerate(cursor.one("uuuu")):
        for _ in range(count):
            place = "ddd" if version == "4.1" and not dimension else "dddddd"
            tag = cursor.one("i")[0]
            cursor.take(1, place)
            here = cursor.one("i" * cursor.one("u")[0])
            found[dimension, tag] = [abs(group) for group in here]
            if dimension:
                cursor.take(cursor.one("u")[0], "i")
    return found


def _elements(body: bytes, version: str, order: str | None, groups: Groups) -> list[Block]:
    """Elements of versions 4, a block for each entity."""
    cursor = _Cursor(body, order)
    blocks = []
    modern = version == "4.1"
    for _ in range(cursor.one("uuuu" if modern else "uu")[0]):
        first, second, code, count = cursor.one("iiiu")
        dimension, entity = (first, second) if modern else (second, first)
        kind, width = _kind(code)
        cells = cursor.take(count, ("u" if modern else "i") * (1 + width))[:, 1:]
        here = groups.get((dimension, entity)) or [_NO_GROUP]
        data = {
            PHYSICAL_TAGS: np.tile(np.array(here, dtype=np.int64), (count, 1)),
            ENTITY_TAGS: np.full(count, entity, dtype=np.int64),
        }
        blocks.append(Block(kind=kind, cells=cells.astype(np.int64), data=data))
    return blocks


def _legacy_elements(body: bytes, order: str | None) -> list[Block]:
    """Elements of version 2.2, a block for each run of one type."""
    total, cursor = _counted(body, order)
    runs: dict[str, list[NDArray[np.int64]]] = {}
    for code, n_tags, rows in _runs(cursor, total) if order else _text_runs(cursor):
        kind, width = _kind(code)
        if n_tags < 1:
            raise fault("elements have no physical group, not even 0")
        tags = rows[:, [0, min(1, n_tags - 1)]]
        runs.setdefault(kind, []).append(np.hstack([tags, rows[:, n_tags : n_tags + width]]))
    return [_together(kind, np.concatenate(parts)) for kind, parts in runs.items()]


def _runs(cursor: _Cursor, total: int) -> list[tuple[int, int, NDArray[np.int64]]]:
    """Type, number of tags, and rows of tags and nodes, of a binary file."""
    found = []
    while total > 0:
        code, count, n_tags = cursor.one("iii")
        if not 0 < count <= total or n_tags < 0:
            raise fault(f"a run of {count} elements with {n_tags} tags is not possible")
        rows = cursor.take(count, "i" * (1 + n_tags + _kind(code)[1])).astype(np.int64)
        found.append((code, n_tags, rows[:, 1:]))
        total -= count
    return found


def _text_runs(cursor: _Cursor) -> list[tuple[int, int, NDArray[np.int64]]]:
    """The same of a text file, in which every element says its type."""
    found = []
    flat = cursor.rest()
    at = 0
    while at < len(flat):
        code, n_tags = flat[at + 1 : at + 3].tolist() if at + 3 <= len(flat) else (0, 0)
        length = 3 + n_tags + _kind(code)[1]
        if n_tags < 0 or at + length > len(flat):
            raise fault("the section $Elements ends within an element")
        count, most = 1, (len(flat) - at) // length
        while count < most:  # look ahead twice as far each time, as runs may be short
            look = min(2 * count, most)
            rows = flat[at : at + look * length].reshape(look, length)
            same = (rows[:, 1:3] == (code, n_tags)).all(axis=1)
            count = look if same.all() else int(np.argmin(same))
            if count < look:
                break
        found.append((code, n_tags, flat[at : at + count * length].reshape(count, length)[:, 3:]))
        at += count * length
    return found


def _together(kind: str, rows: NDArray[np.int64]) -> Block:
    """Cells of one kind, with all groups of those that are listed several times.

    Args:
        kind: Name of the kind.
        rows: Group, entity and nodes of each element, shape (m, 2 + k).
    """
    rows = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
    nodes = np.sort(rows[:, 2:], axis=1)
    _, first, cell = np.unique(nodes, axis=0, return_index=True, return_inverse=True)
    cell = cell.reshape(-1)
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(len(first)))
    place = np.arange(len(rows)) - starts[cell[order]]
    groups = np.full((len(first), int(place.max(initial=0)) + 1), _FILL)
    groups[cell[order], place] = rows[order, 0]
    in_order = np.argsort(first)
    kept = rows[first[in_order]]
    data = {PHYSICAL_TAGS: groups[in_order], ENTITY_TAGS: kept[:, 1]}
    return Block(kind=kind, cells=kept[:, 2:], data=data)


def _kind(code: int) -> tuple[str, int]:
    """Name of a type of element and number of its nodes."""
    if code not in _KINDS:
        raise fault(f"found elements of type {code}, which is not one of Gmsh's known types")
    return _KINDS[code]


def _numbered(block: Block, tags: NDArray[Any]) -> Block:
    """The block with places of nodes for their tags."""
    order = np.argsort(tags, kind="stable")
    place = np.minimum(np.searchsorted(tags[order], block.cells), max(len(tags) - 1, 0))
    if block.cells.size and (not len(tags) or (tags[order][place] != block.cells).any()):
        raise fault("elements refer to nodes that the file does not have")
    return Block(kind=block.kind, cells=order[place], data=block.data)
