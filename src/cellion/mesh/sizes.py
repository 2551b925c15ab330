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
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.exact import CheckerboardGeometry, LayerGeometry
from cellion.microstructure.geometry import Geometry, Microstructure
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.spheres import SphereGeometry

__all__ = ["MeshSizes", "SizeRequest", "estimate_cells", "mesh_sizes", "wanted_size"]

FEW_PARTICLES = 16
"""Up to this number, particles are meshed finely by default: arrays, single grains, teaching."""

FEW_GRAINS = 4
"""Up to this number, grains are meshed as finely as a few particles are."""

FINE_PART = {2: 16.0, 3: 8.0}
"""Cells per median radius (by volume) at the surfaces of a few particles: conductivities of
cubic arrays within 1 %, from insulating to perfectly conducting particles, up to 60 % volume."""

COARSE_PART = {2: 6.0, 3: 3.0}
"""Cells per median radius (by volume) at the surfaces of many particles: a practical scale for
packings, whose conductivity scatters by per cents from one realisation to the next."""

BULK = 2.0
"""Largest cell edge in units of the edge at surfaces."""

BOX_PARTS = 8.0
"""Cells along the shortest edge of the box, at least."""

FINEST_PART = 4.0
"""Edge at surfaces in units of the smallest edge in gaps and necks."""

PLANE_GAP = 1e-5
"""Smallest cell edge in gaps between discs, in units of their median radius: what passes through a
gap falls with the root of its width, and cells across it are cheap in the plane."""

TILE_PARTS = {2: 1e-5, 3: 1.0 / 64.0}
"""Smallest cell edge where tiles meet, in units of the box, by dimension. The field is singular
there; refinement towards points (2D) is cheap, towards lines (3D) it is not."""

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
    geometry = microstructure.geometry
    shortest = float(np.min(microstructure.box))
    surface = request.surface_size
    if surface is None:
        surface = _default_surface(geometry, shortest)
        surface = min(surface, request.size or surface)
        surface = max(surface, request.smallest_size or surface)
    size = request.size
    if size is None:
        size = max(surface, min(BULK * surface, shortest / BOX_PARTS))
    smallest = request.smallest_size
    if smallest is None:
        smallest = min(surface, _default_smallest(geometry, surface))
    feature = min(surface, request.smallest_size or surface / FINEST_PART)
    found = MeshSizes(
        size=size,
        surface=surface,
        smallest=smallest,
        gap_cells=request.gap_cells,
        feature=feature,
        inert=tuple(k for k, name in enumerate(microstructure.materials) if name in inert),
    )
    if isinstance(particles := _particles(geometry), SphereGeometry):
        _check_gaps(particles, found)
    return found


def _particles(geometry: Geometry) -> Geometry:
    """Return the particles of a composite; another geometry as it is."""
    return geometry.particles if isinstance(geometry, CompositeGeometry) else geometry


def _check_gaps(geometry: SphereGeometry, sizes: MeshSizes) -> None:
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


def _default_surface(geometry: Geometry, shortest: float) -> float:
    """Cell edge at surfaces that suits the geometry [m]."""
    surface = shortest / BOX_PARTS
    match geometry:
        case SphereGeometry() if geometry.count:
            part = FINE_PART if geometry.count <= FEW_PARTICLES else COARSE_PART
            return min(surface, _median_radius(geometry) / part[len(geometry.box)])
        case LaguerreGeometry():
            few = FINE_PART if geometry.count <= FEW_GRAINS else COARSE_PART
            return min(surface, _median_grain_radius(geometry) / few[len(geometry.box)])
        case CompositeGeometry():
            parts = (geometry.particles, geometry.grains)
            return min(_default_surface(part, shortest) for part in parts)
        case CheckerboardGeometry():
            return min(surface, float((geometry.box / geometry.divisions).min()) / 4)
        case _:
            return surface


def _median_radius(geometry: SphereGeometry) -> float:
    """Radius that halves the particles' volume [m]: small particles must not set the scale."""
    radii = np.sort(geometry.radii)
    volume = np.cumsum(radii ** len(geometry.box))
    return float(radii[np.searchsorted(volume, 0.5 * volume[-1])])


def _median_grain_radius(geometry: LaguerreGeometry) -> float:
    """Equivalent radius that halves the grains' volume, in the plane for columns [m]."""
    d = 2 if geometry.columnar is not None else len(geometry.box)
    grains = np.sort(geometry.sections)
    middle = grains[np.searchsorted(np.cumsum(grains), 0.5 * grains.sum())]
    return float((middle * d / (2.0 * (d - 1) * np.pi)) ** (1.0 / d))


def _default_smallest(geometry: Geometry, surface: float) -> float:
    """Smallest cell edge that suits the geometry [m]."""
    match geometry:
        case LayerGeometry():
            return surface
        case SphereGeometry() if len(geometry.box) == 2 and geometry.count:
            return min(surface, PLANE_GAP * _median_radius(geometry))
        case SphereGeometry() if geometry.count > FEW_PARTICLES:
            return surface
        case LaguerreGeometry() | CompositeGeometry():
            return surface
        case CheckerboardGeometry():
            if len(np.unique(geometry.label_material)) == 1:  # bricks: no contrast, hardly singular
                return surface
            return float(geometry.box.max()) * TILE_PARTS[len(geometry.box)]
        case _:
            return surface / FINEST_PART


def wanted_size(geometry: Geometry, sizes: MeshSizes) -> SizeFunction:
    """Cell edge wanted at any point of a geometry [m]."""
    if isinstance(geometry, CheckerboardGeometry):
        divisions = geometry.divisions.astype(np.int64)
        return tile_size(geometry.box, divisions, sizes.size, sizes.smallest)
    spots = []
    if isinstance(particles := _particles(geometry), SphereGeometry):
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
    if isinstance(geometry, LayerGeometry):
        bricks = np.maximum(4, np.ceil(box / sizes.size))
        across = np.abs(geometry.normal).argmax()
        bricks[across] = max(bricks[across], len(geometry.label_material) * LAYER_CELLS)
        return int(min(bricks.prod(), 1e18) * (2 if d == 2 else 6))
    tiles = isinstance(geometry, CheckerboardGeometry)
    finest = sizes.size if tiles else sizes.surface
    planes = uniform_planes(box, geometry.periodic, coarsest=sizes.size, finest=finest)
    x = _evenly(SAMPLES, d) * box
    edges = leaf_edges(planes, wanted_size(geometry, sizes), x)
    per_leaf = (CELLS_PER_TILE_LEAF if tiles else CELLS_PER_LEAF)[d]
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
