"""What barriers and structures of the founding review give, beside the transport values it quotes.

A comparison of physics, not a fit: barriers are used as printed, with an attempt frequency of 1e13
Hz and the lattice gas of the family.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.rates.family import family_conductivity, family_diffusivity
from cellion.rates.family_data import Family, Variant, family_names, load_family

__all__ = ["Comparison", "comparisons"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One line of the comparison, in SI units.

    Attributes:
        material: of the review.
        family: that computes it.
        section: of the review.
        quantity: ``conductivity`` [S/m] or ``diffusivity`` [m^2/s].
        reported: lowest and highest value of the review; None where it prints a barrier only.
        computed: largest principal value of the crystal.
        difference: a sentence where the two differ by more than a factor 10.
    """

    material: str
    family: str
    section: str
    quantity: str
    reported: tuple[float, float] | None
    computed: float
    difference: str

    @property
    def ratio(self) -> float:
        """Computed over the nearer end of the reported range; 1 inside it, NaN without a range."""
        if self.reported is None:
            return float("nan")
        low, high = self.reported
        return self.computed / min(max(self.computed, low), high)


def comparisons() -> tuple[Comparison, ...]:
    """Return the comparison for every material of the review whose barrier and path are printed."""
    rows = []
    for name in family_names():
        for variant in load_family(name).variants.values():
            family = load_family(name, variant.name)
            rows += _rows(family, variant)
    return tuple(rows)


def _rows(family: Family, variant: Variant) -> list[Comparison]:
    found: list[tuple[str, tuple[float, float] | None, FloatArray]] = []
    if variant.conductivity is not None:
        tensor = family_conductivity(family, variant.temperature).tensor
        found.append(("conductivity", variant.conductivity, tensor))
    if variant.diffusivity is not None or not found:
        tensor = family_diffusivity(family, variant.temperature).tensor
        found.append(("diffusivity", variant.diffusivity, tensor))
    return [
        Comparison(
            material=variant.name,
            family=family.name,
            section=variant.section,
            quantity=quantity,
            reported=reported,
            computed=float(tensor[0].diagonal().max()),
            difference=variant.difference,
        )
        for quantity, reported, tensor in found
    ]
