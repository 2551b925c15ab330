"""Flat layers: across an axis, or oblique and repeating with the box."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray
from cellion.microstructure.geometry import (
    DefaultSizes,
    LayerPlanes,
    Microstructure,
    by_material,
    check_material,
    closed_along,
)
from cellion.scenario.layers import LayersSpec

__all__ = ["LayerGeometry", "place_layers"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerGeometry:
    """Flat layers; label k is the k-th layer.

    The position across the layers is s = sum_i n_i x_i / L_i, modulo 1 where the layers repeat;
    layer k is ``breaks[k] <= s < breaks[k + 1]``.

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        normal: whole numbers n (d,); one unit entry for layers across an axis.
        breaks: (n_layers + 1,) ascending from 0 to 1.
        label_material: (n_layers,) index of the material of each layer.
    """

    box: FloatArray
    periodic: BoolArray
    normal: IntArray
    breaks: FloatArray
    label_material: IntArray

    @property
    def particles(self) -> None:
        """There are none."""
        return None

    @property
    def _repeats(self) -> bool:
        """Whether s is taken modulo 1: always but between walls across an axis."""
        axis = self.exact_mesh().axis
        return axis is None or bool(self.periodic[axis])

    def position(self, x: FloatArray) -> FloatArray:
        """Return s (n,) in [0, 1) (between walls: [0, 1]) of points x (n, d) [m]."""
        s: FloatArray = np.asarray(x @ (self.normal / self.box), dtype=float)
        if not self._repeats:
            return np.clip(s, 0.0, 1.0)
        s = s - np.floor(s)
        return np.where(s >= 1.0, 0.0, s)

    def label(self, x: FloatArray) -> IntArray:
        """Return the layer (n,) of each point x (n, d) [m]."""
        layer = np.searchsorted(self.breaks, self.position(x), side="right") - 1
        return np.clip(layer, 0, self.label_material.size - 1).astype(np.int32)

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box."""
        return by_material(np.diff(self.breaks), self.label_material, materials)

    def default_sizes(self) -> DefaultSizes:
        """Return that only the box sets a scale."""
        return DefaultSizes()

    def exact_mesh(self) -> LayerPlanes:
        """Return the planes between the layers."""
        return LayerPlanes(normal=self.normal, fractions=self.breaks[1:-1])

    def opened(self, axis: int) -> tuple[LayerGeometry, NDArray[np.int64]]:
        """Return the same layers with ends, and their labels (see `Geometry.opened`)."""
        periodic = closed_along(self.periodic, axis)
        return replace(self, periodic=periodic), np.arange(self.label_material.size)


def place_layers(spec: LayersSpec, materials: Collection[str]) -> Microstructure:
    """Stack layers across an axis, or normal to a lattice direction."""
    for k, name in enumerate(spec.materials):
        check_material(name, f"microstructure.layers.materials[{k}]", materials)
    box = np.asarray(spec.box, dtype=float)
    unit = np.eye(box.size, dtype=np.int32)["xyz".index(spec.axis or "x")]
    normal = unit if spec.normal is None else np.array(spec.normal, dtype=np.int32)
    breaks = np.cumsum([0.0, *spec.thicknesses]) / np.sum(spec.thicknesses)
    breaks[-1] = 1.0
    names = tuple(dict.fromkeys(spec.materials))
    geometry = LayerGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        normal=normal,
        breaks=breaks,
        label_material=np.array([names.index(m) for m in spec.materials], dtype=np.int32),
    )
    return Microstructure(
        materials=names,
        geometry=geometry,
        requested_volume_fraction=geometry.volume_fractions(names),
    )
