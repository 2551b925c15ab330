"""Let vertices touch further labels where three or more meet, so that every cell lies in one.

When all edges between labels are cut, each vertex touches a set of labels, and the two ends of any
edge share one. Three vertices that touch {a, b}, {b, c} and {a, c} share none, though: the line on
which a, b and c meet runs between them. The vertex that is nearest to this line then touches the
third label as well, and is moved onto the line later. Likewise for four vertices around a point in
which four labels meet.

Source: after Bronson, Levine and Whitaker (2012), Lattice cleaving, Proc. 21st Int. Meshing
Roundtable, 191, section 3 (snapping of triple and quadruple points).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bodies import Bodies
from cellion.mesh.project import equalising_steps
from cellion.mesh.simplices import local_facets

__all__ = ["join_labels", "share_a_label", "shared_labels"]

ROUNDS = 6
"""Passes over simplices that share no label; two are nearly always enough."""

type Labels = NDArray[np.int32]


def shared_labels(sets: Labels) -> NDArray[np.bool_]:
    """Which labels of the first vertex all vertices of a simplex touch.

    Args:
        sets: Labels of each vertex, -1 where fewer, shape (m, k, width).

    Returns:
        Flags for the entries of ``sets[:, 0]``, shape (m, width).
    """
    first = sets[:, 0]
    shared = first >= 0
    for other in range(1, sets.shape[1]):
        shared &= (first[:, :, None] == sets[:, other, None, :]).any(axis=2)
    return shared


def share_a_label(simplices: NDArray[np.int64], touched: Labels) -> NDArray[np.bool_]:
    """Whether all vertices of each simplex (m, k) touch one label, shape (m,)."""
    return np.asarray(shared_labels(touched[simplices]).any(axis=1))


def join_labels(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    image_of: NDArray[np.int64],
    shift: NDArray[np.int32],
    touched: Labels,
    bodies: Bodies,
) -> Labels:
    """Add labels to vertices until the vertices of every cell share one.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).
        image_of: Canonical vertex of each vertex, shape (n,).
        shift: Boxes from the canonical vertex to each, shape (n, d).
        touched: Labels that each vertex touches, -1 where fewer, shape (n, width).
        bodies: The fields.

    Returns:
        The labels that each vertex touches now, shape (n, width); alike for periodic images.
    """
    for _ in range(ROUNDS):
        parted = _parted(cells, touched, image_of)
        if not len(parted):
            break
        nearest, labels = _nearest_vertex(points, parted, touched, bodies)
        labels = bodies.moved(labels, -shift[nearest])
        vertex, group = np.unique(image_of[nearest], return_inverse=True)
        touched = touched.copy()
        touched[vertex] = _united(labels, group, len(vertex))
        touched = bodies.moved(touched[image_of], shift)
        cells = cells[~share_a_label(cells, touched)]
    return touched


def _parted(
    cells: NDArray[np.int64], touched: Labels, image_of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Facets of cells, or else cells, whose vertices share no label; one of all images."""
    cells = cells[~share_a_label(cells, touched)]
    simplices, d = cells, cells.shape[1] - 1
    if d == 3 and len(cells):
        facets = cells[:, local_facets(d)].reshape(-1, d)
        loose = ~share_a_label(facets, touched)
        simplices = facets[loose] if loose.any() else cells
    # In canonical order, so that images are told apart and decided on alike.
    order = np.argsort(image_of[simplices], axis=1)
    simplices = np.take_along_axis(simplices, order, axis=1)
    _, first = np.unique(image_of[simplices], axis=0, return_index=True)
    return np.asarray(simplices[first])


def _nearest_vertex(
    points: NDArray[np.float64],
    simplices: NDArray[np.int64],
    touched: Labels,
    bodies: Bodies,
) -> tuple[NDArray[np.int64], Labels]:
    """The vertex of each simplex that is nearest to the junction, and what it touches then.

    A vertex takes over a label that all others share; the distance is that to where the fields of
    its labels are equal.
    """
    m, k = simplices.shape
    width = touched.shape[1]
    away = np.full((m, k), np.inf)
    joined = np.full((m, k, width), -1, dtype=np.int32)
    for corner in range(k):
        others = touched[np.delete(simplices, corner, axis=1)]
        add = np.where(shared_labels(others), others[:, 0], -1)
        both = _distinct(np.concatenate([touched[simplices[:, corner]], add], axis=1), width)
        joined[:, corner] = both
        possible = np.flatnonzero((add >= 0).any(axis=1))
        x = points[simplices[possible, corner]]
        step = equalising_steps(x, both[possible], bodies)
        away[possible, corner] = np.linalg.norm(step, axis=1)
    row, best = np.arange(m), away.argmin(axis=1)
    return simplices[row, best], joined[row, best]


def _distinct(labels: Labels, width: int) -> Labels:
    """Distinct labels of each row in their order, -1 behind them, shape (n, width)."""
    repeated = np.zeros(labels.shape, dtype=np.bool_)
    for column in range(1, labels.shape[1]):
        repeated[:, column] = (labels[:, :column] == labels[:, column : column + 1]).any(axis=1)
    gone = repeated | (labels < 0)
    order = np.argsort(gone, axis=1, kind="stable")
    kept = np.take_along_axis(np.where(gone, -1, labels), order, axis=1)
    return np.asarray(kept[:, :width], dtype=np.int32)


def _united(labels: Labels, group: NDArray[np.int64], count: int) -> Labels:
    """Union of the labels of each group, as many as fit, shape (count, width)."""
    row, column = np.nonzero(labels >= 0)
    pairs = np.unique(np.stack([group[row], labels[row, column]], axis=1), axis=0)
    place = np.arange(len(pairs)) - np.searchsorted(pairs[:, 0], pairs[:, 0])
    united = np.full((count, labels.shape[1]), -1, dtype=np.int32)
    fits = place < labels.shape[1]
    united[pairs[fits, 0], place[fits]] = pairs[fits, 1]
    return united
