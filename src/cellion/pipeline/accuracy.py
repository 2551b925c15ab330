"""Bounds of all carriers, and meshes that become finer where these are apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Protocol

from cellion.parallel import Stopwatch, peak_memory

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.bracket import Bracket, Indicators, bracket_of
from cellion.homogenise.constriction import constriction_errors
from cellion.homogenise.faceting import faceting_errors
from cellion.homogenise.properties import EffectiveTransport
from cellion.mesh.borders import find_borders
from cellion.mesh.marking import mark
from cellion.mesh.periodicity import AXES
from cellion.microstructure.geometry import CutGeometry
from cellion.pipeline.refinement import Remesher
from cellion.pipeline.sample import MeshedSample
from cellion.pipeline.task import Listener
from cellion.results.accuracy import AccuracyRecord, PassRecord
from cellion.scenario.settings import AccuracySpec
from cellion.transport.dual.lower_bound import ConservedCurrents, conserved_currents
from cellion.transport.primal.solution import Solution

__all__ = [
    "Bounded",
    "Surfaces",
    "bounded",
    "gap_fields",
    "refined",
    "with_geometry_errors",
]

type Tensor = NDArray[np.float64]
type Solve = Callable[[MeshedSample], "Bounded"]

_LARGEST_SHARE, _LEAST_SHARE = 0.5, 0.2
"""Largest and smallest part of the gap whose cells are refined in one pass."""

_GAIN = 0.75
"""Part of the gap of smooth cells that halving them takes away (second order)."""

_WITH_NEIGHBOURS = 1.5
"""Cells that are refined with each that is marked; they and their matrices take memory together."""

_MOST_PASSES = 60


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """Effective transport on one mesh, and what bounds it.

    Attributes:
        sample: Materials and mesh.
        solutions: Solved transport per carrier.
        transport: Effective transport per carrier.
        brackets: Bounds per carrier; empty when none were asked for.
        indicators: Where the bounds are apart, per carrier.
        geometry_errors: Estimated change of sigma_eff from facets to true surfaces, per carrier and
            direction, relative [-]; NaN where the surfaces are not known.
        accuracy: What the bounds certify, None without them.
    """

    sample: MeshedSample
    solutions: Mapping[str, Solution]
    transport: Mapping[str, EffectiveTransport]
    brackets: Mapping[str, Bracket] = field(default_factory=dict)
    indicators: Mapping[str, Indicators] = field(default_factory=dict)
    geometry_errors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    accuracy: AccuracyRecord | None = None

    @property
    def width(self) -> float:
        """Largest width of a bracket over its middle [-]."""
        return max(self._each(lambda bracket, name: bracket.width(name)), default=0.0)

    @property
    def geometry_error(self) -> float:
        """Largest estimated error by the geometry, relative [-]; NaN where it is not known."""
        errors = [error for each in self.geometry_errors.values() for error in each.values()]
        return float(np.max(errors)) if errors else 0.0

    @property
    def rounding(self) -> float:
        """Largest rounding error that a bound allows for, relative [-]."""

        def relative(bracket: Bracket, name: str) -> float:
            k = AXES.index(name)
            high = float(bracket.upper[k, k])
            return bracket.rounding.get(name, 0.0) / high if high > 0.0 else 0.0

        return max(self._each(relative), default=0.0)

    def _each(self, number: Callable[[Bracket, str], float]) -> list[float]:
        return [
            number(bracket, direction)
            for name, bracket in self.brackets.items()
            for direction in self.solutions[name].problem.directions
        ]


class Surfaces(Protocol):
    """The true surfaces of a geometry, for which a mesh has flat facets."""

    @property
    def geometry(self) -> CutGeometry | None:
        """The curved surfaces, on all ranks; None when there are none, or none are known."""
        ...

    @property
    def known(self) -> bool:
        """Whether the geometry is known at all."""
        ...


def bounded(answers: Bounded, surfaces: Surfaces, watch: Stopwatch) -> Bounded:
    """Bound the answers of all carriers on their mesh (collective).

    Args:
        answers: Bounded without bounds.
        surfaces: What facets stand for.
        watch: Records the stages.
    """
    brackets, indicators, errors = {}, {}, {}
    for name, solution in answers.solutions.items():
        conserved = conserved_currents(solution, watch)
        with watch.stage("bracket"):
            upper = answers.transport[name].effective_conductivity
            brackets[name], indicators[name] = bracket_of(solution, conserved, upper)
        with watch.stage("geometry error"):
            errors[name] = _geometry_errors(solution, conserved, surfaces, upper)
    return replace(answers, brackets=brackets, indicators=indicators, geometry_errors=errors)


def with_geometry_errors(answers: Bounded, surfaces: Surfaces, watch: Stopwatch) -> Bounded:
    """Estimate the geometry errors of all carriers without bounds (collective)."""
    errors = {}
    with watch.stage("geometry error"):
        for name, solution in answers.solutions.items():
            sigma = answers.transport[name].effective_conductivity
            errors[name] = _geometry_errors(solution, None, surfaces, sigma)
    return replace(answers, geometry_errors=errors)


def _geometry_errors(
    solution: Solution, conserved: ConservedCurrents | None, surfaces: Surfaces, sigma: Tensor
) -> dict[str, float]:
    """Estimate the geometry error per direction, relative to sigma_eff (collective)."""
    directions = solution.problem.directions
    if surfaces.geometry is None:
        return dict.fromkeys(directions, 0.0 if surfaces.known else float("nan"))
    facets = faceting_errors(solution, conserved, surfaces.geometry)
    contacts = constriction_errors(solution, conserved, surfaces.geometry)
    found = {name: facets[name] + contacts[name] for name in directions}
    axes = {name: AXES.index(name) for name in directions}
    return {
        name: found[name] / float(sigma[k, k]) if found[name] > 0.0 else 0.0
        for name, k in axes.items()
    }


def refined(
    spec: AccuracySpec,
    first: Bounded,
    solve: Solve,
    *,
    remesher: Remesher,
    watch: Stopwatch,
    tell: Listener,
    start: float,
) -> Bounded:
    """Refine the mesh until the bounds are as close as asked, or the budget is used (collective).

    Args:
        spec: What is asked.
        first: Bounded answers on the first mesh.
        solve: From materials and mesh to answers with bounds.
        remesher: Meshes the geometry again.
        watch: Records the stages.
        tell: Takes progress lines.
        start: Reading of `time.perf_counter` from which the time that was spent counts [s].

    Returns:
        The answers of the last mesh, with the history of all.
    """
    history = [_pass(first, time.perf_counter() - start)]
    answers, stopped = first, "the mesh was to be kept"
    while spec.tolerance is not None:
        cells, geometry = history[-1].cells, answers.geometry_error
        known = "" if isnan(geometry) else f", geometry error about {100 * geometry:.2g} %"
        tell(f"bracket {100 * answers.width:.3g} % wide{known}, with {cells:,} cells")
        marked, reason = _marked(answers, spec.tolerance)
        stopped = reason or _over_budget(spec, history, marked, answers, start)
        if stopped:
            break
        sample = remesher.finer(answers.sample, marked, watch)
        if sample.mesh.global_cells <= history[-1].cells:
            stopped = "the smallest cells that the faces of the box allow are reached"
            break
        answers = solve(sample)
        history.append(_pass(answers, time.perf_counter() - start))
    return replace(answers, accuracy=_record(spec, answers, history, stopped))


def gap_fields(answers: Bounded) -> dict[str, NDArray[np.float64]]:
    """Where the bounds are apart: their gap per volume, the mean of which is U - L [S/m].

    What resistive facets add counts for the cell on one side.
    """
    mesh = answers.sample.mesh
    share = mesh.cell_volumes[: mesh.n_owned_cells] / mesh.volume
    found = {}
    for name, indicators in answers.indicators.items():
        for direction, cells in indicators.cells.items():
            gap = cells.copy()
            np.add.at(gap, indicators.near, indicators.facets[direction])
            found[f"gap_density_{name}_{direction}"] = gap / share
    return found


def _marked(answers: Bounded, tolerance: float) -> tuple[NDArray[np.bool_], str]:
    """Mark the cells to refine, or say why none are (collective).

    The bracket and the geometry error on both of its sides are to fit into the tolerance; either
    may take half of it before its cells are refined.
    """
    mesh, width = answers.sample.mesh, answers.width
    marked = np.zeros(mesh.n_owned_cells, dtype=bool)
    geometry = 0.0 if isnan(answers.geometry_error) else 2.0 * answers.geometry_error
    if width + geometry <= tolerance:
        return marked, "the tolerance is met"
    wanted = tolerance - min(geometry, 0.5 * tolerance)
    if width > wanted:
        if width <= 4.0 * answers.rounding:
            return marked, "rounding errors are reached"
        marked |= _wide(answers, wanted)
    if geometry > 0.5 * tolerance:
        marked[find_borders(mesh, periodic=True).near[:, 0]] = True
    return marked, ""


def _wide(answers: Bounded, tolerance: float) -> NDArray[np.bool_]:
    """Mark the cells that contribute most to brackets wider than a tolerance (collective)."""
    mesh = answers.sample.mesh
    shares = np.zeros(mesh.n_owned_cells)
    for name, found in answers.indicators.items():
        bracket = answers.brackets[name]
        for direction, cells in found.cells.items():
            if bracket.width(direction) > tolerance:
                k = AXES.index(direction)
                shares += cells / bracket.upper[k, k]
                np.add.at(shares, found.near, found.facets[direction] / bracket.upper[k, k])
    wanted = (1.0 - 0.8 * tolerance / answers.width) / _GAIN
    return mark(shares, float(np.clip(wanted, _LEAST_SHARE, _LARGEST_SHARE)), mesh.comm)


def _over_budget(
    spec: AccuracySpec,
    history: list[PassRecord],
    marked: NDArray[np.bool_],
    answers: Bounded,
    start: float,
) -> str:
    """Say which budget the next pass would exceed, if any (collective)."""
    mesh = answers.sample.mesh
    comm, children = mesh.comm, 2**mesh.dimension
    share = comm.allreduce(int(marked.sum())) / mesh.global_cells
    growth = 1.0 + _WITH_NEIGHBOURS * share * (children - 1)
    memory = comm.allreduce(float(peak_memory())) * growth
    elapsed = comm.bcast(time.perf_counter() - start)
    last = history[-1].seconds - (history[-2].seconds if len(history) > 1 else 0.0)
    if len(history) >= _MOST_PASSES:
        return f"{_MOST_PASSES} passes were made"
    if spec.memory is not None and memory > spec.memory:
        return f"the next pass would need about {memory / 1e9:.1f} GB"
    if spec.time is not None and elapsed + last * growth > spec.time:
        return f"the next pass would end after about {elapsed + last * growth:.0f} s"
    return ""


def _pass(answers: Bounded, seconds: float) -> PassRecord:
    """Record the bounds on one mesh."""
    bounds: dict[str, dict[str, dict[str, float]]] = {"lower": {}, "upper": {}}
    for name, bracket in answers.brackets.items():
        for side, tensor in (("lower", bracket.lower), ("upper", bracket.upper)):
            bounds[side][name] = {
                direction: float(tensor[AXES.index(direction), AXES.index(direction)])
                for direction in answers.solutions[name].problem.directions
            }
    return PassRecord(
        cells=answers.sample.mesh.global_cells,
        lower=bounds["lower"],
        upper=bounds["upper"],
        geometry_error=answers.geometry_error,
        unknowns=sum(
            bracket.unknowns + answers.solutions[name].report.unknowns
            for name, bracket in answers.brackets.items()
        ),
        seconds=seconds,
    )


def _record(
    spec: AccuracySpec, answers: Bounded, history: list[PassRecord], stopped: str
) -> AccuracyRecord:
    """Record what was reached."""
    return AccuracyRecord(
        width=answers.width,
        tolerance=spec.tolerance,
        stopped=stopped,
        rounding=answers.rounding,
        geometry_error=answers.geometry_error,
        history=tuple(history),
    )
