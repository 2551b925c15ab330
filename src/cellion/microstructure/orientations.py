"""Orientations of crystals: random, textured, or as listed.

An orientation is a rotation matrix Q that takes components in crystal axes to components in sample
axes; its columns are the crystal axes. A conductivity tensor turns as Q sigma Q^T. In two
dimensions crystals turn in the plane, about z.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.orientation_files import read_orientations
from cellion.scenario.orientations import FibreSpec, OrientationsSpec

__all__ = [
    "euler_rotations",
    "fibre_rotations",
    "in_plane",
    "orient",
    "plane_rotations",
    "random_rotations",
]

_OUT_OF_PLANE = 1e-6


def orient(
    spec: OrientationsSpec, count: int, dimension: int, seed: int | None, where: str
) -> FloatArray:
    """Return the orientation of every grain, shape (count, d, d).

    Args:
        spec: the request.
        count: number of grains.
        dimension: 2 or 3.
        seed: of the random numbers, which do not depend on those of the grains' places.
        where: key path of the request, for messages.

    Raises:
        MicrostructureError: the number of orientations differs from that of grains, a file cannot
            be read, or a crystal is tilted out of the plane of a two-dimensional box.
    """
    rng = np.random.Generator(np.random.PCG64([seed or 0, 0x0713]))
    if spec.word == "aligned":
        return np.tile(np.eye(dimension), (count, 1, 1))
    if spec.word == "random":
        return plane_rotations(count, rng) if dimension == 2 else random_rotations(count, rng)
    if spec.fibre is not None:
        return in_plane(fibre_rotations(spec.fibre, count, rng), dimension, f"{where}.fibre")
    if spec.euler is not None:
        found, where = euler_rotations(np.array(spec.euler)), f"{where}.euler"
    elif spec.quaternions is not None:
        scalar_last = np.roll(np.array(spec.quaternions), -1, axis=1)
        found, where = Rotation.from_quat(scalar_last).as_matrix(), f"{where}.quaternions"
    else:
        where = f"{where}.file"
        if spec.file is None:
            raise MicrostructureError(f"{where}: no orientations are given")
        found = read_orientations(spec.file, where)
    if len(found) != count:
        raise MicrostructureError(
            f"{where}: found {len(found)} orientations for {count} grains; one for each is needed"
        )
    return in_plane(found, dimension, where)


def random_rotations(count: int, rng: np.random.Generator) -> FloatArray:
    """Return rotations (count, 3, 3) that are uniform on SO(3).

    Source: Shoemake (1992), Uniform random rotations, in Graphics Gems III, 124, eq. for q.
    """
    u = rng.random((3, count))
    a, b = 2.0 * np.pi * u[1], 2.0 * np.pi * u[2]
    r, s = np.sqrt(1.0 - u[0]), np.sqrt(u[0])
    quaternions = np.stack([r * np.sin(a), r * np.cos(a), s * np.sin(b), s * np.cos(b)], axis=1)
    return np.asarray(Rotation.from_quat(quaternions).as_matrix(), dtype=float)


def plane_rotations(count: int, rng: np.random.Generator) -> FloatArray:
    """Return rotations (count, 2, 2) in the plane, uniform in their angle."""
    angle = 2.0 * np.pi * rng.random(count)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, -sine], 1), np.stack([sine, cosine], 1)], axis=1)


def euler_rotations(angles: FloatArray) -> FloatArray:
    """Return rotations (n, 3, 3) of Bunge angles phi1, Phi, phi2 (n, 3) [degrees].

    Q = R_z(phi1) R_x(Phi) R_z(phi2), the transpose of Bunge's g.

    Source: Bunge (1982), Texture analysis in materials science, eq. 2.50.
    """
    return np.asarray(Rotation.from_euler("ZXZ", angles, degrees=True).as_matrix(), dtype=float)


def fibre_rotations(spec: FibreSpec, count: int, rng: np.random.Generator) -> FloatArray:
    """Return rotations (count, 3, 3) with one crystal direction near one sample direction.

    The crystal turns about its direction by a uniform angle; the direction then tilts away from
    that of the sample by a rotation vector across it, whose two components are normal.
    """
    crystal = _to_z(np.array(spec.crystal))
    sample = _to_z(np.array(spec.axis))
    turn = Rotation.from_rotvec(
        np.outer(2.0 * np.pi * rng.random(count), np.array([0.0, 0.0, 1.0]))
    )
    tilt = np.zeros((count, 3))
    tilt[:, :2] = np.radians(spec.spread) * rng.standard_normal((count, 2))
    rotation = sample.inv() * Rotation.from_rotvec(tilt) * turn * crystal
    return np.asarray(rotation.as_matrix(), dtype=float)


def _to_z(direction: FloatArray) -> Rotation:
    """Return the shortest rotation that takes a direction (3,) to z."""
    unit = direction / np.linalg.norm(direction)
    across = np.cross(unit, [0.0, 0.0, 1.0])
    sine = float(np.linalg.norm(across))
    if sine == 0.0:
        half_turn = np.array([np.pi if unit[2] < 0 else 0.0, 0.0, 0.0])
        return Rotation.from_rotvec(half_turn)
    return Rotation.from_rotvec(across / sine * np.arctan2(sine, unit[2]))


def in_plane(rotations: FloatArray, dimension: int, where: str) -> FloatArray:
    """Return the rotations (n, 3, 3), in two dimensions their part in the plane (n, 2, 2).

    Raises:
        MicrostructureError: a crystal is tilted out of the plane of a two-dimensional box; the
            message begins with ``where``.
    """
    if dimension == 3:
        return rotations
    tilted = np.flatnonzero(np.abs(rotations[:, 2, 2] - 1.0) > _OUT_OF_PLANE)
    if tilted.size:
        raise MicrostructureError(
            f"{where}: grain {tilted[0]} is tilted out of the plane; in a two-dimensional box "
            "crystals turn about z only (random, or Bunge angles [phi1, 0, 0])"
        )
    return rotations[:, :2, :2]
