"""Every public reference with plane interfaces lies in its bracket.

Exact values carry twelve digits, numerical ones (cubes and bricks in three dimensions) five; the
bracket has to hold them but for half a unit of their last digit. Sources: tests/references.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bracketing import Bracketed, bracketed
from cellion.mesh.data import MeshData
from mesh_boxes import isotropic, labelled_box, layers, tiles

Array = NDArray[np.float64]
Record = Callable[[str, float, float, float, int], bool]

EXACT_DIGITS, NUMERICAL_DIGITS = 5e-12, 2e-5


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


def holds(
    record: Record, name: str, found: Bracketed, exact: Array, digits: float = EXACT_DIGITS
) -> None:
    """Every entry is inside its interval, and the bounds order the tensors."""
    bracket = found.bracket
    slack = digits * np.abs(exact).max()
    d = len(bracket.lower)
    for k in range(d):
        low, high = bracket.lower[k, k] - slack, bracket.upper[k, k] + slack
        assert record(f"{name} {'xyz'[k] * 2}", exact[k, k], low, high, found.unknowns)
    assert (bracket.smallest - slack <= exact).all()
    assert (exact <= bracket.largest + slack).all()
    if digits == EXACT_DIGITS:
        assert np.linalg.eigvalsh(exact - bracket.lower).min() > -d * slack
        assert np.linalg.eigvalsh(bracket.upper - exact).min() > -d * slack


def tensor_of(value: Any) -> Array:
    return value * np.eye(3) if np.isscalar(value) else np.array(value)


def tilted_layers(x: Array) -> NDArray[np.int64]:
    """Layers normal to (2, 1, 0), two to a period."""
    return np.floor(2.0 * ((2.0 * x[:, 0] + x[:, 1]) % 1.0)).astype(int)


@pytest.mark.parametrize("name", ["lam-iso-2", "lam-aniso-1", "lam-tilt-iso"])
def test_laminates(reference: dict[str, Any], record: Record, name: str) -> None:
    entry = reference[name]
    tensors = np.stack([tensor_of(value) for value in entry["inputs"]["tensors"]])
    if name == "lam-tilt-iso":
        # Bricks twice as many along x as along y, divided along the planes of the layers.
        data = turned(labelled_box((8, 4, 4), lambda x: np.zeros(len(x), int), ["A"]))
    else:
        data = labelled_box((20, 4, 4), layers(entry["inputs"]["fractions"]), ["A", "B"])
    holds(record, name, bracketed(data, tensors), np.array(entry["expected"]["tensor"]))


def turned(data: MeshData) -> MeshData:
    """Reflect a box along x, so that diagonals fall, and label it by tilted layers."""
    points = data.points.copy()
    points[:, 0] = 1.0 - points[:, 0]
    cells = data.cells[:, [1, 0, *range(2, data.cells.shape[1])]]
    labels = tilted_layers(points[cells].mean(axis=1)).astype(np.int32)
    return MeshData(
        points=points,
        cells=cells,
        labels=labels,
        label_material=np.array([0, 1], dtype=np.int32),
        materials=("A", "B"),
        box=data.box,
        periodic=data.periodic,
    )


def test_resistive_planes(reference: dict[str, Any], record: Record) -> None:
    entry = reference["lam-asr-1"]
    data = labelled_box((4, 4, 4), layers([0.5, 0.5]), ["A", "A"], edges=(10e-6, 10e-6, 10e-6))
    found = bracketed(data, isotropic(entry["inputs"]["tensors"], 3), resistance=np.array([[1e-5]]))
    holds(record, "lam-asr-1", found, np.array(entry["expected"]["tensor"]))


@pytest.mark.parametrize("name", ["lam-sheet-1", "brick-fast-1"])
def test_sheets_are_certified_from_above(
    reference: dict[str, Any], record: Record, name: str
) -> None:
    entry = reference[name]
    inputs = entry["inputs"]
    if name == "lam-sheet-1":
        data = labelled_box((4, 4, 4), layers([0.5, 0.5]), ["A", "A"], edges=2e-6)
        values, sheet = inputs["tensors"], 2e-9
        exact = np.array(entry["expected"]["tensor"])
    else:
        data = labelled_box((4, 4, 4), grains, ["A"] * 8, edges=2 * inputs["d"])
        values, sheet = [inputs["sigma_g"]], inputs["S"]
        exact = entry["expected"]["scalar"] * np.eye(3)
    found = bracketed(data, isotropic(values, 3), sheet=np.array([[sheet]]))
    assert found.bracket.sheets
    holds(record, name, found, exact)


def grains(x: Array) -> NDArray[np.int64]:
    """Eight cubes."""
    return (np.floor(2.0 * x) @ np.array([1, 2, 4])).astype(int)


@pytest.mark.parametrize("name", ["brick-res-1", "brick-res-4"])
def test_resistive_bricks(reference: dict[str, Any], record: Record, name: str) -> None:
    inputs = reference[name]["inputs"]
    data = labelled_box((4, 4, 4), grains, ["A"] * 8, edges=2 * inputs["d"])
    found = bracketed(data, isotropic([inputs["sigma_g"]], 3), resistance=np.array([[inputs["R"]]]))
    holds(record, name, found, reference[name]["expected"]["scalar"] * np.eye(3))


def test_square_checkerboard(reference: dict[str, Any], record: Record) -> None:
    entry = reference["2d-checker-9"]
    values = [entry["inputs"]["s1"], entry["inputs"]["s2"]]
    found = bracketed(labelled_box((32, 32), tiles((2, 2)), ["A", "B"]), isotropic(values, 2))
    holds(record, "2d-checker-9", found, entry["expected"]["scalar"] * np.eye(2))


def test_checkerboard_of_one_crystal(reference: dict[str, Any], record: Record) -> None:
    entry = reference["2d-polycrystal-checker-1"]
    crystal = np.diag(np.array(entry["inputs"]["principal"], dtype=float))
    tensors = np.stack([crystal, crystal[::-1, ::-1]])
    found = bracketed(labelled_box((32, 32), tiles((2, 2)), ["A", "B"]), tensors)
    holds(record, "2d-polycrystal-checker-1", found, entry["expected"]["scalar"] * np.eye(2))


def test_the_determinant_of_a_polycrystal(reference: dict[str, Any], record: Record) -> None:
    entry = reference["2d-polycrystal-det-1"]
    angles = np.random.default_rng(5077).uniform(0.0, np.pi, 16)
    turn = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    turn = turn.transpose(2, 0, 1)
    crystal = np.diag(np.array(entry["inputs"]["principal"], dtype=float))
    data = labelled_box(
        (24, 24),
        lambda x: (np.floor(4 * x) @ np.array([1, 4])).astype(int),
        list("ABCDEFGHIJKLMNOP"),
    )
    bracket = bracketed(data, turn @ crystal @ turn.transpose(0, 2, 1))
    # The determinant grows with the tensor in the sense of forms.
    low, high = (np.linalg.det(t) for t in (bracket.bracket.lower, bracket.bracket.upper))
    exact = entry["expected"]["det"]
    assert record("2d-polycrystal-det-1", exact, low, high, bracket.unknowns)


@pytest.mark.parametrize("name", ["2d-fourphase-1", "2d-fourphase-4", "2d-fourphase-6"])
def test_four_phases(reference: dict[str, Any], record: Record, name: str) -> None:
    entry = reference[name]

    def corner(x: Array) -> NDArray[np.int64]:
        right, top = (x > 0.5).T
        return np.where(top, np.where(right, 1, 0), np.where(right, 2, 3))

    data = labelled_box((32, 32), corner, ["A", "B", "C", "D"])
    values = [entry["inputs"][f"s{i}"] for i in (1, 2, 3, 4)]
    exact = np.diag([entry["expected"]["sxx"], entry["expected"]["syy"]])
    holds(record, name, bracketed(data, isotropic(values, 2)), exact)


def cube(edge: float) -> Callable[[Array], NDArray[np.int64]]:
    return lambda x: (np.abs(x - 0.5) < 0.5 * edge).all(axis=1).astype(int)


CUBES = {
    "3d-cubes-1/8-10": (cube(0.5), "matrix", "inclusion"),
    "3d-cubes-1/8-100": (cube(0.5), "matrix", "inclusion"),
    "3d-brick-0.75-100": (cube(0.75), "boundary", "grain"),
    "3d-brick-0.75-0.1": (cube(0.75), "boundary", "grain"),
    "3d-checker-4": (tiles((2, 2, 2)), "s2", "s1"),
}


@pytest.mark.parametrize("name", CUBES)
def test_cubes(reference: dict[str, Any], record: Record, name: str) -> None:
    entry = reference[name]
    label, outer, inner = CUBES[name]
    data = labelled_box((8, 8, 8), label, ["A", "B"])
    found = bracketed(data, isotropic([entry["inputs"][outer], entry["inputs"][inner]], 3))
    exact = entry["expected"]["scalar"] * np.eye(3)
    holds(record, name, found, exact, NUMERICAL_DIGITS)
