"""Grains reach the volumes that were prescribed."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import MicrostructureError
from cellion.microstructure.power_diagram import power_diagram
from cellion.microstructure.relaxation import Domain
from cellion.microstructure.tessellation import VOLUME_TOLERANCE, fit_volumes, fit_weights


def domain(dimension, periodic):
    box = np.array([2.0, 3.0, 2.5])[:dimension]
    return Domain(box=box, periodic=np.full(dimension, periodic))


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_prescribed_volumes_are_met(dimension, periodic, count):
    where = domain(dimension, periodic)
    rng = np.random.default_rng(17)
    volumes = np.exp(0.8 * rng.standard_normal(count))
    volumes *= np.prod(where.box) / volumes.sum()
    seeds = fit_volumes(volumes, where, rng, "test")
    found = power_diagram(seeds.centers, seeds.weights, where.box, where.periodic).volume
    assert found == pytest.approx(volumes, rel=VOLUME_TOLERANCE)


def test_a_guess_that_leaves_a_cell_empty_is_replaced():
    where = domain(3, True)
    centers = where.box * np.random.default_rng(5).random((6, 3))
    volumes = np.full(6, np.prod(where.box) / 6)
    weights, found = fit_weights(centers, np.array([9.0, 0, 0, 0, 0, 0]), volumes, where, "test")
    assert found.volume == pytest.approx(volumes, rel=VOLUME_TOLERANCE)
    assert np.isfinite(weights).all()


def test_volumes_that_do_not_fill_the_box_are_refused():
    where = domain(2, True)
    centers = where.box * np.random.default_rng(5).random((4, 2))
    with pytest.raises(MicrostructureError, match="volumes of the 4 grains were not reached"):
        fit_weights(centers, np.zeros(4), np.full(4, 1.0), where, "somewhere")
