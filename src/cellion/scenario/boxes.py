"""Boxes in two or three dimensions, and lists that must not be empty."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from cellion.scenario.values import Length, fail

__all__ = ["BOX", "PERIODIC", "FlatOrSolidBox", "one_or_more"]

BOX = "Edge lengths of the box [m]; two lengths make a two-dimensional problem."
"""Description of the key ``box``."""

PERIODIC = "Whether the box repeats in all directions."
"""Description of the key ``periodic``."""


def _two_or_three(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return the edge lengths if there are two or three."""
    if len(values) not in (2, 3):
        raise fail(
            f"found {len(values)} edge lengths; three are needed, or two for a two-dimensional "
            "problem, for example [1 um, 1 um, 1 um]"
        )
    return values


def one_or_more(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the list if it has an entry."""
    if not values:
        raise fail("found an empty list; at least one entry is needed")
    return values


FlatOrSolidBox = Annotated[tuple[Length, ...], AfterValidator(_two_or_three)]
"""Edge lengths [m] of a box in two or three dimensions."""
