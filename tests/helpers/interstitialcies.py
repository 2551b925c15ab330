"""Interstitialcies of equal interstitial sites at one distance."""

from __future__ import annotations

import numpy as np

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.interstitialcy import SAME, PushedIons, interstitialcy, shortest_way
from cellion.rates.jump_network import JumpNetwork
from cellion.rates.lattices import neighbour_pairs
from cellion.rates.mechanisms import Mechanism


def equal_interstitialcy(
    lattice: FloatArray,
    regular: FloatArray,
    empty: FloatArray,
    *,
    jump: float,
    interstitial_distance: float,
    rate: float,
) -> Mechanism:
    """Return the interstitialcy of equal interstitial sites at one distance.

    Collinear, where a full site lies midway between them; otherwise at an angle.

    Args:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        regular: fractional coordinates of the full sites, shape (n, 3).
        empty: fractional coordinates of the empty sites, shape (m, 3).
        jump: distance from an empty to the next full site [m].
        interstitial_distance: distance between the empty sites before and after [m].
        rate: of one directed jump over one full site [1/s].

    Raises:
        RatesError: no such pair of jumps exists.
    """
    span = interstitial_distance
    i, j, cells, _ = neighbour_pairs(lattice, empty, 0.999 * span, 1.001 * span)
    ends = zip(empty[i], empty[j] + cells, strict=True)
    ways = np.array([shortest_way(lattice, a, b, regular) for a, b in ends])
    over = np.abs(ways - 2.0 * jump) <= SAME * jump
    i, j, cells = i[over], j[over], cells[over]
    if i.size == 0:
        raise RatesError(
            f"interstitialcy: no empty sites {span:g} m apart share a regular neighbour at "
            f"{jump:g} m"
        )
    network = JumpNetwork(
        lattice=lattice,
        positions=empty,
        site_energies=np.zeros(len(empty)),
        multiplicities=np.ones(len(empty)),
        starts=i,
        ends=j,
        translations=cells,
        saddle_energies=np.zeros(i.size),
        prefactors=np.full(i.size, rate),
        site_names=tuple(f"empty{k}" for k in range(len(empty))),
    )
    full = PushedIons(
        positions=regular,
        kinds=np.zeros(len(regular), dtype=np.int64),
        via=np.zeros(i.size, dtype=np.int64),
    )
    return interstitialcy(network, full, 300.0)
