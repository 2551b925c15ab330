"""Apparent conductivities of one sample are ordered by the boundary condition, and converge.

Every field that is admissible under one condition is so under the next, and the same holds for the
discrete ones, so that the order is exact on any mesh::

    uniform flux <= periodic, electrodes <= uniform gradient.

Sources: Hazanov and Huet, J. Mech. Phys. Solids 42 (1994) 1995, for elasticity; Kanit, Forest,
Galliet, Mounoury and Jeulin, Int. J. Solids Struct. 40 (2003) 3647, for growing samples.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from cellion.mesh.data import MeshData
from helpers.interface_boxes import effective, laws
from helpers.mesh_boxes import isotropic, labelled_box

type Tensor = NDArray[np.float64]

ROUNDING = 1e-9
"""Iterations stop at 1e-10 of the energy."""


def polycrystal(grains: int, n: int, dimension: int = 3) -> MeshData:
    """Grains in random orientations, alternately of two materials."""
    rng = np.random.default_rng(6113)
    tree = KDTree(rng.random((grains, dimension)), boxsize=1.0)
    data = labelled_box((n,) * dimension, lambda x: tree.query(x)[1], ["A", "B"] * (grains // 2))
    turns = Rotation.from_euler("z", 2.0 * np.pi * rng.random((grains, 1)))
    if dimension == 3:
        turns = Rotation.random(grains, rng=rng)
    return replace(data, orientations=turns.as_matrix()[:, :dimension, :dimension])


def apparent(data: MeshData, sigma: Tensor, resistance: float = 0.0) -> dict[str, Tensor]:
    """Apparent tensor under each boundary condition."""
    interfaces = laws(data, resistance) if resistance else None
    conditions = ("uniform_flux", "periodic", "electrodes", "uniform_gradient")
    return {name: effective(data, sigma, interfaces, name).tensor for name in conditions}


def least(tensor: Tensor) -> float:
    """Smallest eigenvalue."""
    return float(np.linalg.eigvalsh(tensor).min())


@pytest.mark.parametrize("resistance", [0.0, 0.3])
def test_the_order_of_boundary_conditions(resistance: float) -> None:
    data = polycrystal(20, 10)
    sigma = np.stack([np.diag([1.0, 0.1, 0.01]), np.diag([5.0, 5.0, 0.5])])
    found = apparent(data, sigma, resistance)
    low, high = found["uniform_flux"], found["uniform_gradient"]
    # Between electrodes only the diagonal is measured, one direction at a time.
    between = np.diag(found["electrodes"])
    assert (between < np.diag(high) + ROUNDING).all()
    assert (1.0 / between < np.diag(np.linalg.inv(low)) + ROUNDING).all()
    assert least(high - low) > 0.01
    assert least(high - found["periodic"]) > -ROUNDING
    if not resistance:  # else periodic walls on the faces resist, which other samples do not have
        assert least(found["periodic"] - low) > -ROUNDING


def test_they_converge_to_each_other() -> None:
    """In the plane; tiles of the same size, samples of 4, 16 and 64 times as many."""
    sigma = isotropic([1.0, 20.0], 2)
    gaps = []
    for n in (4, 16, 64):
        data = polycrystal(4 * n, 6 * round(n**0.5) * 2, dimension=2)
        found = {name: np.trace(tensor) / 2.0 for name, tensor in apparent(data, sigma).items()}
        assert found["uniform_flux"] < found["periodic"] < found["uniform_gradient"]
        gaps.append(found["uniform_gradient"] / found["uniform_flux"] - 1.0)
    # What a boundary adds is a layer of fixed depth: the gap falls with the edge.
    assert gaps[0] > 1.5 * gaps[1] > 1.5**2 * gaps[2]
