"""Spheres and discs, through the whole product: scenario, mesher, bracket, geometry error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario
from reference_cases.rows import Entry, Row, bracket_rows

Array = NDArray[np.float64]

PERFECT_CONDUCTOR = 1e7
"""Stands for "inf": sigma_eff differs by 1e-7 of itself."""

MULTIPOLE_DIGITS = 2e-6
"""What the multipole values are known to at least, relative, perfect conductors included."""

LATTICES: dict[str, list[tuple[float, ...]]] = {
    "sc": [(0.5, 0.5, 0.5)],
    "bcc": [(0.25, 0.25, 0.25), (0.75, 0.75, 0.75)],
    "fcc": [(0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25)],
    "square": [(0.5, 0.5)],
    "hex": [(0.25, 0.25 * 3**0.5), (0.75, 0.75 * 3**0.5)],
}


def scenario_of(
    box: Sequence[float],
    centers: Sequence[Sequence[float]],
    radii: Sequence[float],
    sigma: float,
    **more: Any,
) -> dict[str, Any]:
    """Spheres, or discs, in a matrix of 1 S/m; lengths in micrometres.

    Args:
        box: Edges of the periodic box.
        centers: Centres.
        radii: Radii.
        sigma: Conductivity inside [S/m].
        more: Further sections, or others in place of these.
    """
    inside = {"conductivity": f"{sigma!r} S/m"} if sigma else "insulator"
    return {
        "name": "array",
        "materials": {"m": {"ion": {"conductivity": "1 S/m"}}, "s": {"ion": inside}},
        "microstructure": {
            "spheres": {
                "box": [f"{length!r} um" for length in box],
                "periodic": True,
                "matrix": "m",
                "spheres": [
                    {"center": [f"{x!r} um" for x in c], "radius": f"{r!r} um", "material": "s"}
                    for c, r in zip(centers, radii, strict=True)
                ],
            }
        },
        "transport": {"carriers": ["ion"]},
    } | more


def answer(document: dict[str, Any], accuracy: dict[str, Any] | None = None) -> RunResult:
    """Run a scenario with bounds."""
    spec = {"bracket": True} if accuracy is None else accuracy
    return run(build_scenario(document | {"accuracy": spec}), MPI.COMM_WORLD)


def rows_of(entry: Entry, result: RunResult, exact: Array, digits: float) -> list[Row]:
    """Rows of a result with its geometry errors."""
    carrier, d = result.carrier("ion"), len(exact)
    assert result.accuracy is not None
    assert carrier.lower is not None
    assert carrier.upper is not None
    bounds = carrier.lower[:d, :d], carrier.upper[:d, :d]
    errors = [
        carrier.geometry_error_estimate[name] * float(carrier.effective_conductivity[k, k])
        for k, name in enumerate("xyz"[:d])
    ]
    unknowns = result.accuracy.history[-1].unknowns
    return bracket_rows(
        entry, exact, bounds, unknowns=unknowns, digits=digits, geometry_error=errors
    )


def scalar(entry: Entry, dimension: int) -> Array:
    return float(entry["expected"]["scalar"]) * np.eye(dimension)


def array_scenario(entry: Entry, **more: Any) -> dict[str, Any]:
    """A lattice of equal spheres or discs with period 1 um, and laws on their surfaces."""
    given = entry["inputs"]
    centers = LATTICES[given["lattice"]]
    d = len(centers[0])
    box = [1.0, 3**0.5] if given["lattice"] == "hex" else [1.0] * d
    share = given["volume_fraction" if d == 3 else "area_fraction"] * math.prod(box) / len(centers)
    radius = (3 * share / (4 * math.pi)) ** (1 / 3) if d == 3 else math.sqrt(share / math.pi)
    sigma = PERFECT_CONDUCTOR if given["alpha"] == "inf" else float(given["alpha"])
    laws: dict[str, Any] = {}
    if given.get("R") or given.get("S"):
        law = (
            {"area_resistance": f"{given['R'] * 1e-6!r} Ohm m^2"}
            if given.get("R")
            else {"sheet_conductance": f"{given['S'] * 1e-6!r} S"}
        )
        laws = {"interfaces": [{"between": ["m", "s"]} | law]}
    return scenario_of(box, centers, [radius] * len(centers), sigma, **laws, **more)


def array(entry: Entry) -> list[Row]:
    d = len(LATTICES[entry["inputs"]["lattice"]][0])
    result = answer(array_scenario(entry))
    return rows_of(entry, result, scalar(entry, d), MULTIPOLE_DIGITS)


def configuration(entry: Entry) -> list[Row]:
    given = entry["inputs"]
    box = [float(row[i]) for i, row in enumerate(given["cell"])]
    centers = [tuple(float(x) for x in c) for c in given["centres"]]
    sigma = given["sigma_spheres" if len(box) == 3 else "sigma_discs"][0]
    result = answer(scenario_of(box, centers, given["radii"], sigma))
    return rows_of(entry, result, np.array(entry["expected"]["tensor"]), MULTIPOLE_DIGITS)
