"""Spheres (or discs) in a matrix, told apart by power distance."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray, Pair, wrap
from cellion.microstructure.contacts import (
    GROWTH,
    TANGENT,
    Contacts,
    SizeLimits,
    build_contacts,
    build_wall_contacts,
    contact_size,
    no_contacts,
)
from cellion.microstructure.cuts import cut_volumes, swallowed
from cellion.microstructure.geometry import (
    COARSE_PART,
    FINE_PART,
    FINEST_PART,
    DefaultSizes,
    Microstructure,
    by_material,
    check_material,
    closed_along,
)
from cellion.microstructure.pairs import close_pairs
from cellion.scenario.spheres import SpheresSpec

__all__ = ["LooseSpheres", "SphereGeometry", "place_spheres"]

FEW_PARTICLES = 16
"""Up to this number, particles are meshed finely by default: arrays, single grains, teaching."""

PLANE_GAP = 1e-5
"""Smallest cell edge in gaps between discs, in units of their median radius: what passes through a
gap falls with the root of its width, and cells across it are cheap in the plane."""


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
    periodic: BoolArray
    centers: FloatArray
    radii: FloatArray
    label_material: IntArray

    def __post_init__(self) -> None:
        """Bring the centres into the box along periodic axes."""
        object.__setattr__(self, "centers", wrap(self.centers, self.box, self.periodic))

    @property
    def particles(self) -> SphereGeometry:
        """The particles themselves."""
        return self

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

    def bounded(self, labels: IntArray) -> BoolArray:
        """Return which labels are particles."""
        return np.asarray(labels > 0)

    def meets_itself(self, reach: float) -> BoolArray:
        """Return along which axes labels are nearer than ``reach`` [m] to their own image.

        Shape (n + 1, d). What is that near across a corner of the box is so along an axis too.
        """
        found = self.contacts(reach)
        own = found.select(found.labels[:, 0] == found.labels[:, 1])
        flags = np.zeros((self.count + 1, self.box.size), np.bool_)
        flags[own.labels[:, 0], np.abs(own.normal).argmax(axis=1)] = True
        return flags

    def together(
        self, x: FloatArray, labels: Pair, images: Pair, slack: FloatArray, seen: BoolArray
    ) -> BoolArray:
        """Tell whether two labels meet at points near their contact plane (see `CutGeometry`).

        The matrix meets every particle. Two particles meet inside the circle that their surfaces
        share, and nowhere if these are tangent or apart.
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
        self, x: FloatArray, labels: IntArray, images: IntArray, walls: BoolArray, slack: FloatArray
    ) -> BoolArray:
        """Tell whether labels reach the walls, particles in a circle (see `CutGeometry`)."""
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

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box, overlaps counted once."""
        part = cut_volumes(self) / np.prod(self.box)
        share = np.concatenate([[1.0 - part.sum()], part])
        return by_material(share, self.label_material, materials)

    def default_sizes(self) -> DefaultSizes:
        """Return parts of the radius that halves the particles' volume; small ones set no scale."""
        d, few = self.box.size, self.count <= FEW_PARTICLES
        if not self.count:
            return DefaultSizes(gap_part=FINEST_PART)
        radii = np.sort(self.radii)
        volume = np.cumsum(radii**d)
        median = float(radii[np.searchsorted(volume, 0.5 * volume[-1])])
        surface = median / (FINE_PART if few else COARSE_PART)[d]
        if d == 2:
            return DefaultSizes(surface=surface, smallest=PLANE_GAP * median)
        return DefaultSizes(surface=surface, gap_part=FINEST_PART if few else 1.0)

    def exact_mesh(self) -> None:
        """Return that a mesh must be cut."""
        return

    def opened(self, axis: int) -> tuple[SphereGeometry, NDArray[np.int64]]:
        """Add the images of spheres that reach into the box through one of its ends.

        See `Geometry.opened`.
        """
        edge, place = float(self.box[axis]), self.centers[:, axis]
        above = np.flatnonzero(place < self.radii)
        below = np.flatnonzero(place > edge - self.radii)
        own = np.concatenate([np.arange(self.count), above, below])
        along = np.repeat([0.0, edge, -edge], [self.count, above.size, below.size])
        source = np.concatenate([[0], own + 1])
        opened = SphereGeometry(
            box=self.box,
            periodic=closed_along(self.periodic, axis),
            centers=self.centers[own] + along[:, None] * np.eye(self.box.size)[axis],
            radii=self.radii[own],
            label_material=self.label_material[source],
        )
        return opened, source


_LOOKED_AT = 8


class LooseSpheres(SphereGeometry):
    """Spheres of a sketch, not where they will be: overlaps count for nothing."""

    def nearest(self, x: FloatArray, k: int = 1) -> tuple[IntArray, FloatArray]:
        """Find k near particle surfaces among those of lowest power distance."""
        labels = self.lowest(x, min(k + _LOOKED_AT, self.count))
        signed = self._signed(x, labels)
        order = np.argsort(signed, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(labels, order, 1), np.take_along_axis(signed, order, 1)

    def contacts(self, reach: float) -> Contacts:
        """Return no pairs."""
        return no_contacts(self.box.size)


def place_spheres(spec: SpheresSpec, materials: Collection[str]) -> Microstructure:
    """Place spheres, or discs, as listed; overlaps are divided, walls clip."""
    where = "microstructure.spheres"
    check_material(spec.matrix, f"{where}.matrix", materials)
    for k, sphere in enumerate(spec.spheres):
        check_material(sphere.material, f"{where}.spheres[{k}].material", materials)
    names = tuple(dict.fromkeys([spec.matrix, *(s.material for s in spec.spheres)]))
    box = np.asarray(spec.box, dtype=float)
    geometry = SphereGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        centers=np.array([s.center for s in spec.spheres], dtype=float).reshape(-1, box.size),
        radii=np.array([s.radius for s in spec.spheres], dtype=float),
        label_material=np.array(
            [0, *(names.index(s.material) for s in spec.spheres)], dtype=np.int32
        ),
    )
    return Microstructure(
        materials=names,
        geometry=geometry,
        requested_volume_fraction=geometry.volume_fractions(names),
        particle_count=geometry.count,
        notes=_sphere_notes(geometry, where),
    )


def _sphere_notes(geometry: SphereGeometry, where: str) -> tuple[str, ...]:
    """Say which spheres overlap, vanish or are clipped."""
    notes = []
    overlaps = geometry.contacts(0.0)
    if len(overlaps):
        a, b = overlaps.labels[int(np.argmin(overlaps.gap))]
        notes.append(
            f"{where}: {_counted(len(overlaps))}, spheres[{a - 1}] and spheres[{b - 1}] most; "
            "the plane through their common circle divides them"
        )
    gone = np.flatnonzero(swallowed(geometry))
    if gone.size:
        listed = ", ".join(f"spheres[{k}]" for k in gone[:5])
        notes.append(f"{where}: {gone.size} lie inside another one and have no volume: {listed}")
    r = geometry.radii[:, None]
    beyond = (geometry.centers < r) | (geometry.centers > geometry.box - r)
    clipped = int(np.count_nonzero(np.any(beyond & ~geometry.periodic, axis=1)))
    if clipped:
        notes.append(f"{where}: the walls of the box clip {clipped} of them")
    return tuple(notes)


def _counted(pairs: int) -> str:
    return "1 pair overlaps" if pairs == 1 else f"{pairs} pairs overlap"
