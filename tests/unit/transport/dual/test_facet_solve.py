"""The solve of a lower bound takes few iterations on any mesh and at any resistance."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.bracketing import solved_and_bounded
from helpers.interface_boxes import grains, laws
from helpers.mesh_boxes import balls, isotropic, labelled_box


@pytest.mark.parametrize("resistance", [1e-7, 1e-4, 0.1, 1e2, 1e5])
def test_iterations_do_not_grow_at_small_or_large_resistance(resistance: float) -> None:
    """Twenty-seven grains of two conductors; the natural scale of R is 0.1."""
    names = [["A", "B"][k % 2] for k in range(27)]
    data = labelled_box((9, 9, 9), grains((3, 3, 3)), names)
    contacts = laws(data, resistance)
    _, _, found = solved_and_bounded(data, isotropic([1.0, 10.0], 3), interfaces=contacts)
    assert max(found.iterations.values()) <= 20
    if resistance <= 1e-7:  # as good as perfect contact
        _, _, perfect = solved_and_bounded(data, isotropic([1.0, 10.0], 3))
        np.testing.assert_allclose(found.lower, perfect.lower, atol=2e-3)


def test_iterations_do_not_grow_with_the_mesh() -> None:
    centers, counts = np.random.default_rng(2718).random((5, 3)), []
    for n in (6, 12, 18):
        data = labelled_box((n, n, n), balls(centers, 0.3), ["matrix"] + ["ball"] * 5)
        _, _, found = solved_and_bounded(data, isotropic([1.0, 100.0], 3))
        counts.append(max(found.iterations.values()))
    assert max(counts) <= 10
    assert counts[-1] <= counts[0] + 2
