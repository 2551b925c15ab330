"""Energies with a standard deviation, written ``0.30 eV +- 0.05 eV``."""

from __future__ import annotations

import re
from typing import Any

from cellion.quantities import number_and_unit
from cellion.scenario.sections import fail

__all__ = ["split_energies", "split_uncertain"]

_BETWEEN = re.compile(r"\s*(?:\+-|\+/-|±)\s*")


def _parts(value: Any, *at: str) -> list[str]:
    """Return the one or two texts of an energy that may have a deviation."""
    parts = _BETWEEN.split(value) if isinstance(value, str) else []
    if len(parts) > 2:
        raise fail(f"found {value!r}; write it like '0.30 eV +- 0.05 eV', with one '+-'", *at)
    found = [number_and_unit(part) for part in parts]
    if len(parts) == 2 and found[0] and found[1] and not found[0][1]:
        parts[0] += f" {found[1][1]}"  # '0.30 +- 0.05 eV': one unit for both
    return parts if len(parts) == 2 else []


def split_uncertain(document: Any, key: str, deviation: str = "uncertainty") -> Any:
    """Return a mapping in which an energy and its deviation have keys of their own.

    Args:
        document: What the user wrote; anything but a mapping is returned as it is.
        key: Key whose value may be ``0.30 eV +- 0.05 eV``.
        deviation: Key that takes the second part.
    """
    if not isinstance(document, dict) or not (parts := _parts(document.get(key), key)):
        return document
    if deviation in document:
        raise fail(f"'{deviation}' is given too; say the uncertainty once", key)
    return {**document, key: parts[0], deviation: parts[1]}


def split_energies(document: Any, key: str, deviations: str) -> Any:
    """Do the same for a mapping of energies by name; deviations go to a mapping of their own."""
    energies = document.get(key) if isinstance(document, dict) else None
    if not isinstance(energies, dict):
        return document
    parts = {
        name: found for name, value in energies.items() if (found := _parts(value, key, str(name)))
    }
    given = document.get(deviations, {})
    if not parts or not isinstance(given, dict):
        return document
    for name in parts:
        if name in given:
            raise fail(f"'{deviations}' gives '{name}' too; say the uncertainty once", key, name)
    return {
        **document,
        key: {**energies, **{name: found[0] for name, found in parts.items()}},
        deviations: {**given, **{name: found[1] for name, found in parts.items()}},
    }
