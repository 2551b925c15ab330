"""Exact statistics of a polycrystal: grain sizes, boundaries and neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.diameters import ball_volume
from cellion.microstructure.laguerre import LaguerreGeometry

__all__ = ["GrainStatistics", "grain_boundaries", "grain_statistics"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GrainStatistics:
    """Statistics of the grains of a tessellation; of columns, those of their cross-sections.

    Attributes:
        count: number of grains that own a point.
        volume: (n,) [m^d] of each of them.
        equivalent_diameter: (n,) [m] of spheres (2D: discs) of these volumes.
        neighbours: (n,) number of other grains that each one meets.
        boundary_surface: area of boundaries per volume of the box [1/m]; a boundary counts once,
            that of a grain with its own image too.
        mean_boundary_area: mean area [m^(d-1)] over the pairs of grains that meet.
    """

    count: int
    volume: FloatArray
    equivalent_diameter: FloatArray
    neighbours: NDArray[np.int64]
    boundary_surface: float
    mean_boundary_area: float

    def numbers(self) -> dict[str, float]:
        """The numbers of a run's record, by name; lengths in m."""
        diameter = self.equivalent_diameter
        return {
            "grains": float(self.count),
            "mean_grain_diameter": float(diameter.mean()),
            "deviation_grain_diameter": float(diameter.std()),
            "mean_grain_neighbours": float(self.neighbours.mean()),
            "grain_boundary_surface": self.boundary_surface,
            "mean_grain_boundary_area": self.mean_boundary_area,
        }


def grain_boundaries(geometry: LaguerreGeometry) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the pairs of grains that meet (p, 2), ascending, and their exact areas (p,).

    A pair that meets in several facets, across the period, is one pair.
    """
    facets = geometry.diagram.facets
    once = facets.cell < facets.neighbour
    keys = facets.cell[once] * geometry.count + facets.neighbour[once]
    pairs, index = np.unique(keys, return_inverse=True)
    area = np.bincount(index, facets.area[once], len(pairs))
    return np.stack([pairs // geometry.count, pairs % geometry.count], axis=1), area


def grain_statistics(geometry: LaguerreGeometry) -> GrainStatistics:
    """Return the statistics of a tessellation."""
    diagram = geometry.diagram
    d = int(np.count_nonzero(geometry.across))
    owned = diagram.volume > 0
    volume = diagram.volume[owned]
    pairs, area = grain_boundaries(geometry)
    own = diagram.facets.cell == diagram.facets.neighbour
    surface = area.sum() + 0.5 * diagram.facets.area[own].sum()
    box = float(np.prod(geometry.box[geometry.across]))
    unit = float(ball_volume(np.array(0.5), d))
    return GrainStatistics(
        count=int(owned.sum()),
        volume=volume,
        equivalent_diameter=(volume / unit) ** (1.0 / d),
        neighbours=np.bincount(pairs.ravel(), minlength=geometry.count)[owned].astype(np.int64),
        boundary_surface=float(surface) / box,
        mean_boundary_area=float(area.mean()) if len(area) else 0.0,
    )
