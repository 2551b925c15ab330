"""The sections ``microstructure.checkerboard`` and ``bricks``: equal tiles."""

from __future__ import annotations

import math

from pydantic import Field, model_validator

from cellion.scenario.boxes import BoxSection, per_edge
from cellion.scenario.faults import FaultsError
from cellion.scenario.orientations import ALIGNED, OrientationsSpec
from cellion.scenario.polycrystal import MOST_GRAINS
from cellion.scenario.sections import fail
from cellion.scenario.values import AXES, Name, Seed, Whole

__all__ = ["BricksSpec", "CheckerboardSpec"]

MOST_TILES = 1_000_000
"""Largest number of tiles in a box."""


class CheckerboardSpec(BoxSection):
    """Equal rectangular tiles."""

    divisions: tuple[Whole, ...] = Field(description="Number of tiles along each edge.")
    materials: tuple[Name, ...] = Field(
        description="Two materials that alternate, or one for each tile, row by row, x fastest."
    )

    @model_validator(mode="after")
    def _consistent(self) -> CheckerboardSpec:
        """Check the numbers of tiles and materials."""
        tiles = _count(self, MOST_TILES, "tiles")
        if len(self.materials) not in (2, tiles):
            raise fail(
                f"found {len(self.materials)} materials; two that alternate are needed, or one for "
                f"each of the {tiles} tiles",
                "materials",
            )
        odd = [axis for axis, count in zip(AXES, self.divisions, strict=False) if count % 2]
        if self.periodic and odd and len(self.materials) != tiles:
            raise fail(
                f"found an odd number of tiles along {', '.join(odd)}; two alternating materials "
                "in a periodic box need even numbers, else equal tiles meet across its faces",
                "divisions",
            )
        return self


class BricksSpec(BoxSection):
    """Equal bricks of one material, each a grain with boundaries to its neighbours.

    In a periodic box a single brick along an axis is its own neighbour, with a boundary between.
    """

    divisions: tuple[Whole, ...] = Field(description="Number of bricks along each edge.")
    material: Name = Field(description="Material of the bricks.")
    orientations: OrientationsSpec | None = Field(
        default=None,
        description="Orientations of the crystal axes, bricks row by row, x fastest. Without it, "
        "they lie along x, y, z.",
    )
    seed: Seed | None = Field(
        default=None, description="Seed of the random numbers; needed for random orientations."
    )

    @model_validator(mode="after")
    def _consistent(self) -> BricksSpec:
        """Check the numbers of bricks and orientations."""
        bricks = _count(self, MOST_GRAINS, "bricks")
        if self.orientations is None:
            return self
        if self.orientations.random and self.seed is None:
            raise fail(
                "the key 'seed' is missing; the orientations are random, give for example 'seed: 7'"
            )
        faults = self.orientations.count_faults(bricks, "bricks")
        if faults:
            raise FaultsError(*faults)
        return self

    @property
    def grain_section(self) -> BricksSpec:
        """The section itself: each brick is a grain."""
        return self

    @property
    def aligned(self) -> bool:
        """Whether the crystal axes of all bricks are parallel."""
        return self.orientations is None or self.orientations.word == ALIGNED


def _count(spec: CheckerboardSpec | BricksSpec, most: int, noun: str) -> int:
    """Return the number of tiles, or bricks, of a box."""
    if message := per_edge(spec.box, spec.divisions):
        raise fail(message, "divisions")
    count = math.prod(spec.divisions)
    if count > most:
        raise fail(f"found {count} {noun}; at most {most} are possible", "divisions")
    return count
