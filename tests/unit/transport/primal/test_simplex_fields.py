"""Constant fields in simplices: gradients, currents through facets, and back."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from numpy.typing import NDArray

from cellion.transport.primal.simplex_fields import (
    area_vectors,
    densities_of_currents,
    gradients_of_means,
    gradients_of_values,
)

Array = NDArray[np.float64]


@pytest.fixture(params=[2, 3])
def corners(request: pytest.FixtureRequest) -> Array:
    """Random simplices of either handedness."""
    return np.random.default_rng(271).random((40, request.param + 1, request.param))


def test_area_vectors_close_the_simplex_and_point_outwards(corners: Array) -> None:
    vectors, volumes = area_vectors(corners)
    d = corners.shape[2]
    determinants = np.linalg.det(corners[:, 1:] - corners[:, :1])
    assert volumes == pytest.approx(np.abs(determinants) / factorial(d), rel=1e-9)
    assert vectors.sum(axis=1) == pytest.approx(0.0, abs=1e-15)
    for corner in range(d + 1):
        facet = np.delete(corners, corner, axis=1).mean(axis=1)
        away = np.einsum("nk,nk->n", vectors[:, corner], facet - corners[:, corner])
        # Height times area over d is the volume.
        assert away / d == pytest.approx(volumes, rel=1e-9)


def test_gradients_of_linear_functions(corners: Array) -> None:
    vectors, volumes = area_vectors(corners)
    d = corners.shape[2]
    slopes = np.random.default_rng(3141).random((d, 2))
    values = corners @ slopes
    means = (values.sum(axis=1, keepdims=True) - values) / d
    expected = np.broadcast_to(slopes.T, (len(corners), 2, d))
    # The flattest of forty random simplices loses a few digits.
    assert gradients_of_values(vectors, volumes, values) == pytest.approx(expected, abs=1e-9)
    assert gradients_of_means(vectors, volumes, means) == pytest.approx(expected, abs=1e-9)


def test_currents_give_their_density_back(corners: Array) -> None:
    vectors, volumes = area_vectors(corners)
    density = np.random.default_rng(577).random((len(corners), 2, corners.shape[2]))
    currents = vectors @ density.transpose(0, 2, 1)
    assert densities_of_currents(corners, volumes, currents) == pytest.approx(density, abs=1e-9)
