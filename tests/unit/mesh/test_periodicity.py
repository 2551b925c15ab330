"""Images of vertices and facets on opposite faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.periodicity import match_periodic_faces
from helpers.mesh_boxes import labelled_box, layers


@pytest.mark.parametrize("divisions", [(3, 2), (1, 1), (3, 2, 4), (1, 1, 1)])
def test_as_many_representatives_as_bricks(divisions: tuple[int, ...]) -> None:
    data = labelled_box(divisions, layers([1.0]), ["A"], edges=np.arange(1, len(divisions) + 1))
    found = match_periodic_faces(data)
    assert len(np.unique(found.representative)) == np.prod(divisions)
    offset = (data.points - data.points[found.representative]) / data.box
    np.testing.assert_allclose(offset, np.round(offset), atol=1e-12)


def test_facets_meet_across_each_face() -> None:
    data = labelled_box((3, 2, 4), layers([1.0]), ["A"])
    facets = match_periodic_faces(data).facets
    middle = data.points[data.cells].mean(axis=1)
    offset = middle[facets[:, 0]] - middle[facets[:, 2]]
    across = offset[np.arange(len(facets)), facets[:, 3]]
    assert (across > 0.5).all()
    assert np.bincount(facets[:, 3]).tolist() == [2 * 2 * 4, 2 * 3 * 4, 2 * 3 * 2]


def test_a_box_that_is_not_periodic_has_no_images() -> None:
    data = labelled_box((2, 2), layers([1.0]), ["A"], periodic=False)
    found = match_periodic_faces(data)
    np.testing.assert_array_equal(found.representative, np.arange(len(data.points)))
    assert len(found.facets) == 0


def test_rounded_coordinates_still_match() -> None:
    data = labelled_box((4, 4, 4), layers([1.0]), ["A"])
    noise = np.random.default_rng(31).uniform(-1e-8, 1e-8, data.points.shape)
    inside = match_periodic_faces(data).representative
    points = data.points + np.where(np.isin(data.points, (0.0, 1.0)), 0.0, noise)
    np.testing.assert_array_equal(
        match_periodic_faces(replace(data, points=points)).representative, inside
    )


def test_a_vertex_without_partner_is_named() -> None:
    data = labelled_box((4, 4, 4), layers([1.0]), ["A"])
    points = data.points.copy()
    moved = int(np.flatnonzero((points == [1.0, 0.5, 0.5]).all(axis=1))[0])
    points[moved, 1] += 0.01
    with pytest.raises(MeshError, match=r"0\.51.* on face x_max .* no partner on x_min"):
        match_periodic_faces(replace(data, points=points))


def test_faces_of_different_size_are_refused() -> None:
    data = labelled_box((4, 4), layers([1.0]), ["A"])
    with pytest.raises(MeshError, match="x_min and x_max of the mesh have 5 and 0 vertices"):
        match_periodic_faces(replace(data, box=np.array([2.0, 1.0])))


def test_different_triangulations_of_opposite_faces_are_refused() -> None:
    data = labelled_box((2, 2, 2), layers([1.0]), ["A"])
    points = data.points.copy()
    # The mirror image of the right half has the other diagonals on its outer face.
    right = (points[data.cells].mean(axis=1)[:, 0] > 0.5)[:, None]
    mirrored = np.arange(len(points)).reshape(3, 3, 3)[:, ::-1, :].reshape(-1)
    cells = np.where(right, mirrored[data.cells], data.cells)
    swapped = np.where(right, cells[:, [1, 0, 2, 3]], cells)
    broken = replace(data, cells=swapped)
    with pytest.raises(MeshError, match="matching vertices but different facets"):
        match_periodic_faces(broken)
