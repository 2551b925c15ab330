"""Random equal spheres that do not overlap: ensemble means of sigma_eff.

References: multipole solutions of equilibrium hard-sphere configurations (entries ``hardsph-*``),
ensemble mean with its standard error. Here: packings of the product, meshed by the product, P1.
The tolerance of the references, 1.5 %, covers their finite size and truncation, the mesh (P1 lies
above, by less than 1 % at a quarter of the radius) and the scatter of the realisations.
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
from cellion.pipeline.prepare import prepare
from cellion.scenario.load import build_scenario
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve

REFERENCES = Path(__file__).parents[1] / "references" / "references.json"
SEEDS = (11, 23, 37, 59)
PARTICLES = 40


def hard_spheres(fraction: float, seed: int) -> dict[str, Any]:
    radius = (fraction * 1e3 * 3 / (4 * np.pi * PARTICLES)) ** (1 / 3)
    return {
        "name": "hard_spheres",
        "materials": {
            "matrix": {"ion": {"conductivity": "1 S/m"}},
            "sphere": {"ion": {"conductivity": "1 S/m"}},
        },
        "microstructure": {
            "packing": {
                "box": ["10 um"] * 3,
                "periodic": True,
                "seed": seed,
                "matrix": "matrix",
                "particles": [
                    {
                        "material": "sphere",
                        "volume_fraction": fraction,
                        "diameter": f"{2 * radius:.12g} um",
                    }
                ],
            }
        },
        "mesh": {"surface_size": f"{radius / 4:.6g} um", "size": f"{radius / 2:.6g} um"},
    }


def mean_conductivities(fraction: float, seed: int, alphas: tuple[float, ...]) -> NDArray[Any]:
    """Mean of the diagonal for each conductivity of the spheres, on one mesh."""
    prepared = prepare(build_scenario(hard_spheres(fraction, seed)), MPI.COMM_WORLD)
    of_material = {"matrix": 1.0}
    means = []
    for alpha in alphas:
        of_material["sphere"] = alpha
        sigma = np.array([of_material[name] * np.eye(3) for name in prepared.mesh.materials])
        problem = TransportProblem(
            mesh=prepared.mesh,
            conductivity=sigma,
            drive=DRIVES["periodic"],
            directions=("x", "y", "z"),
        )
        means.append(np.trace(effective_conductivity(solve(problem)).tensor) / 3)
    return np.array(means)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_means_over_realisations(fraction: float) -> None:
    entries = json.loads(REFERENCES.read_text(encoding="utf-8"))["entries"]
    references = {entry["id"]: entry for entry in entries}
    alphas = (0.0, 0.1, 10.0)
    found = np.array([mean_conductivities(fraction, seed, alphas) for seed in SEEDS])
    names = [f"hardsph-{fraction:g}-{alpha:g}" for alpha in alphas]
    expected = np.array([references[name]["expected"]["mean"] for name in names])
    print(f"fraction {fraction:g}: mean {found.mean(axis=0)}, spread {found.std(axis=0, ddof=1)}")
    print(f"reference {expected}, ratio {found.mean(axis=0) / expected}")
    assert found.mean(axis=0) == pytest.approx(expected, rel=0.015)
