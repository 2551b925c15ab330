"""The one page that knows the order: from a scenario to a result folder.

    scenario -> materials -> microstructure -> mesh -> transport -> effective properties -> files

The geometry and its mesh are made, or read, on rank 0; everything after is distributed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root, world

import numpy as np
from numpy.typing import NDArray

from cellion.errors import ConvergenceError, SetupError
from cellion.export.system_libraries import installation_hint, missing_compiler_packages
from cellion.homogenise.effective import homogenise
from cellion.homogenise.properties import EffectiveTransport
from cellion.material.checks import check_conductors
from cellion.material.material import build_materials
from cellion.pipeline.accuracy import (
    Answers,
    certified,
    gap_fields,
    refined,
    with_bounds,
    with_geometry_errors,
)
from cellion.pipeline.cell import answer_cell
from cellion.pipeline.composite import wanted_cell
from cellion.pipeline.estimate import directions_of
from cellion.pipeline.geometry import distributed_mesh
from cellion.pipeline.interfaces import contacts_of
from cellion.pipeline.output import Shown, opened_folder, write_run
from cellion.pipeline.record import Prepared, gather
from cellion.pipeline.remesh import Remesher
from cellion.pipeline.stock import MeshStock
from cellion.results.record import RunResult
from cellion.scenario.scenario import Scenario
from cellion.transport.drive import DRIVES
from cellion.transport.problem import TransportProblem
from cellion.transport.solution import Solution
from cellion.transport.solve import solve

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["prepare", "run", "solve_carrier"]

type Listener = Callable[[str], None]


def run(
    scenario: Scenario,
    comm: MPI.Comm | None = None,
    *,
    folder: str | Path | None = None,
    fields: bool = True,
    pictures: bool = True,
    tell: Listener = lambda line: None,
    stock: MeshStock | None = None,
    memory: float | None = None,
) -> RunResult:
    """Answer a scenario (collective).

    Args:
        scenario: What is asked.
        comm: Communicator; by default all ranks.
        folder: Where the files go; nothing is written without it.
        fields: Whether fields are among them.
        pictures: Whether the fields are drawn, if the scenario wants it.
        tell: Takes progress lines, on rank 0 only; those of steps within a stage begin with blanks.
        stock: Where meshes of earlier runs are, and this one's goes.
        memory: What the run may use on all ranks together [bytes]; by default what is free.

    Returns:
        The plain numbers, equal on all ranks; also in ``folder/results.json``, which is written
        before fields and pictures.

    Raises:
        CellionError: What is wrong with the input, the machine, or the solve; on all ranks alike.
            After a `ResultsError` about fields or pictures the answer is in the folder.
    """
    comm = world(comm)
    say: Listener = tell if comm.rank == 0 else lambda line: None
    watch = Stopwatch()
    on_root(comm, _require_compiler)
    with ExitStack() as stack:
        place = None if folder is None else Path(folder)
        key = None
        if place is not None:
            key = on_root(comm, lambda: stack.enter_context(opened_folder(scenario, place)))
        prepared = prepare(scenario, comm, watch=watch, tell=say, stock=stock, memory=memory)
        answers: dict[str, EffectiveTransport] = {}
        solutions: dict[str, Solution] = {}
        spec = wanted_cell(scenario)
        cell = None
        if spec is not None:
            say("cell")
            cell = answer_cell(scenario, spec, prepared, watch)
            solutions["cell"] = cell.solution
        found = None if spec is not None else _answer(scenario, prepared, watch, say)
        if found is not None:
            prepared, answers = found.prepared, dict(found.transport)
            solutions |= found.solutions
        notes = prepared.notes + (() if cell is None else cell.notes)
        response = None if cell is None else cell.response
        result = gather(scenario, prepared, answers, solutions, watch, notes, response)
        result = replace(result if found is None else with_bounds(result, found), key=key)
        if place is None:
            return result
        if fields:
            say("fields and pictures")
        shown = Shown(
            mesh=prepared.mesh,
            solutions=solutions,
            gaps={} if found is None else gap_fields(found),
            quantities=scenario.output.fields,
            fields=fields,
            pictures=pictures and scenario.output.pictures,
            say=say,
        )
        return write_run(result, shown, place, comm, watch)


def prepare(
    scenario: Scenario,
    comm: MPI.Comm,
    *,
    watch: Stopwatch | None = None,
    tell: Listener = lambda line: None,
    stock: MeshStock | None = None,
    memory: float | None = None,
) -> Prepared:
    """Build materials, geometry and mesh (collective).

    Args:
        scenario: What is asked.
        comm: Communicator.
        watch: Records the stages.
        tell: Takes progress lines, on rank 0 only.
        stock: Where meshes of earlier runs are, and this one's goes.
        memory: What the run may use on all ranks together [bytes]; by default what is free.
    """
    watch = watch or Stopwatch()
    materials = on_root(comm, lambda: build_materials(scenario))
    made, mesh = distributed_mesh(
        scenario, materials, comm, watch=watch, tell=tell, stock=stock, memory=memory
    )
    on_root(comm, lambda: check_conductors(scenario, materials, mesh.materials, mesh.dimension))
    return Prepared(
        materials=materials,
        mesh=mesh,
        requested=made.requested,
        seed=made.seed,
        quality={"cells": float(mesh.global_cells)} | dict(made.numbers),
        notes=(*(note for m in materials.values() for note in m.notes), *made.notes),
    )


def _answer(scenario: Scenario, prepared: Prepared, watch: Stopwatch, tell: Listener) -> Answers:
    """Answer for all carriers, with bounds if they are asked for (collective)."""
    spec = scenario.accuracy
    bounded = spec is not None and spec.bracket
    # Laws act on areas, whose errors are of first order.
    known = bounded or bool(scenario.interfaces)
    remesher = Remesher(scenario, prepared, prepared.mesh.comm) if known else None

    def solve_on(meshed: Prepared) -> Answers:
        solutions: dict[str, Solution] = {}
        transport: dict[str, EffectiveTransport] = {}
        for carrier in scenario.transport.carriers:
            tell(f"transport of {carrier}s")
            solutions[carrier] = solve_carrier(scenario, meshed, carrier, watch=watch)
            transport[carrier] = homogenise(
                carrier, solutions[carrier], watch, estimate=not bounded
            )
        found = Answers(
            prepared=meshed,
            solutions=solutions,
            transport=transport,
            brackets={},
            indicators={},
            geometry_errors={},
        )
        if remesher is None:
            return found
        tested = certified if bounded else with_geometry_errors
        return tested(found, remesher, watch)

    first = solve_on(prepared)
    if spec is None or remesher is None or not bounded:
        return first
    return refined(spec, first, solve_on, remesher=remesher, watch=watch, tell=tell)


def solve_carrier(
    scenario: Scenario, prepared: Prepared, carrier: str, *, watch: Stopwatch | None = None
) -> Solution:
    """Solve the transport of one carrier through a prepared microstructure (collective).

    Raises:
        ConvergenceError: The solver did not reach its tolerance.
        MeshError: A direction is asked for that the mesh does not have.
    """
    problem = TransportProblem(
        mesh=prepared.mesh,
        conductivity=_conductivities(scenario, prepared, carrier),
        drive=DRIVES[scenario.transport.boundary],
        directions=directions_of(scenario, prepared.mesh.dimension),
        contacts=contacts_of(scenario, prepared.materials, prepared.mesh, carrier),
    )
    try:
        return solve(problem, watch)
    except ConvergenceError as error:
        raise ConvergenceError(f"transport of {carrier}s, {error}") from error


def _conductivities(scenario: Scenario, prepared: Prepared, carrier: str) -> NDArray[np.float64]:
    """Tensor of each material of the mesh, shape (n, d, d) [S/m]."""
    d = prepared.mesh.dimension
    return np.array(
        [
            prepared.materials[name].conductivity(carrier, scenario.temperature)[:d, :d]
            for name in prepared.mesh.materials
        ]
    )


def _require_compiler() -> None:
    """Name a missing compiler before any work is done.

    Raises:
        SetupError: There is none.
    """
    missing = missing_compiler_packages()
    if missing:
        raise SetupError(
            "no working C compiler was found, and the finite-element kernels are compiled when a "
            f"run starts; install one, on Debian and Ubuntu: {installation_hint(missing)}"
        )
