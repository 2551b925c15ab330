"""The ``microstructure.packing`` section: randomly packed particles and pores."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from cellion.scenario.faults import FaultsError
from cellion.scenario.paths import KeyPath
from cellion.scenario.values import (
    Flag,
    Fraction,
    Length,
    Name,
    Section,
    Seed,
    fail,
    fraction,
    length,
    number,
)

__all__ = ["DiameterSpec", "LognormalSpec", "PackingSpec", "ParticleSpec", "PoreSpec", "SizeClass"]

_SHARES_TOLERANCE = 1e-3
_OVERLAP_LIMIT = 0.2
_WIDEST = 2.0


class LognormalSpec(Section):
    """A log-normal distribution of diameters, counted by number.

    Attributes:
        median: Median diameter [m].
        sigma: Standard deviation of the natural logarithm of the diameter.
    """

    median: Length = Field(description="Median diameter [m], by number.")
    sigma: Annotated[
        float,
        BeforeValidator(number(_WIDEST)),
        WithJsonSchema(
            {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": _WIDEST,
                "title": "a number above 0 and up to 2",
            }
        ),
    ] = Field(description="Standard deviation of the natural logarithm of the diameter.")


class SizeClass(Section):
    """One class of a list of diameters.

    Attributes:
        diameter: Diameter [m].
        share: Share of the particles' volume that has it.
    """

    diameter: Length = Field(description="Diameter of this class [m].")
    share: Fraction = Field(description="Share of the particles' volume; all shares sum to 1.")


def _or_length(schema: dict[str, Any]) -> None:
    """Allow a bare length beside the mapping in a JSON schema."""
    mapping = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "examples": ["5 um"]}, mapping]


class DiameterSpec(Section):
    """Diameters of the particles: exactly one of the three; a bare length is ``mono``.

    Attributes:
        mono: The one diameter of all [m].
        lognormal: A log-normal distribution.
        list: Classes of diameters with their shares of the volume, normalised to sum to 1.
    """

    model_config = ConfigDict(json_schema_extra=_or_length)

    mono: Length | None = Field(default=None, description="One diameter for all [m].")
    lognormal: LognormalSpec | None = Field(
        default=None, description="Log-normally distributed diameters."
    )
    list: tuple[SizeClass, ...] | None = Field(
        default=None, description="Classes of diameters with their shares of the volume."
    )

    @model_validator(mode="before")
    @classmethod
    def _bare_length(cls, value: Any) -> Any:
        """Take a bare length for a single diameter."""
        if isinstance(value, dict | DiameterSpec):
            return value
        length(value)
        return {"mono": value}

    @model_validator(mode="after")
    def _exactly_one(self) -> DiameterSpec:
        """Check that one form is given, and that the shares of a list make a whole."""
        given = [n for n in ("mono", "lognormal", "list") if getattr(self, n) is not None]
        if len(given) != 1:
            raise fail(
                f"found {' and '.join(given) or 'none of them'}; exactly one of mono, lognormal, "
                "list is needed"
            )
        if self.list is not None:
            total = math.fsum(entry.share for entry in self.list)
            if not math.isclose(total, 1.0, abs_tol=_SHARES_TOLERANCE):
                raise fail(f"the shares sum to {total:.6g}; they must sum to 1", "list")
            if min(entry.share for entry in self.list) <= 0.0:
                raise fail("a share of zero; leave that class out", "list")
        return self

    @field_validator("list")
    @classmethod
    def _whole(cls, value: tuple[SizeClass, ...] | None) -> tuple[SizeClass, ...] | None:
        """Make shares that were written with few digits sum to 1 exactly."""
        total = math.fsum(entry.share for entry in value or ())
        if value is None or not math.isclose(total, 1.0, abs_tol=_SHARES_TOLERANCE):
            return value
        return tuple(e.model_copy(update={"share": e.share / total}) for e in value)

    @property
    def typical(self) -> float:
        """The diameter that must fit into the box: mono, median, or the largest class [m]."""
        if self.list is not None:
            return max(entry.diameter for entry in self.list)
        return self.mono or (self.lognormal.median if self.lognormal else 0.0)


class ParticleSpec(Section):
    """One class of particles.

    Attributes:
        material: What they are made of.
        volume_fraction: Share of the box.
        weight_fraction: Share of the mass of the solid.
        diameter: Their diameters.
    """

    material: Name = Field(description="Material of the particles.")
    volume_fraction: Fraction | None = Field(
        default=None,
        description="Share of the volume of the box; give this or `weight_fraction`, the same for "
        "all particles.",
    )
    weight_fraction: Fraction | None = Field(
        default=None,
        description="Share of the mass of the solid, of which the matrix is the rest; needs the "
        "densities of all solids.",
    )
    diameter: DiameterSpec = Field(
        description="Diameters of the particles; a bare length stands for `mono`."
    )

    @model_validator(mode="after")
    def _one_amount(self) -> ParticleSpec:
        """Check that the amount is given once."""
        if (self.volume_fraction is None) == (self.weight_fraction is None):
            raise fail("give either 'volume_fraction' or 'weight_fraction', and not both")
        if not (self.volume_fraction or self.weight_fraction):
            name = "volume_fraction" if self.weight_fraction is None else "weight_fraction"
            raise fail("found zero; leave the particles out or give them some share", name)
        return self


class PoreSpec(Section):
    """Pores in the matrix.

    Attributes:
        volume_fraction: Share of the box.
        diameter: Their diameters; None, chosen with the packing.
        material: What fills them.
    """

    volume_fraction: Fraction = Field(description="Share of the volume of the box.")
    diameter: DiameterSpec | None = Field(
        default=None, description="Diameters of the pores, in the same forms as for particles."
    )
    material: Name = Field(
        default="pore", description="Material that fills the pores, normally an insulator."
    )


def _overlap(value: Any) -> float:
    """Read the allowed relative overlap of two particles."""
    share = fraction(value)
    if share > _OVERLAP_LIMIT:
        raise fail(f"found {value!r}; a fraction between 0 and {_OVERLAP_LIMIT} is needed")
    return share


def _three(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return the edge lengths if there are three."""
    if len(values) != 3:
        raise fail(f"found {len(values)} edge lengths; a packing needs three")
    return values


class PackingSpec(Section):
    """Particles, and perhaps pores, packed at random into a matrix.

    Attributes:
        box: Three edge lengths [m].
        periodic: Whether the box repeats.
        seed: Seed of the random numbers.
        particles: Classes of particles.
        pores: Pores in the matrix.
        matrix: Material between the particles.
        overlap: Largest overlap of two particles, relative to the sum of their radii.
    """

    box: Annotated[tuple[Length, ...], AfterValidator(_three)] = Field(
        description="Three edge lengths of the box [m]."
    )
    periodic: Flag = Field(default=True, description="Whether the box repeats in all directions.")
    seed: Seed = Field(description="Seed of the random numbers; the same seed, the same packing.")
    particles: tuple[ParticleSpec, ...] = Field(description="Classes of particles.")
    pores: PoreSpec | None = Field(default=None, description="Spherical pores in the matrix.")
    matrix: Name = Field(description="Material between the particles.")
    overlap: Annotated[
        float,
        BeforeValidator(_overlap),
        WithJsonSchema(
            {
                "type": "number",
                "minimum": 0,
                "maximum": _OVERLAP_LIMIT,
                "title": "a fraction to 0.2",
            }
        ),
    ] = Field(
        default=0.0,
        description="Largest overlap of two particles as a share of the sum of their radii: it "
        "makes necks. 0: they touch at most.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> PackingSpec:
        """Check the sums of the fractions and that the particles fit into the box."""
        faults = [*_sums(self), *_too_large(self)]
        if faults:
            raise FaultsError(*faults)
        return self


def _sums(packing: PackingSpec) -> list[tuple[KeyPath, str]]:
    """Return the faults of the amounts of a packing."""
    if not packing.particles and packing.pores is None:
        return [(("particles",), "found an empty list and no pores; give at least one of them")]
    volumes = [p.volume_fraction for p in packing.particles if p.volume_fraction is not None]
    weights = [p.weight_fraction for p in packing.particles if p.weight_fraction is not None]
    if volumes and weights:
        message = "volume and weight fractions are mixed; give the same kind for all particles"
        return [(("particles",), message)]
    pores = packing.pores.volume_fraction if packing.pores is not None else 0.0
    total = math.fsum([*volumes, pores])
    if total > 1.0 + 1e-12:
        parts = "particles and pores" if packing.pores is not None else "particles"
        message = f"the volume fractions of {parts} sum to {total:.6g}; at most 1 is possible"
        return [(("particles",), message)]
    if math.fsum(weights) > 1.0 + 1e-12:
        message = f"the weight fractions sum to {math.fsum(weights):.6g}; at most 1 is possible"
        return [(("particles",), message)]
    return []


def _too_large(packing: PackingSpec) -> list[tuple[KeyPath, str]]:
    """Return the faults of diameters that do not fit into the box."""
    sized: list[tuple[KeyPath, DiameterSpec]] = [
        (("particles", index, "diameter"), particle.diameter)
        for index, particle in enumerate(packing.particles)
    ]
    if packing.pores is not None and packing.pores.diameter is not None:
        sized.append((("pores", "diameter"), packing.pores.diameter))
    edge = min(packing.box)
    return [
        (
            path,
            f"found {diameter.typical:.6g} m, but the shortest edge of the box is {edge:.6g} m; "
            "make the box larger or the diameter smaller",
        )
        for path, diameter in sized
        if diameter.typical >= edge
    ]
