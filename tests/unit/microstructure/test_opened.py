"""Geometries cut open along an axis fill their box as before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.microstructure.generate import generate
from cellion.microstructure.geometry import Microstructure
from cellion.scenario.load import build_scenario

BOX = ["6 um", "5 um", "4 um"]
KINDS: dict[str, dict[str, Any]] = {
    "packing": {
        "seed": 7,
        "matrix": "A",
        "particles": [{"material": "B", "volume_fraction": 0.4, "diameter": "2 um"}],
    },
    "polycrystal": {"seed": 7, "grains": 12, "material": "A", "orientations": "random"},
    "layers": {"axis": "x", "materials": ["A", "B"], "thicknesses": ["4 um", "2 um"]},
    "checkerboard": {"divisions": [2, 2, 2], "materials": ["A", "B"]},
    "bricks": {"divisions": [2, 2, 2], "material": "A"},
    "columns": {"seed": 7, "grains": 12, "material": "A", "columnar": "z"},
    "matrix of grains": {
        "seed": 7,
        "matrix": {"polycrystal": {"material": "A", "grains": 8}},
        "particles": [{"material": "B", "volume_fraction": 0.3, "diameter": "2 um"}],
    },
}
NAMES = {"columns": "polycrystal", "matrix of grains": "packing"}


def made(kind: str) -> Microstructure:
    section = {NAMES.get(kind, kind): {"box": BOX, **KINDS[kind]}}
    materials = {"A": {"ion": {"conductivity": "1 S/m"}}, "B": "insulator"}
    document = {"name": "demo", "materials": materials, "microstructure": section}
    return generate(build_scenario(document).microstructure, {"A": None, "B": None})


@pytest.mark.parametrize("axis", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_every_point_keeps_material_and_orientation(kind, axis):
    whole = made(kind)
    opened = whole.opened(axis)
    x = np.random.default_rng(23).random((4000, 3)) * whole.box
    before, after = whole.geometry.label(x), opened.geometry.label(x)
    material = whole.geometry.label_material[before]
    np.testing.assert_array_equal(opened.geometry.label_material[after], material)
    if whole.orientations is not None:
        assert len(opened.orientations) == len(opened.geometry.label_material)
        np.testing.assert_array_equal(opened.orientations[after], whole.orientations[before])
    assert opened.periodic.tolist() == [k != axis for k in range(3)]
    assert opened.geometry.periodic.tolist() == opened.periodic.tolist()


@pytest.mark.parametrize("kind", ["packing", "polycrystal", "matrix of grains"])
def test_what_enters_from_both_ends_has_two_labels(kind):
    opened = made(kind).opened(2)
    x = np.random.default_rng(29).random((4000, 3)) * opened.box
    low, high = x * [1, 1, 0], x * [1, 1, 0] + [0, 0, 4e-6]
    ends = [set(np.unique(opened.geometry.label(points)).tolist()) for points in (low, high)]
    matrix = {0} if kind == "packing" else set()
    assert ends[0] & ends[1] == matrix


def test_walls_stay():
    section = {"layers": {"box": BOX, "periodic": False, **KINDS["layers"]}}
    materials = {"A": {"ion": {"conductivity": "1 S/m"}}, "B": "insulator"}
    document = {"name": "demo", "materials": materials, "microstructure": section}
    walled = generate(build_scenario(document).microstructure, {"A": None, "B": None})
    assert walled.opened(1) is walled
