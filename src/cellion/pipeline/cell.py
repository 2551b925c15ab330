"""From a scenario with a cell to its answer."""

from __future__ import annotations

from dataclasses import dataclass

from cellion.parallel import Stopwatch

from cellion.cell.networks import cell_laws, find_networks
from cellion.cell.response import CellResponse
from cellion.cell.steady import CellProblem, respond, solve_cell
from cellion.errors import ConvergenceError
from cellion.material.interfaces import build_interfaces
from cellion.pipeline.record import Prepared
from cellion.scenario.cell import CellSpec
from cellion.scenario.scenario import Scenario
from cellion.transport.solution import Solution

__all__ = ["SolvedCell", "answer_cell"]


@dataclass(frozen=True, kw_only=True)
class SolvedCell:
    """What a cell answers.

    Attributes:
        response: The plain numbers.
        solution: The potential.
        notes: What the user should know.
    """

    response: CellResponse
    solution: Solution
    notes: tuple[str, ...]


def answer_cell(
    scenario: Scenario, spec: CellSpec, prepared: Prepared, watch: Stopwatch
) -> SolvedCell:
    """Solve a cell and read its response (collective).

    Raises:
        MaterialError: It is not said what a material carries.
        ConvergenceError: The solver did not reach its tolerance.
    """
    mesh, kelvins = prepared.mesh, scenario.temperature
    networks = find_networks(spec, prepared.materials, mesh.materials, kelvins)
    found = build_interfaces(scenario, prepared.materials).ordered(mesh.materials)
    problem = CellProblem(
        mesh=mesh,
        axis=spec.axis,
        separator=spec.separator.thickness,
        collector=spec.collector.thickness,
        networks=networks,
        laws=cell_laws(found, networks, mesh.label_material, mesh.orientations, kelvins),
        slices=spec.depth_bins,
    )
    try:
        solution = solve_cell(problem, watch)
    except ConvergenceError as error:
        raise ConvergenceError(f"cell, {error}") from error
    with watch.stage("cell"):
        response, connection = respond(problem, solution)
    notes = (*_utilisation(response), *_blocked(connection.blocked))
    return SolvedCell(response=response, solution=solution, notes=notes)


def _utilisation(response: CellResponse) -> tuple[str, ...]:
    """Say how much active material is cut off, and from what."""
    notes = []
    if not response.connects:
        notes.append(f"no current flows through the cell: {response.reason}")
    for name, share in response.active.items():
        missing = {
            "ions": share.without_ions,
            "electrons": share.without_electrons,
            "both": share.without_both,
        }
        lacks = ", ".join(f"{value:.1%} from {what}" for what, value in missing.items() if value)
        cut = f"; cut off are {lacks}" if lacks else ""
        notes.append(
            f"utilisation: {share.connected:.1%} of the volume of {name} is reached by ions and "
            f"electrons{cut}. That share bounds the capacity that can be used at any current"
        )
    return tuple(notes)


def _blocked(pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Say which contacts let nothing pass."""
    if not pairs:
        return ()
    named = ", ".join(f"{one} | {other}" for one, other in pairs)
    return (f"contacts {named} insulate: no entry of 'interfaces' lets current pass there",)
