"""The steady cell of a scenario: its linear response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cellion.parallel import Stopwatch

from cellion.cell.networks import cell_laws, find_networks
from cellion.cell.response import CellResponse
from cellion.cell.steady import CellProblem, respond, solve_cell
from cellion.errors import ConvergenceError
from cellion.material.interface_laws import build_interfaces
from cellion.pipeline.sample import MeshedSample
from cellion.pipeline.task import Answer, Listener
from cellion.scenario.cell import CellSpec
from cellion.scenario.scenario import Scenario

__all__ = ["SteadyCellTask"]

_BACKWARDS = 0.01
"""Share of the reaction current with reversed sign that is worth a note."""

_STRANDED = 1e-3
"""Share of a material without a path to its electrode that is worth a note."""

_LIMITS = {
    "excluded": "They take no part, the limit of long times; 'polarised' is that of short times",
    "polarised": "Ions pass them as bipolar electrodes, the limit of short times (until about "
    "R^2/D, 600 s for 2.5 um and 1e-14 m2/s); 'excluded' is that of long times",
}


@dataclass(frozen=True)
class SteadyCellTask:
    """The task of a scenario whose transport is that of a ``cell``.

    Attributes:
        scenario: What is asked.
        spec: The cell.
    """

    scenario: Scenario
    spec: CellSpec

    def answer(self, sample: MeshedSample, watch: Stopwatch, say: Listener) -> Answer:
        """Solve the cell and read its response (collective).

        Raises:
            MaterialError: It is not said what a material carries.
            ConvergenceError: The solver did not reach its tolerance.
        """
        say("cell")
        problem = self._problem(sample)
        try:
            solution = solve_cell(problem, watch)
        except ConvergenceError as error:
            raise ConvergenceError(f"cell, {error}") from error
        with watch.stage("cell"):
            response, connection = respond(problem, solution)
        return Answer(
            sample=sample,
            solutions={"cell": solution},
            imbalance={"cell": {response.axis: response.imbalance} if response.connects else {}},
            cell=response,
            notes=(
                *_utilisation(response, connection.stranded),
                *_backwards(response),
                *_blocked(connection.blocked),
            ),
        )

    def _problem(self, sample: MeshedSample) -> CellProblem:
        """The networks of both carriers and the laws between them."""
        spec, mesh, kelvins = self.spec, sample.mesh, self.scenario.temperature
        networks = find_networks(spec, sample.materials, mesh.materials, kelvins)
        found = build_interfaces(self.scenario, sample.materials).ordered(mesh.materials)
        laws = cell_laws(found, networks, mesh.label_material, mesh.orientations, kelvins)
        return CellProblem(
            mesh=mesh,
            axis=spec.axis,
            separator=spec.separator.thickness,
            collector=spec.collector.thickness,
            networks=networks,
            laws=replace(laws, pieces=mesh.pieces),
            slices=spec.depth_bins,
            unconnected=spec.unconnected,
        )


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
