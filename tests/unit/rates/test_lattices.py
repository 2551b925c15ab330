"""Named lattices and the neighbour search."""

from __future__ import annotations

import numpy as np
import pytest

from cellion.errors import RatesError
from cellion.rates.jump_network import diffusivity
from cellion.rates.lattices import LATTICES, cell_vectors, lattice_network, neighbour_pairs
from helpers.lattice_shapes import SHAPES


@pytest.mark.parametrize("kind", LATTICES)
def test_coordination_and_diffusivity(kind):
    """D = z w l^2/(2 d) in the conducting directions, nothing in the others."""
    dimension, coordination = SHAPES[kind]
    network = lattice_network(kind, edge=1.0, barrier=0.0, prefactor=1.0)
    ends = np.bincount(np.r_[network.starts, network.ends], minlength=network.n_sites)
    assert np.all(ends == coordination)
    expected = np.zeros(3)
    expected[:dimension] = coordination * LATTICES[kind].jump ** 2 / (2 * dimension)
    assert diffusivity(network, 300.0).tensor[0] == pytest.approx(np.diag(expected), abs=1e-13)


def test_unknown_lattice_names_the_nearest():
    with pytest.raises(RatesError, match="did you mean 'diamond'"):
        lattice_network("diamnd", edge=1.0, barrier=0.0, prefactor=1.0)


def test_cell_vectors_keep_lengths_and_angles():
    vectors = cell_vectors((3.0, 4.0, 5.0), (80.0, 95.0, 110.0))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([3.0, 4.0, 5.0])
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    angles = np.rad2deg(np.arccos([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]]))
    assert angles == pytest.approx([80.0, 95.0, 110.0])


def test_impossible_cells_are_refused():
    with pytest.raises(RatesError, match="do not form a cell"):
        cell_vectors((1.0, 1.0, 1.0), (60.0, 60.0, 170.0))


def test_neighbour_pairs_reach_over_several_cells():
    """A needle-like cell: neighbours lie several lattice translations away; each pair once."""
    lattice = np.diag([1.0, 10.0, 10.0])
    i, _, cells, distance = neighbour_pairs(lattice, np.zeros((1, 3)), 0.5, 3.5)
    assert i.size == 3
    assert sorted(np.abs(cells[:, 0])) == [1, 2, 3]
    assert sorted(distance) == pytest.approx([1.0, 2.0, 3.0])
