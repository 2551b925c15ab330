"""The linear system of a transport problem, scaled to numbers near one.

Lengths are measured by the longest edge L of the box and conductivities by the largest principal
value s, so that tolerances mean the same for every problem. With d dimensions, the matrix is
divided by s L^(d-2), the load by s L^(d-1), and the unknown is w / L.
"""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import dolfinx.fem
import dolfinx.la
import numpy as np
import ufl
from numpy.typing import NDArray
from petsc4py import PETSc

from cellion.mesh.labelled import LabelledMesh
from cellion.transport.discretise import Discretisation
from cellion.transport.forms import bulk_conduction, field_load
from cellion.transport.problem import TransportProblem

__all__ = ["Scale", "assemble_load", "assemble_operator", "field_energy", "scale_of"]

_DOMAIN = 1


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Units of the linear system.

    Attributes:
        length: Longest edge of the box [m].
        conductivity: Largest principal conductivity of any material [S/m].
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
    return Scale(
        length=float(problem.mesh.box.max()),
        conductivity=float(np.linalg.eigvalsh(problem.conductivity).max()),
        dimension=problem.mesh.dimension,
    )


def _measure(cells: NDArray[np.int32], mesh: LabelledMesh) -> ufl.Measure:
    """Measure of the given owned cells."""
    domains = [(_DOMAIN, cells)]
    return ufl.Measure("dx", domain=mesh.mesh, subdomain_data=domains, subdomain_id=_DOMAIN)


def assemble_operator(problem: TransportProblem, discrete: Discretisation) -> PETSc.Mat:
    """Assemble the scaled conduction matrix without boundary conditions (collective).

    Each material is one constant tensor, so that no coefficient is stored per cell.

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
    """
    mesh, unit = problem.mesh, scale_of(problem).matrix
    u, v = ufl.TrialFunction(discrete.space), ufl.TestFunction(discrete.space)
    S = dolfinx.fem.Constant(mesh.mesh, np.eye(mesh.dimension))
    everywhere = np.sort(np.concatenate(discrete.cells))
    pattern = dolfinx.fem.form(bulk_conduction(S, u, v, _measure(everywhere, mesh)))
    entries = dolfinx.fem.create_matrix(pattern)
    for tensor, cells in zip(problem.conductivity, discrete.cells, strict=True):
        S.value = tensor / unit
        part = dolfinx.fem.form(bulk_conduction(S, u, v, _measure(cells, mesh)))
        dolfinx.fem.assemble_matrix(entries, part)
    entries.scatter_reverse()
    return _to_petsc(entries)


def _to_petsc(entries: dolfinx.la.MatrixCSR) -> PETSc.Mat:
    """Copy a DOLFINx matrix, which assembles twice as fast, into a PETSc matrix."""
    rows, columns = entries.index_map(0), entries.index_map(1)
    owned = rows.size_local
    starts = entries.indptr[: owned + 1]
    stored = entries.indices[: starts[-1]]
    matrix = PETSc.Mat().createAIJ(
        size=((owned, rows.size_global), (columns.size_local, columns.size_global)),
        csr=(
            starts.astype(PETSc.IntType),
            columns.local_to_global(stored).astype(PETSc.IntType),
            entries.data[: starts[-1]],
        ),
        comm=rows.comm,
    )
    matrix.setOption(PETSc.Mat.Option.SYMMETRIC, True)
    matrix.setOption(PETSc.Mat.Option.SYMMETRY_ETERNAL, True)
    return matrix


def assemble_load(
    problem: TransportProblem, discrete: Discretisation, axis: int
) -> NDArray[np.float64]:
    """Assemble the scaled load of a unit mean field (collective).

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        axis: Direction of the mean field.

    Returns:
        Entries of the owned unknowns; 0 in components that do not percolate in the direction.
    """
    mesh, unit = problem.mesh, scale_of(problem).load
    v = ufl.TestFunction(discrete.space)
    S = dolfinx.fem.Constant(mesh.mesh, np.eye(mesh.dimension))
    e = dolfinx.fem.Constant(mesh.mesh, np.eye(mesh.dimension)[axis])
    load = dolfinx.la.vector(discrete.dofs.index_map, 1)
    load.array[:] = 0.0
    for tensor, cells in zip(problem.conductivity, discrete.cells, strict=True):
        S.value = tensor / unit
        part = dolfinx.fem.form(field_load(S, e, v, _measure(cells, mesh)))
        dolfinx.fem.assemble_vector(load.array, part)
    load.scatter_reverse(dolfinx.la.InsertMode.add)
    owned = discrete.dofs.index_map.size_local
    through = discrete.components.percolates[:, axis]
    loaded: NDArray[np.float64] = np.where(through[discrete.dofs.group], load.array, 0.0)
    return loaded[:owned]


def field_energy(problem: TransportProblem, discrete: Discretisation, axis: int) -> float:
    """Scaled dissipation of the uniform field, int e . S e / (s L^d) (collective).

    The integral is over the components that percolate in the direction.

    Args:
        problem: Transport problem.
        discrete: Its unknowns.
        axis: Direction of the field.
    """
    scale, volumes = scale_of(problem), problem.mesh.cell_volumes
    through = discrete.components.percolates[:, axis]
    here = sum(
        tensor[axis, axis] * float(volumes[cells][through[discrete.group[cells]]].sum())
        for tensor, cells in zip(problem.conductivity, discrete.cells, strict=True)
    )
    return float(problem.mesh.comm.allreduce(here)) / (scale.load * scale.length)
