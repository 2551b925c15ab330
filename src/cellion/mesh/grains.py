"""Grains in mesh files: one for each cell tag, with orientations from the file or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError, MicrostructureError
from cellion.microstructure.orientation_files import read_orientations, section_orientations

__all__ = ["MeshGrains", "grain_labels", "grain_orientations"]

_SECTION = "$ElsetOrientations"
_VERSION = "$MeshVersion"
_OUT_OF_PLANE = 1e-6


class MeshGrains(Protocol):
    """What a scenario says about the grains of a mesh file."""

    @property
    def material(self) -> str:
        """Material of the grains."""

    @property
    def orientations(self) -> Path | None:
        """File of their orientations."""


def grain_labels(
    tags: NDArray[np.int64], labels: Mapping[int, str], grains: MeshGrains
) -> dict[int, str]:
    """Material of each cell tag: as given, else that of the grains.

    Args:
        tags: Tag of each cell, shape (m,).
        labels: Material of the tags that are no grains.
        grains: What the others are.
    """
    return {int(tag): grains.material for tag in np.unique(tags)} | dict(labels)


def grain_orientations(
    path: Path, known: list[int], named: Mapping[int, str], grains: MeshGrains, dimension: int
) -> NDArray[np.float64] | None:
    """Orientation of each label of a mesh with grains, shape (n_labels, d, d).

    Args:
        path: The mesh file, which may hold a section ``$ElsetOrientations`` (Neper).
        known: Cell tags in ascending order, one for each label.
        named: The tags that are no grains; their crystals are aligned with the box.
        grains: What the scenario says about the others.
        dimension: 2 or 3.

    Returns:
        The rotations; None when there is no file of orientations and no such section.

    Raises:
        MeshError: The orientations cannot be read, or there is not one for each grain.
    """
    where = f"mesh file '{path}'"
    numbers = [tag for tag in known if tag not in named]
    try:
        if grains.orientations is not None:
            where = "microstructure.mesh.grains.orientations"
            listed, found = numbers, read_orientations(grains.orientations, where)
        else:
            lines = _section_lines(path) if path.is_file() else None
            if lines is None:
                return None
            listed, found = section_orientations(lines, where)
    except MicrostructureError as error:
        raise MeshError(str(error)) from error
    if len(found) != len(numbers) or listed != numbers:
        raise MeshError(
            f"{where}: found {len(found)} orientations, of the grains {_short(listed)}; the mesh "
            f"has {len(numbers)} grains, the cell tags {_short(numbers)}"
        )
    turned = np.tile(np.eye(dimension), (len(known), 1, 1))
    if dimension == 2 and (np.abs(found[:, 2, 2] - 1.0) > _OUT_OF_PLANE).any():
        bad = numbers[int(np.argmax(np.abs(found[:, 2, 2] - 1.0)))]
        raise MeshError(
            f"{where}: grain {bad} is tilted out of the plane; in a two-dimensional mesh crystals "
            "turn about z only. Give others in 'grains.orientations' (for crystals that conduct "
            "alike in all directions, zeros do), or mesh columns in three dimensions"
        )
    turned[np.searchsorted(known, numbers)] = found[:, :dimension, :dimension]
    return turned


def _section_lines(path: Path) -> list[str] | None:
    """Lines of a mesh file with its version and its orientations; None if it has none of these."""
    content = path.read_bytes()
    start = content.find(_SECTION.encode())
    if start < 0:
        return None
    parts = []
    for begin in (content.find(_VERSION.encode()), start):
        stop = content.find(b"$End", begin)
        parts.append(content[begin : stop if stop > 0 else len(content)] if begin >= 0 else b"")
    return b"\n".join(parts).decode("ascii", "replace").splitlines()


def _short(numbers: list[int]) -> str:
    """The first few of a list."""
    more = ", ..." if len(numbers) > 8 else ""
    return ", ".join(map(str, numbers[:8])) + more
