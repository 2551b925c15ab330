"""Edges between bodies: where they cross the interface, and what lies between.

Power distances are quadratic along an edge, so that the crossing of two of them is exact. Where a
third body lies at the crossing, the geometry tells whether the two at the ends meet there all the
same; if they do not, the edge spans a gap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bodies import Bodies
from cellion.mesh.simplices import canonical_edges, cell_edges, local_edges, sorted_unique

__all__ = [
    "RIM",
    "Crossings",
    "Meeting",
    "MixedEdges",
    "Nodes",
    "find_crossings",
    "is_mixed",
    "mixed_edges",
    "pair_keys",
    "spanned_gaps",
]

RIM = 0.3
"""Distance from the rim of a contact, in units of the edge, within which vertices are on it."""


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Vertices while the mesh is cut.

    Attributes:
        points: Coordinates, shape (n, d) [m].
        image_of: Canonical vertex of each, shape (n,).
        shift: Boxes from the canonical vertex to each, shape (n, d).
        own: Body that each belongs to, shape (n,).
    """

    points: NDArray[np.float64]
    image_of: NDArray[np.int64]
    shift: NDArray[np.int32]
    own: NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class MixedEdges:
    """Edges whose ends belong to different labels.

    One entry per set of periodic images, except `keys` and `member` which list all images.
    """

    keys: NDArray[np.int64]
    member: NDArray[np.int64]
    ends: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    length: NDArray[np.float64]


def is_mixed(cells: NDArray[np.int64], own: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether the vertices of each cell belong to different labels."""
    around = own[cells]
    mixed: NDArray[np.bool_] = (around != around[:, :1]).any(axis=1)
    return mixed


def mixed_edges(nodes: Nodes, cells: NDArray[np.int64]) -> MixedEdges:
    """Edges of cells whose ends belong to different labels."""
    n = len(nodes.points)
    mixed = cells[is_mixed(cells, nodes.own)]
    pairs, own = local_edges(cells.shape[1] - 1), nodes.own[mixed]
    crossing = own[:, pairs[:, 0]] != own[:, pairs[:, 1]]
    keys = sorted_unique(cell_edges(mixed, n)[crossing])
    ends, first, member = canonical_edges(keys, nodes.image_of)
    start, stop = ends[first].T
    length = np.linalg.norm(nodes.points[stop] - nodes.points[start], axis=1)
    return MixedEdges(keys=keys, member=member, ends=ends, start=start, stop=stop, length=length)


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Where mixed edges cross the interface, and what lies between the two bodies, if anything.

    Attributes:
        t: Part of the edge at which the fields of both ends agree, shape (n,).
        between: Body found there if it is another one, else -1, shape (n,).
        low: Part of the edge at which this one begins, shape (n,); `t` without one.
        high: Part of the edge at which it ends, shape (n,).
    """

    t: NDArray[np.float64]
    between: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def middle(self) -> NDArray[np.float64]:
        """Part of the edge at the middle of what lies between, shape (n,)."""
        return 0.5 * (self.low + self.high)


def find_crossings(nodes: Nodes, edges: MixedEdges, bodies: Bodies) -> Crossings:
    """Cross all edges; where a third body lies at the crossing, find the part it takes."""
    start, stop = nodes.points[edges.start], nodes.points[edges.stop]
    first, second = nodes.own[edges.start], nodes.own[edges.stop]
    t = _crossing(bodies, (start, stop), first, second)
    found = bodies.at(start + t[:, None] * (stop - start))
    third = np.flatnonzero((found != first) & (found != second))
    between = np.full(len(t), -1, dtype=np.int32)
    between[third] = found[third]
    low, high = t.copy(), t.copy()
    ends = (start[third], stop[third])
    low[third] = np.minimum(_crossing(bodies, ends, first[third], found[third]), t[third])
    high[third] = np.maximum(_crossing(bodies, ends, found[third], second[third]), t[third])
    return Crossings(t=t, between=between, low=low, high=high)


def _crossing(
    bodies: Bodies,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Part t of each edge at which the field of `second` falls below that of `first`.

    With u the difference of the two fields, u(t) = u(0) + b t + c t^2 is fitted to the ends and
    the middle, which is exact for power distances.

    Args:
        bodies: The fields.
        ends: Coordinates of the two ends, each (n, d) [m].
        first: Body at the start of each edge, shape (n,).
        second: Body at its end, shape (n,).

    Returns:
        t in [0, 1]; an end of the edge where the difference does not change sign.
    """
    pair = np.stack([first, second], axis=1)
    start, stop = ends
    values = [bodies.field(x, pair) for x in (start, 0.5 * (start + stop), stop)]
    low, middle, high = (v[:, 0] - v[:, 1] for v in values)
    c = 2.0 * (low - 2.0 * middle + high)
    b = high - low - c
    root = np.sqrt(np.maximum(b * b - 4.0 * c * low, 0.0))
    # The stable form of the root at which u rises through zero.
    denominator = b + root
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(denominator > 0, -2.0 * low / denominator, (root - b) / (2.0 * c))
    t = np.where(np.isfinite(t), t, 0.5)
    return np.where(low >= 0, 0.0, np.where(high <= 0, 1.0, np.clip(t, 0.0, 1.0)))


def pair_keys(first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.int64]:
    """One integer per unordered pair of labels."""
    a, b = first.astype(np.int64), second.astype(np.int64)
    return np.minimum(a, b) << 32 | np.maximum(a, b)


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Tells which bodies meet.

    Attributes:
        bodies: The bodies of the geometry.
        seen: Keys of pairs of labels (`pair_keys`, sorted) that an edge of the mesh joins.
    """

    bodies: Bodies
    seen: NDArray[np.int64]

    def __call__(
        self,
        x: NDArray[np.float64],
        first: NDArray[np.int32],
        second: NDArray[np.int32],
        length: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Whether two bodies meet at each point x, on an edge of some length [m], shape (n,)."""
        labels = self.bodies.labels(first), self.bodies.labels(second)
        seen = np.isin(pair_keys(*labels), self.seen)
        return self.bodies.together(x, first, second, RIM * length, seen)


def spanned_gaps(
    nodes: Nodes, edges: MixedEdges, crossings: Crossings, meeting: Meeting
) -> NDArray[np.bool_]:
    """Edges between two bodies that do not meet there, but across a third one."""
    found = np.flatnonzero(crossings.between >= 0)
    start, stop = nodes.points[edges.start[found]], nodes.points[edges.stop[found]]
    x = start + crossings.t[found, None] * (stop - start)
    first, second = nodes.own[edges.start[found]], nodes.own[edges.stop[found]]
    gap = np.zeros(len(edges.start), dtype=np.bool_)
    gap[found] = ~meeting(x, first, second, edges.length[found])
    return gap
