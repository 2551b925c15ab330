"""Crystal families of battery materials: their data files.

Each family is one YAML file: lattice, sites, hops by distance, energies with their source. The
energies are those the founding review prints, cited by section; where it prints none the parameter
is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy.constants import angstrom, electron_volt

from cellion.errors import RatesError, nearest
from cellion.rates.lattices import cell_vectors

__all__ = [
    "Family",
    "FamilyHop",
    "FamilySite",
    "Parameter",
    "Variant",
    "family_names",
    "load_family",
]

FloatArray = NDArray[np.float64]

MECHANISMS: dict[str, Literal["ions", "vacancies"]] = {
    "vacancy": "vacancies",
    "concerted": "vacancies",
    "interstitial": "ions",
    "interstitialcy": "ions",
}
"""Mechanisms of the families, and what wanders by each."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """An energy of a family: value [J], None when it is missing; what it means, and its source."""

    name: str
    value: float | None
    meaning: str
    source: str
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class FamilySite:
    """Positions of one kind of site: given, or the middles of pairs of another kind."""

    name: str
    positions: tuple[tuple[float, float, float], ...] = ()
    middle_of: str = ""
    distance: float = 0.0
    energy: str = ""


@dataclass(frozen=True, kw_only=True)
class FamilyHop:
    """All hops between two kinds of sites at one distance, in units of the family.

    With ``through``, only those whose middle is one of these points (fractional coordinates). There
    are several ``ways`` where an interstitial may push either of several ions.
    """

    name: str
    between: tuple[str, str]
    distance: float
    tolerance: float
    above: str
    barrier: str
    through: tuple[tuple[float, float, float], ...] = ()
    ways: int = 1


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A material of a family: its own energies [J], lattice and ions, and what the review reports.

    Attributes:
        name: of the material.
        section: of the review.
        energies: by parameter name [J].
        settings: other values that replace those of the family.
        conductivity: lowest and highest reported value [S/m], or None.
        diffusivity: lowest and highest reported value [m^2/s], or None.
        temperature: of the reported values [K].
        note: what else to know.
        difference: why the computed value differs by more than a factor 10, where it does.
    """

    name: str
    section: str
    energies: Mapping[str, float]
    settings: Mapping[str, Any]
    conductivity: tuple[float, float] | None = None
    diffusivity: tuple[float, float] | None = None
    temperature: float = 298.15
    note: str = ""
    difference: str = ""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A crystal family; lengths in m, energies in J.

    Attributes:
        name: key of the family.
        title: one line on structure and path.
        section: of the review.
        ion: the mobile ion.
        charge_number: signed.
        mechanism: what moves, a word of `MECHANISMS`.
        dimension: directions in which the default path conducts.
        lattice: vectors as rows, shape (3, 3) [m].
        unit: length in which distances of hops are given [m].
        centring: P, I, F or R.
        sites: kinds of sites.
        hops: kinds of hops.
        parameters: energies by name.
        prefactor: [1/s].
        ions_per_cell: mobile ions in the cell.
        blocked_per_cell: places of the cell held by immobile ions.
        haven_ratio: H_R of the mechanism, where it is known.
        lattice_source: where the cell comes from.
        variants: materials of the family.
    """

    name: str
    title: str
    section: str
    ion: str
    charge_number: int
    mechanism: str
    dimension: int
    lattice: FloatArray
    unit: float
    centring: str
    sites: tuple[FamilySite, ...]
    hops: tuple[FamilyHop, ...]
    parameters: Mapping[str, Parameter]
    prefactor: float
    ions_per_cell: float
    blocked_per_cell: float = 0.0
    haven_ratio: float | None = None
    lattice_source: str = ""
    variants: Mapping[str, Variant] = field(default_factory=dict)

    @property
    def carrier(self) -> Literal["ions", "vacancies"]:
        """What wanders by the mechanism of the family, and what a share of carriers counts."""
        return MECHANISMS[self.mechanism]


@cache
def family_names() -> tuple[str, ...]:
    """Return the names of all families, in alphabetical order."""
    folder = files("cellion.rates").joinpath("families")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_family(name: str, variant: str | None = None) -> Family:
    """Return a family, or one of its materials.

    Args:
        name: of `family_names`.
        variant: a material of the family, whose values replace the defaults.

    Raises:
        RatesError: family or variant are not known.
    """
    if name not in family_names():
        raise RatesError(
            f"family: '{name}' is not known; families are {', '.join(family_names())}"
            + nearest(name, family_names())
        )
    path = files("cellion.rates").joinpath("families", f"{name}.yaml")
    raw: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    variants = {key: _variant(key, value) for key, value in raw["variants"].items()}
    if variant is None:
        return _family(name, raw, {}, variants)
    if variant not in variants:
        raise RatesError(
            f"family {name}: '{variant}' is not one of its materials; they are "
            f"{', '.join(variants) or 'none'}" + nearest(variant, variants)
        )
    return _family(
        name, {**raw, **variants[variant].settings}, variants[variant].energies, variants
    )


def _variant(name: str, raw: dict[str, Any]) -> Variant:
    def span(key: str, factor: float) -> tuple[float, float] | None:
        return (factor * raw[key][0], factor * raw[key][1]) if key in raw else None

    own = ("ion", "charge_number", "ions_per_cell", "lengths", "haven_ratio", "section")
    return Variant(
        name=name,
        section=raw["section"],
        energies={key: value * electron_volt for key, value in raw["energy_eV"].items()},
        settings={key: raw[key] for key in own if key in raw},
        conductivity=span("conductivity_S_cm", 100.0),
        diffusivity=span("diffusivity_cm2_s", 1.0e-4),
        temperature=raw.get("temperature_K", 298.15),
        note=raw.get("note", ""),
        difference=raw.get("difference", ""),
    )


def _family(
    name: str,
    raw: dict[str, Any],
    energies: Mapping[str, float],
    variants: Mapping[str, Variant],
) -> Family:
    cell = raw["lattice"]
    if "vectors" in cell:
        lattice = angstrom * np.array(cell["vectors"])
    else:
        lengths = angstrom * np.array(raw.get("lengths", cell["lengths"]))
        lattice = cell_vectors(lengths, cell.get("angles", (90.0, 90.0, 90.0)))
    return Family(
        name=name,
        lattice=lattice,
        unit=angstrom * raw["unit"] if "unit" in raw else float(np.linalg.norm(lattice[0])),
        lattice_source=cell["source"],
        sites=tuple(_site(site) for site in raw["sites"]),
        hops=tuple(_hop(hop) for hop in raw["hops"]),
        parameters={
            key: _parameter(key, value, energies) for key, value in raw["parameters"].items()
        },
        prefactor=raw["prefactor_Hz"],
        variants=variants,
        blocked_per_cell=raw.get("blocked_per_cell", 0.0),
        haven_ratio=raw.get("haven_ratio"),
        **{
            key: raw[key]
            for key in (
                "title",
                "section",
                "ion",
                "charge_number",
                "mechanism",
                "dimension",
                "centring",
                "ions_per_cell",
            )
        },
    )


def _site(raw: dict[str, Any]) -> FamilySite:
    return FamilySite(
        name=raw["name"],
        positions=tuple((p[0], p[1], p[2]) for p in raw.get("positions", ())),
        middle_of=raw.get("middle_of", ""),
        distance=raw.get("distance", 0.0),
        energy=raw.get("energy", ""),
    )


def _hop(raw: dict[str, Any]) -> FamilyHop:
    points = tuple((p[0], p[1], p[2]) for p in raw.get("through", ()))
    return FamilyHop(**{**raw, "between": tuple(raw["between"]), "through": points})


def _parameter(name: str, raw: dict[str, Any], energies: Mapping[str, float]) -> Parameter:
    default = raw["energy_eV"] * electron_volt if "energy_eV" in raw else None
    return Parameter(
        name=name,
        value=energies.get(name, default),
        meaning=raw["meaning"],
        source=raw["source"],
        optional=raw.get("optional", False),
    )
