"""The ``carriers`` section: concentration of carriers from defect thermodynamics."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, model_validator

from cellion.errors import nearest
from cellion.quantities import describe
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.sections import Form, Section, fail
from cellion.scenario.values import (
    Energy,
    EnergyDifference,
    Entropy,
    Fraction,
    NumberDensity,
    Text,
    positive,
)

__all__ = ["CarriersSpec", "DopantSpec", "FrenkelSpec", "SchottkySpec", "SpeciesSpec", "ion_parts"]

_ION = re.compile(r"([A-Z][a-z]?)([1-9]?)([+\-])")


def ion_parts(ion: str) -> tuple[str, int] | None:
    """Return element and signed charge number of an ion such as ``Mg2+``; None if it is none."""
    match = _ION.fullmatch(ion)
    if match is None:
        return None
    return match[1], int(match[2] or "1") * (1 if match[3] == "+" else -1)


def read_ion(value: Any) -> str:
    """Read an ion with its charge, such as ``Mg2+``."""
    if not isinstance(value, str) or ion_parts(value) is None:
        raise fail(
            f"found {describe(value)}; an ion with its charge is needed, for example 'Li+', 'Mg2+' "
            "or 'F-'"
        )
    return value


def ion(example: str) -> Form:
    """Return the form of an ion with its charge."""
    return Form(read_ion, type="string", title="an ion", examples=[example])


def _charge(value: Any) -> int:
    """Read an effective charge number, not zero."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < abs(value) <= 10:
        raise fail(
            f"found {describe(value)}; an effective charge in units of e is needed, a whole number "
            "such as 1 or -1"
        )
    return value


Charge = Annotated[int, Form(_charge, type="integer", title="a whole number")]
"""An effective charge in units of e."""


class FrenkelSpec(Section):
    """An ion leaves its place for an interstitial one: vacancy and interstitial."""

    energy: Energy = Field(description="Energy to form the pair [J].")
    entropy: Entropy = Field(default=0.0, description="Vibrational entropy of the pair [J/K].")
    partner_places: Annotated[float, positive(100.0)] = Field(
        default=1.0,
        description="Places of the partner for each place of the network: interstitial places per "
        "regular one where vacancies move, the reverse where interstitials do.",
    )


class SchottkySpec(Section):
    """A formula unit leaves the crystal: vacancies of the mobile ion and of its counter-ion."""

    energy: Energy = Field(description="Energy to leave out one formula unit [J].")
    entropy: Entropy = Field(default=0.0, description="Vibrational entropy of it [J/K].")
    partner: Annotated[str, ion("Cl-")] = Field(
        description="Counter-ion with its charge; the perfect crystal holds only the two."
    )


class SpeciesSpec(Section):
    """A point defect of any kind."""

    name: Text = Field(description="Name that `defect` may use.")
    charge: Charge = Field(description="Effective charge in units of e: vacancy of Li+ -1.")
    places: Annotated[float, positive(100.0)] = Field(
        default=1.0, description="Places it may take, for each place of the network."
    )
    formation_energy: EnergyDifference = Field(description="Energy of formation [J].")
    formation_entropy: Entropy = Field(
        default=0.0, description="Vibrational entropy of formation [J/K]."
    )


class DopantSpec(Section):
    """An immobile charge that mobile defects must balance."""

    charge: Charge = Field(
        description="Effective charge in units of e: Ca2+ on a Li+ place 1, Ba2+ on a La3+ place "
        "-1."
    )
    share: Fraction | None = Field(
        default=None, description="Dopants for each place of the network."
    )
    density: NumberDensity | None = Field(
        default=None, description="Instead of `share`: dopants per volume [1/m^3]."
    )

    @model_validator(mode="after")
    def _one_number(self) -> DopantSpec:
        """Check that there is one number."""
        if (self.share is None) == (self.density is None):
            raise fail("give either 'share' (dopants per place of the network) or 'density'")
        return self


class CarriersSpec(Section):
    """Carriers from defect thermodynamics, at every temperature, with the crystal neutral."""

    defect: Text = Field(
        default="vacancy",
        description="Which defect moves on the network: `vacancy`, `interstitial` or the name of a "
        "species.",
    )
    frenkel: FrenkelSpec | None = Field(
        default=None, description="Vacancies and interstitials of the mobile ion."
    )
    schottky: SchottkySpec | None = Field(
        default=None, description="Vacancies of the mobile ion and of its counter-ion."
    )
    species: tuple[SpeciesSpec, ...] | None = Field(
        default=None, description="Defects of any kind, instead."
    )
    dopants: tuple[DopantSpec, ...] = Field(default=(), description="Immobile charges.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the mobile defects."""
        if self.species is not None:
            return tuple(one.name for one in self.species)
        return ("vacancy", "interstitial") if self.frenkel else ("vacancy", "counter-ion vacancy")

    @model_validator(mode="after")
    def _one_form(self) -> CarriersSpec:
        """Check that the defects are given in one way, and that the mobile one is among them."""
        forms = [key for key in ("frenkel", "schottky", "species") if getattr(self, key)]
        if len(forms) != 1:
            found = f"found {' and '.join(map(repr, forms))}; " if forms else ""
            raise fail(f"{found}give one of 'frenkel', 'schottky' or 'species'")
        faults: Faults = [
            (("species", k, "name"), f"'{one.name}' is given twice")
            for k, one in enumerate(self.species or ())
            if one.name in self.names[:k]
        ]
        if self.defect not in self.names:
            told = f"{nearest(self.defect, self.names)}; the defects are {', '.join(self.names)}"
            faults.append((("defect",), f"'{self.defect}' is none of the defects{told}"))
        if faults:
            raise FaultsError(*faults)
        return self
