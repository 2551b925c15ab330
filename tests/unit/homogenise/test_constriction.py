"""What it costs that a meshed contact has not its exact area, against Holm's constriction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellion.homogenise.constriction import constriction_errors
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from helpers.bracketing import solved_and_bounded
from helpers.interface_boxes import laws
from helpers.mesh_boxes import isotropic
from helpers.sphere_meshes import micro, spheres

H = float(np.sqrt(1.0 - 0.3**2))
BALLS = spheres([[1.1, 1.1, H], [1.1, 1.1, 3 * H]], 1.0, box=(2.2, 2.2, 4 * H), periodic=False)
"""Two balls whose neck, and what the walls cut off them, are circles of radius 0.3."""


@pytest.mark.parametrize("resistance", [0.0, 2.0])
def test_a_contact_of_another_area_costs_its_constriction_and_its_law(resistance: float) -> None:
    sizes = MeshSizes(size=0.4, surface=0.3, smallest=0.15)
    data = generate_mesh(micro(BALLS), sizes)
    solution, conserved, bracket = solved_and_bounded(
        data,
        isotropic([0.0, 3.0], 3),
        boundary="electrodes",
        interfaces=laws(data, np.diag([0.0, resistance])) if resistance else None,
    )
    right = constriction_errors(solution, conserved, BALLS)["z"]
    # The same mesh, taken for one of balls whose neck has a hundredth more of its radius.
    grown = 0.303
    other = replace(BALLS, radii=np.full(2, np.sqrt(H**2 + grown**2)))
    found = constriction_errors(solution, conserved, other)["z"]
    inner, outer = np.pi * 0.3**2, np.pi * grown**2
    change = 2 / 3.0 * (1 / (4 * 0.3) - 1 / (4 * grown)) + resistance * (1 / inner - 1 / outer)
    current = bracket.lower[2, 2] * 2.2**2  # that of the conserved currents
    assert found == pytest.approx(current**2 * change / np.prod(BALLS.box), rel=0.05)
    assert right < 0.1 * found
