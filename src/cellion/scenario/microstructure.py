"""The ``microstructure`` section: exactly one kind of geometry."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from cellion.scenario.layers import LayersSpec
from cellion.scenario.mesh_file import MeshFileSpec
from cellion.scenario.packing import PackingSpec
from cellion.scenario.polycrystal import PolycrystalSpec
from cellion.scenario.sections import Section, fail
from cellion.scenario.spheres import SpheresSpec
from cellion.scenario.tiles import BricksSpec, CheckerboardSpec

__all__ = ["KINDS", "MicrostructureSpec"]


class MicrostructureSpec(Section):
    """Exactly one kind of geometry; in the file the others are left out."""

    packing: PackingSpec | None = Field(default=None, description="Randomly packed particles.")
    polycrystal: PolycrystalSpec | None = Field(
        default=None, description="Grains of one material that fill the box."
    )
    spheres: SpheresSpec | None = Field(default=None, description="Spheres at given places.")
    layers: LayersSpec | None = Field(default=None, description="Flat layers across the box.")
    bricks: BricksSpec | None = Field(default=None, description="Equal bricks, each a grain.")
    checkerboard: CheckerboardSpec | None = Field(
        default=None, description="Equal rectangular tiles."
    )
    mesh: MeshFileSpec | None = Field(default=None, description="A mesh from a file.")

    @model_validator(mode="after")
    def _exactly_one(self) -> MicrostructureSpec:
        """Check that one kind, and only one, is given."""
        given = self.given(*KINDS)
        if len(given) != 1:
            raise fail(
                f"found {' and '.join(given) or 'no kind'}; exactly one of {', '.join(KINDS)} is "
                "needed"
            )
        return self

    @property
    def kind(self) -> str:
        """Name of the kind that is given."""
        return self.given(*KINDS)[0]

    @property
    def chosen(self) -> Any:
        """Section of the kind that is given."""
        return getattr(self, self.kind)

    @property
    def periodic(self) -> bool:
        """Whether the box repeats."""
        return bool(self.chosen.periodic)

    @property
    def box(self) -> tuple[float, ...] | None:
        """Edge lengths [m]; None for a mesh that is read from a file."""
        return getattr(self.chosen, "box", None)

    @property
    def seed(self) -> int | None:
        """Seed of the random numbers; None where nothing is random."""
        return getattr(self.chosen, "seed", None)

    @property
    def grains_of(self) -> str | None:
        """Material that is divided into grains with orientations; None where there is none."""
        grains = self.chosen.grain_section
        return None if grains is None else str(grains.material)

    @property
    def grains_aligned(self) -> bool:
        """Whether the crystal axes of all grains are known to be parallel."""
        grains = self.chosen.grain_section
        return grains is not None and bool(grains.aligned)


KINDS = tuple(MicrostructureSpec.model_fields)
"""The kinds of geometry a scenario can hold."""
