"""Meshes and runs to export: made by hand, with values that follow from coordinates."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.export.field_piece import CornerField, field_piece
from cellion.export.paraview import write_fields
from cellion.results.record import RunResult

BOX = 30e-6
MATERIALS = ("SE", "CAM")
SPHERES = np.array([[0.3, 0.35, 0.4, 0.24], [0.72, 0.6, 0.55, 0.2], [0.35, 0.8, 0.75, 0.16]])


def lattice(divisions: int, dimension: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The unit box cut into cubes, each into d! simplices along the paths of its axes."""
    side = divisions + 1
    axes = np.meshgrid(*[np.arange(side)] * dimension, indexing="ij")
    nodes = np.stack([a.ravel() for a in axes], axis=1)
    strides = side ** np.arange(dimension)[::-1]
    corner = nodes[(nodes < divisions).all(axis=1)] @ strides
    cells = []
    for path in permutations(range(dimension)):
        steps = np.concatenate([[0], np.cumsum(strides[list(path)])])
        cells.append(corner[:, None] + steps)
    return nodes / divisions, np.concatenate(cells)


@pytest.fixture(scope="session")
def make_lattice() -> Callable[[int, int], tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Makes `lattice` boxes."""
    return lattice


def write_composite(path: Path, divisions: int, dimension: int) -> Path:
    """Spheres (discs) that insulate, with the potential of a uniform field around them."""
    points, cells = lattice(divisions, dimension)
    centre = points[cells].mean(axis=1)
    distance = [np.linalg.norm(centre - s[:dimension], axis=1) - s[3] for s in SPHERES]
    nearest = np.argmin(distance, axis=0)
    label = np.where(np.min(distance, axis=0) < 0, nearest + 1, 0).astype(np.int32)
    matrix = label == 0
    potential = np.where(matrix[:, None], 1 - points[cells][..., 0], np.nan)
    speed = np.where(matrix, 800 * (1 + centre[:, 1]), 0.0)
    current = speed[:, None] * np.eye(3)[0]
    piece = field_piece(
        points * BOX,
        cells,
        corner_fields={"potential_ion_x": CornerField(values=potential, unit="V")},
        cell_data={
            "material": (label > 0).astype(np.int32),
            "label": label,
            "current_density_ion_x": current,
            "current_density_ion_x_magnitude": speed,
        },
        units={
            "current_density_ion_x": "A/m^2",
            "current_density_ion_x_magnitude": "A/m^2",
        },
    )
    return write_fields(path, piece, MPI.COMM_SELF, materials=MATERIALS)


@pytest.fixture(scope="session")
def composite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Path of the small composite in two or three dimensions."""
    made: dict[int, Path] = {}

    def get(dimension: int) -> Path:
        if dimension not in made:
            path = tmp_path_factory.mktemp("composite") / "fields.vtkhdf"
            made[dimension] = write_composite(path, {2: 24, 3: 12}[dimension], dimension)
        return made[dimension]

    return get


def _examples() -> ModuleType:
    """The examples of the neighbouring room, which pytest does not put on the path."""
    file = Path(__file__).parents[1] / "results" / "conftest.py"
    spec = importlib.util.spec_from_file_location("result_examples", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def make_run() -> Callable[..., RunResult]:
    """Makes a run: ``make_run(solid_electrolyte=0.42, seed=271, isolated_cam=True)``."""
    maker: Callable[..., RunResult] = _examples().run
    return maker


@pytest.fixture
def plane_run() -> RunResult:
    """A run in a plane, whose third direction was not asked for."""
    result: RunResult = _examples().two_directions()
    return result
