"""The effective conductivity of a solved problem, with an estimate of its discretisation error.

    sigma_eff[k, l] = 1/V int (e_k + grad w_k) . S (e_l + grad w_l)

This energy form is symmetric and positive semidefinite whatever the accuracy of w, and its error is
quadratic in the error of w.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

from cellion.parallel import Stopwatch

import dolfinx.la
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cellion.homogenise.properties import EffectiveTransport, effective_transport
from cellion.mesh.measure import volume_fractions
from cellion.mesh.periodicity import AXES
from cellion.transport.solution import Solution, mean_gradient
from cellion.transport.spaces import KeyedDofs, number_keys, vertex_entities

__all__ = ["EffectiveConductivity", "effective_conductivity", "homogenise"]

VOID = "(void)"
"""Name of the part of the box that no mesh cell fills."""


@dataclass(frozen=True, kw_only=True)
class EffectiveConductivity:
    """Effective conductivity and its error measures.

    Attributes:
        tensor: Effective conductivity, shape (d, d) [S/m]; NaN in directions not asked for, exactly
            0 where nothing percolates. With electrodes, off-diagonal entries are 0: the insulated
            sides do not let a transverse current be measured.
        discretisation_error: Per direction, estimated relative error of sigma_eff by the mesh [-].
        imbalance: Electrodes: per direction, current in minus current out over current [-].
        from_currents: Electrodes: per direction, sigma_eff from the mean of the two electrode
            currents [S/m].
    """

    tensor: NDArray[np.float64]
    discretisation_error: Mapping[str, float]
    imbalance: Mapping[str, float]
    from_currents: Mapping[str, float]


def homogenise(
    carrier: str, solution: Solution, watch: Stopwatch | None = None
) -> EffectiveTransport:
    """Derive the effective transport of one carrier (collective).

    Args:
        carrier: ``ion`` or ``electron``.
        solution: Solved transport.
        watch: Records the stage ``homogenise``.

    Returns:
        The record of plain numbers. What a mesh leaves empty counts as an insulator, `VOID`.
    """
    watch = watch or Stopwatch()
    with watch.stage("homogenise"):
        effective = effective_conductivity(solution)
        mesh, conductivity = solution.problem.mesh, solution.problem.conductivity
        materials, fractions = mesh.materials, volume_fractions(mesh)
        if not mesh.fills_box:
            materials = (*materials, VOID)
            fractions = np.append(fractions, max(1.0 - float(fractions.sum()), 0.0))
            conductivity = np.concatenate([conductivity, np.zeros_like(conductivity[:1])])
        return effective_transport(
            carrier,
            effective.tensor,
            materials=materials,
            fractions=fractions,
            conductivity=conductivity,
            percolates=solution.percolation.percolates,
            discretisation_error=effective.discretisation_error,
            imbalance=effective.imbalance,
        )


def effective_conductivity(solution: Solution) -> EffectiveConductivity:
    """Compute the effective tensor, its error estimate and the balance of currents (collective).

    The error estimate compares the field e + grad(w), constant in each cell, with a continuous one
    recovered by volume-weighted averaging at the vertices within each material and component, in
    the energy norm (Zienkiewicz and Zhu, Int. J. Numer. Methods Eng. 24 (1987) 337). With P1
    elements and perfect contacts, the square of the energy error is the error of sigma_eff, which
    is too high. It is an estimate and not a bound: it is sharp for smooth fields on regular meshes,
    and can be off by a factor of a few at corners, in necks of few cells, and on coarse meshes. The
    error of the geometry (facets instead of spheres) is not in it.

    Args:
        solution: Solved transport.
    """
    problem = solution.problem
    tensor = np.zeros((problem.mesh.dimension,) * 2)
    error = dict.fromkeys(problem.directions, 0.0)
    if solution.correctors:
        cells = np.concatenate(solution.discrete.cells)
        fields = {name: mean_gradient(solution, name, cells) for name in solution.correctors}
        tensor = _dissipation(solution, fields)
        error |= _recovery_error(solution, fields, tensor)
    for axis in set(range(problem.mesh.dimension)) - set(problem.axes):
        tensor[axis, :] = tensor[:, axis] = nan
    length = problem.mesh.box
    currents = {
        name: 0.5 * sum(pair) * float(length[AXES.index(name)]) / problem.mesh.volume
        for name, pair in solution.currents.items()
    }
    balance = {
        name: abs(lower - upper) / max(abs(lower), abs(upper))
        for name, (lower, upper) in solution.currents.items()
    }
    return EffectiveConductivity(
        tensor=tensor, discretisation_error=error, imbalance=balance, from_currents=currents
    )


def _dissipation(
    solution: Solution, fields: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Energy form of the fields of all directions, shape (d, d) [S/m]."""
    mesh = solution.problem.mesh
    tensor = np.zeros((mesh.dimension, mesh.dimension))
    for first, field in fields.items():
        flux = _flux(solution, field)
        for second, other in fields.items():
            if second < first or (second != first and solution.problem.boundary == "electrodes"):
                continue
            pair = AXES.index(first), AXES.index(second)
            weights = _weights(solution, first, second)
            tensor[pair] = tensor[pair[::-1]] = np.einsum("ni,ni,n->", flux, other, weights)
    total: NDArray[np.float64] = mesh.comm.allreduce(tensor)
    return total / mesh.volume


def _flux(solution: Solution, field: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply the conductivity of their material to the fields of the solved cells."""
    flux, start = np.empty_like(field), 0
    for tensor, cells in zip(solution.problem.conductivity, solution.discrete.cells, strict=True):
        part = slice(start, start + len(cells))
        np.matmul(field[part], tensor, out=flux[part])
        start = part.stop
    return flux


def _weights(solution: Solution, first: str, second: str) -> NDArray[np.float64]:
    """Volumes of the solved cells, 0 where one of the directions carries no current."""
    cells = np.concatenate(solution.discrete.cells)
    volumes = solution.problem.mesh.cell_volumes[cells]
    percolates = solution.discrete.components.percolates
    both = percolates[:, AXES.index(first)] & percolates[:, AXES.index(second)]
    if not both[solution.discrete.components.solved].all():
        volumes[~both[solution.discrete.group[cells]]] = 0.0
    return volumes


@dataclass(frozen=True, kw_only=True)
class _Recovery:
    """Vertices within each component and material, where fields are smooth.

    Attributes:
        dofs: These vertices.
        corners: Incidence of the solved cells, shape (m, n_dofs).
        conductivity: Conductivity at each of them, shape (n_dofs, d, d) or (1, d, d) [S/m].
    """

    dofs: KeyedDofs
    corners: csr_array
    conductivity: NDArray[np.float64]


def _recovery(solution: Solution) -> _Recovery:
    """Number the vertices of smooth regions (collective)."""
    mesh, discrete = solution.problem.mesh, solution.discrete
    n_materials = len(mesh.materials)
    used = [mesh.comm.allreduce(len(cells)) > 0 for cells in discrete.cells]
    if sum(used) == 1:
        dofs = discrete.dofs
        conductivity = solution.problem.conductivity[used]
    else:
        group = discrete.group.astype(np.int64) * n_materials + mesh.cell_materials
        entities = vertex_entities(mesh, periodic=solution.problem.boundary == "periodic")
        dofs = number_keys(
            entities, np.where(discrete.group >= 0, group, -1), mesh.n_owned_cells, mesh.comm
        )
        conductivity = solution.problem.conductivity[dofs.group % n_materials]
    corners = dofs.of_cell[np.concatenate(discrete.cells)]
    n_cells, n = corners.shape
    incidence = csr_array(
        (np.ones(corners.size), corners.reshape(-1), np.arange(0, corners.size + 1, n)),
        shape=(n_cells, len(dofs.group)),
    )
    return _Recovery(dofs=dofs, corners=incidence, conductivity=conductivity)


def _recovery_error(
    solution: Solution, fields: Mapping[str, NDArray[np.float64]], tensor: NDArray[np.float64]
) -> dict[str, float]:
    """Relative error of sigma_eff per direction, from recovered fields."""
    recovery, error = _recovery(solution), {}
    for name, field in fields.items():
        weights = _weights(solution, name, name)
        here = _energy_distance(solution, recovery, field, weights)
        distance = float(solution.problem.mesh.comm.allreduce(here))
        k = AXES.index(name)
        error[name] = max(distance, 0.0) / (solution.problem.mesh.volume * float(tensor[k, k]))
    return error


def _energy_distance(
    solution: Solution,
    recovery: _Recovery,
    field: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    """This rank's part of int (G - E) . S (G - E), with E constant in each cell and G linear.

    G is the mean of E at each of the n = d + 1 corners, weighted with the volumes V of the cells
    around it. With the sum g of G over the corners of a cell and the volume W around a vertex,
    the integral is

        1 / (n (n + 1)) sum_cells V (g . S g + n (n + 1) E . S E)
      - (2 n + 1) / (n (n + 1)) sum_vertices W G . S G.
    """
    n = solution.problem.mesh.dimension + 1
    sums = _vertex_sums(recovery, np.column_stack([field, np.ones(len(field))]), weights)
    around = sums[:, -1:]
    smooth = np.divide(sums[:, :-1], around, out=np.zeros_like(sums[:, :-1]), where=around > 0.0)
    summed = recovery.corners @ smooth
    cells = np.einsum("ni,ni,n->", _flux(solution, summed), summed, weights)
    cells += n * (n + 1) * np.einsum("ni,ni,n->", _flux(solution, field), field, weights)
    owned = slice(0, recovery.dofs.index_map.size_local)
    flux = np.einsum(
        "nij,nj->ni",
        np.broadcast_to(recovery.conductivity, (len(smooth), n - 1, n - 1))[owned],
        smooth[owned],
    )
    vertices = np.einsum("ni,ni,n->", flux, smooth[owned], around[owned, 0])
    return float(cells - (2 * n + 1) * vertices) / (n * (n + 1))


def _vertex_sums(
    recovery: _Recovery, values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum weighted values of cells at their vertices over all ranks, shape (n_dofs, k)."""
    width = values.shape[1]
    total = dolfinx.la.vector(recovery.dofs.index_map, width)
    table: NDArray[np.float64] = total.array.reshape(-1, width)
    values *= weights[:, None]
    table[:] = recovery.corners.T @ values
    total.scatter_reverse(dolfinx.la.InsertMode.add)
    total.scatter_forward()
    return table
