"""The content of a mesh file as plain arrays, whatever its format, and how its numbers are read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError

__all__ = ["NODES", "Block", "MeshDocument", "by_kind", "fault", "numbers"]

NODES: Mapping[str, int] = {
    "vertex": 1,
    "line": 2,
    "triangle": 3,
    "quad": 4,
    "pixel": 4,
    "tetra": 4,
    "pyramid": 5,
    "wedge": 6,
    "hexahedron": 8,
    "voxel": 8,
}
"""Nodes of each kind of cell of first order, in the order of VTK."""

type Numbers = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Cells of one kind.

    Attributes:
        kind: A key of `NODES`, or a name of another kind of cell.
        cells: Nodes of each cell, shape (m, k).
        data: Values of each cell by name, shapes (m, ...).
    """

    kind: str
    cells: NDArray[np.int64]
    data: Mapping[str, Numbers] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MeshDocument:
    """The content of a mesh file.

    Attributes:
        points: Coordinates in units of the file, shape (n, 2) or (n, 3).
        blocks: Its cells.
        names: Dimension and tag of each physical group that has a name.
    """

    points: NDArray[np.float64]
    blocks: Sequence[Block]
    names: Mapping[tuple[int, str], int] = field(default_factory=dict)


def by_kind(
    codes: NDArray[np.integer[Any]],
    kinds: Mapping[int, str],
    connectivity: NDArray[np.int64],
    starts: NDArray[np.int64],
    data: Mapping[str, Numbers],
) -> list[Block]:
    """Gather cells of a list in which kinds alternate.

    Args:
        codes: Kind of each cell, as a number, shape (m,).
        kinds: Name of each number; cells of others become blocks without nodes.
        connectivity: Nodes of all cells.
        starts: Where the nodes of each cell begin, and where the last end, shape (m + 1,).
        data: Values of each cell.

    Raises:
        MeshError: The list and its numbers contradict each other.
    """
    if len(starts) != len(codes) + 1 or (np.diff(starts) < 0).any():
        raise fault(f"{len(codes)} cells have {len(starts) - 1} offsets, which have to rise")
    if len(starts) and (starts[0] < 0 or starts[-1] > len(connectivity)):
        raise fault(f"offsets end at {starts[-1]}, but {len(connectivity)} nodes are listed")
    blocks = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        kind = kinds.get(int(code), f"number {code}")
        width = NODES.get(kind, 0)
        if width and (np.diff(starts)[rows] != width).any():
            raise fault(f"a cell of type {kind} has not {width} nodes")
        cells = connectivity[starts[rows][:, None] + np.arange(width)]
        blocks.append(Block(kind=kind, cells=cells, data={k: v[rows] for k, v in data.items()}))
    return blocks


def numbers(text: bytes | str, kind: Any = np.float64) -> Numbers:
    """Read numbers that are separated by white space.

    Args:
        text: The numbers.
        kind: Type of the array.

    Raises:
        MeshError: Something else is among them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, dtype=kind, sep=" ")
        except (DeprecationWarning, ValueError):
            raise fault("found text where numbers should be") from None


def fault(reason: str) -> MeshError:
    """A fault in the content of a file, whose name is added by who opened it."""
    return MeshError(reason)
