"""Studies made by hand: runs with the values that were varied for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cellion.export.columns import Column, value_columns
from cellion.export.groups import Answered
from cellion.export.series import Series, arrange
from cellion.results.record import RunResult

__all__ = ["PARTICLES", "answered", "series_of"]

PARTICLES = {"microstructure": {"packing": {"particles": [{"material": "CAM"}] * 2}}}
"""A scenario with two kinds of particles of one material."""


def answered(
    points: Sequence[tuple[Mapping[str, Any], RunResult]],
) -> tuple[list[Answered], list[Column]]:
    """Points of a study as written, key path to value, with their answers."""
    columns = value_columns([values for values, _ in points], PARTICLES)
    return [
        Answered(result=run, entries={c.header: c.entry(values[c.key]) for c in columns})
        for values, run in points
    ], columns


def series_of(points: Sequence[tuple[Mapping[str, Any], RunResult]]) -> Series:
    """The series of such a study."""
    return arrange(*answered(points))
