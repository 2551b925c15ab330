"""Small cells as scenario documents, and their answers on one rank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

from mpi4py import MPI

from cellion.pipeline.run import run
from cellion.results.record import RunResult
from cellion.scenario.load import build_scenario

__all__ = ["MATERIALS", "R_OF_UNIT_CURRENT", "answer", "cell_document"]

R_OF_UNIT_CURRENT = 8.314462618153241 * 298.15 / 96485.33212331001
"""Resistance of a reaction with i0 = 1 A/m^2 at 298.15 K [Ohm m^2]."""

MATERIALS: dict[str, Any] = {
    "SE": {"ion": {"conductivity": "0.1 S/m"}},
    "CAM": {"electron": {"conductivity": "1 S/m"}},
    "Al": {"electron": {"conductivity": "3.77e7 S/m"}},
    "pore": "insulator",
}


def cell_document(
    microstructure: Mapping[str, Any],
    *,
    axis: str = "y",
    exchange: float = 2.0,
    interfaces: tuple[Mapping[str, Any], ...] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A cell of SE and CAM with 10 um of separator and 2 um of aluminium.

    Args:
        microstructure: The composite.
        axis: Axis of the cell.
        exchange: Exchange current density between CAM and SE [A/m^2].
        interfaces: Instead of that reaction, all laws.
        more: Further sections.
    """
    reaction = {"exchange_current_density": f"{exchange!r} A/m^2"}
    laws = ({"between": ["CAM", "SE"], "charge_transfer": reaction},)
    return {
        "name": "cell",
        "materials": MATERIALS,
        "microstructure": dict(microstructure),
        "interfaces": [dict(law) for law in (laws if interfaces is None else interfaces)],
        "cell": {
            "axis": axis,
            "separator": {"material": "SE", "thickness": "10 um"},
            "collector": {"material": "Al", "thickness": "2 um"},
        },
        **more,
    }


def answer(document: Mapping[str, Any]) -> RunResult:
    """The answer of a scenario on this rank alone, without files."""
    return run(build_scenario(dict(document)), MPI.COMM_SELF)
