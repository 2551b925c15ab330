"""Facets found from vertices."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.mesh.facets import facet_areas, facet_vertices, flagged_facets, match_facets
from helpers.mesh_boxes import labelled_box, layers


@pytest.mark.parametrize("divisions", [(3, 2), (3, 2, 2)])
def test_facets_of_a_face_cover_it(divisions: tuple[int, ...]) -> None:
    data = labelled_box(divisions, layers([1.0]), ["A"], edges=2.0)
    facets = flagged_facets(data.cells, data.points[:, 0] == 2.0)
    areas = facet_areas(data.points, facet_vertices(data.cells, facets))
    assert areas.sum() == pytest.approx(2.0 ** (len(divisions) - 1), rel=1e-14)


def test_blocks_do_not_change_what_is_found() -> None:
    data = labelled_box((3, 3, 3), layers([1.0]), ["A"])
    flag = data.points[:, 1] < 0.5
    np.testing.assert_array_equal(
        flagged_facets(data.cells, flag), flagged_facets(data.cells, flag, block=5)
    )


@pytest.mark.parametrize("divisions", [(3, 2), (3, 2, 2)])
def test_every_inner_facet_is_matched_once(divisions: tuple[int, ...]) -> None:
    data = labelled_box(divisions, layers([1.0]), ["A"])
    d = len(divisions)
    facets = flagged_facets(data.cells, np.ones(len(data.points), dtype=bool))
    pairs = match_facets(facet_vertices(data.cells, facets))
    boundary = sum(
        2 * (2 if d == 3 else 1) * int(np.prod(divisions)) // divisions[k] for k in range(d)
    )
    assert len(facets) == len(data.cells) * (d + 1)
    assert len(pairs) == (len(facets) - boundary) // 2
    assert (facets[pairs[:, 0], 0] != facets[pairs[:, 1], 0]).all()


@pytest.mark.parametrize("largest", [10**3, 10**8, 10**18])
def test_vertices_of_any_size_are_matched(largest: int) -> None:
    """Their numbers fit into one, two or three keys."""
    random = np.random.default_rng(1123)
    vertices = np.unique(random.integers(0, largest, (50, 3)), axis=0)
    shuffled = random.permutation(len(vertices))
    pairs = match_facets(np.concatenate([vertices, vertices[shuffled]]))
    assert len(pairs) == len(vertices)
    np.testing.assert_array_equal(pairs[:, 0], shuffled[pairs[:, 1] - len(vertices)])


def test_no_flag_no_facet() -> None:
    data = labelled_box((2, 2), layers([1.0]), ["A"])
    facets = flagged_facets(data.cells, np.zeros(len(data.points), dtype=bool))
    assert facets.shape == (0, 2)
    assert match_facets(facet_vertices(data.cells, facets)).shape == (0, 2)
