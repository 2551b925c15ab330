"""Exact long-time diffusion tensor of a reversible Markov chain with displacements.

A walker sits in state i with probability p_i and jumps i -> j with rate w_ij, moving by dx_ij;
detailed balance makes c_ij = p_i w_ij = c_ji, a conductance. Then::

    D = min over u of   sum over edges of  c_ij (dx_ij + u_j - u_i) (dx_ij + u_j - u_i)^T

each edge counted once. The minimiser u, the corrector, balances the drift at every state and so
carries the correlation between successive jumps. States are sites of a jump network, or pairs of
defect and tracer.

Small problems are solved by star-mesh elimination: a state is removed, its neighbours are joined by
the equivalent conductances, and parallel edges are merged; the energy of each merge adds to D. All
terms are positive, so nothing cancels at any contrast of rates. Large problems are solved by sparse
factorisation, whose error is measured.

Source: Derrida 1983, J. Stat. Phys. 31, 433 (one dimension); De Masi, Ferrari, Goldstein, Wick
1989, J. Stat. Phys. 55, 787 (variational form).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import SuperLU, splu

from cellion.arrays import BoolArray, FloatArray, IntArray
from cellion.errors import RatesError

__all__ = ["component_labels", "incidence_matrix", "ranks_within", "reversible_diffusion"]

SMALL_SYSTEM = 200
"""States up to which star-mesh elimination is the faster way."""

LARGEST_ELIMINATION = 2500
"""States up to which elimination is affordable where factorisation is not accurate enough."""

LARGEST_CONTRAST = 1.0e11
"""Ratio of conductances up to which double precision carries a sparse factorisation."""

LARGEST_BLOCK = 3_000_000
"""Entries (temperatures times states squared) eliminated at once; keeps memory below 0.3 GB."""

ALLOWED_ERROR = 1.0e-9
"""Relative error of D, as measured after sparse factorisation, above which the answer is
refused."""


def component_labels(n_states: int, start: IntArray, end: IntArray) -> tuple[int, IntArray]:
    """Return the number of connected components and the component of each state."""
    graph = sparse.coo_matrix((np.ones(start.size), (start, end)), shape=(n_states, n_states))
    count, labels = csgraph.connected_components(graph, directed=False)
    return int(count), np.asarray(labels, dtype=np.int64)


def incidence_matrix(n_states: int, start: IntArray, end: IntArray) -> sparse.csr_matrix:
    """Return the matrix of differences end - start over the edges, shape (m, n_states)."""
    rows, signs = np.arange(start.size), np.ones(start.size)
    entries = (np.r_[signs, -signs], (np.r_[rows, rows], np.r_[end, start]))
    return sparse.csr_matrix(entries, shape=(start.size, n_states))


def reversible_diffusion(
    n_states: int,
    start: IntArray,
    end: IntArray,
    conductance: FloatArray,
    displacement: FloatArray,
) -> FloatArray:
    """Return the diffusion tensors of a connected reversible chain, shape (n_sets, d, d).

    Args:
        n_states: number of states.
        start: first state of each edge, shape (m,); each edge once, its reverse is implied.
        end: second state of each edge, shape (m,).
        conductance: c_ij = p_i w_ij >= 0, shape (n_sets, m) [1/s].
        displacement: dx from first to second state, shape (m, d), any unit of length.

    Raises:
        RatesError: the states are not connected, or rates differ by too much for a large system.
    """
    count, _ = component_labels(n_states, start, end)
    if count > 1:
        raise RatesError(f"chain: {count} unconnected groups of states found; 1 is needed")
    dx = np.asarray(displacement, dtype=float)
    loops = start == end
    result = np.einsum("sm,ma,mb->sab", conductance[:, loops], dx[loops], dx[loops])
    i, j, c, dx = start[~loops], end[~loops], conductance[:, ~loops], dx[~loops]
    if n_states > SMALL_SYSTEM and _contrast(c) <= LARGEST_CONTRAST:
        sets = [_sparse_tensor(n_states, i, j, one, dx) for one in c]
        return np.asarray(result + np.array(sets))
    if n_states > LARGEST_ELIMINATION:
        raise RatesError(
            f"jump network: {n_states} sites with rates that differ by {_contrast(c):.1g} found; "
            f"up to {LARGEST_ELIMINATION} sites may differ by anything, more by "
            f"{LARGEST_CONTRAST:.0g}. Merge sites that are joined by very fast hops, or use a "
            "smaller cell"
        )
    block = max(1, LARGEST_BLOCK // n_states**2)
    parts = [
        _eliminate(n_states, i, j, c[first : first + block], dx)
        for first in range(0, c.shape[0], block)
    ]
    return np.asarray(result + np.concatenate(parts))


def _contrast(c: FloatArray) -> float:
    """Return the ratio of the largest to the smallest positive conductance of any set."""
    positive = np.where(c > 0.0, c, np.nan)
    if c.shape[1] == 0 or np.all(np.isnan(positive)):
        return 1.0
    return float(np.nanmax(np.nanmax(positive, axis=1) / np.nanmin(positive, axis=1)))


def _outer_sum(weight: FloatArray, dx: FloatArray) -> FloatArray:
    """Sum weight dx dx^T over all axes but the first (sets) and last (directions)."""
    sets, d = weight.shape[0], dx.shape[-1]
    flat = dx.reshape(sets, -1, d)
    return np.asarray(np.swapaxes(flat, 1, 2) @ (weight.reshape(sets, -1, 1) * flat))


def _merge(
    c1: FloatArray, dx1: FloatArray, c2: FloatArray, dx2: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Replace two parallel edges by one; return its conductance and displacement, and the energy.

    c1 (dx1+v)^2 + c2 (dx2+v)^2 = (c1+c2) (dx+v)^2 + c1 c2/(c1+c2) (dx1-dx2)^2, dx the weighted
    mean; the energy is returned as weight and difference.
    """
    total = c1 + c2
    share = np.divide(c2, total, out=np.zeros_like(total), where=total > 0.0)
    difference = dx2 - dx1
    return total, dx1 + share[..., None] * difference, c1 * share, difference


def ranks_within(keys: IntArray) -> IntArray:
    """Return 0, 1, 2, ... for the first, second, third ... occurrence of each key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    fresh = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if keys.size else order[:0]
    ranks = np.empty(keys.size, dtype=np.int64)
    ranks[order] = np.arange(keys.size) - np.repeat(fresh, np.diff(np.r_[fresh, keys.size]))
    return ranks


def _paired_edges(
    n: int, i: IntArray, j: IntArray, c: FloatArray, dx: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return merged edges of the pairs (a < b), stored at a n + b, and the energy of merging.

    Returns:
        conductance (sets, n n), displacement from a to b (sets, n n, d), energy (sets, d, d).
    """
    sets, d = c.shape[0], dx.shape[1]
    pair = np.minimum(i, j) * n + np.maximum(i, j)
    upward = np.where(i <= j, 1.0, -1.0)[:, None] * dx
    C, X, energy = np.zeros((sets, n * n)), np.zeros((sets, n * n, d)), np.zeros((sets, d, d))
    ranks = ranks_within(pair)
    for rank in range(int(ranks.max(initial=-1)) + 1):
        now = ranks == rank
        at, added = pair[now], np.broadcast_to(upward[now], (sets, int(now.sum()), d))
        C[:, at], X[:, at], weight, gap = _merge(C[:, at], X[:, at], c[:, now], added)
        energy += _outer_sum(weight, gap)
    return C, X, energy


def _elimination_order(adjacency: BoolArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each state with its neighbours, fewest first; fills the pattern on the way."""
    degree = adjacency.sum(axis=1)
    for _ in range(adjacency.shape[0] - 1):
        k = int(np.argmin(degree))
        neighbours = np.flatnonzero(adjacency[k])
        adjacency[k] = adjacency[:, k] = False
        adjacency[np.ix_(neighbours, neighbours)] = True
        adjacency[neighbours, neighbours] = False
        degree[neighbours] = adjacency[neighbours].sum(axis=1)
        degree[k] = adjacency.shape[0] + 1
        yield k, neighbours


def _eliminate(n: int, i: IntArray, j: IntArray, c: FloatArray, dx: FloatArray) -> FloatArray:
    """Return D of all sets by removing one state after the other, shape (sets, d, d)."""
    C, X, energy = _paired_edges(n, i, j, c, dx)
    adjacency = np.zeros((n, n), dtype=bool)
    adjacency[i, j] = adjacency[j, i] = True
    upper = np.triu_indices(1, 1)
    for k, around in _elimination_order(adjacency):
        if upper[0].size != around.size * (around.size - 1) // 2:
            upper = np.triu_indices(around.size, 1)
        spoke = np.minimum(k, around) * n + np.maximum(k, around)
        conductance = np.take(C, spoke, axis=1)
        arm = np.take(X, spoke, axis=1) * np.where(around > k, 1.0, -1.0)[:, None]
        total = conductance.sum(axis=1, keepdims=True)
        share = np.divide(conductance, total, out=np.zeros_like(conductance), where=total > 0.0)
        first, second = upper
        pair = around[first] * n + around[second]
        mesh = conductance[:, first] * share[:, second]
        C[:, pair], X[:, pair], weight, gap = _merge(
            np.take(C, pair, axis=1), np.take(X, pair, axis=1), mesh, arm[:, second] - arm[:, first]
        )
        energy += _outer_sum(weight, gap)
    return energy


def _sparse_tensor(n: int, i: IntArray, j: IntArray, c: FloatArray, dx: FloatArray) -> FloatArray:
    """Return D of one set from a sparse factorisation with state 0 held, and check its error."""
    scale = c.max(initial=0.0)
    if scale == 0.0:
        return np.zeros((dx.shape[1], dx.shape[1]))
    incidence = incidence_matrix(n, i, j)
    weighted = sparse.diags_array(c / scale) @ incidence
    laplacian = (incidence.T @ weighted).tocsc()[1:, 1:]
    factor = splu(laplacian, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    u, error = _solve_refined(factor, incidence, c / scale, dx)
    relative = dx + incidence @ u
    tensor = np.einsum("m,ma,mb->ab", c, relative, relative)
    if not scale * error <= ALLOWED_ERROR * np.trace(tensor):
        raise RatesError(
            f"jump network: sparse factorisation of {n} sites reached a relative error of "
            f"{scale * error / np.trace(tensor):.1g}, {ALLOWED_ERROR:g} is allowed. Merge sites "
            "that are joined by very fast hops, or use a smaller cell"
        )
    return np.asarray(tensor)


def _solve_refined(
    factor: SuperLU, incidence: sparse.csr_matrix, c: FloatArray, dx: FloatArray
) -> tuple[FloatArray, float]:
    """Return the corrector and r . L^-1 r, the energy its remaining imbalance r holds."""
    u = np.zeros((incidence.shape[1], dx.shape[1]))
    for _ in range(3):
        residual = -(incidence.T @ (c[:, None] * (dx + incidence @ u)))[1:]
        step = factor.solve(residual)
        u[1:] += step
    return u, float(np.abs(np.sum(residual * step)))
