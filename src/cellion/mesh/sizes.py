"""Mesh sizes: what the user asked for, completed from the geometry; how many cells they make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MeshError
from cellion.mesh.features import fine_spots
from cellion.mesh.grid import LAYER_CELLS, tile_size
from cellion.mesh.octree import SizeFunction, leaf_edges, uniform_planes
from cellion.microstructure.contacts import Particles
from cellion.microstructure.geometry import (
    FINEST_PART,
    CutGeometry,
    LayerPlanes,
    Microstructure,
    TileGrid,
    cut_geometry,
)

__all__ = ["MeshSizes", "SizeRequest", "estimate_cells", "mesh_sizes", "wanted_size"]

BULK = 2.0
"""Largest cell edge in units of the edge at surfaces."""

BOX_PARTS = 8.0
"""Cells along the shortest edge of the box, at least."""

MOST_GAPS = 1e6
"""Gaps between particles that are looked at, at most; packings have some ten per particle."""

SAMPLES = 1 << 13
"""Points at which the wanted size is sampled for an estimate."""

CELLS_PER_LEAF = {2: 5.0, 3: 16.0}
"""Cells per octree leaf, cut cells and transitions included."""

CELLS_PER_TILE_LEAF = {2: 4.5, 3: 28.0}
"""Cells per octree leaf when leaves keep their faces."""


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
        smallest: Floor of the cell edge in gaps and necks, and where tiles meet.
        gap_cells: Cells across a gap or a neck's radius.
        feature: Floor of the cell edge at the rims of necks and in small particles; no floor holds
            where it would miss a neck.
        inert: Materials (index) that conduct nothing, at whose necks no cells are spent.

    Raises:
        MeshError: The sizes are not positive and ordered, or gap_cells is below 1.
    """

    size: float
    surface: float
    smallest: float
    gap_cells: float = 2.0
    feature: float = 0.0
    inert: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check order and signs; without their own floor, features have that of gaps."""
        if self.feature == 0.0:
            object.__setattr__(self, "feature", self.smallest)
        if not 0 < self.smallest <= self.surface <= self.size < np.inf:
            raise MeshError(
                f"mesh: smallest_size is {self.smallest:.3g} m, surface_size {self.surface:.3g} m "
                f"and size {self.size:.3g} m; they must be positive and in this order"
            )
        if not 0 < self.feature <= self.surface:
            raise MeshError(
                f"mesh: the size at necks and small particles is {self.feature:.3g} m; it must be "
                f"positive and at most surface_size, {self.surface:.3g} m"
            )
        if not 1 <= self.gap_cells < np.inf:
            raise MeshError(f"mesh.gap_cells is {self.gap_cells:.3g}; it must be at least 1")


def mesh_sizes(
    request: SizeRequest, microstructure: Microstructure, inert: Collection[str] = ()
) -> MeshSizes:
    """Complete the sizes of a scenario from the geometry.

    At particle surfaces an eighth of the median radius (by volume) for up to `FEW_PARTICLES`
    particles, a third for more (2D: half of these); twice that in the bulk; down to a quarter of
    it at necks and small particles, and also in the gaps between a few particles. Never coarser
    than an eighth of the shortest edge of the box. Sizes that the user gave are kept, and bound
    those that follow.

    Args:
        request: What the user gave.
        microstructure: What is to be meshed.
        inert: Names of materials that conduct nothing.
    """
    defaults = microstructure.geometry.default_sizes()
    shortest = float(np.min(microstructure.box))
    surface = request.surface_size
    if surface is None:
        surface = min(shortest / BOX_PARTS, defaults.surface)
        surface = min(surface, request.size or surface)
        surface = max(surface, request.smallest_size or surface)
    size = request.size
    if size is None:
        size = max(surface, min(BULK * surface, shortest / BOX_PARTS))
    smallest = request.smallest_size
    if smallest is None:
        smallest = min(surface / defaults.gap_part, defaults.smallest)
    feature = min(surface, request.smallest_size or surface / FINEST_PART)
    found = MeshSizes(
        size=size,
        surface=surface,
        smallest=smallest,
        gap_cells=request.gap_cells,
        feature=feature,
        inert=tuple(k for k, name in enumerate(microstructure.materials) if name in inert),
    )
    particles = microstructure.geometry.particles
    if particles is not None:
        _check_gaps(particles, found)
    return found


def _check_gaps(geometry: Particles, sizes: MeshSizes) -> None:
    """Refuse to count gaps so wide that nearly all particles have one between them.

    Raises:
        MeshError: There are too many, even if the particles were spread evenly.
    """
    d, reach = len(geometry.box), sizes.gap_cells * sizes.surface
    ball = {2: np.pi, 3: 4.0 / 3.0 * np.pi}[d] * reach**d
    gaps = 0.5 * geometry.count**2 * ball / float(geometry.box.prod())
    if gaps > MOST_GAPS:
        raise MeshError(
            f"mesh.gap_cells: found {sizes.gap_cells:.6g}, so that gaps of up to {reach:.3g} m "
            f"would get so many cells, about {gaps:.2g} between {geometry.count} particles; at "
            f"most {MOST_GAPS:.0e} can be looked at: choose a smaller gap_cells or surface_size"
        )


def wanted_size(geometry: CutGeometry, sizes: MeshSizes) -> SizeFunction:
    """Cell edge wanted at any point of a geometry [m]."""
    particles, spots = geometry.particles, []
    if particles is not None:
        spots = fine_spots(particles, sizes.surface, sizes.feature, sizes.inert)

    def wanted(x: NDArray[np.float64]) -> NDArray[np.float64]:
        each = [geometry.size(x, sizes), *(spot(x) for spot in spots)]
        return np.asarray(np.minimum.reduce(each))

    return wanted


def estimate_cells(microstructure: Microstructure, sizes: MeshSizes) -> int:
    """Estimate the number of mesh cells before meshing, to about a third.

    The octree is followed down to the leaves at `SAMPLES` points; each leaf of volume v stands
    for the part V / (SAMPLES v) of all leaves.

    Args:
        microstructure: The geometry.
        sizes: The sizes that `generate_mesh` will be given.
    """
    geometry = microstructure.geometry
    box, d = np.asarray(geometry.box, dtype=np.float64), len(geometry.box)
    match geometry.exact_mesh():
        case LayerPlanes() as layers:
            bricks = np.maximum(4, np.ceil(box / sizes.size))
            across = np.abs(layers.normal).argmax()
            bricks[across] = max(bricks[across], len(geometry.label_material) * LAYER_CELLS)
            return int(min(bricks.prod(), 1e18) * (2 if d == 2 else 6))
        case TileGrid() as tiles:
            finest, per_leaf = sizes.size, CELLS_PER_TILE_LEAF[d]
            divisions = tiles.divisions.astype(np.int64)
            wanted = tile_size(box, divisions, sizes.size, sizes.smallest)
        case None:
            finest, per_leaf = sizes.surface, CELLS_PER_LEAF[d]
            wanted = wanted_size(cut_geometry(geometry), sizes)
    planes = uniform_planes(box, geometry.periodic, coarsest=sizes.size, finest=finest)
    edges = leaf_edges(planes, wanted, _evenly(SAMPLES, d) * box)
    return int(per_leaf * box.prod() * (1.0 / edges.prod(axis=1)).mean())


def _evenly(count: int, dimension: int) -> NDArray[np.float64]:
    """Points that fill the unit cube evenly, shape (count, d).

    A Kronecker sequence: multiples, modulo 1, of the powers of 1/g, where g^(d + 1) = g + 1
    generalises the golden ratio.

    Source: Roberts (2018), The unreasonable effectiveness of quasirandom sequences.
    """
    ratio = 1.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimension + 1))
    slope = ratio ** -np.arange(1.0, dimension + 1)
    return np.asarray((0.5 + np.arange(1, count + 1)[:, None] * slope) % 1.0)
