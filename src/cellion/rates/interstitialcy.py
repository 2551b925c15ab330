"""Interstitialcy, and its mixture with direct interstitial hops (exchange).

An interstitial ion moves onto a full site while the ion there moves on to the next interstitial
site. The charge goes from one interstitial site to the other at once; each ion goes only its own
part of the way. Two moves in line are collinear; where they bend, several full sites may lie
between the same two interstitial ones, each a path of its own.

In interstitial-substitutional exchange the interstitial also hops by itself, so that an ion
alternates between free flight and rest on a full site (the kick-out mechanism of one kind of ion).

Source: Compaan and Haven 1958, Trans. Faraday Soc. 54, 1498; Goesele, Frank, Seeger 1980, Appl.
Phys. 23, 361.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError
from cellion.rates.jump_network import JumpNetwork, hop_rates, populations
from cellion.rates.mechanisms import (
    HOME,
    AtomMove,
    DefectJump,
    DefectState,
    Mechanism,
    Place,
    as_cell,
    directed_hops,
)

__all__ = ["NOBODY", "SAME", "PushedIons", "interstitialcy", "shortest_way"]

SAME = 0.01
"""Ways that differ by less than this share are equally long."""

NOBODY = -1
"""Kind of a hop that pushes no ion."""


@dataclass(frozen=True, kw_only=True)
class PushedIons:
    """Full sites of a crystal, and which hops of a network push their ions.

    Attributes:
        positions: fractional coordinates of the full sites, shape (n, 3).
        kinds: kind of each full site, shape (n,).
        via: kind that each hop of the network pushes, -1 for nobody, shape (m,).
    """

    positions: FloatArray
    kinds: IntArray
    via: IntArray

    def __post_init__(self) -> None:
        """Check shapes and kinds."""
        n = len(self.kinds)
        if n == 0 or self.positions.shape != (n, 3):
            raise RatesError(
                f"pushed ions: {n} kinds and positions of shape {self.positions.shape} found; at "
                "least one full site with three coordinates is needed"
            )
        unknown = np.setdiff1d(self.via, np.r_[NOBODY, self.kinds])
        if unknown.size:
            raise RatesError(f"pushed ions: no full site is of kind {unknown[0]}")


def interstitialcy(network: JumpNetwork, pushed: PushedIons, temperature: float) -> Mechanism:
    """Return interstitialcy or exchange on a network of interstitial sites.

    Each hop of the network is the way of the charge. One that pushes goes over every full site of
    its kind on a shortest way; each of these is a path with the rate of the hop.

    Args:
        network: interstitial sites and hops between them, with their rates.
        pushed: full sites, and which hops push.
        temperature: [K].

    Raises:
        RatesError: numbers of hops differ, or no full site lies on the way of a hop.
    """
    if pushed.via.shape != network.starts.shape:
        raise RatesError(
            f"pushed ions: {pushed.via.size} kinds for {network.starts.size} hops found; the "
            "numbers must be equal"
        )
    forward, _ = hop_rates(network, temperature)
    n_full = len(pushed.kinds)
    jumps: list[DefectJump] = []
    for k, (first, second, cell, rate) in enumerate(directed_hops(network, forward[0])):
        here, there = (n_full + first, HOME), (n_full + second, cell)
        ways: list[tuple[AtomMove, ...]] = [(AtomMove(here, there),)]
        if pushed.via[k] != NOBODY:
            sites = _between(network, pushed, k)
            ways = [(AtomMove(here, site), AtomMove(site, there)) for site in sites]
        jumps += [
            DefectJump(start=first, end=second, translation=cell, moves=moves, rate=rate)
            for moves in ways
        ]
    weights = populations(network, temperature)[0].tolist()
    return Mechanism(
        name="exchange" if np.any(pushed.via == NOBODY) else "interstitialcy",
        lattice=network.lattice,
        positions=np.concatenate([pushed.positions, network.positions]),
        regular=np.arange(n_full + network.n_sites) < n_full,
        states=tuple(
            DefectState(extra=((n_full + k, HOME),), weight=w) for k, w in enumerate(weights)
        ),
        jumps=tuple(jumps),
    )


def _between(network: JumpNetwork, pushed: PushedIons, hop: int) -> list[Place]:
    """Return the full sites of the kind of a hop that lie on its shortest ways."""
    first = network.positions[network.starts[hop]]
    second = network.positions[network.ends[hop]] + network.translations[hop]
    of_kind = np.flatnonzero(pushed.kinds == pushed.via[hop])
    way, place = _ways(network.lattice, first, second, pushed.positions[of_kind])
    direct = float(np.linalg.norm((second - first) @ network.lattice))
    if not way.min() <= 2.0 * direct:
        names = network.site_names or tuple(map(str, range(network.n_sites)))
        raise RatesError(
            f"pushed ions: no full site lies on the way of the hop from "
            f"'{names[network.starts[hop]]}' to '{names[network.ends[hop]]}'; the nearest makes it "
            f"{way.min() / direct:.2g} times as long"
        )
    found = np.flatnonzero(way <= (1.0 + SAME) * way.min())
    return [(int(of_kind[place[k, 0]]), as_cell(place[k, 1:])) for k in found]


def _ways(
    lattice: FloatArray, first: FloatArray, second: FloatArray, full: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return the lengths of ways over full sites near a hop, and (site, cell) of each.

    A way of at most twice the hop stays within the length of the hop from its middle.
    """
    direct = np.linalg.norm((second - first) @ lattice)
    reach = np.ceil(direct * np.linalg.norm(np.linalg.inv(lattice), axis=0)) + 1
    cells = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), -1)
    base = np.floor(0.5 * (first + second) - full)[:, None]
    shifts = (base + cells.reshape(-1, 3)).astype(np.int64)
    places = full[:, None] + shifts
    way = sum(np.linalg.norm((places - end) @ lattice, axis=-1) for end in (first, second))
    site = np.broadcast_to(np.arange(len(full))[:, None, None], (*shifts.shape[:2], 1))
    return np.ravel(way), np.concatenate([site, shifts], axis=2).reshape(-1, 4)


def shortest_way(
    lattice: FloatArray, first: FloatArray, second: FloatArray, full: FloatArray
) -> float:
    """Return the length of the shortest way between two places over a full site [m].

    Lattice vectors are rows [m]; places, shape (3,), and full sites, shape (n, 3), are fractional.
    """
    return float(_ways(lattice, first, second, full)[0].min())
