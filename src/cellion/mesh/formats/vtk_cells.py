"""Cell types of VTK, as its XML and its legacy format number them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.formats.document import Block, Numbers, by_kind

__all__ = ["vtk_blocks"]

_KINDS: Mapping[int, str] = {
    **{1: "vertex", 2: "poly_vertex", 3: "line", 4: "poly_line", 5: "triangle"},
    **{6: "triangle_strip", 7: "polygon", 8: "pixel", 9: "quad", 10: "tetra", 11: "voxel"},
    **{12: "hexahedron", 13: "wedge", 14: "pyramid", 21: "line3", 22: "triangle6", 23: "quad8"},
    **{24: "tetra10", 25: "hexahedron20", 26: "wedge15", 27: "pyramid13", 28: "quad9"},
    **{29: "hexahedron27", 42: "polyhedron", 71: "tetra (Lagrange)", 72: "hexahedron (Lagrange)"},
}
_REORDERED: Mapping[str, tuple[str, list[int]]] = {
    "pixel": ("quad", [0, 1, 3, 2]),
    "voxel": ("hexahedron", [0, 1, 3, 2, 4, 5, 7, 6]),
}


def vtk_blocks(
    codes: NDArray[np.integer[Any]],
    connectivity: NDArray[np.int64],
    starts: NDArray[np.int64],
    data: Mapping[str, Numbers],
) -> Sequence[Block]:
    """Gather the cells of an unstructured grid by their kinds; pixels and voxels become others.

    Args:
        codes: Type of each cell, shape (m,).
        connectivity: Nodes of all cells.
        starts: Where the nodes of each cell begin, and where the last end, shape (m + 1,).
        data: Values of each cell.

    Raises:
        MeshError: The arrays contradict each other.
    """
    return [
        replace(
            block, kind=_REORDERED[block.kind][0], cells=block.cells[:, _REORDERED[block.kind][1]]
        )
        if block.kind in _REORDERED
        else block
        for block in by_kind(codes, _KINDS, connectivity, starts, data)
    ]
