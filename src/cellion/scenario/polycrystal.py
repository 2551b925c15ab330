"""The sections ``microstructure.polycrystal`` and ``bricks``, and grains as a matrix."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from cellion.scenario.boxes import BOX, PERIODIC, FlatOrSolidBox, one_or_more
from cellion.scenario.diameters import DiameterSpec
from cellion.scenario.faults import FaultsError
from cellion.scenario.orientations import OrientationsSpec
from cellion.scenario.paths import KeyPath
from cellion.scenario.values import (
    AXES,
    Axis,
    Coordinate,
    Flag,
    Length,
    Name,
    Section,
    Seed,
    Whole,
    fail,
    name,
)

__all__ = [
    "MOST_GRAINS",
    "BricksSpec",
    "GrainsSpec",
    "MatrixGrainsSpec",
    "MatrixSpec",
    "PolycrystalSpec",
    "SeedSpec",
    "grain_faults",
]

MOST_GRAINS = 20_000
"""Largest number of grains in a box."""

_FORMS = ("grains", "size", "seeds")
_RANDOM = OrientationsSpec.model_validate("random")


class SeedSpec(Section):
    """One seed, around which a grain lies."""

    center: tuple[Coordinate, ...] = Field(
        description="Coordinates [m]; the origin is a corner of the box."
    )
    radius: Length | None = Field(
        default=None,
        description="Weight of the grain as a radius r [m]: a point x belongs to the grain of "
        "smallest |x - c|^2 - r^2. Without radii, to the nearest seed.",
    )


class GrainsSpec(Section):
    """Grains of one material: how many, how large, or where; and how their crystals lie."""

    material: Name = Field(description="Material of the grains.")
    grains: Whole | None = Field(
        default=None,
        description="Number of grains, around random points (a Poisson-Voronoi tessellation). "
        "Give one of `grains`, `size`, `seeds`.",
    )
    size: DiameterSpec | None = Field(
        default=None,
        description="Diameters of the spheres (2D: discs) of the same volumes as the grains; the "
        "volumes are met exactly.",
    )
    seeds: Annotated[tuple[SeedSpec, ...] | None, AfterValidator(one_or_more)] = Field(
        default=None, description="Seeds at given places, one for each grain."
    )
    orientations: OrientationsSpec = Field(
        default=_RANDOM,
        description="Orientations of the crystal axes, to which conductivities refer.",
        json_schema_extra={"default": "random"},
    )

    @property
    def known_count(self) -> int | None:
        """Number of grains, if it is plain from the request."""
        return self.grains if self.seeds is None else len(self.seeds)


class MatrixGrainsSpec(GrainsSpec):
    """Grains that the space between particles is divided into."""


def _or_name(schema: dict[str, Any]) -> None:
    """Allow a bare name beside the mapping in a JSON schema."""
    mapping = dict(schema)
    mapping["properties"].pop("material", None)
    mapping["required"] = ["polycrystal"]
    schema.clear()
    schema["anyOf"] = [{"type": "string", "title": "a name", "examples": ["SE"]}, mapping]


class MatrixSpec(Section):
    """What lies between particles: the bare name of a material, or grains of it."""

    model_config = ConfigDict(json_schema_extra=_or_name)

    material: Name = Field(description="Stands for the bare name.")
    polycrystal: MatrixGrainsSpec | None = Field(
        default=None, description="Grains that the matrix is divided into."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        """Take a bare name for a mapping, and the material from the grains."""
        if isinstance(value, MatrixSpec):
            return value
        if not isinstance(value, dict):
            return {"material": name(value)}
        if set(value) != {"polycrystal"}:
            unknown = [f"'{key}'" for key in value if key != "polycrystal"]
            found = f"unknown key {unknown[0]}" if unknown else "found an empty mapping"
            raise fail(f"{found}; allowed: polycrystal, or the bare name of a material")
        grains = value["polycrystal"]
        material = grains.get("material") if isinstance(grains, dict) else None
        # A name that is wrong, or missing, is told where it belongs: among the keys of the grains.
        return {**value, "material": material if isinstance(material, str) else "missing"}


class PolycrystalSpec(GrainsSpec):
    """Grains that fill the box."""

    box: FlatOrSolidBox = Field(description=BOX)
    periodic: Flag = Field(default=True, description=PERIODIC)
    seed: Seed | None = Field(
        default=None,
        description="Seed of the random numbers; needed where seeds or orientations are random.",
    )
    columnar: Axis | None = Field(
        default=None,
        description="Axis along which the grains are columns: a plane tessellation, drawn out. "
        "Equivalent diameters are then those of the cross-sections.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> PolycrystalSpec:
        """Check seeds, sizes and orientations against the box."""
        faults = grain_faults(self, self.box, self.columnar)
        random = self.seeds is None or self.orientations.random
        if random and self.seed is None:
            what = "the grains" if self.seeds is None else "the orientations"
            faults.append(
                ((), f"the key 'seed' is missing; {what} are random, give for example 'seed: 7'")
            )
        if self.columnar is not None and len(self.box) == 2:
            message = f"found '{self.columnar}'; only a box with three edge lengths has columns"
            faults.append((("columnar",), message))
        if faults:
            raise FaultsError(*faults)
        return self


def grain_faults(
    spec: GrainsSpec, box: tuple[float, ...], columnar: str | None = None
) -> list[tuple[KeyPath, str]]:
    """Return what does not fit together in a request for grains in a box."""
    given = [form for form in _FORMS if getattr(spec, form) is not None]
    if len(given) != 1:
        message = (
            f"found {' and '.join(given) or 'none of them'}; exactly one of {', '.join(_FORMS)} "
            "is needed"
        )
        return [((), message)]
    faults: list[tuple[KeyPath, str]] = []
    if spec.grains is not None and spec.grains > MOST_GRAINS:
        message = f"found {spec.grains}; at most {MOST_GRAINS} grains are possible"
        faults.append((("grains",), message))
    across = [edge for axis, edge in zip(AXES, box, strict=False) if axis != columnar]
    if spec.size is not None and spec.size.typical >= 1.3 * max(across):
        message = (
            f"found {spec.size.typical:.6g} m, but the longest edge of the box is "
            f"{max(across):.6g} m; make the box larger or the grains smaller"
        )
        faults.append((("size",), message))
    for index, seed in enumerate(spec.seeds or ()):
        faults += _seed_faults(seed.center, box, ("seeds", index, "center"))
    listed, count = spec.orientations.count, spec.known_count
    if listed is not None and count is not None and listed != count:
        form = "euler" if spec.orientations.euler is not None else "quaternions"
        message = f"found {listed} orientations for {count} grains; one for each is needed"
        faults.append((("orientations", form), message))
    return faults


def _seed_faults(
    center: tuple[float, ...], box: tuple[float, ...], at: KeyPath
) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with the place of a seed."""
    if len(center) != len(box):
        message = (
            f"found {len(center)} coordinates; the box has {len(box)} edge lengths, one "
            "coordinate for each is needed"
        )
        return [(at, message)]
    return [
        ((*at, axis), f"found {x:.6g} m; inside the box it is between 0 and {edge:.6g} m")
        for axis, (x, edge) in enumerate(zip(center, box, strict=True))
        if not 0.0 <= x <= edge
    ]


class BricksSpec(Section):
    """Equal bricks of one material, each a grain with boundaries to its neighbours.

    In a periodic box a single brick along an axis is its own neighbour, with a boundary between.
    """

    box: FlatOrSolidBox = Field(description=BOX)
    periodic: Flag = Field(default=True, description=PERIODIC)
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
        if len(self.divisions) != len(self.box):
            raise fail(
                f"found {len(self.divisions)} numbers; the box has {len(self.box)} edge lengths, "
                "one number for each is needed",
                "divisions",
            )
        bricks = math.prod(self.divisions)
        if bricks > MOST_GRAINS:
            raise fail(f"found {bricks} bricks; at most {MOST_GRAINS} are possible", "divisions")
        if self.orientations is None:
            return self
        if self.orientations.random and self.seed is None:
            raise fail(
                "the key 'seed' is missing; the orientations are random, give for example 'seed: 7'"
            )
        listed = self.orientations.count
        if listed is not None and listed != bricks:
            form = "euler" if self.orientations.euler is not None else "quaternions"
            raise fail(
                f"found {listed} orientations for {bricks} bricks; one for each is needed",
                "orientations",
                form,
            )
        return self
