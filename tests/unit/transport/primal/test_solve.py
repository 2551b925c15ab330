"""Solves: what is reported, what is refused, which fields come out."""

from __future__ import annotations

from typing import Any

from cellion.parallel import Stopwatch, peak_memory

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from cellion.errors import ConvergenceError
from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.transport.preconditioner.solver_options import PREFIX, options_set
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution, current_density, potential
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import balls, isotropic, labelled_box, layers


def solved(
    data: MeshData, values: list[float], boundary: str, directions: str = "xyz", **more: Any
) -> Solution:
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic(values, data.dimension),
        drive=DRIVES[boundary],
        directions=tuple(directions[: data.dimension]),
    )
    return solve(problem, **more)


@pytest.fixture(scope="module")
def composite() -> MeshData:
    centers = np.random.default_rng(353).random((3, 3))
    return labelled_box((6, 6, 6), balls(centers, 0.3), ["matrix"] + ["ball"] * 3, edges=2e-6)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_report_and_stages(composite: MeshData, boundary: str) -> None:
    watch = Stopwatch()
    solution = solved(composite, [1.0, 0.05], boundary, watch=watch)
    report = solution.report
    assert report.unknowns == (6**3 if boundary == "periodic" else 7**3)
    assert set(report.iterations) == set("xyz")
    assert all(0 < n < 30 for n in report.iterations.values())
    assert all(name.startswith("CONVERGED") for name in report.reason.values())
    assert all(value < 1e-6 for value in report.residual.values())
    assert all(value <= 1e-10 for value in report.energy_error.values())
    assert report.options["ksp_type"] == "cg"
    assert list(watch.seconds) == ["discretise", "assemble", "setup", "solve"]


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_a_homogeneous_box_needs_no_correction(boundary: str) -> None:
    data = labelled_box((3, 4, 2), layers([1.0]), ["A"], edges=(1e-6, 2e-6, 3e-6))
    solution = solved(data, [3e-9], boundary)
    assert set(solution.report.iterations.values()) == {0}
    np.testing.assert_allclose(current_density(solution, "y") / 3e-9, [[0, 1, 0]] * 144, atol=1e-9)


def test_only_wanted_directions_are_solved(composite: MeshData) -> None:
    solution = solved(composite, [1.0, 0.05], "electrodes", "y")
    assert set(solution.correctors) == set(solution.currents) == {"y"}
    tensor = effective_conductivity(solution).tensor
    assert np.isfinite(tensor).tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_nothing_percolates() -> None:
    data = labelled_box((4, 4), layers([0.25, 0.5, 0.25]), ["void", "A", "void"])
    for boundary in ("periodic", "electrodes"):
        solution = solved(data, [0.0, 1.0], boundary, "x")
        assert solution.report.unknowns == 0
        assert solution.report.iterations == {}
        assert not solution.percolation.percolates["x"]
        assert effective_conductivity(solution).tensor[0, 0] == 0.0
        assert not current_density(solution, "x").any()
        assert np.isnan(potential(solution, "x")).all()
    assert "connects x_min with x_max" in solution.percolation.reason["x"]
    assert solution.percolation.isolated["A"]["x"] == pytest.approx(0.5, rel=1e-12)


def test_no_conductor_at_all() -> None:
    solution = solved(labelled_box((2, 2), layers([1.0]), ["A"]), [0.0], "periodic")
    assert solution.percolation.reason["x"] == "no material conducts this carrier"
    np.testing.assert_array_equal(effective_conductivity(solution).tensor, np.zeros((2, 2)))


def test_a_direction_without_percolation_is_exactly_zero() -> None:
    data = labelled_box((4, 4, 4), layers([0.5, 0.5]), ["A", "void"])
    periodic, electrodes = (
        effective_conductivity(solved(data, [2.0, 0.0], boundary)).tensor
        for boundary in ("periodic", "electrodes")
    )
    assert periodic[0].tolist() == periodic[:, 0].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(periodic[1:, 1:], np.eye(2), atol=1e-12)
    assert electrodes[0, 0] == 0.0
    np.testing.assert_allclose(np.diag(electrodes)[1:], [1.0, 1.0], atol=1e-12)


def test_a_dangling_part_carries_no_current() -> None:
    """A bar along x at low y, and a stub on the face x_min at high y."""

    def label(x: np.ndarray) -> np.ndarray:
        return (x[:, 1] < 0.25) | ((x[:, 1] > 0.75) & (x[:, 0] < 0.5))

    data = labelled_box((8, 8), label, ["void", "A"], periodic=False)
    solution = solved(data, [0.0, 1.0], "electrodes", "x")
    assert solution.percolation.dangling["A"]["x"] == pytest.approx(0.125, rel=1e-12)
    assert effective_conductivity(solution).tensor[0, 0] == pytest.approx(0.25, rel=1e-10)


def test_potential_between_electrodes(composite: MeshData) -> None:
    solution = solved(composite, [1.0, 0.05], "electrodes", "z")
    mesh, phi = solution.problem.mesh, potential(solution, "z")
    z = mesh.points[mesh.cells, 2]
    np.testing.assert_allclose(phi[z == z.min()], 0.0, atol=1e-18)
    # A field of 1 V/m over 2 um
    np.testing.assert_allclose(phi[z == z.max()], -2e-6, rtol=1e-12)
    assert phi.min() >= -2e-6 * (1 + 1e-9)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_the_mean_current_is_the_effective_conductivity(composite: MeshData, boundary: str) -> None:
    solution = solved(composite, [1.0, 0.05], boundary)
    mesh = solution.problem.mesh
    tensor = effective_conductivity(solution).tensor
    for axis, direction in enumerate("xyz"):
        mean = mesh.cell_volumes @ current_density(solution, direction) / mesh.volume
        assert mean[axis] == pytest.approx(tensor[axis, axis], rel=1e-8)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_too_few_iterations_are_an_error(composite: MeshData, boundary: str) -> None:
    with options_set({"ksp_max_it": "2"}), pytest.raises(ConvergenceError) as caught:
        solved(composite, [1.0, 1e-3], boundary)
    assert "direction x: DIVERGED_MAX_IT after 2 iterations" in str(caught.value)
    assert caught.value.report.iterations == {"x": 2}
    assert caught.value.exit_code == 3


def test_options_leave_no_trace(composite: MeshData) -> None:
    solved(composite, [1.0, 0.05], "periodic", "x")
    assert not PETSc.Options(PREFIX).getAll()


def test_solves_leave_no_memory_behind() -> None:
    """PETSc objects are destroyed where they are made: memory stays flat in a row of solves."""
    data = labelled_box((12, 12, 12), layers([0.5, 0.5]), ["A", "B"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1, 2], 3),
        drive=DRIVES["electrodes"],
        directions=("x",),
    )
    for _ in range(4):
        solve(problem)
    before = peak_memory()
    for _ in range(12):
        solve(problem)
    # The matrix alone takes 0.4 MB; twelve times matrix, copy and hierarchy would be far more.
    assert peak_memory() - before < 4e6
