"""Particles in a polycrystalline matrix: the space between them is divided into grains."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray, Pair
from cellion.microstructure.contacts import SizeLimits
from cellion.microstructure.cuts import cut_volumes
from cellion.microstructure.geometry import DefaultSizes, by_material
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.spheres import SphereGeometry

__all__ = ["CompositeGeometry"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CompositeGeometry:
    """Grains with labels 0 .. g - 1, and particles with labels from g on.

    A point in a particle belongs to it, any other to the grain of smallest power distance p. One
    field for each label says both: the field of a particle is its power distance, below 0 inside;
    that of grain k is ``p_k - min p``, 0 where it is the grain of the point. So two grains meet
    where their power distances agree, and a grain and a particle on the particle's surface.

    Attributes:
        particles: the particles; their own label 0, the matrix, is not used.
        grains: a tessellation of the whole box.
        label_material: (g + n,) index of the material of each label.
    """

    particles: SphereGeometry
    grains: LaguerreGeometry
    label_material: IntArray

    @property
    def box(self) -> FloatArray:
        """Edge lengths (d,) [m]."""
        return self.particles.box

    @property
    def periodic(self) -> BoolArray:
        """Which axes (d,) repeat."""
        return self.particles.periodic

    def label(self, x: FloatArray) -> IntArray:
        """Return the label (n,) of each point x (n, d) [m]."""
        particle = self.particles.label(x)
        labels = particle + np.int32(self.grains.count - 1)
        between = np.flatnonzero(particle == 0)
        labels[between] = self.grains.label(x[between])
        return labels

    def field(self, x: FloatArray, labels: IntArray, images: IntArray | None = None) -> FloatArray:
        """Return the fields [m^2] of ``labels`` (n,) or (n, k) at x (n, d)."""
        grain, particle, of_grain = self._split(labels)
        lowest = self.grains.field(x, self.grains.label(x))
        lowest = lowest.reshape(-1, *([1] * (labels.ndim - 1)))
        excess = self.grains.field(x, grain, images) - lowest
        return np.where(of_grain, excess, self.particles.field(x, particle, images))

    def gradient(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the gradients [m] of the fields, ``labels.shape + (d,)``."""
        grain, particle, of_grain = self._split(labels)
        lowest = self.grains.gradient(x, self.grains.label(x))
        lowest = lowest.reshape(len(x), *([1] * (labels.ndim - 1)), -1)
        excess = self.grains.gradient(x, grain, images) - lowest
        gradient = self.particles.gradient(x, particle, images)
        return np.where(of_grain[..., None], excess, gradient)

    def nearest_image(self, x: FloatArray, labels: IntArray) -> IntArray:
        """Return the periodic image of each label nearest to x, ``labels.shape + (d,)``."""
        grain, particle, of_grain = self._split(labels)
        of_grains = self.grains.nearest_image(x, grain)
        of_particles = self.particles.nearest_image(x, particle)
        return np.where(of_grain[..., None], of_grains, of_particles)

    def bounded(self, labels: IntArray) -> BoolArray:
        """Return which labels are particles."""
        return np.asarray(labels >= self.grains.count)

    def meets_itself(self, reach: float) -> BoolArray:
        """Return along which axes labels are nearer than ``reach`` [m] to their own image.

        Shape (g + n, d).
        """
        of_particles = self.particles.meets_itself(reach)[1:]
        return np.concatenate([self.grains.meets_itself(reach), of_particles])

    def together(
        self, x: FloatArray, labels: Pair, images: Pair, slack: FloatArray, seen: BoolArray
    ) -> BoolArray:
        """Tell whether two labels meet at points (n, d) near the border between them.

        Particles as `SphereGeometry.together` says, grains where an edge of the mesh joins them.
        """
        first, second = (self._split(one) for one in labels)
        particles = (first[1], second[1])
        meet = self.particles.together(x, particles, images, slack, seen)
        return np.where(first[2] & second[2], seen, meet)

    def at_wall(
        self, x: FloatArray, labels: IntArray, images: IntArray, walls: BoolArray, slack: FloatArray
    ) -> BoolArray:
        """Tell whether labels (n,) reach the walls that points lie in; grains do."""
        particle = self._split(labels)[1]
        return self.particles.at_wall(x, particle, images, walls, slack)

    def _split(self, labels: IntArray) -> tuple[IntArray, IntArray, BoolArray]:
        """Return labels of grains, labels of particles, and which of both each label is."""
        of_grain = labels < self.grains.count
        grain = np.where(of_grain, labels, 0).astype(np.int32)
        particle = np.where(of_grain, 0, labels - self.grains.count + 1).astype(np.int32)
        return grain, particle, of_grain

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m]: the smaller of those of particles and grains."""
        outside = self.particles.label(x) == 0
        size = self.particles.size(x, sizes)
        size[outside] = np.minimum(size[outside], self.grains.size(x[outside], sizes))
        return size

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box, overlaps counted once."""
        part = cut_volumes(self.particles) / np.prod(self.box)
        share = np.concatenate([[1.0 - part.sum()], part])
        owner = self.label_material[[0, *range(self.grains.count, self.label_material.size)]]
        return by_material(share, owner, materials)

    def default_sizes(self) -> DefaultSizes:
        """Return the finer of the edges that suit particles and grains."""
        parts = (self.particles.default_sizes(), self.grains.default_sizes())
        return DefaultSizes(surface=min(part.surface for part in parts))

    def exact_mesh(self) -> None:
        """Return that a mesh must be cut."""
        return

    def opened(self, axis: int) -> tuple[CompositeGeometry, NDArray[np.int64]]:
        """Open particles and grains (see `Geometry.opened`)."""
        particles, of_particle = self.particles.opened(axis)
        grains, of_grain = self.grains.opened(axis)
        source = np.concatenate([of_grain, of_particle[1:] + self.grains.count - 1])
        material = self.label_material[source]
        return CompositeGeometry(
            particles=particles, grains=grains, label_material=material
        ), source
