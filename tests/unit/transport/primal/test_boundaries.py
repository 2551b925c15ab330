"""Uniform gradient and uniform flux: full tensors on both sides of the others."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import current_density, potential
from cellion.transport.primal.solve import solve
from helpers.interface_boxes import effective, grains, laws, solved
from helpers.mesh_boxes import isotropic, labelled_box, layers

UNIFORM = ("uniform_gradient", "uniform_flux")
TENSOR = np.array([[3.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 2.0]])


def random_tiles(seed: int) -> MeshData:
    rng = np.random.default_rng(seed)
    materials = [f"M{i}" for i in rng.permutation(np.arange(9) % 3)]
    return labelled_box((6, 6), grains((3, 3)), materials, edges=(1.0, 2.0))


@pytest.mark.parametrize("boundary", UNIFORM)
@pytest.mark.parametrize("edges", [1.0, (1e-6, 2e-6, 3e-6)])
def test_a_homogeneous_box_has_its_own_tensor(boundary: str, edges: object) -> None:
    data = labelled_box((3, 2, 4), layers([1.0]), ["A"], edges=edges)
    found = effective(data, 1e-7 * TENSOR[None], boundary=boundary)
    np.testing.assert_allclose(found.tensor, 1e-7 * TENSOR, rtol=1e-9, atol=1e-17)


@given(
    seed=st.integers(2, 10**6), R=st.sampled_from([0.0, 0.05, 2.0]), G=st.sampled_from([0.0, 1.0])
)
@settings(max_examples=12)
def test_the_order_of_apparent_conductivities(seed: int, R: float, G: float) -> None:
    """Flux below periodic below gradient, as tensors (Huet, J. Mech. Phys. Solids 38 (1990) 813).

    Any potential that is admissible for one is for the next; the discrete ones are, too. A uniform
    flux sees no walls on the faces of the box, and sheets there are no help to it: the periodic
    box has them, hence the middle of that order is left to perfect contacts.
    """
    data = random_tiles(seed)
    sigma = isotropic([1.0, 0.1, 20.0], 2)
    interfaces = laws(data, R, G)
    lower = effective(data, sigma, interfaces, "uniform_flux").tensor
    upper = effective(data, sigma, interfaces, "uniform_gradient").tensor
    ordered = [lower, upper]
    if R == G == 0.0:
        ordered.insert(1, effective(data, sigma, interfaces).tensor)
    for worse, better in pairwise(ordered):
        assert np.linalg.eigvalsh(better - worse).min() > -1e-9


def test_the_mean_field_of_a_uniform_flux_is_the_one_asked_for() -> None:
    """1/V int phi n over the boundary, jumps of the potential included."""
    data = random_tiles(811)
    solution = solved(data, isotropic([1.0, 0.1, 20.0], 2), laws(data, 0.4), "uniform_flux")
    mesh = solution.problem.mesh
    tensor = effective_conductivity(solution).tensor
    volumes = mesh.cell_volumes[:, None]
    for k, direction in enumerate("xy"):
        j = (current_density(solution, direction) * volumes).sum(axis=0) / mesh.volume
        # The mean current is the prescribed one: column k of the tensor.
        np.testing.assert_allclose(j, tensor[:, k], rtol=1e-8, atol=1e-8)
        assert np.isfinite(potential(solution, direction)).all()


@pytest.mark.parametrize("boundary", UNIFORM)
def test_one_direction_is_that_of_all(boundary: str) -> None:
    data = random_tiles(127)
    usual = solved(data, isotropic([1.0, 0.1, 20.0], 2), laws(data, 0.1), boundary)
    one = solve(replace(usual.problem, directions=("y",)))
    tensor = effective_conductivity(one).tensor
    expected = effective_conductivity(usual).tensor[1, 1]
    assert tensor[1, 1] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(tensor[0]).all()


def inclusion(x: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (np.abs(x - 0.5) < 0.25).all(axis=1)


@pytest.mark.parametrize("boundary", UNIFORM)
def test_an_insulator_inside_is_no_obstacle_to_the_conditions(boundary: str) -> None:
    data = labelled_box((8, 8), inclusion, ["A", "void"])
    tensor = effective(data, isotropic([1.0, 0.0], 2), boundary=boundary).tensor
    assert 0.4 < tensor[0, 0] < 0.8
    assert tensor[0, 0] == pytest.approx(tensor[1, 1], rel=1e-9)


def test_a_uniform_flux_does_not_enter_an_insulator() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5], 1), ["A", "void"], periodic=False)
    solution = solved(data, isotropic([2.0, 0.0], 2), boundary="uniform_flux")
    assert not any(solution.percolation.percolates.values())
    assert "cannot cross x_min and x_max" in solution.percolation.reason["x"]
    np.testing.assert_array_equal(effective_conductivity(solution).tensor, np.zeros((2, 2)))
    # A uniform gradient is there wherever the conductor meets the boundary.
    upper = effective(data, isotropic([2.0, 0.0], 2), boundary="uniform_gradient").tensor
    assert upper[0, 0] == pytest.approx(1.0, rel=1e-10)
    assert upper[1, 1] > 0.1


def test_a_uniform_flux_in_one_direction_only() -> None:
    """It cannot cross faces that an insulator is part of, nor slabs that are insulated."""
    data = labelled_box((4, 6), layers([1 / 3, 1 / 3, 1 / 3], 1), ["A", "void", "A"])
    solution = solved(data, isotropic([2.0, 0.0], 2), boundary="uniform_flux")
    assert solution.percolation.percolates == {"x": False, "y": False}
    whole = labelled_box((4, 6), layers([1 / 3, 1 / 3, 1 / 3], 1), ["A", "B", "A"])
    cut = laws(whole, np.where(np.eye(2) > 0, 0.0, np.inf))
    apart = solved(whole, isotropic([2.0, 4.0], 2), cut, "uniform_flux")
    # Three slabs insulated from each other: each passes as much as it takes along x, none along y.
    assert apart.percolation.percolates == {"x": True, "y": False}
    tensor = effective_conductivity(apart).tensor
    harmonic = 1.0 / (2 / 3 / 2.0 + 1 / 3 / 4.0)
    np.testing.assert_allclose(tensor, np.diag([harmonic, 0.0]), rtol=1e-9, atol=1e-12)


def test_nothing_touches_the_boundary() -> None:
    data = labelled_box((8, 8), inclusion, ["void", "A"])
    solution = solved(data, isotropic([0.0, 1.0], 2), boundary="uniform_gradient")
    assert solution.percolation.reason["x"] == "no conductor touches the boundary of the box"
    assert solution.percolation.isolated["A"]["x"] == pytest.approx(0.25)


def test_currents_in_and_out_of_a_uniform_gradient_balance() -> None:
    data = random_tiles(499)
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, 0.1, 20.0], 2),
        drive=DRIVES["uniform_gradient"],
        directions=("x", "y"),
        contacts=laws(data, 0.1, 0.2),
    )
    found = effective_conductivity(solve(problem))
    assert max(found.imbalance.values()) < 1e-8
    assert not found.from_currents
