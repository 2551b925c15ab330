"""Voxels that meet in points, edges and facets, against finite volumes.

Points and edges do not conduct. Finite volumes know only facets between cubes, so that they tell
whether an unknown joins what no facet joins. They are extrapolated from three numbers of cubes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellion.pipeline.run import run
from cellion.scenario.load import build_scenario
from helpers.bracketing import bracketed
from helpers.mesh_boxes import isotropic
from helpers.voxel_volumes import (
    LAWS,
    Voxels,
    between,
    extrapolated,
    finite_volumes,
    meshed,
    random_voxels,
)

FEW, MANY = 2, 20
NOTHING = 1e-12
"""Conductivity of finite volumes that is rounding."""

BOUNDARIES = pytest.mark.parametrize("boundary", ["periodic", "electrodes"])


def numbered(few: int = FEW) -> list[object]:
    """Problems by number; the first few run by default."""
    return [
        pytest.param(number, marks=[] if number < few else [pytest.mark.slow])
        for number in range(MANY)
    ]


def limit(voxels: Voxels, boundary: str) -> float:
    """Conductivity along x; exactly 0 where nothing percolates."""
    if finite_volumes(voxels, 0, 1, periodic=boundary == "periodic") < NOTHING:
        return 0.0
    finest = 8 if voxels.materials.ndim == 2 or not voxels.laws.sheet.any() else 4
    return extrapolated(voxels, 0, periodic=boundary == "periodic", finest=finest)


@BOUNDARIES
@pytest.mark.parametrize("number", numbered())
def test_random_voxels_are_inside_the_bracket(number: int, boundary: str) -> None:
    """6 x 6 x 6 voxels, 40 % of which conduct, from the scenario to the bracket."""
    voxels = random_voxels(number, (6, 6, 6), 0.4, LAWS["insulated"])
    size = "0.5 um" if number < FEW else "0.33 um"
    document = {
        "name": "voxels",
        "materials": {"S": {"ion": {"conductivity": "1 S/m"}}, "P": "insulator"},
        "microstructure": {
            "checkerboard": {
                "box": ["6 um"] * 3,
                "divisions": [6, 6, 6],
                "periodic": boundary == "periodic",
                "materials": ["PS"[material] for material in voxels.materials.T.reshape(-1)],
            }
        },
        "transport": {"carriers": ["ion"], "boundary": boundary, "directions": ["x"]},
        "accuracy": {"bracket": True},
        "mesh": {"size": size, "surface_size": size, "smallest_size": size},
        "output": {"fields": [], "pictures": False},
    }
    found = run(build_scenario(document)).carriers["ion"]
    low, high = found.lower[0][0], found.upper[0][0]
    exact = limit(voxels, boundary)
    assert low <= exact <= high
    assert high - low <= 0.3 * exact


@BOUNDARIES
@pytest.mark.parametrize("laws", [name for name in LAWS if name != "insulated"])
@pytest.mark.parametrize("shape", [(10, 10), (5, 5, 5)])
@pytest.mark.parametrize("number", numbered(1))
def test_voxels_with_interfaces_are_inside_the_bracket(
    number: int, shape: tuple[int, ...], laws: str, boundary: str
) -> None:
    """Two conductors and an insulator, which may conduct as well behind insulating interfaces."""
    voxels = random_voxels(number, shape, 0.7 if len(shape) == 2 else 0.45, LAWS[laws])
    found = bracketed(
        meshed(voxels, 2, periodic=boundary == "periodic"),
        isotropic(voxels.laws.sigma, len(shape)),
        boundary,
        voxels.laws.resistance,
        voxels.laws.sheet,
    ).bracket
    exact = limit(voxels, boundary)
    assert found.lower[0, 0] <= exact <= found.upper[0, 0]
    assert found.upper[0, 0] - found.lower[0, 0] <= 0.3 * exact


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_phase_that_touches_itself(dimension: int) -> None:
    """Tiles of one label meet in a corner (in an edge) and percolate elsewhere.

    In a corner current would take a short cut and flow 9 % too easily.
    """
    tiles = np.array([[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 0]]).T
    plane = Voxels(materials=tiles, laws=LAWS["insulated"])
    voxels = plane if dimension == 2 else replace(plane, materials=tiles[:, :, None])
    found = bracketed(
        meshed(voxels, 4, periodic=False), isotropic([0.0, 1.0], dimension), "electrodes"
    ).bracket
    exact = extrapolated(plane, 0, periodic=False, finest=32)
    assert exact == pytest.approx(0.33949, rel=1e-4)
    assert found.lower[0, 0] <= exact <= found.upper[0, 0] < 1.05 * exact


def test_sheets_do_not_meet_in_an_edge_that_no_facet_joins() -> None:
    """Two conductors touch in an edge of one cell, at both ends of which a poor one joins them.

    Sheets on their surfaces carry a hundred times more than the bulk, but not across the edge.
    """
    materials = np.full((2, 2, 3), 2)
    materials[[0, 1], [0, 1], 1], materials[[0, 1], [1, 0], 1] = 1, 0
    laws = between([0.0, 1.0, 0.01], {})
    laws.sheet[[0, 1], [1, 0]] = 100.0
    voxels = Voxels(materials=materials, laws=laws)
    exact = extrapolated(voxels, 0, periodic=False)
    for bricks in (1, 2):
        found = bracketed(
            meshed(voxels, bricks, periodic=False),
            isotropic(laws.sigma, 3),
            "electrodes",
            sheet=laws.sheet,
        ).bracket
        assert 0.5 * exact < found.lower[0, 0] <= exact <= found.upper[0, 0]
