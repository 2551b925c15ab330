"""Material library: measured values with units, conditions and sources.

One YAML file per material in ``material/library/`` lists every measurement at hand, the default and
the reason for it. The status of a value:

- ``found``: read in the named source (an abstract, or the row of a data set that names the paper);
- ``secondary``: read where somebody quotes the paper; the paper itself was not at hand;
- ``derived``: computed from found or secondary values, as the entry says;
- ``unverified``: from memory, or carried over from another material; only where nothing else is.

Example:
    >>> entry = library_entry("LLZO")
    >>> entry.name, entry.carriers["ion"].default.status
    ('Li7La3Zr2O12', 'found')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from cellion.arrays import FloatArray
from cellion.errors import MaterialError, ScenarioError, nearest
from cellion.quantities import to_si

__all__ = [
    "STATUSES",
    "CarrierEntry",
    "LibraryEntry",
    "LibraryMeasurement",
    "Sourced",
    "library_entry",
    "library_names",
]

STATUSES = ("found", "secondary", "derived", "unverified")
_CARRIERS = ("ion", "electron")
_INSULATOR = "insulator"


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """One number and its source.

    Attributes:
        text: The value as the file gives it, with its unit.
        value: The value in SI units.
        sample: Sample of the measurement.
        source: Citation.
        status: One of `STATUSES`.
        temperature: Temperature of the measurement [K], if it matters.
    """

    text: str
    value: float
    sample: str
    source: str
    status: str
    temperature: float | None = None


@dataclass(frozen=True, kw_only=True)
class LibraryMeasurement:
    """One measured conductivity.

    Attributes:
        name: Short name within its entry.
        text: The value as the file gives it, with its unit.
        conductivity: Tensor in crystal axes, shape (3, 3) [S/m].
        temperature: Temperature of the value [K].
        activation_energy: Arrhenius energy [J]; None when the source gives none.
        activation_energy_text: The same as the file gives it.
        convention: ``sigmaT``, ``sigma``, or ``unknown`` when the source does not say.
        temperature_range: Lowest and highest temperature of the measurement [K], when known.
        sample: Sample of the measurement.
        source: Citation.
        activation_energy_source: Citation for the energy.
        status: One of `STATUSES`.
    """

    name: str
    text: str
    conductivity: FloatArray
    temperature: float
    activation_energy: float | None
    activation_energy_text: str
    convention: str
    temperature_range: tuple[float, float] | None
    sample: str
    source: str
    activation_energy_source: str
    status: str


@dataclass(frozen=True, kw_only=True)
class CarrierEntry:
    """Conduction of one carrier in a material.

    Attributes:
        measurements: All measurements at hand, the one that is used first; empty when it is taken
            as an insulator.
        reason: Why the first one, or why it is taken as an insulator.
    """

    measurements: tuple[LibraryMeasurement, ...]
    reason: str

    @property
    def conducts(self) -> bool:
        """Whether the material conducts this carrier."""
        return bool(self.measurements)

    @property
    def default(self) -> LibraryMeasurement:
        """The measurement that is used.

        Raises:
            MaterialError: The material is taken as an insulator.
        """
        if not self.conducts:
            raise MaterialError(f"there is no measurement here: {self.reason}")
        return self.measurements[0]


@dataclass(frozen=True, kw_only=True)
class LibraryEntry:
    """One material of the library.

    Attributes:
        name: Its name.
        aliases: Other names it goes by.
        kind: Class of material, in a few words.
        carriers: By ``ion`` and ``electron``.
        density: Mass density [kg/m^3].
        diffusivity: Chemical diffusivities of lithium [m^2/s]; empty if none is listed.
        notes: Further remarks, one sentence each.
    """

    name: str
    aliases: tuple[str, ...]
    kind: str
    carriers: Mapping[str, CarrierEntry]
    density: Sourced
    diffusivity: tuple[Sourced, ...]
    notes: tuple[str, ...]


def library_names() -> tuple[str, ...]:
    """Names of the materials in the library, without aliases, sorted."""
    return tuple(sorted(_library(), key=str.casefold))


def library_entry(name: str) -> LibraryEntry:
    """Find a material by its name or an alias, whatever the case (``LLZO``, ``ncm811``).

    Raises:
        MaterialError: There is no such material; the message names the nearest one and all others.
    """
    for known, entry in _names().items():
        if known.casefold() == name.casefold():
            return entry
    raise MaterialError(
        f"material library: '{name}' is not in it{nearest(name, _names())}; it holds "
        f"{', '.join(library_names())}. Give 'ion' and 'electron' conductivities instead, or see "
        "'cellion materials'"
    )


@cache
def _names() -> Mapping[str, LibraryEntry]:
    """Return the entries by name and alias."""
    entries = _library().values()
    return {name: entry for entry in entries for name in (entry.name, *entry.aliases)}


@cache
def _library() -> Mapping[str, LibraryEntry]:
    """Read all files of the library, once."""
    folder = files("cellion.material") / "library"
    reader = YAML(typ="safe", pure=True)
    entries = [
        _entry(reader.load(file.read_text(encoding="utf-8")), file.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".yaml")
    ]
    return {entry.name: entry for entry in entries}


def _entry(document: Any, where: str) -> LibraryEntry:
    """Build one entry; a fault is a fault of the package and names its file."""
    try:
        return LibraryEntry(
            name=str(document["name"]),
            aliases=tuple(document["aliases"]),
            kind=document["kind"],
            carriers={carrier: _carrier(document, carrier) for carrier in _CARRIERS},
            density=_sourced(document["density"], "density"),
            diffusivity=tuple(
                _sourced(item, "diffusivity") for item in document.get("diffusivity", ())
            ),
            notes=tuple(document["notes"]),
        )
    except (KeyError, TypeError, ScenarioError) as error:
        raise MaterialError(f"material library: {where}: {error!r}") from error


def _carrier(document: Mapping[str, Any], carrier: str) -> CarrierEntry:
    section = document[carrier]
    if section == _INSULATOR:
        return CarrierEntry(measurements=(), reason=document[f"{carrier}_note"])
    default = section["default"]
    if default not in [item["id"] for item in section["measurements"]]:
        raise KeyError(f"default {default}")
    ordered = sorted(section["measurements"], key=lambda item: item["id"] != default)
    return CarrierEntry(
        measurements=tuple(_measurement(item) for item in ordered), reason=section["reason"]
    )


def _measurement(item: Mapping[str, Any]) -> LibraryMeasurement:
    values = item["conductivity"]
    principal = values if isinstance(values, list) else [values] * 3
    energy = item.get("activation_energy")
    span = item.get("range")
    return LibraryMeasurement(
        name=item["id"],
        text=", ".join(values) if isinstance(values, list) else values,
        conductivity=np.diag([to_si(value, "conductivity") for value in principal]),
        temperature=to_si(item["at"], "temperature"),
        activation_energy=None if energy is None else to_si(energy, "energy"),
        activation_energy_text=energy or "",
        convention=item.get("convention", "unknown"),
        temperature_range=span and (to_si(span[0], "temperature"), to_si(span[1], "temperature")),
        sample=item["sample"],
        source=item["source"],
        activation_energy_source=item.get("activation_energy_source", ""),
        status=_status(item),
    )


def _sourced(item: Mapping[str, Any], dimension: str) -> Sourced:
    return Sourced(
        text=item["value"],
        value=to_si(item["value"], dimension),
        sample=item["sample"],
        source=item["source"],
        status=_status(item),
        temperature=to_si(item["at"], "temperature") if "at" in item else None,
    )


def _status(item: Mapping[str, Any]) -> str:
    status = str(item["status"])
    if status not in STATUSES:
        raise KeyError(f"status {status}")
    return status
