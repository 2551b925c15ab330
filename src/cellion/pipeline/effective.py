"""Effective transport of the carriers that a scenario asks for, with bounds if it wants them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.errors import ConvergenceError
from cellion.homogenise.effective import homogenise
from cellion.homogenise.mesh_error import error_of_gap
from cellion.homogenise.properties import Dissipation, EffectiveTransport
from cellion.material.interface_laws import build_interfaces
from cellion.mesh.periodicity import AXES
from cellion.pipeline.accuracy import Bounded, bounded, gap_fields, refined, with_geometry_errors
from cellion.pipeline.barriers import barrier_sensitivities
from cellion.pipeline.bricks import brick_estimate
from cellion.pipeline.estimate import directions_of
from cellion.pipeline.refinement import Remesher
from cellion.pipeline.remarks import reference_notes
from cellion.pipeline.sample import MeshedSample
from cellion.pipeline.task import Answer, Listener
from cellion.results.record import CarrierResult, DissipationRecord, pair_name
from cellion.results.sensitivities import derivatives
from cellion.scenario.scenario import Scenario
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import solve

__all__ = ["EffectiveTransportTask", "carrier_record", "conductivities", "solve_carrier"]

_DOUBTFUL = 0.25
"""Relative error by the mesh above which a note says so."""


@dataclass(frozen=True)
class EffectiveTransportTask:
    """The task of a scenario with ``transport``.

    Attributes:
        scenario: What is asked.
    """

    scenario: Scenario

    def answer(self, sample: MeshedSample, watch: Stopwatch, say: Listener) -> Answer:
        """Solve all carriers, on meshes that are refined if a tolerance asks for it (collective).

        Raises:
            ConvergenceError: The solver did not reach its tolerance.
            MeshError: A direction is asked for that the mesh does not have.
        """
        spec = self.scenario.accuracy
        start = time.perf_counter() - sum(watch.seconds.values())
        bracket = spec is not None and spec.bracket
        # Laws act on areas, whose errors are of first order.
        remesher = Remesher(self.scenario, sample) if bracket or self.scenario.interfaces else None

        def solve_on(sample: MeshedSample) -> Bounded:
            solutions: dict[str, Solution] = {}
            transport: dict[str, EffectiveTransport] = {}
            for carrier in self.scenario.transport.carriers:
                say(f"transport of {carrier}s")
                solved = solve_carrier(self.scenario, sample, carrier, watch=watch)
                solutions[carrier] = solved
                transport[carrier] = homogenise(carrier, solved, watch, estimate=not bracket)
            found = Bounded(sample=sample, solutions=solutions, transport=transport)
            if remesher is None:
                return found
            tested = bounded if bracket else with_geometry_errors
            return tested(found, remesher, watch)

        found = solve_on(sample)
        if spec is not None and remesher is not None and bracket:
            found = refined(
                spec, found, solve_on, remesher=remesher, watch=watch, tell=say, start=start
            )
        carriers = {name: self._record(found, name) for name in found.solutions}
        missed = () if found.accuracy is None else found.accuracy.missed()
        return Answer(
            sample=found.sample,
            solutions=found.solutions,
            imbalance={name: each.imbalance for name, each in found.transport.items()},
            carriers=carriers,
            accuracy=found.accuracy,
            fields=gap_fields(found),
            notes=(*reference_notes(found.transport), *missed, *_doubts(carriers)),
        )

    def _record(self, found: Bounded, carrier: str) -> CarrierResult:
        """Record what was found of a carrier, with derivatives by energies (collective)."""
        sample, transport = found.sample, found.transport[carrier]
        slopes = barrier_sensitivities(self.scenario, sample.materials, sample.names, transport)
        return replace(carrier_record(found, carrier), barrier_sensitivities=slopes)


def carrier_record(found: Bounded, carrier: str) -> CarrierResult:
    """Record what was found of a carrier (collective)."""
    sample, solution = found.sample, found.solutions[carrier]
    transport, bracket = found.transport[carrier], found.brackets.get(carrier)
    if bracket is not None:
        directions, d = solution.problem.directions, sample.mesh.dimension
        errors = {name: error_of_gap(bracket.share(name), d) for name in directions}
        transport = replace(transport, discretisation_error=errors)
    shares = {name: _shares(each) for name, each in transport.dissipation.items()}
    return CarrierResult(
        conducting=transport.conducting,
        conducting_fraction=transport.conducting_fraction,
        bulk_conductivity=transport.bulk_conductivity,
        effective_conductivity=_three_by_three(transport.effective_conductivity),
        percolates=transport.percolates,
        tortuosity_factor=transport.tortuosity_factor,
        macmullin_number=transport.macmullin_number,
        bruggeman_exponent=transport.bruggeman_exponent,
        discretisation_error_estimate=transport.discretisation_error,
        composition_bounds=transport.bounds,
        lower=None if bracket is None else _three_by_three(bracket.lower),
        upper=None if bracket is None else _three_by_three(bracket.upper),
        geometry_error_estimate=found.geometry_errors.get(carrier, {}),
        reason="; ".join(dict.fromkeys(solution.percolation.reason.values())) or None,
        dissipation=shares,
        sensitivities={name: derivatives(each) for name, each in shares.items()},
        conductivity_moments=transport.moments,
        brick_layer=brick_estimate(solution.problem, sample.interfaces),
        conductors=transport.conductors,
    )


def _shares(found: Dissipation) -> DissipationRecord:
    return DissipationRecord(
        bulk=dict(found.bulk),
        resistive={pair_name(*pair): share for pair, share in found.resistive.items()},
        sheet={pair_name(*pair): share for pair, share in found.sheet.items()},
    )


def _three_by_three(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill a tensor of fewer dimensions up with NaN."""
    missing = 3 - len(tensor)
    return np.pad(tensor, (0, missing), constant_values=np.nan)


def solve_carrier(
    scenario: Scenario, sample: MeshedSample, carrier: str, *, watch: Stopwatch | None = None
) -> Solution:
    """Solve the transport of one carrier through a sample (collective).

    Raises:
        ConvergenceError: The solver did not reach its tolerance.
        MeshError: A direction is asked for that the mesh does not have.
    """
    problem = TransportProblem(
        mesh=sample.mesh,
        conductivity=conductivities(sample, carrier, scenario.temperature),
        drive=DRIVES[scenario.transport.boundary],
        directions=directions_of(scenario, sample.mesh.dimension),
        contacts=_contacts(scenario, sample, carrier),
    )
    try:
        return solve(problem, watch)
    except ConvergenceError as error:
        raise ConvergenceError(f"transport of {carrier}s, {error}") from error


def conductivities(sample: MeshedSample, carrier: str, temperature: float) -> NDArray[np.float64]:
    """Tensor of each material of the mesh at a temperature [K], shape (n, d, d) [S/m]."""
    d = sample.mesh.dimension
    return np.array(
        [sample.materials[name].conductivity(carrier, temperature)[:d, :d] for name in sample.names]
    )


def _contacts(scenario: Scenario, sample: MeshedSample, carrier: str) -> Contacts | None:
    """Contacts at the temperature of the scenario; None when it has none."""
    mesh = sample.mesh
    found = build_interfaces(scenario, sample.materials).ordered(mesh.materials)
    if not found:
        return None
    laws = found.at(scenario.temperature, carrier)
    return Contacts(
        label_material=mesh.label_material,
        pair_resistance=laws.resistance,
        pair_sheet_conductance=laws.sheet_conductance,
        factor=found.factor(mesh.label_material, mesh.orientations, carrier),
        pieces=mesh.pieces,
    )


def _doubts(carriers: Mapping[str, CarrierResult]) -> list[str]:
    """Name the numbers that the mesh makes doubtful."""
    notes = []
    for name, carrier in carriers.items():
        for k, direction in enumerate(AXES):
            error = carrier.discretisation_error_estimate.get(direction, 0.0)
            if not error <= _DOUBTFUL and carrier.effective_conductivity[k, k] > 0.0:
                size = "unknown, and large" if isnan(error) else f"about {100 * error:.2g} %"
                asked = "ask for a bracket" if carrier.lower is None else "narrow its bracket"
                notes.append(
                    f"{name}, {direction}: the error of sigma_eff by the mesh is {size}; {asked} "
                    "with 'accuracy: {tolerance: ...}', or make the mesh finer"
                )
    return notes
