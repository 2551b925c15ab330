"""A hopping conductor: a jump network, what moves on it, and how many carriers there are.

The conductivity follows at any temperature, without further choices::

    independent   sigma = n (z e)^2 D_charge/kT         ions block each other, `rates.occupancy`
    few           sigma = n (z e)^2 D_1/kT              independent carriers given by a density
    Monte Carlo   sigma = n (z e)^2 D_charge/kT         n counts ions, D_charge is simulated
    tracer        sigma = n (z e)^2 D_1/(H_R kT)        n counts all ions, H_R is the Haven ratio
    mechanism     sigma = n (z e)^2 D_charge/kT         n counts defects, D_charge is exact
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.errors import RatesError
from cellion.rates.correlation import charge_tensor
from cellion.rates.defects import DefectModel
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.family import available_share, family_network, held_share
from cellion.rates.family_data import Family
from cellion.rates.jump_network import JumpNetwork, diffusivity
from cellion.rates.kinetic_monte_carlo import KineticMonteCarlo, simulate
from cellion.rates.lattice_gas import MonteCarloBox, prepare
from cellion.rates.mechanisms import Mechanism, concerted, divacancy, interstitial, vacancy
from cellion.rates.nernst_einstein import Conductivity, conductivity
from cellion.rates.occupancy import Counted, lattice_gas_diffusivity
from cellion.rates.pushing import PushedIons, pushing
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "Carriers",
    "HoppingConductor",
    "MonteCarloSettings",
    "MovingUnit",
    "blocked_diffusivity",
    "carrier_density",
    "conductor_diffusivity",
    "conductor_mechanism",
    "family_conductor",
    "hopping_conductivity",
    "independent_diffusivity",
    "simulate_conductor",
    "site_density",
    "what_counts",
]

FloatArray = NDArray[np.float64]
MovingUnit = Literal[
    "independent",
    "vacancy",
    "interstitial",
    "divacancy",
    "interstitialcy",
    "exchange",
    "concerted",
]


@dataclass(frozen=True, kw_only=True)
class Carriers:
    """How many carriers a crystal has; one of the three.

    Attributes:
        share: carriers per site, between 0 and 1.
        density: carriers per volume [1/m^3].
        defects: thermodynamics that gives the density at each temperature.
    """

    share: float | None = None
    density: float | None = None
    defects: DefectModel | None = None

    def __post_init__(self) -> None:
        """Check that there is one number, and a sensible one."""
        if sum(one is not None for one in (self.share, self.density, self.defects)) != 1:
            raise RatesError(
                "carriers: give one of their share of the sites, their density or the defects that "
                "make them"
            )
        if self.share is not None and not 0.0 < self.share < 1.0:
            raise RatesError(
                f"carriers: a share of {self.share:g} found; it must lie between 0 and 1, and "
                "neither end leaves anything to move"
            )
        if self.density is not None and not (np.isfinite(self.density) and self.density > 0.0):
            raise RatesError(f"carriers: density {self.density:g} 1/m^3; it must be positive")


@dataclass(frozen=True, kw_only=True)
class MonteCarloSettings:
    """How a lattice gas is simulated; see `cellion.rates.kinetic_monte_carlo.simulate`.

    Attributes:
        cells: cells of the box along each lattice vector.
        interaction: energy of a pair of nearest neighbours [J].
        hops: attempted hops per walker and lag.
        copies: independent copies.
        blocks: lags recorded.
        seed: of the random numbers.
    """

    cells: tuple[int, int, int]
    interaction: float = 0.0
    hops: float = 4.0
    copies: int = 64
    blocks: int = 8
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class HoppingConductor:
    """What conducts by hopping.

    Attributes:
        network: sites and hops of one ion.
        charge_number: signed charge number of the ion.
        carriers: how many there are.
        mechanism: what moves.
        row: ions that move together in concerted migration.
        haven_ratio: given when the network describes tracer diffusion of all ions.
        counts: what a share of independent carriers counts, the ions of the network or places
            without one; defects count by the sign of their charge.
        available: share of the places that no immobile ion holds.
        pushed: full sites of interstitialcy and exchange.
        monte_carlo: how independent carriers of a given share are simulated, if they are.
    """

    network: JumpNetwork
    charge_number: int
    carriers: Carriers
    mechanism: MovingUnit = "independent"
    row: int = 1
    haven_ratio: float | None = None
    counts: Counted = "ions"
    available: float = 1.0
    pushed: PushedIons | None = None
    monte_carlo: MonteCarloSettings | None = None

    def __post_init__(self) -> None:
        """Check that mechanism and Haven ratio fit each other and the network."""
        if self.haven_ratio is not None and self.mechanism != "independent":
            raise RatesError(
                f"conductor: a Haven ratio was given to the mechanism '{self.mechanism}', which "
                "has its own; leave it out"
            )
        if (self.mechanism in ("interstitialcy", "exchange")) != (self.pushed is not None):
            raise RatesError(
                "conductor: pushed ions go with the mechanisms 'interstitialcy' and 'exchange', "
                f"and only with these; found '{self.mechanism}'"
            )
        density = self.carriers.density
        if density is not None and self.haven_ratio is None and density >= site_density(self):
            raise RatesError(
                f"carriers: a density of {density:g} 1/m^3 found; the crystal has "
                f"{site_density(self):.4g} places per m^3, and few of them hold a carrier"
            )
        if self.monte_carlo is not None:
            _lattice_gas(self, 300.0)
        conductor_mechanism(self, 300.0)


def site_density(conductor: HoppingConductor) -> float:
    """Return the available places of the network per volume [1/m^3]."""
    places = conductor.available * float(conductor.network.multiplicities.sum())
    return places / conductor.network.volume


def carrier_density(conductor: HoppingConductor, temperature: ArrayLike) -> FloatArray:
    """Return the carriers per volume, shape (nT,) [1/m^3].

    Raises:
        RatesError: a temperature is not positive.
    """
    T = positive_temperatures(temperature)
    carriers = conductor.carriers
    if carriers.defects is not None:
        return carriers.defects.density(T)
    if carriers.density is not None:
        return np.full(T.shape, carriers.density)
    if conductor.monte_carlo is not None:
        places = int(np.prod(conductor.monte_carlo.cells)) * conductor.network.n_sites
        return np.full(T.shape, _ions(conductor) / places * site_density(conductor))
    return np.full(T.shape, (carriers.share or 0.0) * site_density(conductor))


def what_counts(conductor: HoppingConductor) -> Counted:
    """Return what the carriers of a lattice gas are: ions, or places without one."""
    if conductor.mechanism == "vacancy":
        return "vacancies"
    defects = conductor.carriers.defects
    if defects is None:
        return conductor.counts
    charge = next(one.charge for one in defects.species if one.name == defects.carrier)
    return "vacancies" if charge * conductor.charge_number < 0 else "ions"


def conductor_mechanism(conductor: HoppingConductor, temperature: float) -> Mechanism | None:
    """Return the defect mechanism of a conductor at a temperature [K]; None of independent ions."""
    network = conductor.network
    match conductor.mechanism:
        case "vacancy":
            return vacancy(network, temperature)
        case "interstitial":
            return interstitial(network, temperature)
        case "divacancy":
            return divacancy(network, temperature)
        case "concerted":
            return concerted(network, temperature, conductor.row)
        case "interstitialcy" | "exchange":
            if conductor.pushed is None:
                raise RatesError(f"conductor: '{conductor.mechanism}' pushes ions, none are given")
            return pushing(network, conductor.pushed, temperature)
        case "independent":
            return None


def _ions(conductor: HoppingConductor) -> int:
    """Return the number of ions in the box of a simulation."""
    settings = conductor.monte_carlo
    cells = (1, 1, 1) if settings is None else settings.cells
    return round(
        (conductor.carriers.share or 0.0) * int(np.prod(cells)) * conductor.network.n_sites
    )


def _lattice_gas(conductor: HoppingConductor, temperature: float) -> MonteCarloBox:
    """Return the box of a simulation, after checking that there is something to simulate."""
    settings = conductor.monte_carlo
    if settings is None or conductor.carriers.share is None or conductor.haven_ratio is not None:
        raise RatesError(
            "kinetic Monte Carlo: it needs independent carriers by share of the sites, and no "
            "Haven ratio"
        )
    box = prepare(conductor.network, temperature, settings.cells)
    if not 0 < _ions(conductor) < box.places:
        raise RatesError(
            f"kinetic Monte Carlo: a share of {conductor.carriers.share:g} is {_ions(conductor)} "
            f"ions on the {box.places} places of the box; repeat more cells"
        )
    return box


def simulate_conductor(conductor: HoppingConductor, temperature: float) -> KineticMonteCarlo:
    """Simulate the lattice gas of a conductor at one temperature [K].

    Raises:
        RatesError: the conductor has no Monte Carlo settings, or they make no sense.
    """
    box, settings = _lattice_gas(conductor, temperature), conductor.monte_carlo
    if settings is None:
        raise RatesError("kinetic Monte Carlo: the conductor has no settings for it")
    return simulate(
        box,
        ions=_ions(conductor),
        hops=settings.hops,
        copies=settings.copies,
        blocks=settings.blocks,
        interaction=settings.interaction,
        rng=np.random.default_rng(settings.seed),
    )


def conductor_diffusivity(
    conductor: HoppingConductor, temperature: ArrayLike, *, correlated: bool = True
) -> Diffusivity:
    """Return the diffusivity per carrier that belongs to its density.

    Args:
        conductor: what conducts.
        temperature: scalar or shape (nT,) [K].
        correlated: whether a lattice gas knows correlations of pairs, or mean field alone.

    Raises:
        RatesError: a temperature is not positive.
    """
    T = positive_temperatures(temperature)
    if conductor.monte_carlo is not None:
        runs = [simulate_conductor(conductor, float(t)).charge for t in T]
        covariances = [run.covariance for run in runs if run.covariance is not None]
        return replace(
            runs[0],
            tensor=np.concatenate([run.tensor for run in runs]),
            covariance=np.concatenate(covariances),
            temperature=T,
        )
    if conductor.mechanism != "independent":
        mechanisms = [conductor_mechanism(conductor, float(t)) for t in T]
        return Diffusivity(
            tensor=conductor.available
            * np.array([charge_tensor(m) for m in mechanisms if m is not None]),
            temperature=T,
            kind="charge",
            method=f"{conductor.mechanism} mechanism, exact charge diffusivity",
            source=conductor.network.source,
        )
    return independent_diffusivity(conductor, T, correlated=correlated)


def independent_diffusivity(
    conductor: HoppingConductor,
    temperature: ArrayLike,
    *,
    saddle_shift: ArrayLike = 0.0,
    correlated: bool = True,
) -> Diffusivity:
    """Return the diffusivity per carrier of a conductor without mechanism or simulation.

    Args:
        conductor: what conducts.
        temperature: scalar or shape (nT,) [K].
        saddle_shift: added to the saddle energies, broadcast to (nT, m) [J].
        correlated: whether a lattice gas knows correlations of pairs, or mean field alone.
    """
    if conductor.haven_ratio is None and conductor.carriers.density is None:
        return blocked_diffusivity(
            conductor, temperature, saddle_shift=saddle_shift, correlated=correlated
        )
    single = diffusivity(conductor.network, temperature, saddle_shift=saddle_shift)
    if conductor.haven_ratio is not None:
        return replace(single, kind="tracer", method=f"{single.method}, read as tracer")
    return replace(single, tensor=conductor.available * single.tensor, kind="charge")


def blocked_diffusivity(
    conductor: HoppingConductor,
    temperature: ArrayLike,
    *,
    saddle_shift: ArrayLike = 0.0,
    correlated: bool = True,
) -> Diffusivity:
    """Return the diffusivity per carrier of a lattice gas, for which a mechanism is taken too."""
    T = positive_temperatures(temperature)
    share = carrier_density(conductor, T) / site_density(conductor)
    return lattice_gas_diffusivity(
        conductor.network,
        T,
        share,
        counts=what_counts(conductor),
        available=conductor.available,
        saddle_shift=saddle_shift,
        correlated=correlated,
    )


def hopping_conductivity(
    conductor: HoppingConductor, temperature: ArrayLike, *, correlated: bool = True
) -> Conductivity:
    """Return the conductivity tensor of a hopping conductor in crystal axes.

    It is exact for few carriers, and for ions that block each other on sites of one occupancy; on
    others it is an upper bound. Monte Carlo carries its standard error. Arguments and errors are
    those of `conductor_diffusivity`.
    """
    return conductivity(
        conductor_diffusivity(conductor, temperature, correlated=correlated),
        density=carrier_density(conductor, temperature),
        charge_number=conductor.charge_number,
        haven=conductor.haven_ratio,
    )


def family_conductor(
    family: Family,
    energies: Mapping[str, float] | None = None,
    *,
    prefactor: float | None = None,
    carriers: Carriers | None = None,
) -> HoppingConductor:
    """Return the conductor of a crystal family.

    Args:
        family: from `load_family`.
        energies: barriers and site energies that replace or complete its own, by name [J].
        prefactor: replaces the family's [1/s].
        carriers: None takes the ions of its formula. A share counts what wanders by the mechanism
            of the family (vacancies, or ions), per place that no immobile ion holds; they block
            each other. A density counts few of them.

    Raises:
        RatesError: energies are missing, or no place is free.
    """
    few = carriers is not None and carriers.density is not None
    return HoppingConductor(
        network=family_network(family, energies, prefactor=prefactor),
        charge_number=family.charge_number,
        carriers=carriers or Carriers(share=held_share(family)),
        mechanism="vacancy" if few and family.carrier == "vacancies" else "independent",
        counts="ions" if carriers is None else family.carrier,
        available=available_share(family),
    )
