"""Labels of a geometry as bodies: images of a label that nearly meets itself are told apart.

A body is one integer: its label, plus a multiple of the number of labels for each periodic image
but the one inside the box. Images of labels that meet no image of their own are one body, and that
integer is the label. Moved by a period, a vertex finds the same bodies around it, moved as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.geometry import CutGeometry

__all__ = ["Bodies"]

type Ints = NDArray[np.int32]
type Floats = NDArray[np.float64]

_BASE = 5
"""Images along an axis that a body may have around a point of the box: -2 to 2."""


@dataclass(frozen=True, kw_only=True)
class Bodies:
    """Labels of a geometry with their images.

    Attributes:
        geometry: The fields of the labels.
        reach: Distance below which a label and its own image are told apart [m].
    """

    geometry: CutGeometry
    reach: float = 0.0

    @cached_property
    def _count(self) -> int:
        return len(self.geometry.label_material)

    @cached_property
    def _several(self) -> NDArray[np.bool_]:
        """Labels whose images are bodies of their own."""
        return np.asarray(self.geometry.meets_itself(self.reach).any(axis=1))

    @cached_property
    def _plain(self) -> bool:
        """Whether all bodies are labels."""
        return not self._several.any()

    @property
    def box(self) -> Floats:
        """Edge lengths of the box, shape (d,) [m]."""
        return self.geometry.box

    def at(self, x: Floats) -> Ints:
        """Body that each point is in, shape (n, d) -> (n,)."""
        labels = self.geometry.label(x).astype(np.int32)
        if self._plain:
            return labels
        return self._joined(labels, self.geometry.nearest_image(x, labels))

    def labels(self, bodies: Ints) -> Ints:
        """Label of each body; -1 stays."""
        return bodies if self._plain else np.where(bodies < 0, bodies, bodies % self._count)

    def moved(self, bodies: Ints, shift: NDArray[np.integer]) -> Ints:
        """Bodies that a vertex moved by whole boxes finds in place of others.

        Args:
            bodies: Shape (n,) or (n, k); -1 stays.
            shift: Boxes by which each vertex is moved, shape (n, d).
        """
        if self._plain or not shift.any():
            return bodies
        shift = shift.reshape(len(shift), *([1] * (bodies.ndim - 1)), -1)
        labels = self.labels(bodies)
        return np.where(bodies < 0, bodies, self._joined(labels, self._boxes(bodies) + shift))

    def at_canonical(
        self, points: Floats, cells: NDArray[np.int64], bodies: Ints, image_of: NDArray[np.int64]
    ) -> Ints:
        """Bodies of cells as the canonical images of their corners find them.

        Args:
            points: Coordinates of vertices, shape (n, d) [m].
            cells: Vertices of cells or facets, shape (m, k).
            bodies: Body of each, shape (m,).
            image_of: Canonical vertex of each vertex, shape (n,).

        Returns:
            Shape (m, k), or (m, 1) where all corners find the same.
        """
        if self._plain:
            return bodies[:, None]
        corners = cells.ravel()
        away = np.rint((points[image_of[corners]] - points[corners]) / self.box).astype(np.int32)
        return self.moved(np.repeat(bodies, cells.shape[1]), away).reshape(cells.shape)

    def field(self, x: Floats, bodies: Ints) -> Floats:
        """Fields of bodies (n,) or (n, k) at points (n, d), in their shape."""
        if self._plain:
            return self.geometry.field(x, bodies)
        labels = self.labels(bodies)
        return self.geometry.field(x, labels, self.images(x, bodies))

    def gradient(self, x: Floats, bodies: Ints) -> Floats:
        """Gradients of the fields, ``bodies.shape + (d,)``."""
        if self._plain:
            return self.geometry.gradient(x, bodies)
        labels = self.labels(bodies)
        return self.geometry.gradient(x, labels, self.images(x, bodies))

    def bounded(self, bodies: Ints) -> NDArray[np.bool_]:
        """Whether bodies are particles, with surfaces of their own, in the shape of `bodies`."""
        return self.geometry.bounded(self.labels(bodies))

    def together(
        self, x: Floats, first: Ints, second: Ints, slack: Floats, seen: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Whether two bodies meet at each point, or at most `slack` [m] beyond it, shape (n,)."""
        both = (first, second)
        labels = (self.labels(first), self.labels(second))
        images = (self.images(x, both[0]), self.images(x, both[1]))
        return self.geometry.together(x, labels, images, slack, seen)

    def at_wall(
        self, x: Floats, bodies: Ints, walls: NDArray[np.bool_], slack: Floats
    ) -> NDArray[np.bool_]:
        """Whether bodies (n,) reach the walls (n, d) that each point of the box lies in."""
        labels = self.labels(bodies)
        return self.geometry.at_wall(x, labels, self.images(x, bodies), walls, slack)

    def images(self, x: Floats, bodies: Ints) -> Ints:
        """Image of each body, nearest to x where all are one body, ``bodies.shape + (d,)``."""
        labels = self.labels(bodies)
        nearest = self.geometry.nearest_image(x, labels)
        if self._plain:
            return nearest
        return np.where(self._several[labels][..., None], self._boxes(bodies), nearest)

    def _joined(self, labels: Ints, boxes: Ints) -> Ints:
        """Bodies of labels and images."""
        weights = _BASE ** np.arange(boxes.shape[-1])
        image = (boxes % _BASE) @ weights
        return np.where(self._several[labels], labels + self._count * image, labels).astype(
            np.int32
        )

    def _boxes(self, bodies: Ints) -> Ints:
        """Images of bodies, 0 where all are one, ``bodies.shape + (d,)``."""
        image = np.maximum(bodies, 0) // self._count
        d = len(self.geometry.box)
        digits = image[..., None] // _BASE ** np.arange(d) % _BASE
        return np.where(digits > _BASE // 2, digits - _BASE, digits).astype(np.int32)
