"""What a microstructure is: a box divided into labelled regions, each of one material.

Every geometry follows one idea: each label has a scalar field, and a point belongs to the label
whose field is smallest there. A mesher needs no more than that to place interfaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SKETCHED",
    "CutGeometry",
    "FloatArray",
    "Geometry",
    "IntArray",
    "Microstructure",
    "Progress",
    "SizeLimits",
    "wrap",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

type Progress = Callable[[str], None]

SKETCHED = 1000
"""Largest number of particles or grains that a sketch of a geometry still makes in full."""


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


class Geometry(Protocol):
    """Labels 0 .. n_labels-1, each with a field; a point belongs to the smallest one."""

    @property
    def box(self) -> FloatArray:
        """Edge lengths (d,) [m]; the box spans from the origin."""

    @property
    def periodic(self) -> NDArray[np.bool_]:
        """Which axes (d,) repeat."""

    @property
    def label_material(self) -> IntArray:
        """Index (n_labels,) into the materials of the microstructure."""

    def label(self, x: FloatArray) -> IntArray:
        """Return the label (n,) of each point x (n, d) [m]."""

    def field(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the fields of ``labels`` (n,) or (n, k) at x (n, d), in their shape."""

    def gradient(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the gradients of the fields, of shape ``labels.shape + (d,)``."""

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m] at x (n, d)."""


class CutGeometry(Geometry, Protocol):
    """A geometry that meshes are cut along: it knows where its labels meet, images included."""

    def field(self, x: FloatArray, labels: IntArray, images: IntArray | None = None) -> FloatArray:
        """Return fields as `Geometry.field`, of given images (``labels.shape + (d,)``)."""

    def gradient(
        self, x: FloatArray, labels: IntArray, images: IntArray | None = None
    ) -> FloatArray:
        """Return gradients as `Geometry.gradient`, of given images (``labels.shape + (d,)``)."""

    def nearest_image(self, x: FloatArray, labels: IntArray) -> IntArray:
        """Return the image of each label nearest to x, in boxes: ``labels.shape + (d,)``."""

    def bounded(self, labels: IntArray) -> NDArray[np.bool_]:
        """Return which labels are particles, with surfaces of their own, in the same shape."""

    def meets_itself(self, reach: float) -> NDArray[np.bool_]:
        """Return along which axes labels are nearer than ``reach`` [m] to their own image.

        Shape (n_labels, d).
        """

    def together(
        self,
        x: FloatArray,
        labels: tuple[IntArray, IntArray],
        images: tuple[IntArray, IntArray],
        slack: FloatArray,
        seen: NDArray[np.bool_],
    ) -> NDArray[np.bool_]:
        """Tell whether two labels meet at each point, or at most ``slack`` [m] beyond it."""

    def at_wall(
        self,
        x: FloatArray,
        labels: IntArray,
        images: IntArray,
        walls: NDArray[np.bool_],
        slack: FloatArray,
    ) -> NDArray[np.bool_]:
        """Tell whether labels reach the walls (n, d) that each point of the box lies in."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Microstructure:
    """A generated microstructure.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        materials: names that ``geometry.label_material`` points into.
        geometry: the labelled regions.
        orientations: rotation (n_labels, d, d) from crystal to sample axes of each label; None
            when every crystal is aligned with the box.
        seed: seed of the random numbers used, None for explicit geometries.
        requested_volume_fraction: by material name, as asked for (all materials present).
        particle_count: number of particles, pores included; 0 for layers and tiles.
        numbers: further plain numbers by name, such as ``largest_overlap`` (relative to the sum
            of two radii) or ``smallest_gap`` [m].
        notes: sentences stating the models and choices behind the geometry.
    """

    box: FloatArray
    periodic: NDArray[np.bool_]
    materials: tuple[str, ...]
    geometry: Geometry
    orientations: FloatArray | None = None
    seed: int | None = None
    requested_volume_fraction: Mapping[str, float] = field(default_factory=dict)
    particle_count: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def wrap(x: FloatArray, box: FloatArray, periodic: NDArray[np.bool_]) -> FloatArray:
    """Move points x (n, d) [m] into [0, L) along periodic axes; other axes stay as they are."""
    inside = np.where(periodic, np.mod(x, box), x)
    # np.mod of a tiny negative number rounds to L itself, which is the image of 0.
    return np.where(periodic & (inside >= box), 0.0, inside)
