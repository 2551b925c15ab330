"""Mesh sizes: what the user asked for, completed from the geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cellion.errors import MeshError
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.spheres import SphereGeometry

__all__ = ["MeshSizes", "SizeRequest", "mesh_sizes"]


class SizeRequest(Protocol):
    """What a scenario's mesh section offers; None is filled from the geometry."""

    @property
    def size(self) -> float | None:
        """Largest cell edge [m]."""

    @property
    def surface_size(self) -> float | None:
        """Cell edge at particle surfaces [m]."""

    @property
    def smallest_size(self) -> float | None:
        """Smallest cell edge in gaps and necks [m]."""

    @property
    def gap_cells(self) -> float:
        """Cells across a gap."""


@dataclass(frozen=True, kw_only=True)
class MeshSizes:
    """Edges of mesh cells [m].

    Attributes:
        size: Largest cell edge, away from surfaces.
        surface: Cell edge at particle surfaces.
        smallest: Floor of the cell edge in gaps and necks.
        gap_cells: Cells across a gap or a neck's radius.

    Raises:
        MeshError: The sizes are not positive and ordered, or gap_cells is below 1.
    """

    size: float
    surface: float
    smallest: float
    gap_cells: float = 2.0

    def __post_init__(self) -> None:
        """Check order and signs."""
        if not 0 < self.smallest <= self.surface <= self.size < np.inf:
            raise MeshError(
                f"mesh: smallest_size {self.smallest:.3g} m, surface_size {self.surface:.3g} m and "
                f"size {self.size:.3g} m; they must be positive and in this order"
            )
        if not 1 <= self.gap_cells < np.inf:
            raise MeshError(f"mesh.gap_cells is {self.gap_cells:.3g}; it must be at least 1")


def mesh_sizes(request: SizeRequest, microstructure: Microstructure) -> MeshSizes:
    """Complete the sizes of a scenario from the geometry.

    Spheres: a third of the median radius at surfaces (a fifth when there are few particles).
    Grids: an eighth of the shortest box edge.
    """
    geometry = microstructure.geometry
    box = float(microstructure.box.min())
    surface = box / 8
    if isinstance(geometry, SphereGeometry) and geometry.count:
        part = 5 if geometry.count <= 16 else 3
        surface = min(surface, float(np.median(geometry.radii)) / part)
    surface = request.surface_size or min(surface, request.size or surface)
    size = request.size or max(surface, min(2 * surface, box / 4))
    surface = min(surface, size)
    smallest = request.smallest_size or surface / 4
    return MeshSizes(
        size=size,
        surface=surface,
        smallest=min(smallest, surface),
        gap_cells=request.gap_cells,
    )
