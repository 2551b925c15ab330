"""Infinite numbers of a record: JSON cannot hold them, ``null`` and a neighbour stand for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cellion.results.record import CarrierResult, RunResult

__all__ = ["restore_infinities"]


def restore_infinities(result: RunResult) -> RunResult:
    """Put infinity back where ``null`` stood for it: in directions that do not percolate."""
    carriers = {name: _restore(carrier) for name, carrier in result.carriers.items()}
    cell = result.cell
    if cell is not None and not cell.connects:
        cell = replace(cell, area_specific_resistance=math.inf)
    return replace(result, carriers=carriers, cell=cell)


def _restore(carrier: CarrierResult) -> CarrierResult:
    changes: dict[str, Any] = {}
    for name in ("tortuosity_factor", "macmullin_number", "bruggeman_exponent"):
        values: Mapping[str, float] = getattr(carrier, name)
        changes[name] = {
            direction: math.inf
            if math.isnan(value) and not carrier.percolates.get(direction, True)
            else value
            for direction, value in values.items()
        }
    changes["conductors"] = {
        name: replace(
            one,
            tortuosity_factor={
                direction: math.inf if math.isnan(value) else value
                for direction, value in one.tortuosity_factor.items()
            },
        )
        for name, one in carrier.conductors.items()
    }
    return replace(carrier, **changes)
