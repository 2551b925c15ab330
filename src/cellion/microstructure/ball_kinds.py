"""Balls that a packing asks for, by kind: their materials, fractions and radii."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.diameters import Amount, draw_radii, typical_diameter
from cellion.microstructure.fractions import particle_volume_fractions
from cellion.scenario.diameters import DiameterSpec
from cellion.scenario.packing import PackingSpec, PoreSpec

__all__ = ["WHERE", "BallKind", "ball_kinds"]

WHERE = "microstructure.packing"
"""Key path of packings in a scenario."""

_PORE_TO_PARTICLE = 0.3


@dataclass(frozen=True, kw_only=True, eq=False)
class BallKind:
    """One kind of balls: a class of particles, or the pores.

    Attributes:
        material: what they are made of.
        fraction: requested volume fraction of the box.
        radii: (n,) [m].
        softness: depth of overlap allowed, relative to the radius.
        pore: whether they are pores.
    """

    material: str
    fraction: float
    radii: FloatArray
    softness: float
    pore: bool


def ball_kinds(
    spec: PackingSpec, materials: Mapping[str, float | None], rng: np.random.Generator
) -> tuple[list[BallKind], tuple[str, ...]]:
    """Draw the radii of all kinds of balls.

    Raises:
        MicrostructureError: the box holds no whole number of them, one does not fit, or a density
            is missing.
    """
    box = np.asarray(spec.box, dtype=float)
    shares = particle_volume_fractions(spec, materials)
    asked = [
        (p.material, share, p.diameter, f"{WHERE}.particles[{k}]")
        for k, (p, share) in enumerate(zip(spec.particles, shares, strict=True))
    ]
    notes: tuple[str, ...] = ()
    model = ""
    if spec.pores is not None:
        diameter, model = _pore_diameter(spec, spec.pores)
        asked.append((spec.pores.material, spec.pores.volume_fraction, diameter, f"{WHERE}.pores"))
    kinds = []
    for k, (material, share, diameter, where) in enumerate(asked):
        pore = k == len(spec.particles)
        radii: FloatArray = np.zeros(0)
        said: tuple[str, ...] = ()
        if share > 0:
            amount = Amount(where=where, fraction=share, box=box)
            radii, said = draw_radii(diameter, amount, rng)
        if pore:
            notes += (model.format(count=radii.size),)
        softness = 0.0 if pore else spec.overlap
        kinds.append(
            BallKind(material=material, fraction=share, radii=radii, softness=softness, pore=pore)
        )
        notes += said
    _check_sizes(spec, kinds)
    return kinds, notes


def _pore_diameter(spec: PackingSpec, pores: PoreSpec) -> tuple[DiameterSpec, str]:
    """Return the distribution of pore diameters and what pores are, with a place for ``count``."""
    model = f"{WHERE}.pores: {{count:,}} spherical voids in the matrix"
    if pores.diameter is not None:
        return pores.diameter, model
    particles = [typical_diameter(p.diameter) for p in spec.particles]
    smallest = min(particles, default=min(spec.box) / 3)
    diameter = _PORE_TO_PARTICLE * smallest
    note = (
        f"{model} of {1e6 * diameter:.4g} um, {_PORE_TO_PARTICLE} of the smallest median of "
        "particles; 'diameter' under 'pores' sets another"
    )
    return DiameterSpec.model_construct(mono=diameter, lognormal=None, list=None), note


def _check_sizes(spec: PackingSpec, kinds: list[BallKind]) -> None:
    """Refuse balls that do not fit between walls, or that would overlap their own image."""
    edge = min(spec.box)
    for kind in kinds:
        softness = kind.softness if spec.periodic else 0.0
        largest = 2 * float(np.max(kind.radii, initial=0.0)) * (1 - softness)
        if largest > edge:
            raise MicrostructureError(
                f"{WHERE}: the largest particle of '{kind.material}' has a diameter of "
                f"{1e6 * largest:.4g} um, but the shortest edge of the box is {1e6 * edge:.4g} um; "
                "make the box larger or the diameters smaller"
            )
