"""Hexahedra, wedges, pyramids and quadrilaterals as tetrahedra and triangles.

Each cell is the cone from its lowest-numbered node over its faces that do not touch it, and each
four-sided face is divided at its own lowest-numbered node. Neighbours thus divide a common face in
the same way, whatever their kinds.

Source: J. Dompierre, P. Labbe, M.-G. Vallet, R. Camarero, "How to subdivide pyramids, prisms and
hexahedra into tetrahedra", 8th International Meshing Roundtable (1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIVISIBLE", "divide"]

_FACES = {
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "pyramid": ((0, 1, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 1, 2), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "hexahedron": (
        *((0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4)),
        *((1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
    ),
}
DIVISIBLE = frozenset(_FACES)
"""Kinds of cells that can be divided."""


def divide(
    kind: str, cells: NDArray[np.int64], rank: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide cells into simplices.

    Args:
        kind: One of `DIVISIBLE`.
        cells: Nodes of each cell in the order of VTK, shape (m, k).
        rank: Number by which nodes are compared, shape (n,); equal for nodes at one place.

    Returns:
        Nodes of the simplices, of any orientation, shape (s, d + 1), in the order of the cells; the
        cell that each is a part of, shape (s,).
    """
    row = np.arange(len(cells))
    tip = rank[cells].argmin(axis=1)
    parts, owners = [], []
    for face in _FACES[kind]:
        rows = row[~np.isin(tip, face)]
        nodes = cells[rows][:, list(face)]
        if len(face) == 4:
            turn = (rank[nodes].argmin(axis=1)[:, None] + np.arange(4)) % 4
            nodes = np.take_along_axis(nodes, turn, axis=1)
            pieces = [nodes[:, [0, 1, 2]], nodes[:, [0, 2, 3]]]
        else:
            pieces = [nodes]
        for piece in pieces:
            parts.append(np.column_stack([cells[rows, tip[rows]], piece]))
            owners.append(rows)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.concatenate(parts)[order], owner[order]
