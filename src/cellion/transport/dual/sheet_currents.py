"""Currents along conducting sheets, in the space of lowest order that conserves charge.

On a facet F with vertices v_i, n of them, a current has one value f_i through the edge (d = 2: end)
opposite each vertex, and is s = sum_i f_i (x - v_i) / ((n - 1) |F|). What leaves through the edges
enters from the cells on either side,

    sum_i f_i = (q . n)_near |F| + (q . n)_far |F|       (q . n out of the cells),

a constant on the facet on both sides of the equation. At an edge the f of all facets that meet
there add up to zero.

Dual to these currents are the potential on the facet (its Crouzeix-Raviart unknown) and one
unknown on each edge, its mean there:

    sum_j M_ij f_j = mean on edge i - mean on F,     M_ij = int_F s_i . s_j / G,

so that a sheet adds the energy (l - p)^T M^-1 (l - p) of the means l on edges and p on the facet.
P1 functions have a constant current, and the same energy as before.

Source: Raviart and Thomas (1977); Arnold and Brezzi, RAIRO 19 (1985) 7 (unknowns on edges).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cellion.parallel import exchange

import dolfinx.la
import numpy as np
from dolfinx import cpp
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.borders import ask_owners
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.dual.sheet_edges import number_edges
from cellion.transport.index_maps import (
    dof_values,
    global_numbers,
    owners,
    sum_at_owners,
)
from cellion.transport.matrices import from_elements
from cellion.transport.primal.interfaces import SheetFacets
from cellion.transport.primal.spaces import KeyedDofs

__all__ = [
    "SheetUnknowns",
    "extended_embedding",
    "extended_matrix",
    "number_sheets",
]

type Array = NDArray[np.float64]
type Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SheetUnknowns:
    """Halves of sheets that carry current, on the rank of their facet, and their edges.

    Attributes:
        facets: Global Crouzeix-Raviart unknown of the facet on this side, shape (f,).
        keys: Global key of the facet for currents, shape (f,).
        near_side: Whether it is the half on the near side, shape (f,).
        near: Owned cell at the facet, shape (f,).
        edges: Global unknown of the edge opposite each vertex, shape (f, d).
        reach: From the middle of the facet to that of each edge, shape (f, d, d) [m].
        mass: M, shape (f, d, d) [Ohm m^(3-d)].
        inverse: Its inverse.
        field: Of P1 fields: gradient of each barycentric coordinate, shape (f, d, d) [1/m].
        dofs: Global P1 unknowns, shape (f, d).
        group: Component, shape (f,).
        index_map: Unknowns of edges.
        facet_map: Crouzeix-Raviart unknowns.
        edge_nodes: Global P1 unknowns of owned edges, shape (e, d - 1).
        edge_group: Component of owned edges, shape (e,).
        edge_faces: Whether owned edges lie in the lower and upper face along each axis, shape
            (e, 2 d).
    """

    facets: Indices
    keys: Indices
    near_side: NDArray[np.bool_]
    near: Indices
    edges: Indices
    reach: Array
    mass: Array
    inverse: Array
    field: Array
    dofs: Indices
    group: Indices
    index_map: cpp.common.IndexMap
    facet_map: cpp.common.IndexMap
    edge_nodes: Indices
    edge_group: Indices
    edge_faces: NDArray[np.bool_]

    @property
    def conductances(self) -> Array:
        """Energy of the means on the edges and, last, on the facet, shape (f, d + 1, d + 1)."""
        d = self.edges.shape[1]
        difference = np.concatenate([np.eye(d), -np.ones((d, 1))], axis=1)
        found: Array = difference.T @ self.inverse @ difference
        return found

    def rows_of_facets(self, unknowns: NDArray[np.integer[Any]]) -> Indices:
        """Rows of Crouzeix-Raviart unknowns in matrices in which edges follow on each rank."""
        before = _starts(self.index_map)[owners(self.facet_map, unknowns)]
        return np.asarray(unknowns + before, dtype=np.int64)

    @property
    def rows(self) -> Indices:
        """Rows of the edges and, last, the facet of each half, shape (f, d + 1)."""
        edges = self.edges + _starts(self.facet_map)[owners(self.index_map, self.edges) + 1]
        return np.concatenate([edges, self.rows_of_facets(self.facets)[:, None]], axis=1)

    @property
    def size(self) -> tuple[int, int]:
        """Rows of matrices with edges, on this rank and on all."""
        local = self.facet_map.size_local + self.index_map.size_local
        return local, self.facet_map.size_global + self.index_map.size_global

    def loads(self, axis: int, through: NDArray[np.bool_]) -> Array:
        """Loads of a unit field along an axis, in the order of `rows`, shape (f, d + 1).

        Args:
            axis: Direction of the field.
            through: Whether each component carries current along it.
        """
        ahead = np.concatenate([self.reach[:, :, axis], np.zeros((len(self.edges), 1))], axis=1)
        load: Array = -np.einsum("fij,fj->fi", self.conductances, ahead)
        return load * through[self.group][:, None]

    def fluxes(self, edge_means: Array, facet_means: Array, axis: int) -> Array:
        """Currents through the edges of each half, shape (f, d) [A m^(3-d)] (collective).

        Args:
            edge_means: Corrector on owned edges [m].
            facet_means: Corrector on owned facets [m].
            axis: Direction of the mean field of 1 V/m.
        """
        edges = dof_values(self.index_map, self.edges, edge_means)
        facets = dof_values(self.facet_map, self.facets, facet_means)
        rise = edges - facets[:, None] + self.reach[:, :, axis]
        found: Array = np.einsum("fij,fj->fi", self.inverse, rise)
        return found

    def balanced(self, fluxes: Array, open_edges: NDArray[np.bool_]) -> Array:
        """Currents that add up to zero at each edge, shape (f, d, k) (collective).

        Args:
            fluxes: Currents of k fields that nearly do, shape (f, d, k).
            open_edges: Owned edges at which any current may leave.
        """
        k, edges = fluxes.shape[2], self.edges.reshape(-1)
        flat = fluxes.reshape(-1, k)
        rows = np.column_stack([np.ones(len(flat)), flat])
        sums = sum_at_owners(self.index_map, np.column_stack([edges, 0 * edges]), rows)
        closed: NDArray[np.bool_] = ~dof_values(self.index_map, edges, open_edges)
        excess = np.where(closed[:, None], sums[:, 1:] / sums[:, :1], 0.0)
        return np.asarray((flat - excess).reshape(fluxes.shape))

    def absorbed(self, keys: KeyedDofs, fluxes: Array) -> Array:
        """Currents into sheets from the cells at each local key, shape (n_keys, k) (collective).

        Args:
            keys: Keys of the facets that currents pass.
            fluxes: Currents through the edges, shape (f, d, k).
        """
        index_map, owned = keys.index_map, keys.index_map.size_local
        owner = owners(index_map, self.keys)
        numbers, _ = exchange(self.keys, owner, index_map.comm)
        taken, _ = exchange(fluxes.sum(axis=1), owner, index_map.comm)
        total = dolfinx.la.vector(index_map, taken.shape[1])
        at_keys = np.zeros((owned, taken.shape[1]))
        np.add.at(at_keys, numbers - index_map.local_range[0], taken)
        total.array[: at_keys.size] = at_keys.reshape(-1)
        total.scatter_forward()
        return np.array(total.array).reshape(-1, taken.shape[1])

    def taken_before(self, keys: Indices, fluxes: Array) -> Array:
        """Currents into the halves on the near side at some keys of this rank, shape (n, k).

        Args:
            keys: Global keys.
            fluxes: Currents through the edges, shape (f, d, k).
        """
        halves = np.flatnonzero(self.near_side)
        order = halves[np.argsort(self.keys[halves])]
        found = np.zeros((len(keys), fluxes.shape[2]))
        if len(order):
            place = np.minimum(np.searchsorted(self.keys[order], keys), len(order) - 1)
            there = self.keys[order[place]] == keys
            found[there] = fluxes[order[place[there]]].sum(axis=1)
        return found


def _starts(index_map: cpp.common.IndexMap) -> Indices:
    """First unknown of each rank, and the number of all (collective)."""
    firsts = index_map.comm.allgather(index_map.local_range[0])
    return np.array([*firsts, index_map.size_global], dtype=np.int64)


def number_sheets(
    mesh: LabelledMesh,
    sheets: SheetFacets,
    nodes: KeyedDofs,
    facets: KeyedDofs,
    keys: KeyedDofs,
    cells: Indices,
) -> SheetUnknowns | None:
    """Number the unknowns of sheets (collective).

    Args:
        mesh: Labelled mesh.
        sheets: Sides of facets that conduct.
        nodes: P1 unknowns.
        facets: Crouzeix-Raviart unknowns.
        keys: Keys of the facets that currents pass.
        cells: Owned cells that carry current.

    Returns:
        The unknowns, or None when no rank has a sheet.
    """
    if not mesh.comm.allreduce(len(sheets.areas)):
        return None
    cell, facet = sheets.place.T

    def on_facets(dofs: KeyedDofs) -> Indices:
        def answer(cells: NDArray[np.int64]) -> Indices:
            return global_numbers(dofs.index_map, dofs.of_cell[cells])

        found: Indices = ask_owners(mesh, cell, answer)[np.arange(len(cell)), facet]
        return found

    corners = sheets.points
    d, middle = corners.shape[1], corners.mean(axis=1, keepdims=True)
    reach = (middle - corners) / (d - 1)
    spread = ((corners - middle) ** 2).sum(axis=(1, 2)) / (d * (d + 1))
    moments = reach @ reach.transpose(0, 2, 1) + spread[:, None, None] / (d - 1) ** 2
    mass = moments / (sheets.areas * sheets.conductance)[:, None, None]
    edges, index_map, described = number_edges(mesh, sheets, nodes, facets, cells)
    ends = d - 1
    return SheetUnknowns(
        facets=on_facets(facets),
        keys=on_facets(keys),
        near_side=sheets.near_side,
        near=sheets.near,
        edges=edges,
        reach=reach,
        mass=mass,
        inverse=np.linalg.inv(mass),
        field=sheets.gradients,
        dofs=sheets.dofs,
        group=sheets.group,
        index_map=index_map,
        facet_map=facets.index_map,
        edge_nodes=described[:, :ends],
        edge_group=described[:, ends],
        edge_faces=described[:, ends + 1 :] > 0,
    )


def extended_matrix(matrix: PETSc.Mat, sheets: SheetUnknowns, unit: float) -> PETSc.Mat:
    """Return a Crouzeix-Raviart matrix with the edges of sheets and what these conduct.

    Args:
        matrix: Matrix without sheets, which is destroyed.
        sheets: Sheets.
        unit: Unit of the entries.
    """
    starts, columns, entries = matrix.getValuesCSR()
    count = sheets.index_map.size_local
    found = PETSc.Mat().createAIJ(
        size=(sheets.size, sheets.size),
        csr=(
            np.concatenate([starts, np.full(count, starts[-1])]).astype(PETSc.IntType),
            sheets.rows_of_facets(columns).astype(PETSc.IntType),
            entries,
        ),
        comm=matrix.comm,
    )
    matrix.destroy()
    more = from_elements(sheets.size, [(sheets.rows, sheets.conductances / unit)], found.comm)
    found.axpy(1.0, more, structure=PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
    more.destroy()
    found.setOption(PETSc.Mat.Option.SYMMETRIC, True)
    found.setOption(PETSc.Mat.Option.SYMMETRY_ETERNAL, True)
    return found


def extended_embedding(
    embedding: PETSc.Mat, sheets: SheetUnknowns, nodes: KeyedDofs, used: NDArray[np.bool_]
) -> PETSc.Mat:
    """Return the embedding of P1 with the means on edges.

    Args:
        embedding: That in Crouzeix-Raviart functions, which is destroyed.
        sheets: Sheets.
        nodes: P1 unknowns.
        used: Unknowns of P1, owned and ghost, that may differ from zero.
    """
    starts, columns, entries = embedding.getValuesCSR()
    ends = sheets.edge_nodes.shape[1]
    owned = nodes.index_map.size_local
    free = dof_values(nodes.index_map, sheets.edge_nodes, used[:owned].astype(np.float64))
    more = starts[-1] + ends * np.arange(1, len(sheets.edge_nodes) + 1)
    found = PETSc.Mat().createAIJ(
        size=(sheets.size, (owned, nodes.index_map.size_global)),
        csr=(
            np.concatenate([starts, more]).astype(PETSc.IntType),
            np.concatenate([columns, sheets.edge_nodes.reshape(-1)]).astype(PETSc.IntType),
            np.concatenate([entries, free.reshape(-1) / ends]),
        ),
        comm=embedding.comm,
    )
    embedding.destroy()
    return found
