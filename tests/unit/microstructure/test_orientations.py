"""Orientations: conventions, textures, files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cellion.errors import MicrostructureError
from cellion.microstructure.orientation_files import read_orientations, rotations_of
from cellion.microstructure.orientations import (
    euler_rotations,
    fibre_rotations,
    orient,
    plane_rotations,
    random_rotations,
)
from cellion.scenario.orientations import FibreSpec, OrientationsSpec

X, Y, Z = np.eye(3)


def generator():
    return np.random.Generator(np.random.PCG64(7))


def spec(value):
    return OrientationsSpec.model_validate(value)


@pytest.mark.parametrize(
    ("angles", "crystal_axes"),
    [
        ([90, 0, 0], [Y, -X, Z]),  # about z
        ([0, 90, 0], [X, Z, -Y]),  # about x
        ([90, 90, 0], [Y, Z, X]),  # about z, then about the new x
        ([0, 90, 90], [Z, -X, -Y]),  # about x, then about the new z
    ],
)
def test_bunge_angles_turn_about_z_then_x_then_z(angles, crystal_axes):
    (rotation,) = euler_rotations(np.array([angles]))
    assert pytest.approx(np.array(crystal_axes), abs=1e-12) == rotation.T


def test_quaternions_begin_with_the_scalar_and_agree_with_angles():
    half = np.sqrt(0.5)
    found = orient(spec({"quaternions": [[half, 0, 0, half]]}), 1, 3, None, "here")
    assert found == pytest.approx(euler_rotations(np.array([[90.0, 0, 0]])), abs=1e-12)


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("word", ["random", "aligned"])
def test_orientations_are_rotations_and_follow_the_seed(dimension, word):
    one = orient(spec(word), 20, dimension, 7, "here")
    assert one @ one.transpose(0, 2, 1) == pytest.approx(np.tile(np.eye(dimension), (20, 1, 1)))
    assert np.linalg.det(one) == pytest.approx(1.0)
    assert np.array_equal(one, orient(spec(word), 20, dimension, 7, "here"))
    assert np.array_equal(one, orient(spec(word), 20, dimension, 8, "here")) == (word == "aligned")


def test_random_rotations_are_uniform():
    # Every crystal axis is isotropic: mean 0, mean square 1/3; 4 standard errors of 1/sqrt(n).
    found = random_rotations(20_000, generator())
    assert np.abs(found.mean(axis=0)).max() < 4 * 0.58 / np.sqrt(20_000)
    assert (found**2).mean(axis=0) == pytest.approx(1 / 3, abs=4 * 0.3 / np.sqrt(20_000))
    # The angle of rotation has the distribution (theta - sin theta) / pi.
    angle = np.arccos(np.clip((np.trace(found, axis1=1, axis2=2) - 1) / 2, -1, 1))
    expected = (np.sort(angle) - np.sin(np.sort(angle))) / np.pi
    assert np.abs(expected - (np.arange(20_000) + 0.5) / 20_000).max() < 2.0 / np.sqrt(20_000)


def test_rotations_in_the_plane_are_uniform():
    found = plane_rotations(10_000, generator())
    assert np.abs(found.mean(axis=0)).max() < 4 * 0.71 / np.sqrt(10_000)


@pytest.mark.parametrize("axis", ["x", "z", [1, -1, 2]])
@pytest.mark.parametrize("crystal", ["z", [1, 1, 1], [0, 0, -1]])
def test_a_fibre_lies_about_its_axis(axis, crystal):
    texture = FibreSpec.model_validate({"axis": axis, "crystal": crystal, "spread": 10})
    found = fibre_rotations(texture, 20_000, generator())
    direction = np.array(texture.crystal) / np.linalg.norm(texture.crystal)
    sample = np.array(texture.axis) / np.linalg.norm(texture.axis)
    tilt = np.degrees(np.arccos(np.clip((found @ direction) @ sample, -1, 1)))
    # Two normal components: a Rayleigh distribution; 4 standard errors.
    assert np.mean(tilt**2) == pytest.approx(2 * 10**2, rel=4 / np.sqrt(20_000))
    # The crystal turns freely about it: other directions average out.
    across = np.cross(direction, [0.3, 0.5, 0.7])
    assert np.abs((found @ across).mean(axis=0)).max() < 4 / np.sqrt(20_000)


def test_a_flat_box_takes_only_turns_about_z():
    found = orient(spec({"euler": [[30, 0, 15]]}), 1, 2, None, "here")
    angle = np.radians(45)
    assert found[0] == pytest.approx(
        np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    )
    with pytest.raises(MicrostructureError, match=r"here\.euler: grain 1 is tilted out of the"):
        orient(spec({"euler": [[0, 0, 0], [0, 5, 0]]}), 2, 2, None, "here")


def test_one_orientation_for_each_grain():
    with pytest.raises(MicrostructureError, match="found 1 orientations for 3 grains"):
        orient(spec({"euler": [[0, 0, 0]]}), 3, 3, None, "here")


QUARTER = np.sqrt(0.5)
ABOUT_Z = {
    "rodrigues": "0 0 1",
    "euler-bunge": "90 0 0",
    "quaternion": f"{QUARTER} 0 0 {QUARTER}",
    "axis-angle": "0 0 1 90",
    "rotmat": "0 1 0 -1 0 0 0 0 1",
}
# The example in the documentation of Neper: a crystal turned by 30 degrees about x.
ABOUT_X = {
    "rodrigues": "0.267949192 0 0",
    "euler-bunge": "0 30 0",
    "euler-kocks": "270 30 90",
    "euler-roe": "270 30 90",
    "rotmat": "1 0 0 0 0.866025404 0.5 0 -0.5 0.866025404",
    "axis-angle": "1 0 0 30",
    "quaternion": "0.965925826 0.258819045 0 0",
}


@pytest.mark.parametrize("descriptor", ABOUT_Z)
def test_every_descriptor_means_the_same_rotation(tmp_path, descriptor):
    file = tmp_path / "grains.txt"
    for convention in ("", ":passive"):
        file.write_text(f"{descriptor}{convention}\n# a comment\n{ABOUT_Z[descriptor]}\n\n")
        (found,) = read_orientations(file, "here")
        assert np.array([Y, -X, Z]) == pytest.approx(found.T, abs=1e-12)


@pytest.mark.parametrize("descriptor", ABOUT_X)
def test_descriptors_are_those_of_neper(tmp_path, descriptor):
    file = tmp_path / "grains.txt"
    file.write_text(f"{descriptor}\n{ABOUT_X[descriptor]}\n")
    (found,) = read_orientations(file, "here")
    expected = euler_rotations(np.array([[0.0, 30.0, 0.0]]))[0]
    assert found == pytest.approx(expected, abs=1e-8)


def tessellation(version, word, numbers="0 0 1\n 0 0 0"):
    return (
        f"***tess\n **format\n   {version}\n **general\n   3 standard\n **cell\n  2\n  *id\n"
        f"   1   2\n  *ori\n   rodrigues{word}\n {numbers}\n **vertex\n    0\n***end\n"
    )


@pytest.mark.parametrize(
    ("version", "word", "sign"),
    [
        ("3.4", ":active", 1),
        ("3.4", ":passive", -1),
        ("3.5", ":passive", 1),
        ("3.5", ":active", -1),
    ],
)
def test_orientations_of_a_tessellation_of_neper(tmp_path, version, word, sign):
    file = tmp_path / "n2.tess"
    file.write_text(tessellation(version, word))
    found = read_orientations(file, "here")
    assert found[0, 1, 0] == pytest.approx(sign)
    assert found[1] == pytest.approx(np.eye(3))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (tessellation("3.5", ":passive").replace("*ori", "*fro"), "has no orientations"),
        (tessellation("3.5", "", "0 0 1"), "lists 1 orientations of the 2 cells"),
        (tessellation("", ":active"), "'rodrigues:active' is ambiguous"),
        (tessellation("3.5", "", "0 0 1\n 0 0"), "entry 2 is '0 0'; 3 numbers"),
        ("***tess\n **cell\n  *ori\n", "found no orientations"),
    ],
)
def test_faulty_tessellations_are_told(tmp_path, text, told):
    file = tmp_path / "n2.tess"
    file.write_text(text)
    with pytest.raises(MicrostructureError, match=told):
        read_orientations(file, "here")


def test_the_ending_says_the_descriptor(tmp_path):
    for ending, descriptor in ((".rodrigues", "rodrigues"), (".euler", "euler-bunge")):
        file = tmp_path / f"grains{ending}"
        file.write_text(ABOUT_Z[descriptor])
        assert read_orientations(file, "here")[0, 1, 0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "0 0 1", "neither its ending nor its first line"),
        ("a.euler", "", "found no orientations"),
        ("a.euler", "0 0 1\n0 0", "entry 2 is '0 0'; 3 numbers"),
        ("a.euler", "0 0 one", "entry 1 is '0 0 one'"),
        ("a.euler", "0 0 nan", "entry 1 is '0 0 nan'"),
        ("a.quat", "1 1 0 0", "entry 1 has a quaternion of 1.41421; it must be 1"),
        ("a.rotmat", "1 0 0 0 1 0 0 0 -1", "the determinant of a rotation of -1"),
        ("a.ori", "quaternions\n1 0 0 0", "did you mean 'quaternion'"),
        ("a.ori", "1 0 0 0", "A first line may name another descriptor"),
        ("a.ori", "quaternion:active\n1 0 0 0", "ambiguous.*Write 'quaternion' if"),
    ],
)
def test_faulty_files_are_told(tmp_path, name, text, told):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(MicrostructureError, match=told):
        read_orientations(file, "here")


def test_a_file_that_is_not_text(tmp_path):
    file = tmp_path / "a.ori"
    file.write_bytes(b"\x81\x00\x80")
    with pytest.raises(MicrostructureError, match="cannot be read: it is no text"):
        read_orientations(file, "here")


def test_a_device_is_no_file_of_orientations():
    with pytest.raises(MicrostructureError, match="a device or a pipe"):
        read_orientations(Path("/dev/zero"), "here")


def test_a_list_may_be_separated_by_commas(tmp_path):
    (tmp_path / "a.euler").write_text("10,20,30\n40, 50, 60\n")
    (tmp_path / "b.euler").write_text("10 20 30\n40 50 60\n")
    found = [read_orientations(tmp_path / name, "here") for name in ("a.euler", "b.euler")]
    np.testing.assert_array_equal(found[0], found[1])


def test_an_active_rotation_is_the_inverse():
    numbers = np.array([[0.1, 0.2, 0.3]])
    plain = rotations_of(numbers, "rodrigues", "here")
    assert rotations_of(numbers, "rodrigues:active", "here") == pytest.approx(
        plain.transpose(0, 2, 1)
    )
