"""The estimated cost of flat facets, against refinement that keeps the facets flat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellion.homogenise.faceting import faceting_errors
from cellion.mesh.data import MeshData
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.spheres import SphereGeometry
from helpers.bracketing import solved_and_bounded
from helpers.interface_boxes import LATTICES, between, laws
from helpers.mesh_boxes import isotropic, labelled_box

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def reference(root: Path) -> dict[str, Any]:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    return {entry["id"]: entry for entry in entries["entries"]}


def discs(entry: dict[str, Any]) -> SphereGeometry:
    centers = np.array(LATTICES[entry["inputs"]["lattice"]])
    box = np.array([1.0, 1.0])
    radius = np.sqrt(entry["inputs"]["area_fraction"] / np.pi / len(centers))
    return SphereGeometry(
        box=box,
        periodic=np.ones(2, dtype=bool),
        centers=centers,
        radii=np.full(len(centers), radius),
        label_material=np.array([0] + [1] * len(centers), dtype=np.int32),
    )


def meshed(geometry: SphereGeometry, size: float) -> MeshData:
    structure = Microstructure(materials=("M", "A"), geometry=geometry)
    sizes = MeshSizes(size=size, surface=size, smallest=size / 4, gap_cells=2)
    return generate_mesh(structure, sizes)


def halved(data: MeshData) -> MeshData:
    """Every triangle in four; facets stay where they are."""
    cells, count = data.cells, len(data.points)
    edges = np.sort(cells[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    distinct, number = np.unique(edges, axis=0, return_inverse=True)
    a, b, c = cells.T
    ab, bc, ca = number.reshape(-1, 3).T + count
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return MeshData(
        points=np.concatenate([data.points, data.points[distinct].mean(axis=1)]),
        cells=np.concatenate([np.stack(part, axis=1) for part in parts]),
        labels=np.tile(data.labels, 4),
        label_material=data.label_material,
        materials=data.materials,
        box=data.box,
        periodic=data.periodic,
    )


@pytest.mark.parametrize("name", ["disc-square-0.4-0.05", "disc-if-1"])
def test_the_estimate_is_what_flat_facets_cost(reference: dict[str, Any], name: str) -> None:
    entry = reference[name]
    inputs, exact = entry["inputs"], entry["expected"]["scalar"]
    geometry, estimates = discs(entry), []
    sigma = isotropic([1.0, inputs["alpha"]], 2)
    for size in (1 / 8, 1 / 32):
        data = meshed(geometry, size)
        contacts = laws(data, between(inputs.get("R", 0.0)))
        solution, conserved, _ = solved_and_bounded(data, sigma, interfaces=contacts)
        estimates.append(faceting_errors(solution, conserved, geometry)["x"])
        if len(estimates) == 1:
            for _ in range(3):
                data = halved(data)
            _, _, bracket = solved_and_bounded(data, sigma, interfaces=contacts)
            found = 0.5 * (bracket.lower[0, 0] + bracket.upper[0, 0])
            cost = abs(found - exact)
            assert bracket.upper[0, 0] - bracket.lower[0, 0] < 3.0 * cost
            assert cost < estimates[0] < 3.5 * cost
    assert estimates[1] < estimates[0] / 4


def test_surfaces_between_equal_conductors_cost_nothing() -> None:
    geometry = discs({"inputs": {"lattice": "square", "area_fraction": 0.3}})
    data = meshed(geometry, 1 / 8)
    alike = isotropic([2.0, 2.0], 2)
    solution, conserved, _ = solved_and_bounded(data, alike)
    assert faceting_errors(solution, conserved, geometry) == {"x": 0.0, "y": 0.0}


@pytest.mark.parametrize("dimension", [2, 3])
def test_facets_upright_on_their_surface_do_not_stand_for_it(dimension: int) -> None:
    """A step in a plane: its facets are normal to the plane they are meant for."""
    data = labelled_box(
        [4] * dimension,
        lambda x: x[:, 0] + 0.25 * (x[:, 1] > 0.5) > 0.5,
        ["A", "A"],
        periodic=False,
    )
    grains = LaguerreGeometry(
        box=data.box,
        periodic=data.periodic,
        centers=np.array([[0.25, 0.5, 0.5], [0.75, 0.5, 0.5]])[:, :dimension],
        weights=np.zeros(2),
        label_material=data.label_material,
    )
    solution, conserved, _ = solved_and_bounded(
        data, isotropic([1.0], dimension), boundary="electrodes", interfaces=laws(data, 1.0)
    )
    assert 0.0 < faceting_errors(solution, conserved, grains)["x"] < 1.0
