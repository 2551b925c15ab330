"""Interfaces and conductivities given as Python objects: numbers, text with units, or laws.

A law is any object with the method of its protocol, so that a user writes his own::

    class Misfit:
        def resistance(self, temperature, first, second):
            return 1e-4 * disorientation_angles(first, second, "cubic")

    Interface("SE", "SE", area_resistance=Misfit())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from cellion.arrays import FloatArray
from cellion.errors import MaterialError, ScenarioError, nearest
from cellion.material.conductivity_laws import ConductivityLaw, ConstantLaw
from cellion.material.interface_laws import PairLaws
from cellion.material.material import Material
from cellion.quantities import describe, to_si

__all__ = [
    "Interface",
    "ResistanceLaw",
    "SheetLaw",
    "in_si",
    "materials_of",
    "pair_laws",
    "pair_resistances",
]


@runtime_checkable
class ResistanceLaw(Protocol):
    """Area-specific resistance of an interface."""

    def resistance(self, temperature: float, first: FloatArray, second: FloatArray) -> ArrayLike:
        """Resistances of n contacts at a temperature [K], one number or shape (n,) [Ohm m^2].

        Args:
            temperature: The temperature [K].
            first: Rotation from crystal to sample axes on the side of the first material, shape
                (n, d, d); the unit matrix where the mesh has no orientations.
            second: The same on the side of the second material.

        Returns:
            0 is perfect contact, infinity insulates.
        """
        ...


@runtime_checkable
class SheetLaw(Protocol):
    """Conductance along an interface."""

    def sheet_conductance(self, temperature: float) -> float:
        """Conductance of the sheet at a temperature [K] [S]."""
        ...


@dataclass(frozen=True)
class Interface:
    """Interface between two materials, or between the grains of one.

    Attributes:
        first: Name of a material.
        second: Name of the other; the same for grain boundaries.
        area_resistance: Area-specific resistance, a number [Ohm m^2], text such as
            ``"20 Ohm cm^2"``, or a law.
        sheet_conductance: Conductance along it, a number [S], text such as ``"1e-9 S"``, or a law.

    Raises:
        MaterialError: A value is negative, not a number, or (of a sheet) infinite.
        ScenarioError: Text is no quantity of the right dimension.
    """

    first: str
    second: str
    area_resistance: float | str | ResistanceLaw = 0.0
    sheet_conductance: float | str | SheetLaw = 0.0

    def __post_init__(self) -> None:
        """Read text, and check numbers."""
        for name, law in (("area_resistance", ResistanceLaw), ("sheet_conductance", SheetLaw)):
            value = getattr(self, name)
            if not isinstance(value, law):
                number = in_si(value, name, f"{name} of {self.name}")
                object.__setattr__(self, name, _checked(number, name, self.name))

    @property
    def name(self) -> str:
        """Name for messages."""
        return f"the interface {self.first}/{self.second}"


def in_si(value: object, dimension: str, where: str) -> float:
    """Return a number in SI units: numbers are, text says its unit.

    Args:
        value: The number or text.
        dimension: One of `cellion.quantities.DIMENSIONS`.
        where: Beginning of the message.

    Raises:
        ScenarioError: It is neither a number nor a quantity of this dimension.
    """
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value)
    try:
        return to_si(value, dimension)
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from error


def materials_of(
    conductivity: Mapping[str, object], names: Sequence[str], carrier: str, temperature: float
) -> dict[str, Material]:
    """Build materials from the conductivities of one carrier.

    Args:
        conductivity: Per material a number [S/m], text such as ``"1 mS/cm"``, a symmetric tensor in
            crystal axes, shape (2, 2) or (3, 3) [S/m], a `ConductivityLaw` or a `Material`.
        names: Names of the materials that are needed.
        carrier: ``ion`` or ``electron``.
        temperature: Temperature that laws are asked for [K].

    Raises:
        MaterialError: A material has no conductivity, or one that is meaningless.
        ScenarioError: Text is no conductivity.
    """
    missing = [name for name in names if name not in conductivity]
    if missing:
        raise MaterialError(
            f"conductivity: '{missing[0]}' has none{nearest(missing[0], conductivity)}; give "
            f"that of every material of the mesh: {', '.join(names)} (0 for an insulator)"
        )
    found = {}
    for name in names:
        given = conductivity[name]
        if not isinstance(given, Material):
            given = Material(name=name, carriers={carrier: _law(name, given, temperature)})
        found[name] = given
    return found


def pair_laws(
    interfaces: Sequence[Interface], materials: Sequence[str], temperature: float
) -> PairLaws:
    """Tabulate the laws between all pairs of materials at a temperature [K].

    The resistance of an interface with a law is 1 Ohm m^2, a unit for `pair_resistances`.

    Raises:
        MaterialError: An interface is given twice, names an unknown material, or has a sheet whose
            law answers no positive number.
    """
    tables = np.zeros((2, len(materials), len(materials)))
    seen: set[frozenset[str]] = set()
    for each in interfaces:
        for name in (each.first, each.second):
            if name not in materials:
                raise MaterialError(
                    f"{each.name}: '{name}' is not a material of the mesh"
                    f"{nearest(name, materials)}; it has {', '.join(materials)}"
                )
        pair = frozenset((each.first, each.second))
        if pair in seen:
            raise MaterialError(f"{each.name} is given twice; give one for each pair of materials")
        seen.add(pair)
        i, j = materials.index(each.first), materials.index(each.second)
        resistance, sheet = each.area_resistance, each.sheet_conductance
        if isinstance(sheet, SheetLaw):
            name, sheet = "sheet_conductance", sheet.sheet_conductance(temperature)
            sheet = _checked(in_si(sheet, name, f"{name} of {each.name}"), name, each.name)
        found = 1.0 if isinstance(resistance, ResistanceLaw) else resistance
        tables[:, i, j] = tables[:, j, i] = found, sheet
    return PairLaws(resistance=tables[0], sheet_conductance=tables[1])


def pair_resistances(
    law: ResistanceLaw, name: str, temperature: float, first: FloatArray, second: FloatArray
) -> FloatArray:
    """Ask a law for the resistance of every contact, shape (n,) [Ohm m^2].

    Args:
        law: The law.
        name: Name of its interface, for messages.
        temperature: The temperature [K].
        first: Rotations on the side of the first material, shape (n, d, d).
        second: Rotations on the side of the second material.

    Raises:
        MaterialError: The answer is no resistance, or not one number for each contact.
    """
    answer = law.resistance(temperature, first, second)
    found = _numbers(answer, f"area_resistance of {name}")
    if found.shape not in ((), (len(first),)):
        raise MaterialError(
            f"area_resistance of {name}: its law answers an array of shape "
            f"{found.shape}; one number, or one for each of {len(first)} contacts is needed"
        )
    wrong = found[~(found >= 0.0)]
    if wrong.size:
        _checked(float(wrong[0]), "area_resistance", name)
    return np.broadcast_to(found, len(first)).copy()


def _checked(value: float, name: str, where: str) -> float:
    """Refuse a value that no interface has."""
    limit = inf if name == "area_resistance" else np.finfo(float).max
    if not 0.0 <= value <= limit:
        more = ", infinity for an insulator" if limit == inf else " and finite"
        unit = "Ohm m^2" if limit == inf else "S"
        raise MaterialError(
            f"{name} of {where} is {value:g} {unit}; it must be zero or positive{more}"
        )
    return value


def _law(name: str, given: Any, temperature: float) -> ConductivityLaw:
    """Read the conductivity of a material at a temperature."""
    where = f"conductivity of '{name}'"
    if hasattr(given, "conductivity"):
        given = given.conductivity(temperature)
    scalar = given is None or isinstance(given, str) or np.isscalar(given)
    tensor = np.array(in_si(given, "conductivity", where)) if scalar else _numbers(given, where)
    if tensor.shape not in ((), (2, 2), (3, 3)):
        raise MaterialError(
            f"{where} has shape {tensor.shape}; one number, or a tensor of shape (2, 2) or (3, 3) "
            "is needed"
        )
    solid = np.pad(tensor, (0, 3 - len(tensor))) if tensor.ndim else tensor * np.eye(3)
    try:
        return ConstantLaw(reference=solid)
    except MaterialError as error:
        raise MaterialError(f"material '{name}': {error}") from error


def _numbers(given: Any, where: str) -> FloatArray:
    """Return an array of numbers.

    Raises:
        MaterialError: It is none.
    """
    try:
        return np.array(given, dtype=float)
    except (TypeError, ValueError) as error:
        raise MaterialError(f"{where}: found {describe(given)}; numbers are needed") from error
