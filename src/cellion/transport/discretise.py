"""From a transport problem to its discrete space: connected components and numbered unknowns."""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import dolfinx.fem
import numpy as np
from numpy.typing import NDArray

from cellion.transport.percolation import Components, find_components
from cellion.transport.problem import TransportProblem
from cellion.transport.spaces import KeyedDofs, function_space, number_keys, vertex_entities

__all__ = ["Discretisation", "discretise"]


@dataclass(frozen=True, kw_only=True)
class Discretisation:
    """The unknowns of a transport problem.

    Attributes:
        components: Connected components of the conducting cells.
        group: Component of each local cell if it is solved for, else -1, shape (m,).
        cells: Owned solved cells of each material, one array per material.
        dofs: Unknowns: a vertex (with its images, when periodic) within a component, on one side
            of the imperfect interfaces there; `cellion.transport.spaces.dof_labels` tells the
            label of each.
        space: The P1 space of these unknowns.
    """

    components: Components
    group: NDArray[np.int32]
    cells: tuple[NDArray[np.int32], ...]
    dofs: KeyedDofs
    space: dolfinx.fem.FunctionSpace

    @property
    def unknowns(self) -> int:
        """Number of unknowns on all ranks."""
        return int(self.dofs.index_map.size_global)


def discretise(problem: TransportProblem) -> Discretisation:
    """Find what conducts across the box and number its unknowns (collective).

    Components that percolate in no wanted direction carry no current and get no unknowns.

    Args:
        problem: Transport problem.
    """
    mesh = problem.mesh
    periodic = problem.boundary == "periodic"
    components = find_components(mesh, problem.conducts, periodic=periodic)
    solved = components.percolates[:, list(problem.axes)].any(axis=1)
    of_cell = components.cell_component
    group = np.where((of_cell >= 0) & np.append(solved, False)[of_cell], of_cell, -1)
    owned = mesh.n_owned_cells
    material = np.where(group[:owned] >= 0, mesh.cell_materials[:owned], -1)
    entities = vertex_entities(mesh, periodic=periodic)
    dofs = number_keys(entities, group, owned, mesh.comm)
    return Discretisation(
        components=components,
        group=group.astype(np.int32),
        cells=tuple(
            np.flatnonzero(material == index).astype(np.int32)
            for index in range(len(mesh.materials))
        ),
        dofs=dofs,
        space=function_space(mesh, dofs),
    )
