"""Gaps and necks between particles: places, widths, and the mesh sizes that they need."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import reduce
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray, wrap
from cellion.microstructure.pairs import Pairs

__all__ = [
    "GROWTH",
    "TANGENT",
    "Contacts",
    "Particles",
    "SizeLimits",
    "build_contacts",
    "build_wall_contacts",
    "contact_size",
    "no_contacts",
]

GROWTH = 0.5
"""Growth of the wanted cell edge per distance from the nearest surface."""

TANGENT = 1e-9
"""Overlap, in units of the smaller radius, up to which two bodies count as tangent: they do not
conduct into each other."""


class SizeLimits(Protocol):
    """The mesh sizes that a geometry grades between; all lengths in m."""

    @property
    def size(self) -> float:
        """Largest cell edge, far from every interface [m]."""

    @property
    def surface(self) -> float:
        """Cell edge at particle surfaces [m]."""

    @property
    def smallest(self) -> float:
        """Floor of the cell edge in gaps and necks [m]."""

    @property
    def gap_cells(self) -> float:
        """Number of cells wanted across a gap or a neck radius."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contacts:
    """Close pairs of particle surfaces.

    Attributes:
        labels: labels (m, 2) of the two particles; equal for a particle and its own image.
        midpoint: (m, d) [m], inside the box: the middle of the gap, or the centre of the neck.
        normal: unit vectors (m, d) from the first particle to the second.
        gap: distance between the surfaces (m,) [m]; negative is the depth of an overlap, 0 within
            `TANGENT`.
        reduced_radius: r1 r2 / (r1 + r2), (m,) [m]; at a distance rho from the axis the gap is
            ``gap + rho^2 / (2 reduced_radius)``, to leading order.
        neck_radius: radius (m,) [m] of the circle in which two overlapping surfaces meet; 0 for
            gaps.
        image: integer box translations (m, d) that bring the second particle to the first.
    """

    labels: IntArray
    midpoint: FloatArray
    normal: FloatArray
    gap: FloatArray
    reduced_radius: FloatArray
    neck_radius: FloatArray
    image: IntArray

    def __len__(self) -> int:
        return int(self.gap.size)

    def select(self, keep: BoolArray | NDArray[np.int64]) -> Contacts:
        """Return the contacts where ``keep`` (m,) is true, or those of some indices."""
        return Contacts(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    def with_labels(self, labels: IntArray) -> Contacts:
        """Return the same contacts between other labels (m, 2)."""
        return replace(self, labels=labels)

    def and_more(self, other: Contacts) -> Contacts:
        """Return these contacts followed by others."""
        both = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return Contacts(**{name: np.concatenate(parts) for name, parts in both.items()})


class Particles(Protocol):
    """Discs or spheres with labels from 1 on, in a matrix with label 0."""

    @property
    def box(self) -> FloatArray:
        """Edge lengths (d,) [m]."""

    @property
    def periodic(self) -> BoolArray:
        """Which axes (d,) repeat."""

    @property
    def centers(self) -> FloatArray:
        """Centres (n, d) [m]."""

    @property
    def radii(self) -> FloatArray:
        """Radii (n,) [m]."""

    @property
    def label_material(self) -> IntArray:
        """Index (n + 1,) of the material of each label."""

    @property
    def count(self) -> int:
        """Number of particles n."""

    def contacts(self, reach: float) -> Contacts:
        """Return the pairs, own images included, with surfaces closer than ``reach`` [m]."""

    def wall_contacts(self, reach: float) -> Contacts:
        """Return where surfaces are closer than ``reach`` [m] to a wall, or cut by it."""


def build_contacts(
    pairs: Pairs,
    centers: FloatArray,
    radii: FloatArray,
    box: FloatArray,
    periodic: BoolArray,
) -> Contacts:
    """Describe the contacts of ``pairs``; a ball inside another one has no contact with it.

    Args:
        pairs: close pairs of balls.
        centers: (n, d) [m], inside the box along periodic axes.
        radii: (n,) [m].
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
    """
    vector = pairs.vectors(centers)
    distance = np.sqrt(np.sum(vector**2, axis=1))
    r1, r2 = radii[pairs.first], radii[pairs.second]
    keep = distance > np.abs(r1 - r2)
    pairs, vector, distance = pairs.select(keep), vector[keep], distance[keep]
    r1, r2 = r1[keep], r2[keep]
    normal = vector / distance[:, None]
    gap = _separation(distance - r1 - r2, np.minimum(r1, r2))
    # distance from the first centre to the radical plane, on which the two surfaces meet
    plane = (distance**2 + r1**2 - r2**2) / (2 * distance)
    along = np.where(gap < 0, plane, r1 + 0.5 * gap)
    neck = np.sqrt(np.maximum(r1**2 - plane**2, 0.0))
    return Contacts(
        labels=np.stack([pairs.first, pairs.second], axis=1).astype(np.int32) + np.int32(1),
        midpoint=wrap(centers[pairs.first] + along[:, None] * normal, box, periodic),
        normal=normal,
        gap=gap,
        reduced_radius=r1 * r2 / (r1 + r2),
        neck_radius=np.where(gap < 0, neck, 0.0),
        image=np.rint(pairs.offset / box).astype(np.int32),
    )


def _separation(distance: FloatArray, radius: FloatArray) -> FloatArray:
    """Return distances between surfaces, 0 where they are tangent."""
    return np.where((distance < 0.0) & (distance >= -TANGENT * radius), 0.0, distance)


def build_wall_contacts(
    centers: FloatArray,
    radii: FloatArray,
    box: FloatArray,
    periodic: BoolArray,
    reach: float,
) -> Contacts:
    """Describe where balls are nearer to a wall than ``reach`` [m], or cut by it.

    The wall stands first, with label 0; a plane, it leaves the radius of the ball as the reduced
    one. Balls beyond a wall have no contact with it.
    """
    d, found = len(box), []
    for axis in np.flatnonzero(~periodic):
        for side in (0, 1):
            away = centers[:, axis] if side == 0 else box[axis] - centers[:, axis]
            near = np.flatnonzero((np.abs(away) - radii < reach) & (away > -radii))
            gap = _separation(np.abs(away[near]) - radii[near], radii[near])
            foot = centers[near].copy()
            foot[:, axis] = side * box[axis]
            neck = np.sqrt(np.maximum(radii[near] ** 2 - away[near] ** 2, 0.0))
            normal = np.zeros((len(near), d))
            normal[:, axis] = 1.0 - 2.0 * side
            found.append(
                Contacts(
                    labels=np.stack([np.zeros_like(near), near + 1], axis=1).astype(np.int32),
                    midpoint=wrap(foot, box, periodic),
                    normal=normal,
                    gap=gap,
                    reduced_radius=radii[near],
                    neck_radius=np.where(gap < 0, neck, 0.0),
                    image=np.zeros((len(near), d), dtype=np.int32),
                )
            )
    return reduce(Contacts.and_more, found, no_contacts(d))


def no_contacts(dimension: int) -> Contacts:
    """Return no contacts, in two or three dimensions."""
    return Contacts(
        labels=np.zeros((0, 2), np.int32),
        midpoint=np.zeros((0, dimension)),
        normal=np.zeros((0, dimension)),
        gap=np.zeros(0),
        reduced_radius=np.zeros(0),
        neck_radius=np.zeros(0),
        image=np.zeros((0, dimension), np.int32),
    )


def contact_size(
    contacts: Contacts,
    x: FloatArray,
    away: FloatArray,
    coarse: FloatArray,
    sizes: SizeLimits,
    domain: tuple[FloatArray, BoolArray],
) -> FloatArray:
    """Return the cell edge (n,) [m] wanted at points: a coarse one, or less in gaps and at necks.

    At a distance rho from a contact, the gap of width w = gap + rho^2 / (2 R) is to hold
    ``gap_cells`` cells, and a neck of radius a as many along its radius; the edge grows by
    `GROWTH` per distance s from the nearest surface beyond half the gap::

        h = max(smallest, a / gap_cells, w / gap_cells) + GROWTH max(0, s - w / 2)

    A contact matters as long as w / gap_cells is smaller than the size at surfaces.

    Args:
        contacts: gaps and necks.
        x: points (n, d) [m] in the box.
        away: distance (n,) [m] of the points from the nearest surface.
        coarse: edge (n,) [m] wanted without contacts.
        sizes: mesh sizes.
        domain: box (d,) [m] and which axes repeat (d,).
    """
    wanted, (box, periodic) = coarse.copy(), domain
    room = np.maximum(sizes.gap_cells * sizes.surface - contacts.gap, 0.0)
    reach = np.sqrt(2 * contacts.reduced_radius * room)
    floor = np.maximum(sizes.smallest, contacts.neck_radius / sizes.gap_cells)
    least = np.maximum(floor, contacts.gap / sizes.gap_cells)
    for group in _alike(least, reach):
        near, lowest, far = contacts.select(group), least[group].min(), reach[group]
        tree = cKDTree(near.midpoint, boxsize=np.where(periodic, box, 0.0))
        longest = float(far.max()) * (1 + 1e-12)
        points, k = np.flatnonzero(wanted > lowest), min(2, tree.n)
        while points.size:
            rho, entry = tree.query(x[points], np.arange(1, k + 1), distance_upper_bound=longest)
            inside = rho < far[np.minimum(entry, tree.n - 1)]
            point, one = points[np.nonzero(inside)[0]], entry[inside]
            width = near.gap[one] + rho[inside] ** 2 / (2 * near.reduced_radius[one])
            beyond = GROWTH * np.maximum(away[point] - 0.5 * np.maximum(width, 0.0), 0.0)
            size = np.maximum(floor[group[one]], width / sizes.gap_cells) + beyond
            np.minimum.at(wanted, point, size)
            if k == tree.n:
                break
            # the rest is farther away, where no gap of the group is narrower than this
            narrowest = near.gap.min() + rho[:, -1] ** 2 / (2 * near.reduced_radius.max())
            asked = np.maximum(lowest, narrowest / sizes.gap_cells)
            points, k = points[wanted[points] > asked], min(4 * k, tree.n)
    return wanted


def _alike(least: FloatArray, reach: FloatArray) -> list[NDArray[np.int64]]:
    """Return groups of contacts that agree within a factor of 2 in both, the finest sizes first.

    Contacts that can ask for nothing less than what narrower gaps ask for need no search, and
    long reaches do not widen the search of short ones.
    """
    relevant = np.flatnonzero(reach > 0)
    classes = np.floor(np.log2(np.stack([least, reach], axis=1)[relevant]))
    keys, member = np.unique(classes, axis=0, return_inverse=True)
    return [relevant[member == k] for k in range(len(keys))]
