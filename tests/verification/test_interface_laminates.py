"""Layers and bricks with resistive interfaces and conducting sheets: fields are exact on the mesh.

Sources: Backus, J. Geophys. Res. 67 (1962) 4427, Milton, The Theory of Composites (2002), chapter
9, with interfaces in series and sheets in parallel; bricks have a one-dimensional field.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers.interface_boxes import effective, grains, laws
from helpers.mesh_boxes import isotropic, labelled_box, layers

SHIFTS = pytest.mark.parametrize("shift", [0.0, 0.125], ids=["on the face", "inside"])


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


def bricks(dimension: int, edge: float, shift: float = 0.0) -> Any:
    """Two bricks of the given edge along each axis, every one a grain."""
    n = (2,) * dimension
    return labelled_box((4,) * dimension, grains(n, shift), ["A"] * 2**dimension, edges=2 * edge)


def close(found: NDArray[np.float64], expected: Any) -> None:
    size = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * size)


@SHIFTS
@pytest.mark.parametrize("dimension", [2, 3])
def test_reference_of_resistive_planes(
    reference: dict[str, Any], dimension: int, shift: float
) -> None:
    entry = reference["lam-asr-1"]
    divisions = (8, 2, 2)[:dimension]
    data = labelled_box(
        divisions, grains((4,) + (1,) * (dimension - 1), shift), ["A"] * 4, edges=2e-5
    )
    found = effective(data, isotropic([0.05], dimension), laws(data, 1e-5))
    expected = np.array(entry["expected"]["tensor"])[:dimension, :dimension]
    # The reference has twelve digits.
    np.testing.assert_allclose(found.tensor, expected, rtol=1e-10, atol=1e-12)
    share = found.dissipation["x"]
    assert share.resistive[("A", "A")] == pytest.approx(1 / 11, rel=1e-9)
    assert not found.dissipation["y"].resistive
    assert max(found.discretisation_error.values()) < 1e-12


@SHIFTS
@pytest.mark.parametrize("dimension", [2, 3])
def test_reference_of_conducting_planes(
    reference: dict[str, Any], dimension: int, shift: float
) -> None:
    entry = reference["lam-sheet-1"]
    divisions = (8, 2, 2)[:dimension]
    data = labelled_box(
        divisions, grains((4,) + (1,) * (dimension - 1), shift), ["A"] * 4, edges=4e-6
    )
    found = effective(data, isotropic([1e-3], dimension), laws(data, sheet=2e-9))
    close(found.tensor, np.array(entry["expected"]["tensor"])[:dimension, :dimension])
    assert found.dissipation["y"].sheet[("A", "A")] == pytest.approx(2 / 3, rel=1e-10)
    assert not found.dissipation["x"].sheet
    assert max(found.discretisation_error.values()) < 1e-12


@SHIFTS
def test_planes_that_resist_and_conduct(shift: float) -> None:
    """Different layers; interfaces in series across, sheets in parallel along."""
    data = labelled_box((8, 4), lambda x: grains((4, 1), shift)(x), ["A", "B", "A", "B"])
    resistance = np.array([[0.0, 0.3], [0.3, 0.0]])
    sheet = np.array([[0.0, 0.25], [0.25, 0.0]])
    found = effective(data, isotropic([1.0, 4.0], 2), laws(data, resistance, sheet))
    across = 1.0 / (0.5 / 1.0 + 0.5 / 4.0 + 4 * 0.3)
    along = 0.5 * 1.0 + 0.5 * 4.0 + 4 * 0.25
    close(found.tensor, np.diag([across, along]))


def test_a_sheet_on_an_insulator_conducts_on_its_free_side() -> None:
    data = labelled_box((4, 4), layers([0.5, 0.5]), ["A", "void"])
    sheet = np.array([[0.0, 0.25], [0.25, 0.0]])
    found = effective(data, isotropic([1.0, 0.0], 2), laws(data, sheet=sheet))
    close(found.tensor, np.diag([0.0, 0.5 + 2 * 0.25]))


@pytest.mark.parametrize("boundary", ["electrodes", "uniform_gradient", "uniform_flux"])
def test_a_stack_between_other_boundaries(boundary: str) -> None:
    """Three interfaces inside; a uniform current is exact for any layers."""
    data = labelled_box((8, 3, 2), layers([0.25] * 4), ["A", "B", "A", "B"])
    sigma = isotropic([1.0, 4.0], 3)
    found = effective(data, sigma, laws(data, 0.2 * (1 - np.eye(2))), boundary)
    series = 1.0 / (0.5 / 1.0 + 0.5 / 4.0 + 3 * 0.2)
    if boundary != "uniform_gradient":  # its potential on the sides is not that of layers
        assert found.tensor[0, 0] == pytest.approx(series, rel=1e-10)
        np.testing.assert_allclose(found.from_currents.get("x", series), series, rtol=1e-8)
    if boundary != "uniform_flux":
        np.testing.assert_allclose(np.diagonal(found.tensor)[1:], 2.5, rtol=1e-10)


@SHIFTS
@pytest.mark.parametrize("name", ["brick-res-1", "brick-res-4"])
def test_reference_of_bricks_with_resistive_walls(
    reference: dict[str, Any], name: str, shift: float
) -> None:
    inputs = reference[name]["inputs"]
    data = bricks(3, inputs["d"], 2 * shift)
    found = effective(data, isotropic([inputs["sigma_g"]], 3), laws(data, inputs["R"]))
    expected = 1.0 / (1.0 / inputs["sigma_g"] + inputs["R"] / inputs["d"])
    assert expected == pytest.approx(reference[name]["expected"]["scalar"], rel=1e-10)
    close(found.tensor, expected * np.eye(3))


@SHIFTS
def test_reference_of_bricks_with_conducting_walls(reference: dict[str, Any], shift: float) -> None:
    entry = reference["brick-fast-1"]
    inputs = entry["inputs"]
    data = bricks(3, inputs["d"], 2 * shift)
    found = effective(data, isotropic([inputs["sigma_g"]], 3), laws(data, sheet=inputs["S"]))
    close(found.tensor, entry["expected"]["scalar"] * np.eye(3))


def test_bricks_whose_walls_differ() -> None:
    """A factor by labels: walls between even and odd layers resist twice as much."""
    data = labelled_box((8, 2), grains((4, 1)), ["A"] * 4)
    interfaces = laws(data, 0.1, factor=lambda labels: np.where(labels[:, 0] == 1, 3.0, 1.0))
    found = effective(data, isotropic([1.0], 2), interfaces)
    close(found.tensor, np.diag([1.0 / (1.0 + 0.1 * (1 + 3 + 1 + 1)), 1.0]))
