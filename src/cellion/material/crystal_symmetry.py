"""Disorientation angles of crystals, and the Read-Shockley energy of boundaries.

The disorientation is the smallest rotation angle between two crystals, which rotations of their
point group leave unchanged. With the rotations Q_a and Q_b (crystal to sample axes) of two grains::

    cos(theta) = max over S in the group of (trace(Q_a^T Q_b S) - 1) / 2

Source: Mackenzie, Second paper on statistics associated with the random disorientation of cubes,
Biometrika 45 (1958) 229; Grimmer, Acta Cryst. A 30 (1974) 685.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from cellion.arrays import FloatArray
from cellion.errors import MaterialError, nearest

__all__ = ["GROUPS", "disorientation_angles", "proper_rotations", "read_shockley"]

GROUPS = {
    "cubic": "O",
    "hexagonal": "D6",
    "trigonal": "D3",
    "tetragonal": "D4",
    "orthorhombic": "D2",
    "monoclinic": "C2",
    "triclinic": "C1",
}
"""Schoenflies symbol of the proper rotations of each crystal system's holohedry. Main axes lie
along z (monoclinic: along y), twofold axes along x."""


@cache
def proper_rotations(symmetry: str) -> Rotation:
    """Group of the proper rotations of a crystal system, one of `GROUPS`.

    Raises:
        MaterialError: The crystal system is unknown.
    """
    if symmetry not in GROUPS:
        raise MaterialError(
            f"crystal symmetry '{symmetry}' is unknown{nearest(symmetry, GROUPS)}; known are "
            f"{', '.join(GROUPS)}"
        )
    axis = "Y" if symmetry == "monoclinic" else "Z"
    return Rotation.create_group(GROUPS[symmetry], axis=axis)


def disorientation_angles(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], symmetry: str
) -> FloatArray:
    """Disorientation angles of pairs of crystals, shape (n,) [rad].

    Args:
        first: Rotations from crystal to sample axes, shape (n, 3, 3), or (n, 2, 2) in the plane.
        second: Those of the other crystals, in the same shape.
        symmetry: Crystal system, one of `GROUPS`.

    Raises:
        MaterialError: The crystal system is unknown.
    """
    group = np.atleast_2d(proper_rotations(symmetry).as_quat())
    if not len(first):
        return np.zeros(0)
    between = Rotation.from_matrix(_solid(first)).inv() * Rotation.from_matrix(_solid(second))
    # The scalar part of q s is q . s* (s* conjugate); the group holds every conjugate.
    scalar = np.abs(between.as_quat() @ group.T).max(axis=1)
    return np.asarray(2.0 * np.arccos(np.clip(scalar, 0.0, 1.0)), dtype=float)


def _solid(rotation: NDArray[np.floating[Any]]) -> FloatArray:
    """Rotations in the plane as rotations about z, (n, 3, 3)."""
    if rotation.shape[-1] == 3:
        return rotation.astype(np.float64)
    solid = np.zeros((len(rotation), 3, 3))
    solid[:, :2, :2], solid[:, 2, 2] = rotation, 1.0
    return solid


def read_shockley(angle: FloatArray, saturation: float) -> FloatArray:
    """Energy of a low-angle boundary over that of a high-angle one, a (1 - ln a), shape (n,).

    Here a is the disorientation angle over the angle of saturation [rad], 1 at most.

    Source:
        Read and Shockley (1950), Dislocation models of crystal grain boundaries, Phys. Rev. 78,
        275, eq. 1, normalised at its maximum.
    """
    part = np.clip(angle / saturation, np.finfo(float).tiny, 1.0)
    return np.asarray(part * (1.0 - np.log(part)), dtype=float)
