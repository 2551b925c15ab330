"""Who touches whom is decided by the geometry, at any size of cells.

Random packings whose particles, their periodic images and walls are apart or overlap by 1e-6 to
1e-1 radii: the mesh has the contacts of the geometry and no others, with their areas.
"""

from __future__ import annotations

import numpy as np
import pytest

from helpers.contact_graphs import chain_of_particles, compared

FEW = [(d, periodic, seed) for d in (2, 3) for periodic in (True, False) for seed in (11, 29)]
MANY = [(d, periodic, seed) for d in (2, 3) for periodic in (True, False) for seed in range(50, 98)]


@pytest.mark.parametrize("factor", [1.0, 2.0])
@pytest.mark.parametrize(
    ("dimension", "periodic", "seed"),
    [*FEW, *(pytest.param(*case, marks=pytest.mark.slow) for case in MANY)],
)
def test_the_mesh_has_the_contacts_of_the_geometry(
    dimension: int, periodic: bool, seed: int, factor: float
) -> None:
    geometry = chain_of_particles(seed, dimension, periodic=periodic)
    differ, errors = compared(geometry, factor)
    assert differ == set()
    assert np.abs(errors).max(initial=0.0) < 0.05
