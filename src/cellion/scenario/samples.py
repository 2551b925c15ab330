"""The scenarios of a fit: one for each measured sample and value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cellion.scenario.edit import changed
from cellion.scenario.faults import Fault
from cellion.scenario.fit import FitSpec
from cellion.scenario.paths import KeyPath, format_path

__all__ = ["fit_faults", "sample_document"]

type Validate = Callable[[dict[str, Any]], list[Fault]]


def sample_document(
    document: Mapping[str, Any], fit: FitSpec, index: int, value: float
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the plain scenario of a sample at a value, and the faults of its key paths.

    Args:
        document: The plain scenario with its ``fit`` section.
        fit: The section.
        index: Which sample.
        value: Value of what is fitted, in its SI unit.
    """
    plain = {key: entry for key, entry in document.items() if key not in ("fit", "study")}
    written = f"{value!r} {fit.unit}"
    return changed(plain, {**fit.measured[index].where, fit.vary: written})


def fit_faults(document: Mapping[str, Any], fit: FitSpec, validate: Validate) -> list[Fault]:
    """Return what is wrong with the scenario of the first faulty sample.

    Args:
        document: The plain scenario.
        fit: Its ``fit`` section.
        validate: Returns the faults of a plain scenario.
    """
    for index in range(len(fit.measured)):
        plain, faults = sample_document(document, fit, index, fit.bracket[0])
        faults = faults or validate(plain)
        if faults:
            other = bool(fit.measured[index].where)
            at: KeyPath = ("fit", "measured", index, "where") if other else ("fit", "vary")
            return [Fault(path=at, message=_told(fault)) for fault in faults]
    return []


def _told(fault: Fault) -> str:
    """A fault with its key path."""
    return ": ".join(part for part in (format_path(fault.path), fault.message) if part)
