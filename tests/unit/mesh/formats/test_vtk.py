"""VTK's formats as VTK itself writes them: every encoding, every version, every kind of cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkUnstructuredGrid
from vtkmodules.vtkIOLegacy import vtkUnstructuredGridWriter
from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes
from helpers.mesh_files import read_file

HEXAHEDRON, VOXEL, WEDGE, PYRAMID, TETRA, PIXEL, QUAD = 12, 11, 13, 14, 10, 8, 9
CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1, 2)], dtype=float)
FIRST, SECOND = [0, 1, 4, 3, 6, 7, 10, 9], [1, 2, 5, 4, 7, 8, 11, 10]


def grid(cells: list[tuple[int, list[int]]], tags: list[int], points: Any = CORNERS) -> Any:
    """A grid of VTK; the first integer array is not what the tags are."""
    found = vtkUnstructuredGrid()
    places = vtkPoints()
    places.SetDataTypeToDouble()
    for point in points:
        places.InsertNextPoint(*point)
    found.SetPoints(places)
    for kind, nodes in cells:
        found.InsertNextCell(kind, len(nodes), nodes)
    for name, values in {"volume": np.linspace(0.1, 0.7, len(tags)), "material": tags}.items():
        array = numpy_to_vtk(np.asarray(values), deep=True)
        array.SetName(name)
        found.GetCellData().AddArray(array)
    return found


def two_bricks(kind: int = HEXAHEDRON) -> Any:
    order = [0, 1, 3, 2, 4, 5, 7, 6] if kind == VOXEL else list(range(8))
    return grid([(kind, [c[i] for i in order]) for c in (FIRST, SECOND)], [1, 2])


def volumes(mesh: MeshData) -> dict[str, float]:
    found = np.bincount(mesh.cell_materials, cell_volumes(mesh.points, mesh.cells)) * 1e18
    return dict(zip(mesh.materials, found, strict=True))


def xml(path: Path, data: Any, **settings: Any) -> Path:
    writer = vtkXMLUnstructuredGridWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(data)
    for name, value in settings.items():
        getattr(writer, name)(*value)
    writer.Write()
    return path


@pytest.mark.parametrize("compressor", ["None", "ZLib", "LZ4", "LZMA"])
@pytest.mark.parametrize("mode", ["Ascii", "Binary", "Appended", "Raw"])
@pytest.mark.parametrize("header", [32, 64])
def test_xml_in_every_encoding(tmp_path: Path, compressor: str, mode: str, header: int) -> None:
    settings: dict[str, Any] = {
        f"SetCompressorTypeTo{compressor}": (),
        f"SetDataModeTo{mode.replace('Raw', 'Appended')}": (),
        f"SetHeaderTypeToUInt{header}": (),
        "SetEncodeAppendedData": (mode != "Raw",),
        "SetBlockSize": (64,),  # several blocks, the last one smaller
    }
    path = xml(tmp_path / "mesh.vtu", two_bricks(), **settings)
    assert volumes(read_file(path)) == pytest.approx({"SE": 1.0, "CAM": 1.0})


@pytest.mark.parametrize("version", [42, 51])
@pytest.mark.parametrize("binary", [False, True])
def test_legacy_versions(tmp_path: Path, version: int, binary: bool) -> None:
    writer = vtkUnstructuredGridWriter()
    writer.SetFileName(str(tmp_path / "mesh.vtk"))
    writer.SetInputData(two_bricks())
    writer.SetFileVersion(version)
    (writer.SetFileTypeToBinary if binary else writer.SetFileTypeToASCII)()
    writer.Write()
    mesh = read_file(tmp_path / "mesh.vtk")
    assert volumes(mesh) == pytest.approx({"SE": 1.0, "CAM": 1.0})


def test_voxels_and_pixels_have_an_order_of_their_own(tmp_path: Path) -> None:
    path = xml(tmp_path / "mesh.vtu", two_bricks(VOXEL))
    assert volumes(read_file(path)) == pytest.approx({"SE": 1.0, "CAM": 1.0})
    flat = grid([(PIXEL, [0, 1, 3, 4]), (QUAD, [1, 2, 5, 4])], [1, 2])
    mesh = read_file(xml(tmp_path / "flat.vtu", flat))
    assert mesh.points.shape == (6, 2)
    assert len(mesh.cells) == 4


def test_a_mixture_of_kinds_is_divided_conformingly(tmp_path: Path) -> None:
    """A hexahedron, two wedges in the next cube, and six pyramids around the midpoint of a third.

    The check of the box would tell of facets that do not meet.
    """
    third = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (3.0,)])
    points = np.concatenate([CORNERS, third, [[2.5, 0.5, 0.5]]])
    a, b, c, d, e, f, g, h = 2, 12, 13, 5, 8, 14, 15, 11  # the corners of the third cube
    quads = [(a, b, c, d), (e, f, g, h), (a, b, f, e), (b, c, g, f), (c, d, h, g), (d, a, e, h)]
    cells = [
        (HEXAHEDRON, FIRST),
        (WEDGE, [1, 2, 4, 7, 8, 10]),
        (WEDGE, [2, 5, 4, 8, 11, 10]),
        *((PYRAMID, [*quad, 16]) for quad in quads),
    ]
    mesh = read_file(xml(tmp_path / "mesh.vtu", grid(cells, [1, 2, 2, *6 * [1]], points)))
    assert volumes(mesh) == pytest.approx({"SE": 2.0, "CAM": 1.0})
    assert len(mesh.cells) == 6 + 2 * 3 + 6 * 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"vtkZLib", b"vtkBrotli", "compressor 'vtkBrotliDataCompressor' is not known"),
        (b"UnstructuredGrid", b"ImageData", "it holds a ImageData; save the unstructured grid"),
        (b"LittleEndian", b"MiddleEndian", "byte_order or header_type is none"),
        (b'Name="types"', b'Name="kinds"', "a piece has no array 'types'"),
        (b'NumberOfCells="2"', b'NumberOfCells="3"', "has 2 cell types for 3 cells"),
        (b'NumberOfCells="2"', b'NumberOfCells="many"', "NumberOfCells is 'many'"),
        (b'format="binary"', b'format="morse"', "found the format 'morse'"),
        (b"<VTKFile", b"<!DOCTYPE x [<!ENTITY a 'b'>]><VTKFile", "declares XML entities"),
    ],
)
def test_damaged_xml_is_told(tmp_path: Path, old: bytes, new: bytes, told: str) -> None:
    path = xml(tmp_path / "mesh.vtu", two_bricks(), SetDataModeToBinary=())
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(MeshError, match=told):
        read_file(path)


def test_other_data_sets_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mesh.vtk"
    path.write_text("# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\n")
    with pytest.raises(MeshError, match="STRUCTURED_POINTS; save it as an unstructured grid"):
        read_file(path)


@pytest.mark.parametrize("compressor", ["ZLib", "LZ4", "LZMA"])
def test_files_with_wrong_bytes_are_read_or_refused(tmp_path: Path, compressor: str) -> None:
    """Whatever a byte becomes; seed 4711 hits sizes, compressed blocks and XML."""
    random = np.random.default_rng(4711)
    settings: dict[str, Any] = {f"SetCompressorTypeTo{compressor}": ()}
    path = xml(tmp_path / "mesh.vtu", two_bricks(), SetDataModeToBinary=(), **settings)
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    refused = 0
    for _ in range(60):
        damaged = content.copy()
        damaged[random.integers(len(content), size=3)] = random.integers(33, 127, size=3)
        path.write_bytes(damaged.tobytes())
        try:
            read_file(path)
        except MeshError:
            refused += 1
    assert refused > 30
