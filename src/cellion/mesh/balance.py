"""Give curved interfaces back the volume that flat facets cut off.

Facets whose vertices lie on a convex surface enclose too little: a relative error of the order of
(cell edge / radius)^2. Moving each vertex outwards by the mean height of the surface over the
facets around it restores the volume facet by facet, without any knowledge of the geometry but its
fields. Planes stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bodies import Bodies
from cellion.mesh.facets import facet_areas
from cellion.mesh.project import Interface, guarded_move
from cellion.mesh.quality import facet_keys
from cellion.mesh.simplices import local_facets

__all__ = ["InterfaceFacets", "balance_volumes", "interface_facets"]


@dataclass(frozen=True, kw_only=True)
class InterfaceFacets:
    """Facets between two bodies.

    Attributes:
        vertices: Shape (f, d).
        labels: Bodies on both sides, ascending, shape (f, 2).
    """

    vertices: NDArray[np.int64]
    labels: NDArray[np.int32]

    def part(self, chosen: NDArray[np.bool_]) -> InterfaceFacets:
        """Return some of the facets."""
        return InterfaceFacets(vertices=self.vertices[chosen], labels=self.labels[chosen])

    def and_more(self, other: InterfaceFacets) -> InterfaceFacets:
        """Return these facets and others."""
        return InterfaceFacets(
            vertices=np.concatenate([self.vertices, other.vertices]),
            labels=np.concatenate([self.labels, other.labels]),
        )

    def areas(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Areas, in two dimensions lengths, shape (f,) [m^(d-1)]."""
        return facet_areas(points, self.vertices)


def balance_volumes(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    bodies: Bodies,
    *,
    floor: float,
    rounds: int = 2,
) -> NDArray[np.float64]:
    """Move the vertices of curved interfaces so that facets enclose the true volume.

    With the mean height h of the true interface over a facet of area A, each vertex moves along
    the normal by sum(A h) / sum(A) over its facets; to first order the enclosed volume changes by
    the sum of A h. Vertices where more than two labels meet stay.

    Args:
        points: Coordinates, shape (n, d) [m].
        image_of: Canonical vertex of each vertex, shape (n,).
        interface: Interface vertices and the cells around them.
        bodies: The fields.
        floor: Smallest sine of a dihedral angle that a move may lead to.
        rounds: Repetitions; a second one matters where cells are as large as the radius.

    Returns:
        New coordinates, shape (n, d) [m].
    """
    if not len(interface.vertex):
        return points
    facets = interface_facets(points, interface, image_of, bodies)
    for _ in range(rounds):
        step = _balancing_step(points, image_of, interface, facets, bodies)
        points = guarded_move(points, step, interface, image_of, floor)
    return points


def _balancing_step(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    facets: InterfaceFacets,
    bodies: Bodies,
) -> NDArray[np.float64]:
    """Steps along the normals that make up for the heights of the facets, shape (k, d) [m]."""
    area, height = _heights(points, facets, bodies)
    d = points.shape[1]
    vertex = image_of[facets.vertices].ravel()
    weight = np.bincount(vertex, np.repeat(area, d), len(points))[interface.vertex]
    shift = np.bincount(vertex, np.repeat(area * height, d), len(points))[interface.vertex]
    shift /= np.where(weight > 0, weight, 1.0)
    normal = _normals(points, interface, bodies) * interface.free
    squared = (normal**2).sum(axis=1)
    movable = (interface.labels[:, 2] < 0) & (squared > 0.25)
    scale = np.where(movable, shift / np.where(movable, squared, 1.0), 0.0)
    limit = 0.5 * interface.reach
    return np.asarray(np.clip(scale, -limit, limit)[:, None] * normal)


def interface_facets(
    points: NDArray[np.float64], interface: Interface, image_of: NDArray[np.int64], bodies: Bodies
) -> InterfaceFacets:
    """Facets whose two cells, across the period if need be, are in different bodies."""
    cells, d = interface.cells, interface.cells.shape[1] - 1
    meets = np.zeros(len(image_of), dtype=np.bool_)
    meets[interface.vertex] = True
    vertices = cells[:, local_facets(d)]
    cell, side = np.nonzero(meets[image_of[vertices]].all(axis=2))
    vertices = vertices[cell, side]
    keys = facet_keys(np.sort(image_of[vertices], axis=1), len(image_of))
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    first, second = order[:-1][same], order[1:][same]
    one, other = interface.cell_labels[cell[first]], interface.cell_labels[cell[second]]
    apart = points[vertices[first]].mean(axis=1) - points[vertices[second]].mean(axis=1)
    sides = np.stack([one, bodies.moved(other, np.rint(apart / bodies.box).astype(np.int32))])
    differ = sides[0] != sides[1]
    return InterfaceFacets(
        vertices=vertices[first[differ]], labels=np.sort(sides[:, differ], axis=0).T
    )


def _heights(
    points: NDArray[np.float64], facets: InterfaceFacets, bodies: Bodies
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Area of each facet, and the mean height of the interface above it, towards larger labels.

    The height is a Newton estimate, quadratic along the facet: exact are the mean of its values at
    the middles of a triangle's edges, and Simpson's rule on an edge.

    Returns:
        Areas, shape (f,) [m^(d - 1)]; heights, shape (f,) [m].
    """
    x, area = points[facets.vertices], facets.areas(points)
    if points.shape[1] == 2:
        places = [x[:, 0], 0.5 * (x[:, 0] + x[:, 1]), x[:, 1]]
        weights = [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0]
    else:
        places = [0.5 * (x[:, k] + x[:, k - 1]) for k in range(3)]
        weights = [1.0 / 3.0] * 3
    height = np.zeros(len(x))
    for place, weight in zip(places, weights, strict=True):
        value, gradient = _difference(place, facets.labels, bodies)
        norm = np.linalg.norm(gradient, axis=1)
        height -= weight * value / np.where(norm > 0, norm, np.inf)
    return area, height


def _difference(
    x: NDArray[np.float64], labels: NDArray[np.int32], bodies: Bodies
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Field of the first minus field of the second label, and its gradient."""
    value, gradient = bodies.field(x, labels), bodies.gradient(x, labels)
    return value[:, 0] - value[:, 1], gradient[:, 0] - gradient[:, 1]


def _normals(
    points: NDArray[np.float64], interface: Interface, bodies: Bodies
) -> NDArray[np.float64]:
    """Unit normals of the interface between the first two labels, towards the second."""
    pair = np.maximum(interface.labels[:, :2], 0)
    _, gradient = _difference(points[interface.vertex], pair, bodies)
    norm = np.linalg.norm(gradient, axis=1, keepdims=True)
    return gradient / np.where(norm > 0, norm, 1.0)
