"""From a transport problem to its discrete space: connected components and numbered unknowns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cellion.parallel  # noqa: F401

import dolfinx.fem
import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import ask_owners
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.primal.contacts import ContactKind
from cellion.transport.primal.interfaces import (
    ContactFacets,
    InterfaceFacets,
    facet_interfaces,
    find_contacts,
)
from cellion.transport.primal.percolation import Components, Separates, find_components
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.spaces import (
    Entities,
    KeyedDofs,
    Sides,
    function_space,
    number_keys,
    vertex_entities,
)
from cellion.transport.primal.vertex_splitting import find_sides

__all__ = ["Discretisation", "discretise"]


@dataclass(frozen=True, kw_only=True)
class Discretisation:
    """The unknowns of a transport problem.

    Attributes:
        components: Connected components of the conducting cells.
        carries: Whether each component carries current in each direction, shape (n_components, d).
        group: Component of each local cell if it is solved for, else -1, shape (m,).
        cells: Owned solved cells of each material, one array per material.
        dofs: Unknowns: a vertex (with its images, when periodic) within a component, on one of its
            sides; `cellion.transport.primal.spaces.dof_labels` tells the label of each.
        space: The P1 space of these unknowns.
        interfaces: Resistive facets and sheets; None when there are none on any rank.
    """

    components: Components
    carries: NDArray[np.bool_]
    group: NDArray[np.int32]
    cells: tuple[NDArray[np.int32], ...]
    dofs: KeyedDofs
    space: dolfinx.fem.FunctionSpace
    interfaces: InterfaceFacets | None = None

    @property
    def unknowns(self) -> int:
        """Number of unknowns on all ranks."""
        return int(self.dofs.index_map.size_global)


def discretise(problem: TransportProblem) -> Discretisation:
    """Find what carries current and number its unknowns (collective).

    Components that carry none in any wanted direction get no unknowns.

    Args:
        problem: Transport problem.
    """
    mesh = problem.mesh
    contacts = find_contacts(problem)
    components = _components(problem, contacts)
    carries = problem.drive.carries(mesh, components)
    solved = carries[:, list(problem.axes)].any(axis=1)
    of_cell = components.cell_component
    group = np.where(np.append(solved, False)[of_cell], of_cell, -1).astype(np.int32)
    owned = mesh.n_owned_cells
    material = np.where(group[:owned] >= 0, mesh.cell_materials[:owned], -1)
    entities = vertex_entities(mesh, periodic=problem.drive.wraps)
    dofs = number_keys(
        entities, group, owned, mesh.comm, _sides(problem, entities, contacts, group)
    )
    interfaces = None
    if contacts is not None:
        of_cells = np.stack([group, of_cell], axis=1).astype(np.int64)
        interfaces = facet_interfaces(mesh, contacts, entities, dofs, of_cells)
    return Discretisation(
        components=components,
        carries=carries,
        group=group,
        cells=tuple(
            np.flatnonzero(material == index).astype(np.int32)
            for index in range(len(mesh.materials))
        ),
        dofs=dofs,
        space=function_space(mesh, dofs),
        interfaces=interfaces,
    )


def _components(problem: TransportProblem, contacts: ContactFacets | None) -> Components:
    """Find the connected components of the cells that may carry current (collective)."""
    mesh, insulating = problem.mesh, None
    found = contacts is not None and bool((contacts.kind == ContactKind.INSULATING).any())
    if any(mesh.comm.allgather(found)):
        insulating = lambda labels: problem.contact_kinds(labels) == ContactKind.INSULATING  # noqa: E731
    if problem.excluded is not None:
        mesh, insulating = _apart(mesh, problem.excluded, insulating)
    return find_components(
        mesh, problem.conducts, periodic=problem.drive.wraps, separates=insulating
    )


def _apart(
    mesh: LabelledMesh, excluded: NDArray[np.bool_], insulating: Separates | None
) -> tuple[LabelledMesh, Separates]:
    """Give excluded cells labels of their own, and insulate these from all others."""
    count = len(mesh.label_material)
    labelled = replace(
        mesh,
        cell_labels=mesh.cell_labels + count * excluded.astype(mesh.cell_labels.dtype),
        label_material=np.tile(mesh.label_material, 2),
    )

    def separates(labels: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        out: NDArray[np.bool_] = (labels[:, 0] >= count) != (labels[:, 1] >= count)
        return out if insulating is None else out | insulating(labels % count)

    return labelled, separates


def _sides(
    problem: TransportProblem,
    entities: Entities,
    contacts: ContactFacets | None,
    group: NDArray[np.int32],
) -> Sides | None:
    """Find the sides of vertices."""
    mesh, periodic = problem.mesh, problem.drive.wraps
    if contacts is None:
        return find_sides(mesh, entities, group, periodic=periodic)
    borders = contacts.borders
    beyond = ask_owners(mesh, borders.far[:, 0], lambda cells: group[cells])
    solved = (group[borders.near[:, 0]] >= 0) & (beyond >= 0)
    return find_sides(
        mesh,
        entities,
        group,
        periodic=periodic,
        imperfect=borders.part(solved & (contacts.kind != ContactKind.PERFECT)),
        separates=lambda labels: problem.contact_kinds(labels) != ContactKind.PERFECT,
    )
