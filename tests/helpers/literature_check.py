"""Barriers and structures of the founding review, beside the transport values that it quotes.

Nothing is fitted: barriers are used as printed, with an attempt frequency of 1e13 Hz and the
lattice gas of the family.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cellion.rates.conductor import hopping_conductivity
from cellion.rates.family import family_conductor, family_network
from cellion.rates.family_data import family_document, family_names, load_family
from cellion.rates.jump_network import diffusivity

SI = {"conductivity_S_cm": 100.0, "diffusivity_cm2_s": 1e-4}
"""Factors of the quoted quantities to S/m and m^2/s."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One line of the comparison: largest principal value beside the quoted range, in SI units."""

    material: str
    reported: tuple[float, float] | None
    computed: float
    difference: str

    @property
    def ratio(self) -> float:
        """Computed over the nearer end of the range; 1 inside it, NaN without a range."""
        if self.reported is None:
            return float("nan")
        low, high = self.reported
        return self.computed / min(max(self.computed, low), high)


def comparisons() -> Iterator[Comparison]:
    """Every material of the review whose barrier and path are printed."""
    for family in family_names():
        for name, row in family_document(family)["variants"].items():
            quoted = [key for key in SI if key in row]
            for key in quoted or ["diffusivity_cm2_s"]:
                span = row.get(key)
                yield Comparison(
                    material=name,
                    reported=None if span is None else (SI[key] * span[0], SI[key] * span[1]),
                    computed=computed(family, name, key, row.get("temperature_K", 298.15)),
                    difference=row.get("difference", ""),
                )


def computed(family: str, material: str, quantity: str, temperature: float) -> float:
    """Largest principal value of a crystal [S/m or m^2/s]."""
    crystal = load_family(family, material)
    if quantity == "conductivity_S_cm":
        tensor = hopping_conductivity(family_conductor(crystal), temperature).tensor
    else:
        tensor = diffusivity(family_network(crystal), temperature).tensor
    return float(tensor[0].diagonal().max())
