"""cellion: effective ion and electron transport through solid-state battery microstructures.

The five lines of a notebook::

    from mpi4py import MPI
    import cellion

    scenario = cellion.load_scenario("scenarios/teaching.yaml")
    result = cellion.run(scenario, MPI.COMM_WORLD)
    print(result.carrier("ion").effective_conductivity)  # (3, 3) [S/m]

Names are imported when they are first used, so that reading results needs no DOLFINx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellion.errors import CellionError
    from cellion.material.catalogue import library_entry, library_names
    from cellion.pipeline.estimate import estimate
    from cellion.pipeline.run import run
    from cellion.results.files import load_result, save_result
    from cellion.results.record import RunResult
    from cellion.scenario.load import build_scenario, load_scenario, with_values
    from cellion.scenario.scenario import Scenario
    from cellion.study.run import run_study

__all__ = [
    "CellionError",
    "RunResult",
    "Scenario",
    "build_scenario",
    "estimate",
    "library_entry",
    "library_names",
    "load_result",
    "load_scenario",
    "run",
    "run_study",
    "save_result",
    "with_values",
]

_HOME = {
    "CellionError": "errors",
    "RunResult": "results.record",
    "Scenario": "scenario.scenario",
    "build_scenario": "scenario.load",
    "estimate": "pipeline.estimate",
    "library_entry": "material.catalogue",
    "library_names": "material.catalogue",
    "load_result": "results.files",
    "load_scenario": "scenario.load",
    "run": "pipeline.run",
    "run_study": "study.run",
    "save_result": "results.files",
    "with_values": "scenario.load",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'cellion' has no attribute {name!r}")
    return getattr(import_module(f"cellion.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
