"""From a scenario with a cell to its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cellion.parallel import Stopwatch

from cellion.cell.networks import cell_laws, find_networks
from cellion.cell.response import CellResponse
from cellion.cell.steady import CellProblem, respond, solve_cell
from cellion.errors import ConvergenceError
from cellion.material.interface_laws import build_interfaces
from cellion.pipeline.record import Prepared
from cellion.scenario.cell import CellSpec
from cellion.scenario.scenario import Scenario
from cellion.transport.solution import Solution

__all__ = ["SolvedCell", "answer_cell"]


_BACKWARDS = 0.01
"""Share of the reaction current with reversed sign that is worth a note."""

_STRANDED = 1e-3
"""Share of a material without a path to its electrode that is worth a note."""

_LIMITS = {
    "excluded": "They take no part, the limit of long times; 'polarised' is that of short times",
    "polarised": "Ions pass them as bipolar electrodes, the limit of short times (until about "
    "R^2/D, 600 s for 2.5 um and 1e-14 m2/s); 'excluded' is that of long times",
}


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
    laws = cell_laws(found, networks, mesh.label_material, mesh.orientations, kelvins)
    problem = CellProblem(
        mesh=mesh,
        axis=spec.axis,
        separator=spec.separator.thickness,
        collector=spec.collector.thickness,
        networks=networks,
        laws=replace(laws, pieces=mesh.pieces),
        slices=spec.depth_bins,
        unconnected=spec.unconnected,
    )
    try:
        solution = solve_cell(problem, watch)
    except ConvergenceError as error:
        raise ConvergenceError(f"cell, {error}") from error
    with watch.stage("cell"):
        response, connection = respond(problem, solution)
    notes = (
        *_utilisation(response, connection.stranded),
        *_backwards(response),
        *_blocked(connection.blocked),
    )
    return SolvedCell(response=response, solution=solution, notes=notes)


def _utilisation(response: CellResponse, stranded: Mapping[str, float]) -> tuple[str, ...]:
    """Say how much of the two networks is cut off, and from what."""
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
    parts = {
        "collector": {
            name: share.without_electrons + share.without_both
            for name, share in response.active.items()
        },
        "separator": stranded,
    }
    told = [
        f"{value:.1%} of {name} has no path to the {layer}"
        for layer, shares in parts.items()
        for name, value in shares.items()
        if value > _STRANDED
    ]
    if told:
        notes.append(f"cell.unconnected: {', '.join(told)}. {_LIMITS[response.unconnected]}")
    return tuple(notes)


def _backwards(response: CellResponse) -> tuple[str, ...]:
    """Say how much of the reaction runs against the current through the cell."""
    if not response.reversed_share > _BACKWARDS:
        return ()
    badly = "without a path to the collector, or with a bad one,"
    where = badly if response.unconnected == "polarised" else "with a bad path to the collector"
    return (
        f"{response.reversed_share:.1%} of the reaction current runs backwards, from the "
        f"electronic to the ionic network: particles {where} take ions up on one side and give "
        "them off on the other. That lasts until lithium has moved in them (about R^2/D); "
        "sustained, the resistance is higher",
    )


def _blocked(pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Say which contacts let nothing pass."""
    if not pairs:
        return ()
    named = ", ".join(f"{one} | {other}" for one, other in pairs)
    return (f"contacts {named} insulate: no entry of 'interfaces' lets current pass there",)
