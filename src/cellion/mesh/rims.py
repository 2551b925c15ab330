"""Areas of the contacts of particles: what a mesh gives them, and rims moved until that is right.

The vertices of a rim lie on the circle in which two surfaces meet, or as near to it as the shapes
of the cells around allow; a polygon in a circle encloses too little. All vertices of a rim are moved
outwards, or inwards, in the plane of the contact, by the factor that gives it its exact area.
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

__all__ = ["ContactAreas", "balance_rims", "exact_contacts", "nearest_contacts"]

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


def balance_rims(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    bodies: Bodies,
    *,
    floor: float,
    rounds: int = 2,
) -> NDArray[np.float64]:
    """Move the rims of contacts so that these have their exact areas.

    Args:
        points: Coordinates, shape (n, d) [m].
        image_of: Canonical vertex of each vertex, shape (n,).
        interface: Interface vertices and the cells around them.
        bodies: The fields.
        floor: Smallest sine of a dihedral angle that a move may lead to.
        rounds: Repetitions, for moves that the shapes of cells shortened.

    Returns:
        New coordinates, shape (n, d) [m].
    """
    found = exact_contacts(bodies.geometry)
    if found is None or not len(found.exact):
        return points
    facets = interface_facets(points, interface, image_of, bodies)
    facets = facets.part(bodies.bounded(facets.labels).all(axis=1))
    labels = bodies.labels(facets.labels)
    contact = nearest_contacts(
        bodies.geometry, found, points[facets.vertices].mean(axis=1), labels
    )
    facets, contact = facets.part(contact >= 0), contact[contact >= 0]
    for _ in range(rounds):
        step = _rim_steps(points, image_of, interface, (facets, contact), found, bodies)
        points = guarded_move(points, step, interface, image_of, floor)
    return points


def _rim_steps(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    facets: tuple[InterfaceFacets, NDArray[np.int64]],
    found: ContactAreas,
    bodies: Bodies,
) -> NDArray[np.float64]:
    """Steps of the vertices of rims in the planes of their contacts, shape (k, d) [m]."""
    parts, contact = facets
    d = points.shape[1]
    meshed = np.bincount(contact, parts.areas(points), len(found.exact))
    ratio = np.divide(found.exact, meshed, out=np.ones_like(meshed), where=meshed > 0.0)
    factor = np.clip(ratio ** (1.0 / (d - 1)), 1.0 / LARGEST, LARGEST)
    of_vertex = np.full(len(points), -1, dtype=np.int64)
    of_vertex[image_of[parts.vertices]] = contact[:, None]
    mine = of_vertex[interface.vertex]
    mine[interface.labels[:, 2] < 0] = -1
    rim = np.flatnonzero(mine >= 0)
    c, box = mine[rim], bodies.box
    away = points[interface.vertex[rim]] - found.contacts.midpoint[c]
    away -= np.where(bodies.geometry.periodic, box * np.rint(away / box), 0.0)
    normal = found.contacts.normal[c]
    away -= (away * normal).sum(axis=1, keepdims=True) * normal
    step = np.zeros((len(interface.vertex), d))
    step[rim] = (factor[c] - 1.0)[:, None] * away * interface.free[rim]
    return step
