"""Areas of contacts of particles: what a mesh gives them, and rims moved until that is right.

The vertices of a rim lie on the circle in which two surfaces meet, or as near to it as the shapes
of the cells around allow; a polygon in a circle encloses too little. All vertices of a rim are
moved outwards, or inwards, in the plane of the contact, by the factor that makes its area exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.balance import InterfaceFacets, interface_facets
from cellion.mesh.bodies import Bodies
from cellion.mesh.cut import CutMesh
from cellion.mesh.project import Interface, guarded_move
from cellion.mesh.simplices import any_corner
from cellion.microstructure.contacts import Contacts
from cellion.microstructure.cuts import contact_areas
from cellion.microstructure.geometry import Geometry

__all__ = ["ContactAreas", "Rims", "exact_contacts", "nearest_contacts"]

FIRST_WALL = -6
"""Labels below 0 are walls in contacts: the lower and the upper wall of each axis from here on."""

LARGEST = 1.3
"""Largest factor by which a rim is widened or narrowed at once."""


@dataclass(frozen=True, kw_only=True)
class ContactAreas:
    """Contacts of particles that have an area.

    Attributes:
        contacts: The contacts, with the labels of the geometry; from `FIRST_WALL` on those of
            walls.
        exact: Their areas, shape (c,) [m^(d-1)].
    """

    contacts: Contacts
    exact: NDArray[np.float64]


def exact_contacts(geometry: Geometry, *, walls: bool = False) -> ContactAreas | None:
    """Return the contacts of the particles of a geometry; None if it has no particles.

    Args:
        geometry: What is meshed.
        walls: Whether contacts with walls are among them.
    """
    particles = geometry.particles
    if particles is None:
        return None
    first = len(geometry.label_material) - particles.count - 1
    contacts = particles.contacts(0.0)
    contacts = contacts.with_labels(contacts.labels + first)
    if walls:
        found = particles.wall_contacts(0.0)
        axis = np.abs(found.normal).argmax(axis=1)
        upper = found.normal[np.arange(len(axis)), axis] < 0
        labels = np.stack([FIRST_WALL + 2 * axis + upper, found.labels[:, 1] + first], axis=1)
        contacts = contacts.and_more(found.with_labels(labels.astype(np.int32)))
    exact = contact_areas(particles, contacts)
    return ContactAreas(contacts=contacts.select(exact > 0.0), exact=exact[exact > 0.0])


def nearest_contacts(
    geometry: Geometry, found: ContactAreas, x: NDArray[np.float64], labels: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Find the contact that each facet is a part of: the nearest between the same two labels.

    Args:
        geometry: The box and its periodic directions.
        found: The contacts.
        x: Centres of facets, shape (f, d) [m].
        labels: The two labels of each, shape (f, 2).

    Returns:
        Contacts, -1 where none is between these labels, shape (f,).
    """
    box, periodic = geometry.box, geometry.periodic
    keys = _pair_keys(found.contacts.labels)
    order = np.argsort(keys, kind="stable")
    start = np.searchsorted(keys[order], _pair_keys(labels), side="left")
    stop = np.searchsorted(keys[order], _pair_keys(labels), side="right")
    chosen, nearest = np.full(len(x), -1, dtype=np.int64), np.full(len(x), np.inf)
    for k in range(int((stop - start).max(initial=0))):
        open_ones = np.flatnonzero(start + k < stop)
        contact = order[start[open_ones] + k]
        away = x[open_ones] - found.contacts.midpoint[contact]
        away -= np.where(periodic, box * np.rint(away / box), 0.0)
        distance = np.linalg.norm(away, axis=1)
        closer = distance < nearest[open_ones]
        chosen[open_ones[closer]] = contact[closer]
        nearest[open_ones[closer]] = distance[closer]
    return chosen


def _pair_keys(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """One integer per unordered pair of labels, of walls too."""
    pairs = np.sort(labels, axis=1).astype(np.int64) - FIRST_WALL
    return pairs[:, 0] << 32 | pairs[:, 1]


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
        mesh: CutMesh,
        points: NDArray[np.float64],
        interface: Interface,
        bodies: Bodies,
    ) -> Rims | None:
        """Find the rims of a cut mesh; None where the geometry has no contacts.

        Args:
            mesh: The cut mesh.
            points: Coordinates of its vertices by now, shape (n, d) [m].
            interface: Interface vertices and the cells around them.
            bodies: The fields.
        """
        found, image_of = exact_contacts(bodies.geometry, walls=True), mesh.image_of
        if found is None or not len(found.exact):
            return None
        facets = interface_facets(points, interface, image_of, bodies)
        facets = facets.part(bodies.bounded(facets.labels).all(axis=1))
        facets = facets.and_more(_wall_facets(mesh, points, bodies))
        centres, labels = points[facets.vertices].mean(axis=1), bodies.labels(facets.labels)
        contact = nearest_contacts(bodies.geometry, found, centres, labels)
        facets, contact = facets.part(contact >= 0), contact[contact >= 0]
        of_vertex = np.full(len(points), -1, dtype=np.int64)
        of_vertex[image_of[facets.vertices]] = contact[:, None]
        of_interface = of_vertex[interface.vertex]
        at_wall = found.contacts.labels[of_interface, 0] < 0
        several = (interface.labels[:, 2] >= 0) | at_wall
        vertex = np.flatnonzero((of_interface >= 0) & several)
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
        return np.asarray(cells[any_corner(around[self.image_of], cells)])

    def handed_over(
        self, mesh: CutMesh, points: NDArray[np.float64], tolerance: float
    ) -> NDArray[np.int32]:
        """Bodies of cells, some of which leave contacts that are too large to what is around.

        A rim cannot be narrowed past the next vertex of its contact. Where a facet between the two
        makes the contact too large, a cell at it is given away: the rim is at that vertex then.

        Args:
            mesh: The cut mesh.
            points: Coordinates of its vertices by now, shape (n, d) [m].
            tolerance: Relative deviation of areas that is left alone [-].

        Returns:
            Body of each cell, shape (m,).
        """
        bodies, ratio = mesh.bodies.copy(), self._ratios(points)
        vertices = self.image_of[self.facets.vertices]
        at_rim = np.isin(vertices, self.interface.vertex[self.vertex]).any(axis=1)
        chosen = np.flatnonzero((ratio > 1.0 + tolerance)[self.contact] & at_rim)
        centres = points[self.facets.vertices[chosen]].mean(axis=1)
        away = np.linalg.norm(self._from_midpoint(centres, self.contact[chosen]), axis=1)
        share = self.facets.areas(points) / self.found.exact[self.contact]
        at_chosen = np.zeros(len(points), dtype=np.bool_)
        at_chosen[vertices[chosen]] = True
        near = np.flatnonzero(any_corner(at_chosen[self.image_of], mesh.cells))
        for facet in chosen[np.argsort(-away)]:
            contact = self.contact[facet]
            left = ratio[contact] - share[facet]
            if left > 1.0 / LARGEST and abs(left - 1.0) < abs(ratio[contact] - 1.0):
                cell, around = self._outer_cell(mesh.cells[near], bodies[near], vertices, facet)
                if cell >= 0:
                    bodies[near[cell]], ratio[contact] = around, left
        return bodies

    def _outer_cell(
        self,
        cells: NDArray[np.int64],
        bodies: NDArray[np.int32],
        vertices: NDArray[np.int64],
        facet: np.intp,
    ) -> tuple[int, int]:
        """A cell of a particle at a facet that no other contact needs, and the body around it.

        Args:
            cells: Vertices of cells, shape (k, d + 1).
            bodies: Body of each, shape (k,).
            vertices: Canonical vertices of the facets of contacts, shape (f, d).
            facet: One of these.

        Returns:
            Place of the cell, -1 if there is none, and the body.
        """
        d, canonical = vertices.shape[1], self.image_of[cells]
        bounded = self.bodies.bounded(bodies)
        for cell in np.flatnonzero(
            bounded & (np.isin(canonical, vertices[facet]).sum(axis=1) == d)
        ):
            around = ~bounded & (np.isin(cells, cells[cell]).sum(axis=1) == d)
            if around.any() and np.isin(vertices, canonical[cell]).all(axis=1).sum() == 1:
                return int(cell), int(bodies[around][0])
        return -1, -1

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

    def _from_midpoint(
        self, x: NDArray[np.float64], contact: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Way from the midpoint of a contact to each point, shape (n, d) [m]."""
        away: NDArray[np.float64] = x - self.found.contacts.midpoint[contact]
        box = self.bodies.box
        away -= np.where(self.bodies.geometry.periodic, box * np.rint(away / box), 0.0)
        return away

    def _steps(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Steps of the vertices of rims in the planes of their contacts, shape (k, d) [m]."""
        d, ratio = points.shape[1], self._ratios(points)
        inverse = np.divide(1.0, ratio, out=np.ones_like(ratio), where=ratio > 0.0)
        factor = np.clip(inverse ** (1.0 / (d - 1)), 1.0 / LARGEST, LARGEST)[self.mine]
        away = self._from_midpoint(points[self.interface.vertex[self.vertex]], self.mine)
        normal = self.found.contacts.normal[self.mine]
        away -= (away * normal).sum(axis=1, keepdims=True) * normal
        step = np.zeros((len(self.interface.vertex), d))
        step[self.vertex] = (factor - 1.0)[:, None] * away * self.interface.free[self.vertex]
        return step


def _wall_facets(mesh: CutMesh, points: NDArray[np.float64], bodies: Bodies) -> InterfaceFacets:
    """Facets of particles in the walls of the box, with the labels of these and their bodies."""
    d, parts = points.shape[1], []
    mine = np.flatnonzero(bodies.bounded(mesh.bodies))
    for axis in np.flatnonzero(~bodies.geometry.periodic):
        for upper in (0, 1):
            on = (mesh.points[:, axis] == upper * bodies.box[axis])[mesh.cells[mine]]
            cell = np.flatnonzero(on.sum(axis=1) == d)
            vertices = mesh.cells[mine[cell]][on[cell]].reshape(-1, d)
            body = mesh.bodies[mine[cell]]
            wall = np.full_like(body, FIRST_WALL + 2 * axis + upper)
            labels = np.stack([wall, body], axis=1)
            parts.append(InterfaceFacets(vertices=vertices, labels=labels))
    none = InterfaceFacets(vertices=mesh.cells[:0, :d], labels=np.zeros((0, 2), dtype=np.int32))
    return reduce(InterfaceFacets.and_more, parts, none)
