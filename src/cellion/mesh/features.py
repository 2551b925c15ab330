"""Finer cells at features smaller than the cells at surfaces: necks and small particles.

A neck between conducting particles is a constriction: its conductance follows its radius, so the
circle in which two surfaces meet must be resolved even where gaps are not worth the cells. A small
particle, or pore, must be resolved to have its volume.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.contacts import Particles

__all__ = ["GROWTH", "NECK_CELLS", "PARTICLE_CELLS", "FineSpots", "fine_spots", "narrow_gaps"]

GROWTH = 1.0
"""Growth of the wanted cell edge per distance from a feature."""

NECK_CELLS = 4.0
"""Cells along the radius of a neck, at its rim, where the current density is singular."""

NECK_LEAST = {2: 5.0, 3: 1.25}
"""Cells along the radius of a neck, however small it is: fewer may miss it, or its area."""

PARTICLE_CELLS = 1.25
"""Cells along the radius of a small particle, at least: its volume is then right to 1 %."""

NEAREST = 6
"""Features looked at around each point; more hardly meet in one place."""


@dataclass(frozen=True, kw_only=True)
class FineSpots:
    """Circles (rims of necks) and spheres around which cells are finer than at surfaces.

    Attributes:
        box: Edge lengths of the box, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        centre: Centres, shape (m, d) [m].
        normal: Unit vectors across the circles, 0 for spheres, shape (m, d).
        radius: Radii, shape (m,) [m].
        finest: Cell edge at each, shape (m,) [m].
        reach: Distance from a centre within which cells are finer than at surfaces [m].
        tree: The centres, for look-up.
    """

    box: NDArray[np.float64]
    periodic: NDArray[np.bool_]
    centre: NDArray[np.float64]
    normal: NDArray[np.float64]
    radius: NDArray[np.float64]
    finest: NDArray[np.float64]
    reach: float
    tree: cKDTree

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Wanted cell edge at points x, shape (n, d) -> (n,) [m]; inf far from all features.

        The finest edge of the feature, plus `GROWTH` times the distance from it.
        """
        home = np.where(self.periodic, np.mod(x, self.box), x)
        home = np.where(self.periodic & (home >= self.box), 0.0, home)
        count = min(NEAREST, self.tree.n)
        distance, entry = self.tree.query(
            home, k=np.arange(1, count + 1), distance_upper_bound=self.reach
        )
        point, column = np.nonzero(np.isfinite(distance))
        spot = entry[point, column]
        vector = home[point] - self.centre[spot]
        vector -= np.where(self.periodic, self.box * np.round(vector / self.box), 0.0)
        axial = (vector * self.normal[spot]).sum(axis=1)
        across = np.sqrt(np.maximum((vector**2).sum(axis=1) - axial**2, 0.0))
        away = np.hypot(across - self.radius[spot], axial)
        wanted = np.full(len(x), np.inf)
        np.minimum.at(wanted, point, self.finest[spot] + GROWTH * away)
        return wanted


def fine_spots(
    geometry: Particles, surface: float, floor: float, inert: Collection[int] = ()
) -> list[FineSpots]:
    """Collect the necks and the particles that need finer cells than surfaces do.

    Args:
        geometry: The particles.
        surface: Cell edge at surfaces [m].
        floor: Smallest cell edge [m].
        inert: Materials that conduct nothing: in space, their necks bring no current together. In
            the plane they close the way around them.

    Returns:
        Necks and particles, each only if there are any.
    """
    contacts = geometry.contacts(0.0).and_more(geometry.wall_contacts(0.0))
    if len(geometry.box) == 3:
        insulates = np.isin(geometry.label_material, list(inert)) & (
            np.arange(geometry.count + 1) > 0
        )
        contacts = contacts.select(~insulates[contacts.labels].any(axis=1))
    neck, radii = contacts.neck_radius, geometry.radii
    at_necks = np.minimum(
        np.maximum(floor, neck / NECK_CELLS), neck / NECK_LEAST[len(geometry.box)]
    )
    in_particles = np.maximum(floor, radii / PARTICLE_CELLS)
    necks = (contacts.midpoint, contacts.normal, neck, at_necks)
    particles = (geometry.centers, np.zeros_like(geometry.centers), radii, in_particles)
    spots = []
    for centre, normal, radius, finest in (necks, particles):
        fine = (radius > 0) & (finest < surface)
        if not fine.any():
            continue
        spots.append(
            FineSpots(
                box=geometry.box,
                periodic=geometry.periodic,
                centre=centre[fine],
                normal=normal[fine],
                radius=radius[fine],
                finest=finest[fine],
                reach=float((radius[fine] + (surface - finest[fine]) / GROWTH).max()),
                tree=cKDTree(centre[fine], boxsize=np.where(geometry.periodic, geometry.box, 0.0)),
            )
        )
    return spots


def narrow_gaps(geometry: Particles, smallest: float) -> tuple[int, float]:
    """Count the gaps between particles, and to walls, that are narrower than the cells in them.

    Args:
        geometry: The particles.
        smallest: Smallest cell edge in gaps [m].

    Returns:
        Their number, and the width of the narrowest [m]; infinite without any.
    """
    close = geometry.contacts(smallest).and_more(geometry.wall_contacts(smallest)).gap
    gaps = close[close >= 0.0]
    return len(gaps), float(gaps.min(initial=np.inf))
