"""Oriented grains: exact invariants of plane polycrystals, intervals in space, what turning does.

Sources: Dykhne, Sov. Phys. JETP 32 (1971) 63; Mendelson, J. Appl. Phys. 46 (1975) 917; Avellaneda,
Cherkaev, Lurie and Milton, J. Appl. Phys. 63 (1988) 4989.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from cellion.homogenise.effective import EffectiveConductivity, effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.generate import generate
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.transport.primal.solution import current_density
from helpers.interface_boxes import effective, grains, laws, solved
from helpers.mesh_boxes import labelled_box, layers


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


def plane_turn(angles: Any) -> NDArray[np.float64]:
    c, s = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([c, -s], axis=-1), np.stack([s, c], axis=-1)], axis=-2)


def tiles_of_one_crystal(n: int, cells: int, angles: Any) -> MeshData:
    data = labelled_box((n * cells, n * cells), grains((n, n)), ["A"] * n**2)
    return replace(data, orientations=plane_turn(np.asarray(angles)))


def crystal(entry: dict[str, Any]) -> NDArray[np.float64]:
    return np.diag(np.array(entry["inputs"]["principal"], dtype=float))[None]


def test_determinant_of_a_plane_polycrystal(reference: dict[str, Any]) -> None:
    """P1 values lie above, so that the determinant converges from there."""
    entry = reference["2d-polycrystal-det-1"]
    angles = np.pi * np.random.default_rng(2017).random(16)
    excess = []
    for cells in (8, 32):
        found = effective(tiles_of_one_crystal(4, cells, angles), crystal(entry))
        excess.append(np.linalg.det(found.tensor) / entry["expected"]["det"] - 1.0)
    assert 0.0 < excess[1] < 0.01
    assert excess[0] / excess[1] > 4.0
    assert sum(found.discretisation_error.values()) == pytest.approx(excess[1], rel=0.6)


def test_checkerboard_of_one_crystal(reference: dict[str, Any]) -> None:
    entry = reference["2d-polycrystal-checker-1"]
    data = tiles_of_one_crystal(2, 64, [0.0, np.pi / 2, np.pi / 2, 0.0])
    found = effective(data, crystal(entry)).tensor
    np.testing.assert_allclose(found, entry["expected"]["scalar"] * np.eye(2), atol=0.03)


def check_interval(found: EffectiveConductivity, entry: dict[str, Any], *, narrow: bool) -> None:
    """Check that an average over directions is where that of an untextured polycrystal must be.

    Grains at random are equiaxed and their orientations uncorrelated, so that the narrower bounds
    hold as well; what the mesh adds may be taken off before that.
    """
    expected, mean = entry["expected"], np.trace(found.tensor) / 3.0
    by_mesh = np.mean(list(found.discretisation_error.values()))
    assert expected["lower_optimal"] < mean < expected["upper_optimal"]
    assert expected["hs_lower"] < mean / (1.0 + by_mesh) < expected["hs_upper"]
    if narrow:
        assert mean / (1.0 + by_mesh) == pytest.approx(expected["self_consistent"], rel=0.03)


@pytest.mark.parametrize("name", ["poly3d-1", "poly3d-3"])
def test_an_untextured_polycrystal_lies_in_its_interval(
    reference: dict[str, Any], name: str
) -> None:
    entry = reference[name]
    tree = KDTree(np.random.default_rng(5077).random((200, 3)), boxsize=1.0)
    data = labelled_box((18, 18, 18), lambda x: tree.query(x)[1], ["A"] * 200)
    data = replace(data, orientations=Rotation.random(200, rng=97).as_matrix())
    check_interval(effective(data, crystal(entry)), entry, narrow=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["poly3d-1", "poly3d-3"])
def test_a_large_polycrystal_is_what_is_expected_of_it(
    reference: dict[str, Any], large: MeshData, name: str
) -> None:
    entry = reference[name]
    check_interval(effective(large, crystal(entry)), entry, narrow=True)


@pytest.fixture(scope="module")
def large() -> MeshData:
    """400 grains at random points, meshed along their boundaries."""
    request = {"box": ["1 m"] * 3, "material": "A", "grains": 400, "seed": 7}
    spec = MicrostructureSpec.model_validate({"polycrystal": request | {"orientations": "random"}})
    size = 0.45 * (3.0 / (4.0 * np.pi * 400)) ** (1.0 / 3.0)
    sizes = MeshSizes(size=size, surface=size, smallest=size)
    return generate_mesh(generate(spec, {"A": None}), sizes)


@given(seed=st.integers(2, 10**6))
@settings(max_examples=8)
def test_one_orientation_everywhere_turns_the_tensor(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Q = Rotation.random(rng=rng).as_matrix()
    data = labelled_box((3, 3, 3), grains((3, 1, 1)), ["A"] * 3)
    data = replace(data, orientations=np.broadcast_to(Q, (3, 3, 3)).copy())
    sigma = np.diag([1.0, 5.0, 0.2])
    np.testing.assert_allclose(effective(data, sigma[None]).tensor, Q @ sigma @ Q.T, atol=1e-12)


def test_layers_of_turned_crystals() -> None:
    """Two layers of one crystal in series and parallel, with resistive walls between."""
    data = labelled_box((4, 2, 2), layers([0.25, 0.75]), ["A", "A"])
    quarter = Rotation.from_euler("y", 90, degrees=True).as_matrix()
    data = replace(data, orientations=np.stack([np.eye(3), quarter]))
    found = effective(data, np.diag([1.0, 2.0, 5.0])[None], laws(data, 0.1)).tensor
    expected = [1 / (0.25 / 1 + 0.75 / 5 + 0.2), 2.0, 0.25 * 5 + 0.75 * 1]
    np.testing.assert_allclose(found, np.diag(expected), atol=1e-10)


def test_orientations_do_not_matter_to_isotropic_crystals() -> None:
    data = labelled_box((4, 4, 4), grains((2, 2, 2)), ["A", "B"] * 4)
    turned = replace(data, orientations=Rotation.random(8, rng=97).as_matrix())
    sigma = np.array([2.0, 0.3])[:, None, None] * np.eye(3)
    np.testing.assert_array_equal(effective(data, sigma).tensor, effective(turned, sigma).tensor)


def test_a_polycrystal_lies_between_series_and_parallel_of_its_crystal() -> None:
    data = labelled_box((6, 6, 6), grains((3, 3, 3)), ["A"] * 27)
    turns = Rotation.random(27, rng=31).as_matrix()
    data = replace(data, orientations=turns)
    sigma = np.diag([1.0, 0.1, 0.01])
    local = turns @ sigma @ turns.transpose(0, 2, 1)
    found = effective(data, sigma[None]).tensor
    upper, lower = local.mean(axis=0), np.linalg.inv(np.linalg.inv(local).mean(axis=0))
    assert np.linalg.eigvalsh(upper - found).min() > 0.0
    assert np.linalg.eigvalsh(found - lower).min() > 0.0
    # Walls make it worse.
    walled = effective(data, sigma[None], laws(data, 0.5)).tensor
    assert np.linalg.eigvalsh(found - walled).min() > 0.0


def test_the_mean_current_of_oriented_grains_is_the_tensor() -> None:
    data = labelled_box((4, 4, 4), grains((2, 2, 2)), ["A"] * 8)
    data = replace(data, orientations=Rotation.random(8, rng=19).as_matrix())
    solution = solved(data, np.diag([1.0, 0.1, 0.01])[None], laws(data, 0.1))
    tensor = effective_conductivity(solution).tensor
    for k, direction in enumerate("xyz"):
        j = current_density(solution, direction)
        mean = solution.problem.mesh.cell_volumes @ j
        np.testing.assert_allclose(mean, tensor[:, k], atol=1e-9)
