"""Facets of resistive interfaces and conducting sheets, and what they add to the equations.

Functions are linear on a facet F with d vertices, so that all integrals are known in closed form:
with the barycentric coordinates l_a of its vertices,

    int_F l_a l_b = |F| (1 + delta_ab) / (d (d + 1)),      grad l_a constant.

The facets of a periodic face, which join cells of opposite ends of the box (maybe of two ranks),
need nothing special: a facet knows the global numbers of its unknowns.
"""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import Borders, ask_owners, find_borders
from cellion.mesh.facets import facet_areas, facet_corners
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.index_maps import distinct_pairs, global_numbers
from cellion.transport.primal.contacts import ContactKind, kinds_of
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.spaces import Entities, KeyedDofs

__all__ = [
    "ContactFacets",
    "InterfaceFacets",
    "ResistiveFacets",
    "SheetFacets",
    "facet_interfaces",
    "find_contacts",
    "jump_energy",
    "jump_matrices",
    "sheet_energy",
    "sheet_loads",
    "sheet_matrices",
]

type Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ContactFacets:
    """Facets between different labels with their kinds and laws, each on one rank.

    Attributes:
        borders: The facets.
        kind: `ContactKind` of each, shape (f,).
        resistance: Area-specific resistance of each; 0 and infinity where it is not imperfect,
            shape (f,) [Ohm m^2].
        sheet: Sheet conductance of each, shape (f,) [S].
    """

    borders: Borders
    kind: NDArray[np.int8]
    resistance: Array
    sheet: Array

    def part(self, chosen: NDArray[np.bool_]) -> ContactFacets:
        """Return some of the facets."""
        return ContactFacets(
            borders=self.borders.part(chosen),
            kind=self.kind[chosen],
            resistance=self.resistance[chosen],
            sheet=self.sheet[chosen],
        )


@dataclass(frozen=True, kw_only=True)
class ResistiveFacets:
    """Facets across which the potential jumps, jump(phi) = R j . n; each on one rank.

    Attributes:
        dofs: Global unknowns of the vertices on both sides, shape (f, 2, d).
        areas: Areas, shape (f,) [m^(d-1)].
        conductance: 1 / R per area, shape (f,) [S/m^2].
        labels: Labels of both sides, shape (f, 2).
        group: Component that the facet belongs to, shape (f,).
    """

    dofs: NDArray[np.int64]
    areas: Array
    conductance: Array
    labels: NDArray[np.int64]
    group: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SheetFacets:
    """Sides of facets that conduct along them; a facet between conductors has two halves.

    Attributes:
        dofs: Global unknowns of the vertices, shape (f, d).
        areas: Areas, shape (f,) [m^(d-1)].
        gradients: Tangential gradient of each barycentric coordinate, shape (f, d, d) [1/m].
        projector: Projector onto the tangent plane, shape (f, d, d).
        conductance: Share of the sheet conductance on this side, shape (f,) [S].
        labels: Labels of this and the other side, shape (f, 2).
        group: Component that the side belongs to, shape (f,).
        points: Vertices, as seen from the near side, shape (f, d, d) [m].
        place: The cell on this side (global index) and its facet, shape (f, 2).
        near: Owned cell at the facet, shape (f,).
        near_side: Whether this is the side of that cell, shape (f,).
    """

    dofs: NDArray[np.int64]
    areas: Array
    gradients: Array
    projector: Array
    conductance: Array
    labels: NDArray[np.int64]
    group: NDArray[np.int64]
    points: Array
    place: NDArray[np.int64]
    near: NDArray[np.int64]
    near_side: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class InterfaceFacets:
    """Resistive facets and sheets with their unknowns."""

    resistive: ResistiveFacets
    sheets: SheetFacets


@dataclass(frozen=True, kw_only=True)
class _FacetCorners:
    """Both sides of facets, their vertices in the same order.

    Attributes:
        points: Coordinates on the near side, shape (f, d, d) [m].
        dofs: Global unknowns, shape (f, 2, d).
        group: Solved component of the cells, else -1, shape (f, 2).
        conducts: Whether the cells conduct at all, shape (f, 2).
    """

    points: Array
    dofs: NDArray[np.int64]
    group: NDArray[np.int64]
    conducts: NDArray[np.bool_]


def find_contacts(problem: TransportProblem) -> ContactFacets | None:
    """Find the facets between labels, their kinds and laws (collective).

    Args:
        problem: Transport problem; its law is asked once for each pair of labels.

    Returns:
        The facets, or None when all contacts on all ranks are perfect and no sheet conducts.
    """
    contacts = problem.contacts
    if contacts is None or not problem.conducts.any():
        return None
    if not (contacts.pair_resistance.any() or contacts.pair_sheet_conductance.any()):
        return None
    borders = find_borders(problem.mesh, periodic=problem.drive.wraps)
    pairs, inverse = distinct_pairs(np.sort(borders.labels, axis=1))
    resistance, sheet = contacts.resistance(pairs), contacts.sheet_conductance(pairs)
    kind = kinds_of(resistance, problem.negligible_resistance)
    resistance[kind == ContactKind.PERFECT] = 0.0
    found = bool(((kind != ContactKind.PERFECT) | (sheet > 0.0)).any())
    if not any(problem.mesh.comm.allgather(found)):
        return None
    return ContactFacets(
        borders=borders, kind=kind[inverse], resistance=resistance[inverse], sheet=sheet[inverse]
    )


def facet_interfaces(
    mesh: LabelledMesh,
    contacts: ContactFacets,
    entities: Entities,
    dofs: KeyedDofs,
    cells: NDArray[np.int64],
) -> InterfaceFacets:
    """Find resistive facets and sheets and the unknowns at them (collective).

    Args:
        mesh: Labelled mesh.
        contacts: Facets between different labels and their laws.
        entities: Vertices.
        dofs: Unknowns.
        cells: Solved component of each local cell, else -1, and its component, solved or not, -1
            for insulators, shape (m, 2).
    """
    contacts = contacts.part((contacts.kind == ContactKind.IMPERFECT) | (contacts.sheet > 0.0))
    borders = contacts.borders
    corners = _corners(mesh, borders, entities, dofs, cells)
    areas = facet_areas(corners.points.reshape(-1, mesh.dimension), _rows(corners.points))
    jumps = (corners.group >= 0).all(axis=1) & (contacts.kind == ContactKind.IMPERFECT)
    return InterfaceFacets(
        resistive=ResistiveFacets(
            dofs=corners.dofs[jumps],
            areas=areas[jumps],
            conductance=1.0 / contacts.resistance[jumps],
            labels=borders.labels[jumps],
            group=corners.group[jumps, 0],
        ),
        sheets=_sheets(mesh, borders, corners, areas, contacts.sheet),
    )


def _rows(points: Array) -> NDArray[np.int64]:
    """Number the rows of stacked points."""
    return np.arange(points.shape[0] * points.shape[1]).reshape(points.shape[:2])


def _corners(
    mesh: LabelledMesh,
    borders: Borders,
    entities: Entities,
    dofs: KeyedDofs,
    cells: NDArray[np.int64],
) -> _FacetCorners:
    """Gather both sides of facets (collective).

    Vertices are ordered by representative. Where a box is one cell thick, two vertices of a facet
    may share it; they then share their unknowns as well, and either order will do.
    """
    d = mesh.dimension

    def answer(asked: NDArray[np.int64]) -> NDArray[np.int64]:
        entity = entities.representative[entities.merged[mesh.cells[asked]]]
        number = np.full(entity.shape, -1, dtype=np.int64)
        solved = cells[asked, 0] >= 0
        number[solved] = global_numbers(dofs.index_map, dofs.of_cell[asked[solved]])
        return np.concatenate([entity, number, cells[asked]], axis=1)

    near, far = answer(borders.near[:, 0]), ask_owners(mesh, borders.far[:, 0], answer)
    others, sides = facet_corners(d), []
    for rows, facet in ((near, borders.near[:, 1]), (far, borders.far[:, 1])):
        corner = others[facet]
        order = np.argsort(np.take_along_axis(rows, corner, axis=1), axis=1, kind="stable")
        corner = np.take_along_axis(corner, order, axis=1)
        sides.append((corner, np.take_along_axis(rows, d + 1 + corner, axis=1)))
    points = mesh.points[np.take_along_axis(mesh.cells[borders.near[:, 0]], sides[0][0], axis=1)]
    of_cells = np.stack([near[:, -2:], far[:, -2:]], axis=1)
    return _FacetCorners(
        points=points,
        dofs=np.stack([side for _, side in sides], axis=1),
        group=of_cells[:, :, 0],
        conducts=of_cells[:, :, 1] >= 0,
    )


def _sheets(
    mesh: LabelledMesh, borders: Borders, corners: _FacetCorners, areas: Array, sheet: Array
) -> SheetFacets:
    """Split sheets into their sides: halves between conductors, else all on the one that conducts.

    What lies on a conductor without unknowns is left out.
    """
    share = sheet[:, None] / np.maximum(corners.conducts.sum(axis=1), 1)[:, None]
    facet, side = np.nonzero((corners.group >= 0) & (share > 0.0))
    edges = corners.points[facet, 1:] - corners.points[facet, :1]
    inverse = np.linalg.inv(edges @ edges.transpose(0, 2, 1))
    inner = inverse @ edges
    labels = borders.labels
    first = mesh.mesh.topology.index_map(mesh.dimension).local_range[0]
    places = np.stack([borders.near + np.array([first, 0]), borders.far], axis=1)
    return SheetFacets(
        dofs=corners.dofs[facet, side],
        areas=areas[facet],
        gradients=np.concatenate([-inner.sum(axis=1, keepdims=True), inner], axis=1),
        projector=edges.transpose(0, 2, 1) @ inner,
        conductance=share[facet, 0],
        labels=np.stack([labels[facet, side], labels[facet, 1 - side]], axis=1),
        group=corners.group[facet, side],
        points=corners.points[facet],
        place=places[facet, side],
        near=borders.near[facet, 0],
        near_side=side == 0,
    )


def jump_matrices(facets: ResistiveFacets) -> Array:
    """Matrices of int_F 1/R jump(u) jump(v), shape (f, 2 d, 2 d) [S m^(d-3)]."""
    d = facets.dofs.shape[2]
    mass = (1.0 + np.eye(d)) / (d * (d + 1))
    block = np.kron(np.array([[1.0, -1.0], [-1.0, 1.0]]), mass)
    return (facets.conductance * facets.areas)[:, None, None] * block


def sheet_matrices(sheets: SheetFacets) -> Array:
    """Matrices of int_F G P grad(u) . P grad(v), shape (f, d, d) [S m^(d-3)]."""
    stiffness = sheets.gradients @ sheets.gradients.transpose(0, 2, 1)
    return (sheets.conductance * sheets.areas)[:, None, None] * stiffness


def sheet_loads(sheets: SheetFacets, e: Array) -> Array:
    """Loads of a uniform field e, -int_F G P e . grad(v), shape (f, d) [S m^(d-2)]."""
    return -(sheets.conductance * sheets.areas)[:, None] * (sheets.gradients @ e)


def jump_energy(facets: ResistiveFacets, u: Array, v: Array) -> Array:
    """Integrals int_F 1/R jump(u) jump(v), shape (f,).

    Args:
        facets: Facets.
        u: Values at the vertices on both sides, shape (f, 2, d).
        v: The same for the second function.
    """
    d = facets.dofs.shape[2]
    a, b = u[:, 0] - u[:, 1], v[:, 0] - v[:, 1]
    integral: Array = ((a * b).sum(axis=1) + a.sum(axis=1) * b.sum(axis=1)) / (d * (d + 1))
    return facets.conductance * facets.areas * integral


def sheet_energy(sheets: SheetFacets, u: Array, v: Array) -> Array:
    """Integrals int_F G u . v of tangential fields, constant on each facet, shape (f,).

    Args:
        sheets: Sides of facets.
        u: Tangential field, shape (f, d).
        v: The same for the second function.
    """
    energy: Array = sheets.conductance * sheets.areas * (u * v).sum(axis=1)
    return energy
