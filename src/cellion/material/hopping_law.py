"""Conductivity laws of ions that hop, from a family, lattice or structure file of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from cellion.arrays import BoolArray, FloatArray
from cellion.material.blocking import blocking_notes
from cellion.material.conductivity_laws import ConductivityInterval
from cellion.material.families import BuiltFamily, build_family
from cellion.material.scenario_networks import (
    BuiltNetwork,
    build_carriers,
    build_network,
    located,
)
from cellion.material.uncertain_energies import UncertainEnergies, with_energies
from cellion.rates.conductor import (
    HoppingConductor,
    MonteCarloSettings,
    hopping_conductivity,
    simulate_conductor,
    simulated_conductivity,
)
from cellion.rates.correlation import correlation, known_correlation
from cellion.rates.kinetic_monte_carlo import KineticMonteCarlo
from cellion.rates.nernst_einstein import Conductivity
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.materials import IonSpec

__all__ = ["HoppingLaw", "correlation_note", "hopping_law", "known_haven_ratio"]

FEWEST_HOPS = 0.5
"""Hops per walker and lag below which a simulation is too short for long times."""

LARGEST_EXACT = 60
"""States times sites of a cell up to which correlation factors take seconds."""

_SIGMA = (0.15865525393145707, 0.5, 0.8413447460685429)  # one standard deviation, and the median


@dataclass(frozen=True, kw_only=True)
class HoppingLaw:
    """Conduction by hopping: the tensor of a jump network at any temperature.

    Attributes:
        conductor: Network and carriers.
        uncertain: Standard deviations of its energies.
        shifted: By name of an energy of the input (empty for the only one of a named lattice), the
            conductor with that energy shifted [J]; it raises `RatesError` where there is none.
        assumed: Assumptions about the crystal, one sentence each.
        told: Statement of a family about its mechanism.
    """

    conductor: HoppingConductor
    uncertain: UncertainEnergies | None = None
    shifted: Mapping[str, Callable[[float], HoppingConductor]] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()
    told: str = ""
    _known: dict[float, Conductivity] = field(default_factory=dict, compare=False, repr=False)
    _runs: dict[float, KineticMonteCarlo] = field(default_factory=dict, compare=False, repr=False)

    def conductivity(self, temperature: float) -> FloatArray:
        """Conductivity tensor in crystal axes, shape (3, 3) [S/m].

        Raises:
            RatesError: The temperature is not above 0 K.
        """
        tensor: FloatArray = self._at(temperature).tensor[0]
        return tensor.copy()

    def _at(self, temperature: float) -> Conductivity:
        """Return the conductivity, computed once at each temperature."""
        if temperature not in self._known:
            self._known[temperature] = (
                hopping_conductivity(self.conductor, temperature)
                if self.conductor.monte_carlo is None
                else simulated_conductivity(self.conductor, self.simulated(temperature))
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
        """Assumptions and limits of the numbers at a temperature [K], one sentence each."""
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

    def spread(self, temperature: FloatArray) -> ConductivityInterval | None:
        """Interval of the mean of the principal values at temperatures (n,) [K], if uncertain."""
        if self.conductor.monte_carlo is not None:
            runs = [self._at(float(t)) for t in temperature]
            mean = np.array([run.mean[0] for run in runs])
            error = np.array([run.mean_error[0] for run in runs])
            return ConductivityInterval(
                median=mean,
                low=mean - error,
                high=mean + error,
                cause="statistical error of the kinetic Monte Carlo",
            )
        if self.uncertain is None or not len(self.uncertain.saddles):
            return None
        samples = self.uncertain.samples(self.conductor, temperature)
        low, median, high = np.quantile(samples, _SIGMA, axis=0)
        return ConductivityInterval(median=median, low=low, high=high, cause="uncertain barriers")


def hopping_law(spec: IonSpec) -> HoppingLaw:
    """Return the law of an ion given by ``family`` or ``hopping``.

    Raises:
        FaultsError: Something is wrong; key paths are relative to the ion.
    """
    if spec.hopping is not None:
        return _own_law(spec.hopping)
    built = build_family(spec)
    return HoppingLaw(
        conductor=built.conductor(),
        uncertain=built.shifts(),
        shifted={name: partial(_shifted_family, built, name) for name in built.energies},
        told=built.told,
    )


def _shifted_family(built: BuiltFamily, name: str, shift: float) -> HoppingConductor:
    energies = {**built.energies, name: built.energies[name] + shift}
    return replace(built, energies=energies).conductor()


def correlation_note(law: HoppingLaw, temperature: float) -> str:
    """Return the correlation factor and Haven ratio at a temperature [K], in words.

    It is empty of independent carriers.
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
    mechanism = conductor.defects(temperature)
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
    return located(lambda: known_correlation(mechanism.strip(), lattice.strip()), *at).haven_ratio


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


def _shifted_saddles(mean: HoppingConductor, moved: BoolArray, shift: float) -> HoppingConductor:
    """Shift the barriers of some hops."""
    saddles = mean.network.saddle_energies + shift * moved
    return with_energies(mean, mean.network.site_energies, saddles)


def _conductor(spec: HoppingSpec, built: BuiltNetwork) -> HoppingConductor:
    settings, network = spec.monte_carlo, built.network
    places = float(network.multiplicities.sum()) / network.volume
    return HoppingConductor(
        network=network,
        charge_number=spec.charge_number,
        carriers=build_carriers(spec, places, spec.charge_number, "hopping"),
        mechanism=spec.mechanism,
        row=spec.row or 1,
        haven_ratio=known_haven_ratio(spec.haven_ratio, "hopping", "haven_ratio"),
        pushed=built.pushed,
        monte_carlo=None if settings is None else MonteCarloSettings(**settings.model_dump()),
    )
