"""Jump networks of crystal families.

>>> from cellion.rates.family_data import load_family
>>> network = family_network(load_family("spinel", "MgSc2Se4"))
>>> network.n_sites
8

`missing_parameters` lists the energies that the founding review does not print; they must be given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cellion.arrays import FloatArray, IntArray
from cellion.errors import RatesError, nearest
from cellion.rates.conductor import Carriers, HoppingConductor
from cellion.rates.family_data import Family, FamilyHop, FamilySite, Parameter
from cellion.rates.jump_network import JumpNetwork
from cellion.rates.lattices import neighbour_pairs

__all__ = ["family_conductor", "family_network", "missing_parameters", "places_per_cell"]

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
    """Return the parameters without a value in the family or among the given energies [J].

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
    needed = (p for p in family.parameters.values() if p.value is None and not p.optional)
    return tuple(p for p in needed if p.name not in given)


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
) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]:
    """Return start, end, translation, saddle energy and ways of all hops of one kind."""
    low, high = rule.distance - rule.tolerance, rule.distance + rule.tolerance
    i, j, cells, _ = neighbour_pairs(
        family.lattice, positions, low * family.unit, high * family.unit
    )
    names = np.array(kinds)
    a, b = rule.between
    fits = ((names[i] == a) & (names[j] == b)) | ((names[i] == b) & (names[j] == a))
    if rule.through:
        points = _centred(rule.through, family)
        gap = 0.5 * (positions[i] + positions[j] + cells)[:, None] - points
        fits &= np.any(np.all(np.abs(gap - np.round(gap)) < 1e-3, axis=2), axis=1)
    if not np.any(fits):
        raise RatesError(
            f"family {family.name}: no '{a}' and '{b}' sites are {low:g} to {high:g} edges apart "
            f"for the hop '{rule.name}'; the lattice is too far from that of the family"
        )
    found = (i[fits], j[fits], cells[fits])
    return *found, np.full(found[0].size, saddle), np.full(found[0].size, float(rule.ways))


def _all_sites(family: Family) -> tuple[FloatArray, list[str]]:
    """Return the fractional coordinates and kinds of all sites of the conventional cell."""
    places: dict[str, FloatArray] = {}
    for site in family.sites:
        middles = site.middle_of
        points = _middles(family, places, site) if middles else _centred(site.positions, family)
        places[site.name] = np.unique(np.round(points % 1.0, 6) % 1.0, axis=0)
    kinds = [name for name, points in places.items() for _ in points]
    return np.concatenate(list(places.values())), kinds


def _centred(points: Sequence[tuple[float, float, float]], family: Family) -> FloatArray:
    """Return all images of points under the centring, shape (n, 3)."""
    shifts = np.array(CENTRINGS[family.centring])
    return np.asarray((np.array(points)[None] + shifts[:, None]).reshape(-1, 3))


def _middles(family: Family, places: dict[str, FloatArray], site: FamilySite) -> FloatArray:
    """Return the middles of all pairs of one kind of site at a distance."""
    points = places[site.middle_of]
    span = site.distance * family.unit
    i, j, cells, _ = neighbour_pairs(family.lattice, points, 0.99 * span, 1.01 * span)
    return np.asarray(0.5 * (points[i] + points[j] + cells))


def places_per_cell(family: Family) -> int:
    """Return the number of places in the cell, whoever holds them."""
    return len(_all_sites(family)[1])


def _available_share(family: Family) -> float:
    """Return the share of places that no immobile ion holds."""
    return 1.0 - family.blocked_per_cell / places_per_cell(family)


def _held_share(family: Family) -> float:
    """Return the share of the available places that the mobile ions of the formula hold.

    Raises:
        RatesError: no place is free.
    """
    places = places_per_cell(family)
    free = 1.0 - (family.ions_per_cell + family.blocked_per_cell) / places
    if free <= 1e-9:
        raise RatesError(
            f"family {family.name}: {family.ions_per_cell:g} ions fill all {places} places, so "
            "nothing can move without defects; take the carrier density from "
            "cellion.rates.defects, and the diffusivity of one carrier from family_network"
        )
    return 1.0 - free / _available_share(family)


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
        carriers: None takes the ions of its formula. A share counts the carriers of the mechanism
            of the family (vacancies, or ions), per place that no immobile ion holds; they block
            each other. A density counts few of them.

    Raises:
        RatesError: energies are missing, or no place is free.
    """
    few = carriers is not None and carriers.density is not None
    return HoppingConductor(
        network=family_network(family, energies, prefactor=prefactor),
        charge_number=family.charge_number,
        carriers=carriers or Carriers(share=_held_share(family)),
        mechanism="vacancy" if few and family.carrier == "vacancies" else "independent",
        counts="ions" if carriers is None else family.carrier,
        available=_available_share(family),
    )
