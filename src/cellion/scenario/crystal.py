"""Parts of a crystal as a scenario writes them: lattice, sites, hops."""

from __future__ import annotations

import re
from fractions import Fraction as Ratio
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from cellion.quantities import describe
from cellion.scenario.sections import Section, fail, listed
from cellion.scenario.uncertain import split_uncertain
from cellion.scenario.values import (
    Coordinate,
    Energy,
    EnergyDifference,
    Entropy,
    Flag,
    Frequency,
    Integer,
    Length,
    Text,
    number,
    positive,
)
from cellion.scenario.vibrations import VibrationsSpec

__all__ = ["HopSpec", "LatticeSpec", "SiteSpec"]

type _Three = tuple[float, float, float]
type _Vector = tuple[Coordinate, Coordinate, Coordinate]
_Angle = Annotated[float, BeforeValidator(number(180.0))]


def _array(title: str, example: Any) -> Any:
    """Return the JSON schema of a short list."""
    return WithJsonSchema({"type": "array", "title": title, "examples": [example]})


def _place(value: Any) -> float:
    """Read one fractional coordinate, a number or text such as ``1/3``."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,4}/[1-9]\d{0,3}", value.strip()):
        return float(Ratio(value.strip()))
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 100.0:
        raise fail(
            f"found {describe(value)}; a fractional coordinate such as 0.25 or 1/4 is needed"
        )
    return float(value)


def _position(value: Any) -> list[float]:
    """Read three fractional coordinates."""
    return _exactly(listed(value, "three fractional coordinates", _place), 3, "coordinates")


def _exactly(entries: list[Any], count: int, noun: str) -> list[Any]:
    """Return the entries if there are so many of them."""
    if len(entries) != count:
        raise fail(f"found {len(entries)} {noun}; {count} are needed")
    return entries


def _pair(value: Any) -> list[str]:
    """Read the names of two sites."""

    def name(entry: Any) -> str:
        if not isinstance(entry, str) or not entry.strip():
            raise fail(f"found {describe(entry)}; the name of a site is needed")
        return entry

    return _exactly(listed(value, "a list of two sites", name), 2, "sites")


class LatticeSpec(Section):
    """A lattice: by name and edge, by lengths and angles, or by its vectors."""

    name: Text | None = Field(
        default=None,
        description="A lattice of equal sites with hops to the nearest: chain, square, triangular, "
        "honeycomb, sc, bcc, fcc, diamond, hcp, garnet_24d, garnet_24c or octahedron_vertices.",
    )
    edge: Length | None = Field(
        default=None,
        description="Cubic edge, in-plane lattice constant or spacing [m]; belongs to `name`.",
    )
    lengths: Annotated[
        tuple[Length, Length, Length] | None,
        _array("three lengths with units", ["10.33 angstrom", "6.01 angstrom", "4.69 angstrom"]),
    ] = Field(default=None, description="Edges a, b, c of the cell [m]; a along x, b in xy.")
    angles: Annotated[
        tuple[_Angle, _Angle, _Angle] | None,
        _array("three angles in degrees", [90, 90, 120]),
    ] = Field(
        default=None, description="Angles alpha, beta, gamma [degrees]; 90 each if not given."
    )
    vectors: Annotated[
        tuple[_Vector, _Vector, _Vector] | None,
        _array("three vectors of three lengths", [["4 angstrom", "0 angstrom", "0 angstrom"]]),
    ] = Field(default=None, description="Lattice vectors as rows [m].")

    @model_validator(mode="after")
    def _one_form(self) -> LatticeSpec:
        """Check that there is one form, and whole."""
        forms = self.given("name", "lengths", "vectors")
        if len(forms) != 1:
            found = " and ".join(f"'{form}'" for form in forms) or "neither"
            raise fail(f"found {found}; give one of 'name', 'lengths' or 'vectors'")
        if (self.edge is None) == (self.name is not None):
            raise fail("'name' and 'edge' go together; give both or neither")
        if self.angles is not None and self.lengths is None:
            raise fail("angles belong to 'lengths'; remove them", "angles")
        return self


class SiteSpec(Section):
    """A site of the mobile ion."""

    name: Text = Field(
        description="Name that hops use; of a structure file, element and number (`Li1`)."
    )
    position: Annotated[
        _Three | None,
        BeforeValidator(_position),
        _array("three fractional coordinates", [0.5, 0.5, 0.25]),
    ] = Field(default=None, description="Fractional coordinates; a structure file has its own.")
    energy: EnergyDifference = Field(
        default=0.0, description="Energy of the ion there [J], on a scale common to all sites."
    )
    multiplicity: Annotated[float, positive(1000.0)] = Field(
        default=1.0, description="Equivalent minima that are lumped into this site."
    )
    entropy: Entropy = Field(
        default=0.0,
        description="Vibrational entropy of the ion there [J/K], on a scale common to all sites.",
    )
    full: Flag = Field(
        default=False,
        description="Whether the site is full in the perfect crystal and its ion is pushed on; of "
        "`mechanism: interstitialcy` and `exchange`, whose other sites are the interstitial ones.",
    )


class HopSpec(Section):
    """A hop, given once; its reverse is implied."""

    between: Annotated[
        tuple[str, str], BeforeValidator(_pair), _array("two names of sites", ["Li1", "Li2"])
    ] = Field(description="Names of the two sites; a barrier is seen from the first.")
    translation: Annotated[
        tuple[Integer, Integer, Integer] | None, _array("three whole numbers", [0, 0, 1])
    ] = Field(
        default=None, description="Lattice translation of the second site; 0, 0, 0 if absent."
    )
    distance: Length | None = Field(
        default=None,
        description="Instead of `translation`: every hop between such sites at this distance, "
        "within 1 % [m]. A structure file needs it.",
    )
    barrier: Energy | None = Field(
        default=None, description="Migration energy seen from the first site [J]."
    )
    reverse_barrier: Energy | None = Field(
        default=None,
        description="Migration energy seen from the second site [J]; checked against `barrier` and "
        "the site energies.",
    )
    saddle: EnergyDifference | None = Field(
        default=None,
        description="Instead of `barrier`: energy of the saddle point on the scale of the sites "
        "[J].",
    )
    closed: Flag = Field(default=False, description="Whether this hop does not happen.")
    attempt_frequency: Frequency | None = Field(
        default=None,
        description="Attempt frequency of this hop, seen from the first site [1/s].",
    )
    entropy: Entropy | None = Field(
        default=None,
        description="Migration entropy S [J/K], seen from the first site: the barrier is then the "
        "enthalpy, and the rate is nu exp(S/k) exp(-H/kT).",
    )
    vibrations: VibrationsSpec | None = Field(
        default=None, description="Instead of both: normal modes, for the prefactor of Vineyard."
    )
    uncertainty: Energy | None = Field(
        default=None,
        description="Standard deviation of the barrier [J]; or write `0.30 eV +- 0.05 eV` there.",
    )
    via: Text | None = Field(
        default=None,
        description="Name of the full site whose ion the hop pushes on; of `mechanism: "
        "interstitialcy` and `exchange`.",
    )
    path: Text | None = Field(
        default=None,
        description="Name of the way, where several lead from one of the sites to the other, each "
        "with its own saddle point.",
    )

    @model_validator(mode="before")
    @classmethod
    def _deviations(cls, value: Any) -> Any:
        """Give deviations a key of their own."""
        return split_uncertain(split_uncertain(value, "barrier"), "saddle")

    @model_validator(mode="after")
    def _one_form(self) -> HopSpec:
        """Check that nothing is said twice."""
        if self.translation is not None and self.distance is not None:
            raise fail("give 'translation' or 'distance', not both")
        given = self.given("barrier", "saddle", "closed")
        if len(given) > 1:
            raise fail(f"found {' and '.join(map(repr, given))}; give one of them")
        if self.closed and self.uncertainty is not None:
            raise fail("a closed hop has no barrier; remove it", "uncertainty")
        if self.reverse_barrier is not None and self.barrier is None:
            raise fail("it needs 'barrier' beside it", "reverse_barrier")
        for key in ("attempt_frequency", "entropy"):
            if self.vibrations is not None and getattr(self, key) is not None:
                raise fail("'vibrations' says it already; give one of the two", key)
        return self
