"""Kinds of values a scenario holds: read from text, SI inside, described for the JSON schema.

Each kind is an annotated type with a `Form`. Its reader returns the SI value or raises with one
message that says what was found and what is needed; its JSON schema describes what the *user*
writes, and its ``title`` is what the reference page shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from cellion.errors import ScenarioError
from cellion.quantities import BOLTZMANN, DIMENSIONS, ELECTRON_VOLT, describe, to_si
from cellion.scenario.sections import Form, OneOf, fail

__all__ = [
    "AXES",
    "PERCENTAGE",
    "AreaResistance",
    "Axis",
    "Carrier",
    "Conductivity",
    "Coordinate",
    "CurrentDensity",
    "Density",
    "Energy",
    "EnergyDifference",
    "Entropy",
    "Flag",
    "Fraction",
    "Frequency",
    "Integer",
    "Length",
    "Name",
    "NumberDensity",
    "Seed",
    "SheetConductance",
    "Temperature",
    "Text",
    "Whole",
    "angle",
    "dimensional",
    "fraction",
    "length",
    "name",
    "number",
    "positive",
    "quantity",
]


def quantity(dimension: str, *, above: float | None = None) -> Callable[[Any], float]:
    """Return a reader of one dimension whose value must exceed ``above``."""

    def read(value: Any) -> float:
        try:
            number = to_si(value, dimension)
        except ScenarioError as error:
            raise fail(str(error)) from None
        if above is not None and not number > above:
            wanted = DIMENSIONS[dimension]
            limit = "absolute zero" if dimension == "temperature" else "zero"
            raise fail(f"found {value!r}; {wanted.noun} above {limit} is needed")
        return number

    return read


def _unit_text(dimension: str) -> dict[str, Any]:
    """Return the JSON schema of a quantity as the user writes it."""
    wanted = DIMENSIONS[dimension]
    return {
        "type": "string",
        "title": f"{wanted.noun} with its unit",
        "pattern": r"^\s*[+\-−]?(\d|\.\d)[^\n]*[A-Za-zµμΩΩ°℃℉ÅÅK][^\n]*$",
        "examples": [wanted.example],
    }


def dimensional(dimension: str, *, above: float | None = 0.0, **schema: Any) -> Form:
    """Return the form of a quantity, above zero by default."""
    return Form(quantity(dimension, above=above), **_unit_text(dimension) | schema)


def _not_negative(dimension: str) -> Form:
    """Return the form of a quantity that may be zero."""

    def read(value: Any) -> float:
        number = quantity(dimension)(value)
        if number < 0.0:
            raise fail(f"found {value!r}; {DIMENSIONS[dimension].noun} is not negative")
        return number

    return Form(read, **_unit_text(dimension))


def _plausible(dimension: str, limits: tuple[float, float], unit: str, needed: str) -> Form:
    """Return the form of a quantity within limits, beyond which a slip of the unit is likely."""
    scale = {"eV": ELECTRON_VOLT, "k": BOLTZMANN}[unit]

    def read(value: Any) -> float:
        number = quantity(dimension)(value)
        if not limits[0] * scale <= number <= limits[1] * scale:
            raise fail(f"found {value!r}, which is {number / scale:.3g} {unit}; {needed}")
        return number

    return Form(read, **_unit_text(dimension))


length = quantity("length", above=0.0)
"""Reader of a length above zero [m], for validators that take several forms."""

Length = Annotated[float, dimensional("length")]
"""A length above zero [m]."""

Coordinate = Annotated[float, dimensional("length", above=None)]
"""A length of either sign [m]."""

Temperature = Annotated[float, dimensional("temperature")]
"""An absolute temperature [K]."""

Density = Annotated[float, dimensional("density")]
"""A mass density [kg/m^3]."""

Frequency = Annotated[float, dimensional("frequency")]
"""A frequency [1/s]."""

NumberDensity = Annotated[float, dimensional("number_density")]
"""Particles per volume [1/m^3]."""

Conductivity = Annotated[float, dimensional("conductivity")]
"""A scalar conductivity above zero [S/m]."""

CurrentDensity = Annotated[float, dimensional("current_density")]
"""A current density above zero [A/m^2]."""

AreaResistance = Annotated[float, _not_negative("area_resistance")]
"""A resistance times area [Ohm m^2], zero included."""

SheetConductance = Annotated[float, _not_negative("sheet_conductance")]
"""A conductance of a thin sheet, per square [S], zero included."""

Energy = Annotated[
    float,
    _plausible(
        "energy",
        (0.0, 20.0),
        "eV",
        "an activation energy between 0 and 20 eV is needed, for example '0.33 eV' or '32 kJ/mol'",
    ),
]
"""An activation energy [J]."""

EnergyDifference = Annotated[
    float,
    _plausible(
        "energy",
        (-20.0, 20.0),
        "eV",
        "an energy between -20 and 20 eV is needed, for example '0.05 eV'",
    ),
]
"""An energy of either sign [J], of the size that sites of a crystal differ by."""

Entropy = Annotated[
    float,
    _plausible(
        "entropy",
        (-50.0, 50.0),
        "k",
        "an entropy between -50 and 50 k is needed, for example '0.2 meV/K' or '2.5 k_B'",
    ),
]
"""A vibrational entropy of either sign [J/K]."""


def fraction(value: Any) -> float:
    """Read a fraction between 0 and 1."""
    try:
        share = to_si(value, "fraction")
    except ScenarioError as error:
        raise fail(str(error)) from None
    if not 0.0 <= share <= 1.0:
        raise fail(f"found {value!r}; a fraction between 0 and 1 is needed, or '0 %' to '100 %'")
    return share


PERCENTAGE = {"type": "string", "pattern": r"^\s*\+?(\d|\.\d)[0-9.eE+\-]*\s*%?\s*$"}
"""JSON schema of a fraction as text."""

Fraction = Annotated[
    float,
    Form(
        fraction,
        title="a fraction",
        anyOf=[{"type": "number", "minimum": 0, "maximum": 1}, PERCENTAGE],
        examples=[0.6, "60 %"],
    ),
]
"""A fraction in [0, 1]."""


def number(most: float) -> Callable[[Any], float]:
    """Return a reader of plain numbers above zero and up to ``most``."""

    def read(value: Any) -> float:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not 0 < value <= most:
            raise fail(
                f"found {describe(value)}; a number above 0 and up to {most:g}, without unit, is "
                "needed"
            )
        return float(value)

    return read


def positive(most: float, title: str = "a number", **schema: Any) -> Form:
    """Return the form of a plain number above zero and up to ``most``."""
    return Form(number(most), type="number", exclusiveMinimum=0, title=title, **schema)


def angle(example: float) -> Form:
    """Return the form of an angle above zero and up to 180 degrees."""
    return positive(180.0, "an angle in degrees", maximum=180, examples=[example])


def _whole(least: int) -> Form:
    """Return the form of a whole number from ``least`` on that fits into 63 bits."""

    def read(value: Any) -> int:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if not plain or not least <= value < 2**63:
            raise fail(f"found {describe(value)}; a whole number from {least} on is needed")
        return int(value)

    return Form(read, type="integer", minimum=least, title=f"a whole number from {least} on")


def _integer(value: Any) -> int:
    """Read a whole number of either sign."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1000:
        raise fail(f"found {describe(value)}; a whole number between -1000 and 1000 is needed")
    return value


Integer = Annotated[int, Form(_integer, type="integer", title="a whole number")]
"""A small whole number of either sign."""

Whole = Annotated[int, _whole(1)]
"""A whole number from 1 on."""

Seed = Annotated[int, _whole(0)]
"""A whole number from 0 on."""


def _flag(value: Any) -> bool:
    """Read ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise fail(f"found {describe(value)}; 'true' or 'false' is needed")
    return value


Flag = Annotated[bool, Form(_flag, type="boolean", title="`true` or `false`")]
"""True or false."""


def _text(value: Any) -> str:
    """Read text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise fail(f"found {describe(value)}; text is needed")
    return value


Text = Annotated[str, Form(_text, type="string", minLength=1, title="text")]
"""Text that is not empty."""

_NAME = re.compile(r"[^\W_][\w+\-]{0,63}")


def name(value: Any) -> str:
    """Read the name of a material."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        quotes = " in quotes" if isinstance(value, int | float) else ""
        raise fail(
            f"found {describe(value)}; a name{quotes} of letters, digits, '_', '+' and '-' that "
            "begins with a letter or digit is needed, at most 64 characters long"
        )
    return value


Name = Annotated[str, Form(name, type="string", pattern=r"^[^\W_][\w+\-]{0,63}$", title="a name")]
"""The name of a material."""


Carrier = Annotated[Literal["ion", "electron"], OneOf()]
"""A charge carrier."""

AXES = ("x", "y", "z")
"""The coordinate directions in order."""

Axis = Annotated[Literal["x", "y", "z"], OneOf()]
"""A coordinate direction."""
