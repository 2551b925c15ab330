"""Files of a run: the answer first, then what shows it.

A disk that fills up, or a picture that cannot be drawn, costs no answer: ``results.json`` is
written as soon as the numbers are known, and again with the times and notes of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root, peak_memory

import numpy as np
from numpy.typing import NDArray

from cellion.errors import CellionError, ResultsError
from cellion.export.collection import FIELDS_FILE, INTERFACES_FILE, PARAVIEW_FILES, write_views
from cellion.export.fields import solution_fields
from cellion.export.interfaces import interface_fields
from cellion.export.paraview import write_fields
from cellion.export.pictures import draw_pictures
from cellion.export.tables import table_row, write_table
from cellion.mesh.labelled import LabelledMesh
from cellion.results.files import (
    REPORT_FILE,
    RESULTS_FILE,
    open_folder,
    remove_old,
    remove_partial,
    reserve_result,
    save_result,
)
from cellion.results.identity import question_key
from cellion.results.ownership import owned, refuse_other_kind
from cellion.results.record import UNWRITTEN, RunResult
from cellion.scenario.scenario import Scenario
from cellion.transport.primal.solution import Solution

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Shown", "opened_folder", "write_run"]

TABLE_FILE = "table.csv"
REACTION_PLOT = "reaction_current.png"
CONVERGENCE_PLOT = "convergence.png"
PICTURES = (
    "microstructure.png",
    "potential_*.png",
    "current_density_*.png",
    REACTION_PLOT,
    CONVERGENCE_PLOT,
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What fields and pictures are made of.

    Attributes:
        mesh: The mesh.
        solutions: Potentials by carrier.
        gaps: Contributions of the mesh cells to the gap of the bounds, by name.
        quantities: Names of the fields that are asked for.
        fields: Whether fields are written.
        pictures: Whether pictures are drawn.
        say: Takes the steps of drawing.
    """

    mesh: LabelledMesh
    solutions: Mapping[str, Solution]
    gaps: Mapping[str, NDArray[np.float64]]
    quantities: tuple[str, ...]
    fields: bool
    pictures: bool
    say: Callable[[str], None]


@contextmanager
def opened_folder(scenario: Scenario, folder: Path) -> Iterator[str]:
    """Own the folder of a run, without files of an earlier run that this one may not replace.

    Args:
        scenario: What is asked.
        folder: The folder; it is made. Under MPI, one rank calls this.

    Yields:
        The hash of the question.

    Raises:
        ResultsError: It cannot be written, is in use, or belongs to a study or a fit.
    """
    refuse_other_kind(folder, "run")
    key = question_key(scenario)
    with owned(folder, "run"):
        open_folder(folder, key)
        remove_old(folder, (TABLE_FILE, REPORT_FILE, *PARAVIEW_FILES, *PICTURES))
        reserve_result(folder)
        try:
            yield key
        finally:
            with suppress(OSError):
                remove_partial(folder)


def write_run(
    result: RunResult, shown: Shown, folder: Path, comm: MPI.Comm, watch: Stopwatch
) -> RunResult:
    """Write everything that a run leaves, the record first and once more at the end (collective).

    Args:
        result: The record.
        shown: What fields and pictures are made of.
        folder: The folder, see `opened_folder`.
        comm: Communicator.
        watch: Records the stages.

    Returns:
        The record with the times and notes of fields and pictures.

    Raises:
        ResultsError: A file cannot be written; the message names all that are missing, and says
            that the answer is saved.
    """
    steps = _steps(result, shown, folder, watch)
    pending = replace(result, notes=(*result.notes, _unwritten(steps, "the run was ended before")))
    on_root(comm, lambda: _save_early(pending, folder))
    notes: list[str] = []
    errors: dict[str, CellionError] = {}
    for name, step in steps.items():
        try:
            notes += step()
        except CellionError as error:
            errors[name] = error
    first = next(iter(errors.values()), None)
    if first is not None:
        notes.append(_unwritten(errors, str(first)))
    final = replace(
        result,
        notes=(*result.notes, *notes),
        provenance=replace(
            result.provenance,
            wall_time=watch.slowest(comm),
            peak_memory=float(comm.allreduce(peak_memory())),
        ),
    )
    try:
        on_root(comm, lambda: save_result(final, folder))
    except ResultsError as error:
        first = first or error
    if first is not None:
        missing = f"; not written: {', '.join(errors)}" if errors else ""
        raise ResultsError(f"{first}; the answer is saved in {folder / RESULTS_FILE}{missing}")
    return final


def _save_early(result: RunResult, folder: Path) -> None:
    """Save the record, and reserve the room to replace it."""
    save_result(result, folder)
    with suppress(ResultsError):
        reserve_result(folder)


def _unwritten(names: Iterable[str], reason: str) -> str:
    return f"{UNWRITTEN}{', '.join(names)} ({reason})"


def _steps(
    result: RunResult, shown: Shown, folder: Path, watch: Stopwatch
) -> dict[str, Callable[[], Sequence[str]]]:
    """Everything besides the record, by the name of the file, as what writes it (collective)."""
    comm = shown.mesh.comm

    def table() -> Sequence[str]:
        on_root(comm, lambda: write_table([table_row(result)], folder / TABLE_FILE))
        return ()

    def fields() -> Sequence[str]:
        with watch.stage("fields"):
            _write_fields(shown, folder)
        return ()

    def pictures() -> Sequence[str]:
        with watch.stage("pictures"):
            return on_root(comm, lambda: _draw_pictures(folder, shown.say))

    def plots() -> Sequence[str]:
        on_root(comm, lambda: _plot(result, folder))
        return ()

    plot = _plot_name(result)
    return (
        {TABLE_FILE: table}
        | ({FIELDS_FILE: fields} if shown.fields else {})
        | ({"pictures": pictures} if shown.fields and shown.pictures else {})
        | ({plot: plots} if shown.pictures and plot else {})
    )


def _write_fields(shown: Shown, folder: Path) -> None:
    """Write the fields, and the script that sets up their views (collective)."""
    mesh, solutions = shown.mesh, shown.solutions
    piece = solution_fields(mesh, solutions, shown.quantities, shown.gaps)
    write_fields(folder / FIELDS_FILE, piece, mesh.comm, materials=mesh.materials)
    surface = interface_fields(mesh, solutions) if shown.quantities else None
    if surface is not None:
        write_fields(folder / INTERFACES_FILE, surface, mesh.comm, materials=mesh.materials)
    on_root(mesh.comm, lambda: write_views(folder))


def _draw_pictures(folder: Path, say: Callable[[str], None]) -> Sequence[str]:
    """Draw the fields; return what is to be noted."""
    if not (folder / FIELDS_FILE).is_file():
        raise ResultsError(f"{folder / FIELDS_FILE}: there are no fields to draw")
    drawn = draw_pictures(folder / FIELDS_FILE, folder, say=say)
    return () if drawn.message is None else (drawn.message,)


def _plot_name(result: RunResult) -> str:
    """Name of the plot of a cell or of a refinement; empty where there is neither."""
    if result.cell is not None and result.cell.connects:
        return REACTION_PLOT
    return CONVERGENCE_PLOT if result.accuracy is not None and result.accuracy.converges else ""


def _plot(result: RunResult, folder: Path) -> None:
    """Draw the plot of a cell or of a refinement."""
    if result.cell is not None and result.cell.connects:
        from cellion.export.cell_plots import plot_reaction  # loads Matplotlib

        plot_reaction(result.cell, folder / REACTION_PLOT, result.name)
    elif result.accuracy is not None:
        from cellion.export.convergence import plot_convergence  # loads Matplotlib

        plot_convergence(result.accuracy, folder / CONVERGENCE_PLOT, result.name)
