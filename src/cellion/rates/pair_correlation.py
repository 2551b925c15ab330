"""Pair correlations of ions that block each other.

The conductivity of a reversible lattice gas is a minimum over functions F of its whole state::

    D = min over F of   sum over hops of  w_ij < n_i (1 - n_j) (dx_ij + F(after) - F(before))^2 >

Any F gives an upper bound. F = sum of u_i n_i is the mean field of `cellion.rates.occupancy`; here
F also has pairs, sum of v_ij (n_i - f_i)(n_j - f_j), out to a few hops. Ions without other
interaction fill their places independently, so that each mean is a product; a hop a -> b costs::

    c_ab [(dx + u_b - u_a + (f_b - f_a) v_ab)^2 + sum over y of f_y (1 - f_y) (v_by - v_ay)^2]

Pairs describe the return of an ion to a site that is seldom free: the way back is open. Where all
occupancies are equal, u and v decouple and the mean field is exact.

Source: Spohn 1991, Large Scale Dynamics of Interacting Particles, section II.2 (the minimum);
Landim, Olla, Varadhan 2001, Commun. Math. Phys. 224, 307 (functions of few places).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from cellion.arrays import FloatArray, IntArray
from cellion.rates.jump_network import JumpNetwork

__all__ = ["PairFunctions"]

Place = tuple[int, int, int, int]
"""A site index and the cell it is in."""

Edge = tuple[int, int, int, int, int]
"""Start and end of a hop, and the cell of the end."""

REACH = 3
"""Hops that lie between the two places of a pair at most."""

MOST = 50_000
"""Terms beyond which pairs of places farther apart are left out."""

_LEAST = 1.0e-14  # keeps rounding from making the scaled equations singular
_STEPS = 3


@dataclass(frozen=True, kw_only=True)
class PairFunctions:
    """Functions of one and of two places of a network, and the terms of their energy.

    Attributes:
        edges: the hops.
        joined: function of the two ends of each hop, shape (m,).
        n_functions: number of all functions; the first are those of one site.
        hops: hop of each further term, shape (k,).
        others: site of the place y of each further term, shape (k,).
        matrix: v_by - v_ay of each further term, shape (k, n_functions).
    """

    edges: IntArray
    joined: IntArray
    n_functions: int
    hops: IntArray
    others: IntArray
    matrix: sparse.csr_matrix

    @classmethod
    def of(cls, network: JumpNetwork) -> PairFunctions:
        """Return the functions of a network, out to `REACH` hops or as far as `MOST` terms."""
        columns = np.column_stack([network.starts, network.ends, network.translations])
        return _functions(network.n_sites, tuple(map(tuple, columns.tolist())))

    def lowered(
        self, mean_field: FloatArray, conductance: FloatArray, held: FloatArray, noise: FloatArray
    ) -> FloatArray:
        """Return the tensors lowered by pair correlations, in lattice units.

        Args:
            mean_field: tensors without pairs, shape (nT, 3, 3).
            conductance: c_ij of each hop, shape (nT, m).
            held: occupancies f, shape (nT, n).
            noise: f (1 - f), shape (nT, n).
        """
        found = mean_field.copy()
        for k, tensor in enumerate(mean_field):
            lower = self._tensor(conductance[k], held[k], noise[k])
            if np.trace(lower) < np.trace(tensor):  # rounding aside, it always is
                found[k] = lower
        return found

    def _tensor(self, conductance: FloatArray, held: FloatArray, noise: FloatArray) -> FloatArray:
        m = len(self.edges)
        start, end = self.edges[:, 0], self.edges[:, 1]
        columns = np.r_[end, start, self.joined]
        signs = np.r_[np.ones(m), -np.ones(m), held[end] - held[start]]
        own = sparse.csr_matrix(
            (signs, (np.tile(np.arange(m), 3), columns)), shape=(m, self.n_functions)
        )
        terms = sparse.vstack([own, self.matrix]).tocsr()
        weight = np.r_[conductance, conductance[self.hops] * noise[self.others]]
        dx = np.zeros((weight.size, 3))
        dx[:m] = self.edges[:, 2:]
        change = dx + terms @ _minimiser(terms, weight, dx)
        return np.asarray(np.einsum("m,ma,mb->ab", weight, change, change))


def _minimiser(terms: sparse.csr_matrix, weight: FloatArray, dx: FloatArray) -> FloatArray:
    """Return the functions that minimise the weighted sum of (dx + terms u)^2.

    The energy is that of whatever is returned, so rounding can only raise the upper bound.
    """
    u = np.zeros((terms.shape[1], 3))
    stiffness = (terms.T @ sparse.diags_array(weight) @ terms).tocsc()
    diagonal = stiffness.diagonal()
    used = np.flatnonzero(diagonal > 0.0)[1:]  # one site is held: only differences matter
    if used.size == 0:
        return u
    scale = 1.0 / np.sqrt(diagonal[used])
    scaled = sparse.diags_array(scale) @ stiffness[used][:, used] @ sparse.diags_array(scale)
    factor = splu(
        (scaled + _LEAST * sparse.eye_array(used.size)).tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        options={"SymmetricMode": True},
    )
    for _ in range(_STEPS):
        residual = -(terms.T @ (weight[:, None] * (dx + terms @ u)))[used]
        u[used] += scale[:, None] * factor.solve(scale[:, None] * residual)
    return u


@lru_cache(maxsize=4)
def _functions(n_sites: int, edges: tuple[Edge, ...]) -> PairFunctions:
    """Return the functions of sites joined by hops; temperature does not enter."""
    near = _neighbourhoods(n_sites, edges)
    number: dict[tuple[int, ...], int] = {}
    for site, places in enumerate(near):
        for place in sorted(places):
            number.setdefault(_pair((site, 0, 0, 0), place), n_sites + len(number))
    ends: list[tuple[Place, Place]] = [((i, 0, 0, 0), (j, a, b, c)) for i, j, a, b, c in edges]
    rows: list[tuple[int, int]] = []
    entries: list[tuple[int, int, float]] = []
    for hop, (a, b) in enumerate(ends):
        around = (near[a[0]] | {_moved(place, b) for place in near[b[0]]}) - {a, b}
        for y in sorted(around):
            held = ((number.get(_pair(b, y)), 1.0), (number.get(_pair(a, y)), -1.0))
            entries += [(len(rows), k, sign) for k, sign in held if k is not None]
            rows.append((hop, y[0]))
    at, columns, signs = np.array(entries, dtype=np.float64).reshape(-1, 3).T
    index = (at.astype(np.int64), columns.astype(np.int64))
    size = n_sites + len(number)
    return PairFunctions(
        edges=np.array(edges),
        joined=np.array([number[_pair(a, b)] for a, b in ends]),
        n_functions=size,
        hops=np.array([hop for hop, _ in rows], dtype=np.int64),
        others=np.array([site for _, site in rows], dtype=np.int64),
        matrix=sparse.csr_matrix((signs, index), shape=(len(rows), size)),
    )


def _moved(place: Place, by: Place) -> Place:
    """Return a place moved by the cell of another."""
    return (place[0], place[1] + by[1], place[2] + by[2], place[3] + by[3])


def _pair(x: Place, y: Place) -> tuple[int, ...]:
    """Return the key of two places: the same for their order and for their lattice translations."""
    a, b, c = y[1] - x[1], y[2] - x[2], y[3] - x[3]
    return min((x[0], y[0], a, b, c), (y[0], x[0], -a, -b, -c))


def _neighbourhoods(n_sites: int, edges: tuple[Edge, ...]) -> list[set[Place]]:
    """Return the places within `REACH` hops of each site, or within fewer if there are too many."""
    joined: list[set[Place]] = [set() for _ in range(n_sites)]
    for i, j, a, b, c in edges:
        joined[i].add((j, a, b, c))
        joined[j].add((i, -a, -b, -c))
    near = joined
    for _ in range(REACH - 1):
        wider = [
            (places | {_moved(far, place) for place in places for far in joined[place[0]]})
            - {(site, 0, 0, 0)}
            for site, places in enumerate(near)
        ]
        if sum(len(wider[i]) + len(wider[j]) for i, j, *_ in edges) > MOST:
            break
        near = wider
    return near
