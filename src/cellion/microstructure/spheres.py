"""Spheres (or discs) in a matrix, told apart by power distance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.contacts import GROWTH, Contacts, build_contacts, contact_size
from cellion.microstructure.geometry import FloatArray, IntArray, SizeLimits, wrap
from cellion.microstructure.pairs import close_pairs

__all__ = ["SphereGeometry"]


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

    def field(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the power distances [m^2] of ``labels`` (n,) or (n, k) at x (n, d)."""
        squared = np.sum(self._from_center(x, labels) ** 2, axis=-1)
        radius = np.concatenate([[0.0], self.radii])[labels]
        return np.where(labels == 0, 0.0, squared - radius**2)

    def gradient(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the gradients 2 (x - c) [m] of the fields, ``labels.shape + (d,)``."""
        return np.where(labels[..., None] == 0, 0.0, 2.0 * self._from_center(x, labels))

    def _from_center(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the vectors from the nearest image of each label's centre to the points."""
        centers = np.concatenate([np.zeros((1, self.box.size)), self.centers])
        vector = np.expand_dims(x, tuple(range(1, labels.ndim))) - centers[labels]
        vector -= np.where(self.periodic, self.box * np.rint(vector / self.box), 0.0)
        return np.asarray(vector, dtype=float)

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
        gaps to walls are not.
        """
        pairs = close_pairs(self.centers, self.radii, self.box, self.periodic, reach)
        return build_contacts(pairs, self.centers, self.radii, self.box, self.periodic)

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
        smooth: FloatArray = np.maximum(grown, sizes.smallest)
        contacts = self.contacts(sizes.gap_cells * sizes.surface)
        home = wrap(x, self.box, self.periodic)
        near, fine = contact_size(contacts, home, away, sizes, (self.box, self.periodic))
        smooth[near] = np.minimum(smooth[near], fine)
        return smooth
