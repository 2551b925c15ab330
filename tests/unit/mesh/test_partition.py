"""Pieces of a mesh for several ranks, checked without starting any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellion.mesh.data import MeshData
from cellion.mesh.facets import facet_vertices, flagged_facets, match_facets
from cellion.mesh.partition import Piece, bisect_coordinates, split_mesh
from cellion.mesh.periodicity import match_periodic_faces
from helpers.mesh_boxes import labelled_box, layers


def pieces_of(data: MeshData, size: int) -> list[Piece]:
    return list(split_mesh(data, match_periodic_faces(data), size))


def offsets(counts: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)])


@given(st.integers(1, 9), st.integers(9, 60), st.integers(3, 900))
def test_parts_differ_in_size_by_rounding_only(parts: int, points: int, seed: int) -> None:
    part = bisect_coordinates(np.random.default_rng(seed).random((points, 3)), parts)
    sizes = np.bincount(part, minlength=parts)
    assert sizes.sum() == points
    # One point per level of the bisection at most.
    assert sizes.max() - sizes.min() <= np.ceil(np.log2(parts)) + 1


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("divisions", [(4, 3), (3, 4, 2)])
def test_each_cell_and_vertex_is_owned_once(divisions: tuple[int, ...], size: int) -> None:
    data = labelled_box(divisions, layers([0.5, 0.5]), ["A", "B"])
    pieces = pieces_of(data, size)
    cells = [p.input_cells[: len(p.cells) - len(p.ghost_cells)] for p in pieces]
    vertices = [p.input_vertices[: len(p.points) - len(p.ghost_vertices)] for p in pieces]
    np.testing.assert_array_equal(np.sort(np.concatenate(cells)), np.arange(len(data.cells)))
    np.testing.assert_array_equal(np.sort(np.concatenate(vertices)), np.arange(len(data.points)))


@pytest.mark.parametrize("size", [2, 3, 5])
def test_pieces_agree_with_the_mesh(size: int) -> None:
    data = labelled_box((3, 4, 2), layers([0.5, 0.5]), ["A", "B"])
    pieces = pieces_of(data, size)
    owned = offsets([len(p.points) - len(p.ghost_vertices) for p in pieces])
    vertex_of = np.concatenate(
        [p.input_vertices[:n] for p, n in zip(pieces, np.diff(owned), strict=True)]
    )
    for rank, piece in enumerate(pieces):
        np.testing.assert_array_equal(
            np.sort(piece.input_vertices[piece.cells], axis=1),
            np.sort(data.cells[piece.input_cells], axis=1),
        )
        np.testing.assert_array_equal(piece.points, data.points[piece.input_vertices])
        np.testing.assert_array_equal(piece.labels, data.labels[piece.input_cells])
        ghosts = piece.input_vertices[owned[rank + 1] - owned[rank] :]
        np.testing.assert_array_equal(vertex_of[piece.ghost_vertices], ghosts)
        owner = np.searchsorted(owned, piece.ghost_vertices, side="right") - 1
        np.testing.assert_array_equal(piece.ghost_vertex_owners, owner)
        assert rank not in piece.ghost_cell_owners


@pytest.mark.parametrize("size", [2, 4])
def test_the_neighbour_of_every_owned_cell_is_present(size: int) -> None:
    data = labelled_box((3, 3, 3), layers([1.0]), ["A"])
    facets = flagged_facets(data.cells, np.ones(len(data.points), dtype=bool))
    neighbours = facets[match_facets(facet_vertices(data.cells, facets)), 0]
    for piece in pieces_of(data, size):
        owned = piece.input_cells[: len(piece.cells) - len(piece.ghost_cells)]
        near = neighbours[np.isin(neighbours, owned).any(axis=1)]
        np.testing.assert_array_equal(np.unique(near), np.sort(piece.input_cells))


def test_owned_vertices_belong_to_owned_cells() -> None:
    data = labelled_box((4, 4, 4), layers([1.0]), ["A"])
    for piece in pieces_of(data, 5):
        owned_cells = piece.cells[: len(piece.cells) - len(piece.ghost_cells)]
        owned_vertices = len(piece.points) - len(piece.ghost_vertices)
        assert np.isin(np.arange(owned_vertices), owned_cells).all()


def test_vertices_without_cells_are_left_out() -> None:
    data = labelled_box((2, 2), layers([1.0]), ["A"], periodic=False)
    extra = MeshData(
        points=np.concatenate([data.points[:1] + 0.25, data.points]),
        cells=data.cells + 1,
        labels=data.labels,
        label_material=data.label_material,
        materials=data.materials,
        box=data.box,
        periodic=data.periodic,
    )
    (piece,) = pieces_of(extra, 1)
    assert len(piece.points) == len(data.points)
    assert 0 not in piece.input_vertices
