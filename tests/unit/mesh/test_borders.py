"""Facets between labels, inside the box and through its faces."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.mesh.borders import ask_owners, find_borders
from cellion.mesh.distribute import distribute
from cellion.mesh.facets import facet_areas, facet_vertices
from helpers.interface_boxes import grains
from helpers.mesh_boxes import labelled_box, layers


@pytest.mark.parametrize(("periodic", "walls"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("divisions", [(4, 3), (4, 3, 2)])
def test_walls_of_bricks(divisions: tuple[int, ...], periodic: bool, walls: int) -> None:
    d = len(divisions)
    data = labelled_box(divisions, layers([0.5, 0.5]), ["A", "B"], edges=2.0)
    mesh = distribute(data, MPI.COMM_SELF)
    borders = find_borders(mesh, periodic=periodic)
    areas = facet_areas(mesh.points, facet_vertices(mesh.cells, borders.near))
    assert areas.sum() == pytest.approx(walls * 2.0 ** (d - 1), rel=1e-12)
    np.testing.assert_array_equal(mesh.cell_labels[borders.near[:, 0]], borders.labels[:, 0])
    np.testing.assert_array_equal(mesh.cell_labels[borders.far[:, 0]], borders.labels[:, 1])
    assert (borders.labels[:, 0] != borders.labels[:, 1]).all()


@pytest.mark.parametrize("divisions", [(1, 4), (4, 1), (2, 1, 2), (3, 3, 3)])
def test_both_sides_name_the_same_facet(divisions: tuple[int, ...]) -> None:
    """Also in a box one cell thick, where a facet may begin and end at images of one vertex."""
    data = labelled_box(divisions, grains(divisions), ["A"] * int(np.prod(divisions)))
    mesh = distribute(data, MPI.COMM_SELF)
    borders = find_borders(mesh, periodic=True)
    sides = [facet_vertices(mesh.cells, side) for side in (borders.near, borders.far)]
    near, far = (np.sort(mesh.vertex_representative[side], axis=1) for side in sides)
    np.testing.assert_array_equal(near, far)
    places = [mesh.points[side].mean(axis=1) for side in sides]
    shift = (places[0] - places[1]) / mesh.box
    np.testing.assert_allclose(shift, np.round(shift), atol=1e-12)


def test_a_part_of_the_borders() -> None:
    data = labelled_box((4, 3), layers([0.25] * 4), ["A"] * 4)
    borders = find_borders(distribute(data, MPI.COMM_SELF), periodic=True)
    chosen = (borders.labels == 0).any(axis=1)
    part = borders.part(chosen)
    assert len(part.near) == len(part.far) == len(part.labels) == chosen.sum() == 6


def test_owners_answer_in_the_order_of_the_questions() -> None:
    mesh = distribute(labelled_box((3, 3), layers([1.0]), ["A"]), MPI.COMM_SELF)
    asked = np.array([7, 2, 2, 11])
    found = ask_owners(mesh, asked, lambda cells: mesh.points[mesh.cells[cells]])
    np.testing.assert_array_equal(found, mesh.points[mesh.cells[asked]])
