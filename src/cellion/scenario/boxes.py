"""Boxes of geometries in two or three dimensions, and values given for each of their edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from cellion.scenario.faults import Faults
from cellion.scenario.paths import KeyPath
from cellion.scenario.sections import Section, fail
from cellion.scenario.values import Flag, Length

__all__ = ["BoxSection", "center_faults", "per_edge"]


def _two_or_three(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return the edge lengths if there are two or three."""
    if len(values) not in (2, 3):
        raise fail(
            f"found {len(values)} edge lengths; three are needed, or two for a two-dimensional "
            "problem, for example [1 um, 1 um, 1 um]"
        )
    return values


class BoxSection(Section):
    """A geometry in a box of two or three dimensions."""

    box: Annotated[tuple[Length, ...], AfterValidator(_two_or_three)] = Field(
        description="Edge lengths of the box [m]; two lengths make a two-dimensional problem."
    )
    periodic: Flag = Field(default=True, description="Whether the box repeats in all directions.")

    @property
    def grain_section(self) -> Section | None:
        """Section of the grains with orientations: ``material``, ``aligned``; None without."""
        return None


def per_edge(box: Sequence[float], entries: Sequence[object], noun: str = "number") -> str:
    """Return what is wrong with a list of one entry for each edge of a box; empty if nothing."""
    if len(entries) == len(box):
        return ""
    return (
        f"found {len(entries)} {noun}s; the box has {len(box)} edge lengths, one {noun} for each "
        "is needed"
    )


def center_faults(center: Sequence[float], box: Sequence[float], at: KeyPath) -> Faults:
    """Return what is wrong with a point that is to lie in a box."""
    message = per_edge(box, center, "coordinate")
    if message:
        return [(at, message)]
    return [
        ((*at, axis), f"found {x:.6g} m; inside the box it is between 0 and {edge:.6g} m")
        for axis, (x, edge) in enumerate(zip(center, box, strict=True))
        if not 0.0 <= x <= edge
    ]
