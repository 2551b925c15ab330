"""Named lattices of one kind of site and hop, and the search for neighbours in a crystal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, nearest
from cellion.rates.jump_network import JumpNetwork

__all__ = ["LATTICES", "LatticeShape", "cell_vectors", "lattice_network", "neighbour_pairs"]

type Point = tuple[float, float, float]

_ROUNDING = 1e-9  # relative; distances are computed again before they are compared


class LatticeShape(NamedTuple):
    """Lattice vectors as rows, fractional sites and jump length, in units of the edge."""

    vectors: tuple[Point, ...]
    positions: tuple[Point, ...]
    jump: float


_CUBE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
_FCC = ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))
_BCC = ((-0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0.5, 0.5, -0.5))
_HEXAGON = ((1.0, 0.0, 0.0), (0.5, np.sqrt(0.75), 0.0))
_APART = ((0.0, 3.0, 0.0), (0.0, 0.0, 3.0))  # along axes without hops
_ORIGIN = ((0.0, 0.0, 0.0),)
_THIRDS = ((0.0, 0.0, 0.0), (1 / 3, 1 / 3, 0.0))
_GARNET_24D = (
    *((3, 0, 2), (1, 0, 6), (2, 3, 0), (6, 1, 0), (0, 2, 3), (0, 6, 1)),
    *((5, 0, 6), (7, 0, 2), (6, 5, 0), (2, 7, 0), (0, 6, 5), (0, 2, 7)),
)
_GARNET_24C = ((1, 0, 2), (3, 0, 6), (2, 1, 0), (6, 3, 0), (0, 2, 1), (0, 6, 3))
"""Wyckoff positions of Ia-3d in eighths of the cubic edge, without the body centring. The 24c sites
form two nets of opposite hand that touch nowhere; one of them is given."""


def _in_primitive_cell(eighths: tuple[Point, ...]) -> tuple[Point, ...]:
    fractional = np.array(eighths) / 8.0 @ np.linalg.inv(np.array(_BCC))
    return tuple((float(a), float(b), float(c)) for a, b, c in fractional)


LATTICES: dict[str, LatticeShape] = {
    "chain": LatticeShape((*_CUBE[:1], *_APART), _ORIGIN, 1.0),
    "square": LatticeShape((*_CUBE[:2], _APART[1]), _ORIGIN, 1.0),
    "triangular": LatticeShape((*_HEXAGON, _APART[1]), _ORIGIN, 1.0),
    "honeycomb": LatticeShape((*_HEXAGON, _APART[1]), _THIRDS, 1 / np.sqrt(3.0)),
    "sc": LatticeShape(_CUBE, _ORIGIN, 1.0),
    "bcc": LatticeShape(_BCC, _ORIGIN, np.sqrt(0.75)),
    "fcc": LatticeShape(_FCC, _ORIGIN, np.sqrt(0.5)),
    "diamond": LatticeShape(_FCC, ((0.0, 0.0, 0.0), (0.25, 0.25, 0.25)), np.sqrt(3.0) / 4.0),
    "hcp": LatticeShape(
        (*_HEXAGON, (0.0, 0.0, np.sqrt(8 / 3))), ((0.0, 0.0, 0.0), (1 / 3, 1 / 3, 0.5)), 1.0
    ),
    "garnet_24d": LatticeShape(_BCC, _in_primitive_cell(_GARNET_24D), np.sqrt(6.0) / 8.0),
    "garnet_24c": LatticeShape(_BCC, _in_primitive_cell(_GARNET_24C), np.sqrt(6.0) / 8.0),
    "octahedron_vertices": LatticeShape(
        _CUBE, ((0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5)), np.sqrt(0.5)
    ),
}
"""Edge: cubic edge, in-plane lattice constant, or spacing. `octahedron_vertices` is the mobile
sublattice of anti-perovskites, halide perovskites and NbO, and (halved) the 24d sites of Prussian
blue."""


def cell_vectors(lengths: ArrayLike, angles: ArrayLike = (90.0, 90.0, 90.0)) -> FloatArray:
    """Return lattice vectors as rows from edge lengths and angles, a along x and b in the xy plane.

    Args:
        lengths: a, b, c [m].
        angles: alpha, beta, gamma in degrees.
    """
    edges, corners = np.asarray(lengths, dtype=float), np.asarray(angles, dtype=float)
    a, b, c = edges
    ca, cb, cg = np.cos(np.deg2rad(corners))
    sg = np.sqrt(1.0 - cg**2)
    y = (ca - cb * cg) / sg
    height = 1.0 - cb**2 - y**2
    if not (min(a, b, c) > 0.0 and height > 0.0):
        raise RatesError(f"cell: edges {edges} m with angles {corners} do not form a cell")
    vectors = np.array([[a, 0.0, 0.0], [b * cg, b * sg, 0.0], [c * cb, c * y, c * np.sqrt(height)]])
    return np.where(np.abs(vectors) < 1e-15 * max(a, b, c), 0.0, vectors)


def neighbour_pairs(
    lattice: FloatArray, positions: FloatArray, shortest: float, longest: float
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return all pairs of sites whose distance lies in an interval, each pair once.

    Args:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates, shape (n, 3).
        shortest: smallest distance, above 0 [m].
        longest: largest distance [m].

    Returns:
        first site (m,), second site (m,), lattice translation of the second (m, 3), distance (m,)
        [m].
    """
    spread = np.abs(positions[:, None] - positions[None]).max(axis=(0, 1))
    reach = np.ceil(longest * np.linalg.norm(np.linalg.inv(lattice), axis=0) + spread).astype(int)
    ranges = [np.arange(-r, r + 1) for r in reach]
    cells = np.stack(np.meshgrid(*ranges, indexing="ij"), -1).reshape(-1, 3)
    images = (positions[:, None] + cells).reshape(-1, 3)
    found = KDTree(positions @ lattice).sparse_distance_matrix(
        KDTree(images @ lattice), longest * (1.0 + _ROUNDING), output_type="ndarray"
    )
    i, (j, k) = found["i"], np.divmod(found["j"], len(cells))
    gap = positions[j] - positions[i] + cells[k]
    distance = np.linalg.norm(gap @ lattice, axis=-1)
    forward = cells[k] @ np.array([9_000_001, 3_001, 1])
    once = (i < j) | ((i == j) & (forward > 0))
    kept = np.flatnonzero(once & (distance >= shortest) & (distance <= longest))
    kept = kept[np.lexsort((k[kept], j[kept], i[kept]))]
    return i[kept], j[kept], cells[k[kept]], distance[kept]


def lattice_network(
    kind: str, *, edge: float, barrier: float, prefactor: float, source: str = ""
) -> JumpNetwork:
    """Return the network of nearest-neighbour hops on a named lattice.

    Every hop has the same barrier, so D = z w l^2/(2 d) with z hops of length l and rate w in d
    directions.

    Args:
        kind: a name of `LATTICES`.
        edge: cubic edge, in-plane lattice constant or spacing [m].
        barrier: migration energy [J].
        prefactor: [1/s].
        source: where the numbers come from.

    Raises:
        RatesError: the lattice is not known.
    """
    if kind not in LATTICES:
        raise RatesError(
            f"found '{kind}'{nearest(kind, LATTICES)}; lattices are {', '.join(LATTICES)}"
        )
    shape = LATTICES[kind]
    lattice = edge * np.array(shape.vectors)
    positions = np.array(shape.positions)
    length = shape.jump * edge
    i, j, cells, _ = neighbour_pairs(lattice, positions, 0.999 * length, 1.001 * length)
    return JumpNetwork(
        lattice=lattice,
        positions=positions,
        site_energies=np.zeros(len(positions)),
        multiplicities=np.ones(len(positions)),
        starts=i,
        ends=j,
        translations=cells,
        saddle_energies=np.full(i.size, barrier),
        prefactors=np.full(i.size, prefactor),
        site_names=tuple(f"{kind}{k}" for k in range(len(positions))),
        source=source,
    )
