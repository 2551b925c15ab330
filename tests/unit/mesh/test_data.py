"""`MeshData` accepts a sound mesh and refuses a broken one with what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes


def two_triangles(**changes: Any) -> MeshData:
    fields: dict[str, Any] = {
        "points": np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [0.0, 2.0]]),
        "cells": np.array([[0, 1, 2], [0, 2, 3]]),
        "labels": np.array([0, 1], dtype=np.int32),
        "label_material": np.array([1, 0], dtype=np.int32),
        "materials": ("A", "B"),
        "box": np.array([1.0, 2.0]),
        "periodic": np.array([False, True]),
    }
    return MeshData(**(fields | changes))


def test_sound_mesh_knows_its_dimension_origin_and_materials() -> None:
    mesh = two_triangles(points=np.array([[3.0, 5.0], [4.0, 5.0], [4.0, 7.0], [3.0, 7.0]]))
    assert mesh.dimension == 2
    np.testing.assert_array_equal(mesh.origin, [3.0, 5.0])
    np.testing.assert_array_equal(mesh.cell_materials, [1, 0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": np.zeros((4, 1))}, r"shape \(4, 1\); allowed are \(n, 2\) and \(n, 3\)"),
        ({"cells": np.array([[0, 1, 2, 3]])}, r"cells have shape \(1, 4\); expected \(1, 3\)"),
        ({"labels": np.zeros(3, dtype=np.int32)}, r"labels have shape \(3,\); expected \(2,\)"),
        ({"box": np.ones(3)}, r"box have shape \(3,\); expected \(2,\)"),
        ({"periodic": np.zeros(3, dtype=bool)}, r"periodic have shape"),
        ({"cells": np.array([[0, 1, 2], [0, 2, 4]])}, "cells hold values from 0 to 4; allowed"),
        ({"labels": np.array([0, 2], dtype=np.int32)}, "labels hold values from 0 to 2"),
        ({"label_material": np.array([0, -1], dtype=np.int32)}, "label_material hold values"),
        ({"cells": np.array([[0, 2, 1], [0, 2, 3]])}, "1 mesh cells have no positive volume"),
        ({"cells": np.array([[0, 1, 1], [0, 2, 3]])}, r"cell 0: 0 m\^2"),
        ({"box": np.array([1.0, 0.0])}, "every length must be positive"),
        ({"labels": np.array([0.0, 1.0])}, "labels have type float64"),
        ({"orientations": np.eye(2)}, r"orientations have shape \(2, 2\); expected \(2, 2, 2\)"),
        (
            {"orientations": np.stack([np.eye(2), np.ones((2, 2))])},
            "the orientation of label 1 is .* must be a rotation matrix",
        ),
        ({"orientations": np.full((2, 2, 2), np.nan)}, "the orientation of label 0 is"),
        (
            {"cells": np.zeros((0, 3), dtype=np.int64), "labels": np.zeros(0, dtype=np.int32)},
            "no cells",
        ),
    ],
)
def test_broken_mesh_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MeshError, match=message):
        two_triangles(**changes)


def test_coordinates_must_be_finite() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, np.nan], [0.0, 2.0]])
    with pytest.raises(MeshError, match="mesh point 2"):
        two_triangles(points=points)


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_volumes_of_the_kuhn_cube_sum_to_one(block: int) -> None:
    corners = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]],
        dtype=float,
    )
    kuhn = np.array(
        [[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]]
    )
    volumes = cell_volumes(corners, kuhn, block=block)
    np.testing.assert_allclose(volumes, 1 / 6)
    np.testing.assert_allclose(cell_volumes(corners, kuhn[:, [1, 0, 2, 3]]), -1 / 6)
