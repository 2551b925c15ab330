"""Areas of the contacts of particles: what a mesh gives them, and rims moved until that is right.

The vertices of a rim lie on the circle in which two surfaces meet, or as near to it as the shapes
of the cells around allow; a polygon in a circle encloses too little. All vertices of a rim are
moved outwards, or inwards, in the plane of the contact, by the factor that makes its area exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.mesh.balance import InterfaceFacets, interface_facets
from cellion.mesh.bodies import Bodies
from cellion.mesh.project import Interface, guarded_move
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.contacts import Contacts
from cellion.microstructure.cuts import contact_areas
from cellion.microstructure.geometry import Geometry
from cellion.microstructure.spheres import SphereGeometry

__all__ = ["ContactAreas", "Rims", "exact_contacts", "nearest_contacts"]

NEAREST = 12
"""Contacts looked at around each facet."""

LARGEST = 1.3
"""Largest factor by which a rim is widened or narrowed at once."""


@dataclass(frozen=True, kw_only=True)
class ContactAreas:
    """Contacts of particles that have an area.

    Attributes:
        contacts: The contacts, with the labels of the geometry.
        exact: Their areas, shape (c,) [m^(d-1)].
    """

    contacts: Contacts
    exact: NDArray[np.float64]


def exact_contacts(geometry: Geometry) -> ContactAreas | None:
    """Return the contacts of the particles of a geometry; None if it has no particles."""
    first, particles = 0, geometry
    if isinstance(geometry, CompositeGeometry):
        first, particles = geometry.grains.count - 1, geometry.particles
    if not isinstance(particles, SphereGeometry):
        return None
    contacts = particles.contacts(0.0)
    exact = contact_areas(particles, contacts)
    contacts, exact = contacts.select(exact > 0.0), exact[exact > 0.0]
    return ContactAreas(contacts=contacts.with_labels(contacts.labels + first), exact=exact)


def nearest_contacts(
    geometry: Geometry, found: ContactAreas, x: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Find the contact that each facet between two particles is a part of.

    Args:
        geometry: The box and its periodic directions.
        found: The contacts.
        x: Centres of facets, shape (f, d) [m].
        labels: The two labels of each, shape (f, 2).

    Returns:
        Contacts, -1 where none of the nearest is between these labels, shape (f,).
    """
    box, periodic = geometry.box, geometry.periodic
    count = min(NEAREST, len(found.exact))
    if not count:
        return np.full(len(x), -1, dtype=np.int64)
    home = np.where(periodic, np.mod(x, box), x)
    home = np.where(periodic & (home >= box), 0.0, home)
    tree = cKDTree(found.contacts.midpoint, boxsize=np.where(periodic, box, 0.0))
    near = tree.query(home, k=np.arange(1, count + 1))[1]
    pairs = np.sort(found.contacts.labels, axis=1)[near]
    same = (pairs == np.sort(labels, axis=1)[:, None, :]).all(axis=2)
    chosen = near[np.arange(len(x)), same.argmax(axis=1)]
    return np.where(same.any(axis=1), chosen, -1)


@dataclass(frozen=True, kw_only=True)
class Rims:
    """Facets between the particles of a mesh, the contacts that they make up, and their rims.

    Attributes:
        interface: Interface vertices and the cells around them.
        image_of: Canonical vertex of each vertex, shape (n,).
        bodies: The fields.
        found: The contacts of the geometry.
        facets: Facets between particles.
        contact: Contact that each facet is a part of, shape (f,).
        vertex: Places in `interface` of the vertices on rims, shape (r,).
        mine: Contact that each of these belongs to, shape (r,).
    """

    interface: Interface
    image_of: NDArray[np.int64]
    bodies: Bodies
    found: ContactAreas
    facets: InterfaceFacets
    contact: NDArray[np.int64]
    vertex: NDArray[np.intp]
    mine: NDArray[np.int64]

    @classmethod
    def find(
        cls,
        points: NDArray[np.float64],
        image_of: NDArray[np.int64],
        interface: Interface,
        bodies: Bodies,
    ) -> Rims | None:
        """Find the rims of a cut mesh; None where the geometry has no contacts.

        Args:
            points: Coordinates, shape (n, d) [m].
            image_of: Canonical vertex of each vertex, shape (n,).
            interface: Interface vertices and the cells around them.
            bodies: The fields.
        """
        found = exact_contacts(bodies.geometry)
        if found is None or not len(found.exact):
            return None
        facets = interface_facets(points, interface, image_of, bodies)
        facets = facets.part(bodies.bounded(facets.labels).all(axis=1))
        centres, labels = points[facets.vertices].mean(axis=1), bodies.labels(facets.labels)
        contact = nearest_contacts(bodies.geometry, found, centres, labels)
        facets, contact = facets.part(contact >= 0), contact[contact >= 0]
        of_vertex = np.full(len(points), -1, dtype=np.int64)
        of_vertex[image_of[facets.vertices]] = contact[:, None]
        of_interface = of_vertex[interface.vertex]
        vertex = np.flatnonzero((of_interface >= 0) & (interface.labels[:, 2] >= 0))
        return cls(
            interface=interface,
            image_of=image_of,
            bodies=bodies,
            found=found,
            facets=facets,
            contact=contact,
            vertex=vertex,
            mine=of_interface[vertex],
        )

    def balanced(
        self, points: NDArray[np.float64], floor: float, rounds: int = 2
    ) -> NDArray[np.float64]:
        """Move rims so that contacts have their exact areas, shape (n, d) [m].

        Args:
            points: Coordinates, shape (n, d) [m].
            floor: Smallest sine of a dihedral angle that a move may lead to.
            rounds: Repetitions, for moves that the shapes of cells shortened.
        """
        for _ in range(rounds):
            step = self._steps(points)
            points = guarded_move(points, step, self.interface, self.image_of, floor)
        return points

    def cells_of_wrong(self, points: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
        """Cells around the rims of contacts whose areas are off by more than a tolerance [-]."""
        wrong = np.abs(self._ratios(points) - 1.0) > tolerance
        around = np.zeros(len(points), dtype=np.bool_)
        around[self.interface.vertex[self.vertex[wrong[self.mine]]]] = True
        cells = self.interface.cells
        return np.asarray(cells[around[self.image_of[cells]].any(axis=1)])

    def numbers(self, points: NDArray[np.float64]) -> dict[str, float]:
        """Number of contacts, how many are missed, and how far areas are off at most [-]."""
        ratio = self._ratios(points)
        there = ratio > 0.0
        return {
            "contacts": float(len(ratio)),
            "contacts_missed": float((~there).sum()),
            "largest_contact_area_deviation": float(np.abs(ratio[there] - 1.0).max(initial=0.0)),
        }

    def _ratios(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Meshed over exact area of each contact, shape (c,)."""
        areas = self.facets.areas(points)
        return np.bincount(self.contact, areas, len(self.found.exact)) / self.found.exact

    def _steps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Steps of the vertices of rims in the planes of their contacts, shape (k, d) [m]."""
        d, ratio = points.shape[1], self._ratios(points)
        inverse = np.divide(1.0, ratio, out=np.ones_like(ratio), where=ratio > 0.0)
        factor = np.clip(inverse ** (1.0 / (d - 1)), 1.0 / LARGEST, LARGEST)[self.mine]
        away = points[self.interface.vertex[self.vertex]] - self.found.contacts.midpoint[self.mine]
        box = self.bodies.box
        away -= np.where(self.bodies.geometry.periodic, box * np.rint(away / box), 0.0)
        normal = self.found.contacts.normal[self.mine]
        away -= (away * normal).sum(axis=1, keepdims=True) * normal
        step = np.zeros((len(self.interface.vertex), d))
        step[self.vertex] = (factor - 1.0)[:, None] * away * self.interface.free[self.vertex]
        return step
