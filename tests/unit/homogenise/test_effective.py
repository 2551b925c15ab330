"""What must be true of every effective tensor."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.effective import (
    VOID,
    EffectiveConductivity,
    effective_conductivity,
    homogenise,
)
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import isotropic, labelled_box, layers, tiles

examples = settings(max_examples=12)
values = st.floats(1e-3, 1e3)
seeds = st.integers(2, 10**6)


def random_tensor(rng: np.random.Generator, dimension: int) -> NDArray[np.float64]:
    """Random symmetric positive tensor with principal values from 0.01 to 100."""
    axes, _ = np.linalg.qr(rng.normal(size=(dimension, dimension)))
    return axes @ np.diag(10.0 ** rng.uniform(-2, 2, dimension)) @ axes.T


def random_box(dimension: int, seed: int) -> MeshData:
    """Bricks of three materials at random."""
    rng = np.random.default_rng(seed)
    n = 4 if dimension == 3 else 6
    labels = rng.integers(0, 3, (n,) * dimension)
    return labelled_box(
        (n,) * dimension,
        lambda x: labels[tuple(np.floor(n * x).astype(int).T)],
        ["A", "B", "C"],
        edges=np.arange(1, dimension + 1),
    )


def effective(
    data: MeshData, conductivity: NDArray[np.float64], boundary: str = "periodic"
) -> EffectiveConductivity:
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
    )
    return effective_conductivity(solve(problem))


@pytest.mark.parametrize("dimension", [2, 3])
@given(seed=seeds)
@examples
def test_symmetric_positive_and_within_wiener_bounds(dimension: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = random_box(dimension, seed)
    sigma = np.stack([random_tensor(rng, dimension) for _ in range(3)])
    tensor = effective(data, sigma).tensor
    np.testing.assert_array_equal(tensor, tensor.T)
    fractions = np.bincount(data.cell_materials, minlength=3) / len(data.cells)
    upper = np.einsum("m,mij->ij", fractions, sigma)
    lower = np.linalg.inv(np.einsum("m,mij->ij", fractions, np.linalg.inv(sigma)))
    scale = np.abs(sigma).max()
    assert np.linalg.eigvalsh(tensor - lower).min() > -1e-10 * scale
    assert np.linalg.eigvalsh(upper - tensor).min() > -1e-10 * scale


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
@given(seed=seeds, factor=st.floats(1e-12, 1e12))
@examples
def test_a_common_factor_scales_the_answer(boundary: str, seed: int, factor: float) -> None:
    data = random_box(2, seed)
    sigma = isotropic([1.0, 0.1, 20.0], 2)
    one, other = effective(data, sigma, boundary), effective(data, factor * sigma, boundary)
    np.testing.assert_allclose(other.tensor, factor * one.tensor, rtol=1e-9, atol=1e-12 * factor)
    assert other.discretisation_error == pytest.approx(one.discretisation_error, rel=1e-6)


@given(seed=seeds)
@examples
def test_the_length_unit_does_not_matter(seed: int) -> None:
    data = random_box(2, seed)
    small = type(data)(
        points=1e-6 * data.points,
        cells=data.cells,
        labels=data.labels,
        label_material=data.label_material,
        materials=data.materials,
        box=1e-6 * data.box,
        periodic=data.periodic,
    )
    sigma = isotropic([1.0, 0.1, 20.0], 2)
    for boundary in ("periodic", "electrodes"):
        np.testing.assert_allclose(
            effective(small, sigma, boundary).tensor,
            effective(data, sigma, boundary).tensor,
            rtol=1e-9,
            atol=1e-12,
        )


@given(seed=seeds)
@examples
def test_turning_the_sample_turns_the_tensor(seed: int) -> None:
    """A cyclic exchange of the axes of sample, crystal and box is a rotation by 120 degrees."""
    rng = np.random.default_rng(seed)
    data = random_box(3, seed)
    sigma = np.stack([random_tensor(rng, 3) for _ in range(3)])
    turn = np.eye(3)[[2, 0, 1]]
    turned = type(data)(
        points=data.points @ turn.T,
        cells=data.cells,
        labels=data.labels,
        label_material=data.label_material,
        materials=data.materials,
        box=turn @ data.box,
        periodic=data.periodic,
    )
    tensor = effective(data, sigma).tensor
    found = effective(turned, turn @ sigma @ turn.T).tensor
    scale = np.abs(tensor).max()
    np.testing.assert_allclose(found, turn @ tensor @ turn.T, atol=1e-9 * scale)


@given(seed=seeds, low=values, high=values)
@examples
def test_electrodes_balance_and_agree_with_the_dissipation(
    seed: int, low: float, high: float
) -> None:
    data = random_box(2, seed)
    found = effective(data, isotropic([1.0, low, high], 2), "electrodes")
    for axis, direction in enumerate("xy"):
        assert found.imbalance[direction] < 1e-7
        assert found.from_currents[direction] == pytest.approx(found.tensor[axis, axis], rel=1e-7)
    assert np.isnan(found.tensor[[0, 1], [1, 0]]).all()


def test_the_error_estimate_falls_with_the_mesh() -> None:
    """At corners of contrast 1.5 the error falls as h^1.74, and so does the gap between bounds."""
    estimates = []
    for n in (8, 16, 32):
        data = labelled_box((n, n), tiles((2, 2)), ["A", "B"])
        estimates.append(effective(data, isotropic([1.0, 1.5], 2)).discretisation_error["x"])
    assert estimates[0] < 0.01
    assert 2.3 < estimates[0] / estimates[1] < 4.0
    assert 2.3 < estimates[1] / estimates[2] < 4.0


def test_the_record_of_a_mesh_with_voids() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5], 1), ["A", "B"], periodic=False)
    kept = data.labels == 0
    half = type(data)(
        points=data.points,
        cells=data.cells[kept],
        labels=data.labels[kept],
        label_material=data.label_material[:1],
        materials=("A",),
        box=data.box,
        periodic=data.periodic,
    )
    problem = TransportProblem(
        mesh=distribute(half, MPI.COMM_SELF),
        conductivity=isotropic([2.0], 2),
        drive=DRIVES["electrodes"],
        directions=("x",),
    )
    record = homogenise("ion", solve(problem))
    assert record.conducting == ("A",)
    assert VOID not in record.conducting
    assert record.conducting_fraction == pytest.approx(0.5, rel=1e-12)
    assert record.effective_conductivity[0, 0] == pytest.approx(1.0, rel=1e-10)
    assert record.tortuosity_factor["x"] == pytest.approx(1.0, rel=1e-10)


def test_the_record_says_where_the_energy_goes() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5]), ["A", "B"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([2.0, 1.0], 2),
        drive=DRIVES["periodic"],
        directions=("x", "y"),
    )
    shares = homogenise("ion", solve(problem)).dissipation
    # In series the worse conductor takes more, in parallel the better one.
    assert shares["x"].bulk == pytest.approx({"A": 1 / 3, "B": 2 / 3}, rel=1e-9)
    assert shares["y"].bulk == pytest.approx({"A": 2 / 3, "B": 1 / 3}, rel=1e-9)
    assert not shares["x"].resistive
    assert not shares["x"].sheet
