"""The effective conductivity of a solved problem, with an estimate of its discretisation error.

    sigma_eff[k, l] = 1/V int (e_k + grad w_k) . S (e_l + grad w_l)

This energy form is symmetric and positive semidefinite whatever the accuracy of w, and its error is
quadratic in the error of w.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import nan

from cellion.parallel import Stopwatch

import dolfinx.la
import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.properties import EffectiveTransport, effective_transport
from cellion.mesh.measure import volume_fractions
from cellion.mesh.periodicity import AXES
from cellion.transport.solution import Solution, mean_gradient
from cellion.transport.spaces import KeyedDofs, number_keys, vertex_entities

__all__ = ["EffectiveConductivity", "effective_conductivity", "homogenise"]

_BLOCK = 1 << 15

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
        fields = _fields(solution)
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


@dataclass(frozen=True, kw_only=True)
class _Fields:
    """Fields of the solved cells, material by material.

    Attributes:
        cells: Owned solved cells, ordered by material, shape (m,).
        volumes: Their volumes, shape (m,) [m^d].
        field: e_k + grad(w_k) in them per direction, shape (m, d) [V/m].
        blocks: Conductivity of each stretch of cells of one material, and the stretch.
    """

    cells: NDArray[np.int32]
    volumes: NDArray[np.float64]
    field: Mapping[str, NDArray[np.float64]]
    blocks: tuple[tuple[NDArray[np.float64], slice], ...]


def _fields(solution: Solution) -> _Fields:
    """Evaluate the fields of all directions that carry current."""
    cells = np.concatenate(solution.discrete.cells)
    blocks, start = [], 0
    for tensor, own in zip(solution.problem.conductivity, solution.discrete.cells, strict=True):
        stop = start + len(own)
        for first in range(start, stop, _BLOCK):
            blocks.append((tensor, slice(first, min(first + _BLOCK, stop))))
        start = stop
    return _Fields(
        cells=cells,
        volumes=solution.problem.mesh.cell_volumes[cells],
        field={name: mean_gradient(solution, name, cells) for name in solution.correctors},
        blocks=tuple(blocks),
    )


def _weights(solution: Solution, fields: _Fields, first: str, second: str) -> NDArray[np.float64]:
    """Volumes of the solved cells, 0 where one of the directions carries no current."""
    percolates = solution.discrete.components.percolates
    both = percolates[:, AXES.index(first)] & percolates[:, AXES.index(second)]
    if both[solution.discrete.components.solved].all():
        return fields.volumes
    weights: NDArray[np.float64] = fields.volumes * both[solution.discrete.group[fields.cells]]
    return weights


def _dissipation(solution: Solution, fields: _Fields) -> NDArray[np.float64]:
    """Energy form of the fields of all directions, shape (d, d) [S/m]."""
    mesh = solution.problem.mesh
    tensor = np.zeros((mesh.dimension, mesh.dimension))
    for first, second in combinations_with_replacement(fields.field, 2):
        if second != first and solution.problem.boundary == "electrodes":
            continue
        weights = _weights(solution, fields, first, second)
        one, other = fields.field[first], fields.field[second]
        pair = AXES.index(first), AXES.index(second)
        here = sum(_form(S, one[part], other[part], weights[part]) for S, part in fields.blocks)
        tensor[pair] = tensor[pair[::-1]] = here
    total: NDArray[np.float64] = mesh.comm.allreduce(tensor)
    return total / mesh.volume


def _form(
    S: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    """Sum of weights times a . S b over rows."""
    return float(np.einsum("ni,ni,n->", a @ S, b, weights))


def _smooth_regions(solution: Solution) -> tuple[KeyedDofs, NDArray[np.float64]]:
    """Number the vertices within each component and material, where fields are smooth (collective).

    Returns:
        These vertices and the conductivity at each, shape (n_dofs, d, d) [S/m].
    """
    mesh, discrete = solution.problem.mesh, solution.discrete
    conductivity, n_materials = solution.problem.conductivity, len(mesh.materials)
    used = [mesh.comm.allreduce(len(cells)) > 0 for cells in discrete.cells]
    if sum(used) == 1:
        only = conductivity[used.index(True)]
        return discrete.dofs, np.broadcast_to(only, (len(discrete.dofs.group), *only.shape))
    group = discrete.group.astype(np.int64) * n_materials + mesh.cell_materials
    group[discrete.group < 0] = -1
    entities = vertex_entities(mesh, periodic=solution.problem.boundary == "periodic")
    dofs = number_keys(entities, group, mesh.n_owned_cells, mesh.comm)
    return dofs, conductivity[dofs.group % n_materials]


def _recovery_error(
    solution: Solution, fields: _Fields, tensor: NDArray[np.float64]
) -> dict[str, float]:
    """Relative error of sigma_eff per direction, int (G - E) . S (G - E) over V sigma_eff.

    E is the field, constant in each cell; G is linear, with the mean of E at each of the n = d + 1
    corners, weighted with the volumes V of the cells around it. With the sum g of G over the
    corners of a cell and the volume W around a vertex, the integral is

        1 / (n (n + 1)) sum_cells V (g . S g + n (n + 1) E . S E)
      - (2 n + 1) / (n (n + 1)) sum_vertices W G . S G.
    """
    dofs, conductivity = _smooth_regions(solution)
    corners, mesh = dofs.of_cell[fields.cells], solution.problem.mesh
    n, error = mesh.dimension + 1, {}
    for name, field in fields.field.items():
        weights = _weights(solution, fields, name, name)
        around = _vertex_sums(dofs, corners, weights)
        smooth = np.stack(
            [_vertex_sums(dofs, corners, weights * component) for component in field.T], axis=1
        )
        np.divide(smooth, around[:, None], out=smooth, where=around[:, None] > 0.0)
        here = 0.0
        for S, part in fields.blocks:
            summed = sum(smooth[column] for column in corners[part].T)
            here += _form(S, summed, summed, weights[part])
            here += n * (n + 1) * _form(S, field[part], field[part], weights[part])
        owned = slice(0, dofs.index_map.size_local)
        flux = np.einsum("nij,nj->ni", conductivity[owned], smooth[owned])
        here -= (2 * n + 1) * float(np.einsum("ni,ni,n->", flux, smooth[owned], around[owned]))
        distance = max(float(mesh.comm.allreduce(here)) / (n * (n + 1)), 0.0)
        k = AXES.index(name)
        error[name] = distance / (mesh.volume * float(tensor[k, k]))
    return error


def _vertex_sums(
    dofs: KeyedDofs, corners: NDArray[np.int32], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum values of cells at their vertices over all ranks, shape (n_dofs,)."""
    total = dolfinx.la.vector(dofs.index_map, 1)
    total.array[:] = 0.0
    for column in corners.T:
        total.array[:] += np.bincount(column, weights=values, minlength=len(total.array))
    total.scatter_reverse(dolfinx.la.InsertMode.add)
    total.scatter_forward()
    return np.array(total.array)
