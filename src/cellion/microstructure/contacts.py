"""Gaps and necks between particles: where they are, how wide, and how fine a mesh they need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .geometry import FloatArray, IntArray, SizeLimits, wrap
from .pairs import Pairs

__all__ = ["Contacts", "build_contacts", "contact_size"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Contacts:
    """Close pairs of particle surfaces.

    Attributes:
        labels: labels (m, 2) of the two particles; equal for a particle and its own image.
        midpoint: (m, d) [m], inside the box: the middle of the gap, or the centre of the neck.
        normal: unit vectors (m, d) from the first particle to the second.
        gap: distance between the surfaces (m,) [m]; negative is the depth of an overlap.
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


def build_contacts(
    pairs: Pairs,
    centers: FloatArray,
    radii: FloatArray,
    box: FloatArray,
    periodic: NDArray[np.bool_],
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
    gap = distance - r1 - r2
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


def contact_size(
    contacts: Contacts,
    x: FloatArray,
    sizes: SizeLimits,
    cap: FloatArray,
    domain: tuple[FloatArray, NDArray[np.bool_]],
) -> FloatArray:
    """Return ``cap`` lowered to what the gaps and necks around each point need.

    At a distance rho from a contact, a gap of width w = gap + rho^2 / (2 R) is to hold
    ``gap_cells`` cells, and a neck of radius a as many along its radius::

        h = max(smallest, a / gap_cells, w / gap_cells)

    Args:
        contacts: gaps and necks.
        x: points (n, d) [m].
        sizes: mesh sizes.
        cap: size wanted otherwise (n,) [m].
        domain: box (d,) [m] and which axes repeat (d,).
    """
    best = cap.copy()
    if len(contacts) == 0:
        return best
    box, periodic = domain
    floor = np.maximum(sizes.smallest, contacts.neck_radius / sizes.gap_cells)
    tree = cKDTree(contacts.midpoint, boxsize=np.where(periodic, box, 0.0))
    # beyond this distance no contact asks for less than the cap
    reach = np.sqrt(
        np.max(
            2 * contacts.reduced_radius * (sizes.gap_cells * cap.max() - contacts.gap), initial=0
        )
    )
    open_points, k = np.arange(len(x)), min(4, len(contacts))
    while open_points.size:
        rho, index = tree.query(
            x[open_points], k=np.arange(1, k + 1), distance_upper_bound=max(reach, 1e-300)
        )
        inside = np.isfinite(rho)
        index = np.where(inside, index, 0)
        width = contacts.gap[index] + rho**2 / (2 * contacts.reduced_radius[index])
        wanted = np.where(inside, np.maximum(floor[index], width / sizes.gap_cells), np.inf)
        best[open_points] = np.minimum(best[open_points], wanted.min(axis=1))
        if k == len(contacts):
            break
        # contacts further away than the k-th could still ask for less than the best so far
        further = contacts.gap.min() + rho[:, -1] ** 2 / (2 * contacts.reduced_radius.max())
        undecided = np.maximum(further / sizes.gap_cells, sizes.smallest) < best[open_points]
        open_points, k = open_points[undecided & inside[:, -1]], min(2 * k, len(contacts))
    return best
