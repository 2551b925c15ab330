"""Finer cells around the necks between overlapping particles.

A neck between conducting particles is a constriction: its conductance follows its radius, so the
circle in which two surfaces meet must be resolved even where gaps are not worth the cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.spheres import SphereGeometry

__all__ = ["GROWTH", "NECK_CELLS", "NeckSize"]

GROWTH = 1.0
"""Growth of the wanted cell edge per distance from the rim of a neck."""

NECK_CELLS = 4.0
"""Cells along the radius of a neck, at its rim, where the current density is singular."""

NEAREST = 6
"""Necks looked at around each point; more hardly meet in one place."""


@dataclass(frozen=True, kw_only=True)
class NeckSize:
    """Wanted cell edge around necks.

    Attributes:
        box: Edge lengths of the box, shape (d,) [m].
        periodic: Periodic directions, shape (d,).
        centre: Centres of the necks, shape (m, d) [m].
        normal: Unit vectors across them, shape (m, d).
        radius: Their radii, shape (m,) [m].
        finest: Cell edge at each, shape (m,) [m].
        reach: Distance from the centre within which cells are finer than at surfaces [m].
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

    @classmethod
    def around(cls, geometry: SphereGeometry, surface: float, floor: float) -> NeckSize | None:
        """Collect the necks that need finer cells than surfaces do; None if there are none.

        Args:
            geometry: The particles.
            surface: Cell edge at surfaces [m].
            floor: Smallest cell edge [m].
        """
        contacts = geometry.contacts(0.0)
        finest = np.maximum(floor, contacts.neck_radius / NECK_CELLS)
        fine = (contacts.neck_radius > 0) & (finest < surface)
        if not fine.any():
            return None
        radius, finest = contacts.neck_radius[fine], finest[fine]
        return cls(
            box=geometry.box,
            periodic=geometry.periodic,
            centre=contacts.midpoint[fine],
            normal=contacts.normal[fine],
            radius=radius,
            finest=finest,
            reach=float((radius + (surface - finest) / GROWTH).max()),
            tree=cKDTree(
                contacts.midpoint[fine], boxsize=np.where(geometry.periodic, geometry.box, 0.0)
            ),
        )

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Wanted cell edge at points x, shape (n, d) -> (n,) [m]; inf far from all necks.

        With the distance s from the neck's rim: max(a / `NECK_CELLS`, floor) + `GROWTH` s.
        """
        home = np.where(self.periodic, np.mod(x, self.box), x)
        home = np.where(self.periodic & (home >= self.box), 0.0, home)
        count = min(NEAREST, self.tree.n)
        distance, entry = self.tree.query(
            home, k=np.arange(1, count + 1), distance_upper_bound=self.reach
        )
        point, column = np.nonzero(np.isfinite(distance))
        neck = entry[point, column]
        away = home[point] - self.centre[neck]
        away -= np.where(self.periodic, self.box * np.round(away / self.box), 0.0)
        axial = (away * self.normal[neck]).sum(axis=1)
        across = np.sqrt(np.maximum((away**2).sum(axis=1) - axial**2, 0.0))
        circle = np.hypot(across - self.radius[neck], axial)
        wanted = np.full(len(x), np.inf)
        np.minimum.at(wanted, point, self.finest[neck] + GROWTH * circle)
        return wanted
