"""Every kind of geometry, from the request to labels."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import MicrostructureError
from cellion.microstructure.generate import generate
from cellion.scenario.microstructure import MicrostructureSpec

UM = 1e-6


def make(kind, document, materials):
    return generate(MicrostructureSpec.model_validate({kind: document}), materials)


def a_sphere(x, y, radius, material="CAM"):
    return {"center": [f"{x} um", f"{y} um"], "radius": f"{radius} um", "material": material}


def test_packing(densities):
    particle = {"material": "CAM", "volume_fraction": 0.3, "diameter": "0.3 um"}
    document = {"box": ["1 um"] * 3, "seed": 5, "matrix": "SE", "particles": [particle]}
    found = make("packing", document, densities)
    assert found.seed == 5
    assert found.particle_count == found.geometry.label_material.size - 1


def test_spheres_with_walls_and_overlaps(densities):
    spheres = [a_sphere(0.5, 0.5, 0.3), a_sphere(0.9, 0.5, 0.2), a_sphere(0.5, 0.5, 0.1, "C")]
    document = {"box": ["1 um", "1 um"], "periodic": False, "matrix": "SE", "spheres": spheres}
    found = make("spheres", document, densities)
    assert found.materials == ("SE", "CAM", "C")
    x = np.array([[0.5, 0.5], [0.95, 0.5], [0.1, 0.1]]) * UM
    assert found.geometry.label(x).tolist() == [1, 2, 0]
    notes = " ".join(found.notes)
    assert "1 pair overlaps" in notes
    assert "spheres[2]" in notes
    assert "clip 1" in notes
    assert found.requested_volume_fraction["C"] == 0


def test_layers(densities):
    document = {
        "box": ["4 um", "1 um"],
        "axis": "x",
        "materials": ["SE", "CAM", "SE"],
        "thicknesses": ["1 um", "2 um", "1 um"],
    }
    found = make("layers", document, densities)
    assert found.materials == ("SE", "CAM")
    assert found.requested_volume_fraction == pytest.approx({"SE": 0.5, "CAM": 0.5})
    assert found.geometry.label_material.tolist() == [0, 1, 0]


def test_oblique_layers(densities):
    document = {
        "box": ["1 um"] * 3,
        "normal": [1, 1, 0],
        "materials": ["SE", "CAM"],
        "thicknesses": [0.25, 0.75],
    }
    found = make("layers", document, densities)
    assert found.requested_volume_fraction == pytest.approx({"SE": 0.25, "CAM": 0.75})
    assert found.geometry.normal.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("materials", "expected"),
    [(["SE", "CAM"], [0, 1, 1, 0]), (["SE", "CAM", "CAM", "C"], [0, 1, 1, 2])],
)
def test_checkerboard(densities, materials, expected):
    document = {"box": ["1 um", "1 um"], "divisions": [2, 2], "materials": materials}
    found = make("checkerboard", document, densities)
    assert found.geometry.label_material.tolist() == expected


@pytest.mark.parametrize(
    ("kind", "document", "where"),
    [
        (
            "spheres",
            {"box": ["1 um", "1 um"], "matrix": "SEE", "spheres": [a_sphere(0.5, 0.5, 0.1)]},
            r"spheres\.matrix",
        ),
        (
            "spheres",
            {"box": ["1 um"] * 2, "matrix": "SE", "spheres": [a_sphere(0.5, 0.5, 0.1, "SEE")]},
            r"spheres\.spheres\[0\]\.material",
        ),
        (
            "layers",
            {"box": ["1 um"] * 2, "axis": "x", "materials": ["SEE"], "thicknesses": ["1 um"]},
            r"layers\.materials\[0\]",
        ),
        (
            "checkerboard",
            {"box": ["1 um"] * 2, "divisions": [2, 2], "materials": ["SE", "SEE"]},
            r"checkerboard\.materials\[1\]",
        ),
    ],
)
def test_unknown_materials_are_named(kind, document, where, densities):
    with pytest.raises(MicrostructureError, match=where + r".*'SEE'.*did you mean 'SE'"):
        make(kind, document, densities)


def test_a_mesh_file_has_no_geometry(densities):
    document = {"file": "cells.msh", "length_unit": "um", "labels": {1: "SE"}}
    with pytest.raises(MicrostructureError, match=r"cells\.msh.*read it as a mesh"):
        make("mesh", document, densities)
