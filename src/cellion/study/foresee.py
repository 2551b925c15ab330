"""Points of a study that cannot be answered, found before the first one is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

__all__ = ["Foresight", "check_points", "foresee"]

_PATIENCE = 5.0
"""Longest time that is spent on looking at points, and again on making their geometries [s]."""

_MOST_TOLD = 5

type Maker = Callable[[MicrostructureSpec, Mapping[str, float | None]], object]


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """What is known of the points before they are run.

    Attributes:
        faults: Per point why it cannot be answered; None where nothing wrong is known.
        looked: Number of points that were looked at.
    """

    faults: tuple[Failure | None, ...]
    looked: int


def foresee(scenarios: Sequence[Scenario], make: Maker = check_geometry) -> Foresight:
    """Look for faults of materials, mesh files and geometries; nothing is meshed or solved.

    What was not looked at after some seconds is taken to be right: its run will tell.

    Args:
        scenarios: The points.
        make: Makes a geometry, or only looks at what it would be made of.
    """
    known: dict[str, Failure | None] = {}
    end = monotonic() + _PATIENCE
    keys = [_parts(scenario) for scenario in scenarios]
    for key, scenario in zip(keys, scenarios, strict=True):
        if key not in known and monotonic() < end:
            known[key] = _fault(scenario, make)
    return Foresight(
        faults=tuple(known.get(key) for key in keys), looked=sum(key in known for key in keys)
    )


def _parts(scenario: Scenario) -> str:
    """What is looked at: points in which it is the same are looked at once."""
    return json.dumps(
        [scenario.source.get(n) for n in ("materials", "microstructure")], default=str
    )


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


def check_points(scenario: Scenario) -> list[str]:
    """Refuse a study with points that cannot be answered.

    Args:
        scenario: A scenario with a ``study`` section.

    Returns:
        Lines about points that there was no time to look at.

    Raises:
        StudyError: There are some; the message has a line for each.
    """
    points = plan(scenario)
    built = [build_scenario(dict(point.document), path=scenario.path) for point in points]
    sketched = foresee(built)
    made = sketched if any(sketched.faults) else foresee(built, generate)
    lines = _unseen("materials, files and numbers of particles were looked at", sketched)
    if made is not sketched:
        lines += _unseen("geometries were made", made)
    told = [
        f"{point.name} ({point.label}): {fault.reason}"
        for point, fault in zip(points, made.faults, strict=True)
        if fault is not None
    ]
    if told:
        head = (
            f"{len(told)} of {len(points)} points cannot be answered; change their values, or "
            "leave them out:"
        )
        more = len(told) - _MOST_TOLD
        rest = [f"... and {more} more"] if more > 0 else []
        raise StudyError("\n".join([head, *told[:_MOST_TOLD], *rest, *lines]))
    return lines


def _unseen(what: str, found: Foresight) -> list[str]:
    """A line if the time was too short for all points."""
    count = len(found.faults)
    if found.looked == count:
        return []
    return [
        f"note: {what} for {found.looked} of {count} points in {_PATIENCE:g} s; a fault of another "
        "one is told when it is run"
    ]
