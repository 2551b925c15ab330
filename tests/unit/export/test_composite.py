"""Meshes as pictures show them: points of one label, materials kept apart, handy units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cellion.errors import ResultsError
from cellion.export.composite import composite, read_composite
from cellion.export.field_piece import FieldPiece

TWO_TETRAHEDRA = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])


@pytest.fixture
def composite_file(composite: Callable[[int], Path]) -> Path:
    return composite(3)


def test_points_belong_to_one_label_and_vertices_to_all(composite_file: Path) -> None:
    grid = read_composite(composite_file).grid
    cells, label = grid.cells_dict[10], grid.cell_data["label"]
    for each in np.unique(label):
        own, other = np.unique(cells[label == each]), np.unique(cells[label != each])
        assert not np.intersect1d(own, other).size
    assert len(np.unique(grid.point_data["vertex"])) == 13**3
    assert len(grid.points) > 13**3


def test_fields_are_where_their_carrier_moves(composite_file: Path) -> None:
    grid = read_composite(composite_file).grid
    matrix = grid.cell_data["label"] == 0
    potential = grid.point_data["potential_ion_x"][grid.cells_dict[10]]
    assert (np.isnan(potential).any(axis=1) == ~matrix).all()
    assert (np.isnan(grid.cell_data["current_density_ion_x"]).any(axis=1) == ~matrix).all()
    of_points = grid.point_data["current_density_ion_x"][grid.cells_dict[10][matrix]]
    assert not np.isnan(of_points).any()


def test_mesh_cells_fill_the_box_and_face_outwards(composite_file: Path) -> None:
    grid = read_composite(composite_file).grid
    assert grid.cell_data["size"].sum() == pytest.approx(30**3)
    assert (grid.compute_cell_sizes().cell_data["Volume"] > 0).all()


def test_each_carrier_is_shown_for_its_first_direction() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    names = ["potential_electron_y", "potential_electron_x", "potential_ion_z", "potential_ion_y"]
    values = {name: np.arange(4.0) for name in names}
    values["potential_electron_x"] = np.full(4, np.nan)  # does not percolate
    piece = FieldPiece(
        points=points,
        cells=np.array([[0, 1, 2, 3]]),
        point_data=values,
        cell_data={"material": np.zeros(1, int)},
    )
    assert composite(piece, ("A",)).potentials == ("potential_ion_y", "potential_electron_y")


def test_lengths_are_in_micrometres(composite_file: Path) -> None:
    seen = read_composite(composite_file)
    assert seen.length_unit == "µm"
    np.testing.assert_allclose(seen.box, [[0, 0, 0], [30, 30, 30]], rtol=1e-12)


@pytest.mark.parametrize(("size", "unit"), [(4e-7, "nm"), (3e-6, "µm"), (0.02, "mm"), (5.0, "m")])
def test_the_unit_fits_the_box(size: float, unit: str) -> None:
    points = size * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    piece = FieldPiece(
        points=points, cells=np.array([[0, 1, 2, 3]]), cell_data={"material": np.zeros(1, int)}
    )
    assert composite(piece, ("A",)).length_unit == unit


def test_the_matrix_is_what_reaches_all_faces(composite_file: Path) -> None:
    seen = read_composite(composite_file)
    np.testing.assert_array_equal(seen.matrix, [True, False, False, False])


def test_layers_have_no_matrix() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 2, 2.0]])
    piece = FieldPiece(
        points=points,
        cells=TWO_TETRAHEDRA,
        cell_data={"material": np.array([0, 1]), "label": np.array([0, 1])},
    )
    seen = composite(piece, ("A", "pore"))
    assert seen.matrix.all()
    np.testing.assert_array_equal(seen.void, [False, True])
    assert seen.grid.n_cells == 1


def test_partitions_are_joined() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    again = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]])
    piece = FieldPiece(
        points=np.concatenate([points, again]),
        cells=np.array([[0, 1, 2, 3], [4, 5, 6, 7]]),
        point_data={"potential_ion_x": np.array([0.0, 1, 2, 3, 1, 2, 3, 4])},
        cell_data={"material": np.array([0, 0])},
    )
    grid = composite(piece, ("A",)).grid
    assert len(grid.points) == 5
    values = grid.point_data["potential_ion_x"][grid.cells_dict[10]]
    assert (np.sort(values, axis=1) == [[0, 1, 2, 3], [1, 2, 3, 4]]).all()


def test_a_file_without_materials_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vtkhdf").write_bytes(b"")
    with pytest.raises(ResultsError, match="not a field file"):
        read_composite(tmp_path / "a.vtkhdf")
