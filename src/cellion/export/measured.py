"""Published measurements to show beside computed values, with their conditions and sources.

They are data of the package, ``export/measured.yaml``, and are never fitted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

from cellion.material.catalogue import library_entry
from cellion.quantities import to_si

__all__ = [
    "Measured",
    "MeasuredPoint",
    "MeasuredPolycrystal",
    "composites_beside",
    "measured_composites",
    "measured_polycrystals",
    "polycrystals_beside",
]


@dataclass(frozen=True, kw_only=True)
class MeasuredPoint:
    """One measured sample.

    Attributes:
        reference: Its name among the references of the tests.
        volume_fraction: Of the electrolyte [-].
        conductivity: By carrier [S/m].
        tortuosity_factor: By carrier [-].
    """

    reference: str
    volume_fraction: float
    conductivity: Mapping[str, float] = field(default_factory=dict)
    tortuosity_factor: Mapping[str, float] = field(default_factory=dict)

    def value(self, carrier: str, quantity: str) -> float:
        """One of ``conductivity`` [S/m] and ``tortuosity`` [-]; NaN when it is not given."""
        known = self.conductivity if quantity == "conductivity" else self.tortuosity_factor
        return known.get(carrier, math.nan)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Measured samples of one publication.

    Attributes:
        number: Place in the file, from 0.
        name: Authors and year.
        source: Where it is published.
        status: As in `cellion.material.catalogue`.
        sample: What was measured.
        conditions: How.
        accuracy: How well it is known.
        electrolyte: What conducts ions.
        pores: Whether fractions are of the volume with pores.
        points: The samples.
        comparable: Whether conductivities may be compared: the electrolyte is the computed one.
    """

    number: int
    name: str
    source: str
    status: str
    sample: str
    conditions: str
    accuracy: str
    electrolyte: str
    pores: str
    points: tuple[MeasuredPoint, ...]
    comparable: bool = False


@dataclass(frozen=True, kw_only=True)
class MeasuredPolycrystal:
    """A sintered pellet, whose grains and whole were measured by impedance at room temperature.

    Attributes:
        reference: Its name among the references of the tests.
        formula: The material.
        bulk: Conductivity of the grains [S/m].
        total: Conductivity of the whole [S/m].
        source: Where it is published; all were read in the OBELiX data set.
        family: Material of the library that it is a relative of.
    """

    reference: str
    formula: str
    bulk: float
    total: float
    source: str
    family: str


@cache
def measured_composites() -> tuple[Measured, ...]:
    """Measured composite cathodes and mixtures, by publication."""
    return tuple(
        Measured(number=number, **{**entry, "points": tuple(map(_point, entry["points"]))})
        for number, entry in enumerate(_data()["composites"])
    )


@cache
def measured_polycrystals() -> tuple[MeasuredPolycrystal, ...]:
    """Measured ceramics whose bulk and total conductivity are known."""
    return tuple(
        MeasuredPolycrystal(
            **{**entry, **{key: to_si(entry[key], "conductivity") for key in ("bulk", "total")}}
        )
        for entry in _data()["polycrystals"]
    )


def composites_beside(scenario: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Measured composites, marked comparable where the scenario has their electrolyte.

    Args:
        scenario: A plain scenario.
    """
    names = _library_names(scenario)
    return tuple(
        replace(each, comparable=each.electrolyte in names) for each in measured_composites()
    )


def polycrystals_beside(scenario: Mapping[str, Any]) -> tuple[MeasuredPolycrystal, ...]:
    """Measured relatives of the materials of a scenario.

    Args:
        scenario: A plain scenario.
    """
    names = _library_names(scenario)
    return tuple(each for each in measured_polycrystals() if each.family in names)


def _library_names(scenario: Mapping[str, Any]) -> set[str]:
    """Library names of a scenario's materials, as the library itself spells them."""
    named = (
        about.get("library")
        for about in scenario.get("materials", {}).values()
        if isinstance(about, Mapping)
    )
    return {library_entry(name).name for name in named if isinstance(name, str)}


def _point(entry: Mapping[str, Any]) -> MeasuredPoint:
    given = {name: entry[name] for name in ("ion", "electron") if name in entry}
    return MeasuredPoint(
        reference=entry["reference"],
        volume_fraction=to_si(entry["volume_fraction"], "fraction"),
        conductivity={
            name: to_si(values["conductivity"], "conductivity")
            for name, values in given.items()
            if "conductivity" in values
        },
        tortuosity_factor={
            name: float(values["tortuosity_factor"])
            for name, values in given.items()
            if "tortuosity_factor" in values
        },
    )


def _data() -> Any:
    text = files("cellion.export").joinpath("measured.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(text)
