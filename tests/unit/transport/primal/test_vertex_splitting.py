"""Unknowns at junctions of perfect and imperfect interfaces, against the definition."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.transport.primal.discretise import Discretisation, discretise
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from helpers.interface_boxes import grains, laws
from helpers.mesh_boxes import isotropic, labelled_box, layers

type Node = tuple[int, int]


class Union:
    """Sets of nodes that are joined one after the other."""

    def __init__(self) -> None:
        self.parent: dict[Node, Node] = {}

    def find(self, node: Node) -> Node:
        while self.parent.setdefault(node, node) != node:
            node = self.parent[node]
        return node

    def join(self, a: Node, b: Node) -> None:
        self.parent[self.find(a)] = self.find(b)


def joined_corners(problem: TransportProblem, discrete: Discretisation) -> Union:
    """Corners of cells that share an unknown: perfect facets between them connect these cells."""
    mesh, group = problem.mesh, discrete.group
    entity = mesh.vertex_representative[mesh.cells]
    if not problem.drive.wraps:
        entity = mesh.cells
    solved = np.flatnonzero(group >= 0)
    facets = defaultdict(list)
    for cell in solved:
        for corners in combinations(range(entity.shape[1]), entity.shape[1] - 1):
            facets[frozenset(entity[cell, list(corners)])].append(cell)
    meeting = [cells for cells in facets.values() if len(cells) == 2]
    pairs = mesh.cell_labels[np.array(meeting, dtype=int).reshape(-1, 2)]
    resistance = problem.contacts.resistance(pairs)
    sets = Union()
    for cell in solved:
        for corner in range(entity.shape[1]):
            sets.find((cell, corner))
    for (one, other), R in zip(meeting, resistance, strict=True):
        for a, vertex in enumerate(entity[one]):
            for b in np.flatnonzero(entity[other] == vertex):
                if R == 0.0:
                    sets.join((one, a), (other, int(b)))
    return sets


@pytest.mark.parametrize("boundary", ["periodic", "electrodes"])
@pytest.mark.parametrize("divisions", [(6, 5), (3, 4, 3)])
@given(seed=st.integers(2, 10**6))
@settings(max_examples=12)
def test_unknowns_are_those_of_the_definition(
    divisions: tuple[int, ...], boundary: str, seed: int
) -> None:
    """Bricks with random labels of three materials, one of which may insulate."""
    rng = np.random.default_rng(seed)
    materials = [f"M{i}" for i in rng.integers(0, 3, 6)]
    labels = rng.integers(0, 6, int(np.prod(divisions)))
    tile = grains(divisions)
    data = labelled_box(divisions, lambda x: labels[tile(x)], materials)
    count = len(data.materials)
    table = np.triu(rng.choice([0.0, 0.5, 2.0, np.inf], (count, count), p=[0.5, 0.2, 0.2, 0.1]))
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0, 2.0, 0.0][:count], len(divisions)),
        drive=DRIVES[boundary],
        directions=("x", "y"),
        contacts=laws(data, np.maximum(table, table.T)),
    )
    discrete = discretise(problem)
    sets = joined_corners(problem, discrete)
    nodes = [
        (int(c), k) for c in np.flatnonzero(discrete.group >= 0) for k in range(data.dimension + 1)
    ]
    roots = [sets.find(node) for node in nodes]
    dofs = [int(discrete.dofs.of_cell[node]) for node in nodes]
    assert len(set(zip(roots, dofs, strict=True))) == len(set(roots)) == len(set(dofs))
    assert discrete.unknowns == len(set(dofs))


def test_perfect_laws_add_no_unknowns() -> None:
    data = labelled_box((4, 4, 4), grains((2, 2, 2)), ["A"] * 8)
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0], 3),
        drive=DRIVES["periodic"],
        directions=("x",),
        contacts=laws(data),
    )
    discrete = discretise(problem)
    assert discrete.unknowns == 4**3
    assert discrete.interfaces is None


def test_an_interface_on_the_periodic_face_splits_it() -> None:
    data = labelled_box((4, 3), layers([0.5, 0.5]), ["A", "A"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([1.0], 2),
        drive=DRIVES["periodic"],
        directions=("x",),
        contacts=laws(data, 1.0),
    )
    discrete = discretise(problem)
    # Four planes of three vertices; the ones at x = 0 and x = 1/2 have two sides.
    assert discrete.unknowns == 6 * 3
    assert len(discrete.interfaces.resistive.areas) == 2 * 3
    np.testing.assert_allclose(discrete.interfaces.resistive.areas, 1 / 3, rtol=1e-12)


def test_no_conductor_has_no_contacts() -> None:
    data = labelled_box((2, 2), layers([0.5, 0.5]), ["A", "A"])
    problem = TransportProblem(
        mesh=distribute(data, MPI.COMM_SELF),
        conductivity=isotropic([0.0], 2),
        drive=DRIVES["periodic"],
        directions=("x",),
        contacts=laws(data, 1.0, 1.0),
    )
    assert discretise(problem).unknowns == 0
