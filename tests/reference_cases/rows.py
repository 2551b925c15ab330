"""One number of a reference beside what was computed of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENTRIES", "EXACT_DIGITS", "Answer", "Entry", "Row", "bracket_rows", "value_row"]

type Array = NDArray[np.float64]
type Entry = dict[str, Any]

_FILE = Path(__file__).parents[1] / "references" / "references.json"
ENTRIES: dict[str, Entry] = {
    entry["id"]: entry for entry in json.loads(_FILE.read_text(encoding="utf-8"))["entries"]
}

EXACT_DIGITS = 5e-12
"""Half a unit of the last digit of closed forms, relative."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A reference value and the bounds, or the value, computed for it.

    Attributes:
        reference: Entry of the references.
        quantity: What it is, with its unit.
        exact: The reference value, or the lower end of an interval.
        exact_high: Upper end of the interval that has to hold both bounds; None for a value.
        lower: Lower bound, or the computed value.
        upper: Upper bound, or the computed value.
        slack: What the reference is known to, or allowed to differ by.
        geometry_error: Estimated error by flat facets, beside the bounds; in no bound.
        unknowns: Unknowns of both bounds; 0 where no field was solved for.
    """

    reference: str
    quantity: str
    exact: float
    lower: float
    upper: float
    slack: float = 0.0
    geometry_error: float = 0.0
    unknowns: int = 0
    exact_high: float | None = None

    @property
    def inside(self) -> bool:
        """Whether the reference lies in the bounds, or the bounds in its interval."""
        room = self.slack + self.geometry_error
        if self.exact_high is not None:
            return self.exact - room <= self.lower and self.upper <= self.exact_high + room
        return self.lower - room <= self.exact <= self.upper + room


type Answer = Callable[[Entry], list[Row]]


def bracket_rows(
    entry: Entry,
    exact: Array,
    bounds: tuple[Array, Array],
    *,
    unknowns: int,
    digits: float = EXACT_DIGITS,
    geometry_error: Sequence[float] = (),
) -> list[Row]:
    """One row for each diagonal component.

    Args:
        entry: The reference.
        exact: Its tensor, shape (d, d).
        bounds: Lower and upper bound, shape (d, d).
        unknowns: Unknowns of both bounds.
        digits: What the reference is known to, relative to its largest component.
        geometry_error: Estimate for each component; none for plane surfaces.
    """
    slack = digits * float(np.abs(exact).max())
    return [
        Row(
            reference=entry["id"],
            quantity=f"sigma_{'xyz'[k] * 2}",
            exact=float(exact[k, k]),
            lower=float(bounds[0][k, k]),
            upper=float(bounds[1][k, k]),
            slack=slack,
            geometry_error=geometry_error[k] if len(geometry_error) else 0.0,
            unknowns=unknowns,
        )
        for k in range(len(exact))
    ]


def value_row(entry: Entry, quantity: str, exact: float, computed: float, *, allowed: float) -> Row:
    """A computed number beside its reference, allowed to differ by a relative error."""
    return Row(
        reference=entry["id"],
        quantity=quantity,
        exact=exact,
        lower=computed,
        upper=computed,
        slack=allowed * abs(exact),
    )
