"""The one page that knows the order: from a scenario to a result folder.

    scenario -> sample (materials, geometry, mesh) -> task -> answer -> record -> files

`prepare` makes or reads geometry and mesh on rank 0; everything after is distributed. A task, such
as effective transport or a steady cell, asks the sample.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root, world

from cellion.errors import SetupError
from cellion.export.system_libraries import installation_hint, missing_compiler_packages
from cellion.pipeline.cell import SteadyCellTask
from cellion.pipeline.cell_layers import wanted_cell
from cellion.pipeline.effective import EffectiveTransportTask
from cellion.pipeline.mesh_cache import MeshCache
from cellion.pipeline.output import Shown, opened_folder, write_run
from cellion.pipeline.prepare import prepare
from cellion.pipeline.record import record_of
from cellion.pipeline.task import Listener, Task
from cellion.results.record import RunResult
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["run"]


def run(
    scenario: Scenario,
    comm: MPI.Comm | None = None,
    *,
    folder: str | Path | None = None,
    fields: bool = True,
    pictures: bool = True,
    tell: Listener = lambda line: None,
    cache: MeshCache | None = None,
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
        cache: Where meshes of earlier runs are, and this one's goes.
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
        sample = prepare(scenario, comm, watch=watch, tell=say, cache=cache, memory=memory)
        answer = _task(scenario).answer(sample, watch, say)
        result = record_of(scenario, answer, watch, comm, key)
        if place is None:
            return result
        if fields:
            say("fields and pictures")
        shown = Shown(
            mesh=answer.sample.mesh,
            solutions=answer.solutions,
            gaps=answer.fields,
            quantities=scenario.output.fields,
            fields=fields,
            pictures=pictures and scenario.output.pictures,
            say=say,
        )
        return write_run(result, shown, place, comm, watch)


def _task(scenario: Scenario) -> Task:
    """What the scenario asks of its sample."""
    spec = wanted_cell(scenario)
    return EffectiveTransportTask(scenario) if spec is None else SteadyCellTask(scenario, spec)


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
