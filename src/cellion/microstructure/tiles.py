"""Equal tiles: checkerboards of materials, and bricks that are grains."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.microstructure.arrays import BoolArray, FloatArray, IntArray
from cellion.microstructure.geometry import (
    DefaultSizes,
    Microstructure,
    TileGrid,
    by_material,
    check_material,
    closed_along,
)
from cellion.microstructure.orientations import orient
from cellion.scenario.tiles import BricksSpec, CheckerboardSpec

__all__ = ["CheckerboardGeometry", "place_bricks", "place_tiles"]

TILE_PARTS = {2: 1e-5, 3: 1.0 / 64.0}
"""Smallest cell edge where tiles meet, in units of the box, by dimension. The field is singular
there; refinement towards points (2D) is cheap, towards lines (3D) it is not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckerboardGeometry:
    """Equal rectangular tiles; label = i + nx (j + ny k) of tile (i, j, k).

    Attributes:
        box: edge lengths (d,) [m].
        periodic: which axes (d,) repeat.
        divisions: tiles (d,) along each edge.
        label_material: (n_tiles,) index of the material of each tile, x fastest.
        grains: whether a tile that is its own neighbour across the period has a boundary there.
    """

    box: FloatArray
    periodic: BoolArray
    divisions: IntArray
    label_material: IntArray
    grains: bool = False

    @property
    def alone(self) -> BoolArray:
        """Axes (d,) along which every tile has a boundary with its own image."""
        return np.asarray(self.grains & self.periodic & (self.divisions == 1))

    @property
    def particles(self) -> None:
        """There are none."""
        return None

    def label(self, x: FloatArray) -> IntArray:
        """Return the tile (n,) of each point x (n, d) [m]."""
        return TileGrid(divisions=self.divisions).tile(x, self.box, self.periodic)

    def volume_fractions(self, materials: Collection[str]) -> dict[str, float]:
        """Return the volume fraction of each material in the box."""
        count = self.label_material.size
        return by_material(np.full(count, 1.0 / count), self.label_material, materials)

    def default_sizes(self) -> DefaultSizes:
        """Return a quarter of a tile, and the finer edge where tiles of two materials meet."""
        surface = float((self.box / self.divisions).min()) / 4
        if len(np.unique(self.label_material)) == 1:  # bricks: no contrast, hardly singular
            return DefaultSizes(surface=surface)
        return DefaultSizes(
            surface=surface, smallest=float(self.box.max()) * TILE_PARTS[self.box.size]
        )

    def exact_mesh(self) -> TileGrid:
        """Return the tiles, divided along the axes along which they meet their own images."""
        alone, before = self.alone, self.divisions
        if not alone.any():
            return TileGrid(divisions=before)
        divisions = np.where(alone, 3, before).astype(np.int32)
        tiles = np.arange(int(np.prod(divisions)))
        index = np.stack(np.unravel_index(tiles, tuple(divisions.tolist()), order="F"), axis=1)
        origin = np.where(alone, 0, index) @ np.cumprod([1, *before[:-1]])
        pieces = np.column_stack([origin, np.where(alone, index, 0)]).astype(np.int32)
        return TileGrid(divisions=divisions, pieces=pieces)

    def opened(self, axis: int) -> tuple[CheckerboardGeometry, NDArray[np.int64]]:
        """Return the same tiles with ends, and their labels (see `Geometry.opened`)."""
        periodic = closed_along(self.periodic, axis)
        return replace(self, periodic=periodic), np.arange(self.label_material.size)


def place_tiles(spec: CheckerboardSpec, materials: Collection[str]) -> Microstructure:
    """Tile the box with two alternating materials, or one for each tile."""
    for k, name in enumerate(spec.materials):
        check_material(name, f"microstructure.checkerboard.materials[{k}]", materials)
    box, divisions = np.asarray(spec.box, dtype=float), np.array(spec.divisions, dtype=np.int32)
    names = tuple(dict.fromkeys(spec.materials))
    count = int(np.prod(divisions))
    tile = np.arange(count)
    if len(spec.materials) != count:
        index = np.unravel_index(tile, tuple(int(n) for n in divisions), order="F")
        tile = np.sum(index, axis=0) % 2
    of_entry = np.array([names.index(m) for m in spec.materials], dtype=np.int32)
    geometry = CheckerboardGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        divisions=divisions,
        label_material=of_entry[tile],
    )
    return Microstructure(
        materials=names,
        geometry=geometry,
        requested_volume_fraction=geometry.volume_fractions(names),
    )


def place_bricks(spec: BricksSpec, materials: Collection[str]) -> Microstructure:
    """Divide the box into equal bricks of one material, each with its label."""
    where = "microstructure.bricks"
    check_material(spec.material, f"{where}.material", materials)
    box = np.asarray(spec.box, dtype=float)
    count = int(np.prod(spec.divisions))
    geometry = CheckerboardGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        divisions=np.array(spec.divisions, dtype=np.int32),
        label_material=np.zeros(count, np.int32),
        grains=True,
    )
    orientations = None
    if spec.orientations is not None:
        at = f"{where}.orientations"
        orientations = orient(spec.orientations, count, box.size, spec.seed, at)
    return Microstructure(
        materials=(spec.material,),
        geometry=geometry,
        orientations=orientations,
        seed=spec.seed,
        requested_volume_fraction={spec.material: 1.0},
        numbers={"grains": float(count)},
    )
