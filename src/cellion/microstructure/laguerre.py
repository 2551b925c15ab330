"""Grains of a polycrystal, told apart by power distance: a Laguerre tessellation of the box."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray, Pair, wrap
from cellion.microstructure.contacts import GROWTH, SizeLimits
from cellion.microstructure.geometry import (
    COARSE_PART,
    FINE_PART,
    DefaultSizes,
    by_material,
    closed_along,
)
from cellion.microstructure.power_diagram import PowerDiagram, power_diagram

__all__ = ["LaguerreGeometry"]

FEW_GRAINS = 4
"""Up to this number, grains are meshed as finely as a few particles are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LaguerreGeometry:
    """Convex grains that fill the box; there is no matrix.

    Label i is the i-th grain with the power distance ``|x - c_i|^2 - w_i`` (nearest image along
    periodic axes), so that two grains meet in a plane. With equal weights this is a Voronoi
    tessellation.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        centers: (n, d) [m]; along a columnar axis they do not matter.
        weights: (n,) [m^2].
        label_material: (n,) index of the material of each grain.
        columnar: axis along which grains are prisms; None where they are not.
        expected: volumes (n,) [m^3] (of columns areas [m^2]) of a sketch, which spares its cells.
    """

    box: FloatArray
    periodic: BoolArray
    centers: FloatArray
    weights: FloatArray
    label_material: IntArray
    columnar: int | None = None
    expected: FloatArray | None = None

    def __post_init__(self) -> None:
        """Bring the centres into the box along periodic axes."""
        object.__setattr__(self, "centers", wrap(self.centers, self.box, self.periodic))

    @property
    def count(self) -> int:
        """Number of grains n."""
        return int(self.weights.size)

    @property
    def across(self) -> BoolArray:
        """Axes (d,) in which grains differ: all but the columnar one."""
        along = -1 if self.columnar is None else self.columnar
        return np.asarray(np.arange(self.box.size) != along)

    @cached_property
    def _lifted(self) -> cKDTree:
        """KD-tree of the centres lifted by h_i^2 = max(w) - w_i.

        The squared distance of (x, 0) and (c_i, h_i) is the power distance plus max(w).
        """
        height = np.sqrt(self.weights.max() - self.weights)
        size = np.append(np.where(self.periodic, self.box, 0.0)[self.across], 0.0)
        return cKDTree(np.column_stack([self.centers[:, self.across], height]), boxsize=size)

    def lowest(self, x: FloatArray, k: int) -> IntArray:
        """Return the labels (n, min(k, count)) of smallest power distances, ascending."""
        home = wrap(x, self.box, self.periodic)[:, self.across]
        lifted = np.column_stack([home, np.zeros(len(x))])
        ranks = np.arange(1, min(k, self.count) + 1)
        return np.asarray(self._lifted.query(lifted, k=ranks)[1], dtype=np.int32)

    def label(self, x: FloatArray) -> IntArray:
        """Return the label (n,) of each point x (n, d) [m]."""
        return self.lowest(x, 1)[:, 0]

    def field(self, x: FloatArray, labels: IntArray, images: IntArray | None = None) -> FloatArray:
        """Return the power distances [m^2] of ``labels`` (n,) or (n, k) at x (n, d)."""
        squared = np.sum(self._from_center(x, labels, images) ** 2, axis=-1)
        return np.asarray(squared - self.weights[labels], dtype=float)

    def gradient(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the gradients 2 (x - c) [m] of the fields, ``labels.shape + (d,)``."""
        return 2.0 * self._from_center(x, labels, images)

    def nearest_image(self, x: FloatArray, labels: IntArray) -> IntArray:
        """Return the periodic image of each label nearest to x, ``labels.shape + (d,)``.

        Of two equally near, the upper one: points that are moved by a period find moved images.
        """
        whole = np.floor(self._offset(x, labels) / self.box + 0.5)
        return np.where(self.periodic & self.across, whole, 0.0).astype(np.int32)

    def _offset(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the vectors from each label's own centre, inside the box, to the points."""
        vector = np.expand_dims(x, tuple(range(1, labels.ndim))) - self.centers[labels]
        return np.asarray(vector, dtype=float)

    def _from_center(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the vectors from images of each label's centre, the nearest by default."""
        vector = self._offset(x, labels)
        if images is None:
            images = np.where(self.periodic, np.rint(vector / self.box), 0.0)
        return np.asarray(np.where(self.across, vector - self.box * images, 0.0), dtype=float)

    def bounded(self, labels: IntArray) -> BoolArray:
        """Return that no label is a particle with a surface of its own."""
        return np.zeros(labels.shape, np.bool_)

    def meets_itself(self, reach: float) -> BoolArray:
        """Return along which axes grains share a facet with their own image, shape (n, d)."""
        return self._own

    @cached_property
    def _own(self) -> BoolArray:
        """Axes (n, d) along which each grain meets its own image; none in a sketch."""
        flags = np.zeros((self.count, self.box.size), np.bool_)
        if self.expected is None:
            facets = self.diagram.facets
            own = np.flatnonzero(facets.cell == facets.neighbour)
            axis = np.flatnonzero(self.across)[np.abs(facets.offset[own]).argmax(axis=1)]
            flags[facets.cell[own], axis] = True
        return flags

    def together(
        self, x: FloatArray, labels: Pair, images: Pair, slack: FloatArray, seen: BoolArray
    ) -> BoolArray:
        """Return ``seen``: grains that an edge of the mesh joins meet, as there are no gaps."""
        return seen

    def at_wall(
        self, x: FloatArray, labels: IntArray, images: IntArray, walls: BoolArray, slack: FloatArray
    ) -> BoolArray:
        """Return true (n,): grains fill the box up to its walls."""
        return np.ones(len(x), np.bool_)

    def boundary_distance(self, x: FloatArray) -> FloatArray:
        """Return the distance (n,) [m] to the plane towards the grain that is second at x (n, d).

        Or to that towards the own image, where a grain meets it and it is nearer; inf where there
        is neither. It bounds the distance to the nearest boundary from above, and equals it near
        boundaries.
        """
        pair = self.lowest(x, 2)
        own = self._own_distance(x, pair[:, :1])
        if self.count == 1:
            return own
        value, away = self.field(x, pair), self._from_center(x, pair)
        spacing = np.linalg.norm(away[:, 1] - away[:, 0], axis=1)
        room = value[:, 1] - value[:, 0]
        safe = np.where(spacing > 0, spacing, 1.0)
        return np.minimum(np.where(spacing > 0, 0.5 * room / safe, np.inf), own)

    def _own_distance(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the distance (n,) [m] from x (n, d) to the planes towards own images, or inf."""
        beyond = 0.5 * self.box - np.abs(self._from_center(x, labels)[:, 0])
        return np.asarray(np.where(self._own[labels[:, 0]], beyond, np.inf).min(axis=1))

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m]: ``surface`` at boundaries, growing to ``size``."""
        away = np.minimum(self.boundary_distance(x), sizes.size / GROWTH)
        return np.clip(sizes.surface + GROWTH * away, sizes.smallest, sizes.size)

    @cached_property
    def diagram(self) -> PowerDiagram:
        """Exact cells of the grains; of columnar grains the cross-sections, in two dimensions."""
        axes = self.across
        return power_diagram(
            self.centers[:, axes], self.weights, self.box[axes], self.periodic[axes]
        )

    @property
    def sections(self) -> FloatArray:
        """Volumes (n,) [m^3] of the grains; in the plane, and of columns, areas [m^2]."""
        return self.diagram.volume if self.expected is None else self.expected

    @property
    def volumes(self) -> FloatArray:
        """Exact volumes (n,) [m^3] of the grains, in two dimensions areas [m^2]."""
        length = 1.0 if self.columnar is None else float(self.box[self.columnar])
        return np.asarray(self.diagram.volume * length, dtype=float)

    @property
    def particles(self) -> None:
        """There are none."""
        return None

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box."""
        return by_material(self.volumes / np.prod(self.box), self.label_material, materials)

    def default_sizes(self) -> DefaultSizes:
        """Return a part of the equivalent radius that halves the grains' volume.

        Of columns it is that of the cross-sections.
        """
        d = int(self.across.sum())
        grains = np.sort(self.sections)
        middle = grains[np.searchsorted(np.cumsum(grains), 0.5 * grains.sum())]
        radius = float((middle * d / (2.0 * (d - 1) * np.pi)) ** (1.0 / d))
        part = FINE_PART if self.count <= FEW_GRAINS else COARSE_PART
        return DefaultSizes(surface=radius / part[self.box.size])

    def exact_mesh(self) -> None:
        """Return that a mesh must be cut."""
        return

    def opened(self, axis: int) -> tuple[LaguerreGeometry, NDArray[np.int64]]:
        """Add the images of all grains beyond both ends; along columns there is nothing to add.

        See `Geometry.opened`.
        """
        shifts = [0.0] if self.columnar == axis else [0.0, self.box[axis], -self.box[axis]]
        source = np.tile(np.arange(self.count), len(shifts))
        along = np.repeat(shifts, self.count)[:, None] * np.eye(self.box.size)[axis]
        opened = LaguerreGeometry(
            box=self.box,
            periodic=closed_along(self.periodic, axis),
            centers=self.centers[source] + along,
            weights=self.weights[source],
            label_material=self.label_material[source],
            columnar=self.columnar,
        )
        return opened, source
