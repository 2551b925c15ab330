"""Crouzeix-Raviart unknowns: one per facet of a conductor, the mean of the potential on it.

Functions are linear in each cell and continuous in the mean across facets. With them, the solved
field has a current density that is constant in each cell and whose normal component is continuous,
so that it conserves charge exactly; conforming linear functions conserve it only on average. A
resistive facet has one unknown on each side, and its current is the difference of both over R.

Source: Crouzeix and Raviart, RAIRO 7 (1973) 33; Marini, SIAM J. Numer. Anal. 22 (1985) 493 (the
current is that of the lowest-order Raviart-Thomas method).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from cellion.parallel import exchange

import numpy as np
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.borders import ask_owners
from cellion.mesh.facets import facet_areas, facet_corners, facet_vertices
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.dual.facet_entities import facet_entities
from cellion.transport.dual.sheet_currents import SheetUnknowns, number_sheets
from cellion.transport.index_maps import global_numbers, owners
from cellion.transport.primal.contacts import ContactKind
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.interfaces import (
    ContactFacets,
    InterfaceFacets,
    ResistiveFacets,
    SheetFacets,
    find_contacts,
)
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.spaces import Entities, KeyedDofs, Sides, function_space, number_keys

__all__ = ["Crossings", "FacetUnknowns", "discretise_facets", "facet_means"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """Resistive facets between cells that carry current, in the order of the P1 ones.

    Attributes:
        near: Owned cell and its facet, shape (f, 2).
        resistance: Area-specific resistance, shape (f,) [Ohm m^2].
        areas: Areas, shape (f,) [m^(d-1)].
    """

    near: NDArray[np.int64]
    resistance: Array
    areas: Array


@dataclass(frozen=True, kw_only=True)
class FacetUnknowns:
    """The unknowns of a lower bound.

    Attributes:
        discrete: Components and cells of the P1 problem with Crouzeix-Raviart unknowns; owned
            cells only, and without conducting sheets, which `sheets` holds.
        currents: One key for each facet that a current can pass, or end at.
        crossings: Resistive facets.
        sheets: Conducting sheets; None without any.
    """

    discrete: Discretisation
    currents: KeyedDofs
    crossings: Crossings
    sheets: SheetUnknowns | None


def discretise_facets(problem: TransportProblem, discrete: Discretisation) -> FacetUnknowns:
    """Number the Crouzeix-Raviart unknowns of a discretised problem (collective).

    Args:
        problem: Transport problem.
        discrete: Its P1 unknowns.
    """
    mesh, owned = problem.mesh, problem.mesh.n_owned_cells
    entities = facet_entities(mesh, periodic=problem.drive.wraps)
    group = np.where(np.arange(len(discrete.group)) < owned, discrete.group, -1)
    contacts = _split_contacts(problem, group)
    dofs = number_keys(entities, group, owned, mesh.comm, _sides(mesh, entities, group, contacts))
    currents, interfaces, sheets = dofs, None, None
    crossings = Crossings(near=np.empty((0, 2), int), resistance=np.empty(0), areas=np.empty(0))
    if contacts is not None and discrete.interfaces is not None:
        insulating = contacts.part(contacts.kind == ContactKind.INSULATING)
        sides = _sides(mesh, entities, group, insulating)
        currents = number_keys(entities, group, owned, mesh.comm, sides)
        resistive = contacts.part(contacts.kind == ContactKind.IMPERFECT)
        facets = _resistive_facets(mesh, dofs, group, resistive)
        empty = {
            f.name: getattr(discrete.interfaces.sheets, f.name)[:0] for f in fields(SheetFacets)
        }
        interfaces = InterfaceFacets(resistive=facets, sheets=SheetFacets(**empty))
        crossings = Crossings(
            near=resistive.borders.near, resistance=resistive.resistance, areas=facets.areas
        )
    if discrete.interfaces is not None:
        halves, cells = discrete.interfaces.sheets, np.flatnonzero(group >= 0)
        sheets = number_sheets(mesh, halves, discrete.dofs, dofs, currents, cells)
    space = function_space(mesh, dofs, family="Crouzeix-Raviart")
    return FacetUnknowns(
        discrete=replace(discrete, group=group, dofs=dofs, space=space, interfaces=interfaces),
        currents=currents,
        crossings=crossings,
        sheets=sheets,
    )


def _split_contacts(problem: TransportProblem, group: NDArray[np.int32]) -> ContactFacets | None:
    """Facets between cells that carry current across which the potential may jump (collective)."""
    mesh, contacts = problem.mesh, find_contacts(problem)
    if contacts is None:
        return None
    beyond = ask_owners(mesh, contacts.borders.far[:, 0], lambda cells: group[cells])
    solved = (group[contacts.borders.near[:, 0]] >= 0) & (beyond >= 0)
    return contacts.part(solved & (contacts.kind != ContactKind.PERFECT))


def _sides(
    mesh: LabelledMesh,
    entities: Entities,
    group: NDArray[np.int32],
    contacts: ContactFacets | None,
) -> Sides | None:
    """Split the facets of contacts: the near cell is on side 1, the far one on side 2."""
    if contacts is None or not mesh.comm.allreduce(len(contacts.resistance)):
        return None
    cell_map, far = mesh.mesh.topology.index_map(mesh.dimension), contacts.borders.far
    first = cell_map.local_range[0]
    arrived, _ = exchange(far.astype(np.int64), owners(cell_map, far[:, 0]), mesh.comm)
    side = np.zeros(entities.of_cell.shape, dtype=np.int64)
    split = np.zeros(len(entities.representative), dtype=bool)
    near = contacts.borders.near
    for which, cell, facet in (
        (1, near[:, 0], near[:, 1]),
        (2, arrived[:, 0] - first, arrived[:, 1]),
    ):
        side[cell, facet] = which
        split[entities.merged[entities.of_cell[cell, facet]]] = True
    cells = np.flatnonzero(group >= 0)
    corners = split[entities.merged[entities.of_cell[cells]]]
    return Sides(split=split, of_corner=side[cells][corners])


def _resistive_facets(
    mesh: LabelledMesh, dofs: KeyedDofs, group: NDArray[np.int32], contacts: ContactFacets
) -> ResistiveFacets:
    """Resistive facets with the unknown on either side (collective)."""
    near, far = contacts.borders.near, contacts.borders.far

    def numbers(cells: NDArray[np.int64]) -> NDArray[np.int64]:
        return global_numbers(dofs.index_map, dofs.of_cell[cells])

    here, there = numbers(near[:, 0]), ask_owners(mesh, far[:, 0], numbers)
    row = np.arange(len(near))
    both = np.stack([here[row, near[:, 1]], there[row, far[:, 1]]], axis=1)
    return ResistiveFacets(
        dofs=both[:, :, None],
        areas=facet_areas(mesh.points, facet_vertices(mesh.cells, near)),
        conductance=1.0 / contacts.resistance,
        labels=contacts.borders.labels,
        group=group[near[:, 0]].astype(np.int64),
    )


def facet_means(
    mesh: LabelledMesh, nodes: KeyedDofs, facets: Discretisation, used: NDArray[np.bool_]
) -> PETSc.Mat:
    """Interpolation from P1 to Crouzeix-Raviart: the mean of a facet's vertices.

    P1 functions are Crouzeix-Raviart functions, so this is an embedding, and where contacts are
    perfect the P1 matrix is the Galerkin product of the Crouzeix-Raviart matrix with it.

    Args:
        mesh: Labelled mesh.
        nodes: P1 unknowns.
        facets: Crouzeix-Raviart unknowns of the same cells.
        used: Unknowns of the former, owned and ghost, that may differ from zero, shape (n,).

    Returns:
        Matrix, to be destroyed by the caller.
    """
    d, index_map = mesh.dimension, facets.dofs.index_map
    cells = np.flatnonzero(facets.group >= 0)
    some = np.zeros(len(facets.dofs.group), dtype=np.int64)
    some[facets.dofs.of_cell[cells]] = cells[:, None] * (d + 1) + np.arange(d + 1)
    cell, facet = np.divmod(some[: index_map.size_local], d + 1)
    local = nodes.of_cell[cell[:, None], facet_corners(d)[facet]]
    columns = global_numbers(nodes.index_map, local).reshape(-1)
    return PETSc.Mat().createAIJ(
        size=(
            (index_map.size_local, index_map.size_global),
            (nodes.index_map.size_local, nodes.index_map.size_global),
        ),
        csr=(
            (d * np.arange(len(local) + 1)).astype(PETSc.IntType),
            columns.astype(PETSc.IntType),
            np.where(used[local], 1.0 / d, 0.0).reshape(-1),
        ),
        comm=mesh.comm,
    )
