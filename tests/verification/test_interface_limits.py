"""Limits of interface laws: perfect, insulating, and all between; junctions of different laws."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from helpers.interface_boxes import between, effective, grains, laws, solved
from helpers.mesh_boxes import balls, isotropic, labelled_box

SIGMA = isotropic([1.0, 20.0], 3)


@pytest.fixture(scope="module")
def composite() -> MeshData:
    """A matrix that holds two balls, one of them across the faces of the box."""
    centers = np.array([[0.05, 0.3, 0.9], [0.55, 0.6, 0.4]])
    return labelled_box((8, 8, 8), balls(centers, 0.3), ["matrix", "ball", "ball"])


@pytest.fixture(scope="module")
def polycrystal() -> MeshData:
    """Grains with junctions of all kinds, none of which touches its own image."""
    rng = np.random.default_rng(1213)
    centers = (grid() + 0.2 * rng.random((8, 3))) / 2

    def label(x: NDArray[np.float64]) -> NDArray[np.int64]:
        offset = x[:, None] - centers
        offset -= np.round(offset)
        return (offset**2).sum(axis=2).argmin(axis=1)

    return labelled_box((7, 7, 7), label, ["A"] * 8)


def grid() -> NDArray[np.float64]:
    """Corners of a cube."""
    return np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)


def test_little_resistance_is_perfect_contact(composite: MeshData) -> None:
    perfect = effective(composite, SIGMA).tensor
    found = effective(composite, SIGMA, laws(composite, between(1e-9))).tensor
    np.testing.assert_allclose(found, perfect, rtol=1e-6, atol=1e-6)
    # Below 1e-10 of the resistance of the box it is perfect contact.
    for nothing in (0.0, 1e-13, 1e-300):
        none = effective(composite, SIGMA, laws(composite, between(nothing))).tensor
        np.testing.assert_array_equal(none, perfect)


def test_much_resistance_insulates(composite: MeshData) -> None:
    """Insulating surfaces leave the balls out, as if they did not conduct."""
    apart = effective(composite, isotropic([1.0, 0.0], 3)).tensor
    found = effective(composite, SIGMA, laws(composite, between(1e6))).tensor
    np.testing.assert_allclose(found, apart, rtol=1e-6, atol=1e-6)
    cut = solved(composite, SIGMA, laws(composite, between(np.inf)))
    assert cut.percolation.components == 3
    assert cut.percolation.isolated["ball"]["x"] > 0.1
    insulated = effective(composite, SIGMA, laws(composite, between(np.inf))).tensor
    np.testing.assert_allclose(insulated, apart, rtol=1e-9, atol=1e-9)


def test_insulated_grains_conduct_nothing(polycrystal: MeshData) -> None:
    """Grains of a material insulated from each other do not percolate."""
    bricks = labelled_box((4, 4, 4), grains((2, 2, 2)), ["A"] * 8)
    for data in (polycrystal, bricks):
        solution = solved(data, isotropic([1.0], 3), laws(data, np.inf))
        assert not any(solution.percolation.percolates.values())
        assert solution.discrete.unknowns == 0
    assert solution.percolation.components == 8


def test_resistance_between_the_limits_is_monotone(polycrystal: MeshData) -> None:
    """Tensors are ordered, not only their diagonals; grain size is about 0.5."""
    tensors = [
        effective(polycrystal, isotropic([1.0], 3), laws(polycrystal, R)).tensor
        for R in (0.0, 1e-6, 1e-2, 0.1, 1.0, 1e3)
    ]
    for better, worse in pairwise(tensors):
        assert np.linalg.eigvalsh(better - worse).min() > 0.0
    # Grains of half a box in series: R = 1e-6 adds 2e-6 and more where walls are not straight.
    np.testing.assert_allclose(tensors[1], tensors[0], rtol=1e-5, atol=1e-5)
    assert np.abs(tensors[-1]).max() < 1e-2


def test_sheets_are_monotone_and_add_at_most_their_mean(polycrystal: MeshData) -> None:
    tensors = [
        effective(polycrystal, isotropic([1.0], 3), laws(polycrystal, 0.2, G)).tensor
        for G in (0.0, 1e-3, 0.1, 10.0)
    ]
    for worse, better in pairwise(tensors):
        assert np.linalg.eigvalsh(better - worse).min() > 0.0


def test_a_junction_of_perfect_and_resistive_contacts() -> None:
    """Two grains in perfect contact are one body, whatever walls meet theirs.

    In a box of 2 x 2 tiles, tiles of the lower row touch perfectly, all other walls resist: the
    same as one tile below and two above, which has a junction line but no perfect contact in it.
    """
    four = labelled_box((8, 8), grains((2, 2)), ["low", "high", "low", "high"])

    def three_labels(x: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.where(x[:, 1] < 0.5, 0, 1 + (x[:, 0] > 0.5))

    three = labelled_box((8, 8), three_labels, ["low", "high", "high"])
    table = np.array([[0.0, 0.4], [0.4, 0.4]])
    sigma = isotropic([1.0, 3.0], 2)
    many, few = (effective(data, sigma, laws(data, table)) for data in (four, three))
    np.testing.assert_allclose(many.tensor, few.tensor, rtol=1e-12, atol=1e-12)
    assert many.dissipation["x"].resistive[("high", "high")] == pytest.approx(
        few.dissipation["x"].resistive[("high", "high")], rel=1e-9
    )


def test_dissipation_adds_up_over_bodies_and_walls(composite: MeshData) -> None:
    found = effective(composite, SIGMA, laws(composite, between(0.3), between(0.1)))
    share = found.dissipation["x"]
    assert set(share.bulk) == {"matrix", "ball"}
    assert set(share.resistive) == set(share.sheet) == {("matrix", "ball")}
    # The derivative of sigma_eff by the logarithm of a law is the share of its dissipation.
    step = 1e-4
    more = effective(composite, SIGMA, laws(composite, between(0.3 * (1 + step)), between(0.1)))
    slope = (more.tensor[0, 0] / found.tensor[0, 0] - 1.0) / step
    assert -slope == pytest.approx(share.resistive[("matrix", "ball")], rel=1e-3)
