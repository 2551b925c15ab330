"""Quantities with units: read once from text, SI floats ever after.

A dimensional value is text with its unit (``"3 mS/cm"``, ``"25 degC"``, ``"0.33 eV"``); `to_si`
checks its dimension and returns a plain float in SI units. A bare number is refused, because nobody
can tell what it was meant to be; only a fraction may be one (``0.6`` or ``"60 %"``).

Example:
    >>> round(to_si("3 mS/cm", "conductivity"), 12)
    0.3
    >>> to_si("25 degC", "temperature")
    298.15
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from cellion.errors import ScenarioError, nearest

if TYPE_CHECKING:
    from pint import Quantity, UnitRegistry

__all__ = [
    "AVOGADRO",
    "BOLTZMANN",
    "DIMENSIONS",
    "ELECTRON_VOLT",
    "ELEMENTARY_CHARGE",
    "FARADAY",
    "GAS_CONSTANT",
    "Dimension",
    "describe",
    "number_and_unit",
    "quantity",
    "split_quantity",
    "to_si",
]

# Exact by the definition of the SI of 2019; scipy.constants holds the same numbers (tested), but
# takes longer to import than the rest of a short command.
AVOGADRO: float = 6.02214076e23
"""Particles in one mole [1/mol]."""
BOLTZMANN: float = 1.380649e-23
"""Boltzmann constant [J/K]."""
ELEMENTARY_CHARGE: float = 1.602176634e-19
"""Charge of the proton [C]."""
FARADAY: float = AVOGADRO * ELEMENTARY_CHARGE
"""Charge of one mole of protons [C/mol]."""
GAS_CONSTANT: float = AVOGADRO * BOLTZMANN
"""Molar gas constant [J/(mol K)]."""
ELECTRON_VOLT: float = ELEMENTARY_CHARGE
"""One electron volt [J]."""


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One physical dimension a user may write.

    Attributes:
        noun: How a message names it, with its article.
        unit: SI unit as pint reads it; the unit of the float that `to_si` returns.
        example: Text that is accepted.
    """

    noun: str
    unit: str
    example: str


DIMENSIONS: Mapping[str, Dimension] = MappingProxyType(
    {
        "length": Dimension(noun="a length", unit="m", example="5 um"),
        "temperature": Dimension(noun="a temperature", unit="K", example="298.15 K"),
        "inverse_temperature": Dimension(
            noun="an inverse temperature", unit="1/K", example="3.3e-3 1/K"
        ),
        "conductivity": Dimension(noun="a conductivity", unit="S/m", example="3 mS/cm"),
        "conductivity_temperature": Dimension(
            noun="a conductivity times temperature", unit="S*K/m", example="300 S K/cm"
        ),
        "energy": Dimension(noun="an energy", unit="J", example="0.33 eV"),
        "entropy": Dimension(noun="an entropy", unit="J/K", example="0.2 meV/K"),
        "density": Dimension(noun="a density", unit="kg/m^3", example="1.64 g/cm^3"),
        "number_density": Dimension(noun="a number density", unit="1/m^3", example="1e21 1/cm^3"),
        "area_resistance": Dimension(
            noun="an area resistance", unit="ohm*m^2", example="20 Ohm cm^2"
        ),
        "sheet_conductance": Dimension(noun="a sheet conductance", unit="S", example="1e-9 S"),
        "diffusivity": Dimension(noun="a diffusivity", unit="m^2/s", example="1e-8 cm^2/s"),
        "time": Dimension(noun="a time", unit="s", example="10 ps"),
        "frequency": Dimension(noun="a frequency", unit="1/s", example="5 THz"),
        "voltage": Dimension(noun="a voltage", unit="V", example="10 mV"),
        "current_density": Dimension(noun="a current density", unit="A/m^2", example="1 mA/cm^2"),
        "fraction": Dimension(noun="a fraction", unit="", example="0.6 or '60 %'"),
    }
)
"""Dimensions by name, with the SI unit of the float returned by `to_si`."""

_PLAIN = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_END = r"(?![\d.])"
_NUMBER = (
    rf"(?P<mantissa>{_PLAIN})(?:\s*[*xX]\s*10(?:\^[+-]?|[+-])|\s+10\^[+-]?)\d{{1,3}}{_END}"
    rf"|[+-]?10\^[+-]?\d{{1,3}}{_END}"
    rf"|{_PLAIN}(?:[eE][+-]?\d+)?"
)
_QUANTITY = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>.*?)\s*", re.DOTALL)
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+")
_GROUPS = re.compile(r"\s*(?P<digits>[+-]?\d{1,3}(?:(?P<mark>[,' ])\d{3})+)(?!\d)(?P<rest>\.\d*)?")
_POWER_OF_TEN = re.compile(r"(?:\s*[*xX]\s*|\s+|(?<![\d.]))10\^?(?=[+-]|(?<=\^)\d)")
_FACTOR = r"[A-Za-zΩ°_]+(?:\^-?[1-9])?"
_JOIN = r"(?:\s*[*/]\s*|\s+)"
_PRODUCT = rf"{_FACTOR}(?:{_JOIN}{_FACTOR})*"
_TERM = rf"(?:{_FACTOR}|\(\s*{_PRODUCT}\s*\)(?:\^-?[1-9])?)"
_UNIT = re.compile(rf"(?:1\s*/\s*)?{_TERM}(?:{_JOIN}{_TERM})*")
_SPELLINGS = str.maketrans(
    {
        "\N{MICRO SIGN}": "u",
        "\N{GREEK SMALL LETTER MU}": "u",
        "\N{OHM SIGN}": "Ω",
        "\N{KELVIN SIGN}": "K",
        "\N{ANGSTROM SIGN}": "angstrom",
        "\N{LATIN CAPITAL LETTER A WITH RING ABOVE}": "angstrom",
        "\N{DEGREE CELSIUS}": "°C",
        "\N{DEGREE FAHRENHEIT}": "°F",
        "\N{MASCULINE ORDINAL INDICATOR}": "°",
        "\N{RING ABOVE}": "°",
        "\N{FULLWIDTH PERCENT SIGN}": "%",
    }
    | dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}", "-")
    | dict.fromkeys("\N{MIDDLE DOT}\N{DOT OPERATOR}\N{BULLET OPERATOR}\N{BULLET}", "*")
    | dict.fromkeys("\N{MULTIPLICATION SIGN}\N{ASTERISK OPERATOR}", "*")
    | dict.fromkeys("\N{DIVISION SLASH}\N{FRACTION SLASH}", "/")
    | dict.fromkeys("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\t", " ")
    | dict.fromkeys("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    | dict.fromkeys("\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}", "")
)
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_POWER = re.compile(r"[⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LONGEST = 80
_SMALLEST = 1e-40


def to_si(text: object, dimension: str) -> float:
    """Read a quantity and return it in SI units.

    Args:
        text: What the user wrote, a number and a unit; a fraction may be a plain number.
        dimension: One of `DIMENSIONS`.

    Returns:
        The value in the SI unit of the dimension; a temperature is absolute [K].

    Raises:
        ScenarioError: ``text`` is not a finite quantity of this dimension. The message says what
            was found and gives an example.
        ValueError: ``dimension`` is unknown (a mistake in the calling code).
    """
    if dimension not in DIMENSIONS:
        known = ", ".join(DIMENSIONS)
        raise ValueError(
            f"dimension '{dimension}' is unknown{nearest(dimension, DIMENSIONS)}; known: {known}"
        )
    if isinstance(text, str):
        return _read(text, dimension)
    if dimension == "fraction" and isinstance(text, int | float) and not isinstance(text, bool):
        return _finite(float(text) if abs(text) < 1e300 else math.inf, text, dimension)
    return _refuse(text, dimension)


def split_quantity(text: object) -> tuple[float, str]:
    """Split what a user wrote into its number and its unit, whatever the dimension.

    Args:
        text: ``"5 um"``, ``"60 %"``, or a plain number, whose unit is empty.

    Raises:
        ScenarioError: ``text`` is no finite number with or without a unit that is known.
    """
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) < 1e300:
        return float(text), ""
    found = number_and_unit(text) if isinstance(text, str) else None
    unit = "" if found is None else _canonical(found[1])
    if found is None or (unit not in ("", "%") and not _is_unit(unit)):
        raise ScenarioError(
            f"found {describe(text)}; a number with its unit is needed, for example '5 um', or a "
            "plain number where the key takes one"
        )
    return float(found[0]), unit


def number_and_unit(text: str) -> tuple[str, str] | None:
    """Split text into a number that `float` reads and the unit as written, in ASCII where it can.

    Args:
        text: ``5 um``, ``1.2·10⁻³ S/cm``, ``10^-3 S/cm``, ``5``.

    Returns:
        Number and unit; None where the text does not begin with one number, or is longer than any.
    """
    if len(text) > _LONGEST:
        return None
    written = _in_ascii(text)
    match = _QUANTITY.fullmatch(written)
    if match is None or _DECIMAL_COMMA.match(written) or _GROUPS.match(written):
        return None
    return _POWER_OF_TEN.sub("e" if match["mantissa"] else "1e", match["number"]), match["unit"]


def _in_ascii(text: str) -> str:
    """Replace typographic signs: ``10⁻³`` is ``10^-3``, ``cm²`` is ``cm^2``, ``µ`` is ``u``."""
    raised = _POWER.sub(
        lambda match: "^" + match[0].translate(_RAISED),
        text.replace("A\N{COMBINING RING ABOVE}", "Å"),
    )
    plain = raised.translate(_SPELLINGS).replace("**", "^")
    return re.sub(r"\^\{\s*([+-]?\d+)\s*\}|\^\(\s*([+-]?\d+)\s*\)", r"^\1\2", plain)


def quantity(number: float, unit: str) -> Quantity:
    """Return a number with a unit of `split_quantity` as pint computes with it."""
    if unit == "%":
        return _registry().Quantity(number / 100, "")
    return _registry().Quantity(number, unit)


def _is_unit(unit: str) -> bool:
    from pint.errors import PintError

    try:
        _registry().parse_units(unit)
    except (PintError, ValueError, AttributeError, TypeError):
        return False
    return _UNIT.fullmatch(unit) is not None and "delta" not in unit


def describe(value: object) -> str:
    """Say in a few words what the user wrote, for messages: ``5``, ``'5 um'``, ``a list of 3``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 10**20:
            return "a very large whole number"
        case int() | float():
            return str(value)
        case str():
            return repr(value if len(value) <= _LONGEST else value[:_LONGEST] + "…")
        case list() | tuple():
            return f"a list of {len(value)}" if value else "an empty list"
        case Mapping():
            return "a mapping" if value else "an empty mapping"
        case _:
            return f"a {type(value).__name__}"


@lru_cache(maxsize=4096)
def _read(text: str, dimension: str) -> float:
    """Read one quantity; cached, because scenarios and studies repeat their values."""
    found = number_and_unit(text)
    if found is None:
        return _refuse(text, dimension, _why_no_number(text) if len(text) <= _LONGEST else "")
    number, unit = found[0], _canonical(found[1])
    _finite(float(number), text, dimension)
    if dimension == "fraction":
        if unit not in ("", "%"):
            return _refuse(text, dimension)
        return _divided(number, 100 if unit == "%" else 1)
    if not unit:
        return _refuse(text, dimension, "the unit is missing")
    if _UNIT.fullmatch(unit) is None or "delta" in unit:
        return _refuse(text, dimension, f"the unit '{found[1]}' is not readable")
    return _finite(_convert(number, unit, text, dimension), text, dimension)


def _why_no_number(text: str) -> str:
    """Say why text does not begin with one number; empty where there is nothing to say."""
    written = _in_ascii(text)
    groups, comma = _GROUPS.match(written), _DECIMAL_COMMA.match(written)
    if groups:
        digits, rest = groups["digits"], groups["rest"] or ""
        without = re.sub("[,' ]", "", digits) + rest
        if digits.count(",") == 1 and not rest:
            point = digits.replace(",", ".")
            return f"'{digits}' can be {point} or {without}; write the one that is meant"
        return f"write {without}, without marks between the digits"
    return "write decimals with a point" if comma else ""


def _canonical(unit: str) -> str:
    """Return a unit in pint's spelling: ``Ohm cm2`` is ``ohm cm^2``, ``mS cm-1`` ``mS cm^-1``."""
    unit = re.sub(r"(?i)\bohm", "ohm", re.sub(r"(?i)\b([munpkMG])ohm", r"\1ohm", unit))
    unit = re.sub(r"(?<![A-Za-z])([munpkMG]?)Ω", r"\1ohm", re.sub(r"Ω(?=[A-Za-z])", "Ω ", unit))
    unit = re.sub(r"(°|\bdeg|\bdegrees?)\s*([CF])\b", r"deg\2", unit)
    unit = re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])|(?<=\w)\.(?=[A-Za-z])", " ", unit)  # S.cm-1, ohm-cm
    unit = re.sub(r"(?<=[A-Za-z)])(-?\d)", r"^\1", unit)
    unit = re.sub(r"(?<=\d)(?=[A-Za-z(])", " ", unit.strip())
    return f"1{unit}" if unit.startswith("/") else unit


def _convert(number: str, unit: str, text: str, dimension: str) -> float:
    """Convert a number with its unit; only temperatures have an offset (``degC``)."""
    from pint.errors import PintError

    try:
        if dimension == "temperature" and unit != "K":
            return float(_registry().Quantity(float(number), unit).to("K").magnitude)
        scale = _scale(unit, DIMENSIONS[dimension].unit)
    except (PintError, ValueError, ArithmeticError, TypeError, AttributeError):
        return _refuse(text, dimension, _why_not(unit, dimension))
    inverse = round(1.0 / scale) if 1e-15 < scale < 1.0 else 0
    if inverse and math.isclose(inverse * scale, 1.0, rel_tol=1e-13):
        return _divided(number, inverse)
    return float(number) * scale


def _divided(number: str, divisor: int) -> float:
    """Divide without rounding twice: ``0.2 um`` is the float 2e-07, not its neighbour."""
    return float(Fraction(number) / divisor) if float(number) else 0.0


@lru_cache(maxsize=256)
def _scale(unit: str, target: str) -> float:
    """Return how many ``target`` one ``unit`` is; a molar value is taken per particle."""
    one = _registry().Quantity(1.0, unit)
    if target == "J" and one.check("[energy]/[substance]"):
        return float(one.to("J/mol").magnitude) / AVOGADRO
    if target == "J/K" and one.check("[energy]/[substance]/[temperature]"):
        return float(one.to("J/mol/K").magnitude) / AVOGADRO
    scale = float(one.to(target).magnitude)
    whole = round(scale)
    return float(whole) if math.isclose(scale, whole, rel_tol=1e-13) else scale


def _why_not(unit: str, dimension: str) -> str:
    """Say why a unit does not serve: unknown, or of another dimension."""
    from pint.errors import PintError

    if dimension == "temperature" and unit in ("C", "F"):
        return f"'{unit}' is not a temperature, 'deg{unit}' is"
    try:
        _registry().parse_units(unit)
    except (PintError, ValueError, AttributeError):
        return f"the unit '{unit}' is not known here"
    above, slash, below = (part.strip() for part in unit.partition("/"))
    other = f"{above}/({below})"
    if slash and _is_unit(other) and _fits(other, dimension):
        return f"'{unit}' divides by its first factor only; '{other}' may be meant"
    return f"'{unit}' is not the unit of {DIMENSIONS[dimension].noun}"


def _fits(unit: str, dimension: str) -> bool:
    """Tell whether a known unit is one of a dimension."""
    from pint.errors import PintError

    try:
        return _scale(unit, DIMENSIONS[dimension].unit) > 0.0
    except PintError:
        return False


@cache
def _registry() -> UnitRegistry:
    """Build the unit registry on first use (it takes a noticeable fraction of a second)."""
    from pint import UnitRegistry

    return UnitRegistry()


def _finite(value: float, text: object, dimension: str) -> float:
    """Return the value unless it is out of every reasonable range."""
    if value == 0.0 or _SMALLEST <= abs(value) <= 1.0 / _SMALLEST:
        return value
    return _refuse(text, dimension, "out of any range that makes sense")


def _refuse(text: object, dimension: str, reason: str = "") -> float:
    """Raise the error for a value that is no quantity of this dimension."""
    wanted = DIMENSIONS[dimension]
    if dimension != "fraction" and isinstance(text, int | float) and not isinstance(text, bool):
        reason = "a bare number"
    because = f" ({reason})" if reason else ""
    if dimension == "fraction":
        need = f"{wanted.noun} is needed, for example {wanted.example}"
    else:
        need = f"{wanted.noun} with its unit is needed, for example '{wanted.example}'"
    raise ScenarioError(f"found {describe(text)}{because}; {need}")
