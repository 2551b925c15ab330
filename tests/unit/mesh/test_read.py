"""Mesh files: what is read, what is put right, and what is refused with its reason."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes
from helpers.mesh_files import LABELS
from helpers.mesh_files import read_file as read

ROOT = Path(__file__).parents[3]
FILES = Path(__file__).parent / "files"

# Two unit squares side by side, and two unit cubes, cut into simplices the same way.
SQUARES = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
TRIANGLES = np.array([[0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]])
CUBES = np.array([[x, y, z] for z in (0.0, 1) for y in (0.0, 1) for x in (0.0, 1, 2)])
KUHN = np.array([[0, 1, 4, 10], [0, 4, 3, 10], [0, 3, 9, 10], [0, 9, 6, 10], [0, 6, 7, 10]])
TETRAHEDRA = np.concatenate([KUHN, [[0, 7, 1, 10]]])
TETRAHEDRA = np.concatenate([TETRAHEDRA, TETRAHEDRA + 1])

type Change = Callable[[meshio.Mesh], meshio.Mesh]


def plane(z: float | None = None, tags: str = "gmsh:physical") -> meshio.Mesh:
    points = SQUARES.copy() if z is None else np.column_stack([SQUARES, np.full(6, z)])
    return meshio.Mesh(points, [("triangle", TRIANGLES.copy())], cell_data={tags: [[1, 1, 2, 2]]})


def solid(tags: str = "material") -> meshio.Mesh:
    data = {tags: [np.repeat([1, 2], 6)]}
    return meshio.Mesh(CUBES.copy(), [("tetra", TETRAHEDRA.copy())], cell_data=data)


def written(folder: Path, mesh: meshio.Mesh, name: str = "mesh.vtu", **options: Any) -> Path:
    path = folder / name
    mesh.write(path, **options)
    return path


def fractions(mesh: MeshData) -> dict[str, float]:
    volumes = cell_volumes(mesh.points, mesh.cells)
    shares = np.bincount(mesh.cell_materials, volumes) / volumes.sum()
    return dict(zip(mesh.materials, shares, strict=True))


# --- what can be read ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mesh.vtu", "mesh.vtk", "mesh.xdmf", "mesh.XMF"])
def test_formats_give_the_same_mesh(tmp_path: Path, name: str) -> None:
    options = {"file_format": "xdmf"} if name.endswith("XMF") else {}
    mesh = read(written(tmp_path, solid(), name, **options))
    assert mesh.dimension == 3
    np.testing.assert_allclose(mesh.box, [2e-6, 1e-6, 1e-6])
    assert mesh.materials == ("SE", "CAM")
    np.testing.assert_array_equal(np.bincount(mesh.labels), [6, 6])
    assert fractions(mesh) == pytest.approx({"SE": 0.5, "CAM": 0.5})
    assert mesh.quality["min_dihedral_degrees"] == pytest.approx(45.0)
    assert not mesh.periodic.any()


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_xdmf_with_and_without_compression(tmp_path: Path, compression: str | None) -> None:
    path = written(tmp_path, solid(), "mesh.xdmf", data_format="HDF", compression=compression)
    assert len(read(path).cells) == 12


@pytest.mark.parametrize(
    "name", ["boxes_22.msh", "boxes_22_binary.msh", "boxes_41.msh", "boxes_41_binary.msh"]
)
def test_gmsh_versions(name: str) -> None:
    """Files of Gmsh; physical groups of the boundary (15, 25) do not matter."""
    mesh = read(FILES / name, labels={10: "SE", 20: "CAM"})
    np.testing.assert_allclose(mesh.box, [2e-6, 1e-6, 1e-6])
    assert fractions(mesh) == pytest.approx({"SE": 0.5, "CAM": 0.5})


def test_plane_mesh_of_gmsh() -> None:
    mesh = read(FILES / "squares_41.msh", labels={10: "SE", 20: "CAM"})
    np.testing.assert_allclose(mesh.box, [2e-6, 1e-6])
    assert fractions(mesh) == pytest.approx({"SE": 0.5, "CAM": 0.5})


def test_mesh_of_the_repository_is_periodic() -> None:
    mesh = read(ROOT / "meshes" / "fcc_spheres.msh", periodic=True)
    assert mesh.periodic.all()
    np.testing.assert_allclose(mesh.box, 1e-5)
    assert fractions(mesh)["CAM"] == pytest.approx(0.30, abs=2e-4)  # as the script asks for
    assert mesh.quality["min_dihedral_degrees"] > 10.0


def test_periodic_box_with_matching_faces(tmp_path: Path) -> None:
    assert read(written(tmp_path, solid()), periodic=True).periodic.all()


def test_file_keeps_its_position(tmp_path: Path) -> None:
    mesh = solid()
    mesh.points += np.array([3.0, -1.0, 0.5])
    np.testing.assert_allclose(read(written(tmp_path, mesh)).origin, [3e-6, -1e-6, 5e-7])


def test_two_tags_of_one_material_stay_two_labels(tmp_path: Path) -> None:
    mesh = solid()
    mesh.cell_data["material"] = [np.repeat([7, 3, 5], 4)]
    found = read(written(tmp_path, mesh), labels={7: "CAM", 3: "SE", 5: "CAM"})
    assert found.materials == ("SE", "CAM")
    np.testing.assert_array_equal(found.labels, np.repeat([2, 0, 1], 4))
    np.testing.assert_array_equal(found.label_material, [0, 1, 1])


# --- what is put right --------------------------------------------------------------------------


def with_inverted_cells(mesh: meshio.Mesh) -> meshio.Mesh:
    mesh.cells[0].data[::3] = mesh.cells[0].data[::3][:, [1, 0, 2, 3]]
    return mesh


def with_unused_nodes(mesh: meshio.Mesh) -> meshio.Mesh:
    mesh.points = np.concatenate([[[99.0, 99.0, 99.0]], mesh.points, [[-5.0, 0.0, np.nan]]])
    mesh.cells[0].data += 1
    return mesh


def with_doubled_interface(mesh: meshio.Mesh) -> meshio.Mesh:
    """Each cube has its own nodes, so that those between them are there twice."""
    second = mesh.cells[0].data[6:] + len(mesh.points)
    cells = np.concatenate([mesh.cells[0].data[:6], second])
    points = np.concatenate([mesh.points, mesh.points])
    return meshio.Mesh(points, [("tetra", cells)], cell_data=mesh.cell_data)


def with_boundary_elements(mesh: meshio.Mesh) -> meshio.Mesh:
    blocks = [("vertex", [[0]]), ("line", [[0, 1]]), ("triangle", [[0, 1, 4]])]
    data = {"material": [[9], [9], [9], np.repeat([1, 2], 6)]}
    return meshio.Mesh(mesh.points, [*blocks, ("tetra", mesh.cells[0].data)], cell_data=data)


def with_split_blocks(mesh: meshio.Mesh) -> meshio.Mesh:
    cells = mesh.cells[0].data
    blocks = [("tetra", cells[:5]), ("tetra", cells[5:])]
    tags = np.repeat([1, 2], 6)
    return meshio.Mesh(mesh.points, blocks, cell_data={"material": [tags[:5], tags[5:]]})


def with_decimal_tags(mesh: meshio.Mesh) -> meshio.Mesh:
    mesh.cell_data["material"] = [np.repeat([1.0, 2.0], 6)]
    return mesh


def with_other_data(mesh: meshio.Mesh) -> meshio.Mesh:
    mesh.cell_data["volume"] = [np.full(12, 1 / 6)]
    mesh.cell_data["normal"] = [np.ones((12, 3))]
    mesh.cell_data["partition"] = [np.arange(12)]
    return mesh


@pytest.mark.parametrize(
    "change",
    [
        with_inverted_cells,
        with_unused_nodes,
        with_doubled_interface,
        with_boundary_elements,
        with_split_blocks,
        with_decimal_tags,
        with_other_data,
    ],
)
def test_harmless_faults_are_put_right(tmp_path: Path, change: Change) -> None:
    name = "mesh.vtu" if change is not with_split_blocks else "mesh.xdmf"
    mesh = read(written(tmp_path, change(solid()), name))
    assert len(mesh.points) == 12
    assert fractions(mesh) == pytest.approx({"SE": 0.5, "CAM": 0.5})


@pytest.mark.parametrize("z", [0.0, -3.5])
def test_plane_mesh_in_space_becomes_two_dimensional(tmp_path: Path, z: float) -> None:
    mesh = read(written(tmp_path, plane(z, tags="tag")))
    assert mesh.points.shape == (6, 2)


def test_tag_array_can_be_named(tmp_path: Path) -> None:
    mesh = solid()
    mesh.cell_data["twin"] = [np.repeat([1, 2], 6)[::-1].copy()]
    path = written(tmp_path, mesh)
    np.testing.assert_array_equal(read(path, tag_array="twin").labels, np.repeat([1, 0], 6))


# --- nodes at the place of others ---------------------------------------------------------------


def test_merged_nodes_are_counted(tmp_path: Path) -> None:
    mesh = read(written(tmp_path, with_doubled_interface(solid())))
    assert len(mesh.notes) == 1
    assert "4 nodes lie on others" in mesh.notes[0]
    assert "merge_nodes: false" in mesh.notes[0]
    assert not read(written(tmp_path, solid())).notes


def test_nodes_are_kept_apart_on_demand(tmp_path: Path) -> None:
    mesh = read(written(tmp_path, with_doubled_interface(solid())), merge_nodes=False)
    assert len(mesh.points) == 16
    np.testing.assert_allclose(mesh.box, [2e-6, 1e-6, 1e-6])
    assert "4 nodes lie on others" in mesh.notes[0]
    assert "no current passes" in mesh.notes[0]


def nearly_doubled(gap: float) -> meshio.Mesh:
    """Each cube has its own nodes, those between them a gap apart along y."""
    mesh = with_doubled_interface(solid())
    second = (mesh.points[:, 0] == 1.0) & (np.arange(24) >= 12)
    mesh.points = mesh.points + np.outer(second, [gap, 0.0, 0.0])
    return mesh


def test_nodes_are_merged_within_a_distance(tmp_path: Path) -> None:
    """By default within 1e-7 of the box, here 2e-7 units of the file."""
    near = read(written(tmp_path, nearly_doubled(1e-10)))
    assert len(near.points) == 12
    assert "within 2e-13 m" in near.notes[0]
    path = written(tmp_path, nearly_doubled(1e-4))
    refused(path, "boundary facets do not lie on the faces")
    assert len(read(path, merge_distance="0.2 nm").points) == 12
    refused(path, "would flatten .* choose a smaller .*merge_distance", merge_distance="1.1 um")


# --- what is refused ----------------------------------------------------------------------------


def refused(path: Path, message: str, **changes: Any) -> None:
    with pytest.raises(MeshError, match=message) as caught:
        read(path, **changes)
    assert str(path) in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.msh", "there is no such file")
    refused(tmp_path, "there is no such file")


def test_unknown_ending(tmp_path: Path) -> None:
    path = tmp_path / "mesh.vtux"
    path.write_text("", encoding="utf-8")
    refused(path, r"the ending '\.vtux' is not known \(did you mean '\.vtu'\?\); readable are")


@pytest.mark.parametrize("ending", [".msh", ".vtu", ".vtk", ".xdmf"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n",
        bytes(range(256)) * 4,
        b"$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$Nodes\n1 2\n",
        b"$MeshFormat\n9.9 0 8\n$EndMeshFormat\n",
        b"<?xml version='1.0'?><VTKFile type='UnstructuredGrid'></VTKFile>",
        b"<?xml version='1.0'?><Xdmf Version='3.0'><Domain/></Xdmf>",
        b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS many float\n",
    ],
)
def test_damaged_files_do_not_crash(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"mesh{ending}"
    path.write_bytes(content)
    refused(path, f"cannot be read as {ending}|found cells of type nothing")


@pytest.mark.parametrize("name", ["mesh.msh", "mesh.vtu", "mesh.xdmf", "mesh.vtk"])
def test_truncated_files_do_not_crash(tmp_path: Path, name: str) -> None:
    mesh = plane(z=0.0)
    options = {"file_format": "gmsh22"} if name == "mesh.msh" else {}
    path = written(tmp_path, mesh, name, **options)
    content = path.read_bytes()
    for share in np.linspace(0.05, 0.9, 12):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(MeshError, match="mesh file"):
            read(path)


@pytest.mark.parametrize("name", ["boxes_22.msh", "boxes_41.msh"])
def test_files_with_wrong_bytes_do_not_crash(tmp_path: Path, name: str) -> None:
    """Whatever a byte becomes, the file is read or refused; seed 4711 hits counts and indices."""
    random = np.random.default_rng(4711)
    content = np.frombuffer((FILES / name).read_bytes(), dtype=np.uint8)
    path = tmp_path / name
    for _ in range(60):
        damaged = content.copy()
        damaged[random.integers(len(content), size=3)] = random.integers(256, size=3)
        path.write_bytes(damaged.tobytes())
        with contextlib.suppress(MeshError):
            assert fractions(read(path, labels={10: "SE", 20: "CAM"})).keys() == {"SE", "CAM"}


def test_xdmf_without_its_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, solid(), "mesh.xdmf")
    (tmp_path / "mesh.h5").unlink()
    refused(path, r"it keeps its numbers in 'mesh\.h5', which is not there; put it beside it")


@pytest.mark.parametrize(
    ("kind", "nodes"),
    [("tetra10", 10), ("triangle6", 6), ("hexahedron20", 20), ("line", 2)],
)
def test_other_cells_are_refused(tmp_path: Path, kind: str, nodes: int) -> None:
    points = np.random.default_rng(8127).random((20, 3))
    mesh = meshio.Mesh(points, [(kind, [list(range(nodes))])], cell_data={"tag": [[1]]})
    refused(written(tmp_path, mesh), f"found cells of type {kind}; only triangles")


def test_tags_without_material_are_listed(tmp_path: Path) -> None:
    refused(
        written(tmp_path, solid()),
        r"tags 2 of 'material' have no material in 'labels' \(1\); .* 1 \(6 cells\), 2 \(6 cells\)",
        labels={1: "SE"},
    )


def test_labels_without_cells_are_listed(tmp_path: Path) -> None:
    refused(
        written(tmp_path, solid()),
        r"'labels' names 3: pore, but no tetra has such a tag in 'material'; the file has 1 \(6",
        labels={**LABELS, 3: "pore"},
    )


def test_cells_without_tags_are_refused(tmp_path: Path) -> None:
    bare = meshio.Mesh(CUBES, [("tetra", TETRAHEDRA)])
    refused(written(tmp_path, bare), "no whole number is attached to the cells")
    fractional = meshio.Mesh(
        CUBES, [("tetra", TETRAHEDRA)], cell_data={"phase": [np.linspace(0, 1, 12)]}
    )
    refused(written(tmp_path, fractional), "no whole number is attached to the cells")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("untagged_41.msh", r"Give every volume \(2D: surface\) a physical group in Gmsh"),
        ("half_tagged_41.msh", r"the file has 0 .*\(0: a volume without physical group\)"),
        ("half_tagged_22.msh", r"the file has 0 .*\(0: a volume without physical group\)"),
    ],
)
def test_missing_physical_groups_are_named(name: str, message: str) -> None:
    refused(FILES / name, message, labels={10: "SE", 20: "CAM"})


def test_ambiguous_tags_are_refused(tmp_path: Path) -> None:
    mesh = solid()
    mesh.cell_data["twin"] = [np.repeat([2, 1], 6)]
    refused(written(tmp_path, mesh), r"tags \(material, twin\).*mesh\.tag_array: material")


def test_unknown_tag_array_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, solid())
    refused(path, r"cell data 'materail' \(did you mean 'material'\?\)", tag_array="materail")


def test_surface_in_space_is_refused(tmp_path: Path) -> None:
    mesh = plane(z=0.0, tags="tag")
    mesh.points[0, 2] = 0.3
    refused(written(tmp_path, mesh), "not in a plane z = constant")


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_coordinates_must_be_finite(tmp_path: Path, bad: float) -> None:
    mesh = solid()
    mesh.points[3, 1] = bad
    refused(written(tmp_path, mesh), "not finite")


def test_flat_cells_are_refused(tmp_path: Path) -> None:
    mesh = solid()
    cells = mesh.cells[0].data
    cells[5] = [0, 1, 3, 4]  # four corners of the bottom face
    flat = meshio.Mesh(CUBES, [("tetra", cells)], cell_data=mesh.cell_data)
    refused(written(tmp_path, flat), "1 of 12 cells have no volume, the first near")


def test_collapsed_cells_are_refused(tmp_path: Path) -> None:
    cells = TETRAHEDRA.copy()
    cells[5, 3] = cells[5, 0]
    mesh = meshio.Mesh(CUBES, [("tetra", cells)], cell_data=solid().cell_data)
    refused(written(tmp_path, mesh), "1 of 12 cells have no volume")


def test_cells_that_refer_to_missing_nodes_are_refused(tmp_path: Path) -> None:
    cells = TETRAHEDRA.copy()
    cells[5, 3] = 12
    mesh = meshio.Mesh(CUBES, [("tetra", cells)], cell_data=solid().cell_data)
    refused(written(tmp_path, mesh, "mesh.xdmf"), "refer to nodes 0 to 12, but the file has 12")


def test_domain_must_be_a_box(tmp_path: Path) -> None:
    mesh = solid()
    keep = np.delete(np.arange(12), 3)
    holed = meshio.Mesh(
        CUBES, [("tetra", TETRAHEDRA[keep])], cell_data={"material": [np.repeat([1, 2], 6)[keep]]}
    )
    refused(written(tmp_path, holed), r"boundary facets do not lie on the faces .* fragment")
    tilted = np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]])
    mesh.points = CUBES @ tilted
    refused(written(tmp_path, mesh, "tilted.vtu"), "must fill an axis-aligned box")


def test_parts_that_do_not_share_facets_are_refused(tmp_path: Path) -> None:
    mesh = with_doubled_interface(solid())
    between = (mesh.points[:, 0] == 1.0) & (np.arange(24) >= 12)
    mesh.points = mesh.points + np.outer(between, [1e-4, 0, 0])
    refused(written(tmp_path, mesh), "boundary facets do not lie on the faces")


def test_overlapping_cells_are_refused(tmp_path: Path) -> None:
    cells = np.concatenate([TETRAHEDRA, TETRAHEDRA[:1]])
    data = {"material": [np.append(np.repeat([1, 2], 6), 2)]}
    mesh = meshio.Mesh(CUBES, [("tetra", cells)], cell_data=data)
    refused(written(tmp_path, mesh), "facets belong to more than two cells|fill")


def test_periodic_faces_must_match(tmp_path: Path) -> None:
    """The lower edge of one square is divided, the upper one is not."""
    points = np.concatenate([SQUARES, [[0.5, 0.0]]])
    cells = np.array([[0, 6, 4], [6, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4]])
    mesh = meshio.Mesh(points, [("triangle", cells)], cell_data={"tag": [[1, 1, 1, 2, 2]]})
    path = written(tmp_path, mesh, "mesh.xdmf")
    assert len(read(path).cells) == 5
    refused(path, "y_min and y_max of the mesh have 4 and 3 vertices", periodic=True)
