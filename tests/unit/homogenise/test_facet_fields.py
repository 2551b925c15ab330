"""Currents through facets with a law, without a bracket, and the geometry errors they lead to."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.homogenise.constriction import constriction_errors
from cellion.homogenise.facet_fields import facet_fields, facets_with_laws
from cellion.homogenise.faceting import faceting_errors
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.spheres import SphereGeometry
from cellion.transport.dual.lower_bound import ConservedCurrents
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import solve
from helpers.bracketing import solved_and_bounded
from helpers.interface_boxes import laws
from helpers.mesh_boxes import isotropic, labelled_box, layers
from helpers.sphere_meshes import micro, spheres

UM = 1e-6
LAWS = [1e-16, 1e-8, 1e-6, 1e-4, 1e-1, 1e3]
"""Resistances of contacts between particles of 1 S/m and 1 um [Ohm m^2]."""


def two_balls(dimension: int) -> tuple[SphereGeometry, MeshData]:
    """Two particles in a box of 2 x 1.1 x 1.1 um that touch each other and their images."""
    centers = np.array([[0.53, 0.52, 0.55], [1.53, 0.52, 0.55]])[:, :dimension] * UM
    box = np.array([2.0, 1.1, 1.1])[:dimension] * UM
    geometry = spheres(centers.tolist(), 0.52 * UM, box=tuple(box.tolist()))
    sizes = MeshSizes(size=0.4 * UM, surface=0.24 * UM, smallest=0.16 * UM)
    return geometry, generate_mesh(micro(geometry), sizes)


def between_balls(data: MeshData, resistance: float, dimension: int) -> TransportProblem:
    return TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([0.3, 1.0], dimension),
        drive=DRIVES["periodic"],
        directions=("x",),
        contacts=laws(data, np.diag([0.0, resistance])),
    )


def errors_of(
    solution: Solution, geometry: SphereGeometry, conserved: ConservedCurrents | None = None
) -> tuple[float, float]:
    """Estimated cost of facets and of contacts [S/m]."""
    facets = faceting_errors(solution, conserved, geometry)
    return facets["x"], constriction_errors(solution, conserved, geometry)["x"]


@pytest.mark.parametrize("dimension", [2, 3])
def test_geometry_errors_lie_between_those_of_perfect_and_of_insulating_contacts(
    dimension: int,
) -> None:
    geometry, data = two_balls(dimension)
    facets, contacts = np.transpose(
        [
            errors_of(solve(between_balls(data, R, dimension)), geometry)
            for R in (0.0, *LAWS, np.inf)
        ]
    )
    assert facets[[1, -2]] == pytest.approx(facets[[0, -1]], rel=1e-4)
    assert (facets[1:-1] < 1.1 * facets[[0, -1]].max()).all()
    assert (facets[1:-1] > 0.9 * facets[[0, -1]].min()).all()
    assert contacts[1] == pytest.approx(contacts[0], rel=1e-4)
    assert (np.diff(contacts) <= 0.0).all()
    assert contacts[-2] <= 1e-6 * contacts[0]


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("resistance", [1e-16, 1e-7, 1e-1])
def test_geometry_errors_are_about_those_of_currents_that_conserve_charge(
    resistance: float, dimension: int
) -> None:
    geometry, data = two_balls(dimension)
    between = laws(data, np.diag([0.0, resistance]))
    solution, conserved, _ = solved_and_bounded(
        data, isotropic([0.3, 1.0], dimension), interfaces=between
    )
    found = sum(errors_of(solution, geometry))
    bounded = sum(errors_of(solution, geometry, conserved))
    assert 0.45 * bounded < found < 2.0 * bounded


@pytest.mark.parametrize("resistance", [0.0, 1e-9, 1.0, 1e9])
@pytest.mark.parametrize("sigma", [[1.0, 1.0], [2.0, 1e-3]])
def test_the_current_through_layers_is_that_of_all_resistances_in_series(
    sigma: list[float], resistance: float
) -> None:
    data = labelled_box([4, 2], layers([0.5, 0.5]), ["A", "B"], periodic=False)
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic(sigma, 2),
        drive=DRIVES["electrodes"],
        directions=("x",),
        contacts=laws(data, resistance),
    )
    found = facet_fields(solve(problem), None, facets_with_laws(problem))
    density = 1.0 / (0.5 / sigma[0] + 0.5 / sigma[1] + resistance)
    assert np.abs(found.crossing[:, 0] / found.areas) == pytest.approx(density, rel=1e-6)
    assert found.currents == pytest.approx(np.stack([found.crossing] * 2, axis=1))


def test_nothing_enters_what_does_not_conduct() -> None:
    _, data = two_balls(2)
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, 0.0], 2),
        drive=DRIVES["periodic"],
        directions=("x", "y"),
    )
    facets = facets_with_laws(problem)
    found = facet_fields(solve(problem), None, facets)
    beside = (facets.borders.labels == 0).any(axis=1)
    assert beside.any()
    assert (found.currents[beside] == 0.0).all()
