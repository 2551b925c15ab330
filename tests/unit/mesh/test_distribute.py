"""From arrays to a DOLFINx mesh on one rank; several ranks are in the verification tests."""

from __future__ import annotations

from dataclasses import replace

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import dolfinx.fem
import numpy as np
import pytest
import ufl
from mpi4py import MPI

from cellion.errors import MeshError
from cellion.mesh.distribute import distribute
from cellion.mesh.labelled import boundary_tags, face_facets, plane_names
from helpers.mesh_boxes import labelled_box, layers

DIVISIONS = [(4, 3), (3, 4, 2)]


@pytest.mark.parametrize("divisions", DIVISIONS)
def test_arrays_arrive(divisions: tuple[int, ...]) -> None:
    data = labelled_box(divisions, layers([0.3, 0.7]), ["A", "B"], edges=2e-6)
    mesh = distribute(data, MPI.COMM_SELF)
    np.testing.assert_array_equal(mesh.points, data.points[mesh.input_vertices])
    np.testing.assert_array_equal(mesh.input_vertices[mesh.cells], data.cells[mesh.input_cells])
    np.testing.assert_array_equal(mesh.cell_labels, data.labels[mesh.input_cells])
    np.testing.assert_array_equal(mesh.cell_materials, data.cell_materials[mesh.input_cells])
    np.testing.assert_array_equal(mesh.mesh.topology.original_cell_index, mesh.input_cells)
    assert mesh.global_cells == len(data.cells)
    assert mesh.fills_box
    assert mesh.orientations is None


def test_orientations_arrive() -> None:
    data = labelled_box((2, 2), layers([0.5, 0.5]), ["A", "A"])
    turns = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]]])
    mesh = distribute(replace(data, orientations=turns), MPI.COMM_SELF)
    np.testing.assert_array_equal(mesh.orientations, turns)


@pytest.mark.parametrize("divisions", DIVISIONS)
def test_dolfinx_can_integrate_and_differentiate(divisions: tuple[int, ...]) -> None:
    d = len(divisions)
    data = labelled_box(divisions, layers([1.0]), ["A"], edges=np.arange(1, d + 1))
    mesh = distribute(data, MPI.COMM_SELF).mesh
    f = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 2)))
    f.interpolate(lambda x: x[0] ** 2 + x[1])
    form = dolfinx.fem.form(ufl.inner(ufl.grad(f), ufl.grad(f)) * ufl.dx)
    # int 4 x^2 + 1 over a box with edge 1 along x
    expected = (4.0 / 3.0 + 1.0) * np.prod(np.arange(1, d + 1))
    assert dolfinx.fem.assemble_scalar(form) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("divisions", DIVISIONS)
def test_faces_are_tagged_by_name(divisions: tuple[int, ...]) -> None:
    d = len(divisions)
    edges = np.arange(1, d + 1)
    mesh = distribute(labelled_box(divisions, layers([1.0]), ["A"], edges=edges), MPI.COMM_SELF)
    tags, names = boundary_tags(mesh)
    assert names == plane_names(d)
    ds = ufl.Measure("ds", domain=mesh.mesh, subdomain_data=tags)
    one = dolfinx.fem.Constant(mesh.mesh, 1.0)
    for index in range(2 * d):
        area = dolfinx.fem.assemble_scalar(dolfinx.fem.form(one * ds(index)))
        assert area == pytest.approx(np.prod(edges) / edges[index // 2], rel=1e-12)
        assert len(face_facets(mesh, index // 2, index % 2)) == len(tags.find(index))


def test_bandwidth_does_not_depend_on_the_order_of_the_input() -> None:
    data = labelled_box((12, 12, 12), layers([1.0]), ["A"])
    rng = np.random.default_rng(577)
    order = rng.permutation(len(data.points))
    place = np.argsort(order)
    shuffled = type(data)(
        points=data.points[order],
        cells=place[data.cells][rng.permutation(len(data.cells))],
        labels=data.labels,
        label_material=data.label_material,
        materials=data.materials,
        box=data.box,
        periodic=data.periodic,
    )
    spans = []
    for one in (data, shuffled):
        cells = distribute(one, MPI.COMM_SELF).cells
        spans.append(float(np.ptp(cells, axis=1).mean()))
    assert spans[1] == pytest.approx(spans[0], rel=1e-12)


def test_a_mesh_with_voids_does_not_fill_its_box() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5]), ["A", "B"], periodic=False)
    kept = data.labels == 0
    half = type(data)(
        points=data.points,
        cells=data.cells[kept],
        labels=data.labels[kept],
        label_material=data.label_material,
        materials=data.materials,
        box=data.box,
        periodic=data.periodic,
    )
    mesh = distribute(half, MPI.COMM_SELF)
    assert not mesh.fills_box
    assert len(mesh.points) == 15


def test_no_mesh_is_an_error() -> None:
    with pytest.raises(MeshError, match="no mesh on rank 0"):
        distribute(None, MPI.COMM_SELF)
