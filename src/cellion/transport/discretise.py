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
from cellion.transport.interfaces import (
    Contacts,
    Interfaces,
    facet_interfaces,
    find_contacts,
)
from cellion.transport.percolation import (
    Components,
    Separates,
    find_components,
    flux_enters,
)
from cellion.transport.problem import TransportProblem
from cellion.transport.sides import find_sides
from cellion.transport.spaces import (
    Entities,
    KeyedDofs,
    Sides,
    function_space,
    number_keys,
    vertex_entities,
)

__all__ = ["Discretisation", "discretise", "imperfect_contacts"]

_NEGLIGIBLE = 1e-10
"""Resistance, over that of the box filled with the best conductor, which is perfect contact.

A hundred in a row change sigma_eff by 1e-8. Rounding the stiff entries they would make costs more.
"""


@dataclass(frozen=True, kw_only=True)
class Discretisation:
    """The unknowns of a transport problem.

    Attributes:
        components: Connected components of the conducting cells.
        group: Component of each local cell if it is solved for, else -1, shape (m,).
        cells: Owned solved cells of each material, one array per material.
        dofs: Unknowns: a vertex (with its images, when periodic) within a component, on one of its
            sides; `cellion.transport.spaces.dof_labels` tells the label of each.
        sides: The sides of vertices; None when none has several.
        space: The P1 space of these unknowns.
        interfaces: Resistive facets and sheets; None when there are none on any rank.
    """

    components: Components
    group: NDArray[np.int32]
    cells: tuple[NDArray[np.int32], ...]
    dofs: KeyedDofs
    sides: Sides | None
    space: dolfinx.fem.FunctionSpace
    interfaces: Interfaces | None = None

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
    periodic = problem.wraps
    contacts = imperfect_contacts(problem)
    components = _components(problem, contacts)
    solved = components.percolates[:, list(problem.axes)].any(axis=1)
    of_cell = components.cell_component
    group = np.where((of_cell >= 0) & np.append(solved, False)[of_cell], of_cell, -1)
    owned = mesh.n_owned_cells
    material = np.where(group[:owned] >= 0, mesh.cell_materials[:owned], -1)
    entities = vertex_entities(mesh, periodic=periodic)
    sides = _sides(problem, entities, contacts, group)
    dofs = number_keys(entities, group, owned, mesh.comm, sides)
    interfaces = None
    if contacts is not None:
        of_cells = np.stack([group, of_cell], axis=1).astype(np.int64)
        interfaces = facet_interfaces(mesh, contacts, entities, dofs, of_cells)
    return Discretisation(
        components=components,
        group=group.astype(np.int32),
        cells=tuple(
            np.flatnonzero(material == index).astype(np.int32)
            for index in range(len(mesh.materials))
        ),
        dofs=dofs,
        sides=sides,
        space=function_space(mesh, dofs),
        interfaces=interfaces,
    )


def imperfect_contacts(problem: TransportProblem) -> Contacts | None:
    """Find the facets between labels and their laws, without negligible resistances (collective).

    Returns:
        None when no interface differs from perfect contact.
    """
    if problem.interfaces is None or problem.conductivity.max() <= 0.0:
        return None
    return find_contacts(
        problem.mesh,
        problem.interfaces,
        periodic=problem.wraps,
        negligible=_negligible(problem),
    )


def _components(problem: TransportProblem, contacts: Contacts | None) -> Components:
    """Find the components and which of them carry current in each direction."""
    mesh, laws = problem.mesh, problem.interfaces
    insulating = None
    if laws is not None and contacts is not None:
        found = bool(np.isinf(contacts.resistance).any())
        if any(mesh.comm.allgather(found)):
            insulating = lambda labels: np.isinf(laws.resistance(labels))  # noqa: E731
    if problem.excluded is not None:
        mesh, insulating = _apart(mesh, problem.excluded, insulating)
    components = find_components(
        mesh,
        problem.conducts,
        periodic=problem.wraps,
        separates=insulating,
    )
    if problem.boundary == "cell":
        carries = components.touches.all(axis=2)
    elif problem.boundary == "uniform_gradient":
        attached = components.touches.any(axis=(1, 2))
        carries = np.repeat(attached[:, None], mesh.dimension, axis=1)
    elif problem.boundary == "uniform_flux":
        carries = components.touches.any(axis=(1, 2))[:, None] & flux_enters(mesh, components)
    else:
        return components
    return replace(components, percolates=carries)


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
    contacts: Contacts | None,
    group: NDArray[np.int32],
) -> Sides | None:
    """Find the sides of vertices."""
    mesh, laws = problem.mesh, problem.interfaces
    if contacts is None or laws is None:
        return find_sides(mesh, entities, group, periodic=problem.wraps)
    borders, negligible = contacts.borders, _negligible(problem)
    beyond = ask_owners(mesh, borders.far[:, 0], lambda cells: group[cells])
    solved = (group[borders.near[:, 0]] >= 0) & (beyond >= 0)
    return find_sides(
        mesh,
        entities,
        group,
        periodic=problem.wraps,
        imperfect=borders.part(solved & (contacts.resistance > 0.0)),
        separates=lambda labels: laws.resistance(labels) >= negligible,
    )


def _negligible(problem: TransportProblem) -> float:
    """Resistance below which a contact is perfect [Ohm m^2]."""
    return _NEGLIGIBLE * float(problem.mesh.box.max()) / float(problem.conductivity.max())
