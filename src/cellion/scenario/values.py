"""Kinds of values a scenario holds: read from text, SI inside, described for the JSON schema.

Each kind is an annotated type. Its validator returns the SI value or raises with one message that
says what was found and what is needed; its JSON schema describes what the *user* writes, and its
``title`` is what the reference page shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from cellion.errors import ScenarioError, nearest
from cellion.quantities import BOLTZMANN, DIMENSIONS, ELECTRON_VOLT, describe, to_si
from cellion.scenario.faults import FaultsError
from cellion.scenario.paths import KeyPath

__all__ = [
    "AXES",
    "Axis",
    "Carrier",
    "Coordinate",
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
    "Section",
    "Seed",
    "Temperature",
    "Text",
    "Whole",
    "choice",
    "distinct",
    "fail",
    "fraction",
    "length",
    "listed",
    "name",
    "number",
    "quantity",
    "unit_text",
]


class Section(BaseModel):
    """Base of every section: frozen, unknown keys refused, numbers never guessed from text.

    The description of a field documents it, for the reference page, editors and readers of the
    code. Values are in SI units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


def fail(message: str, *at: str | int) -> FaultsError:
    """Return the error for one fault at a path relative to the value being validated."""
    return FaultsError((at, message))


def listed(value: object, what: str, read: Callable[[Any], Any]) -> list[Any]:
    """Read every entry of a list and report all wrong ones together.

    Args:
        value: What the user wrote.
        what: What is needed, for the message when it is no list.
        read: Reads one entry or raises `ScenarioError` or `FaultsError`.

    Raises:
        FaultsError: ``value`` is no list, or entries are wrong.
    """
    if not isinstance(value, list | tuple):
        raise fail(f"found {describe(value)}; {what} is needed")
    entries: list[Any] = []
    faults: list[tuple[KeyPath, str]] = []
    for index, entry in enumerate(value):
        try:
            entries.append(read(entry))
        except ScenarioError as error:
            faults.append(((index,), str(error)))
        except FaultsError as error:
            faults += [((index, *at), message) for at, message in error.faults]
    if faults:
        raise FaultsError(*faults)
    return entries


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


def unit_text(dimension: str) -> dict[str, Any]:
    """Return the JSON schema of a quantity as the user writes it."""
    wanted = DIMENSIONS[dimension]
    return {
        "type": "string",
        "title": f"{wanted.noun} with its unit",
        "pattern": r"^\s*[+\-−]?(\d|\.\d)[^\n]*[A-Za-zµμΩΩ°℃℉ÅÅK][^\n]*$",
        "examples": [wanted.example],
    }


length = quantity("length", above=0.0)
"""Reader of a length above zero [m], for validators that take several forms."""

Length = Annotated[float, BeforeValidator(length), WithJsonSchema(unit_text("length"))]
"""A length above zero [m]."""

Coordinate = Annotated[
    float, BeforeValidator(quantity("length")), WithJsonSchema(unit_text("length"))
]
"""A length of either sign [m]."""

Temperature = Annotated[
    float,
    BeforeValidator(quantity("temperature", above=0.0)),
    WithJsonSchema(unit_text("temperature")),
]
"""An absolute temperature [K]."""

Density = Annotated[
    float, BeforeValidator(quantity("density", above=0.0)), WithJsonSchema(unit_text("density"))
]
"""A mass density [kg/m^3]."""


Frequency = Annotated[
    float,
    BeforeValidator(quantity("frequency", above=0.0)),
    WithJsonSchema(unit_text("frequency")),
]
"""A frequency [1/s]."""

NumberDensity = Annotated[
    float,
    BeforeValidator(quantity("number_density", above=0.0)),
    WithJsonSchema(unit_text("number_density")),
]
"""Particles per volume [1/m^3]."""


def _energy(value: Any) -> float:
    """Read an activation energy; values no hop can have are taken for a slip of the unit."""
    number = quantity("energy")(value)
    if not 0.0 <= number <= 20.0 * ELECTRON_VOLT:
        raise fail(
            f"found {value!r}, which is {number / ELECTRON_VOLT:.3g} eV; an activation energy "
            "between 0 and 20 eV is needed, for example '0.33 eV' or '32 kJ/mol'"
        )
    return number


Energy = Annotated[float, BeforeValidator(_energy), WithJsonSchema(unit_text("energy"))]
"""An activation energy [J]."""


def _energy_difference(value: Any) -> float:
    """Read an energy of either sign, of the size that sites of a crystal differ by."""
    number = quantity("energy")(value)
    if not abs(number) <= 20.0 * ELECTRON_VOLT:
        raise fail(
            f"found {value!r}, which is {number / ELECTRON_VOLT:.3g} eV; an energy between -20 and "
            "20 eV is needed, for example '0.05 eV'"
        )
    return number


EnergyDifference = Annotated[
    float, BeforeValidator(_energy_difference), WithJsonSchema(unit_text("energy"))
]
"""An energy of either sign [J]."""


def _entropy(value: Any) -> float:
    """Read an entropy of the size that vibrations make."""
    number = quantity("entropy")(value)
    if not abs(number) <= 50.0 * BOLTZMANN:
        raise fail(
            f"found {value!r}, which is {number / BOLTZMANN:.3g} k; an entropy between -50 and "
            "50 k is needed, for example '0.2 meV/K' or '2.5 k_B'"
        )
    return number


Entropy = Annotated[float, BeforeValidator(_entropy), WithJsonSchema(unit_text("entropy"))]
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


Fraction = Annotated[
    float,
    BeforeValidator(fraction),
    WithJsonSchema(
        {
            "title": "a fraction",
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^\s*\+?(\d|\.\d)[0-9.eE+\-]*\s*%?\s*$"},
            ],
            "examples": [0.6, "60 %"],
        }
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


def _whole(least: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from ``least`` on that fit into 63 bits."""

    def read(value: Any) -> int:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if not plain or not least <= value < 2**63:
            raise fail(f"found {describe(value)}; a whole number from {least} on is needed")
        return int(value)

    return read


def _integer(value: Any) -> int:
    """Read a whole number of either sign."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 1000:
        raise fail(f"found {describe(value)}; a whole number between -1000 and 1000 is needed")
    return value


Integer = Annotated[
    int, BeforeValidator(_integer), WithJsonSchema({"type": "integer", "title": "a whole number"})
]
"""A small whole number of either sign."""

Whole = Annotated[
    int,
    BeforeValidator(_whole(1)),
    WithJsonSchema({"type": "integer", "minimum": 1, "title": "a whole number from 1 on"}),
]
"""A whole number from 1 on."""

Seed = Annotated[
    int,
    BeforeValidator(_whole(0)),
    WithJsonSchema({"type": "integer", "minimum": 0, "title": "a whole number from 0 on"}),
]
"""A whole number from 0 on."""


def _flag(value: Any) -> bool:
    """Read ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise fail(f"found {describe(value)}; 'true' or 'false' is needed")
    return value


Flag = Annotated[
    bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean", "title": "`true` or `false`"})
]
"""True or false."""


def _text(value: Any) -> str:
    """Read text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise fail(f"found {describe(value)}; text is needed")
    return value


Text = Annotated[
    str, BeforeValidator(_text), WithJsonSchema({"type": "string", "minLength": 1, "title": "text"})
]
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


Name = Annotated[
    str,
    BeforeValidator(name),
    WithJsonSchema({"type": "string", "pattern": r"^[^\W_][\w+\-]{0,63}$", "title": "a name"}),
]
"""The name of a material."""


def choice(*allowed: str) -> Callable[[Any], str]:
    """Return a reader of one word out of ``allowed``."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            hint = nearest(value, allowed) if isinstance(value, str) else ""
            raise fail(f"found {describe(value)}{hint}; allowed: {', '.join(allowed)}")
        return value

    return read


Carrier = Annotated[Literal["ion", "electron"], BeforeValidator(choice("ion", "electron"))]
"""A charge carrier."""

AXES = ("x", "y", "z")
"""The coordinate directions in order."""

Axis = Annotated[Literal["x", "y", "z"], BeforeValidator(choice("x", "y", "z"))]
"""A coordinate direction."""


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values; an empty list or a repeated entry is a fault."""
    if not values:
        raise fail("found an empty list; at least one entry is needed")
    for index, value in enumerate(values):
        if value in values[:index]:
            raise fail(f"'{value}' is given twice; once is enough", index)
    return values
