"""Degrees of freedom as keys."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import dolfinx.fem
import numpy as np
import pytest
import ufl
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.transport.primal.spaces import function_space, number_keys, vertex_entities
from helpers.mesh_boxes import labelled_box, layers


@pytest.mark.parametrize("periodic", [True, False])
@given(groups=st.integers(1, 5), seed=st.integers(2, 10**6))
@settings(max_examples=20)
def test_one_number_for_each_pair_of_vertex_and_group(
    periodic: bool, groups: int, seed: int
) -> None:
    mesh = distribute(labelled_box((3, 4, 2), layers([1.0]), ["A"]), MPI.COMM_SELF)
    group = np.random.default_rng(seed).integers(-1, groups, len(mesh.cells))
    dofs = number_keys(vertex_entities(mesh, periodic=periodic), group, len(group), mesh.comm)
    vertex = mesh.vertex_representative if periodic else np.arange(len(mesh.points))
    active = group >= 0
    of_cell = dofs.of_cell[active]
    keys = {}
    for dof, v, g in zip(
        of_cell.reshape(-1),
        vertex[mesh.cells[active]].reshape(-1),
        np.repeat(group[active], 4),
        strict=True,
    ):
        assert keys.setdefault((v, g), dof) == dof
        assert dofs.group[dof] == g
    assert len(set(keys.values())) == len(keys) == dofs.index_map.size_global == len(dofs.group)
    assert sorted(keys.values()) == list(range(len(keys)))


def test_a_space_over_part_of_the_cells() -> None:
    """Functions live on the cells of a group; forms over these cells see nothing else."""
    mesh = distribute(labelled_box((4, 3), layers([0.5, 0.5]), ["A", "B"]), MPI.COMM_SELF)
    group = np.where(mesh.cell_materials == 1, 0, -1)
    dofs = number_keys(vertex_entities(mesh, periodic=False), group, len(group), mesh.comm)
    space = function_space(mesh, dofs)
    cells = np.flatnonzero(group == 0).astype(np.int32)
    f = dolfinx.fem.Function(space)
    f.x.array[dofs.of_cell[cells]] = mesh.points[mesh.cells[cells], 0]
    dx = ufl.Measure("dx", domain=mesh.mesh, subdomain_data=[(1, cells)], subdomain_id=1)
    integral = dolfinx.fem.assemble_scalar(dolfinx.fem.form(f * dx))
    assert len(f.x.array) == 3 * 4
    assert integral == pytest.approx(0.375, rel=1e-12)


def test_a_function_may_jump_between_groups() -> None:
    mesh = distribute(labelled_box((4, 3), layers([0.5, 0.5]), ["A", "B"]), MPI.COMM_SELF)
    group = mesh.cell_materials
    dofs = number_keys(vertex_entities(mesh, periodic=False), group, len(group), mesh.comm)
    f = dolfinx.fem.Function(function_space(mesh, dofs))
    f.x.array[:] = dofs.group
    # The jump is one along the plane x = 1/2 of length 1.
    form = dolfinx.fem.form(ufl.jump(f) ** 2 * ufl.dS)
    assert dolfinx.fem.assemble_scalar(form) == pytest.approx(1.0, rel=1e-12)


def test_numbers_follow_the_vertices() -> None:
    mesh = distribute(labelled_box((6, 6, 6), layers([1.0]), ["A"]), MPI.COMM_SELF)
    group = np.zeros(len(mesh.cells), dtype=np.int32)
    dofs = number_keys(vertex_entities(mesh, periodic=False), group, len(group), mesh.comm)
    np.testing.assert_array_equal(dofs.of_cell, mesh.cells)
