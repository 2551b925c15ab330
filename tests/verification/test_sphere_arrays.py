"""Cubic arrays of spheres on generated meshes: value and error estimate.

References: multipole expansions (Rayleigh 1892; McPhedran and McKenzie, Proc. R. Soc. A 359 (1978)
45), 12 digits.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.spheres import SphereGeometry
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import isotropic

PERIOD = 1e-6


@pytest.mark.parametrize("name", ["sph-sc-0.3-0", "sph-sc-0.3-100", "sph-sc-0.4-0.1"])
def test_simple_cubic_array(root: Path, name: str) -> None:
    entries = json.loads((root / "tests" / "references" / "references.json").read_text())
    entry: dict[str, Any] = next(e for e in entries["entries"] if e["id"] == name)
    radius = PERIOD * (3.0 * entry["inputs"]["volume_fraction"] / (4.0 * np.pi)) ** (1.0 / 3.0)
    geometry = SphereGeometry(
        box=np.full(3, PERIOD),
        periodic=np.ones(3, dtype=bool),
        centers=np.full((1, 3), 0.5 * PERIOD),
        radii=np.array([radius]),
        label_material=np.array([0, 1], dtype=np.int32),
    )
    microstructure = Microstructure(materials=("M", "A"), geometry=geometry)
    h = PERIOD / 20.0
    data = generate_mesh(microstructure, MeshSizes(size=h, surface=h, smallest=h / 4, gap_cells=2))
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, entry["inputs"]["alpha"]], 3),
        drive=DRIVES["periodic"],
        directions=("x", "y", "z"),
    )
    found = effective_conductivity(solve(problem))
    error = np.diagonal(found.tensor) / entry["expected"]["scalar"] - 1.0
    assert (np.abs(error) < entry["tolerance"]["rtol"]).all()
    # The place of the exact value between the bounds is 0.54 to 0.69; 0.6 is taken.
    np.testing.assert_allclose(list(found.discretisation_error.values()), error, rtol=0.2)
