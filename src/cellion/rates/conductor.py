"""Hopping conductors: a jump network, its mechanism and its carriers.

The conductivity at any temperature is one of::

    independent   sigma = n (z e)^2 D_charge/kT         ions block each other, `rates.occupancy`
    few           sigma = n (z e)^2 D_1/kT              independent carriers given by a density
    Monte Carlo   sigma = n (z e)^2 D_charge/kT         n counts ions, D_charge is simulated
    tracer        sigma = n (z e)^2 D_1/(H_R kT)        n counts all ions, H_R is the Haven ratio
    mechanism     sigma = n (z e)^2 D_charge/kT         n counts defects, D_charge is exact
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.correlation import charge_tensor
from cellion.rates.defects import DefectModel
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.interstitialcy import PushedIons, interstitialcy
from cellion.rates.jump_network import JumpNetwork, diffusivity
from cellion.rates.kinetic_monte_carlo import KineticMonteCarlo, simulate
from cellion.rates.lattice_gas import MonteCarloBox, prepare
from cellion.rates.mechanisms import Mechanism, concerted, divacancy, interstitial, vacancy
from cellion.rates.nernst_einstein import Conductivity, conductivity
from cellion.rates.occupancy import Counted, lattice_gas_diffusivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "Carriers",
    "HoppingConductor",
    "MonteCarloSettings",
    "conductor_diffusivity",
    "hopping_conductivity",
    "lattice_gas_of",
    "simulate_conductor",
    "simulated_conductivity",
]

type MovingUnit = Literal[
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
    """Carriers of a crystal, by one of three numbers.

    Attributes:
        share: carriers per site, between 0 and 1.
        density: carriers per volume [1/m^3].
        defects: thermodynamics that gives the density at each temperature.
    """

    share: float | None = None
    density: float | None = None
    defects: DefectModel | None = None

    def __post_init__(self) -> None:
        """Check that there is one number, and its range."""
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
    """Settings of a simulation; see `cellion.rates.kinetic_monte_carlo.simulate`.

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
    """A network with mechanism and carriers.

    Attributes:
        network: sites and hops of one ion.
        charge_number: signed charge number of the ion.
        carriers: their number.
        mechanism: unit that moves.
        row: ions that move together in concerted migration.
        haven_ratio: given when the network describes tracer diffusion of all ions.
        counts: carriers that a share of independent carriers counts, ions of the network or places
            without one; defects count by the sign of their charge.
        available: share of the places that no immobile ion holds.
        pushed: full sites of interstitialcy and exchange.
        monte_carlo: settings, where independent carriers of a given share are simulated.
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
        if density is not None and self.haven_ratio is None and density >= self.site_density:
            raise RatesError(
                f"carriers: a density of {density:g} 1/m^3 found; the crystal has "
                f"{self.site_density:.4g} places per m^3, and few of them hold a carrier"
            )
        if self.monte_carlo is not None:
            _box(self, 300.0)
        self.defects(300.0)

    @property
    def site_density(self) -> float:
        """Available places of the network per volume [1/m^3]."""
        places = self.available * float(self.network.multiplicities.sum())
        return places / self.network.volume

    @property
    def counted(self) -> Counted:
        """Carriers of the lattice gas: ions, or places without one."""
        if self.mechanism == "vacancy":
            return "vacancies"
        defects = self.carriers.defects
        if defects is None:
            return self.counts
        charge = next(one.charge for one in defects.species if one.name == defects.carrier)
        return "vacancies" if charge * self.charge_number < 0 else "ions"

    def carrier_density(self, temperature: ArrayLike) -> FloatArray:
        """Return the carriers per volume, shape (nT,) [1/m^3].

        Raises:
            RatesError: a temperature is not positive.
        """
        T = positive_temperatures(temperature)
        carriers = self.carriers
        if carriers.defects is not None:
            return carriers.defects.density(T)
        if carriers.density is not None:
            return np.full(T.shape, carriers.density)
        share = carriers.share or 0.0
        if self.monte_carlo is not None:
            ions, places = _filling(self, self.monte_carlo)
            share = ions / places
        return np.full(T.shape, share * self.site_density)

    def carrier_share(self, temperature: ArrayLike) -> FloatArray:
        """Return the carriers per available place, shape (nT,)."""
        return self.carrier_density(temperature) / self.site_density

    def defects(self, temperature: float) -> Mechanism | None:
        """Return the defect mechanism at a temperature [K]; None of independent ions."""
        match self.mechanism:
            case "vacancy":
                return vacancy(self.network, temperature)
            case "interstitial":
                return interstitial(self.network, temperature)
            case "divacancy":
                return divacancy(self.network, temperature)
            case "concerted":
                return concerted(self.network, temperature, self.row)
            case "independent":
                return None
        if self.pushed is None:
            raise RatesError(f"conductor: '{self.mechanism}' pushes ions, none are given")
        return interstitialcy(self.network, self.pushed, temperature)


def _filling(conductor: HoppingConductor, settings: MonteCarloSettings) -> tuple[int, int]:
    """Return the numbers of ions and places in the box of a simulation."""
    places = int(np.prod(settings.cells)) * conductor.network.n_sites
    return round((conductor.carriers.share or 0.0) * places), places


def _box(
    conductor: HoppingConductor, temperature: float
) -> tuple[MonteCarloBox, int, MonteCarloSettings]:
    """Return the box of a simulation, the number of its ions and its settings."""
    settings = conductor.monte_carlo
    if settings is None or conductor.carriers.share is None or conductor.haven_ratio is not None:
        raise RatesError(
            "kinetic Monte Carlo: it needs independent carriers by share of the sites, and no "
            "Haven ratio"
        )
    box = prepare(conductor.network, temperature, settings.cells)
    ions, places = _filling(conductor, settings)
    if not 0 < ions < places:
        raise RatesError(
            f"kinetic Monte Carlo: a share of {conductor.carriers.share:g} is {ions} ions on the "
            f"{places} places of the box; repeat more cells"
        )
    return box, ions, settings


def simulate_conductor(conductor: HoppingConductor, temperature: float) -> KineticMonteCarlo:
    """Simulate the lattice gas of a conductor at one temperature [K].

    Raises:
        RatesError: the conductor has no Monte Carlo settings, or they make no sense.
    """
    box, ions, settings = _box(conductor, temperature)
    return simulate(
        box,
        ions=ions,
        hops=settings.hops,
        copies=settings.copies,
        blocks=settings.blocks,
        interaction=settings.interaction,
        rng=np.random.default_rng(settings.seed),
    )


def conductor_diffusivity(
    conductor: HoppingConductor,
    temperature: ArrayLike,
    *,
    saddle_shift: ArrayLike = 0.0,
    correlated: bool = True,
) -> Diffusivity:
    """Return the diffusivity per carrier, without simulation.

    Args:
        conductor: network, mechanism and carriers.
        temperature: scalar or shape (nT,) [K].
        saddle_shift: added to the saddle energies of independent carriers, broadcast to (nT, m)
            [J].
        correlated: whether a lattice gas includes pair correlations, or mean field alone.

    Raises:
        RatesError: a temperature is not positive.
    """
    T = positive_temperatures(temperature)
    if conductor.mechanism != "independent":
        mechanisms = [conductor.defects(float(t)) for t in T]
        return Diffusivity(
            tensor=conductor.available
            * np.array([charge_tensor(m) for m in mechanisms if m is not None]),
            temperature=T,
            kind="charge",
            method=f"{conductor.mechanism} mechanism, exact charge diffusivity",
            source=conductor.network.source,
        )
    if conductor.haven_ratio is None and conductor.carriers.density is None:
        return lattice_gas_of(conductor, T, saddle_shift=saddle_shift, correlated=correlated)
    single = diffusivity(conductor.network, T, saddle_shift=saddle_shift)
    if conductor.haven_ratio is not None:
        return replace(single, kind="tracer", method=f"{single.method}, read as tracer")
    return replace(single, tensor=conductor.available * single.tensor, kind="charge")


def lattice_gas_of(
    conductor: HoppingConductor,
    temperature: ArrayLike,
    *,
    saddle_shift: ArrayLike = 0.0,
    correlated: bool = True,
) -> Diffusivity:
    """Return the diffusivity per carrier if the carriers block each other.

    Arguments and errors are those of `conductor_diffusivity`; any mechanism is ignored.
    """
    return lattice_gas_diffusivity(
        conductor.network,
        temperature,
        conductor.carrier_share(temperature),
        counts=conductor.counted,
        available=conductor.available,
        saddle_shift=saddle_shift,
        correlated=correlated,
    )


def hopping_conductivity(
    conductor: HoppingConductor, temperature: ArrayLike, *, correlated: bool = True
) -> Conductivity:
    """Return the conductivity tensor of a hopping conductor in crystal axes, without simulation.

    Exact for few carriers, and for ions that block each other on sites of one occupancy; an upper
    bound otherwise. Arguments and errors are those of `conductor_diffusivity`.
    """
    return conductivity(
        conductor_diffusivity(conductor, temperature, correlated=correlated),
        density=conductor.carrier_density(temperature),
        charge_number=conductor.charge_number,
        haven=conductor.haven_ratio,
    )


def simulated_conductivity(conductor: HoppingConductor, run: KineticMonteCarlo) -> Conductivity:
    """Return the conductivity tensor of a simulation, with its standard error."""
    return conductivity(
        run.charge,
        density=conductor.carrier_density(run.charge.temperature),
        charge_number=conductor.charge_number,
    )
