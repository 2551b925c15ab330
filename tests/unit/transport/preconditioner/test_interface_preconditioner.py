"""The preconditioner of resistive interfaces: symmetric, definite and robust in R."""

from __future__ import annotations

from dataclasses import replace

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpi4py import MPI
from numpy.typing import NDArray
from petsc4py import PETSc
from scipy.spatial.transform import Rotation

from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.transport.preconditioner.agglomerate import agglomerate
from cellion.transport.preconditioner.solver_options import PREFIX, options_set, solver_options
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.discretise import discretise
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.interface_couplings import find_couplings
from cellion.transport.primal.linear import configure
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from cellion.transport.primal.system import assemble_operator
from helpers.interface_boxes import laws
from helpers.mesh_boxes import isotropic, labelled_box

_MOST_ITERATIONS = 60
"""What the preconditioner is for; at most 55 were measured, with finer meshes and more grains."""

_GRAINS = 12
_SIZE = _GRAINS ** (-1.0 / 3.0)


def random_grains(n: int, *, periodic: bool = True) -> MeshData:
    """Ragged grains of two materials in random orientations."""
    rng = np.random.default_rng(71)
    centers = rng.random((_GRAINS, 3))

    def label(x: NDArray[np.float64]) -> NDArray[np.int64]:
        offset = x[:, None] - centers
        offset -= np.round(offset)
        return (offset**2).sum(axis=2).argmin(axis=1)

    data = labelled_box((n, n, n), label, ["A", "B"] * (_GRAINS // 2), periodic=periodic)
    return replace(data, orientations=Rotation.random(_GRAINS, rng=rng).as_matrix())


def problem_of(
    data: MeshData,
    interfaces: Contacts | None,
    anisotropy: float = 1.0,
    contrast: float = 1.0,
    boundary: str = "periodic",
) -> TransportProblem:
    """Two materials whose largest principal conductivities are 1 and 1 / contrast."""
    sigma = np.diag([1.0, anisotropy**-0.5, 1.0 / anisotropy])
    return TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=np.stack([sigma, sigma / contrast]),
        drive=DRIVES[boundary],
        directions=("x", "y", "z"),
        contacts=interfaces,
    )


@st.composite
def ties(
    draw: st.DrawFn,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Nodes with stiffnesses and ties with conductances over twelve decades."""
    n = draw(st.integers(2, 9))
    decades = st.floats(-6.0, 6.0)
    stiffness = 10.0 ** np.array(draw(st.lists(decades, min_size=n, max_size=n)))
    node = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(node, node).filter(lambda p: p[0] != p[1]), max_size=20))
    size = len(pairs)
    conductance = 10.0 ** np.array(draw(st.lists(decades, min_size=size, max_size=size)))
    return stiffness, np.array(pairs, dtype=np.int64).reshape(-1, 2), conductance


@given(ties())
def test_what_stays_apart_is_tied_by_less_than_its_own_stiffness(
    case: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]],
) -> None:
    stiffness, ends, conductance = case
    cluster = agglomerate(stiffness, ends, conductance)
    count = int(cluster.max()) + 1
    own = np.bincount(cluster, stiffness, count)
    between = np.zeros((count, count))
    one, other = cluster[ends].T
    np.add.at(between, (one, other), conductance)
    between += between.T
    np.fill_diagonal(between, 0.0)
    assert (between <= own[:, None] * (1.0 + 1e-9)).all()


def test_a_poor_conductor_joins_one_good_one_and_does_not_join_two() -> None:
    """Tied to both by 1, far above its own stiffness and far below theirs."""
    stiffness = np.array([1e3, 1e-3, 1e3])
    cluster = agglomerate(stiffness, np.array([[0, 1], [1, 2]]), np.array([1.0, 1.1]))
    assert cluster[1] == cluster[2] != cluster[0]


def test_strong_ties_join_all_and_weak_ones_none() -> None:
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    ones = np.ones(4)
    assert len(set(agglomerate(ones, ends, 1e6 * ones).tolist())) == 1
    assert len(set(agglomerate(ones, ends, 1e-6 * ones).tolist())) == 4


@pytest.mark.parametrize("resistance", [1e-6, 1e-1, 1.0, 1e2])
@pytest.mark.parametrize(("anisotropy", "contrast"), [(1.0, 1.0), (1e2, 1e2)])
def test_it_is_symmetric_and_close_to_the_inverse(
    resistance: float, anisotropy: float, contrast: float
) -> None:
    """The eigenvalues of B A lie in an interval up to 1; those of the constants are made 1."""
    data = random_grains(5)
    problem = problem_of(data, laws(data, resistance * _SIZE), anisotropy, contrast)
    discrete = discretise(problem)
    matrix = assemble_operator(problem, discrete)
    solver = PETSc.KSP().create(MPI.COMM_SELF)
    solver.setOptionsPrefix(PREFIX)
    solver.setOperators(matrix)
    with options_set(solver_options(reuse=False)):
        configure(solver, problem, discrete)
        solver.setUp()
    n = matrix.getSize()[0]
    without_mean = np.eye(n) - 1.0 / n
    B = without_mean @ _dense(solver.getPC().apply, matrix, without_mean)
    A = _dense(matrix.mult, matrix, np.eye(n))
    solver.destroy()
    matrix.destroy()
    np.testing.assert_allclose(B, B.T, atol=1e-9 * np.abs(B).max())
    factor = np.linalg.cholesky(A + 1.0 / n)
    found = np.linalg.eigvalsh(factor.T @ (B + 1.0 / n) @ factor)
    assert found.min() > 0.01
    assert found.max() < 1.0 + 1e-4


def _dense(apply: object, matrix: PETSc.Mat, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply an operator to columns."""
    into, out = matrix.createVecs()
    found = np.empty_like(columns)
    for k, column in enumerate(columns.T):
        into.array[:] = column
        apply(into, out)  # type: ignore[operator]
        found[:, k] = out.array
    into.destroy()
    out.destroy()
    return found


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
@pytest.mark.parametrize(("anisotropy", "contrast"), [(1.0, 1.0), (1.0, 1e6), (1e4, 1.0)])
@pytest.mark.parametrize("resistance", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_iterations_hardly_depend_on_resistance_contrast_and_anisotropy(
    resistance: float, anisotropy: float, contrast: float, boundary: str
) -> None:
    """Resistance in units of grain size over the largest conductivity."""
    data = random_grains(8, periodic=boundary == "periodic")
    report = solve(
        problem_of(data, laws(data, resistance * _SIZE), anisotropy, contrast, boundary)
    ).report
    assert max(report.iterations.values()) < _MOST_ITERATIONS


@pytest.mark.parametrize("decades", [2.0, 4.0])
def test_resistances_that_vary_from_wall_to_wall_cost_little(decades: float) -> None:
    data = random_grains(8)

    def factor(pairs: NDArray[np.integer]) -> NDArray[np.float64]:  # type: ignore[type-arg]
        return 10.0 ** (decades * np.sin(7.0 * pairs[:, 0] + 13.0 * pairs[:, 1]))

    problem = problem_of(data, laws(data, 0.1 * _SIZE, factor=factor), 1e2, 1e3)
    assert max(solve(problem).report.iterations.values()) < _MOST_ITERATIONS


def test_labels_in_perfect_contact_share_a_block() -> None:
    """Grains of B touch perfectly, all other walls resist."""
    data = random_grains(6)
    problem = problem_of(data, laws(data, [[1.0, 1.0], [1.0, 0.0]]), 1e2)
    couplings = find_couplings(problem, discretise(problem))
    assert couplings is not None
    material = problem.mesh.label_material
    assert len(set(couplings.block[material == 0].tolist())) == (material == 0).sum()
    assert len(set(couplings.block[material == 1].tolist())) < (material == 1).sum()
    assert max(solve(problem).report.iterations.values()) < _MOST_ITERATIONS


def test_perfect_contacts_and_sheets_keep_plain_multigrid() -> None:
    data = random_grains(4)
    for interfaces in (None, laws(data, 0.0, 0.1)):
        problem = problem_of(data, interfaces)
        assert find_couplings(problem, discretise(problem)) is None


def test_many_labels_in_the_plane() -> None:
    """Triangles, whose facets have two vertices."""
    data = labelled_box((24, 24), lambda x: np.floor(x * 6) @ np.array([6, 1]), ["A"] * 36)
    for resistance in (1e-6, 1.0, 1e6):
        problem = TransportProblem(
            mesh=distribute(data, MPI.COMM_SELF),
            conductivity=isotropic([1.0], 2),
            drive=DRIVES["periodic"],
            directions=("x", "y"),
            contacts=laws(data, resistance / 6.0),
        )
        assert max(solve(problem).report.iterations.values()) < 20
