"""Grains are told from particles; grains that touch never share a colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellion.export.composite import composite
from cellion.export.field_piece import CornerField, FieldPiece, field_piece
from cellion.export.grains import colour_labels, label_neighbours, touching_materials
from cellion.export.system_libraries import rendering_support

QUARTERS = 4

type Lattice = Callable[[int, int], tuple[NDArray[np.float64], NDArray[np.int64]]]


def quarters(lattice: Lattice, dimension: int, materials: list[int]) -> FieldPiece:
    """The unit box in four slabs along x, each a label, whose potentials jump."""
    points, cells = lattice(4, dimension)
    label = (QUARTERS * points[cells].mean(axis=1)[:, 0]).astype(np.int32)
    return field_piece(
        points,
        cells,
        corner_fields={
            "potential_ion_x": CornerField(
                values=np.repeat(-1.0 * label[:, None], dimension + 1, axis=1), unit="V"
            )
        },
        cell_data={"material": np.array(materials, dtype=np.int32)[label], "label": label},
        units={},
    )


def test_labels_that_share_a_vertex_are_neighbours() -> None:
    vertices = np.array([0, 1, 2, 1, 2, 3, 3, 4, 5, 6, 7, 8])
    pairs = label_neighbours(vertices, np.repeat([5, 2, 0, 3], 3))
    np.testing.assert_array_equal(pairs, [[0, 2], [2, 5]])


def test_one_label_has_no_neighbours() -> None:
    assert label_neighbours(np.array([0, 1, 2, 1, 2, 3]), np.zeros(6, int)).shape == (0, 2)


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=60),
    st.integers(1, 6),
)
def test_neighbours_never_share_a_colour(edges: list[tuple[int, int]], palette: int) -> None:
    pairs = np.array([e for e in edges if e[0] != e[1]], dtype=np.int64).reshape(-1, 2)
    colour = colour_labels(np.unique(np.sort(pairs, axis=1), axis=0), 16, palette)
    assert (colour >= 0).all()
    assert (colour[pairs[:, 0]] != colour[pairs[:, 1]]).all()


def test_colours_are_used_evenly() -> None:
    pairs = np.stack([np.arange(11), np.arange(1, 12)], axis=1)
    counts = np.bincount(colour_labels(pairs, 12, 4))
    np.testing.assert_array_equal(counts, [3, 3, 3, 3])


def test_materials_with_boundaries_of_their_own() -> None:
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    np.testing.assert_array_equal(touching_materials(pairs, np.array([4, 4, 1, 2])), [4])


@pytest.mark.parametrize(
    ("materials", "expected"),
    [([0, 0, 0, 0], True), ([0, 1, 0, 1], False)],
    ids=["polycrystal", "layers"],
)
@pytest.mark.parametrize("dimension", [2, 3])
def test_grains_are_labels_that_meet_their_like(
    make_lattice: Lattice, dimension: int, materials: list[int], expected: bool
) -> None:
    found = composite(quarters(make_lattice, dimension, materials), ("A", "B"))
    assert (found.grains == expected).all()


@pytest.mark.parametrize("dimension", [2, 3])
def test_points_belong_to_one_label(make_lattice: Lattice, dimension: int) -> None:
    found = composite(quarters(make_lattice, dimension, [0, 0, 0, 0]), ("A", "B"))
    (cells,) = found.grid.cells_dict.values()
    label = np.repeat(found.grid.cell_data["label"][:, None], dimension + 1, axis=1)
    owners = np.unique(np.stack([cells.ravel(), label.ravel()]), axis=1)
    assert len(np.unique(owners[0])) == owners.shape[1]
    np.testing.assert_array_equal(found.grid.point_data["potential_ion_x"][cells], -label)


def test_cutting_a_box_open_does_not_smooth_jumps(make_lattice: Lattice) -> None:
    if rendering_support().window is None:
        return
    from cellion.export.scenes import open_scene

    found = composite(quarters(make_lattice, 3, [0, 0, 0, 0]), ("A", "B"))
    scene = open_scene(found)
    values = np.unique(scene.faces.point_data["potential_ion_x"])
    np.testing.assert_array_equal(values, [-3.0, -2.0, -1.0, 0.0])
