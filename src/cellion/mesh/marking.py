"""Where a mesh is to become finer: the cells that cause most of an error, and their sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.octree import Spots

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["mark", "spots_of"]

type Array = NDArray[np.float64]

_HALF = 0.7
"""Size of the leaf wanted around a marked cell, in units of its longest edge: halves it."""

_BISECTIONS = 60

_TIES = 0.95
"""Smallest share that is marked along with the threshold, relative to it, so that cells that are
alike by symmetry are refined alike whatever the last digits of their shares."""

_NEAR_FACE, _LEAST_NEAR_FACE = 1e-4, 1e-5
"""Closer to a face of the box than this, leaves stay above this, relative to its longest edge: the
faces are told by their coordinates, to `cellion.mesh.periodicity.PLANE_TOLERANCE`."""

_LEAST = 3e-11
"""Smallest leaf anywhere, relative to the longest edge of the box: coordinates have 16 digits."""


def mark(shares: Array, fraction: float, comm: MPI.Comm) -> NDArray[np.bool_]:
    """Mark the cells with the largest shares that together make a fraction of all (collective).

    Args:
        shares: Share of each owned cell, >= 0, shape (n,).
        fraction: Part of the sum over all ranks that the marked cells have at least, in (0, 1].
        comm: Communicator.

    Source: Doerfler, SIAM J. Numer. Anal. 33 (1996) 1106.
    """
    ordered = np.sort(shares)
    above = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0.0]])
    total, largest = comm.allreduce(float(above[0])), max(comm.allgather(shares.max(initial=0.0)))
    low, high = 0.0, float(largest)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        held = comm.allreduce(float(above[np.searchsorted(ordered, middle)]))
        low, high = (middle, high) if held >= fraction * total else (low, middle)
    marked: NDArray[np.bool_] = (shares >= _TIES * low) & (shares > 0.0)
    return marked


def spots_of(mesh: LabelledMesh, marked: NDArray[np.bool_]) -> Spots | None:
    """Ask for leaves of half the size around marked cells (collective).

    Args:
        mesh: Labelled mesh, whose box starts at the origin.
        marked: Whether each owned cell is marked, shape (n,).

    Returns:
        The spots of all ranks on rank 0, None on the others.
    """
    corners = mesh.points[mesh.cells[: mesh.n_owned_cells][marked]]
    longest = np.zeros(len(corners))
    for first in range(corners.shape[1]):
        for second in range(first):
            edge = np.linalg.norm(corners[:, first] - corners[:, second], axis=1)
            longest = np.maximum(longest, edge)
    points, height = corners.mean(axis=1) - mesh.origin, float(mesh.box.max())
    near = np.minimum(points, mesh.box - points).min(axis=1) < _NEAR_FACE * height
    least = np.where(near, _LEAST_NEAR_FACE, _LEAST) * height
    here = Spots(points=points, sizes=np.maximum(_HALF * longest, least))
    everyone = mesh.comm.gather(here)
    if everyone is None:
        return None
    return Spots(
        points=np.concatenate([each.points for each in everyone]),
        sizes=np.concatenate([each.sizes for each in everyone]),
    )
