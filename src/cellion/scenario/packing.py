"""The ``microstructure.packing`` section: randomly packed particles and pores."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from cellion.scenario.boxes import BoxSection
from cellion.scenario.diameters import DiameterSpec
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.paths import KeyPath
from cellion.scenario.polycrystal import MatrixGrainsSpec, MatrixSpec, grain_faults
from cellion.scenario.sections import Form, Section, fail
from cellion.scenario.values import Fraction, Length, Name, Seed, fraction

__all__ = ["PackingSpec", "ParticleSpec", "PoreSpec"]

_OVERLAP_LIMIT = 0.2


class ParticleSpec(Section):
    """One class of particles."""

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
    """Pores in the matrix."""

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


class PackingSpec(BoxSection):
    """Particles, and perhaps pores, packed at random into a matrix."""

    box: Annotated[tuple[Length, ...], AfterValidator(_three)] = Field(
        description="Three edge lengths of the box [m]."
    )
    seed: Seed = Field(description="Seed of the random numbers; the same seed, the same packing.")
    particles: tuple[ParticleSpec, ...] = Field(description="Classes of particles.")
    pores: PoreSpec | None = Field(default=None, description="Spherical pores in the matrix.")
    matrix: MatrixSpec = Field(
        description="Material between the particles; it may be divided into grains."
    )
    overlap: Annotated[
        float,
        Form(_overlap, type="number", minimum=0, maximum=_OVERLAP_LIMIT, title="a fraction to 0.2"),
    ] = Field(
        default=0.0,
        description="Largest overlap of two particles as a share of the sum of their radii: it "
        "makes necks. 0: they touch at most.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> PackingSpec:
        """Check the sums of the fractions and that the particles fit into the box."""
        faults = [*_sums(self), *_too_large(self)]
        if self.matrix.polycrystal is not None:
            at: KeyPath = ("matrix", "polycrystal")
            grains = grain_faults(self.matrix.polycrystal, self.box)
            faults += [((*at, *path), message) for path, message in grains]
        if faults:
            raise FaultsError(*faults)
        return self

    @property
    def grain_section(self) -> MatrixGrainsSpec | None:
        """Grains that the matrix is divided into."""
        return self.matrix.polycrystal


def _sums(packing: PackingSpec) -> Faults:
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


def _too_large(packing: PackingSpec) -> Faults:
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
