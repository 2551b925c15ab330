"""Jump networks: periodic crystals of sites and hops, and their exact diffusion tensor.

A hop is given once, by its saddle-point energy and one symmetric prefactor; the reverse hop is
implied. Barriers are saddle energy minus site energy, so detailed balance holds by construction::

    p_i  = g_i exp(-E_i/kT) / Z                        population of site i
    w_ij = (nu_ij / g_i) exp(-(E_saddle - E_i)/kT)     rate of one directed jump i -> j
    p_i w_ij = nu_ij exp(-E_saddle/kT) / Z = p_j w_ji

The multiplicity g_i counts equivalent minima lumped into one site (six inner-ring positions, say);
an ion is beside a given saddle only 1/g_i of its time there. A site entropy S_i (softer vibrations
than elsewhere) acts through g_i exp(S_i/k) in place of g_i. Without either, the prefactor is that
of both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.constants import Boltzmann, electron_volt

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, nearest
from cellion.rates.corrector import component_labels, reversible_diffusion
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.transition_state import positive_temperatures

__all__ = [
    "Hop",
    "JumpNetwork",
    "Site",
    "diffusivity",
    "hop_rates",
    "jump_network",
    "log_populations",
    "populations",
    "saddle_from_barriers",
]

ENERGY_TOLERANCE = 1.0e-6 * electron_volt
"""Energies closer than this are the same [J]."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site: fractional position, energy [J], multiplicity, vibrational entropy [J/K]."""

    name: str
    position: tuple[float, float, float]
    energy: float = 0.0
    multiplicity: float = 1.0
    entropy: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Hop:
    """A hop between two named sites, given once; the reverse is implied.

    Attributes:
        start: name of the first site, in the home cell.
        end: name of the second site.
        translation: lattice translation of the second site, integers.
        saddle_energy: energy of the saddle point on the scale of the site energies [J].
        prefactor: symmetric prefactor nu, see the module [1/s].
        path: a name that tells two saddle points between the same two sites apart.
    """

    start: str
    end: str
    translation: tuple[int, int, int] = (0, 0, 0)
    saddle_energy: float
    prefactor: float
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class JumpNetwork:
    """A periodic crystal of n sites and m hops; see `jump_network` for building one from names.

    Attributes:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        positions: fractional coordinates, shape (n, 3).
        site_energies: shape (n,) [J].
        multiplicities: shape (n,).
        starts: site index, shape (m,).
        ends: site index, shape (m,).
        translations: lattice translation of the end site, shape (m, 3).
        saddle_energies: shape (m,) [J].
        prefactors: shape (m,) [1/s].
        site_names: n names.
        site_entropies: vibrational entropies, shape (n,) [J/K]; None is zero everywhere.
        source: where the numbers come from.
    """

    lattice: FloatArray
    positions: FloatArray
    site_energies: FloatArray
    multiplicities: FloatArray
    starts: IntArray
    ends: IntArray
    translations: IntArray
    saddle_energies: FloatArray
    prefactors: FloatArray
    site_names: tuple[str, ...] = field(default=())
    site_entropies: FloatArray | None = None
    source: str = ""

    def __post_init__(self) -> None:
        """Check shapes, values, barriers and connection."""
        _check_shapes(self)
        _check_values(self)
        _check_barriers(self)
        _check_connected(self)

    @property
    def n_sites(self) -> int:
        """Number of sites in the cell."""
        return len(self.positions)

    @property
    def log_weights(self) -> FloatArray:
        """Logarithm of g_i exp(S_i/k), shape (n,)."""
        logs = np.log(self.multiplicities)
        return logs if self.site_entropies is None else logs + self.site_entropies / Boltzmann

    @property
    def volume(self) -> float:
        """Volume of the cell [m^3]."""
        return float(abs(np.linalg.det(self.lattice)))


def _name(network: JumpNetwork, index: int) -> str:
    return f"'{network.site_names[index]}'" if network.site_names else f"number {index}"


def _check_shapes(network: JumpNetwork) -> None:
    n, m = len(network.positions), len(network.starts)
    wanted = {
        "lattice": (3, 3),
        "positions": (n, 3),
        "site_energies": (n,),
        "multiplicities": (n,),
        "ends": (m,),
        "translations": (m, 3),
        "saddle_energies": (m,),
        "prefactors": (m,),
        "site_entropies": (n,),
    }
    for key, shape in wanted.items():
        values = getattr(network, key)
        found = np.shape(values)
        if values is not None and found != shape:
            raise RatesError(f"jump network.{key}: shape {found} found, {shape} needed")
    if network.site_names and len(network.site_names) != n:
        raise RatesError(f"jump network.site_names: {len(network.site_names)} found, {n} needed")
    if n == 0 or m == 0:
        raise RatesError(f"jump network: {n} sites and {m} hops found; each needs at least 1")


def _check_values(network: JumpNetwork) -> None:
    for key in ("lattice", "positions", "site_energies", "saddle_energies", "site_entropies"):
        values = getattr(network, key)
        if values is not None and not np.all(np.isfinite(values)):
            raise RatesError(f"jump network.{key}: a value is not a finite number")
    for key in ("prefactors", "multiplicities"):
        values = getattr(network, key)
        wrong = values[~(np.isfinite(values) & (values > 0.0))]
        if wrong.size:
            raise RatesError(f"jump network.{key}: {wrong[0]:g} found; must be a positive number")
    if network.volume <= 1e-9 * np.prod(np.linalg.norm(network.lattice, axis=1)):
        raise RatesError("jump network.lattice: the three vectors are linearly dependent")
    for key in ("starts", "ends"):
        values = getattr(network, key)
        if values.min() < 0 or values.max() >= network.n_sites:
            raise RatesError(
                f"jump network.{key}: site {values.max()} found; sites are 0..{network.n_sites - 1}"
            )
    null = (network.starts == network.ends) & ~np.any(network.translations, axis=1)
    if np.any(null):
        where = _name(network, int(network.starts[np.flatnonzero(null)[0]]))
        raise RatesError(f"jump network: a hop from site {where} to itself in the same cell")


def _check_barriers(network: JumpNetwork) -> None:
    for ends in (network.starts, network.ends):
        barriers = network.saddle_energies - network.site_energies[ends]
        k = int(np.argmin(barriers))
        if barriers[k] < -ENERGY_TOLERANCE:
            saddle = network.saddle_energies[k] / electron_volt
            site = network.site_energies[ends[k]] / electron_volt
            raise RatesError(
                f"jump network: hop {k} has its saddle point at {saddle:g} eV, below its site "
                f"{_name(network, int(ends[k]))} at {site:g} eV; a saddle point lies above both "
                "sites. Give the saddle energy on the scale of the site energies, not the barrier"
            )


def _check_connected(network: JumpNetwork) -> None:
    count, labels = component_labels(network.n_sites, network.starts, network.ends)
    if count > 1:
        example = [_name(network, int(np.flatnonzero(labels == k)[0])) for k in range(2)]
        raise RatesError(
            f"jump network: the hops leave {count} groups of sites that never exchange ions (for "
            f"example site {example[0]} and site {example[1]}). Add the hop that joins them (a "
            "rare one with its high barrier, such as across channels beside an antisite defect); "
            "if the groups are copies of one another, describe one of them in a smaller cell"
        )


def jump_network(
    lattice: ArrayLike, sites: Sequence[Site], hops: Sequence[Hop], *, source: str = ""
) -> JumpNetwork:
    """Build a network from named sites and hops.

    Args:
        lattice: lattice vectors as rows, shape (3, 3) [m].
        sites: the sites of one cell.
        hops: each hop once; the reverse is implied.
        source: where the numbers come from.

    Raises:
        RatesError: unknown or repeated names, hops given twice, or an inconsistent network.
    """
    names = tuple(site.name for site in sites)
    index = {name: k for k, name in enumerate(names)}
    if len(index) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise RatesError(f"jump network.sites: the name '{twice}' is used more than once")
    for k, hop in enumerate(hops):
        for end in (hop.start, hop.end):
            if end not in index:
                raise RatesError(
                    f"jump network.hops[{k}]: '{end}' is not a site; sites are {', '.join(names)}"
                    + nearest(end, names)
                )
    _check_given_once(hops)
    return JumpNetwork(
        lattice=np.asarray(lattice, dtype=float),
        positions=np.array([site.position for site in sites], dtype=float).reshape(-1, 3),
        site_energies=np.array([site.energy for site in sites], dtype=float),
        multiplicities=np.array([site.multiplicity for site in sites], dtype=float),
        starts=np.array([index[hop.start] for hop in hops], dtype=np.int64),
        ends=np.array([index[hop.end] for hop in hops], dtype=np.int64),
        translations=np.array([hop.translation for hop in hops], dtype=np.int64).reshape(-1, 3),
        saddle_energies=np.array([hop.saddle_energy for hop in hops], dtype=float),
        prefactors=np.array([hop.prefactor for hop in hops], dtype=float),
        site_names=names,
        site_entropies=np.array([site.entropy for site in sites], dtype=float),
        source=source,
    )


def _check_given_once(hops: Sequence[Hop]) -> None:
    seen: dict[tuple[str, str, tuple[int, ...], str], int] = {}
    for k, hop in enumerate(hops):
        forward = (hop.start, hop.end, tuple(hop.translation), hop.path)
        back = (hop.end, hop.start, tuple(-t for t in hop.translation), hop.path)
        first = seen.setdefault(min(forward, back), k)
        if first != k:
            raise RatesError(
                f"jump network.hops[{k}]: '{hop.start}' -> '{hop.end}' {tuple(hop.translation)} "
                f"was given before as hops[{first}] (or its reverse); each hop is given once, the "
                "reverse is implied. If two saddle points join the same sites, name them with "
                "`path`"
            )


def saddle_from_barriers(
    start: Site, end: Site, forward: float, backward: float | None = None
) -> float:
    """Return the saddle energy between two sites, E_start + forward [J].

    Barriers are seen from their own site [J]; the backward one is checked for detailed balance.

    Raises:
        RatesError: E_start + forward and E_end + backward differ.
    """
    saddle = start.energy + forward
    if backward is None:
        return saddle
    other = end.energy + backward
    if abs(saddle - other) > ENERGY_TOLERANCE:
        raise RatesError(
            f"hop '{start.name}' -> '{end.name}': detailed balance violated; the saddle point lies "
            f"at {saddle / electron_volt:.6g} eV seen from '{start.name}' and at "
            f"{other / electron_volt:.6g} eV seen from '{end.name}'. Forward minus backward "
            "barrier must be the difference of the site energies"
        )
    return 0.5 * (saddle + other)


def _log_states(network: JumpNetwork, kT: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the logarithms of the Boltzmann weights and of their sum, (nT, n) and (nT, 1)."""
    levels = network.site_energies - network.site_energies.min()
    logs = network.log_weights - levels / kT
    return logs, np.logaddexp.reduce(logs, axis=1, keepdims=True)


def log_populations(network: JumpNetwork, temperature: ArrayLike) -> FloatArray:
    """Return the logarithm of `populations`, finite at any temperature, shape (nT, n)."""
    logs, total = _log_states(network, Boltzmann * positive_temperatures(temperature)[:, None])
    return logs - total


def populations(network: JumpNetwork, temperature: ArrayLike) -> FloatArray:
    """Return the probability of each site for one independent carrier, shape (nT, n)."""
    return np.exp(log_populations(network, temperature))


def _log_conductances(
    network: JumpNetwork, temperature: ArrayLike, saddle_shift: ArrayLike = 0.0
) -> FloatArray:
    """Return ln(p_i w_ij / (1/s)) of each hop, shape (nT, m)."""
    kT = Boltzmann * positive_temperatures(temperature)[:, None]
    height = network.saddle_energies - network.site_energies.min() + np.asarray(saddle_shift, float)
    return np.asarray(np.log(network.prefactors) - height / kT - _log_states(network, kT)[1])


def hop_rates(network: JumpNetwork, temperature: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the rates of each hop and of its reverse, both of shape (nT, m) [1/s]."""
    flux = _log_conductances(network, temperature)
    logs = log_populations(network, temperature)
    return np.exp(flux - logs[:, network.starts]), np.exp(flux - logs[:, network.ends])


def diffusivity(
    network: JumpNetwork, temperature: ArrayLike, *, saddle_shift: ArrayLike = 0.0
) -> Diffusivity:
    """Return the exact long-time diffusion tensor of independent carriers.

    The corrector problem of `cellion.rates.corrector` on one cell. Only the lattice translations of
    the hops enter, exact integers; positions inside the cell cancel. Closed loops of fast hops thus
    contribute exactly nothing.

    Args:
        network: a connected network.
        temperature: scalar or shape (nT,) [K].
        saddle_shift: added to the saddle energies, broadcast to (nT, m) [J]; used for uncertainty.

    Raises:
        RatesError: a temperature is not positive.
    """
    T = positive_temperatures(temperature)
    flux = np.exp(_log_conductances(network, T, saddle_shift))
    counts = network.translations.astype(float)
    tensor = reversible_diffusion(network.n_sites, network.starts, network.ends, flux, counts)
    tensor = network.lattice.T @ tensor @ network.lattice
    return Diffusivity(
        tensor=0.5 * (tensor + np.swapaxes(tensor, 1, 2)),
        temperature=T,
        kind="carrier",
        method="jump network, independent carriers, exact corrector",
        source=network.source,
    )
