"""Spheres and discs whose surface resists or conducts: lattices and neutral inclusions.

Sources: Cheng and Torquato, Proc. R. Soc. A 453 (1997) 145 (spheres); Perrins, McKenzie and
McPhedran, Proc. R. Soc. A 369 (1979) 207 (discs, with an interface law for each multipole); Hashin
(1962), Torquato and Rintoul, Phys. Rev. Lett. 75 (1995) 4067, Lipton and Vernescu, Proc. R. Soc. A
452 (1996) 329 (inclusions that a field does not see).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellion.homogenise.effective import EffectiveConductivity
from helpers.interface_boxes import between, effective, lattice_box, laws, sphere_box
from helpers.mesh_boxes import isotropic


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


def lattice(entry: dict[str, Any], size: float) -> EffectiveConductivity:
    inputs = entry["inputs"]
    data = lattice_box(inputs["lattice"], inputs["radius"], size)
    interfaces = laws(data, between(inputs["R"]), between(inputs["S"]))
    return effective(data, isotropic([1.0, inputs["alpha"]], data.dimension), interfaces)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("disc-if-1", 1 / 32),
        ("disc-if-4", 1 / 32),
        ("sph-if-1", 1 / 10),
        ("sph-if-5", 1 / 10),
        ("sph-if-8", 1 / 10),
        pytest.param("sph-if-4", 1 / 10, marks=pytest.mark.slow),
    ],
)
def test_lattice(reference: dict[str, Any], name: str, size: float) -> None:
    entry = reference[name]
    found = lattice(entry, size)
    error = np.diagonal(found.tensor) / entry["expected"]["scalar"] - 1.0
    assert (np.abs(error) < 0.01).all()
    # The estimate is of the field's error; the facets that stand for the surface add to it.
    estimate = np.array(list(found.discretisation_error.values()))
    assert (estimate > 0.5 * np.abs(error)).all()
    assert (estimate < 2.0 * np.abs(error)).all()


@pytest.mark.parametrize("name", ["disc-if-1", "disc-if-4"])
def test_lattices_converge_with_second_order(reference: dict[str, Any], name: str) -> None:
    exact = reference[name]["expected"]["scalar"]
    errors = [lattice(reference[name], size).tensor[0, 0] / exact - 1 for size in (1 / 16, 1 / 64)]
    assert 8.0 < errors[0] / errors[1] < 32.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sph-if-1", "sph-if-5"])
def test_lattices_of_spheres_converge(reference: dict[str, Any], name: str) -> None:
    exact = reference[name]["expected"]["scalar"]
    errors = [lattice(reference[name], size).tensor[0, 0] / exact - 1 for size in (1 / 10, 1 / 32)]
    assert errors[0] / errors[1] > 3.0


def test_spheres_with_a_neutral_resistance(reference: dict[str, Any]) -> None:
    """At R = a / sigma_m - a / sigma_i a better conductor hides, wherever the spheres are."""
    entry = reference["neu-kapitza-3d"]
    inputs = entry["inputs"]
    radius = inputs["radius"]
    box = radius * np.array([5.2, 5.0, 4.0])
    centers = radius * np.array([[1.5, 1.4, 0.2], [3.9, 2.2, 1.6], [1.2, 3.8, 2.4]])
    data = sphere_box(centers, radius, box, radius / 4)
    sigma = isotropic([inputs["sigma_m"], inputs["sigma_i"]], 3)
    found = effective(data, sigma, laws(data, between(inputs["R"])))
    np.testing.assert_allclose(found.tensor, entry["expected"]["scalar"] * np.eye(3), atol=0.01)
    # Without the resistance they would not hide.
    assert np.linalg.eigvalsh(effective(data, sigma).tensor).min() > 1.2


def test_discs_with_a_neutral_sheet(reference: dict[str, Any]) -> None:
    """At G = a (sigma_m - sigma_i) a worse conductor hides."""
    entry = reference["neu-sheet-2d"]
    inputs = entry["inputs"]
    radius = inputs["radius"]
    centers = radius * np.array([[1.3, 0.9], [3.9, 2.2], [1.4, 3.2]])
    data = sphere_box(centers, radius, radius * np.array([5.2, 4.4]), radius / 20)
    sigma = isotropic([inputs["sigma_m"], inputs["sigma_i"]], 2)
    found = effective(data, sigma, laws(data, sheet=between(inputs["S"])))
    np.testing.assert_allclose(found.tensor, entry["expected"]["scalar"] * np.eye(2), atol=0.004)
