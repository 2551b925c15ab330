"""Notes on ions that block each other: what is counted, and limits of the lattice gas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellion.arrays import FloatArray
from cellion.rates.conductor import (
    Carriers,
    HoppingConductor,
    conductor_diffusivity,
    hopping_conductivity,
    lattice_gas_of,
)
from cellion.rates.nernst_einstein import Conductivity
from cellion.rates.occupancy import occupancy

__all__ = ["blocking_notes"]

_TOLD = 0.01  # differences below this share need no word
_SCARCE = 0.10  # share of the places up to which a comparison with few carriers helps
_SITES = 6  # kinds of sites that are listed
_ERRORS = 3.0  # standard errors above an upper bound that are no accident


def blocking_notes(conductor: HoppingConductor, found: Conductivity) -> tuple[str, ...]:
    """Return remarks on the accuracy of the conductivity of a conductor at one temperature."""
    if conductor.haven_ratio is not None:
        return ()
    notes = []
    if conductor.available < 1.0 - 1e-9:
        notes.append(
            f"immobile ions hold {100.0 * (1.0 - conductor.available):.3g} % of the places; they "
            "block on average, which is an upper bound of what ions at fixed places leave"
        )
    if conductor.monte_carlo is not None:
        return (*notes, *_simulated(conductor, found))
    if conductor.mechanism != "independent" or conductor.carriers.density is not None:
        return (*notes, *_few(conductor, found))
    return (*notes, *_lattice_gas(conductor, found))


def _lattice_gas(conductor: HoppingConductor, found: Conductivity) -> list[str]:
    """Return occupancies of unlike sites, and the effect of pair correlations."""
    T = found.temperature
    share = conductor.carrier_share(T)
    filled = occupancy(conductor.network, T, share, conductor.counted)
    if filled.equal(conductor.network):
        return []
    held = filled.held[0]
    ions = float(np.average(held, weights=conductor.network.multiplicities))
    notes = [
        f"ions hold {100.0 * ions:.4g} % of the places, at {T[0]:g} K {_told(conductor, held)}"
        f"{_beside_few(conductor, ions, found)}"
    ]
    mean_field = hopping_conductivity(conductor, T, correlated=False).mean[0]
    lower = 1.0 - found.mean[0] / mean_field
    if lower > _TOLD:
        notes.append(
            f"only Monte Carlo is exact here: mean field gives {mean_field:.3g} S/m, correlations "
            f"of pairs of ions take {100.0 * lower:.2g} % off; {found.mean[0]:.3g} S/m is an upper "
            "bound, 'monte_carlo' of 'hopping' tells what three and more ions take off"
        )
    elif not np.all(conductor.network.multiplicities == 1.0):
        notes.append(
            "mean field, an upper bound: a site of several places has no correlations of pairs; "
            "give every place as a site of its own"
        )
    return notes


def _simulated(conductor: HoppingConductor, found: Conductivity) -> list[str]:
    """Compare a simulation without interaction with mean field and upper bound."""
    if conductor.monte_carlo is None or conductor.monte_carlo.interaction != 0.0:
        return []
    T = found.temperature
    mean_field = hopping_conductivity(conductor, T, correlated=False).mean[0]
    bound = hopping_conductivity(conductor, T).mean[0]
    told = (
        f"beside the simulation at {T[0]:g} K: mean field {mean_field:.3g} S/m, with correlations "
        f"of pairs {bound:.3g} S/m, an upper bound"
    )
    error = float(found.mean_error[0])
    if found.mean[0] - bound > _ERRORS * error:
        told += (
            f"; the simulated {found.mean[0]:.3g} S/m lie {(found.mean[0] - bound) / error:.2g} "
            "standard errors above it: raise 'hops' of 'monte_carlo', the lag is too short"
        )
    return [told]


def _beside_few(conductor: HoppingConductor, ions: float, found: Conductivity) -> str:
    """Compare with the scarcer kind, taken as too scarce to block itself."""
    share = min(ions, 1.0 - ions)
    if share > _SCARCE or conductor.available < 1.0:
        return ""
    scarce = replace(
        conductor,
        carriers=Carriers(density=share * conductor.site_density),
        mechanism="interstitial" if ions < 0.5 else "vacancy",
    )
    few = hopping_conductivity(scarce, found.temperature).mean[0]
    if abs(few / found.mean[0] - 1.0) < _TOLD:
        return ""
    kind, ratio = "ions" if ions < 0.5 else "vacancies", few / found.mean[0]
    return f"; {kind} too few to block each other would conduct {ratio:.3g} times as much"


def _told(conductor: HoppingConductor, held: FloatArray) -> str:
    """List the occupancies of sites of different energy."""
    names = conductor.network.site_names or tuple(map(str, range(held.size)))
    _, first = np.unique(held.round(9), return_index=True)
    told = [f"{names[k]} {100.0 * held[k]:.3g} %" for k in sorted(first.tolist())[:_SITES]]
    return ", ".join(told) + (", ..." if first.size > _SITES else "")


def _few(conductor: HoppingConductor, found: Conductivity) -> list[str]:
    """Return the effect of blocking that is left out of few carriers."""
    T = found.temperature
    share = float(conductor.carrier_share(T)[0])
    if share < _TOLD:
        return []
    if conductor.mechanism not in ("independent", "vacancy", "interstitial"):
        return [
            f"few carriers are assumed; on {100.0 * share:.3g} % of the places they block each "
            f"other and conduct less, which '{conductor.mechanism}' leaves out"
        ]
    blocked = lattice_gas_of(conductor, T).mean[0] / conductor_diffusivity(conductor, T).mean[0]
    if abs(blocked - 1.0) < _TOLD:
        return []
    ions = 1.0 - share if conductor.mechanism == "vacancy" else share
    return [
        f"few carriers are assumed; on {100.0 * share:.3g} % of the places they block each other "
        f"and conduct {blocked:.3g} times as much at {T[0]:g} K: 'mechanism: independent' with "
        f"'carrier_share: {100.0 * ions:.6g} %', the places that ions hold, counts that"
    ]
