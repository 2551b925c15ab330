"""Which value of an interface explains a measured conductivity: a bracketed root find.

The conductivity is monotone in every value that can be fitted (a resistance lowers it, a
conductance raises it), so that there is one answer or none. The mesh stays; each sample is meshed
once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import on_root

from rich.table import Table
from scipy.optimize import brentq

from cellion.errors import CellionError, StudyError
from cellion.export.fits import FitUnits, fit_rows, fit_table, fit_units, plot_fits
from cellion.export.tables import write_table
from cellion.results.files import open_folder, remove_old
from cellion.results.fit import FIT_FILE, Fit, save_fits
from cellion.results.ownership import owned, refuse_other_kind
from cellion.results.record import CarrierResult, RunResult
from cellion.scenario.design import sample_document
from cellion.scenario.fit import FitSpec
from cellion.scenario.load import build_scenario
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["fit_value", "run_fit"]

TABLE_FILE = "fit.csv"
PLOT_FILES = ("fit.png", "fit.svg")
TOLERANCE = 1e-3
"""Relative difference of the conductivity at the fitted value from the measured one."""

_LIMIT_TOLERANCE = 5e-3
"""The same at the limits that the uncertainty of the measurement sets."""

_APART = 0.02
"""Relative distance of values from which on a slope can be told."""

type Listener = Callable[[str], None]
type Conductivity = Callable[[float], float]


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """Scales on which the curve is nearly straight.

    A resistance R adds to that of the bulk, so that 1 / sigma is nearly linear in R; sheets lead
    beside the bulk, so that sigma is nearly linear in G.

    Attributes:
        value: Power of the value.
        conductivity: Power of the conductivity.
    """

    value: int
    conductivity: int


_SCALES = {
    "area_resistance": _Scale(value=1, conductivity=-1),
    "conductivity_across": _Scale(value=-1, conductivity=-1),
    "charge_transfer.exchange_current_density": _Scale(value=-1, conductivity=-1),
    "sheet_conductance": _Scale(value=1, conductivity=1),
    "conductivity_along": _Scale(value=1, conductivity=1),
}


@dataclass
class _Curve:
    """Conductivity over the value, both on their scales; each is computed once.

    Attributes:
        conductivity: Conductivity at a value [S/m].
        scale: The scales.
        known: What was computed.
    """

    conductivity: Conductivity
    scale: _Scale
    known: dict[float, float] = field(default_factory=dict)

    def __call__(self, place: float) -> float:
        if place not in self.known:
            found = self.conductivity(place**self.scale.value)
            if not found > 0.0:
                raise StudyError(
                    "nothing conducts through the sample, so that no interface can explain a "
                    "conductivity above zero"
                )
            self.known[place] = found**self.scale.conductivity
        return self.known[place]

    @property
    def trail(self) -> tuple[tuple[float, float], ...]:
        """Values and conductivities, by ascending value."""
        power = self.scale
        pairs = ((x**power.value, y**power.conductivity) for x, y in self.known.items())
        return tuple(sorted(pairs))

    def value(self, conductivity: float, tolerance: float) -> float:
        """Value of a conductivity that lies between those of the ends."""
        level = conductivity**self.scale.conductivity
        below = [x for x, y in self.known.items() if y <= level]
        above = [x for x, y in self.known.items() if y >= level]
        _, start, end = min((abs(a - b), min(a, b), max(a, b)) for a in below for b in above)
        if start == end:
            return float(start**self.scale.value)

        def distance(place: float) -> float:
            """Distance from the level; 0, which ends the search, when near enough."""
            apart = self(place) - level
            return 0.0 if abs(apart) <= tolerance * level else apart

        place = brentq(distance, start, end, xtol=1e-9 * min(self.known), rtol=1e-9)
        return float(place**self.scale.value)

    def sensitivity(self, value: float) -> float:
        """Relative change of the conductivity by that of the value, from the nearest neighbour."""
        trail = [(math.log(x), math.log(y)) for x, y in self.trail]
        here = min(trail, key=lambda pair: abs(pair[0] - math.log(value)))
        near = sorted((pair for pair in trail if pair != here), key=lambda p: abs(p[0] - here[0]))
        apart = next((p for p in near if abs(p[0] - here[0]) > _APART), near[-1])
        return (apart[1] - here[1]) / (apart[0] - here[0])


def fit_value(
    conductivity: Conductivity,
    measured: float,
    uncertainty: float,
    between: tuple[float, float],
    *,
    key: str = "area_resistance",
    units: FitUnits | None = None,
) -> Fit:
    """Find the value whose conductivity was measured, and the range that the uncertainty allows.

    Args:
        conductivity: Conductivity at a value, monotone and positive [S/m].
        measured: Measured conductivity [S/m].
        uncertainty: Its uncertainty, smaller than itself, or NaN [S/m].
        between: Ends of the range that is searched, ascending and positive.
        key: What the value is, one of `cellion.scenario.fit.FITTED`.
        units: Units of display, for messages; SI by default.

    Returns:
        The answer; where an end of the range of the measurement is out of reach, there is no limit.

    Raises:
        StudyError: The measured conductivity lies outside what the range reaches.
    """
    scale = _SCALES[key]
    curve = _Curve(conductivity=conductivity, scale=scale)
    reached = sorted(curve(end**scale.value) ** scale.conductivity for end in between)
    lowest, highest = reached
    if not lowest <= measured <= highest:
        shown = units or FitUnits()
        sigma = [shown.conductivity_text(value) for value in (measured, lowest, highest)]
        raise StudyError(
            f"{sigma[0]} {shown.conductivity} is out of reach: for values from "
            f"{shown.value_text(between[0])} to {shown.value_text(between[1])} {shown.value} the "
            f"conductivity lies between {sigma[1]} and {sigma[2]} {shown.conductivity}; widen "
            "'between' if the conductivity still changes at its ends, else something other than "
            "this interface has to change"
        )
    value = curve.value(measured, TOLERANCE)
    limits = [
        curve.value(level, _LIMIT_TOLERANCE) if lowest <= level <= highest else math.nan
        for level in (measured - uncertainty, measured + uncertainty)
    ]
    if curve.trail[-1][1] < curve.trail[0][1]:
        limits.reverse()
    return Fit(
        label="",
        where={},
        measured=measured,
        uncertainty=uncertainty,
        value=value,
        lower=limits[0],
        upper=limits[1],
        sensitivity=curve.sensitivity(value),
        reachable=(lowest, highest),
        trail=curve.trail,
    )


def run_fit(
    scenario: Scenario,
    comm: MPI.Comm,
    *,
    folder: Path,
    tell: Listener = lambda line: None,
) -> Table:
    """Fit every sample of a scenario's ``fit`` section (collective).

    A sample that cannot be explained is recorded with its reason and does not stop the others.

    Args:
        scenario: A scenario with a ``fit`` section.
        comm: Communicator; all ranks work on one solve at a time.
        folder: Where ``fit.json``, ``fit.csv`` and the plot go.
        tell: Takes progress lines, on rank 0 only.

    Returns:
        The table for the console.

    Raises:
        StudyError: The scenario has no ``fit`` section, or no sample has an answer.
        ResultsError: The folder cannot be written.
    """
    fit = scenario.fit
    if fit is None:
        raise StudyError(
            f"scenario '{scenario.name}' has no 'fit' section; add one, or give --vary, --target "
            "and --between"
        )
    say: Listener = tell if comm.rank == 0 else lambda line: None
    units = fit_units(fit, scenario.source)
    with ExitStack() as stack:
        on_root(comm, lambda: stack.enter_context(_opened(folder)))
        fits = _fits(scenario, fit, units, comm, say)
        on_root(comm, lambda: _write(scenario, fit, fits, units, folder))
    if all(each.failure is not None for each in fits):
        raise StudyError(f"no sample has an answer; the first: {fits[0].failure}")
    for each in fits:
        if each.failure is not None:
            say(f"{each.label} has no answer: {each.failure}")
    return fit_table(fits, units)


@contextmanager
def _opened(folder: Path) -> Iterator[None]:
    """Own the folder, without files of an earlier fit (rank 0)."""
    refuse_other_kind(folder, "fit")
    with owned(folder, "fit"):
        open_folder(folder)
        remove_old(folder, (FIT_FILE, TABLE_FILE, *PLOT_FILES))
        yield


def _fits(
    scenario: Scenario, fit: FitSpec, units: FitUnits, comm: MPI.Comm, say: Listener
) -> list[Fit]:
    """Fit the samples one after the other (collective)."""
    fits = []
    for index, sample in enumerate(fit.measured):
        label = sample.label or f"sample {index + 1}"
        say(f"[{index + 1}/{len(fit.measured)}] {label}")
        fits.append(replace(_fitted(scenario, fit, units, index, comm, say), label=label))
    return fits


def _fitted(
    scenario: Scenario, fit: FitSpec, units: FitUnits, index: int, comm: MPI.Comm, say: Listener
) -> Fit:
    """Fit one sample."""
    from cellion.pipeline.mesh_cache import MeshCache
    from cellion.pipeline.run import run

    sample, cache = fit.measured[index], MeshCache(None)
    uncertainty = math.nan if sample.uncertainty is None else sample.uncertainty
    last: list[RunResult] = []

    def conductivity(value: float) -> float:
        plain, _ = sample_document(scenario.source, fit, index, value)
        result = run(build_scenario(plain, path=scenario.path), comm, cache=cache)
        last[:] = [result]
        found = result.carrier(fit.carrier).mean_conductivity
        at, sigma = units.value_text(value), units.conductivity_text(found)
        say(f"  {at} {units.value}: {sigma} {units.conductivity}")
        return found

    try:
        found = fit_value(
            conductivity,
            sample.conductivity,
            uncertainty,
            fit.bracket,
            key=fit.key,
            units=units,
        )
    except CellionError as error:
        found = Fit(
            label="",
            where={},
            measured=sample.conductivity,
            uncertainty=uncertainty,
            failure=str(error),
        )
    numbers = _numbers(last[0], fit.carrier) if last else {}
    mesh = last[0].carrier(fit.carrier).mean_error_estimate if last else math.nan
    deviation = abs(mesh / found.sensitivity) if found.sensitivity else math.nan
    return replace(found, where=sample.where, numbers=numbers, mesh_deviation=deviation)


def _numbers(result: RunResult, name: str) -> dict[str, float]:
    """What a sample is, for the table."""
    carrier: CarrierResult = result.carrier(name)
    fractions = {
        f"volume_fraction_{material} [-]": fraction.meshed
        for material, fraction in result.volume_fraction.items()
        if fraction.meshed is not None
    }
    contacts = {f"contact_area_{pair} [1/m]": area for pair, area in result.contact_area.items()}
    return fractions | contacts | {"bulk_conductivity [S/m]": carrier.bulk_conductivity}


def _write(
    scenario: Scenario, fit: FitSpec, fits: list[Fit], units: FitUnits, folder: Path
) -> None:
    save_fits(fits, folder, path=fit.vary, unit=fit.unit, scenario=scenario.source)
    write_table(fit_rows(fits, fit.unit), folder / TABLE_FILE)
    if any(each.trail for each in fits):
        for name in PLOT_FILES:
            plot_fits(fits, folder / name, units)
