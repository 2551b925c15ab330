"""The record of a run, gathered from an answer and its sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, peak_memory

from cellion.microstructure.fractions import weight_fractions
from cellion.pipeline.remarks import unused_laws, voids
from cellion.pipeline.sample import Sample
from cellion.pipeline.task import Answer
from cellion.results.provenance import collect_provenance
from cellion.results.record import (
    Fraction,
    PercolationRecord,
    RunResult,
    SolverRecord,
)
from cellion.scenario.scenario import Scenario
from cellion.transport.primal.solution import Solution

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["record_of"]

_LOST = 0.05
"""Relative difference of a meshed volume fraction to the one asked for that is worth a note."""


def record_of(
    scenario: Scenario, answer: Answer, watch: Stopwatch, comm: MPI.Comm, key: str | None
) -> RunResult:
    """Gather the plain numbers of an answer (collective).

    Args:
        scenario: What was asked.
        answer: What was found.
        watch: What the stages took.
        comm: Communicator.
        key: Hash of the question.
    """
    sample = answer.sample
    made, memory = sample.composition, float(comm.allreduce(peak_memory()))
    return RunResult(
        name=scenario.name,
        description=scenario.description,
        temperature=scenario.temperature,
        box=sample.box,
        materials=sample.names,
        carriers=answer.carriers,
        volume_fraction=_fractions(sample.requested, made.fractions),
        weight_fraction=_weights(scenario, sample),
        specific_surface=made.surfaces,
        contact_area=made.contacts,
        percolation={name: _percolation(each) for name, each in answer.solutions.items()},
        solver={
            name: _solver(answer.imbalance.get(name, {}), solution)
            for name, solution in answer.solutions.items()
        },
        mesh=sample.numbers,
        provenance=collect_provenance(
            scenario=scenario.source,
            seed=sample.seed,
            ranks=comm.size,
            wall_time=watch.slowest(comm),
            peak_memory=memory,
        ),
        notes=(*sample.notes, *_remarks(scenario, sample), *answer.notes),
        cell=answer.cell,
        accuracy=answer.accuracy,
        key=key,
    )


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


def _weights(scenario: Scenario, sample: Sample) -> dict[str, Fraction]:
    """Mass shares of the solid; nothing while the density of a part of it is unknown."""
    meshed = sample.composition.fractions
    densities = {name: sample.materials[name].density for name in meshed}
    found = weight_fractions(meshed, densities)
    if found is None or _without_density(scenario, sample):
        return {}
    asked = weight_fractions(sample.requested, densities) if sample.requested else None
    return _fractions(asked or {}, found)


def _without_density(scenario: Scenario, sample: Sample) -> list[str]:
    """Solids of unknown density beside others of known density."""
    solids = [name for name in sample.composition.fractions if name not in voids(scenario)]
    missing = [name for name in solids if sample.materials[name].density is None]
    return missing if len(missing) < len(solids) else []


def _remarks(scenario: Scenario, sample: Sample) -> tuple[str, ...]:
    """What is to be said of the composition."""
    keys = ", ".join(f"materials.{name}.density" for name in _without_density(scenario, sample))
    unknown = f"weight fractions are unknown: give {keys}, or name a void 'pore'"
    return (
        *_lost(sample.requested, sample.composition.fractions),
        *((unknown,) if keys else ()),
        *unused_laws(scenario, sample.composition.touching),
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
