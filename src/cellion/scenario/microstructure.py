"""The ``microstructure`` section: exactly one kind of geometry."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from cellion.scenario.boxes import BOX, PERIODIC, FlatOrSolidBox, one_or_more
from cellion.scenario.faults import FaultsError
from cellion.scenario.mesh_file import MeshFileSpec
from cellion.scenario.orientations import ALIGNED
from cellion.scenario.packing import PackingSpec
from cellion.scenario.polycrystal import BricksSpec, PolycrystalSpec
from cellion.scenario.values import (
    AXES,
    Axis,
    Coordinate,
    Flag,
    Integer,
    Length,
    Name,
    Section,
    Whole,
    fail,
    fraction,
    length,
    listed,
)

__all__ = [
    "KINDS",
    "BricksSpec",
    "CheckerboardSpec",
    "LayersSpec",
    "MeshFileSpec",
    "MicrostructureSpec",
    "PolycrystalSpec",
    "SphereSpec",
    "SpheresSpec",
]

type Kind = Literal["packing", "polycrystal", "spheres", "layers", "bricks", "checkerboard", "mesh"]

KINDS: tuple[Kind, ...] = (
    *("packing", "polycrystal", "spheres", "layers", "bricks", "checkerboard", "mesh"),
)
"""The kinds of geometry a scenario can hold."""

_TOLERANCE = 1e-9
_THINNEST = 1e-8
"""Thickness of a layer, over the longest edge of the box, that a mesh tells from its faces."""


class SphereSpec(Section):
    """One sphere; in two dimensions, one disc."""

    center: tuple[Coordinate, ...] = Field(
        description="Coordinates of the centre [m]; the origin is a corner of the box."
    )
    radius: Length = Field(description="Radius [m].")
    material: Name = Field(description="Material of the sphere.")


class SpheresSpec(Section):
    """Spheres at given places; in a two-dimensional box, discs."""

    box: FlatOrSolidBox = Field(description=BOX)
    periodic: Flag = Field(default=True, description=PERIODIC)
    matrix: Name = Field(description="Material around the spheres.")
    spheres: Annotated[tuple[SphereSpec, ...], AfterValidator(one_or_more)] = Field(
        description="The spheres; where two overlap, a point belongs to the one it lies deeper in."
    )

    @model_validator(mode="after")
    def _inside(self) -> SpheresSpec:
        """Check that every centre is a point of the box."""
        faults: list[tuple[tuple[str | int, ...], str]] = []
        for index, sphere in enumerate(self.spheres):
            at = ("spheres", index, "center")
            if len(sphere.center) != len(self.box):
                faults.append(
                    (
                        at,
                        f"found {len(sphere.center)} coordinates; the box has {len(self.box)} "
                        "edge lengths, one coordinate for each is needed",
                    )
                )
                continue
            faults += [
                ((*at, axis), f"found {x:.6g} m; inside the box it is between 0 and {edge:.6g} m")
                for axis, (x, edge) in enumerate(zip(sphere.center, self.box, strict=True))
                if not 0.0 <= x <= edge
            ]
        if faults:
            raise FaultsError(*faults)
        return self


class LayersSpec(Section):
    """Flat layers across the box."""

    box: FlatOrSolidBox = Field(description=BOX)
    periodic: Flag = Field(default=True, description=PERIODIC)
    axis: Axis | None = Field(
        default=None, description="Direction across the layers; give `axis` or `normal`."
    )
    normal: tuple[Integer, ...] | None = Field(
        default=None,
        description="Oblique layers: whole numbers [n1, n2, n3], one or two of them not zero. The "
        "layers are normal to (n1/L1, n2/L2, n3/L3), L the edge lengths, and repeat with the box.",
    )
    materials: Annotated[tuple[Name, ...], AfterValidator(one_or_more)] = Field(
        description="Material of each layer, in order."
    )
    thicknesses: Annotated[
        tuple[float, ...],
        WithJsonSchema(
            {
                "type": "array",
                "title": "a list of lengths with units, or of fractions",
                "items": {"type": ["string", "number"]},
                "minItems": 1,
                "examples": [["1 um", "2 um", "1 um"], [0.25, 0.5, 0.25]],
            }
        ),
    ] = Field(
        description="Thickness of each layer: with `axis`, lengths [m] that sum to the edge of the "
        "box; with `normal`, fractions that sum to 1."
    )

    @field_validator("thicknesses", mode="before")
    @classmethod
    def _read_thicknesses(cls, value: Any, info: ValidationInfo) -> list[float]:
        """Read lengths, or fractions when the layers have an oblique normal."""
        oblique = info.data.get("normal") is not None
        what = "a list of fractions" if oblique else "a list of lengths"
        return listed(value, what, fraction if oblique else length)

    @model_validator(mode="after")
    def _consistent(self) -> LayersSpec:
        """Check the direction and that the layers fill the box."""
        if (self.axis is None) == (self.normal is None):
            raise fail("give either 'axis' (x, y or z) or 'normal' (whole numbers), and not both")
        if self.normal is not None:
            total, where = 1.0, "the period"
            _check_normal(self.normal, len(self.box))
        else:
            edge = AXES.index(self.axis or "x")
            if edge >= len(self.box):
                raise fail("found 'z'; the box has two edge lengths, allowed: x, y", "axis")
            total, where = self.box[edge], f"the edge of the box along {self.axis}"
        if len(self.materials) != len(self.thicknesses):
            raise fail(
                f"found {len(self.thicknesses)} thicknesses for {len(self.materials)} materials; "
                "one for each is needed",
                "thicknesses",
            )
        thinnest = min(self.thicknesses)
        if thinnest <= 0.0:
            raise fail("a layer of thickness zero; every layer needs some", "thicknesses")
        if self.normal is None and thinnest < (1.0 - _TOLERANCE) * _THINNEST * max(self.box):
            raise fail(
                f"found a layer of {thinnest:.3g} m; allowed: {_THINNEST:g} of the longest edge of "
                f"the box, {_THINNEST * max(self.box):.3g} m, or more (thinner layers are "
                "`interfaces` with an area_resistance or a sheet_conductance)",
                "thicknesses",
            )
        if not math.isclose(math.fsum(self.thicknesses), total, rel_tol=_TOLERANCE):
            raise fail(
                f"they sum to {math.fsum(self.thicknesses):.9g}, but {where} is {total:.9g}; the "
                "layers must fill the box",
                "thicknesses",
            )
        return self


def _check_normal(normal: tuple[int, ...], dimension: int) -> None:
    """Check the whole numbers of an oblique normal."""
    if len(normal) != dimension:
        raise fail(
            f"found {len(normal)} numbers; the box has {dimension} edge lengths, one number for "
            "each is needed",
            "normal",
        )
    if sum(n != 0 for n in normal) not in (1, 2):
        raise fail(f"found {list(normal)}; one or two of the numbers must not be zero", "normal")


MOST_TILES = 1_000_000
"""Largest number of tiles in a box."""


class CheckerboardSpec(Section):
    """Equal rectangular tiles."""

    box: FlatOrSolidBox = Field(description=BOX)
    periodic: Flag = Field(default=True, description=PERIODIC)
    divisions: tuple[Whole, ...] = Field(description="Number of tiles along each edge.")
    materials: tuple[Name, ...] = Field(
        description="Two materials that alternate, or one for each tile, row by row, x fastest."
    )

    @model_validator(mode="after")
    def _consistent(self) -> CheckerboardSpec:
        """Check the numbers of tiles and materials."""
        if len(self.divisions) != len(self.box):
            raise fail(
                f"found {len(self.divisions)} numbers; the box has {len(self.box)} edge lengths, "
                "one number for each is needed",
                "divisions",
            )
        tiles = math.prod(self.divisions)
        if tiles > MOST_TILES:
            raise fail(f"found {tiles} tiles; at most {MOST_TILES} are possible", "divisions")
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
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise fail(
                f"found {' and '.join(given) or 'no kind'}; exactly one of {', '.join(KINDS)} is "
                "needed"
            )
        return self

    @property
    def kind(self) -> Kind:
        """Name of the kind that is given."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def periodic(self) -> bool:
        """Whether the box repeats."""
        return bool(getattr(self, self.kind).periodic)

    @property
    def box(self) -> tuple[float, ...] | None:
        """Edge lengths [m]; None for a mesh that is read from a file."""
        return getattr(getattr(self, self.kind), "box", None)

    @property
    def seed(self) -> int | None:
        """Seed of the random numbers; None where nothing is random."""
        return getattr(getattr(self, self.kind), "seed", None)

    @property
    def grains_of(self) -> str | None:
        """Material that is divided into grains with orientations; None where there is none."""
        if self.packing is not None and self.packing.matrix.polycrystal is not None:
            return self.packing.matrix.polycrystal.material
        if self.mesh is not None:
            return None if self.mesh.grains is None else self.mesh.grains.material
        whole = self.polycrystal or self.bricks
        return None if whole is None else whole.material

    @property
    def grains_aligned(self) -> bool:
        """Whether the crystal axes of all grains are known to be parallel."""
        inside = None if self.packing is None else self.packing.matrix.polycrystal
        whole = self.polycrystal or self.bricks or inside
        if whole is None:
            return False
        return whole.orientations is None or whole.orientations.word == ALIGNED
