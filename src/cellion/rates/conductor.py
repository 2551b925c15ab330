"""A hopping conductor: a jump network, what moves on it, and how many carriers there are.

The conductivity follows at any temperature, without further choices::

    independent   sigma = n (z e)^2 (1 - c) D_1/kT      c: share of sites held, 0 for few carriers
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
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.family import family_network, free_share, places_per_cell
from cellion.rates.family_data import Family
from cellion.rates.jump_network import JumpNetwork, diffusivity
from cellion.rates.mechanisms import Mechanism, concerted, divacancy, vacancy
from cellion.rates.nernst_einstein import Conductivity, conductivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "Carriers",
    "HoppingConductor",
    "MovingUnit",
    "conductor_diffusivity",
    "family_conductor",
    "hopping_conductivity",
]

FloatArray = NDArray[np.float64]
MovingUnit = Literal["independent", "vacancy", "divacancy", "concerted"]


@dataclass(frozen=True, kw_only=True)
class Carriers:
    """How many carriers a crystal has: by share of its sites, or by density; one of the two.

    Attributes:
        share: carriers per site, between 0 and 1.
        density: carriers per volume [1/m^3].
    """

    share: float | None = None
    density: float | None = None

    def __post_init__(self) -> None:
        """Check that there is one number, and a sensible one."""
        if (self.share is None) == (self.density is None):
            raise RatesError("carriers: give either their share of the sites or their density")
        if self.share is not None and not 0.0 < self.share < 1.0:
            raise RatesError(
                f"carriers: a share of {self.share:g} found; it must lie between 0 and 1, and "
                "neither end leaves anything to move"
            )
        if self.density is not None and not (np.isfinite(self.density) and self.density > 0.0):
            raise RatesError(f"carriers: density {self.density:g} 1/m^3; it must be positive")


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
        free_share: replaces 1 - c of independent carriers, where other ions block places too.
    """

    network: JumpNetwork
    charge_number: int
    carriers: Carriers
    mechanism: MovingUnit = "independent"
    row: int = 1
    haven_ratio: float | None = None
    free_share: float | None = None

    def __post_init__(self) -> None:
        """Check that mechanism and Haven ratio fit each other and the network."""
        if self.haven_ratio is not None and self.mechanism != "independent":
            raise RatesError(
                f"conductor: a Haven ratio was given to the mechanism '{self.mechanism}', which "
                "has its own; leave it out"
            )
        if self.mechanism != "independent":
            _mechanism(self, 300.0)

    @property
    def density(self) -> float:
        """Carriers per volume [1/m^3]."""
        if self.carriers.density is not None:
            return self.carriers.density
        sites = float(self.network.multiplicities.sum()) / self.network.volume
        return float(self.carriers.share or 0.0) * sites


def _mechanism(conductor: HoppingConductor, temperature: float) -> Mechanism:
    match conductor.mechanism:
        case "divacancy":
            return divacancy(conductor.network, temperature)
        case "concerted":
            return concerted(conductor.network, temperature, conductor.row)
        case _:
            return vacancy(conductor.network, temperature)


def conductor_diffusivity(conductor: HoppingConductor, temperature: ArrayLike) -> Diffusivity:
    """Return the diffusivity per carrier that belongs to its density.

    Args:
        conductor: what conducts.
        temperature: scalar or shape (nT,) [K].

    Raises:
        RatesError: a temperature is not positive.
    """
    if conductor.mechanism != "independent":
        T = positive_temperatures(temperature)
        tensors = [charge_tensor(_mechanism(conductor, float(t))) for t in T]
        return Diffusivity(
            tensor=np.array(tensors),
            temperature=T,
            kind="charge",
            method=f"{conductor.mechanism} mechanism, exact charge diffusivity",
            source=conductor.network.source,
        )
    single = diffusivity(conductor.network, temperature)
    if conductor.haven_ratio is not None:
        return replace(single, kind="tracer", method=f"{single.method}, read as tracer")
    share = 1.0 - (conductor.carriers.share or 0.0)
    if conductor.free_share is not None:
        share = conductor.free_share
    return replace(
        single,
        tensor=share * single.tensor,
        kind="charge",
        method=single.method + ("" if share == 1.0 else ", free share of places"),
    )


def hopping_conductivity(conductor: HoppingConductor, temperature: ArrayLike) -> Conductivity:
    """Return the exact conductivity tensor of a hopping conductor in crystal axes.

    Args:
        conductor: what conducts.
        temperature: scalar or shape (nT,) [K].

    Raises:
        RatesError: a temperature is not positive.
    """
    return conductivity(
        conductor_diffusivity(conductor, temperature),
        density=conductor.density,
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
        carriers: None takes the ions of its formula as a lattice gas. A share c counts places that
            carriers hold (vacancies of a full sublattice, ions of an empty one), places of
            immobile ions left out; conductivity goes with c (1 - c). A density counts few carriers.

    Raises:
        RatesError: energies are missing, or no place is free.
    """
    network = family_network(family, energies, prefactor=prefactor)
    if carriers is None or carriers.share is not None:
        places = places_per_cell(family) - family.blocked_per_cell
        if carriers is not None and carriers.share is not None:
            family = replace(family, ions_per_cell=carriers.share * places)
        gas = Carriers(density=family.ions_per_cell / network.volume)
        return HoppingConductor(
            network=network,
            charge_number=family.charge_number,
            carriers=gas,
            free_share=free_share(family),
        )
    return HoppingConductor(network=network, charge_number=family.charge_number, carriers=carriers)
