"""XDMF of DOLFINx with its tags, and what a file may open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cellion.parallel import world  # noqa: F401

import dolfinx
import h5py
import numpy as np
import pytest
from dolfinx.io import XDMFFile
from dolfinx.mesh import CellType, create_box, create_unit_square, meshtags
from mpi4py import MPI

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes
from helpers.mesh_files import read_file


def box(kind: CellType = CellType.tetrahedron) -> dolfinx.mesh.Mesh:
    corners = [[0.0, 0.0, 0.0], [2.0, 1.0, 1.0]]
    return create_box(MPI.COMM_SELF, corners, [2, 1, 1], kind)


def tags_of(mesh: dolfinx.mesh.Mesh, share: float = 1.0) -> dolfinx.mesh.MeshTags:
    """1 in the lower half along x, 2 in the upper, of a share of the cells, the last ones first."""
    count = mesh.topology.index_map(3).size_local
    cells = np.arange(int((1.0 - share) * count), count, dtype=np.int32)
    middle = dolfinx.mesh.compute_midpoints(mesh, 3, cells)
    found = meshtags(mesh, 3, cells, np.where(middle[:, 0] < 1.0, 1, 2).astype(np.int32))
    found.name = "Cell tags"
    return found


def written(path: Path, mesh: dolfinx.mesh.Mesh, share: float = 1.0) -> Path:
    with XDMFFile(MPI.COMM_SELF, path, "w") as file:
        file.write_mesh(mesh)
        mesh.topology.create_connectivity(2, 3)
        facets = dolfinx.mesh.exterior_facet_indices(mesh.topology)
        nines = np.full(len(facets), 9, dtype=np.int32)
        file.write_meshtags(meshtags(mesh, 2, facets, nines), mesh.geometry)
        file.write_meshtags(tags_of(mesh, share), mesh.geometry)
    return path


def volumes(mesh: MeshData) -> dict[str, float]:
    found = np.bincount(mesh.cell_materials, cell_volumes(mesh.points, mesh.cells)) * 1e18
    return dict(zip(mesh.materials, found, strict=True))


@pytest.mark.parametrize("kind", [CellType.tetrahedron, CellType.hexahedron])
def test_mesh_tags_of_dolfinx(tmp_path: Path, kind: CellType) -> None:
    mesh = read_file(written(tmp_path / "mesh.xdmf", box(kind)))
    assert volumes(mesh) == pytest.approx({"SE": 1.0, "CAM": 1.0})


def test_tags_of_some_cells_are_not_enough(tmp_path: Path) -> None:
    path = written(tmp_path / "mesh.xdmf", box(), share=0.75)
    with pytest.raises(MeshError, match="3 of 12 cells have no tag in 'Cell tags'"):
        read_file(path)


def test_a_function_that_is_constant_on_cells(tmp_path: Path) -> None:
    mesh = create_unit_square(MPI.COMM_SELF, 2, 2)
    function = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0)))
    function.name = "phase"
    function.interpolate(lambda x: np.where(x[0] < 0.5, 1.0, 2.0))
    with XDMFFile(MPI.COMM_SELF, tmp_path / "mesh.xdmf", "w") as file:
        file.write_mesh(mesh)
        file.write_function(function)
    data = read_file(tmp_path / "mesh.xdmf")
    assert np.bincount(data.cell_materials).sum() == 8
    assert data.materials == ("SE", "CAM")


# --- what a file may open ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{outside}/mesh.h5", "which is not in its own folder"),
        ("../mesh.h5", "which is not in its own folder"),
        ("below/../../mesh.h5", "which is not in its own folder"),
        ("/dev/zero", "which is not in its own folder"),
        ("link.h5", "which is not in its own folder"),
        ("below", "which is no plain file"),
        ("none.h5", "which is not there"),
    ],
)
def test_only_files_of_its_own_folder_are_opened(tmp_path: Path, name: str, told: str) -> None:
    inside = tmp_path / "inside"
    (inside / "below").mkdir(parents=True)
    path = written(inside / "mesh.xdmf", box())
    (inside / "mesh.h5").rename(tmp_path / "mesh.h5")
    (inside / "link.h5").symlink_to(tmp_path / "mesh.h5")
    path.write_text(path.read_text().replace("mesh.h5", name.format(outside=tmp_path)))
    with pytest.raises(MeshError, match=told):
        read_file(path)


def external(file: h5py.File, other: Path) -> None:
    file["points"] = h5py.ExternalLink(str(other), "/Mesh/mesh/geometry")


def soft(file: h5py.File, other: Path) -> None:
    external(file, other)
    file.move("points", "away")
    file["points"] = h5py.SoftLink("/away")


def virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((12, 3), dtype=float)
    layout[:] = h5py.VirtualSource(str(other), "/Mesh/mesh/geometry", shape=(12, 3))
    file.create_virtual_dataset("points", layout)


def raw(file: h5py.File, other: Path) -> None:
    file.create_dataset("points", (12, 3), dtype=float, external=[(str(other), 0, 12 * 3 * 8)])


@pytest.mark.parametrize("make", [external, soft, virtual, raw])
def test_numbers_are_in_the_file_itself(
    tmp_path: Path, make: Callable[[h5py.File, Path], None]
) -> None:
    path = written(tmp_path / "mesh.xdmf", box())
    (tmp_path / "mesh.h5").rename(tmp_path / "other.h5")
    with h5py.File(tmp_path / "mesh.h5", "w") as file, h5py.File(tmp_path / "other.h5") as old:
        old.copy("Mesh", file)
        old.copy("MeshTags", file)
        make(file, tmp_path / "other.h5")
    path.write_text(path.read_text().replace("/Mesh/mesh/geometry", "/points"))
    with pytest.raises(MeshError, match=r"keeps '/points' (elsewhere|in other files)"):
        read_file(path)


def test_nothing_is_included(tmp_path: Path) -> None:
    path = written(tmp_path / "mesh.xdmf", box())
    text = path.read_text()
    path.write_text(text.replace("<xi:include ", '<xi:include href="/etc/passwd" ', 1))
    with pytest.raises(MeshError, match="it includes '/etc/passwd'"):
        read_file(path)


def test_several_meshes_are_refused(tmp_path: Path) -> None:
    with XDMFFile(MPI.COMM_SELF, tmp_path / "mesh.xdmf", "w") as file:
        for name in ("one", "two"):
            mesh = box()
            mesh.name = name
            file.write_mesh(mesh)
    with pytest.raises(MeshError, match="2 grids with points of their own"):
        read_file(tmp_path / "mesh.xdmf")
