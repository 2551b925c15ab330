"""What there is to see: facets, particle boundaries, materials kept apart, handy units."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cellion.export.surfaces import boundary_edges, composite, mesh_facets, read_composite

from cellion.errors import ResultsError
from cellion.export.field_piece import FieldPiece

TWO_TETRAHEDRA = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])


def test_two_tetrahedra_share_one_of_seven_facets() -> None:
    facets = mesh_facets(TWO_TETRAHEDRA)
    assert len(facets.first) == 7
    shared = np.flatnonzero(facets.second >= 0)
    assert len(shared) == 1
    (index,) = shared
    assert {facets.first[index], facets.second[index]} == {0, 1}
    seen_from_first = TWO_TETRAHEDRA[facets.first[index], facets.corners[index]]
    seen_from_second = TWO_TETRAHEDRA[facets.second[index], facets.second_corners[index]]
    assert set(seen_from_first) == set(seen_from_second) == {1, 2, 3}


def test_a_lattice_of_cubes_has_the_facets_of_its_surface(composite_file: Path) -> None:
    seen = read_composite(composite_file)
    facets = mesh_facets(seen.vertices)
    outside = facets.second < 0
    # 12 x 12 squares of two triangles on each of six faces
    assert outside.sum() == 6 * 12 * 12 * 2
    assert 4 * len(seen.cells) == 2 * len(outside) - outside.sum()


@pytest.fixture
def composite_file(composite: Callable[[int], Path]) -> Path:
    return composite(3)


def test_edges_between_labels() -> None:
    triangles = np.array([[0, 1, 2], [1, 2, 3], [2, 3, 4]])
    assert boundary_edges(triangles, np.array([5, 5, 7])).tolist() == [[2, 3]]


def test_points_belong_to_one_material_and_vertices_to_all(composite_file: Path) -> None:
    seen = read_composite(composite_file)
    for material in (0, 1):
        own = np.unique(seen.cells[seen.material == material])
        other = np.unique(seen.cells[seen.material != material])
        assert not np.intersect1d(own, other).size
    assert len(np.unique(seen.vertices)) == 13**3
    assert len(seen.points) > 13**3
    assert (seen.conducting("potential_ion_x") == (seen.material == 0)).all()


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
    np.testing.assert_array_equal(seen.matrix, seen.label == 0)


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


def test_partitions_are_joined() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    again = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1.0]])
    piece = FieldPiece(
        points=np.concatenate([points, again]),
        cells=np.array([[0, 1, 2, 3], [4, 5, 6, 7]]),
        point_data={"potential_ion_x": np.array([0.0, 1, 2, 3, 1, 2, 3, 4])},
        cell_data={"material": np.array([0, 0])},
    )
    seen = composite(piece, ("A",))
    assert len(seen.points) == 5
    assert (seen.potential["potential_ion_x"][seen.cells] == [[0, 1, 2, 3], [1, 2, 3, 4]]).all()


def test_a_file_without_materials_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.vtkhdf").write_bytes(b"")
    with pytest.raises(ResultsError, match="not a field file"):
        read_composite(tmp_path / "a.vtkhdf")
