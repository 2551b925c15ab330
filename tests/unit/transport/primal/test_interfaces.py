"""Closed forms of interface terms against DOLFINx's assembly of the same integrals."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import dolfinx.fem
import dolfinx.fem.petsc
import dolfinx.mesh
import numpy as np
import pytest
import ufl
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.mesh.distribute import distribute
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.index_maps import dof_values, sum_at_owners
from cellion.transport.primal.discretise import discretise
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.interfaces import jump_energy, jump_matrices
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.system import assemble_load, assemble_operator
from helpers.interface_boxes import grains, laws
from helpers.mesh_boxes import isotropic, labelled_box

R, G = 0.3, 0.7


def label_facets(mesh: LabelledMesh) -> dolfinx.mesh.MeshTags:
    """Tag the facets inside the mesh between different labels."""
    d, topology = mesh.dimension, mesh.mesh.topology
    topology.create_entities(d - 1)
    topology.create_connectivity(d - 1, d)
    links = topology.connectivity(d - 1, d)
    inner = np.flatnonzero(np.diff(links.offsets) == 2)
    pairs = np.stack([links.array[links.offsets[inner]], links.array[links.offsets[inner] + 1]])
    first, second = mesh.cell_labels[pairs]
    found = inner[first != second].astype(np.int32)
    return dolfinx.mesh.meshtags(mesh.mesh, d - 1, found, np.ones(len(found), dtype=np.int32))


def dense(matrix: object, dofs: int) -> NDArray[np.float64]:
    return matrix.getValues(range(dofs), range(dofs))


@pytest.mark.parametrize("divisions", [(4, 6), (2, 4, 2)])
@pytest.mark.parametrize(("resistance", "sheet"), [(R, 0.0), (0.0, G), (R, G)])
def test_matrix_and_load(divisions: tuple[int, ...], resistance: float, sheet: float) -> None:
    d = len(divisions)
    data = labelled_box(divisions, grains((2,) * d), ["A"] * 2**d)
    mesh = distribute(data, MPI.COMM_SELF)
    problem = TransportProblem(
        mesh=mesh,
        conductivity=isotropic([1.0], d),
        drive=DRIVES["electrodes"],
        directions=("x",),
        contacts=laws(data, resistance, sheet),
    )
    discrete = discretise(problem)
    u, v = ufl.TrialFunction(discrete.space), ufl.TestFunction(discrete.space)
    dS = ufl.Measure("dS", domain=mesh.mesh, subdomain_data=label_facets(mesh))(1)
    n = ufl.FacetNormal(mesh.mesh)("+")
    e = ufl.as_vector(np.eye(d)[0].tolist())

    def along(field: ufl.core.expr.Expr) -> ufl.core.expr.Expr:
        return field - ufl.inner(field, n) * n

    a, b = ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx, -ufl.inner(e, ufl.grad(v)) * ufl.dx
    if resistance:
        a += 1.0 / resistance * ufl.jump(u) * ufl.jump(v) * dS
    for side in "+-":
        du, dv = along(ufl.grad(u)(side)), along(ufl.grad(v)(side))
        a += 0.5 * sheet * ufl.inner(du, dv) * dS
        b -= 0.5 * sheet * ufl.inner(along(e), dv) * dS
    expected = dolfinx.fem.petsc.assemble_matrix(dolfinx.fem.form(a))
    expected.assemble()
    count = discrete.unknowns
    found = assemble_operator(problem, discrete)
    np.testing.assert_allclose(dense(found, count), dense(expected, count), atol=1e-13)
    load = dolfinx.fem.assemble_vector(dolfinx.fem.form(b)).array
    np.testing.assert_allclose(assemble_load(problem, discrete, 0), load, atol=1e-13)


def test_the_energy_of_a_jump_is_that_of_its_matrix() -> None:
    data = labelled_box((2, 4, 2), grains((2, 2, 2)), ["A"] * 8, edges=(1.0, 2.0, 0.7))
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0], 3),
        drive=DRIVES["periodic"],
        directions=("x",),
        contacts=laws(data, R),
    )
    facets = discretise(problem).interfaces.resistive
    rng = np.random.default_rng(577)
    u, v = rng.normal(size=(2, len(facets.areas), 2, 3))
    matrices = jump_matrices(facets)
    expected = np.einsum("fa,fab,fb->f", u.reshape(-1, 6), matrices, v.reshape(-1, 6))
    np.testing.assert_allclose(jump_energy(facets, u, v), expected, rtol=1e-12, atol=1e-14)
    # A unit jump dissipates area over resistance.
    u[:, 0], u[:, 1] = 1.0, 0.0
    np.testing.assert_allclose(jump_energy(facets, u, u), facets.areas / R, rtol=1e-12)


def test_values_and_sums_by_global_number() -> None:
    index_map = dolfinx.common.IndexMap(MPI.COMM_SELF, 5)
    wanted = np.array([[3, 0], [3, 4]])
    values = 10.0 * np.arange(5)
    assert dof_values(index_map, wanted, values).tolist() == [[30.0, 0.0], [30.0, 40.0]]
    keys = np.array([[3, 7], [1, 7], [3, 7], [3, 8]])
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    found = sum_at_owners(index_map, keys, rows)
    assert found.tolist() == [[6.0, 8.0], [3.0, 4.0], [6.0, 8.0], [7.0, 8.0]]
