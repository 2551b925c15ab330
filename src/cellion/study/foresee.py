"""Points of a study that cannot be answered, found before the first one is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from cellion.errors import CellionError, StudyError
from cellion.material.material import build_materials
from cellion.mesh.read import read_mesh
from cellion.microstructure.generate import check_geometry, generate
from cellion.results.outcome import Failure
from cellion.scenario.load import build_scenario
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.scenario.scenario import Scenario
from cellion.study.plan import plan

__all__ = ["check_points", "foreseen_faults"]

_PATIENCE = 5.0
"""Longest time that is spent on looking at points, and again on making their geometries [s]."""

_MOST_TOLD = 5

type Maker = Callable[[MicrostructureSpec, Mapping[str, float | None]], object]


def foreseen_faults(
    scenarios: Sequence[Scenario], make: Maker = check_geometry
) -> list[Failure | None]:
    """Look for faults of materials, mesh files and geometries; nothing is meshed or solved.

    What was not looked at after some seconds is taken to be right: its run will tell.

    Args:
        scenarios: The points.
        make: Makes a geometry, or only looks at what it would be made of.

    Returns:
        Per point why it cannot be answered; None where nothing is wrong.
    """
    known: dict[str, Failure | None] = {}
    end = monotonic() + _PATIENCE
    found: list[Failure | None] = []
    for scenario in scenarios:
        parts = [scenario.source.get(name) for name in ("materials", "microstructure")]
        key = json.dumps(parts, default=str)
        if key not in known and monotonic() < end:
            known[key] = _fault(scenario, make)
        found.append(known.get(key))
    return found


def _fault(scenario: Scenario, make: Maker) -> Failure | None:
    spec = scenario.microstructure
    try:
        materials = build_materials(scenario)
        if spec.mesh is not None:
            read_mesh(spec.mesh)
        else:
            make(spec, {name: material.density for name, material in materials.items()})
    except CellionError as error:
        return Failure(reason=str(error), kind=type(error).__name__)
    return None


def check_points(scenario: Scenario) -> None:
    """Refuse a study with points that cannot be answered.

    Args:
        scenario: A scenario with a ``study`` section.

    Raises:
        StudyError: There are some; the message has a line for each.
    """
    points = plan(scenario)
    built = [build_scenario(dict(point.document), path=scenario.path) for point in points]
    faults = foreseen_faults(built)
    if not any(faults):
        faults = foreseen_faults(built, generate)
    told = [
        f"{point.name} ({point.label}): {fault.reason}"
        for point, fault in zip(points, faults, strict=True)
        if fault is not None
    ]
    if told:
        more = len(told) - _MOST_TOLD
        rest = [f"... and {more} more"] if more > 0 else []
        raise StudyError(
            "\n".join(
                [
                    f"{len(told)} of {len(points)} points cannot be answered; change their values, "
                    "or leave them out:",
                    *told[:_MOST_TOLD],
                    *rest,
                ]
            )
        )
