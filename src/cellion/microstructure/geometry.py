"""Microstructures: a box divided into labelled regions, each of one material.

A `Geometry` says which label a point has, and all that a mesher and a report ask of its kind.
Interfaces that are planes of a grid are meshed exactly; a `CutGeometry` has a scalar field for each
label instead, a point belongs to the label of the smallest one, and a mesh is cut where they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MicrostructureError, nearest
from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray, Pair
from cellion.microstructure.contacts import Particles, SizeLimits

__all__ = [
    "COARSE_PART",
    "FINEST_PART",
    "FINE_PART",
    "SKETCHED",
    "CutGeometry",
    "DefaultSizes",
    "Geometry",
    "LayerPlanes",
    "Microstructure",
    "Progress",
    "RandomBodies",
    "TileGrid",
    "by_material",
    "check_material",
    "closed_along",
    "cut_geometry",
]

type Progress = Callable[[str], None]

FINE_PART = {2: 16.0, 3: 8.0}
"""Cells per median radius (by volume) at the surfaces of a few particles: conductivities of
cubic arrays within 1 %, from insulating to perfectly conducting particles, up to 60 % volume."""

COARSE_PART = {2: 6.0, 3: 3.0}
"""Cells per median radius (by volume) at the surfaces of many particles: a practical scale for
packings, whose conductivity scatters by per cents from one realisation to the next."""

FINEST_PART = 4.0
"""Edge at surfaces in units of the smallest edge in gaps and necks."""

SKETCHED = 1000
"""Largest number of particles or grains that a sketch of a geometry still makes in full."""


@dataclass(frozen=True, kw_only=True)
class DefaultSizes:
    """Cell edges [m] that suit a geometry, where the user gives none.

    Attributes:
        surface: at surfaces; infinite where only the box sets a scale.
        smallest: floor where the field is singular; infinite where the edge at surfaces is.
        gap_part: edge at surfaces in units of the smallest edge in gaps.
    """

    surface: float = np.inf
    smallest: float = np.inf
    gap_part: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerPlanes:
    """Interfaces at the planes ``n . (x / L) = fraction + integer``; layers in ascending order.

    Attributes:
        normal: whole numbers n (d,).
        fractions: (n_layers - 1,) in (0, 1), ascending.
    """

    normal: IntArray
    fractions: FloatArray

    @property
    def axis(self) -> int | None:
        """The axis across the layers, None for oblique or repeated layers."""
        entries = np.flatnonzero(self.normal)
        return int(entries[0]) if entries.size == 1 and self.normal[entries[0]] == 1 else None


@dataclass(frozen=True, kw_only=True, eq=False)
class TileGrid:
    """Interfaces at the faces of equal tiles, numbered with x fastest.

    Attributes:
        divisions: tiles (d,) along each edge.
        pieces: label of the geometry that each tile is a part of, and its place there along each
            axis, (n_tiles, 1 + d); None where tiles are labels. Grains that are their own
            neighbours are three tiles wide, so that the first and the last meet at the boundary.
    """

    divisions: IntArray
    pieces: IntArray | None = None

    def tile(self, x: FloatArray, box: FloatArray, periodic: BoolArray) -> IntArray:
        """Return the tile (n,) of each point x (n, d) [m] of a box."""
        index = np.floor(x / box * self.divisions).astype(np.int64)
        wrapped = np.mod(index, self.divisions)
        index = np.where(periodic, wrapped, np.clip(index, 0, self.divisions - 1))
        stride = np.concatenate([[1], np.cumprod(self.divisions)[:-1]])
        return np.asarray(index @ stride).astype(np.int32)


class Geometry(Protocol):
    """Regions with labels 0 .. n_labels - 1."""

    @property
    def box(self) -> FloatArray:
        """Edge lengths (d,) [m]; the box spans from the origin."""

    @property
    def periodic(self) -> BoolArray:
        """Which axes (d,) repeat."""

    @property
    def label_material(self) -> IntArray:
        """Index (n_labels,) into the materials of the microstructure."""

    @property
    def particles(self) -> Particles | None:
        """The particles, whose labels are the last ones of the geometry; None without any."""

    def label(self, x: FloatArray) -> IntArray:
        """Return the label (n,) of each point x (n, d) [m]."""

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box, overlaps counted once."""

    def default_sizes(self) -> DefaultSizes:
        """Return the cell edges that suit it."""

    def exact_mesh(self) -> LayerPlanes | TileGrid | None:
        """Return the planes that its interfaces lie in; None where a mesh must be cut."""

    def opened(self, axis: int) -> tuple[Geometry, NDArray[np.int64]]:
        """Return the same region of space with ends along a periodic axis.

        Particles and grains that enter the box from beyond both ends have one label for each;
        grains that do not enter it keep a label of no volume.

        Returns:
            The geometry, and the label that each of its labels comes from.
        """


@runtime_checkable
class CutGeometry(Geometry, Protocol):
    """A geometry that meshes are cut along: fields of its labels, and where these meet.

    Labels have the shape (n,) or (n, k) at points (n, d); images count boxes,
    ``labels.shape + (d,)``, and are the nearest ones if not given.
    """

    def field(self, x: FloatArray, labels: IntArray, images: IntArray | None = None) -> FloatArray:
        """Return the fields of labels, in their shape."""

    def gradient(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return the gradients of the fields, ``labels.shape + (d,)``."""

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m] at x (n, d)."""

    def nearest_image(self, x: FloatArray, labels: IntArray) -> IntArray:
        """Return the image of each label nearest to x, in boxes: ``labels.shape + (d,)``."""

    def bounded(self, labels: IntArray) -> BoolArray:
        """Return which labels are particles, with surfaces of their own, in the same shape."""

    def meets_itself(self, reach: float) -> BoolArray:
        """Return along which axes labels are nearer than ``reach`` [m] to their own image.

        Shape (n_labels, d).
        """

    def together(
        self, x: FloatArray, labels: Pair, images: Pair, slack: FloatArray, seen: BoolArray
    ) -> BoolArray:
        """Tell whether two labels meet at points near the border between them.

        Args:
            x: points (n, d) [m].
            labels: the two labels at each point, (n,) each.
            images: their periodic images, (n, d) each.
            slack: distance (n,) [m] beyond the border that still counts.
            seen: whether an edge of the mesh leads from one to the other (n,).
        """

    def at_wall(
        self, x: FloatArray, labels: IntArray, images: IntArray, walls: BoolArray, slack: FloatArray
    ) -> BoolArray:
        """Tell whether labels reach all the walls that points on the box lie in.

        Args:
            x: points (n, d) [m], on the faces of the box.
            labels: a label (n,) at each point.
            images: its periodic image, (n, d).
            walls: normal axes (n, d) of the faces that each point lies in.
            slack: distance (n,) [m] beyond what lies in the wall that still counts.
        """


def cut_geometry(geometry: Geometry) -> CutGeometry:
    """Return a geometry that has fields to cut a mesh along.

    Raises:
        TypeError: it has none, and no planes either.
    """
    if not isinstance(geometry, CutGeometry):
        raise TypeError(f"geometries of type {type(geometry).__name__} have no mesh")
    return geometry


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomBodies:
    """Particles or grains at random places, of which a box should hold many.

    Attributes:
        noun: what they are, in the plural.
        count: their number.
        diameter: a typical one [m].
        across: axes (d,) along which the geometry varies.
    """

    noun: str
    count: int
    diameter: float
    across: BoolArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Microstructure:
    """A generated microstructure.

    Attributes:
        materials: names that ``geometry.label_material`` points into.
        geometry: the labelled regions.
        orientations: rotation (n_labels, d, d) from crystal to sample axes of each label; None
            when every crystal is aligned with the box.
        seed: seed of the random numbers used, None for explicit geometries.
        requested_volume_fraction: by material name, as asked for (all materials present).
        particle_count: number of particles, pores included; 0 for layers and tiles.
        bodies: what is placed at random; None where places are given.
        numbers: further plain numbers by name, such as ``largest_overlap`` (relative to the sum
            of two radii) or ``smallest_gap`` [m].
        notes: sentences stating the models and choices behind the geometry.
    """

    materials: tuple[str, ...]
    geometry: Geometry
    orientations: FloatArray | None = None
    seed: int | None = None
    requested_volume_fraction: Mapping[str, float] = field(default_factory=dict)
    particle_count: int = 0
    bodies: RandomBodies | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def box(self) -> FloatArray:
        """Edge lengths (d,) [m]."""
        return self.geometry.box

    @property
    def periodic(self) -> BoolArray:
        """Which axes (d,) repeat."""
        return self.geometry.periodic

    def opened(self, axis: int) -> Self:
        """Return the microstructure with ends along one axis (see `Geometry.opened`)."""
        if not self.periodic[axis]:
            return self
        geometry, source = self.geometry.opened(axis)
        turned = self.orientations
        return replace(
            self, geometry=geometry, orientations=None if turned is None else turned[source]
        )


def by_material(
    share: FloatArray, label_material: IntArray, materials: Collection[str]
) -> dict[str, float]:
    """Sum the numbers (n_labels,) of the labels of each material, by its name."""
    sums = np.bincount(label_material, share, len(materials))
    return dict(zip(materials, (float(s) for s in sums), strict=True))


def check_material(name: str, where: str, materials: Collection[str]) -> None:
    """Refuse a name that is not a material.

    Raises:
        MicrostructureError: it is not; the message begins with the key path ``where``.
    """
    if name not in materials:
        raise MicrostructureError(
            f"{where}: '{name}' is not a material; known are "
            f"{', '.join(materials)}{nearest(name, materials)}"
        )


def closed_along(periodic: BoolArray, axis: int) -> BoolArray:
    """Return which axes repeat when one does not any more."""
    return np.asarray(periodic & (np.arange(periodic.size) != axis))
