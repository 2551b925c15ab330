"""What is written is what PyVista reads, from one rank or several; files appear whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvista
from mpi4py import MPI

from cellion.errors import ResultsError
from cellion.export import paraview
from cellion.export.field_piece import CornerField, FieldPiece, field_piece, read_fields
from cellion.export.paraview import write_fields

TWO_TETRAHEDRA = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], dtype=float)


def two_cells(values: list[list[float]]) -> FieldPiece:
    """Two tetrahedra that share three vertices, with a potential given at their corners."""
    return field_piece(
        CORNERS,
        TWO_TETRAHEDRA,
        corner_fields={"potential": CornerField(values=np.array(values), unit="V")},
        cell_data={
            "current_density": np.array([[1.0, 2, 3], [4, 5, 6]]),
            "material": np.array([0, 1], dtype=np.int32),
        },
        units={"current_density": "A/m^2"},
    )


CONTINUOUS = [[0.0, 1, 2, 3], [1.0, 2, 3, 4]]
JUMP = [[0.0, 1, 2, 3], [1.0, 2, 3.5, 4]]
HALF = [[0.0, 1, 2, 3], [np.nan] * 4]


@pytest.mark.parametrize(("values", "points"), [(CONTINUOUS, 5), (JUMP, 6), (HALF, 8)])
def test_a_point_is_doubled_only_where_the_potential_jumps(
    values: list[list[float]], points: int
) -> None:
    piece = two_cells(values)
    assert len(piece.points) == points
    np.testing.assert_array_equal(piece.point_data["potential"][piece.cells], values)
    np.testing.assert_array_equal(piece.points[piece.cells], CORNERS[TWO_TETRAHEDRA])


def test_the_sign_of_zero_does_not_double_a_point() -> None:
    piece = two_cells([[0.0, -0.0, 0, 0], [0.0, 0.0, -0.0, 0]])
    assert len(piece.points) == 5


@pytest.mark.parametrize("values", [CONTINUOUS, JUMP, HALF])
def test_pyvista_reads_the_same_numbers(values: list[list[float]], tmp_path: Path) -> None:
    path = write_fields(
        tmp_path / "fields.vtkhdf", two_cells(values), MPI.COMM_SELF, materials=("SE", "CAM")
    )
    grid = pyvista.read(path)
    assert grid.n_cells == 2
    np.testing.assert_array_equal(grid.celltypes, [10, 10])
    corners = grid.cells_dict[10]
    np.testing.assert_array_equal(grid.points[corners], CORNERS[TWO_TETRAHEDRA])
    np.testing.assert_array_equal(grid.point_data["potential"][corners], values)
    np.testing.assert_array_equal(grid.cell_data["current_density"], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(grid.cell_data["material"], [0, 1])
    np.testing.assert_array_equal(grid.cell_data["rank"], [0, 0])
    assert list(grid.field_data["materials"]) == ["SE", "CAM"]
    assert list(grid.field_data["units"]) == ["potential [V]", "current_density [A/m^2]"]


def test_a_mesh_in_the_plane(composite: Callable[[int], Path]) -> None:
    grid = pyvista.read(composite(2))
    assert set(grid.celltypes) == {5}
    assert grid.bounds[4:] == (0, 0)
    area = grid.compute_cell_sizes().cell_data["Area"].sum()
    assert area == pytest.approx((30e-6) ** 2, rel=1e-9)
    assert grid.cell_data["current_density_ion_x"].shape == (grid.n_cells, 3)


def test_fields_keep_their_values_in_three_dimensions(composite: Callable[[int], Path]) -> None:
    grid = pyvista.read(composite(3))
    potential = grid.point_data["potential_ion_x"]
    conducting = ~np.isnan(potential)
    np.testing.assert_allclose(
        potential[conducting], 1 - grid.points[conducting, 0] / 30e-6, atol=1e-12
    )
    particles = grid.cell_data["material"] == 1
    assert np.isnan(potential[grid.cells_dict[10][particles]]).all()
    assert grid.compute_cell_sizes().cell_data["Volume"].sum() == pytest.approx(27e-15, rel=1e-9)


def test_reading_back_gives_the_piece(tmp_path: Path) -> None:
    written = two_cells(JUMP)
    path = write_fields(tmp_path / "f.vtkhdf", written, MPI.COMM_SELF, materials=("a", "b"))
    piece, materials = read_fields(path)
    assert materials == ("a", "b")
    assert piece.units == written.units
    np.testing.assert_array_equal(piece.cells, written.cells)
    np.testing.assert_array_equal(piece.points, written.points)
    np.testing.assert_array_equal(piece.point_data["potential"], written.point_data["potential"])


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_write_one_partition_each(ranks: int, tmp_path: Path) -> None:
    """Every rank sends in chunks of a few rows; the last of three ranks owns nothing."""
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "import cellion.parallel\n"
        "import numpy as np\n"
        "from mpi4py import MPI\n"
        "from cellion.export import field_piece, paraview\n"
        "paraview.CHUNK_BYTES = 100\n"
        "comm = MPI.COMM_WORLD\n"
        "points = np.array([[0,0,0],[1,0,0],[0,1,0],[0,0,1],[1,1,1.]]) + 10 * comm.rank\n"
        "cells = np.array([[0,1,2,3],[1,2,3,4]])[: 2 if comm.rank < 2 else 0]\n"
        "corner = field_piece.CornerField(values=points[cells][..., 0], unit='V')\n"
        "piece = field_piece.field_piece(points, cells, corner_fields={'x': corner}, units={},\n"
        "    cell_data={'j': points[cells].mean(axis=1)})\n"
        "paraview.write_fields(Path(sys.argv[1]), piece, comm)\n"
    )
    path = tmp_path / "fields.vtkhdf"
    mpirun = Path(sys.executable).with_name("mpirun")
    subprocess.run(
        [str(mpirun), "-n", str(ranks), sys.executable, "-m", "mpi4py", str(program), str(path)],
        check=True,
        timeout=60,
        env=environment(),
    )
    grid = pyvista.read(path)
    blocks = list(grid) if isinstance(grid, pyvista.PartitionedDataSet) else [grid]
    assert [block.n_cells for block in blocks] == [2, 2, 0][:ranks]
    piece, _ = read_fields(path)
    np.testing.assert_array_equal(piece.cell_data["rank"], [0, 0, 1, 1])
    np.testing.assert_array_equal(piece.point_data["x"], piece.points[:, 0])
    np.testing.assert_allclose(piece.cell_data["j"], piece.points[piece.cells].mean(axis=1))
    np.testing.assert_array_equal(piece.cells // 5, [[0] * 4] * 2 + [[1] * 4] * 2)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "UCX_TLS": "self,sm,tcp"}


def test_a_failed_write_is_an_error_with_the_path_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_fields(tmp_path / "fields.vtkhdf", two_cells(JUMP), MPI.COMM_SELF)
    before = path.read_bytes()

    def fill_the_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paraview, "_create_datasets", fill_the_disk)
    with pytest.raises(ResultsError, match=r"fields\.vtkhdf: cannot be written \(No space left"):
        write_fields(path, two_cells(HALF), MPI.COMM_SELF)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cells": np.zeros((2, 5), dtype=int)}, r"cells: found shape \(2, 5\)"),
        ({"points": np.zeros((5, 2))}, r"points: found shape \(5, 2\)"),
        ({"cell_data": {"material": np.zeros(3)}}, r"material: found shape \(3,\)"),
        ({"cell_data": {"a/b": np.zeros(2)}, "units": {}}, "a field needs a name without '/'"),
        ({"units": {"potentail": "V"}}, r"did you mean 'potential'"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ResultsError, match=message):
        replace(two_cells(CONTINUOUS), **changes)  # type: ignore[arg-type]


def test_corner_values_must_fit_the_mesh_cells() -> None:
    with pytest.raises(ResultsError, match=r"potential: found shape \(2, 3\)"):
        two_cells([[1, 2, 3], [4, 5, 6]])


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vtkhdf").write_text("no HDF5")
    with pytest.raises(ResultsError, match="not a field file of cellion"):
        read_fields(tmp_path / "a.vtkhdf")
