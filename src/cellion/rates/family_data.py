"""Data files of the crystal families: lattice, sites, hops and energies.

Each family is one YAML file. Its energies are those the founding review prints, cited by section; a
parameter for which it prints none has no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from scipy.constants import angstrom, electron_volt

from cellion.arrays import FloatArray
from cellion.errors import RatesError, nearest
from cellion.rates.lattices import cell_vectors
from cellion.rates.occupancy import Counted

__all__ = [
    "Family",
    "FamilyHop",
    "FamilySite",
    "Parameter",
    "family_document",
    "family_names",
    "load_family",
]

MECHANISMS: dict[str, Counted] = {
    "vacancy": "vacancies",
    "concerted": "vacancies",
    "interstitial": "ions",
    "interstitialcy": "ions",
}
"""Carriers of each mechanism."""

_VARIED = ("ion", "charge_number", "ions_per_cell", "lengths", "haven_ratio", "section")
"""Keys of a family that one of its materials may replace."""


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

    With ``through``, only those whose middle is one of these points (fractional coordinates).
    Several ``ways`` mean that an interstitial may push any of several ions.
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
class Family:
    """A crystal family; lengths in m, energies in J.

    Attributes:
        name: key of the family.
        section: of the review.
        ion: the mobile ion.
        charge_number: signed.
        mechanism: a name of `MECHANISMS`.
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
        variants: names of the materials of the family.
    """

    name: str
    section: str
    ion: str
    charge_number: int
    mechanism: str
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
    variants: tuple[str, ...] = ()

    @property
    def carrier(self) -> Counted:
        """Carriers of the mechanism, which a share of carriers counts."""
        return MECHANISMS[self.mechanism]


@cache
def family_names() -> tuple[str, ...]:
    """Return the names of all families, in alphabetical order."""
    folder = files("cellion.rates").joinpath("families")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


@cache
def family_document(name: str) -> dict[str, Any]:
    """Return the content of the file of a family.

    Raises:
        RatesError: the family is not known.
    """
    if name not in family_names():
        raise RatesError(
            f"found '{name}'{nearest(name, family_names())}; families are "
            f"{', '.join(family_names())}"
        )
    path = files("cellion.rates").joinpath("families", f"{name}.yaml")
    document: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return document


def load_family(name: str, variant: str | None = None) -> Family:
    """Return a family, or one of its materials.

    Args:
        name: of `family_names`.
        variant: a material of the family, whose values replace the defaults.

    Raises:
        RatesError: family or variant are not known.
    """
    raw = family_document(name)
    variants = raw["variants"]
    if variant is None:
        return _family(name, raw, {})
    if variant not in variants:
        raise RatesError(
            f"found '{variant}'{nearest(variant, variants)}; materials of the family '{name}' are "
            f"{', '.join(variants) or 'none'}"
        )
    own = variants[variant]
    return _family(name, raw | {key: own[key] for key in _VARIED if key in own}, own["energy_eV"])


def _family(name: str, raw: dict[str, Any], energies: Mapping[str, float]) -> Family:
    cell = raw["lattice"]
    if "vectors" in cell:
        lattice = angstrom * np.array(cell["vectors"])
    else:
        lengths = angstrom * np.array(raw.get("lengths", cell["lengths"]))
        lattice = cell_vectors(lengths, cell.get("angles", (90.0, 90.0, 90.0)))
    return Family(
        name=name,
        section=raw["section"],
        ion=raw["ion"],
        charge_number=raw["charge_number"],
        mechanism=raw["mechanism"],
        lattice=lattice,
        unit=angstrom * raw["unit"] if "unit" in raw else float(np.linalg.norm(lattice[0])),
        centring=raw["centring"],
        sites=tuple(_site(site) for site in raw["sites"]),
        hops=tuple(_hop(hop) for hop in raw["hops"]),
        parameters={
            key: _parameter(key, value, energies) for key, value in raw["parameters"].items()
        },
        prefactor=raw["prefactor_Hz"],
        ions_per_cell=raw["ions_per_cell"],
        blocked_per_cell=raw.get("blocked_per_cell", 0.0),
        haven_ratio=raw.get("haven_ratio"),
        variants=tuple(raw["variants"]),
    )


def _points(raw: Iterable[Sequence[float]]) -> tuple[tuple[float, float, float], ...]:
    return tuple((x, y, z) for x, y, z in raw)


def _site(raw: dict[str, Any]) -> FamilySite:
    return FamilySite(
        name=raw["name"],
        positions=_points(raw.get("positions", ())),
        middle_of=raw.get("middle_of", ""),
        distance=raw.get("distance", 0.0),
        energy=raw.get("energy", ""),
    )


def _hop(raw: dict[str, Any]) -> FamilyHop:
    through = _points(raw.get("through", ()))
    return FamilyHop(**{**raw, "between": tuple(raw["between"]), "through": through})


def _parameter(name: str, raw: dict[str, Any], energies: Mapping[str, float]) -> Parameter:
    energy = energies.get(name, raw.get("energy_eV"))
    return Parameter(
        name=name,
        value=None if energy is None else energy * electron_volt,
        meaning=raw["meaning"],
        source=raw["source"],
        optional=raw.get("optional", False),
    )
