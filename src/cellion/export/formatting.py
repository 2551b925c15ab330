"""Numbers, units and key paths as text, and the units of display."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cellion.scenario.paths import parse_path

__all__ = [
    "AREA_RESISTANCE",
    "CONDUCTIVITY",
    "MACMULLIN",
    "TIED",
    "TORTUOSITY",
    "UNKNOWN",
    "conductivity",
    "digits",
    "displayed",
    "duration",
    "key_label",
    "key_labels",
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
AREA_RESISTANCE = 1e4
"""1 Ohm m^2 in Ohm cm^2."""
TORTUOSITY = "tortuosity factor τ = φ σ_bulk / σ_eff (φ: volume fraction of what conducts)"
MACMULLIN = "MacMullin number N_M = σ_bulk / σ_eff"

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNITS = {"degC": "°C", "ohm": "Ω", "Ohm": "Ω", "um": "µm", "us": "µs", "angstrom": "Å"}
_MINUS = "−"
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e5
_INDEXED = re.compile(r"\w+\[\d+\]")
_DISPLAYED = {
    "S/m": ("mS/cm", CONDUCTIVITY),
    "Ohm m^2": ("Ω cm²", AREA_RESISTANCE),
    "m": ("µm", 1e6),
    "1/m": ("1/µm", 1e-6),
}
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


def with_spread(mean: float, spread: float, unit: str = "", count: int = 3) -> str:
    """A mean and its standard deviation, ``0.285 ± 0.004``, both to the digits of the second.

    Args:
        mean: The mean.
        spread: The deviation; a mean without one, or with a tiny one, stands alone.
        unit: Unit behind both.
        count: Significant digits of a mean that stands alone.
    """
    tail = f"{TIED}{unit.replace(' ', TIED)}" if unit else ""
    if not (math.isfinite(spread) and math.isfinite(mean)) or spread <= 1e-6 * abs(mean):
        return digits(mean, count) + tail
    leading, _, exponent = f"{spread:.0e}".partition("e")
    places = max(0, 1 - int(exponent) - (leading not in "12"))
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


def displayed(unit: str) -> tuple[str, float]:
    """The unit in which an answer is shown, and the factor to it.

    Args:
        unit: Unit of the answer in tables and records, such as ``S/m``.
    """
    return _DISPLAYED.get(unit, (unit, 1.0))


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


def key_labels(keys: Sequence[str], scenario: Mapping[str, Any]) -> dict[str, str]:
    """Key paths in words, each once: where two read alike, the index in the path is added.

    Args:
        keys: Paths such as ``microstructure.packing.particles[0].diameter``.
        scenario: A plain scenario in which they lie.
    """
    labels = {key: key_label(key, scenario) for key in keys}
    return {
        key: label
        if list(labels.values()).count(label) == 1
        else f"{label} ({'.'.join(_INDEXED.findall(key)) or key})"
        for key, label in labels.items()
    }


def key_label(key: str, scenario: Mapping[str, Any]) -> str:
    """A key path in words: ``diameter of CAM`` for that of particles of CAM.

    Args:
        key: A path such as ``microstructure.packing.particles[0].diameter``.
        scenario: A plain scenario in which it lies.
    """
    try:
        path = parse_path(key)
    except ValueError:
        return key
    owner, names = _owner(path, scenario)
    words = " ".join(str(name) for name in names).replace("_", " ")
    if path[0] == "mesh":
        return f"mesh {words}"
    return f"{words} of {owner}" if owner else words


def _owner(path: Sequence[str | int], scenario: Mapping[str, Any]) -> tuple[str, Sequence[object]]:
    """What a key belongs to, such as a material; and the names in the path that say what it is."""
    if isinstance(path[-1], int):
        return _of_entry(path, scenario)
    if path[0] == "materials" and len(path) > 2:
        return str(path[1]), path[2:]
    for end in range(len(path) - 1, 0, -1):
        beside = _lookup(scenario, path[:end])
        if isinstance(beside, Mapping):
            pair = beside.get("between")
            if isinstance(pair, list | tuple):
                return "|".join(map(str, pair)), path[end:]
            if isinstance(beside.get("material"), str) and path[0] != "cell":
                return beside["material"], path[end:]
    whole = 1 if path[0] == "cell" else 2
    owner = path[-2] if len(path) > whole + 1 and not isinstance(path[-2], int) else ""
    return str(owner).replace("_", " "), path[-1:]


def _of_entry(
    path: Sequence[str | int], scenario: Mapping[str, Any]
) -> tuple[str, Sequence[object]]:
    """The same for an entry of a list: of lengths of the box, or beside a list of materials."""
    name, place = str(path[-2]), path[-1]
    if name == "box" and place in (0, 1, 2):
        return "the box", [f"edge {'xyz'[int(place)]}"]
    beside = _lookup(scenario, (*path[:-2], "materials"))
    if isinstance(beside, list | tuple) and int(place) < len(beside):
        return str(beside[int(place)]), [name.removesuffix("es" if name.endswith("sses") else "s")]
    return "", [f"{name}[{place}]"]


def _lookup(document: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document
