"""Crystal structures of files, and checks of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.constants import angstrom

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.lattices import neighbour_pairs

__all__ = ["FULL", "MOST_SITES", "CrystalStructure", "check_structure"]

FULL = 1.05
"""Largest total occupancy of a site, rounding of the file included."""

MOST_SITES = 2_000
"""Most sites per cell that are read."""

_EDGES = (0.5, 1_000.0)  # angstrom
_NEAREST = 1.0  # angstrom; the shortest bonds without hydrogen are 1.1 long
_NEAREST_HYDROGEN = 0.6
_SAME_PLACE = 1e-3
_FARTHEST = 1e3


@dataclass(frozen=True, kw_only=True)
class CrystalStructure:
    """Content of a structure file.

    Attributes:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates, shape (n, 3).
        elements: n chemical symbols; of a shared site, that of its main species.
        source: name of the file.
        shares: of sites that are shared or not full, by index: occupancy of each element.
        notes: assumptions in reading it, one sentence each.
    """

    lattice: FloatArray
    positions: FloatArray
    elements: tuple[str, ...]
    source: str
    shares: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def occupants(self, site: int) -> Mapping[str, float]:
        """Return the occupancy of each element on a site."""
        return self.shares.get(site, {self.elements[site]: 1.0})

    def composition(self) -> dict[str, float]:
        """Return the atoms of each element in the cell."""
        found: dict[str, float] = {}
        for site in range(len(self.elements)):
            for element, occupancy in self.occupants(site).items():
                found[element] = found.get(element, 0.0) + occupancy
        return found


def check_structure(structure: CrystalStructure) -> None:
    """Refuse numbers that are no crystal.

    Raises:
        RatesError: numbers are not finite, the cell is degenerate, or atoms are too close.
    """
    source, cell = structure.source, structure.lattice / angstrom
    if not (np.isfinite(cell).all() and (np.abs(structure.positions) < _FARTHEST).all()):
        raise RatesError(
            f"structure: {source} holds a number that is not finite, or a coordinate beyond "
            f"{_FARTHEST:g} cells"
        )
    count = len(structure.elements)
    if not 0 < count <= MOST_SITES:
        raise RatesError(
            f"structure: {source} has {count} sites per cell; 1 to {MOST_SITES} are read"
        )
    edges = np.linalg.norm(cell, axis=1)
    volume = abs(float(np.linalg.det(cell)))
    thin = volume < _EDGES[0] * np.linalg.norm(np.cross(cell, np.roll(cell, 1, axis=0)), axis=1)
    if edges.min() < _EDGES[0] or edges.max() > _EDGES[1] or thin.any():
        told = ", ".join(f"{edge:.4g}" for edge in edges)
        raise RatesError(
            f"structure: {source} has no usable cell: edges {told} angstrom, volume {volume:.4g} "
            "cubic angstrom"
        )
    _check_distances(structure)


def _check_distances(structure: CrystalStructure) -> None:
    """Refuse two atoms too close to be there together."""
    totals = [sum(structure.occupants(k).values()) for k in range(len(structure.elements))]
    first, second, _, distance = neighbour_pairs(
        structure.lattice, structure.positions % 1.0, _SAME_PLACE * angstrom, _NEAREST * angstrom
    )
    for i, j, apart in zip(first, second, distance / angstrom, strict=True):
        hydrogen = "H" in (structure.elements[i], structure.elements[j])
        near = apart < (_NEAREST_HYDROGEN if hydrogen else _NEAREST)
        if near and totals[i] + totals[j] > FULL:
            raise RatesError(
                f"structure: {structure.source}: {structure.elements[i]} and "
                f"{structure.elements[j]} are {apart:.2f} angstrom apart, on sites that are both "
                "occupied; check setting, origin and coordinates (1/3 needs at least 0.3333)"
            )
