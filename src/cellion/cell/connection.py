"""Connectivity of the active material to separator and collector."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.cell.networks import Networks
from cellion.cell.response import ActiveMaterial
from cellion.mesh.borders import Borders, find_borders
from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.measure import owner_values
from cellion.mesh.pieces import first_labels
from cellion.transport.primal.contacts import ContactKind, Contacts
from cellion.transport.primal.percolation import find_components

__all__ = ["Connection", "Reach", "find_connection", "find_reach"]

type Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Cells of the two networks that are connected to the electrode that feeds them.

    Attributes:
        ions: Whether each local cell is an ionic conductor with a path to the separator, shape
            (m,).
        electrons: Whether each is an electronic conductor with a path to the collector.
        floating: Whether each belongs to a network and has no such path.
    """

    ions: Flags
    electrons: Flags
    floating: Flags


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Contacts between the two networks, and how much active material they serve.

    Attributes:
        active: Per active material, how much of it takes part.
        utilisation: Volume with ions and electrons over that of all active materials [-]; NaN
            without any.
        reaction_area: Area at which the reaction can take place over the volume of the composite
            [1/m].
        connected_area: The part of it that leads to both separator and collector [1/m].
        stranded: Volume share of each ionic conductor of the composite without a path to the
            separator [-].
        blocked: Pairs of materials of the two networks that touch, and let nothing pass.
    """

    active: Mapping[str, ActiveMaterial]
    utilisation: float
    reaction_area: float
    connected_area: float
    stranded: Mapping[str, float]
    blocked: tuple[tuple[str, str], ...]


def find_reach(mesh: LabelledMesh, networks: Networks, laws: Contacts, axis: int) -> Reach:
    """Find what leads to the separator and to the collector (collective).

    Args:
        mesh: Labelled mesh.
        networks: What its materials carry.
        laws: Laws of its contacts.
        axis: Direction from the separator, at the lower face, to the collector.
    """
    ions = _leads_to(mesh, networks.ionic, laws, (axis, 0))
    electrons = _leads_to(mesh, networks.electronic, laws, (axis, 1))
    carries = (networks.ionic | networks.electronic)[mesh.cell_materials]
    return Reach(ions=ions, electrons=electrons, floating=carries & ~ions & ~electrons)


def find_connection(
    mesh: LabelledMesh, networks: Networks, laws: Contacts, reach: Reach
) -> Connection:
    """Find which contacts and which active material are connected (collective).

    A material is active when it carries electrons and can react with one that carries ions.

    Args:
        mesh: Labelled mesh.
        networks: What its materials carry.
        laws: Laws of its contacts.
        reach: What leads to the separator and to the collector.
    """
    material = mesh.label_material
    borders = find_borders(mesh, periodic=True)
    between = tuple(material[borders.labels].T)
    mixed = networks.mixed[between]
    passes = mixed & (laws.kind(borders.labels) != ContactKind.INSULATING)
    fed = passes & _on_either_side(mesh, borders, reach.ions)
    drained = passes & _on_either_side(mesh, borders, reach.electrons)
    area = facet_areas(mesh.points, facet_vertices(mesh.cells, borders.near))
    first = networks.electronic[between[0]]
    reacting = np.where(first, borders.labels[:, 0], borders.labels[:, 1])
    supplied = np.zeros(len(material))
    supplied[first_labels(mesh.pieces, reacting[fed])] = 1.0
    touching = np.zeros_like(networks.mixed, dtype=float)
    touching[tuple(part[mixed & ~passes] for part in between)] = 1.0
    areas = np.array([area[passes].sum(), area[fed & drained].sum()])
    areas, supplied, touching = (mesh.comm.allreduce(a) for a in (areas, supplied, touching))
    composite = np.flatnonzero(mesh.in_composite[mesh.cell_labels[: mesh.n_owned_cells]])
    whole = float(mesh.comm.allreduce(mesh.cell_volumes[composite].sum()))
    reacts = (networks.mixed & (laws.pair_kind != ContactKind.INSULATING)).any(axis=1)
    has_ions = supplied[first_labels(mesh.pieces, mesh.cell_labels[composite])] > 0.0
    volumes = _volumes(mesh, composite, has_ions, reach.electrons[composite])
    ionic = _volumes(mesh, composite, reach.ions[composite], np.ones(len(composite), dtype=bool))
    ionic[~networks.ionic], volumes[~(networks.electronic & reacts)] = 0.0, 0.0
    total = float(volumes.sum())
    return Connection(
        active=_shares(mesh.materials, volumes),
        utilisation=float(volumes[:, 0].sum()) / total if total > 0.0 else math.nan,
        reaction_area=float(areas[0]) / whole,
        connected_area=float(areas[1]) / whole,
        stranded={
            name: share.without_ions for name, share in _shares(mesh.materials, ionic).items()
        },
        blocked=_pairs(networks.materials, touching > 0.0),
    )


def _leads_to(mesh: LabelledMesh, carries: Flags, laws: Contacts, face: tuple[int, int]) -> Flags:
    """Whether each local cell belongs to a conductor that reaches a face, shape (m,)."""
    components = find_components(
        mesh,
        carries,
        periodic=True,
        separates=lambda labels: laws.kind(labels) == ContactKind.INSULATING,
    )
    axis, side = face
    reaches = np.append(components.touches[:, axis, side], False)
    flags: Flags = reaches[components.cell_component]
    return flags


def _on_either_side(mesh: LabelledMesh, borders: Borders, flags: Flags) -> Flags:
    """Whether a cell on one of the two sides of facets is flagged (collective), shape (f,)."""
    far: Flags = owner_values(mesh, borders.far[:, 0], flags)
    return np.asarray(flags[borders.near[:, 0]] | far, dtype=bool)


def _volumes(
    mesh: LabelledMesh, composite: NDArray[np.int64], has_ions: Flags, has_electrons: Flags
) -> NDArray[np.float64]:
    """Volume of each material with both, without ions, without electrons, without both [m^d]."""
    count = len(mesh.materials)
    place = mesh.cell_materials[composite].astype(np.int64) * 4 + 2 * ~has_electrons + ~has_ions
    here = np.bincount(place, mesh.cell_volumes[composite], minlength=4 * count)
    volumes: NDArray[np.float64] = mesh.comm.allreduce(here)
    return volumes.reshape(count, 4)


def _shares(names: tuple[str, ...], volumes: NDArray[np.float64]) -> dict[str, ActiveMaterial]:
    """Shares of the volume of each active material, from rows of `_volumes`."""
    found = {}
    for index in np.flatnonzero(volumes.sum(axis=1) > 0.0):
        both, no_ions, no_electrons, neither = (volumes[index] / volumes[index].sum()).tolist()
        found[names[index]] = ActiveMaterial(
            connected=both,
            without_ions=no_ions,
            without_electrons=no_electrons,
            without_both=neither,
        )
    return found


def _pairs(names: tuple[str, ...], touching: Flags) -> tuple[tuple[str, str], ...]:
    """Name the pairs of materials of a table, each once."""
    either = np.triu(touching | touching.T)
    return tuple((names[i], names[j]) for i, j in np.argwhere(either))
