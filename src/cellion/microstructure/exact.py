"""Layers and checkerboards: geometries whose interfaces are planes, meshed exactly on grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.contacts import GROWTH
from cellion.microstructure.geometry import FloatArray, IntArray, SizeLimits

__all__ = ["CheckerboardGeometry", "LayerGeometry"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerGeometry:
    """Flat layers; label k is the k-th layer.

    The position across the layers is s = sum_i n_i x_i / L_i, modulo 1 where the layers repeat;
    layer k is ``breaks[k] <= s < breaks[k + 1]``. Its field is the distance to the layer [m],
    negative inside.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        normal: whole numbers n (d,); one unit entry for layers across an axis.
        breaks: (n_layers + 1,) ascending from 0 to 1.
        label_material: (n_layers,) index of the material of each layer.
    """

    box: FloatArray
    periodic: NDArray[np.bool_]
    normal: IntArray
    breaks: FloatArray
    label_material: IntArray

    @property
    def axis(self) -> int | None:
        """The axis across the layers, None for oblique or repeated layers."""
        entries = np.flatnonzero(self.normal)
        return int(entries[0]) if entries.size == 1 and self.normal[entries[0]] == 1 else None

    @property
    def planes(self) -> tuple[FloatArray, ...]:
        """Grid planes per axis [m], ends included: the interfaces along `axis`, else the ends."""
        ends = [np.array([0.0, edge]) for edge in self.box]
        if self.axis is not None:
            ends[self.axis] = self.breaks * self.box[self.axis]
        return tuple(ends)

    @property
    def _repeats(self) -> bool:
        """Whether s is taken modulo 1: always but between walls across an axis."""
        return self.axis is None or bool(self.periodic[self.axis])

    @property
    def _slope(self) -> FloatArray:
        """Gradient (d,) of s [1/m]."""
        return np.asarray(self.normal / self.box, dtype=float)

    def position(self, x: FloatArray) -> FloatArray:
        """Return s (n,) in [0, 1) (between walls: [0, 1]) of points x (n, d) [m]."""
        s: FloatArray = np.asarray(x @ self._slope, dtype=float)
        if not self._repeats:
            return np.clip(s, 0.0, 1.0)
        s = s - np.floor(s)
        return np.where(s >= 1.0, 0.0, s)

    def label(self, x: FloatArray) -> IntArray:
        """Return the layer (n,) of each point x (n, d) [m]."""
        layer = np.searchsorted(self.breaks, self.position(x), side="right") - 1
        return np.clip(layer, 0, self.label_material.size - 1).astype(np.int32)

    def _from_middle(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return s less the middle of the layers ``labels``, nearest image."""
        middle = 0.5 * (self.breaks[:-1] + self.breaks[1:])
        s = self.position(x).reshape(-1, *([1] * (labels.ndim - 1)))
        away = s - middle[labels]
        return away - np.rint(away) if self._repeats else away

    def field(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the distances [m] to the layers ``labels`` (n,) or (n, k), negative inside."""
        half = 0.5 * np.diff(self.breaks)[labels]
        scale = np.linalg.norm(self._slope)
        return np.asarray((np.abs(self._from_middle(x, labels)) - half) / scale, dtype=float)

    def gradient(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the gradients of the fields, ``labels.shape + (d,)``: unit normals."""
        unit = self._slope / np.linalg.norm(self._slope)
        return np.asarray(np.sign(self._from_middle(x, labels))[..., None] * unit, dtype=float)

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m]: ``surface`` at interfaces, growing to ``size``."""
        return _graded(-self.field(x, self.label(x)), sizes)


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckerboardGeometry:
    """Equal rectangular tiles; label = i + nx (j + ny k) of tile (i, j, k).

    The field of a tile is the largest of the distances [m] beyond its faces, negative inside.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        divisions: tiles (d,) along each edge.
        label_material: (n_tiles,) index of the material of each tile, x fastest.
        grains: whether a tile that is its own neighbour across the period has a boundary there.
    """

    box: FloatArray
    periodic: NDArray[np.bool_]
    divisions: IntArray
    label_material: IntArray
    grains: bool = False

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Axes (d,) along which every tile has a boundary with its own image."""
        return np.asarray(self.grains & self.periodic & (self.divisions == 1))

    @property
    def planes(self) -> tuple[FloatArray, ...]:
        """Grid planes per axis [m], ends included."""
        return tuple(
            np.linspace(0.0, edge, int(n) + 1)
            for edge, n in zip(self.box, self.divisions, strict=True)
        )

    def label(self, x: FloatArray) -> IntArray:
        """Return the tile (n,) of each point x (n, d) [m]."""
        index = np.floor(x / self.box * self.divisions).astype(np.int64)
        wrapped = np.mod(index, self.divisions)
        index = np.where(self.periodic, wrapped, np.clip(index, 0, self.divisions - 1))
        stride = np.concatenate([[1], np.cumprod(self.divisions)[:-1]])
        return np.asarray(index @ stride).astype(np.int32)

    def _from_center(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the vectors from the centres of the tiles ``labels`` to x, nearest image."""
        stride = np.concatenate([[1], np.cumprod(self.divisions)[:-1]])
        index = labels[..., None] // stride % self.divisions
        center = (index + 0.5) * (self.box / self.divisions)
        away = np.expand_dims(x, tuple(range(1, labels.ndim))) - center
        image = self.box * np.rint(away / self.box)
        return np.asarray(away - np.where(self.periodic, image, 0.0), dtype=float)

    def field(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the fields [m] of the tiles ``labels`` (n,) or (n, k)."""
        beyond = np.abs(self._from_center(x, labels)) - 0.5 * self.box / self.divisions
        return np.asarray(np.max(beyond, axis=-1), dtype=float)

    def gradient(self, x: FloatArray, labels: IntArray) -> FloatArray:
        """Return the gradients of the fields, ``labels.shape + (d,)``: unit vectors."""
        away = self._from_center(x, labels)
        beyond = np.abs(away) - 0.5 * self.box / self.divisions
        face = np.argmax(beyond, axis=-1)[..., None] == np.arange(self.box.size)
        return np.where(face, np.sign(away), 0.0)

    def size(self, x: FloatArray, sizes: SizeLimits) -> FloatArray:
        """Return the wanted cell edge (n,) [m]: ``surface`` at interfaces, growing to ``size``."""
        return _graded(-self.field(x, self.label(x)), sizes)


def _graded(distance: FloatArray, sizes: SizeLimits) -> FloatArray:
    """Return cell edges [m] that grow from interfaces at ``distance`` (n,) [m]."""
    return np.clip(sizes.surface + GROWTH * np.abs(distance), sizes.smallest, sizes.size)
