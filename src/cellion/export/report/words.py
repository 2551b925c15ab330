"""Numbers, units and key paths as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cellion.scenario.paths import parse_path

__all__ = [
    "CONDUCTIVITY",
    "MACMULLIN",
    "TIED",
    "TORTUOSITY",
    "UNKNOWN",
    "conductivity",
    "digits",
    "duration",
    "key_label",
    "listed",
    "memory",
    "percent",
    "shortened",
    "unit_label",
    "with_spread",
]

UNKNOWN = "–"
TIED = "\N{NO-BREAK SPACE}"
"""Between a number and its unit, which stay on one line."""
CONDUCTIVITY = 10.0
"""1 S/m in mS/cm."""
TORTUOSITY = "tortuosity factor τ = φ σ_bulk / σ_eff (φ: volume fraction of what conducts)"
MACMULLIN = "MacMullin number N_M = σ_bulk / σ_eff"

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = {"degC": "°C", "ohm": "Ω", "Ohm": "Ω", "um": "µm", "us": "µs", "angstrom": "Å"}
_MINUS = "−"
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e5
_MOST_VALUES = 8


def digits(value: float | None, count: int = 3) -> str:
    """A number with so many significant digits; ∞ and a dash for what is not finite.

    Args:
        value: The number; None stands for one that is not known.
        count: Significant digits.
    """
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    if value == 0.0:
        return "0"
    rounded = float(f"{value:.{count - 1}e}")
    exponent = math.floor(math.log10(abs(rounded)))
    if _PLAIN_FROM <= abs(rounded) < _PLAIN_TO:
        return f"{rounded:.{max(0, count - 1 - exponent)}f}".replace("-", _MINUS)
    mantissa = rounded / 10.0**exponent
    shown = f"{mantissa:.{count - 1}f}".replace("-", _MINUS)
    return f"{shown}×10{str(exponent).translate(_SUPERSCRIPT)}"


def with_spread(mean: float, spread: float, unit: str = "") -> str:
    """A mean and its standard deviation, ``0.285 ± 0.004``, both to the digits of the second."""
    tail = f"{TIED}{unit.replace(' ', TIED)}" if unit else ""
    if not (math.isfinite(spread) and math.isfinite(mean)) or spread <= 1e-6 * abs(mean):
        return digits(mean) + tail
    places = max(0, 1 - math.floor(math.log10(spread)) - (f"{spread:.0e}"[0] not in "12"))
    if abs(mean) < _PLAIN_FROM or abs(mean) >= _PLAIN_TO or places > 6:
        return f"{digits(mean)}{TIED}±{TIED}{digits(spread, 1)}{tail}"
    return f"{mean:.{places}f}{TIED}±{TIED}{spread:.{places}f}{tail}"


def conductivity(value: float, spread: float = math.nan) -> str:
    """A conductivity in mS/cm, with its standard deviation where it has one.

    Args:
        value: Conductivity [S/m].
        spread: Standard deviation [S/m].
    """
    return with_spread(CONDUCTIVITY * value, CONDUCTIVITY * spread, "mS/cm")


def percent(share: float | None, count: int = 3) -> str:
    """A share in percent."""
    return f"{digits(None if share is None else 100 * share, count)}{TIED}%"


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    if seconds >= 90:
        return f"{seconds / 60:.1f} min"
    return f"{digits(seconds, 2 if seconds < 10 else 3)} s"


def memory(size: float) -> str:
    """A number of bytes in GB or MB."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def shortened(words: Sequence[str]) -> str:
    """A list of values, the middle left out of a long one."""
    if len(words) <= _MOST_VALUES:
        return ", ".join(words)
    return f"{', '.join(words[:3])}, ... {words[-1]} ({len(words)} values)"


def unit_label(unit: str) -> str:
    """A unit as it is printed: ``ohm*cm^2`` is Ω cm²; nothing for ``-``."""
    if unit in ("", "-"):
        return ""
    words = unit.replace("**", "^").replace("*", " ").replace("/", " / ").split()
    shown = [
        _UNITS.get(base, base) + (power.translate(_SUPERSCRIPT) if caret else "")
        for base, caret, power in (word.partition("^") for word in words)
    ]
    return " ".join(shown).replace(" / ", "/")


def key_label(key: str, scenario: Mapping[str, Any]) -> str:
    """A key path in words: the ``volume_fraction`` of particles of CAM is *CAM volume fraction*.

    Args:
        key: A path such as ``microstructure.packing.particles[0].volume_fraction``.
        scenario: A plain scenario in which it lies.
    """
    try:
        path = parse_path(key)
    except ValueError:
        return key
    last = str(path[-1]).replace("_", " ")
    if isinstance(path[-1], int):
        last = f"{path[-2]}[{path[-1]}]".replace("_", " ")
    if path[0] == "materials" and len(path) > 2:
        carrier = " ".join(str(word) for word in path[1:-1])
        return f"{carrier} {last}"
    beside = _lookup(scenario, path[:-1])
    if isinstance(beside, Mapping):
        pair = beside.get("between")
        if isinstance(pair, list | tuple):
            return f"{'|'.join(map(str, pair))} {last}"
        if isinstance(beside.get("material"), str):
            return f"{beside['material']} {last}"
    if len(path) > 2 and path[0] == "microstructure" and not isinstance(path[-2], int):
        return f"{str(path[-2]).replace('_', ' ')} {last}"
    return f"mesh {last}" if path[0] == "mesh" else last


def _lookup(document: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document
