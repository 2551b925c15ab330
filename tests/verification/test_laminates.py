"""Laminates: the P1 solution is exact on aligned meshes, so the answer is too.

Sources: Milton, The Theory of Composites (2002), section 9.2; references computed from his
formulas with 12 digits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.grid import oblique_layer_mesh
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import isotropic, labelled_box, layers

SERIES = 1.0 / (0.25 / 1.0 + 0.75 / 4.0)
PARALLEL = 0.25 * 1.0 + 0.75 * 4.0


def effective(data: MeshData, conductivity: NDArray[np.float64], boundary: str) -> NDArray[Any]:
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
    )
    found = effective_conductivity(solve(problem))
    assert max(found.discretisation_error.values()) < 1e-14
    assert max(found.imbalance.values(), default=0.0) < 1e-8
    return found.tensor


def known(diagonal: NDArray[np.float64], boundary: str) -> NDArray[np.float64]:
    """Diagonal tensor; between electrodes, nothing off the diagonal is known."""
    rest = np.nan if boundary == "electrodes" else 0.0
    found: NDArray[np.float64] = np.where(np.eye(len(diagonal)) > 0.0, np.diag(diagonal), rest)
    return found


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dimension", [2, 3])
def test_two_isotropic_layers(dimension: int, axis: int, boundary: str) -> None:
    axis %= dimension
    divisions = [3, 2, 2][:dimension]
    divisions[axis] = 4
    data = labelled_box(divisions, layers([0.25, 0.75], axis), ["A", "B"])
    expected = np.full(dimension, PARALLEL)
    expected[axis] = SERIES
    found = effective(data, isotropic([1.0, 4.0], dimension), boundary)
    np.testing.assert_allclose(found, known(expected, boundary), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_magnitudes_of_si(boundary: str) -> None:
    data = labelled_box((4, 2, 2), layers([0.25, 0.75]), ["A", "B"], edges=(1e-6, 2e-6, 3e-7))
    found = effective(data, 1e-10 * isotropic([1.0, 4.0], 3), boundary)
    expected = known(1e-10 * np.array([SERIES, PARALLEL, PARALLEL]), boundary)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-20)


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
def test_contrast_of_a_hundred_million(boundary: str) -> None:
    data = labelled_box((8, 2, 2), layers([0.25, 0.75]), ["A", "B"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, 1e-8], 3),
        drive=DRIVES[boundary],
        directions=("x", "y", "z"),
    )
    found = effective_conductivity(solve(problem))
    expected = [1.0 / (0.25 + 0.75e8), 0.25 + 0.75e-8, 0.25 + 0.75e-8]
    np.testing.assert_allclose(np.diagonal(found.tensor), expected, rtol=1e-10)
    # Currents are linear in the error of w, and the good conductor multiplies it by 1e8.
    assert found.imbalance.get("x", 0.0) < 1e-5


def test_reference_of_two_isotropic_layers(reference: dict[str, Any]) -> None:
    entry = reference["lam-iso-2"]
    data = labelled_box((4, 2, 2), layers(entry["inputs"]["fractions"]), ["A", "B"])
    found = effective(data, isotropic(entry["inputs"]["tensors"], 3), "periodic")
    np.testing.assert_allclose(found, entry["expected"]["tensor"], rtol=1e-10, atol=1e-10)


def test_reference_of_an_anisotropic_layer(reference: dict[str, Any]) -> None:
    entry = reference["lam-aniso-1"]
    data = labelled_box((5, 2, 2), layers(entry["inputs"]["fractions"]), ["A", "B"])
    found = effective(data, np.array(entry["inputs"]["tensors"]), "periodic")
    np.testing.assert_allclose(found, entry["expected"]["tensor"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dimension", [2, 3])
def test_reference_of_oblique_layers(reference: dict[str, Any], dimension: int) -> None:
    entry = reference["lam-tilt-iso"]
    normal = np.array(entry["inputs"]["normal"][:dimension])
    box = np.ones(dimension)
    bricks = oblique_layer_mesh(
        box,
        np.ones(dimension, dtype=bool),
        normal,
        np.array(entry["inputs"]["fractions"][:1]),
        0.25,
    )
    phase = (bricks.points[bricks.cells].mean(axis=1) @ normal) % 1.0
    data = MeshData(
        points=bricks.points,
        cells=bricks.cells.astype(np.int64),
        labels=(phase > entry["inputs"]["fractions"][0]).astype(np.int32),
        label_material=np.array([0, 1], dtype=np.int32),
        materials=("A", "B"),
        box=box,
        periodic=np.ones(dimension, dtype=bool),
    )
    found = effective(data, isotropic(entry["inputs"]["tensors"], dimension), "periodic")
    expected = np.array(entry["expected"]["tensor"])[:dimension, :dimension]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)
