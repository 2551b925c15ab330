"""Who touches whom is decided by the geometry, at any size of cells.

Random packings whose particles, their periodic images and walls are apart or overlap by 1e-6 to
1e-1 radii: the mesh has the contacts of the geometry and no others, with their areas.
"""

from __future__ import annotations

import numpy as np
import pytest

from helpers.contact_graphs import chain_of_particles, compared, meshed

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


def test_a_contact_is_not_kept_too_long_by_a_vertex_that_is_nearly_on_its_rim() -> None:
    """A vertex of a contact at 0.99 of the neck radius, the rim at 1.07: the rim goes there."""
    geometry = chain_of_particles(146, 2, periodic=True)
    differ, errors = compared(geometry, 2.0)
    assert differ == set()
    assert meshed(geometry, 2.0).quality["largest_contact_area_deviation"] < 0.02
    assert np.abs(errors).max() < 0.05
