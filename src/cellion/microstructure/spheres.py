"""Spheres (or discs) in a matrix, told apart by power distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.contacts import (
    GROWTH,
    TANGENT,
    Contacts,
    build_contacts,
    build_wall_contacts,
    contact_size,
)
from cellion.microstructure.geometry import FloatArray, IntArray, SizeLimits, wrap
from cellion.microstructure.pairs import close_pairs

__all__ = ["SphereGeometry", "loose_spheres"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SphereGeometry:
    """Discs (d = 2) or spheres (d = 3) in a matrix.

    Label 0 is the matrix with the field 0, label i + 1 the i-th particle with the power distance
    ``|x - c_i|^2 - r_i^2`` (nearest image along periodic axes). Overlapping particles are so
    divided by the plane through the circle in which their surfaces meet.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        centers: (n, d) [m].
        radii: (n,) [m].
        label_material: (n + 1,) index of the material of each label.
    """

    box: FloatArray
    periodic: NDArray[np.bool_]
    centers: FloatArray
    radii: FloatArray
    label_material: IntArray

    def __post_init__(self) -> None:
        """Bring the centres into the box along periodic axes."""
        object.__setattr__(self, "centers", wrap(self.centers, self.box, self.periodic))

    @property
    def count(self) -> int:
        """Number of particles n."""
        return int(self.radii.size)

    @cached_property
    def _equal(self) -> bool:
        """Whether all radii agree, so that power and surface distances order alike."""
        return self.count > 0 and bool(self.radii.min() == self.radii.max())

    @cached_property
    def _lifted(self) -> cKDTree:
        """KD-tree of the centres lifted to d + 1 dimensions.

        With R the largest radius and w_i^2 = R^2 - r_i^2, the squared distance of (x, 0) and
        (c_i, w_i) is the power distance plus R^2: the nearest lifted centre has the smallest
        power distance, whatever the spread of the radii.
        """
        height = np.sqrt(np.maximum(self.radii.max() ** 2 - self.radii**2, 0.0))
        size = np.append(np.where(self.periodic, self.box, 0.0), 0.0)
        return cKDTree(np.column_stack([self.centers, height]), boxsize=size)

    def lowest(self, x: FloatArray, k: int) -> IntArray:
        """Return the labels (n, k) of the particles with the smallest power distances.

        Ordered from the smallest; 0 fills up when there are fewer than k particles.
        """
        labels = np.zeros((len(x), k), np.int32)
        m = min(k, self.count)
        if m:
            home = wrap(x, self.box, self.periodic)
            lifted = np.column_stack([home, np.zeros(len(x))])
            labels[:, :m] = self._lifted.query(lifted, k=np.arange(1, m + 1))[1] + 1
        return labels

    def label(self, x: FloatArray) -> IntArray:
        """Return the label (n,) of each point x (n, d) [m]."""
        nearest = self.lowest(x, 1)[:, 0]
        return np.where(self.field(x, nearest) < 0, nearest, 0).astype(np.int32)

    def field(self, x: FloatArray, labels: IntArray, images: IntArray | None = None) -> FloatArray:
        """Return the power distances [m^2] of ``labels`` (n,) or (n, k) at x (n, d)."""
        squared = np.sum(self._from_center(x, labels, images) ** 2, axis=-1)
        radius = np.concatenate([[0.0], self.radii])[labels]
        return np.where(labels == 0, 0.0, squared - radius**2)

    def gradient(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the gradients 2 (x - c) [m] of the fields, ``labels.shape + (d,)``."""
        return np.where(labels[..., None] == 0, 0.0, 2.0 * self._from_center(x, labels, images))

    def nearest_image(self, x: FloatArray, labels: IntArray) -> IntArray:
        """Return the periodic image of each label nearest to x, ``labels.shape + (d,)``."""
        whole = np.rint(self._offset(x, labels) / self.box)
        return np.where(self.periodic, whole, 0.0).astype(np.int32)

    def _offset(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the vectors from each label's own centre, inside the box, to the points."""
        centers = np.concatenate([np.zeros((1, self.box.size)), self.centers])
        vector = np.expand_dims(x, tuple(range(1, labels.ndim))) - centers[labels]
        return np.asarray(vector, dtype=float)

    def _from_center(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the vectors from images of each label's centre, the nearest by default."""
        vector = self._offset(x, labels)
        if images is None:
            images = np.where(self.periodic, np.rint(vector / self.box), 0.0)
        return np.asarray(vector - self.box * images, dtype=float)

    def nearest(self, x: FloatArray, k: int = 1) -> tuple[IntArray, FloatArray]:
        """Find the k nearest particle surfaces.

        Args:
            x: points (n, d) [m].
            k: number of surfaces.

        Returns:
            Labels (n, k) and signed distances ``|x - c| - r`` (n, k) [m], ascending (negative
            inside a particle); label 0 and distance inf where there are fewer than k particles.
        """
        labels = np.zeros((len(x), k), np.int32)
        distance = np.full((len(x), k), np.inf)
        open_points, width = np.arange(len(x)), k if self._equal else k + 1
        while open_points.size and self.count:
            points = x[open_points]
            candidates = self.lowest(points, min(width, self.count))
            signed = self._signed(points, candidates)
            last = signed[:, -1] * (signed[:, -1] + 2 * self.radii[candidates[:, -1] - 1])
            if width > 1:
                order = np.argsort(signed, axis=1, kind="stable")[:, :k]
                candidates = np.take_along_axis(candidates, order, axis=1)
                signed = np.take_along_axis(signed, order, axis=1)
            labels[open_points, : signed.shape[1]] = candidates
            distance[open_points, : signed.shape[1]] = signed
            if width >= self.count or self._equal:
                break
            open_points = open_points[signed[:, k - 1] > self._beyond(last)]
            width *= 2
        return labels, distance

    def _signed(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the signed distances (n, k) [m] to the surfaces of ``labels`` (n, k)."""
        away = np.sqrt(np.sum(self._from_center(x, labels) ** 2, axis=-1))
        return np.asarray(away - self.radii[labels - 1], dtype=float)

    def _beyond(self, power: FloatArray) -> FloatArray:
        """Return a lower bound (n,) [m] of the distances to surfaces not among the candidates.

        Their power distance is at least ``power`` (n,) [m^2], that of the last candidate. Outside
        (p > 0) the surface distance sqrt(p + r^2) - r decreases with r, so the largest radius
        bounds it; no bound is known inside.
        """
        largest = self.radii.max()
        bound = np.sqrt(np.maximum(power, 0.0) + largest**2) - largest
        return np.where(power > 0, bound, -np.inf)

    def contacts(self, reach: float) -> Contacts:
        """Return the pairs of particles whose surfaces are closer than ``reach`` [m].

        Overlapping pairs and contacts of a particle with its own periodic image are included;
        those with walls are `wall_contacts`.
        """
        pairs = close_pairs(self.centers, self.radii, self.box, self.periodic, reach)
        found = build_contacts(pairs, self.centers, self.radii, self.box, self.periodic)
        return found.select(found.gap < reach)

    def wall_contacts(self, reach: float) -> Contacts:
        """Return where surfaces are closer than ``reach`` [m] to a wall, or cut by it.

        The label of the wall is 0.
        """
        found = build_wall_contacts(self.centers, self.radii, self.box, self.periodic, reach)
        return found.select(found.gap < reach)

    def bounded(self, labels: IntArray) -> NDArray[np.bool_]:
        """Return which labels are particles."""
        return np.asarray(labels > 0)

    def meets_itself(self, reach: float) -> NDArray[np.bool_]:
        """Return along which axes labels are nearer than ``reach`` [m] to their own image.

        Shape (n + 1, d). What is that near across a corner of the box is so along an axis too.
        """
        found = self.contacts(reach)
        own = found.select(found.labels[:, 0] == found.labels[:, 1])
        flags = np.zeros((self.count + 1, self.box.size), np.bool_)
        flags[own.labels[:, 0], np.abs(own.normal).argmax(axis=1)] = True
        return flags

    def together(
        self,
        x: FloatArray,
        labels: tuple[IntArray, IntArray],
        images: tuple[IntArray, IntArray],
        slack: FloatArray,
        seen: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Tell whether two labels meet at points near their contact plane.

        The matrix meets every particle. Two particles meet inside the circle that their surfaces
        share, and nowhere if these are tangent or apart.

        Args:
            x: points (n, d) [m].
            labels: the two labels at each point, (n,) each.
            images: their periodic images, (n, d) each.
            slack: distance (n,) [m] beyond the circle that still counts.
            seen: whether an edge of the mesh leads from one to the other (n,); not needed here.
        """
        first, second = labels
        radius = np.concatenate([[0.0], self.radii])
        r1, r2 = radius[first], radius[second]
        along = self._from_center(x, first, images[0])
        between = along - self._from_center(x, second, images[1])
        distance = np.linalg.norm(between, axis=1)
        safe = np.where(distance > 0.0, distance, 1.0)
        overlap = r1 + r2 - distance > TANGENT * np.minimum(r1, r2)
        plane = (distance**2 + r1**2 - r2**2) / (2.0 * safe)
        neck = np.sqrt(np.maximum(r1**2 - plane**2, 0.0))
        axial = np.sum(along * between, axis=1) / safe
        across = np.sqrt(np.maximum(np.sum(along**2, axis=1) - axial**2, 0.0))
        inside = overlap & (across <= neck + slack)
        return np.asarray(inside | (first == 0) | (second == 0))

    def at_wall(
        self,
        x: FloatArray,
        labels: IntArray,
        images: IntArray,
        walls: NDArray[np.bool_],
        slack: FloatArray,
    ) -> NDArray[np.bool_]:
        """Tell whether labels (n,) reach all the walls that points on the box lie in.

        Args:
            x: points (n, d) [m], on the faces of the box.
            labels: a label at each point.
            images: its periodic image, (n, d).
            walls: normal axes (n, d) of the faces that each point lies in.
            slack: distance (n,) [m] beyond the circle, cut out of the wall, that still counts.
        """
        radius = np.concatenate([[0.0], self.radii])[labels]
        vector = self._from_center(x, labels, images)
        normal = np.sqrt(np.sum(np.where(walls, vector, 0.0) ** 2, axis=1))
        across = np.sqrt(np.sum(np.where(walls, 0.0, vector) ** 2, axis=1))
        circle = np.sqrt(np.maximum(radius**2 - normal**2, 0.0))
        inside = (normal < radius * (1.0 - TANGENT)) & (across <= circle + slack)
        return np.asarray(inside | (labels == 0) | ~walls.any(axis=1))

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m] at points x (n, d).

        ``sizes.surface`` at a particle surface (no more than the particle's radius), growing by
        `GROWTH` per distance up to ``sizes.size``; less in gaps and necks (`contact_size`);
        never below ``sizes.smallest``.
        """
        labels, distance = self.nearest(x, 1)
        radius = np.concatenate([[np.inf], self.radii])[labels[:, 0]]
        away = np.minimum(np.abs(distance[:, 0]), sizes.size / GROWTH)
        grown = np.minimum(sizes.size, np.minimum(sizes.surface, radius) + GROWTH * away)
        smooth = np.maximum(grown, sizes.smallest)
        reach = sizes.gap_cells * sizes.surface
        contacts = self.contacts(reach).and_more(self.wall_contacts(reach))
        home = wrap(x, self.box, self.periodic)
        return contact_size(contacts, home, away, smooth, sizes, (self.box, self.periodic))


_LOOKED_AT = 8


class _LooseSpheres(SphereGeometry):
    """Spheres that are not where they will be: contacts say nothing, nearest is nearly nearest."""

    def nearest(self, x: FloatArray, k: int = 1) -> tuple[IntArray, FloatArray]:
        """Find k near particle surfaces among those of lowest power distance."""
        labels = self.lowest(x, min(k + _LOOKED_AT, self.count))
        signed = self._signed(x, labels)
        order = np.argsort(signed, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(labels, order, 1), np.take_along_axis(signed, order, 1)

    def contacts(self, reach: float) -> Contacts:
        """Return no pairs."""
        none = SphereGeometry(
            box=self.box,
            periodic=self.periodic,
            centers=self.centers[:0],
            radii=self.radii[:0],
            label_material=self.label_material[:1],
        )
        return none.contacts(0.0)


def loose_spheres(geometry: SphereGeometry) -> SphereGeometry:
    """Return spheres whose overlaps do not count, for a sketch."""
    return _LooseSpheres(
        box=geometry.box,
        periodic=geometry.periodic,
        centers=geometry.centers,
        radii=geometry.radii,
        label_material=geometry.label_material,
    )
