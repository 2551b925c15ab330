"""The linear system of a transport problem, scaled to numbers near one.

Lengths are measured by the longest edge L of the box and conductivities by the largest principal
value s, so that tolerances mean the same for every problem. With d dimensions, the matrix is
divided by s L^(d-2), the load by s L^(d-1), and the unknown is w / L.

Where conductors of any contrast meet at the faces, s is the smallest value instead. A metal there
can be 1e9 times better than the rest, so that entries would be taken for zero where PETSc compares
pivots and singular values with 1e-12.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import dolfinx.fem
import dolfinx.la
import numpy as np
import ufl
from dolfinx import cpp
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.labelled import LabelledMesh, face_facets
from cellion.transport.matrices import from_elements, summed
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.forms import bulk_conduction, field_load
from cellion.transport.primal.interfaces import (
    InterfaceFacets,
    jump_matrices,
    sheet_energy,
    sheet_loads,
    sheet_matrices,
)
from cellion.transport.primal.problem import TransportProblem

__all__ = [
    "Scale",
    "assemble_flux",
    "assemble_load",
    "assemble_operator",
    "field_energy",
    "scale_of",
]

type Array = NDArray[np.float64]

_DOMAIN = 1


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Units of the linear system.

    Attributes:
        length: Longest edge of the box [m].
        conductivity: Largest principal conductivity of any material, for a drive of any contrast
            the smallest one of a conductor; 1 where nothing conducts, so that nothing is divided
            by 0 [S/m].
        dimension: Space dimension d.
    """

    length: float
    conductivity: float
    dimension: int

    @property
    def matrix(self) -> float:
        """Unit of the entries of the matrix, s L^(d-2)."""
        return self.conductivity * self.length ** (self.dimension - 2)

    @property
    def load(self) -> float:
        """Unit of the entries of the load, s L^(d-1): a current for a mean field of 1 V/m [A]."""
        return self.conductivity * self.length ** (self.dimension - 1)


def scale_of(problem: TransportProblem) -> Scale:
    """Return the units in which a problem is solved."""
    values = np.linalg.eigvalsh(problem.conductivity[problem.conducts])
    size = values.min if problem.drive.any_contrast else values.max
    return Scale(
        length=float(problem.mesh.box.max()),
        conductivity=float(size()) if values.size else 1.0,
        dimension=problem.mesh.dimension,
    )


def _measure(cells: NDArray[np.int32], mesh: LabelledMesh) -> ufl.Measure:
    """Measure of the given owned cells."""
    domains = [(_DOMAIN, cells)]
    return ufl.Measure("dx", domain=mesh.mesh, subdomain_data=domains, subdomain_id=_DOMAIN)


def assemble_operator(problem: TransportProblem, discrete: Discretisation) -> PETSc.Mat:
    """Assemble the scaled conduction matrix without boundary conditions (collective).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
    """
    mesh, unit = problem.mesh, scale_of(problem).matrix
    u, v = ufl.TrialFunction(discrete.space), ufl.TestFunction(discrete.space)
    anything = dolfinx.fem.Constant(mesh.mesh, np.eye(mesh.dimension))
    everywhere = np.sort(np.concatenate(discrete.cells))
    pattern = dolfinx.fem.form(bulk_conduction(anything, u, v, _measure(everywhere, mesh)))
    entries = dolfinx.fem.create_matrix(pattern)
    for tensor, cells in _conductors(problem, discrete, unit):
        part = dolfinx.fem.form(bulk_conduction(tensor, u, v, _measure(cells, mesh)))
        dolfinx.fem.assemble_matrix(entries, part)
    entries.scatter_reverse()
    matrix = _to_petsc(entries)
    if discrete.interfaces is not None:
        more = _interface_matrix(discrete.interfaces, discrete.dofs.index_map, unit)
        # The sum replaces `more`: a matrix that borrows its arrays would never be freed.
        more.axpy(1.0, matrix, structure=PETSc.Mat.Structure.DIFFERENT_NONZERO_PATTERN)
        matrix.destroy()
        matrix = more
    matrix.setOption(PETSc.Mat.Option.SYMMETRIC, True)
    matrix.setOption(PETSc.Mat.Option.SYMMETRY_ETERNAL, True)
    return matrix


def _conductors(
    problem: TransportProblem, discrete: Discretisation, unit: float
) -> Iterator[tuple[ufl.core.expr.Expr, NDArray[np.int32]]]:
    """Conductivity over a unit, as an expression, and the owned cells that have it.

    A material whose tensor is the same everywhere is one constant, so that no coefficient is
    stored per cell. The others together have one coefficient per cell.
    """
    mesh, oriented = problem.mesh, problem.oriented
    S = dolfinx.fem.Constant(mesh.mesh, np.eye(mesh.dimension))
    materials = zip(problem.conductivity, discrete.cells, oriented, problem.conducts, strict=True)
    for tensor, cells, varies, carries in materials:
        if carries and not varies:
            S.value = tensor / unit
            yield S, cells
    if oriented.any():
        parts = [cells for cells, varies in zip(discrete.cells, oriented, strict=True) if varies]
        turned = np.sort(np.concatenate(parts))
        yield _cell_tensor(mesh, problem.label_conductivity / unit, turned), turned


def _cell_tensor(
    mesh: LabelledMesh, tensors: NDArray[np.float64], cells: NDArray[np.int32]
) -> ufl.core.expr.Expr:
    """Symmetric tensor that is constant in each cell, from the tensor of each label."""
    d = mesh.dimension
    rows, columns = np.triu_indices(d)
    space = dolfinx.fem.functionspace(mesh.mesh, ("Discontinuous Lagrange", 0, (len(rows),)))
    entries = dolfinx.fem.Function(space)
    values = entries.x.array.reshape(-1, len(rows))
    values[space.dofmap.list[cells, 0]] = tensors[:, rows, columns][mesh.cell_labels[cells]]
    place = np.empty((d, d), dtype=int)
    place[rows, columns] = place[columns, rows] = np.arange(len(rows))
    return ufl.as_tensor([[entries[int(k)] for k in row] for row in place])


def _interface_matrix(
    interfaces: InterfaceFacets, index_map: cpp.common.IndexMap, unit: float
) -> PETSc.Mat:
    """Assemble what interfaces add, over a unit; entries may belong to other ranks."""
    resistive, sheets = interfaces.resistive, interfaces.sheets
    count, size = len(resistive.dofs), (index_map.size_local, index_map.size_global)
    both_sides = resistive.dofs.reshape(count, 2 * resistive.dofs.shape[2])
    parts = [
        (both_sides, jump_matrices(resistive) / unit),
        (sheets.dofs, sheet_matrices(sheets) / unit),
    ]
    return from_elements(size, parts, index_map.comm)


def _to_petsc(entries: dolfinx.la.MatrixCSR) -> PETSc.Mat:
    """Turn a DOLFINx matrix, which assembles twice as fast, into a PETSc matrix."""
    rows, columns = entries.index_map(0), entries.index_map(1)
    owned = rows.size_local
    starts = entries.indptr[: owned + 1]
    stored = entries.indices[: starts[-1]]
    return PETSc.Mat().createAIJWithArrays(
        size=((owned, rows.size_global), (columns.size_local, columns.size_global)),
        csr=(
            starts.astype(PETSc.IntType),
            columns.local_to_global(stored).astype(PETSc.IntType),
            entries.data[: starts[-1]],
        ),
        comm=rows.comm,
    )


def assemble_load(problem: TransportProblem, discrete: Discretisation, axis: int) -> Array:
    """Assemble the scaled load of a unit mean field (collective).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        axis: Direction of the mean field.

    Returns:
        Entries of the owned unknowns; 0 in components that carry no current in the direction.
    """
    mesh, unit = problem.mesh, scale_of(problem).load
    v = ufl.TestFunction(discrete.space)
    field = np.eye(mesh.dimension)[axis]
    e = dolfinx.fem.Constant(mesh.mesh, field)
    load = dolfinx.la.vector(discrete.dofs.index_map, 1)
    load.array[:] = 0.0
    for tensor, cells in _conductors(problem, discrete, unit):
        part = dolfinx.fem.form(field_load(tensor, e, v, _measure(cells, mesh)))
        dolfinx.fem.assemble_vector(load.array, part)
    load.scatter_reverse(dolfinx.la.InsertMode.add)
    owned = discrete.dofs.index_map.size_local
    entries: NDArray[np.float64] = load.array[:owned]
    if discrete.interfaces is not None:
        entries = entries + _sheet_load(discrete, field) / unit
    through = discrete.carries[:, axis]
    loaded: NDArray[np.float64] = np.where(through[discrete.dofs.group[:owned]], entries, 0.0)
    return loaded


def _sheet_load(discrete: Discretisation, field: Array) -> Array:
    """Load of a uniform field on the sheets, entries of the owned unknowns."""
    index_map = discrete.dofs.index_map
    if discrete.interfaces is None:
        return np.zeros(index_map.size_local)
    sheets = discrete.interfaces.sheets
    size, loads = (index_map.size_local, index_map.size_global), sheet_loads(sheets, field)
    return summed(size, sheets.dofs.reshape(-1), loads.reshape(-1), index_map.comm)


def assemble_flux(problem: TransportProblem, discrete: Discretisation, axis: int) -> Array:
    """Assemble the scaled load of a unit current through the boundary (collective).

    The load is int e . n v over the boundary of the box, over L^(d-1).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        axis: Direction e of the current.

    Returns:
        Entries of the owned unknowns.
    """
    mesh, dofs = problem.mesh, discrete.dofs
    load = dolfinx.la.vector(dofs.index_map, 1)
    load.array[:] = 0.0
    for side, sign in ((0, -1.0), (1, 1.0)):
        facets = face_facets(mesh, axis, side)
        facets = facets[discrete.group[facets[:, 0]] >= 0]
        areas = facet_areas(mesh.points, facet_vertices(mesh.cells, facets))
        for column in facet_vertices(dofs.of_cell, facets).T:
            np.add.at(load.array, column, sign * areas / mesh.dimension)
    load.scatter_reverse(dolfinx.la.InsertMode.add)
    length = scale_of(problem).length
    entries: Array = load.array[: dofs.index_map.size_local] / length ** (mesh.dimension - 1)
    return entries


def field_energy(problem: TransportProblem, discrete: Discretisation, axis: int) -> float:
    """Scaled dissipation of the uniform field, int e . S e / (s L^d) (collective).

    The integral is over the components that carry current in the direction, sheets included.

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        axis: Direction of the field.
    """
    mesh, scale = problem.mesh, scale_of(problem)
    through = discrete.carries[:, axis]
    here = 0.0
    of_label = problem.label_conductivity[:, axis, axis]
    for cells in discrete.cells:
        carrying = cells[through[discrete.group[cells]]]
        here += float(mesh.cell_volumes[carrying] @ of_label[mesh.cell_labels[carrying]])
    if discrete.interfaces is not None:
        sheets = discrete.interfaces.sheets
        along = sheets.projector[:, :, axis]
        here += float(sheet_energy(sheets, along, along)[through[sheets.group]].sum())
    return float(mesh.comm.allreduce(here)) / (scale.load * scale.length)
