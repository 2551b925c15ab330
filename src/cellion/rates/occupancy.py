"""Site occupancies and mean-field diffusivity of ions that block each other.

Ions without other interaction fill the places of a network like fermions fill levels, one chemical
potential for all, and independently of each other::

    f_i/(1 - f_i) = exp(S_i/k - (E_i - mu)/kT),     sum over i of g_i f_i = ions in the cell

A hop needs an ion before and a free place behind it. Its mean rate is the same both ways::

    c_ij = f_i (1 - f_j) w_ij = (1 - f_i)(1 - f_j) nu_ij exp((mu - E_saddle_ij)/kT) = c_ji

Linearised around equilibrium, with d f_i = f_i (1 - f_i) d mu_i/kT, the mean-field current of each
hop is c_ij (d mu_i - d mu_j + z e E dx_ij)/kT: a resistor network, whose tensor is that of
`cellion.rates.corrector` with these conductances. It is exact for few ions, for few vacancies and
where all occupancies are equal; otherwise it is an upper bound, lowered by the pair correlations of
`cellion.rates.pair_correlation`.

Where immobile ions hold the share 1 - a of the places at random, c_ij has the factor a^2.

Source: Kutner 1981, Phys. Lett. A 81, 239 (equal sites); Spohn 1991, Large Scale Dynamics of
Interacting Particles, section II.2 (conductivity as a minimum over functions of the state).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import Boltzmann

from cellion.arrays import FloatArray
from cellion.errors import RatesError
from cellion.rates.corrector import reversible_diffusion
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.jump_network import JumpNetwork
from cellion.rates.pair_correlation import PairFunctions
from cellion.rates.transition_state import positive_temperatures

__all__ = ["Counted", "Occupancy", "lattice_gas_diffusivity", "occupancy"]

Counted = Literal["ions", "vacancies"]

EQUAL = 1.0e-9
"""Occupancies that differ by less are equal: mean field is then exact."""

_SPAN, _HALVINGS = 800.0, 90  # of the search for mu, in kT


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """Share of the places of each site that hold an ion, in equilibrium.

    Attributes:
        log_held: ln f, shape (nT, n).
        log_free: ln(1 - f), shape (nT, n).
        potential: mu/kT above the lowest site, shape (nT,).
    """

    log_held: FloatArray
    log_free: FloatArray
    potential: FloatArray

    @property
    def held(self) -> FloatArray:
        """f, shape (nT, n)."""
        return np.exp(self.log_held)

    def equal(self, network: JumpNetwork) -> bool:
        """Whether every hop joins sites of one occupancy."""
        gap = self.held[:, network.ends] - self.held[:, network.starts]
        return bool(np.abs(gap).max() < EQUAL)


def occupancy(
    network: JumpNetwork, temperature: ArrayLike, share: ArrayLike, counts: Counted = "ions"
) -> Occupancy:
    """Return the occupancies of the sites of a network.

    Args:
        network: sites with energy, entropy and multiplicity (places per site).
        temperature: scalar or shape (nT,) [K].
        share: ions, or vacancies, per place, scalar or shape (nT,).
        counts: what the share counts; a share of vacancies near 0 keeps all its digits.

    Raises:
        RatesError: a share is not between 0 and 1.
    """
    T = positive_temperatures(temperature)
    wanted = np.broadcast_to(np.asarray(share, dtype=float), T.shape)
    if not np.all((wanted > 0.0) & (wanted < 1.0)):
        raise RatesError(
            f"occupancy: a share of {wanted.flat[np.argmax(np.abs(wanted - 0.5))]:g} {counts} per "
            "place found; it must lie between 0 and 1, and neither end leaves anything to move"
        )
    weights = np.log(network.multiplicities)
    levels = (network.site_energies - network.site_energies.min()) / (Boltzmann * T[:, None])
    levels = levels - (network.log_weights - weights)
    # the scarcer kind is counted: its logarithm is what the search compares
    vacancies = np.where(wanted <= 0.5, counts == "vacancies", counts == "ions")[:, None]
    target = np.log(np.minimum(wanted, 1.0 - wanted)) + np.log(network.multiplicities.sum())
    low = levels.min(axis=1) - _SPAN
    high = levels.max(axis=1) + _SPAN
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        above = levels - middle[:, None]
        logs = -np.logaddexp(0.0, np.where(vacancies, -above, above))
        many = np.logaddexp.reduce(weights + logs, axis=1) > target
        lower = many ^ vacancies[:, 0]
        low, high = np.where(lower, low, middle), np.where(lower, middle, high)
    potential = 0.5 * (low + high)
    above = levels - potential[:, None]
    return Occupancy(
        log_held=-np.logaddexp(0.0, above),
        log_free=-np.logaddexp(0.0, -above),
        potential=potential,
    )


def _log_conductances(
    network: JumpNetwork, temperature: FloatArray, found: Occupancy, saddle_shift: ArrayLike
) -> FloatArray:
    """Return ln(c_ij / (1/s)) of each hop, shape (nT, m)."""
    height = network.saddle_energies - network.site_energies.min() + np.asarray(saddle_shift, float)
    free = found.log_free[:, network.starts] + found.log_free[:, network.ends]
    logs = free + found.potential[:, None] - height / (Boltzmann * temperature[:, None])
    return np.asarray(logs + np.log(network.prefactors))


def lattice_gas_diffusivity(
    network: JumpNetwork,
    temperature: ArrayLike,
    share: ArrayLike,
    *,
    counts: Counted = "ions",
    available: float = 1.0,
    saddle_shift: ArrayLike = 0.0,
    correlated: bool = True,
) -> Diffusivity:
    """Return the charge diffusivity per carrier of ions that block each other's places.

    Args:
        network: a connected network.
        temperature: scalar or shape (nT,) [K].
        share: carriers per available place, scalar or shape (nT,).
        counts: what the carriers are, ions or vacancies.
        available: share of the places that no immobile ion holds.
        saddle_shift: added to the saddle energies, broadcast to (nT, m) [J].
        correlated: whether correlations of pairs are taken off the mean field; lumped sites
            (multiplicities other than 1) keep the mean field.

    Raises:
        RatesError: a temperature or share makes no sense.
    """
    T = positive_temperatures(temperature)
    found = occupancy(network, T, share, counts)
    logs = _log_conductances(network, T, found, saddle_shift)
    largest = logs.max(axis=1)
    conductance = np.exp(logs - largest[:, None])
    counts_of_cells = network.translations.astype(float)
    tensor = reversible_diffusion(
        network.n_sites, network.starts, network.ends, conductance, counts_of_cells
    )
    method = "lattice gas, site occupancies, mean field"
    if correlated and np.all(network.multiplicities == 1.0) and not found.equal(network):
        noise = available * np.exp(found.log_held + found.log_free)
        tensor = PairFunctions.of(network).lowered(tensor, conductance, found.held, noise)
        method = "lattice gas, site occupancies, correlations of pairs"
    tensor = network.lattice.T @ tensor @ network.lattice
    carriers = available * network.multiplicities.sum() * np.broadcast_to(share, T.shape)
    scale = available**2 * np.exp(largest - np.log(carriers))
    return Diffusivity(
        tensor=0.5 * scale[:, None, None] * (tensor + np.swapaxes(tensor, 1, 2)),
        temperature=T,
        kind="charge",
        method=method,
        source=network.source,
    )
