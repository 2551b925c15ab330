"""Gmsh's format in all versions, with all entities saved, groups by name, and several of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import cell_volumes
from helpers.mesh_files import read_file

# Two unit squares side by side; entities of dimension 0 and 1 are in no physical group.
POINTS = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
TRIANGLES = {1: [(1, 2, 5), (1, 5, 4)], 2: [(2, 3, 6), (2, 6, 5)]}
LINES = {7: [(1, 2), (2, 3)]}
NAMES = '2\n1 3 "all lines"\n2 1 "solid electrolyte (LPSCl)"\n2 2 "NMC 811"\n2 10 "everything"\n'
BOTH = {1: [1], 2: [2]}

type Groups = Mapping[int, Sequence[int]]


@dataclass(frozen=True)
class Layout:
    """A version of the format, as text or binary."""

    version: str
    binary: bool

    def rows(self, kinds: str, *rows: Sequence[float]) -> bytes:
        """Rows of ints (i), sizes (u) and doubles (d)."""
        if self.binary:
            code = "<" + kinds.replace("u", "Q")
            return b"".join(struct.pack(code, *row) for row in rows)
        return b"".join(" ".join(map(str, row)).encode() + b"\n" for row in rows)

    def file(self, groups: Groups) -> bytes:
        """A mesh whose surfaces are in the given physical groups."""
        short = self.version.removesuffix(".0")
        head = f"{short} {int(self.binary)} 8\n".encode() + (
            b"\x01\0\0\0\n" if self.binary else b""
        )
        legacy = self.version == "2.2"
        sections = {"MeshFormat": head, "PhysicalNames": NAMES.encode()}
        if not legacy:
            sections["Entities"] = b"".join(self.entities(groups))
        sections["Nodes"] = b"".join(self.legacy_nodes() if legacy else self.nodes())
        elements = self.legacy_elements(groups) if legacy else self.elements()
        sections["Elements"] = b"".join(elements)
        return b"".join(
            f"${name}\n".encode() + body + f"\n$End{name}\n".encode()
            for name, body in sections.items()
        )

    def entities(self, groups: Groups) -> Iterator[bytes]:
        yield self.rows("uuuu", (1, 1, 2, 0))
        width = 3 if self.version == "4.1" else 6
        yield self.rows("i" + width * "d" + "u", (1, *width * (0.0,), 0))
        yield self.rows("i" + 6 * "d" + "uu", (7, *6 * (0.0,), 0, 0))
        for surface, own in groups.items():
            kinds = "i" + 6 * "d" + "u" + len(own) * "i" + "u" + "i"
            yield self.rows(kinds, (surface, *6 * (0.5,), len(own), *own, 1, -7))

    def nodes(self) -> Iterator[bytes]:
        places = [(x, y, 0.0) for x, y in POINTS]
        if self.version == "4.1":
            yield self.rows("uuuu", (1, 6, 1, 6)) + self.rows("iiiu", (2, 1, 0, 6))
            yield self.rows("u", *[(tag,) for tag in range(1, 7)]) + self.rows("ddd", *places)
        else:
            yield self.rows("uu", (1, 6)) + self.rows("iiiu", (1, 2, 0, 6))
            yield self.rows("iddd", *[(tag, *p) for tag, p in enumerate(places, 1)])

    def elements(self) -> Iterator[bytes]:
        modern = self.version == "4.1"
        yield self.rows("uuuu", (4, 7, 1, 7)) if modern else self.rows("uu", (4, 7))
        blocks = [(0, 1, 15, [(1,)]), *((1, tag, 1, cells) for tag, cells in LINES.items())]
        blocks += [(2, tag, 2, cells) for tag, cells in TRIANGLES.items()]
        for dimension, tag, code, cells in blocks:
            place = (dimension, tag) if modern else (tag, dimension)
            yield self.rows("iiiu", (*place, code, len(cells)))
            row = ("u" if modern else "i") * (1 + len(cells[0]))
            yield self.rows(row, *[(9, *cell) for cell in cells])

    def legacy_nodes(self) -> Iterator[bytes]:
        yield b"6\n" + self.rows(
            "iddd", *[(tag, x, y, 0.0) for tag, (x, y) in enumerate(POINTS, 1)]
        )

    def legacy_elements(self, groups: Groups) -> Iterator[bytes]:
        """One element for each group that a cell is in, as Gmsh writes them."""
        listed = [(1, 2, 0, 7, *cell) for cells in LINES.values() for cell in cells]
        for surface, own in groups.items():
            listed += [(2, 2, group, surface, *c) for group in own for c in TRIANGLES[surface]]
        yield f"{len(listed)}\n".encode()
        for number, (code, n_tags, *rest) in enumerate(listed):
            if self.binary:
                yield self.rows("iii", (code, 1, n_tags))
                yield self.rows("i" * (1 + len(rest)), (number, *rest))
            else:
                yield self.rows("i" * (3 + len(rest)), (number, code, n_tags, *rest))


LAYOUTS = [Layout(v, binary) for v in ("2.2", "4.0", "4.1") for binary in (False, True)]


@pytest.fixture(params=LAYOUTS, ids=lambda each: f"{each.version}-{'binary' * each.binary}")
def layout(request: pytest.FixtureRequest) -> Layout:
    return request.param


def shares(folder: Path, content: bytes, **said: object) -> dict[str, float]:
    """Areas of the materials in the file, in units of the file."""
    path = folder / "mesh.msh"
    path.write_bytes(content)
    mesh = read_file(path, **said)
    areas = np.bincount(mesh.cell_materials, cell_volumes(mesh.points, mesh.cells)) * 1e12
    return dict(zip(mesh.materials, areas, strict=True))


def test_all_versions_with_all_entities_saved(tmp_path: Path, layout: Layout) -> None:
    """Groups are needed for the cells alone: points and lines have none."""
    assert shares(tmp_path, layout.file(BOTH)) == pytest.approx({"SE": 1.0, "CAM": 1.0})


def test_groups_by_name(tmp_path: Path, layout: Layout) -> None:
    labels = {"solid electrolyte (LPSCl)": "SE", "NMC 811": "CAM"}
    assert shares(tmp_path, layout.file(BOTH), labels=labels) == pytest.approx({"SE": 1, "CAM": 1})


@pytest.mark.parametrize("name", ["NMC 81", "all lines"])
def test_a_name_that_no_group_of_the_cells_has(tmp_path: Path, name: str) -> None:
    content = LAYOUTS[0].file(BOTH)
    with pytest.raises(MeshError, match=r"no such physical group of dimension 2.*'NMC 811' \(2\)"):
        shares(tmp_path, content, labels={1: "SE", name: "CAM"})


def test_of_several_groups_that_which_labels_name_counts(tmp_path: Path, layout: Layout) -> None:
    content = layout.file({1: [1, 10], 2: [10, 2]})
    assert shares(tmp_path, content) == pytest.approx({"SE": 1.0, "CAM": 1.0})
    assert shares(tmp_path, content, labels={10: "SE"}) == pytest.approx({"SE": 2.0})
    with pytest.raises(MeshError, match="2 cells are in several physical groups, such as 1, 10"):
        shares(tmp_path, content, labels={1: "SE", 10: "CAM"})
    with pytest.raises(MeshError, match="4 cells are in several physical groups"):
        shares(tmp_path, content, labels=None, grains={"material": "G"})


def test_grains_are_all_in_a_group(tmp_path: Path) -> None:
    content = Layout("4.1", False).file({1: [1], 2: []})
    with pytest.raises(MeshError, match="2 of 4 cells are in no physical group"):
        shares(tmp_path, content, labels=None, grains={"material": "G"})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"4.1 0 8", b"3.0 0 8", "found version 3.0 of the format; save it as version 2.2 or 4.1"),
        (b"$EndElements", b"", r"section \$Elements does not end"),
        (b"$Nodes", b"$Nods", r"section \$Nods does not end"),
        (b"$Entities", b"$PartitionedEntities", r"section \$PartitionedEntities does not end"),
        (b"2 1 2 2", b"2 1 99 2", "found elements of type 99"),
        (b"9 1 2 5", b"9 1 2 50", "elements refer to nodes that the file does not have"),
        (b"9 1 2 5", b"9 1 two 5", "found text where numbers should be"),
    ],
)
def test_damaged_files_are_told(tmp_path: Path, old: bytes, new: bytes, told: str) -> None:
    content = Layout("4.1", False).file(BOTH)
    assert old in content
    with pytest.raises(MeshError, match=told):
        shares(tmp_path, content.replace(old, new, 1))
