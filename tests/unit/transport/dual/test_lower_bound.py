"""Conserved currents: whatever is put in, they conserve charge and stop at insulators."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.errors import ScenarioError
from cellion.mesh.distribute import distribute
from cellion.transport.dual import facet_solve
from cellion.transport.dual.conservation import conserve, prepare_conservation
from cellion.transport.dual.crouzeix_raviart import discretise_facets
from cellion.transport.dual.lower_bound import conserved_currents
from cellion.transport.primal.discretise import discretise
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import balls, isotropic, labelled_box

CENTERS = np.random.default_rng(2718).random((5, 3))


def problem_of(boundary: str, values: list[float], n: int = 5) -> TransportProblem:
    data = labelled_box(
        (n, n, n),
        balls(CENTERS, 0.3),
        ["matrix"] + ["ball"] * 5,
        edges=2e-6,
        periodic=boundary == "periodic",
    )
    return TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic(values, 3),
        drive=DRIVES[boundary],
        directions=("x", "y", "z"),
    )


@pytest.mark.parametrize("values", [[1.0, 0.0], [1.0, 1e3]])
@pytest.mark.parametrize("opened", [False, True])
def test_any_currents_are_made_to_conserve_charge(values: list[float], opened: bool) -> None:
    problem = problem_of("electrodes" if opened else "periodic", values)
    facets = discretise_facets(problem, discretise(problem))
    keys, cells = facets.currents, np.flatnonzero(facets.discrete.group >= 0)
    random = np.random.default_rng(1414)
    currents = random.normal(size=(len(cells), 4, 2))
    ends = np.bincount(keys.of_cell[cells].reshape(-1), minlength=len(keys.group)) == 1
    open_keys = ends & (random.random(len(ends)) < 0.2) if opened else np.zeros_like(ends)
    how = prepare_conservation(problem.mesh, keys, cells, np.ones(len(cells)), open_keys)
    found = conserve(how, currents)
    at_key = np.zeros((len(ends), 2))
    np.add.at(at_key, keys.of_cell[cells].reshape(-1), found.reshape(-1, 2))
    # Thousands of numbers of order one are added up along a tree.
    assert np.abs(found.sum(axis=1)).max() < 1e-10
    assert np.abs(at_key[~open_keys]).max() < 1e-10
    assert np.abs(at_key[open_keys]).max(initial=1.0) > 1e-3


def largest_loss(currents: NDArray[np.float64]) -> float:
    """Net current out of any cell, over the largest current."""
    return float(np.abs(currents.sum(axis=1)).max() / np.abs(currents).max())


@pytest.mark.parametrize("boundary", ["periodic", "electrodes", "uniform_gradient"])
@pytest.mark.parametrize("reduction", [0.5, 1e-3])
def test_currents_conserve_charge_wherever_the_iterations_stop(
    boundary: str, reduction: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facet_solve, "_REDUCTION", reduction)
    monkeypatch.setattr(facet_solve, "_FURTHER", ())
    problem = problem_of(boundary, [1.0, 20.0])
    found = conserved_currents(solve(problem))
    for direction in ("x", "y", "z"):
        assert largest_loss(found.currents[direction]) < 1e-14
        assert found.iterations[direction] <= (3 if reduction == 0.5 else 12)


def test_directions_without_percolation_have_no_currents() -> None:
    found = conserved_currents(solve(problem_of("electrodes", [0.0, 1.0], n=4)))
    assert set(found.currents) == {"z"}


def test_a_uniform_flux_has_no_lower_bound() -> None:
    solution = solve(problem_of("uniform_flux", [1.0, 2.0], n=4))
    with pytest.raises(ScenarioError, match=r"no lower bound is known for .*'uniform_flux'"):
        conserved_currents(solution)
