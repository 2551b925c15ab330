"""Crystal families of battery materials as ready jump networks.

>>> from cellion.rates.family_data import load_family
>>> network = family_network(load_family("spinel", "MgSc2Se4"))
>>> network.n_sites
8

Where the review prints no energy, `missing_parameters` says which to supply before anything is
computed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cellion.errors import RatesError, nearest
from cellion.rates.diffusivity import Diffusivity
from cellion.rates.family_data import Family, FamilyHop, FamilySite, Parameter
from cellion.rates.jump_network import JumpNetwork, diffusivity
from cellion.rates.lattices import neighbour_pairs
from cellion.rates.nernst_einstein import Conductivity, conductivity
from cellion.rates.occupancy import lattice_gas_diffusivity

__all__ = [
    "available_share",
    "family_conductivity",
    "family_diffusivity",
    "family_network",
    "free_share",
    "held_share",
    "missing_parameters",
    "places_per_cell",
]

FloatArray = NDArray[np.float64]

CENTRINGS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "P": ((0.0, 0.0, 0.0),),
    "I": ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5)),
    "F": ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)),
    "R": ((0.0, 0.0, 0.0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)),
}
"""Centring translations in fractions of the conventional cell."""


def missing_parameters(
    family: Family, energies: Mapping[str, float] | None = None
) -> tuple[Parameter, ...]:
    """Return the parameters without which the family cannot be evaluated.

    Args:
        family: a family.
        energies: values that will be supplied, by parameter name [J].

    Raises:
        RatesError: a supplied name is not a parameter of the family.
    """
    given = dict(energies or {})
    for name in given:
        if name not in family.parameters:
            raise RatesError(
                f"family {family.name}: '{name}' is not a parameter; parameters are "
                f"{', '.join(family.parameters)}" + nearest(name, family.parameters)
            )
    return tuple(
        p
        for p in family.parameters.values()
        if p.value is None and not p.optional and p.name not in given
    )


def family_network(
    family: Family,
    energies: Mapping[str, float] | None = None,
    *,
    prefactor: float | None = None,
) -> JumpNetwork:
    """Return the jump network of a family.

    Args:
        family: from `load_family`.
        energies: barriers and site energies that replace or complete its own, by name [J].
        prefactor: replaces the family's [1/s].

    Raises:
        RatesError: energies are missing, or the lattice has no hops at the distances of the family.
    """
    lacking = missing_parameters(family, energies)
    if lacking:
        needed = "; ".join(f"{p.name}: {p.meaning} ({p.source})" for p in lacking)
        raise RatesError(f"family {family.name}: energies are missing, supply them first: {needed}")
    value = {p.name: p.value for p in family.parameters.values()} | dict(energies or {})
    positions, kinds = _all_sites(family)
    level = {site.name: value[site.energy] or 0.0 if site.energy else 0.0 for site in family.sites}
    tables = [
        _hop_table(family, rule, positions, kinds, level[rule.above] + barrier)
        for rule in family.hops
        if (barrier := value[rule.barrier]) is not None
    ]
    start, end, cells, saddle, ways = (np.concatenate(part) for part in zip(*tables, strict=True))
    nu = family.prefactor if prefactor is None else prefactor
    return JumpNetwork(
        lattice=family.lattice,
        positions=positions,
        site_energies=np.array([level[kind] for kind in kinds]),
        multiplicities=np.ones(len(kinds)),
        starts=start,
        ends=end,
        translations=cells,
        saddle_energies=saddle,
        prefactors=nu * ways,
        site_names=tuple(f"{kind}[{k}]" for k, kind in enumerate(kinds)),
        source=f"family {family.name}, review section {family.section}",
    )


def _hop_table(
    family: Family, rule: FamilyHop, positions: FloatArray, kinds: list[str], saddle: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], FloatArray, FloatArray]:
    """Return start, end, translation, saddle energy and ways of all hops of one kind."""
    low, high = rule.distance - rule.tolerance, rule.distance + rule.tolerance
    i, j, cells, _ = neighbour_pairs(
        family.lattice, positions, low * family.unit, high * family.unit
    )
    names = np.array(kinds)
    a, b = rule.between
    fits = ((names[i] == a) & (names[j] == b)) | ((names[i] == b) & (names[j] == a))
    if rule.through:
        points = (np.array(rule.through)[:, None] + np.array(CENTRINGS[family.centring])).reshape(
            -1, 3
        )
        gap = 0.5 * (positions[i] + positions[j] + cells)[:, None] - points
        fits &= np.any(np.all(np.abs(gap - np.round(gap)) < 1e-3, axis=2), axis=1)
    if not np.any(fits):
        raise RatesError(
            f"family {family.name}: no '{a}' and '{b}' sites are {low:g} to {high:g} edges apart "
            f"for "
            f"the hop '{rule.name}'; the lattice is too far from that of the family"
        )
    found = (i[fits], j[fits], cells[fits])
    return *found, np.full(found[0].size, saddle), np.full(found[0].size, float(rule.ways))


def _all_sites(family: Family) -> tuple[FloatArray, list[str]]:
    """Return the fractional coordinates and kinds of all sites of the conventional cell."""
    shifts = np.array(CENTRINGS[family.centring])
    places: dict[str, FloatArray] = {}
    for site in family.sites:
        if not site.middle_of:
            points = (np.array(site.positions)[None] + shifts[:, None]).reshape(-1, 3)
        else:
            points = _middles(family, places, site)
        places[site.name] = _distinct(points)
    kinds = [name for name, points in places.items() for _ in points]
    return np.concatenate(list(places.values())), kinds


def _middles(family: Family, places: dict[str, FloatArray], site: FamilySite) -> FloatArray:
    """Return the middles of all pairs of one kind of site at a distance."""
    points = places[site.middle_of]
    span = site.distance * family.unit
    i, j, cells, _ = neighbour_pairs(family.lattice, points, 0.99 * span, 1.01 * span)
    return np.asarray(0.5 * (points[i] + points[j] + cells))


def _distinct(points: FloatArray) -> FloatArray:
    """Return the points inside the cell, each once."""
    wrapped = np.round(points % 1.0, 6) % 1.0
    return np.asarray(np.unique(wrapped, axis=0))


def family_diffusivity(
    family: Family, temperature: ArrayLike, energies: Mapping[str, float] | None = None
) -> Diffusivity:
    """Return the diffusivity of one independent carrier of a family."""
    return diffusivity(family_network(family, energies), temperature)


def places_per_cell(family: Family) -> int:
    """Return the number of places in the cell, whoever holds them."""
    return len(_all_sites(family)[1])


def available_share(family: Family) -> float:
    """Return the share of places that no immobile ion holds."""
    return 1.0 - family.blocked_per_cell / places_per_cell(family)


def free_share(family: Family) -> float:
    """Return the share of places that neither mobile nor immobile ions hold.

    Raises:
        RatesError: no place is free.
    """
    places = places_per_cell(family)
    share = 1.0 - (family.ions_per_cell + family.blocked_per_cell) / places
    if share <= 1e-9:
        raise RatesError(
            f"family {family.name}: {family.ions_per_cell:g} ions fill all {places} places, so "
            "nothing can move without defects; take the carrier density from "
            "cellion.rates.defects, and the diffusivity of one carrier from family_diffusivity"
        )
    return share


def held_share(family: Family) -> float:
    """Return the share of the available places that the mobile ions of the formula hold.

    Raises:
        RatesError: no place is free.
    """
    return 1.0 - free_share(family) / available_share(family)


def family_conductivity(
    family: Family, temperature: ArrayLike, energies: Mapping[str, float] | None = None
) -> Conductivity:
    """Return the conductivity of the ions of a family's formula that block each other.

    Raises:
        RatesError: energies are missing, or no place is free.
    """
    network, available = family_network(family, energies), available_share(family)
    return conductivity(
        lattice_gas_diffusivity(network, temperature, held_share(family), available=available),
        density=family.ions_per_cell / network.volume,
        charge_number=family.charge_number,
    )
