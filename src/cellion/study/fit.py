"""Which value of an interface explains a measured conductivity: a bracketed root find.

The conductivity is monotone in every value that can be fitted (a resistance lowers it, a
conductance raises it), so that there is one answer or none. The mesh stays; each sample is meshed
once. Value and conductivity are compared on logarithmic scales.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cellion.parallel import on_root

from rich.table import Table
from scipy.optimize import brentq

from cellion.errors import CellionError, StudyError
from cellion.export.fits import fit_rows, fit_table, plot_fits
from cellion.export.tables import write_table
from cellion.results.files import open_folder, remove_old
from cellion.results.fit import FIT_FILE, Fit, save_fits
from cellion.results.record import CarrierResult, RunResult
from cellion.scenario.fit import FitSpec
from cellion.scenario.load import build_scenario
from cellion.scenario.samples import sample_document
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["fit_value", "run_fit"]

TABLE_FILE = "fit.csv"
PLOT_FILES = ("fit.png", "fit.svg")
TOLERANCE = 1e-3
"""Relative accuracy of a fitted value."""

type Listener = Callable[[str], None]
type Conductivity = Callable[[float], float]


@dataclass
class _Curve:
    """Logarithm of the conductivity over that of the value; each is computed once.

    Attributes:
        conductivity: Conductivity at a value [S/m].
        known: What was computed, both as logarithms.
    """

    conductivity: Conductivity
    known: dict[float, float] = field(default_factory=dict)

    def __call__(self, place: float) -> float:
        if place not in self.known:
            found = self.conductivity(math.exp(place))
            if not found > 0.0:
                raise StudyError(
                    "nothing conducts through the sample, so that no interface can explain a "
                    "conductivity above zero"
                )
            self.known[place] = math.log(found)
        return self.known[place]

    def root(self, level: float, tolerance: float) -> float:
        """Place at which the curve has a level that lies between those of its ends."""
        below = [x for x, y in self.known.items() if y <= level]
        above = [x for x, y in self.known.items() if y >= level]
        _, start, end = min((abs(a - b), min(a, b), max(a, b)) for a in below for b in above)
        if start == end:
            return start
        return float(brentq(lambda x: self(x) - level, start, end, xtol=tolerance, rtol=1e-12))

    def slope(self, place: float) -> float:
        """Slope by the nearest places that were computed, one of them this one."""
        here = self(place)
        near = sorted((x for x in self.known if x != place), key=lambda x: abs(x - place))
        apart = next((x for x in near if abs(x - place) > 20 * TOLERANCE), near[-1])
        return (self(apart) - here) / (apart - place)


def fit_value(
    conductivity: Conductivity,
    measured: float,
    uncertainty: float,
    between: tuple[float, float],
    *,
    unit: str = "",
    tolerance: float = TOLERANCE,
) -> Fit:
    """Find the value whose conductivity was measured, and the range that the uncertainty allows.

    Args:
        conductivity: Conductivity at a value, monotone and positive [S/m].
        measured: Measured conductivity [S/m].
        uncertainty: Its uncertainty, smaller than itself, or NaN [S/m].
        between: Ends of the range that is searched, ascending and positive.
        unit: Unit of the value, for messages.
        tolerance: Relative accuracy of the value.

    Returns:
        The answer; where an end of the range of the measurement is out of reach, there is no limit.

    Raises:
        StudyError: The measured conductivity lies outside what the range reaches.
    """
    curve = _Curve(conductivity=conductivity)
    ends = [math.log(end) for end in between]
    lowest, highest = sorted(curve(end) for end in ends)
    if not lowest <= math.log(measured) <= highest:
        raise StudyError(
            f"{measured:.4g} S/m is out of reach: for values from {between[0]:.4g} to "
            f"{between[1]:.4g} {unit} the conductivity lies between {math.exp(lowest):.4g} and "
            f"{math.exp(highest):.4g} S/m; widen 'between' if the conductivity still changes at "
            "its ends, else something other than this interface has to change"
        )
    place = curve.root(math.log(measured), tolerance)
    limits = []
    for shift in (-uncertainty, uncertainty):
        level = math.log(measured + shift) if uncertainty == uncertainty else math.nan
        reached = lowest <= level <= highest
        limits.append(math.exp(curve.root(level, tolerance)) if reached else math.nan)
    if curve(ends[1]) < curve(ends[0]):
        limits.reverse()
    return Fit(
        label="",
        where={},
        measured=measured,
        uncertainty=uncertainty,
        value=math.exp(place),
        lower=limits[0],
        upper=limits[1],
        sensitivity=curve.slope(place),
        reachable=(math.exp(lowest), math.exp(highest)),
        trail=tuple((math.exp(x), math.exp(y)) for x, y in sorted(curve.known.items())),
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
    on_root(comm, lambda: _open(folder))
    fits = []
    for index, sample in enumerate(fit.measured):
        label = sample.label or f"sample {index + 1}"
        say(f"[{index + 1}/{len(fit.measured)}] {label}")
        fits.append(replace(_fitted(scenario, fit, index, comm, say), label=label))
    on_root(comm, lambda: _write(scenario, fit, fits, folder))
    if all(each.failure is not None for each in fits):
        raise StudyError(f"no sample has an answer; the first: {fits[0].failure}")
    for each in fits:
        if each.failure is not None:
            say(f"{each.label} has no answer: {each.failure}")
    return fit_table(fits, fit.vary, fit.unit)


def _open(folder: Path) -> None:
    open_folder(folder)
    remove_old(folder, (FIT_FILE, TABLE_FILE, *PLOT_FILES))


def _fitted(scenario: Scenario, fit: FitSpec, index: int, comm: MPI.Comm, say: Listener) -> Fit:
    """Fit one sample."""
    from cellion.pipeline.run import run
    from cellion.pipeline.stock import MeshStock

    sample, stock = fit.measured[index], MeshStock(None)
    uncertainty = math.nan if sample.uncertainty is None else sample.uncertainty
    last: list[RunResult] = []

    def conductivity(value: float) -> float:
        plain, _ = sample_document(scenario.source, fit, index, value)
        result = run(build_scenario(plain, path=scenario.path), comm, stock=stock)
        last[:] = [result]
        found = result.carrier(fit.carrier).mean_conductivity
        say(f"  {value:.4g} {fit.unit}: {found:.4g} S/m")
        return found

    try:
        found = fit_value(
            conductivity, sample.conductivity, uncertainty, fit.bracket, unit=fit.unit
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


def _write(scenario: Scenario, fit: FitSpec, fits: list[Fit], folder: Path) -> None:
    write_table(fit_rows(fits, fit.unit), folder / TABLE_FILE)
    if any(each.trail for each in fits):
        for name in PLOT_FILES:
            plot_fits(fits, folder / name, key=fit.vary, unit=fit.unit)
    save_fits(fits, folder, path=fit.vary, unit=fit.unit, scenario=scenario.source)
