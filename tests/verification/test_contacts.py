"""Contacts, gaps and necks of spheres, against exact values and an axisymmetric solution.

Particles that do not touch let nothing pass, however close they are: to each other, to their own
periodic images, and to walls. Those that do are constrictions, whose conductance the answer holds
within its bracket and geometry error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario

CONDUCTANCE = {0.05: 0.0953, 0.1: 0.1867, 0.2: 0.3668, 0.3: 0.5523, 0.5: 0.98171}
"""Conductance of a unit ball between two parallel planes that cut discs of these radii off it, its
round surface insulated, over its conductivity [m].

Axisymmetric bilinear finite elements, graded towards the rims, 128, 256 and 512 along either
direction, extrapolated (Aitken): right to 2e-3 at 0.05, and better from there on.
"""


def answered(
    microstructure: dict[str, Any],
    materials: dict[str, Any],
    boundary: str = "electrodes",
    **sections: Any,
) -> RunResult:
    """Run a scenario of ions in the given direction z, or in x."""
    d = len(microstructure["spheres"]["box"])
    document = {
        "name": "contacts",
        "materials": materials,
        "microstructure": microstructure,
        "transport": {"carriers": ["ion"], "boundary": boundary, "directions": ["xyz"[d - 1]]},
        "output": {"fields": [], "pictures": False},
        **sections,
    }
    return run(build_scenario(document))


def spheres(
    box: list[float], centers: list[list[float]], radius: float, *, periodic: bool = False
) -> dict[str, Any]:
    """Spheres of a material S in a matrix M, all lengths in um."""
    listed = [
        {"center": [f"{x!r} um" for x in center], "radius": f"{radius!r} um", "material": "S"}
        for center in centers
    ]
    edges = [f"{edge!r} um" for edge in box]
    return {"spheres": {"box": edges, "periodic": periodic, "matrix": "M", "spheres": listed}}


def conductor(value: str = "1 S/m") -> dict[str, Any]:
    return {"ion": {"conductivity": value}}


def sigma(result: RunResult) -> float:
    tensor = result.carrier("ion").effective_conductivity
    d = int(np.isfinite(np.diag(tensor)).nonzero()[0].max())
    return float(tensor[d, d])


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-7])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("where", ["another", "own image", "walls"])
def test_a_gap_lets_nothing_pass_between_conductors(where: str, dimension: int, gap: float) -> None:
    materials = {"S": conductor(), "M": "insulator"}
    side, radius = [4.4] * (dimension - 1), 2.0
    middle = [2.2] * (dimension - 1)
    height = {"another": 8.0, "own image": 4.0, "walls": 4.0}[where] + gap
    centers = [[*middle, 2.0 + (0.5 * gap if where != "another" else 0.0)]]
    if where == "another":
        centers.append([*middle, 6.0 + gap])
    shapes = spheres([*side, height], centers, radius, periodic=where == "own image")
    boundary = "periodic" if where == "own image" else "electrodes"
    mesh = {"size": "1 um", "surface_size": "0.5 um"}
    result = answered(shapes, materials, boundary, mesh=mesh)
    assert sigma(result) == 0.0
    assert not result.carrier("ion").percolates["xyz"[dimension - 1]]


@pytest.mark.parametrize("overlap", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("where", ["another", "own image", "walls"])
def test_an_overlap_conducts_however_small(where: str, overlap: float) -> None:
    materials = {"S": conductor(), "M": "insulator"}
    height = {"another": 8.0, "own image": 4.0, "walls": 4.0}[where] - 2 * overlap
    centers = [[2.2, 2.2, 2.0 - overlap]]
    if where == "another":
        centers = [[2.2, 2.2, 2.0 - overlap / 2], [2.2, 2.2, 6.0 - 1.5 * overlap]]
    shapes = spheres([4.4, 4.4, height], centers, 2.0, periodic=where == "own image")
    boundary = "periodic" if where == "own image" else "electrodes"
    mesh = {"size": "1 um", "surface_size": "0.5 um", "smallest_size": "0.5 um"}
    result = answered(shapes, materials, boundary, mesh=mesh)
    # Holm: 1 / (4 sigma a) on each side of a neck; two such sides in series, or four of two balls.
    depth, sides = (overlap / 2, 4) if where == "another" else (overlap, 2)
    neck = np.sqrt(2.0 * 2.0 * depth)
    holm = 4.0 * neck / sides * height / 4.4**2
    assert 0.7 * holm < sigma(result) < 1.5 * holm


SOME = [0.1, 0.3, *(pytest.param(a, marks=pytest.mark.slow) for a in (0.05, 0.2, 0.5))]


@pytest.mark.parametrize("a", SOME)
def test_the_conductance_of_necks(a: float) -> None:
    """Two balls in series between electrodes that cut as much off them as the neck does."""
    h = float(np.sqrt(1.0 - a * a))
    shapes = spheres([2.2, 2.2, 4 * h], [[1.1, 1.1, h], [1.1, 1.1, 3 * h]], 1.0)
    result = answered(
        shapes,
        {"S": conductor(), "M": "insulator"},
        mesh={"size": "0.4 um", "surface_size": "0.2 um", "smallest_size": "0.05 um"},
        accuracy={"bracket": True},
    )
    ion = result.carrier("ion")
    assert ion.lower is not None
    assert ion.upper is not None
    exact = 0.5 * CONDUCTANCE[a] * 4 * h / 2.2**2
    room = ion.geometry_error_estimate["z"] * exact + 2e-3 * exact
    assert ion.lower[2, 2] - room <= exact <= ion.upper[2, 2] + room
    assert ion.upper[2, 2] < 1.35 * exact


@pytest.mark.parametrize("a", SOME)
def test_the_resistance_of_necks_with_a_law(a: float) -> None:
    """Metal balls: all that resists is the law on the contact, R over its exact area."""
    h = float(np.sqrt(1.0 - a * a))
    shapes = spheres([2.2, 2.2, 4 * h], [[1.1, 1.1, h], [1.1, 1.1, 3 * h]], 1.0)
    result = answered(
        shapes,
        {"S": conductor("1e6 S/m"), "M": "insulator"},
        mesh={"size": "0.4 um", "surface_size": "0.2 um", "smallest_size": "0.05 um"},
        interfaces=[{"between": ["S", "S"], "area_resistance": "1 Ohm cm^2"}],
        accuracy={"bracket": True},
    )
    ion = result.carrier("ion")
    assert ion.lower is not None
    assert ion.upper is not None
    exact = np.pi * a * a / 1e-4 * 1e-6 * 4 * h / 2.2**2
    room = ion.geometry_error_estimate["z"] * exact + 1e-5 * exact
    assert ion.lower[2, 2] - room <= exact <= ion.upper[2, 2] + room
    assert sigma(result) == pytest.approx(exact, rel=0.05)


def test_a_current_through_the_gap_between_insulating_discs() -> None:
    """A disc beside insulated walls is one of an array of discs, by mirror symmetry."""
    materials = {"S": "insulator", "M": conductor("1 S/m")}
    value = {}
    for walls in (True, False):
        shapes = spheres([10.0, 10.0], [[5.0, 5.0]], 4.99, periodic=not walls)
        value[walls] = sigma(answered(shapes, materials, "electrodes" if walls else "periodic"))
    assert value[True] == pytest.approx(0.02094, rel=5e-3)
    assert value[False] == pytest.approx(0.02094, rel=5e-3)


def test_a_tolerance_covers_bracket_and_geometry() -> None:
    shapes = spheres([4.0, 4.0, 8.0], [[2.0, 2.0, 2.0], [2.0, 2.0, 6.0]], 2.01)
    result = answered(
        shapes,
        {"S": conductor(), "M": "insulator"},
        mesh={"size": "1 um", "surface_size": "1 um", "smallest_size": "0.5 um"},
        accuracy={"tolerance": "12 %", "memory": "4 GB", "time": "2 min"},
    )
    ion, accuracy = result.carrier("ion"), result.accuracy
    assert accuracy is not None
    assert ion.lower is not None
    assert ion.upper is not None
    room = ion.geometry_error_estimate["z"]
    met = accuracy.width + 2 * accuracy.geometry_error <= 0.12
    assert met == (accuracy.stopped == "the tolerance is met")
    assert met != any(note.startswith("accuracy.tolerance") for note in result.notes)
    assert ion.lower[2, 2] * (1 - room) <= 0.0935 <= ion.upper[2, 2] * (1 + room)
