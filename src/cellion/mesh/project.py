"""Move the vertices of interfaces onto the true interface, as far as cell shapes allow.

At a vertex where cells of the labels a, b, ... meet, their fields shall be equal. The shortest
step that does so to first order (Newton, least norm) moves the vertex; components normal to a face
of the box are left out, and periodic images move together. Steps that would spoil a cell are
shortened, and withdrawn if need be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bodies import Bodies
from cellion.mesh.quality import smallest_sine
from cellion.mesh.simplices import any_corner, local_edges, surrounding_labels

__all__ = [
    "Interface",
    "box_projectors",
    "equalising_steps",
    "find_interface",
    "guarded_move",
    "held_back",
    "project_interfaces",
    "tangent_projectors",
]

MEETING = 4
"""Labels that can meet in a vertex and still be equalised."""

SHORTENINGS = 3
"""Times a step is halved before it is withdrawn."""

SINGULAR = 0.15
"""Ratio of singular values below which a direction is left out of a Newton step."""

SINGULAR_AT_RIMS = 1e-5
"""The same at the rim of a contact, where the surfaces of two particles may cross at any angle."""

LONGEST_STEP = 0.7
"""Longest step of a vertex in units of the shortest edge around it."""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Interface vertices (canonical ones) and what is needed to move them.

    Attributes:
        vertex: Canonical vertices, shape (k,).
        labels: Labels that meet there, -1 where fewer, shape (k, MEETING).
        free: Directions in which each may move, shape (k, d).
        reach: Longest step, shape (k,) [m].
        cells: Cells around them, shape (m, d + 1).
        cell_labels: Labels of these cells, shape (m,).
    """

    vertex: NDArray[np.int64]
    labels: NDArray[np.int32]
    free: NDArray[np.bool_]
    reach: NDArray[np.float64]
    cells: NDArray[np.int64]
    cell_labels: NDArray[np.int32]

    def select(self, chosen: NDArray[np.int64]) -> Interface:
        """The same interface with some of its vertices only."""
        return replace(
            self,
            vertex=self.vertex[chosen],
            labels=self.labels[chosen],
            free=self.free[chosen],
            reach=self.reach[chosen],
        )


def project_interfaces(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    bodies: Bodies,
    *,
    floor: float,
    rounds: int = 2,
) -> tuple[NDArray[np.float64], float]:
    """Move interface vertices onto the interfaces of the geometry.

    Args:
        points: Coordinates, shape (n, d) [m].
        image_of: Canonical vertex of each vertex, shape (n,).
        interface: The vertices to move.
        bodies: The fields.
        floor: Smallest sine of a dihedral angle that a step may lead to (a cell that is worse
            already must not get worse still).
        rounds: Newton steps.

    Returns:
        New coordinates, and the largest distance [m] left between a vertex and its interface.
    """
    if not len(interface.vertex):
        return points, 0.0
    for _ in range(rounds):
        step = _newton_step(points, interface, bodies)
        points = guarded_move(points, step, interface, image_of, floor)
    left = np.linalg.norm(_newton_step(points, interface, bodies), axis=1)
    return points, float(left.max())


def held_back(
    points: NDArray[np.float64],
    image_of: NDArray[np.int64],
    interface: Interface,
    bodies: Bodies,
    tolerance: float,
) -> NDArray[np.int64]:
    """Cells around vertices that are not on their interface.

    Args:
        points: Coordinates, shape (n, d) [m].
        image_of: Canonical vertex of each vertex, shape (n,).
        interface: The vertices and the cells around them.
        bodies: The fields.
        tolerance: Distance that does not matter, in units of the longest step.

    Returns:
        Cells, shape (k, d + 1).
    """
    away = np.linalg.norm(_newton_step(points, interface, bodies), axis=1)
    held = np.zeros(len(points), dtype=np.bool_)
    held[interface.vertex[away > tolerance * interface.reach]] = True
    around = any_corner(held[image_of], interface.cells)
    return np.asarray(interface.cells[around])


def find_interface(
    points: NDArray[np.float64],
    cells: NDArray[np.int64],
    labels: NDArray[np.int32],
    image_of: NDArray[np.int64],
    bodies: Bodies,
) -> Interface:
    """Find the vertices where labels meet, and the cells around them.

    Args:
        points: Coordinates, shape (n, d) [m].
        cells: Vertices, shape (m, d + 1).
        labels: Body of each cell, shape (m,).
        image_of: Canonical vertex of each vertex, shape (n,).
        bodies: Tell the box, on whose faces vertices stay.
    """
    n, d = points.shape
    # Any label around a vertex; where a cell disagrees with it, labels meet.
    some = np.zeros(n, dtype=np.int32)
    canonical = image_of[cells]
    at_corners = bodies.at_canonical(points, cells, labels, image_of)
    some[canonical] = at_corners
    meets = np.zeros(n, dtype=np.bool_)
    meets[canonical[some[canonical] != at_corners]] = True
    near = any_corner(meets[image_of], cells)
    around, around_labels, canonical = cells[near], labels[near], canonical[near]
    if len(at_corners) == len(cells):
        at_corners = at_corners[near]
    vertex = np.flatnonzero(meets)
    table, _ = surrounding_labels(around, at_corners, image_of, meets, MEETING)
    on_face = np.zeros((n, d), dtype=np.bool_)
    on_face[image_of] = (points == 0.0) | (points == bodies.box)
    shortest = np.full(n, np.inf)
    least = np.full(len(around), np.inf)
    for a, b in local_edges(d):
        edge = points[around[:, a]] - points[around[:, b]]
        np.minimum(least, np.einsum("ij,ij->i", edge, edge), out=least)
    for k in range(d + 1):
        np.minimum.at(shortest, canonical[:, k], least)
    return Interface(
        vertex=vertex,
        labels=table[vertex],
        free=~on_face[vertex],
        reach=LONGEST_STEP * np.sqrt(shortest[vertex]),
        cells=around,
        cell_labels=around_labels,
    )


def _newton_step(
    points: NDArray[np.float64], interface: Interface, bodies: Bodies
) -> NDArray[np.float64]:
    """Least-norm steps that equalise the fields around each interface vertex, shape (k, d) [m]."""
    x = points[interface.vertex]
    step = _equalising_steps(x, interface.labels, interface.free, bodies)
    length = np.linalg.norm(step, axis=1)
    shorten = np.minimum(1.0, interface.reach / np.maximum(length, np.finfo(float).tiny))
    return np.asarray(step * shorten[:, None])


def equalising_steps(
    x: NDArray[np.float64], labels: NDArray[np.int32], bodies: Bodies
) -> NDArray[np.float64]:
    """Shortest steps from points to where the fields of some labels are equal, to first order.

    Args:
        x: Coordinates, shape (n, d) [m]; points on a face of the box stay in it.
        labels: Labels at each point, -1 behind them, shape (n, k); the first `MEETING` count.
        bodies: The fields.

    Returns:
        Steps, shape (n, d) [m].
    """
    free = (x != 0.0) & (x != bodies.box)
    few = labels[:, :MEETING]
    if few.shape[1] < MEETING:
        few = np.pad(few, ((0, 0), (0, MEETING - few.shape[1])), constant_values=-1)
    return _equalising_steps(x, few, free, bodies)


def _equalising_steps(
    x: NDArray[np.float64],
    labels: NDArray[np.int32],
    free: NDArray[np.bool_],
    bodies: Bodies,
) -> NDArray[np.float64]:
    """J step = -(f_i - f_0), with the rows of J from `_slopes`, shape (k, d) [m].

    Directions in which J is nearly singular are left out.
    """
    difference, slope = _slopes(x, labels, free, bodies)
    step = -difference[:, :1] * slope[:, 0]
    several = np.flatnonzero(labels[:, 2] >= 0)
    inverse = np.linalg.pinv(slope[several], rcond=_singular(labels[several], bodies))
    step[several] = -np.einsum("kij,kj->ki", inverse, difference[several])
    return np.asarray(step)


def _singular(labels: NDArray[np.int32], bodies: Bodies) -> NDArray[np.float64]:
    """Ratio of singular values below which directions are left out at vertices, shape (k,)."""
    at_rim = (bodies.bounded(np.maximum(labels, 0)) & (labels >= 0)).sum(axis=1) >= 2
    return np.where(at_rim, SINGULAR_AT_RIMS, SINGULAR)


def _slopes(
    x: NDArray[np.float64],
    labels: NDArray[np.int32],
    free: NDArray[np.bool_],
    bodies: Bodies,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Differences of the fields that meet in each vertex, and their slopes where it may move.

    Returns:
        (f_i - f_0) / s_i, shape (k, MEETING - 1) [m], and grad(f_i - f_0) / s_i, shape
        (k, MEETING - 1, d), with s_i the norm of the gradient in the free directions; zero where
        fewer labels meet.
    """
    present = labels >= 0
    names = np.maximum(labels, 0)
    value, gradient = bodies.field(x, names), bodies.gradient(x, names)
    difference = np.where(present, value - value[:, :1], 0.0)[:, 1:]
    slope = np.where(present[:, :, None], gradient - gradient[:, :1], 0.0)[:, 1:]
    slope = slope * free[:, None, :]
    norm = np.linalg.norm(slope, axis=2)
    scale = np.where(norm > 0, norm, np.inf)
    return difference / scale, slope / scale[:, :, None]


def tangent_projectors(
    points: NDArray[np.float64],
    vertex: NDArray[np.int64],
    interface: Interface,
    bodies: Bodies,
) -> NDArray[np.float64]:
    """Projectors on the directions that keep vertices on their interface and on the box.

    Args:
        points: Coordinates, shape (n, d) [m].
        vertex: Canonical vertices, shape (k,).
        interface: The interface vertices.
        bodies: The fields.

    Returns:
        Matrices, shape (k, d, d).
    """
    projector = box_projectors(points, vertex, bodies.box)
    place = np.minimum(np.searchsorted(interface.vertex, vertex), len(interface.vertex) - 1)
    constrained = np.flatnonzero(interface.vertex[place] == vertex)
    few = interface.select(place[constrained])
    _, slope = _slopes(points[few.vertex], few.labels, few.free, bodies)
    normal = np.linalg.pinv(slope, rcond=_singular(few.labels, bodies)) @ slope
    projector[constrained] = projector[constrained] - normal
    return np.asarray(projector)


def box_projectors(
    points: NDArray[np.float64], vertex: NDArray[np.int64], box: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Projectors on the directions that keep vertices on the faces of the box, (k, d, d)."""
    on_face = (points[vertex] == 0.0) | (points[vertex] == box)
    return np.asarray(np.eye(points.shape[1]) * ~on_face[:, None, :])


def guarded_move(
    points: NDArray[np.float64],
    step: NDArray[np.float64],
    interface: Interface,
    image_of: NDArray[np.int64],
    floor: float,
) -> NDArray[np.float64]:
    """Apply steps, shortened around the cells that they would spoil.

    A cell is spoilt when its smallest sine falls below the floor, or below its present value
    where that is lower.

    Args:
        points: Coordinates, shape (n, d) [m].
        step: Displacement of each interface vertex, shape (k, d) [m].
        interface: These vertices and the cells around them.
        image_of: Canonical vertex of each vertex, shape (n,).
        floor: Smallest sine allowed.
    """
    whole = np.zeros_like(points)
    whole[interface.vertex] = step
    whole = whole[image_of]
    moves = np.zeros(len(points), dtype=np.bool_)
    moves[interface.vertex] = step.any(axis=1)
    cells = interface.cells[any_corner(moves[image_of], interface.cells)]
    allowed = np.minimum(floor, smallest_sine(points, cells) * (1 - 1e-9))
    factor = np.ones(len(points))
    check = np.arange(len(cells))
    moved = points + whole
    attempt = 0
    while True:
        spoilt = check[smallest_sine(moved, cells[check]) < allowed[check]]
        if not len(spoilt):
            return moved
        attempt += 1
        change = np.zeros(len(points), dtype=np.bool_)
        change[image_of[cells[spoilt]]] = True
        change = change[image_of] & (factor > 0)
        factor[change] = 0.5 * factor[change] if attempt <= SHORTENINGS else 0.0
        moved[change] = points[change] + factor[change, None] * whole[change]
        # Cells that held may be spoilt by their neighbours' retreat.
        check = np.flatnonzero(any_corner(change, cells))
