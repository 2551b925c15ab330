"""The section ``microstructure.polycrystal``, and grains between the particles of a packing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from cellion.scenario.boxes import BoxSection, center_faults
from cellion.scenario.diameters import DiameterSpec
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.orientations import ALIGNED, OrientationsSpec
from cellion.scenario.sections import Section, fail, not_empty, or_bare
from cellion.scenario.values import AXES, Axis, Coordinate, Length, Name, Seed, Whole, name

__all__ = [
    "MOST_GRAINS",
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
    seeds: Annotated[tuple[SeedSpec, ...] | None, BeforeValidator(not_empty("entry"))] = Field(
        default=None, description="Seeds at given places, one for each grain."
    )
    orientations: OrientationsSpec = Field(
        default=_RANDOM,
        description="Orientations of the crystal axes, to which conductivities refer.",
        json_schema_extra={"default": "random"},
    )

    @property
    def aligned(self) -> bool:
        """Whether the crystal axes of all grains are parallel."""
        return self.orientations.word == ALIGNED


class MatrixGrainsSpec(GrainsSpec):
    """Grains that the space between particles is divided into."""


_BARE_NAME = {"type": "string", "title": "a name", "examples": ["SE"]}


class MatrixSpec(Section):
    """Matrix between particles: the bare name of a material, or grains of it."""

    model_config = ConfigDict(
        json_schema_extra=or_bare(_BARE_NAME, "material", required=["polycrystal"])
    )

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


class PolycrystalSpec(BoxSection, GrainsSpec):
    """Grains that fill the box."""

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

    @property
    def grain_section(self) -> PolycrystalSpec:
        """The section itself."""
        return self


def grain_faults(spec: GrainsSpec, box: tuple[float, ...], columnar: str | None = None) -> Faults:
    """Return what does not fit together in a request for grains in a box."""
    given = spec.given(*_FORMS)
    if len(given) != 1:
        message = (
            f"found {' and '.join(given) or 'none of them'}; exactly one of {', '.join(_FORMS)} "
            "is needed"
        )
        return [((), message)]
    faults: Faults = []
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
        faults += center_faults(seed.center, box, ("seeds", index, "center"))
    count = spec.grains if spec.seeds is None else len(spec.seeds)
    return faults + spec.orientations.count_faults(count, "grains")
