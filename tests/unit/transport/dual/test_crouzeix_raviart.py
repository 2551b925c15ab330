"""Crouzeix-Raviart unknowns: how many there are, and how P1 functions lie among them."""

from __future__ import annotations

from contextlib import closing

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.transport.dual.crouzeix_raviart import discretise_facets, facet_means
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.discretise import discretise
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.system import assemble_operator
from helpers.mesh_boxes import isotropic, labelled_box, layers


def problem_of(
    divisions: tuple[int, ...],
    values: list[float],
    boundary: str = "periodic",
    resistance: float = 0.0,
) -> TransportProblem:
    data = labelled_box(divisions, layers([0.5, 0.5]), ["A", "B"], periodic=boundary == "periodic")
    laws = Contacts(
        label_material=data.label_material,
        pair_resistance=np.array([[0.0, resistance], [resistance, 0.0]]),
        pair_sheet_conductance=np.zeros((2, 2)),
    )
    return TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic(values, len(divisions)),
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: len(divisions)],
        contacts=laws,
    )


@pytest.mark.parametrize(
    ("divisions", "boundary", "expected"),
    [
        # Triangles have 3 edges for 2 cells, tetrahedra 2 facets each, on a torus.
        ((4, 6), "periodic", 3 * 4 * 6),
        ((4, 4, 4), "periodic", 12 * 4**3),
        ((4, 6), "electrodes", 3 * 4 * 6 + 4 + 6),
        ((4, 4, 4), "electrodes", 12 * 4**3 + 6 * 4**2),
    ],
)
def test_one_unknown_per_facet(divisions: tuple[int, ...], boundary: str, expected: int) -> None:
    problem = problem_of(divisions, [1.0, 2.0], boundary)
    assert discretise_facets(problem, discretise(problem)).discrete.unknowns == expected


def test_insulators_have_none_and_resistive_facets_two() -> None:
    insulated = problem_of((4, 6), [0.0, 1.0])
    found = discretise_facets(insulated, discretise(insulated))
    assert found.discrete.unknowns == 3 * 2 * 6 + 6
    resistive = problem_of((4, 6), [1.0, 1.0], resistance=0.3)
    found = discretise_facets(resistive, discretise(resistive))
    # Two interfaces, one of them through the period, of six edges each.
    assert found.discrete.unknowns == 3 * 4 * 6 + 2 * 6
    assert found.currents.index_map.size_global == 3 * 4 * 6
    assert found.crossings.areas == pytest.approx(1.0 / 6.0)


@pytest.mark.parametrize("resistance", [0.0, np.inf])
@pytest.mark.parametrize("divisions", [(4, 4), (4, 3, 3)])
def test_the_p1_matrix_is_the_galerkin_product(
    divisions: tuple[int, ...], resistance: float
) -> None:
    problem = problem_of(divisions, [1.0, 5.0], resistance=resistance)
    nodes = discretise(problem)
    facets = discretise_facets(problem, nodes).discrete
    every = np.ones(len(nodes.dofs.group), dtype=bool)
    with (
        closing(_Matrix(facet_means(problem.mesh, nodes.dofs, facets, every))) as P,
        closing(_Matrix(assemble_operator(problem, facets))) as fine,
        closing(_Matrix(assemble_operator(problem, nodes))) as coarse,
    ):
        product = P.dense.T @ fine.dense @ P.dense
        assert product == pytest.approx(coarse.dense, abs=1e-13)
        assert P.dense.sum(axis=1) == pytest.approx(1.0)


class _Matrix:
    """A PETSc matrix, dense."""

    def __init__(self, matrix) -> None:
        self._matrix = matrix
        self.dense = matrix.convert("dense").getDenseArray().copy()

    def close(self) -> None:
        self._matrix.destroy()


@pytest.mark.parametrize("cells", [1, 2])
def test_facets_are_matched_where_a_period_is_one_or_two_cells_long(cells: int) -> None:
    """Facets side by side then have the same vertices; each has an unknown all the same."""
    data = labelled_box((4, cells, cells), layers([0.5, 0.5]), ["A", "B"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, 2.0], 3),
        drive=DRIVES["periodic"],
        directions=("x",),
    )
    facets = discretise_facets(problem, discretise(problem))
    # Every facet has two sides, its image being itself.
    assert facets.discrete.unknowns == 2 * len(data.cells)
