"""cellion: effective ion and electron transport through solid-state battery microstructures.

A study in five lines of a notebook, its run once more alone, and what it answers::

    import cellion

    scenario = cellion.load_scenario("scenarios/teaching.yaml")
    study = cellion.vary(scenario, {"microstructure.spheres.spheres[0].radius": ["2 um", "4 um"]})
    answer = cellion.run_study(study, folder="results/radii")
    answer.frame()  # a data frame of pandas, units in its column names
    answer.plot()  # effective conductivity over the radius

    result = cellion.run(scenario)
    result.carrier("ion").effective_conductivity  # (3, 3) [S/m]

The effective conductivity of one's own mesh::

    mesh = cellion.Mesh.read("cathode.msh", labels={1: "SE", 2: "CAM"}, length_unit="um")
    answer = cellion.solve(mesh, {"SE": "1 mS/cm", "CAM": 0.2}, bracket=True)
    answer.effective_conductivity, answer.lower, answer.upper  # (3, 3) [S/m] each

Names are imported when they are first used, so that reading results needs no DOLFINx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cellion.errors import CellionError
    from cellion.material.catalogue import library_entry, library_names
    from cellion.material.conductivity_laws import ArrheniusLaw
    from cellion.material.material import Material
    from cellion.material.own_laws import Interface
    from cellion.pipeline.direct import solve
    from cellion.pipeline.estimate import estimate
    from cellion.pipeline.own_mesh import Mesh
    from cellion.pipeline.run import run
    from cellion.results.files import load_result, save_result
    from cellion.results.record import RunResult
    from cellion.scenario.load import build_scenario, load_scenario, vary, with_values
    from cellion.scenario.scenario import Scenario
    from cellion.study.result import StudyResult, load_study
    from cellion.study.run import Execution, run_study

__all__ = [
    "ArrheniusLaw",
    "CellionError",
    "Execution",
    "Interface",
    "Material",
    "Mesh",
    "RunResult",
    "Scenario",
    "StudyResult",
    "build_scenario",
    "estimate",
    "library_entry",
    "library_names",
    "load_result",
    "load_scenario",
    "load_study",
    "run",
    "run_study",
    "save_result",
    "solve",
    "vary",
    "with_values",
]

_HOME = {
    "ArrheniusLaw": "material.conductivity_laws",
    "CellionError": "errors",
    "Execution": "study.run",
    "Interface": "material.own_laws",
    "Material": "material.material",
    "Mesh": "pipeline.own_mesh",
    "RunResult": "results.record",
    "Scenario": "scenario.scenario",
    "StudyResult": "study.result",
    "build_scenario": "scenario.load",
    "estimate": "pipeline.estimate",
    "library_entry": "material.catalogue",
    "library_names": "material.catalogue",
    "load_result": "results.files",
    "load_scenario": "scenario.load",
    "load_study": "study.result",
    "run": "pipeline.run",
    "run_study": "study.run",
    "save_result": "results.files",
    "solve": "pipeline.direct",
    "vary": "scenario.load",
    "with_values": "scenario.load",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first used."""
    if name not in _HOME:
        raise AttributeError(f"module 'cellion' has no attribute {name!r}")
    return getattr(import_module(f"cellion.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
