"""Ion conduction from hops: what a scenario says of family, lattice or structure file, as a law."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cellion.errors import RatesError
from cellion.material.blocking import blocking_notes
from cellion.material.carriers import build_carriers
from cellion.material.families import BuiltFamily, build_family
from cellion.material.laws import Spread
from cellion.material.networks import BuiltNetwork, build_network, located
from cellion.rates.conductor import (
    Carriers,
    HoppingConductor,
    MonteCarloSettings,
    carrier_density,
    conductor_mechanism,
    hopping_conductivity,
    independent_diffusivity,
    simulate_conductor,
)
from cellion.rates.correlation import correlation, known_correlation
from cellion.rates.kinetic_monte_carlo import KineticMonteCarlo
from cellion.rates.nernst_einstein import Conductivity, conductivity
from cellion.rates.uncertainty import lowest_barriers, normal_points
from cellion.scenario.faults import FaultsError
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.materials import IonSpec
from cellion.scenario.sections import fail

__all__ = [
    "SAMPLES",
    "HoppingLaw",
    "UncertainEnergies",
    "correlation_note",
    "hopping_law",
    "known_haven_ratio",
]

type Floats = NDArray[np.float64]
type Booleans = NDArray[np.bool_]

SAMPLES = 256
"""Sets of barriers from which an interval is read."""

FEWEST_HOPS = 0.5
"""Hops per walker and lag below which a simulation says little of long times."""

LARGEST_EXACT = 60
"""States times sites of a cell up to which correlation factors take seconds."""

_SIGMA = (0.15865525393145707, 0.5, 0.8413447460685429)  # one standard deviation, and the median


@dataclass(frozen=True, kw_only=True)
class UncertainEnergies:
    """What one standard deviation of each uncertain energy does to a network.

    Attributes:
        sites: Shifts of the site energies, shape (k, n) [J].
        saddles: Shifts of the saddle energies, shape (k, m) [J].
    """

    sites: Floats
    saddles: Floats

    def samples(self, mean: HoppingConductor, temperature: Floats) -> Floats:
        """Return the mean of the principal conductivities for `SAMPLES` even draws.

        Args:
            mean: The conductor at the mean energies.
            temperature: Temperatures [K], shape (n,).

        Returns:
            Conductivities [S/m], shape (samples, n).
        """
        draws = normal_points(SAMPLES, len(self.saddles))
        mean_field = hopping_conductivity(mean, temperature, correlated=False).mean
        if mean.mechanism != "independent" or self.sites.any():
            conductors = (self._moved(mean, draw) for draw in draws)
            moved = [hopping_conductivity(one, temperature, correlated=False) for one in conductors]
            found = np.array([one.mean for one in moved])
        else:  # barriers alone: all draws at once
            shift = np.repeat(draws @ self.saddles, temperature.size, axis=0)
            shift = np.maximum(shift, -lowest_barriers(mean.network))
            many = np.tile(temperature, SAMPLES)
            diffused = independent_diffusivity(mean, many, saddle_shift=shift, correlated=False)
            one = independent_diffusivity(mean, temperature, correlated=False)
            found = mean_field * diffused.mean.reshape(SAMPLES, -1) / one.mean
        # what correlations take off the mean field is that of the mean energies
        return np.asarray(found * hopping_conductivity(mean, temperature).mean / mean_field)

    def _moved(self, mean: HoppingConductor, draw: Floats) -> HoppingConductor:
        sites = mean.network.site_energies + draw @ self.sites
        saddles = np.maximum(
            mean.network.saddle_energies + draw @ self.saddles,
            np.maximum(sites[mean.network.starts], sites[mean.network.ends]),
        )
        return _with_energies(mean, sites, saddles)


def _with_energies(mean: HoppingConductor, sites: Floats, saddles: Floats) -> HoppingConductor:
    network = replace(mean.network, site_energies=sites, saddle_energies=saddles)
    return replace(mean, network=network)


@dataclass(frozen=True, kw_only=True)
class HoppingLaw:
    """Conduction by hopping: the tensor of a jump network at any temperature.

    Attributes:
        conductor: Network and carriers.
        uncertain: What is uncertain about its energies.
        shifted: By name of an energy of the input (empty for the only one of a named lattice), the
            conductor with that energy shifted [J]; it raises `RatesError` where there is none.
        assumed: What was assumed about the crystal, one sentence each.
        told: What a family states of its mechanism.
    """

    conductor: HoppingConductor
    uncertain: UncertainEnergies | None = None
    shifted: Mapping[str, Callable[[float], HoppingConductor]] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    told: str = ""
    _known: dict[float, Conductivity] = field(default_factory=dict, compare=False, repr=False)
    _runs: dict[float, KineticMonteCarlo] = field(default_factory=dict, compare=False, repr=False)

    def conductivity(self, temperature: float) -> Floats:
        """Conductivity tensor in crystal axes, shape (3, 3) [S/m].

        Raises:
            RatesError: The temperature is not above 0 K.
        """
        tensor: Floats = self._at(temperature).tensor[0]
        return tensor.copy()

    def _at(self, temperature: float) -> Conductivity:
        """Return the conductivity, computed once at each temperature."""
        if temperature not in self._known:
            conductor = self.conductor
            self._known[temperature] = (
                hopping_conductivity(conductor, temperature)
                if conductor.monte_carlo is None
                else conductivity(
                    self.simulated(temperature).charge,
                    density=carrier_density(conductor, temperature),
                    charge_number=conductor.charge_number,
                )
            )
        return self._known[temperature]

    def simulated(self, temperature: float) -> KineticMonteCarlo:
        """Kinetic Monte Carlo of the conductor, run once at each temperature.

        Raises:
            RatesError: The conductor has no settings for it.
        """
        if temperature not in self._runs:
            self._runs[temperature] = simulate_conductor(self.conductor, temperature)
        return self._runs[temperature]

    def notes(self, temperature: float) -> tuple[str, ...]:
        """What was assumed, and how far blocking is known, one sentence each.

        Args:
            temperature: Temperature of the numbers [K].
        """
        own = []
        if self.conductor.monte_carlo is not None:
            hops = self.simulated(temperature).hops_per_lag
            if hops < FEWEST_HOPS:
                own.append(
                    f"the simulation at {temperature:g} K is too short: {hops:.2g} hops per ion or "
                    "vacancy and lag, too few to forget the first; raise 'hops' of 'monte_carlo', "
                    "or merge sites that are joined by very fast hops"
                )
        return (*self.assumed, *own, *blocking_notes(self.conductor, self._at(temperature)))

    def spread(self, temperature: Floats) -> Spread | None:
        """How sure the mean of the principal values is; None where nothing is uncertain.

        Args:
            temperature: Temperatures [K], shape (n,).
        """
        if self.conductor.monte_carlo is not None:
            runs = [self._at(float(t)) for t in temperature]
            mean = np.array([run.mean[0] for run in runs])
            # errors of the three diagonal components as if they were independent
            error = np.array(
                [np.sqrt(np.sum(np.diag(run.standard_error[0]) ** 2)) / 3.0 for run in runs]
            )
            return Spread(
                median=mean,
                low=mean - error,
                high=mean + error,
                cause="statistical error of the kinetic Monte Carlo",
            )
        if self.uncertain is None or not len(self.uncertain.saddles):
            return None
        samples = self.uncertain.samples(self.conductor, temperature)
        low, median, high = np.quantile(samples, _SIGMA, axis=0)
        return Spread(median=median, low=low, high=high, cause="uncertain barriers")


def hopping_law(spec: IonSpec) -> HoppingLaw:
    """Return the law of an ion given by ``family`` or ``hopping``.

    Args:
        spec: What the scenario says.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    if spec.hopping is not None:
        return _own_law(spec.hopping)
    built = build_family(spec)
    sites, saddles = built.moves()
    return HoppingLaw(
        conductor=built.conductor(),
        uncertain=UncertainEnergies(sites=sites, saddles=saddles),
        shifted={name: partial(_shifted_family, built, name) for name in built.energies},
        told=built.told,
    )


def _shifted_family(built: BuiltFamily, name: str, shift: float) -> HoppingConductor:
    energies = {**built.energies, name: built.energies[name] + shift}
    return replace(built, energies=energies).conductor()


def correlation_note(law: HoppingLaw, temperature: float) -> str:
    """Say how tracer and charge diffusion differ; empty where nothing is known beyond the network.

    Args:
        law: The law.
        temperature: Temperature of the numbers [K].
    """
    conductor = law.conductor
    at = f"at {temperature:g} K"
    if conductor.monte_carlo is not None:
        run = law.simulated(temperature)
        return (
            f"kinetic Monte Carlo {at}: {run.events:,} hops, Haven ratio {run.haven_ratio:.3f} +- "
            f"{run.haven_error:.3f}, correlation factor {run.correlation_factor:.3f} +- "
            f"{run.correlation_error:.3f}"
        )
    if law.told:
        return law.told
    mechanism = conductor_mechanism(conductor, temperature)
    if mechanism is None:
        return ""
    if len(mechanism.states) * len(mechanism.positions) > LARGEST_EXACT:
        return (
            f"mechanism '{mechanism.name}': the cell is too large for its exact correlation factor"
        )
    found = correlation(mechanism)
    empty = "; the sites of the network are empty ones, an ion that shares a full site is missing"
    return (
        f"mechanism '{mechanism.name}' {at}, few defects: correlation factor "
        f"{found.correlation_factor:.4f}, Haven ratio {found.haven_ratio:.4f}"
        + (empty if mechanism.name == "interstitial" else "")
    )


def known_haven_ratio(value: float | str | None, *at: str | int) -> float | None:
    """Return a Haven ratio, looked up where it is given as ``mechanism/lattice``.

    Raises:
        FaultsError: The pair is not in the table.
    """
    if not isinstance(value, str):
        return value
    mechanism, _, lattice = value.partition("/")
    try:
        return known_correlation(mechanism.strip(), lattice.strip()).haven_ratio
    except RatesError as error:
        raise fail(str(error), *at) from error


def _own_law(spec: HoppingSpec) -> HoppingLaw:
    built = build_network(spec)
    conductor = located(lambda: _conductor(spec, built), "hopping")
    common = spec.uncertainty or 0.0
    lines = [common if row.uncertainty is None else row.uncertainty for row in spec.hops or ()]
    deviations = np.array(lines or [common])
    uncertain = np.unique(built.rows[deviations[built.rows] > 0.0])
    saddles = np.where(built.rows == uncertain[:, None], deviations[uncertain][:, None], 0.0)
    sites = np.zeros((uncertain.size, built.network.n_sites))
    names = [""] if spec.hops is None else [f"hops[{line}]" for line in range(len(spec.hops))]
    return HoppingLaw(
        conductor=conductor,
        uncertain=UncertainEnergies(sites=sites, saddles=saddles),
        shifted={
            name: partial(_shifted_saddles, conductor, built.rows == line)
            for line, name in enumerate(names)
        },
        assumed=built.notes,
    )


def _shifted_saddles(mean: HoppingConductor, moved: Booleans, shift: float) -> HoppingConductor:
    """Shift the barriers of some hops."""
    saddles = mean.network.saddle_energies + shift * moved
    return _with_energies(mean, mean.network.site_energies, saddles)


def _conductor(spec: HoppingSpec, built: BuiltNetwork) -> HoppingConductor:
    settings = spec.monte_carlo
    return HoppingConductor(
        network=built.network,
        charge_number=spec.charge_number,
        carriers=_carriers(spec, built),
        mechanism=spec.mechanism,
        row=spec.row or 1,
        haven_ratio=known_haven_ratio(spec.haven_ratio, "hopping", "haven_ratio"),
        pushed=built.pushed,
        monte_carlo=None
        if settings is None
        else MonteCarloSettings(
            cells=settings.cells,
            interaction=settings.interaction,
            hops=settings.hops,
            copies=settings.copies,
            blocks=settings.blocks,
            seed=settings.seed,
        ),
    )


def _carriers(spec: HoppingSpec, built: BuiltNetwork) -> Carriers:
    places = float(built.network.multiplicities.sum()) / built.network.volume
    try:
        return build_carriers(spec, places, spec.charge_number)
    except FaultsError as error:
        raise FaultsError(*((("hopping", *at), text) for at, text in error.faults)) from error
