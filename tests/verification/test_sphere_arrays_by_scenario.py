"""Periodic sphere arrays through the whole product, with the sizes it chooses by itself.

Exact to 1e-7 or better by the multipole method of Rayleigh (McPhedran and McKenzie 1978; Sangani
and Acrivos 1983). The default mesh must be within 1 %; refined twice, the error must fall as h^2.
P1 energies and facets: the mesh keeps the volume of the spheres, so its error is of second order.
"""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.pipeline.run import run
from cellion.results.record import CarrierResult
from cellion.scenario.load import build_scenario
from reference_cases.curved import array_scenario, scenario_of
from reference_cases.rows import ENTRIES, Entry

# One of each lattice: insulating, conducting, with narrow gaps.
QUICK = ("sph-sc-0.45-inf", "sph-bcc-0.55-0", "sph-fcc-0.6-10")


def entries(kind: str) -> dict[str, Entry]:
    return {name: entry for name, entry in ENTRIES.items() if entry["kind"] == kind}


ARRAYS = entries("sphere_array")
CONFIGURATIONS = entries("sphere_configuration")


def array_result(entry: Entry, **more: Any) -> CarrierResult:
    return run(build_scenario(array_scenario(entry, **more)), MPI.COMM_WORLD).carrier("ion")


def check_default_mesh(name: str) -> None:
    entry = ARRAYS[name]
    found = array_result(entry)
    exact = entry["expected"]["scalar"]
    error = np.diagonal(found.effective_conductivity) / exact - 1
    print(f"{name:18s} exact {exact:.6f} error {error.max():+.2e} ", end="")
    print(f"estimate {found.mean_error_estimate:.1e}")
    assert error == pytest.approx(np.zeros(3), abs=0.01)


@pytest.mark.parametrize("name", QUICK)
def test_default_mesh(name: str) -> None:
    check_default_mesh(name)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(set(ARRAYS) - set(QUICK)))
def test_default_mesh_of_all_arrays(name: str) -> None:
    check_default_mesh(name)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(CONFIGURATIONS))
def test_default_mesh_of_random_configurations(name: str) -> None:
    entry = CONFIGURATIONS[name]
    given = entry["inputs"]
    box = [float(given["cell"][i][i]) for i in range(3)]
    centers = [tuple(float(x) for x in c) for c in given["centres"]]
    document = scenario_of(box, centers, given["radii"], given["sigma_spheres"][0])
    found = run(build_scenario(document), MPI.COMM_WORLD).carrier("ion").effective_conductivity
    exact: NDArray[np.float64] = np.array(entry["expected"]["tensor"])
    # off-diagonal entries relative to the diagonal
    assert found / np.trace(exact) * 3 == pytest.approx(exact / np.trace(exact) * 3, abs=0.01)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["sph-sc-0.3-0", "sph-bcc-0.4-0.1", "sph-fcc-0.2-10"])
def test_second_order(name: str) -> None:
    entry = ARRAYS[name]
    errors = []
    for parts in (12, 24, 48):
        size = f"{1 / parts!r} um"
        mesh = {"size": size, "surface_size": size, "smallest_size": size}
        found = array_result(entry, mesh=mesh).mean_conductivity
        errors.append(abs(found / entry["expected"]["scalar"] - 1))
    order = float(np.log2(errors[0] / errors[-1]) / 2)
    print(f"{name}: errors {errors}, order {order:.2f}")
    assert order >= 1.8
