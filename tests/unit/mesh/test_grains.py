"""Meshes of polycrystals from elsewhere: a label and an orientation for each grain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellion.errors import MeshError
from cellion.mesh.data import MeshData, cell_volumes
from helpers.mesh_files import read_file

# A unit cube of two bricks in the layout of Neper: 2.2, three tags, sections of its own.
FILE = Path(__file__).parent / "files" / "two_grains.msh"

QUARTER_ABOUT_X = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]


def read(path: Path = FILE, **changes: Any) -> MeshData:
    grains = {"material": "G"}
    if "orientations" in changes:
        grains["orientations"] = str(changes.pop("orientations"))
    return read_file(path, **({"labels": None, "grains": grains} | changes))


def test_every_tag_is_a_grain() -> None:
    mesh = read()
    assert mesh.materials == ("G",)
    assert mesh.label_material.tolist() == [0, 0]
    volumes = np.bincount(mesh.labels, cell_volumes(mesh.points, mesh.cells))
    assert volumes == pytest.approx([0.4e-18, 0.6e-18])


def test_orientations_of_the_mesh_file_itself() -> None:
    found = read().orientations
    assert found is not None
    eighth = np.sqrt(0.5)  # the Rodrigues vector (0, 0, tan 22.5 degrees)
    np.testing.assert_allclose(
        found[0], [[eighth, -eighth, 0], [eighth, eighth, 0], [0, 0, 1]], atol=1e-9
    )
    np.testing.assert_allclose(found[1], QUARTER_ABOUT_X, atol=1e-9)


@pytest.mark.parametrize(
    ("version", "word", "inverse"),
    [
        ("2.2.3", ":active", False),  # Neper up to 4.9 by itself
        ("2.2.3", ":passive", True),
        ("2.3", ":passive", False),  # Neper 4.10 by itself
        ("2.3", ":active", True),
        ("2.10", "", False),
    ],
)
def test_the_words_of_neper_have_changed_their_meaning(
    tmp_path: Path, version: str, word: str, *, inverse: bool
) -> None:
    file = tmp_path / "grains.msh"
    text = FILE.read_text().replace("\n2.2.3\n", f"\n{version}\n")
    file.write_text(text.replace("2 rodrigues:active", f"2 rodrigues{word}"))
    found = read(file).orientations
    assert found is not None
    expected = np.transpose(QUARTER_ABOUT_X) if inverse else QUARTER_ABOUT_X
    np.testing.assert_allclose(found[1], expected, atol=1e-9)


def test_an_ambiguous_word_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "grains.msh"
    text = FILE.read_text()
    start, stop = text.index("$MeshVersion"), text.index("$Domain")
    file.write_text(text[:start] + text[stop:])
    with pytest.raises(MeshError, match=r"'rodrigues:active' is ambiguous.*Write 'rodrigues' if"):
        read(file)


def test_without_orientations_crystals_are_aligned(tmp_path: Path) -> None:
    text = FILE.read_text()
    start, stop = text.index("$ElsetOrientations"), text.index("$ElsetCrySym")
    bare = tmp_path / "bare.msh"
    bare.write_text(text[:start] + text[stop:])
    assert read(bare).orientations is None


def test_a_tag_that_is_named_is_no_grain(tmp_path: Path) -> None:
    one = tmp_path / "one.quaternion"
    one.write_text(f"{np.sqrt(0.5)} {np.sqrt(0.5)} 0 0\n")
    mesh = read(labels={1: "pore"}, orientations=one)
    assert mesh.materials == ("pore", "G")
    assert mesh.orientations is not None
    np.testing.assert_allclose(mesh.orientations[0], np.eye(3))
    np.testing.assert_allclose(mesh.orientations[1], QUARTER_ABOUT_X, atol=1e-7)


def test_every_grain_needs_its_orientation(tmp_path: Path) -> None:
    short = tmp_path / "short.euler"
    short.write_text("0 90 0\n")
    with pytest.raises(MeshError, match=r"found 1 orientations.*2 grains, the cell tags 1, 2"):
        read(orientations=short)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2 rodrigues:active", "rodrigues:active", "begins with the number of grains"),
        ("2 rodrigues:active", "2 rodriguez", "did you mean 'rodrigues'"),
        ("2 rodrigues:active", "2 quaternion", "found 3 numbers per orientation"),
        ("2 rodrigues:active", "3 rodrigues", "3 lines"),
        ("\n2 1.000000000000 ", "\n2 one ", "entry 2 is '2 one"),
        ("\n2 1.000000000000 ", "\n3 1.000000000000 ", "of the grains 1, 3; the mesh has 2"),
    ],
)
def test_damaged_sections_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = FILE.read_text()
    start = text.index("$ElsetOrientations")
    damaged = tmp_path / "damaged.msh"
    damaged.write_text(text[:start] + text[start:].replace(old, new, 1))
    with pytest.raises(MeshError, match=told):
        read(damaged)
