"""Disorientations under crystal symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cellion.errors import MaterialError
from cellion.material.crystal_symmetry import (
    GROUPS,
    disorientation_angles,
    proper_rotations,
    read_shockley,
)

ORDER = {
    "cubic": 24,
    "hexagonal": 12,
    "trigonal": 6,
    "tetragonal": 8,
    "orthorhombic": 4,
    "monoclinic": 2,
    "triclinic": 1,
}


def random(count, seed):
    return Rotation.random(count, rng=np.random.default_rng(seed)).as_matrix()


@pytest.mark.parametrize("symmetry", GROUPS)
def test_each_group_is_closed_and_of_the_right_order(symmetry):
    group = proper_rotations(symmetry).as_matrix()
    assert len(group) == ORDER[symmetry]
    products = (group[:, None] @ group[None]).reshape(-1, 9)
    nearest = np.abs(products[:, None] - group.reshape(1, -1, 9)).max(axis=2).min(axis=1)
    assert nearest.max() < 1e-12


@pytest.mark.parametrize("symmetry", GROUPS)
def test_symmetric_crystals_are_told_apart_by_the_smallest_turn_only(symmetry):
    group = proper_rotations(symmetry).as_matrix()
    first, second = random(50, 3), random(50, 4)
    angle = disorientation_angles(first, second, symmetry)
    assert disorientation_angles(second, first, symmetry) == pytest.approx(angle)
    for turn in group:
        assert disorientation_angles(first @ turn, second, symmetry) == pytest.approx(angle)
    # by hand: the largest trace over all turns
    trace = np.einsum("nji,njk,ski->sn", first, second, group).max(axis=0)
    assert np.cos(angle) == pytest.approx((trace - 1) / 2)


def test_turned_axes_of_a_cube():
    turns = Rotation.from_euler("z", [[90], [45], [10]], degrees=True).as_matrix()
    angle = disorientation_angles(np.tile(np.eye(3), (3, 1, 1)), turns, "cubic")
    assert np.degrees(angle) == pytest.approx([0, 45, 10], abs=1e-5)


def test_main_axes_lie_along_z():
    turn = Rotation.from_euler("z", [[60]], degrees=True).as_matrix()
    still = np.eye(3)[None]
    angles = [disorientation_angles(still, turn, s)[0] for s in ("hexagonal", "trigonal", "cubic")]
    assert np.degrees(angles) == pytest.approx([0, 60, 30], abs=1e-5)


def test_rotations_in_the_plane():
    angle = np.radians([0.0, 30.0])
    plane = np.array([[[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in angle])
    assert np.degrees(disorientation_angles(plane[:1], plane[1:], "cubic")) == pytest.approx([30])


def test_an_unknown_symmetry_is_refused():
    with pytest.raises(MaterialError, match=r"'cubik' is unknown \(did you mean 'cubic'\?\)"):
        disorientation_angles(random(1, 3), random(1, 4), "cubik")


def test_low_angle_boundaries_follow_read_and_shockley():
    value = read_shockley(np.array([0.0, 0.5, 1.0, 2.0]), 1.0)
    assert value == pytest.approx([0.0, 0.5 * (1 + np.log(2)), 1.0, 1.0])
