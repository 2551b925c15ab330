"""Gather what the stages answered into the record of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cellion.parallel import Stopwatch, peak_memory

from cellion.cell.response import CellResponse
from cellion.homogenise.properties import EffectiveTransport
from cellion.material.material import Material
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.measure import contact_area, specific_surface
from cellion.microstructure.fractions import weight_fractions
from cellion.pipeline.barriers import barrier_sensitivities
from cellion.pipeline.bricks import brick_estimate
from cellion.pipeline.composite import Composition, composition
from cellion.pipeline.remarks import reference_notes, unused_laws, voids
from cellion.results.provenance import collect_provenance
from cellion.results.record import (
    Fraction,
    PercolationRecord,
    RunResult,
    SolverRecord,
    carrier_result,
    pair_name,
)
from cellion.scenario.scenario import Scenario
from cellion.transport.solution import Solution

__all__ = ["Prepared", "gather"]

_LOST = 0.05
"""Relative difference of a meshed volume fraction to the one asked for that is worth a note."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What is the same for all carriers: materials and the labelled mesh.

    Attributes:
        materials: Materials by name.
        mesh: The labelled mesh, distributed.
        requested: Volume fraction per material as asked for [-]; empty for a mesh file.
        seed: Seed of the microstructure, None when nothing was random.
        quality: Plain numbers about the mesh and the geometry.
        notes: What the user should know.
    """

    materials: Mapping[str, Material]
    mesh: LabelledMesh
    requested: Mapping[str, float]
    seed: int | None
    quality: Mapping[str, float]
    notes: tuple[str, ...]


def gather(
    scenario: Scenario,
    prepared: Prepared,
    answers: Mapping[str, EffectiveTransport],
    solutions: Mapping[str, Solution],
    watch: Stopwatch,
    notes: tuple[str, ...],
    cell: CellResponse | None = None,
) -> RunResult:
    """Gather the plain numbers (collective)."""
    mesh, comm = prepared.mesh, prepared.mesh.comm
    made = composition(mesh)
    meshed, interfaces = made.fractions, made.interfaces
    between = specific_surface(mesh, interfaces)
    memory = float(comm.allreduce(peak_memory()))
    return RunResult(
        name=scenario.name,
        description=scenario.description,
        temperature=scenario.temperature,
        box=tuple(float(length) for length in mesh.box),
        materials=mesh.materials,
        carriers={
            name: carrier_result(
                answers[name],
                reason="; ".join(dict.fromkeys(solution.percolation.reason.values())) or None,
                brick_layer=brick_estimate(solution.problem, interfaces),
                barrier_sensitivities=barrier_sensitivities(
                    scenario, prepared.materials, mesh.materials, answers[name]
                ),
            )
            for name, solution in solutions.items()
            if name in answers
        },
        volume_fraction=_fractions(prepared.requested, meshed),
        weight_fraction=_weights(scenario, prepared, meshed),
        specific_surface={
            name: made.scale * sum(area for pair, area in between.items() if name in pair)
            for name in meshed
        },
        contact_area={
            pair_name(*pair): made.scale * area
            for pair, area in (between | contact_area(mesh, interfaces)).items()
        },
        percolation={name: _percolation(solution) for name, solution in solutions.items()},
        solver={
            name: _solver(_imbalance(answers.get(name), cell), solution)
            for name, solution in solutions.items()
        },
        mesh=prepared.quality,
        provenance=collect_provenance(
            scenario=scenario.source,
            seed=prepared.seed,
            ranks=comm.size,
            wall_time=watch.slowest(comm),
            peak_memory=memory,
        ),
        notes=(*notes, *_remarks(scenario, prepared, made, answers)),
        cell=cell,
    )


def _imbalance(answer: EffectiveTransport | None, cell: CellResponse | None) -> Mapping[str, float]:
    """Current in less current out over current, per direction [-]."""
    if answer is not None:
        return answer.imbalance
    return {} if cell is None or not cell.connects else {cell.axis: cell.imbalance}


def _lost(requested: Mapping[str, float], meshed: Mapping[str, float]) -> tuple[str, ...]:
    """Say which materials the mesh is too coarse for."""
    return tuple(
        f"material '{name}': its volume fraction is {meshed[name]:.3g} in the mesh, but "
        f"{asked:.3g} in the scenario; a smaller mesh.surface_size, or mesh.smallest_size, comes "
        "closer"
        for name, asked in requested.items()
        if name in meshed and abs(meshed[name] - asked) > _LOST * asked
    )


def _fractions(requested: Mapping[str, float], meshed: Mapping[str, float]) -> dict[str, Fraction]:
    return {
        name: Fraction(requested=requested.get(name), meshed=value)
        for name, value in meshed.items()
    }


def _weights(
    scenario: Scenario, prepared: Prepared, meshed: Mapping[str, float]
) -> dict[str, Fraction]:
    """Mass shares of the solid; nothing while the density of a part of it is unknown."""
    densities = {name: prepared.materials[name].density for name in meshed}
    found = weight_fractions(meshed, densities)
    if found is None or _without_density(scenario, prepared, meshed):
        return {}
    asked = weight_fractions(prepared.requested, densities) if prepared.requested else None
    return _fractions(asked or {}, found)


def _without_density(
    scenario: Scenario, prepared: Prepared, meshed: Mapping[str, float]
) -> list[str]:
    """Solids of unknown density beside others of known density."""
    solids = [name for name in meshed if name not in voids(scenario)]
    missing = [name for name in solids if prepared.materials[name].density is None]
    return missing if len(missing) < len(solids) else []


def _remarks(
    scenario: Scenario,
    prepared: Prepared,
    made: Composition,
    answers: Mapping[str, EffectiveTransport],
) -> tuple[str, ...]:
    """What is to be said of the composition and of what the numbers refer to."""
    missing = _without_density(scenario, prepared, made.fractions)
    keys = ", ".join(f"materials.{name}.density" for name in missing)
    unknown = f"weight fractions are unknown: give {keys}, or name a void 'pore'"
    return (
        *_lost(prepared.requested, made.fractions),
        *((unknown,) if missing else ()),
        *unused_laws(scenario, made.touching),
        *reference_notes(answers),
    )


def _percolation(solution: Solution) -> PercolationRecord:
    found = solution.percolation
    return PercolationRecord(
        percolating=found.percolating,
        dangling=found.dangling,
        isolated=found.isolated,
        clusters=found.components,
        reason=found.reason,
    )


def _solver(imbalance: Mapping[str, float], solution: Solution) -> SolverRecord:
    report = solution.report
    reasons = dict.fromkeys(report.reason.values())
    return SolverRecord(
        unknowns=report.unknowns,
        iterations=report.iterations,
        residual=report.residual,
        flux_imbalance=imbalance,
        reason=", ".join(reasons) or "nothing percolates: nothing had to be solved",
        options=report.options,
    )
