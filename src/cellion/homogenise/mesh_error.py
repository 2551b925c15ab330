"""How far sigma_eff of a mesh is above that of the same geometry on infinitely fine ones.

The solution gives an upper bound U. With the lower bound L of Crouzeix-Raviart currents on the same
mesh, the value between them that is expected is U^(1 - t) L^t. In the plane t = 1/2: rotated by a
right angle, the currents of the lower bound are the fields of an upper bound of the resistivities,
so that both are off by the same factor on the mean; for media that are their own dual, such as
checkerboards and polycrystals, exactly. In space, t is calibrated (docs/benchmarks.md).

Source: Keller, J. Math. Phys. 5 (1964) 548; Marini, SIAM J. Numer. Anal. 22 (1985) 493.
"""

from __future__ import annotations

from math import inf, nan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.transport.dual.gap import gap_shares
from cellion.transport.primal.solution import Solution

__all__ = ["error_of_gap", "mesh_errors"]

_PLACE = {2: 0.5, 3: 0.6}
"""Place t of the expected value between the bounds, by dimension."""

_LARGEST = 10.0
"""Largest error that is stated; beyond, only a bracket tells."""


def error_of_gap(share: float, dimension: int) -> float:
    """Relative error U / sigma - 1 that is expected of a gap.

    Args:
        share: (U - L) / U, between 0 and 1.
        dimension: Of the box.

    Returns:
        The error, relative to the expected value [-]; NaN where it is too large to be known.
    """
    error = (1.0 - share) ** -_PLACE[dimension] - 1.0 if share < 1.0 else inf
    return error if error <= _LARGEST else nan


def mesh_errors(
    solution: Solution, sigma: NDArray[np.float64], watch: Stopwatch | None = None
) -> dict[str, float]:
    """Estimate the relative error of sigma_eff by the mesh, per direction (collective).

    Args:
        solution: Solved transport.
        sigma: Its effective conductivity, shape (d, d) [S/m].
        watch: Records the stages of the lower bound.

    Returns:
        Per direction that carries current; NaN where it is not known.
    """
    shares = gap_shares(solution, sigma, watch)
    dimension = solution.problem.mesh.dimension
    return {name: error_of_gap(share, dimension) for name, share in shares.items()}
