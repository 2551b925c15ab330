"""An estimate of the discretisation error by recovering a smoother field."""

from __future__ import annotations

import cellion.parallel  # noqa: F401

import dolfinx.la
import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.dissipation import Fields, carrying_volumes, quadratic_form
from cellion.mesh.periodicity import AXES
from cellion.transport.interfaces import sum_at_owners
from cellion.transport.solution import Solution, conductivity_of
from cellion.transport.spaces import KeyedDofs, number_keys, vertex_entities

__all__ = ["recovery_error"]

type Array = NDArray[np.float64]


def _smooth_regions(solution: Solution) -> tuple[KeyedDofs, Array]:
    """Number the vertices within each region where fields are smooth (collective).

    Regions are the components of each material; with oriented grains or imperfect interfaces,
    those of each label. Parts that touch in a vertex or an edge only are apart, as their unknowns
    are.

    Returns:
        These vertices and the conductivity at each, shape (n_dofs, d, d) [S/m].
    """
    problem, mesh, discrete = solution.problem, solution.problem.mesh, solution.discrete
    by_label = discrete.interfaces is not None or bool(problem.oriented.any())
    used = [mesh.comm.allreduce(len(cells)) > 0 for cells in discrete.cells]
    if sum(used) == 1 and not by_label:
        only = problem.conductivity[used.index(True)]
        return discrete.dofs, np.broadcast_to(only, (len(discrete.dofs.group), *only.shape))
    region, tensors = mesh.cell_materials, problem.conductivity
    if by_label:
        region, tensors = mesh.cell_labels, problem.label_conductivity
    group = discrete.group.astype(np.int64) * len(tensors) + region
    group[discrete.group < 0] = -1
    entities = vertex_entities(mesh, periodic=problem.wraps)
    dofs = number_keys(entities, group, mesh.n_owned_cells, mesh.comm, discrete.sides)
    return dofs, tensors[dofs.group % len(tensors)]


def recovery_error(solution: Solution, fields: Fields, tensor: Array) -> dict[str, float]:
    """Relative error of sigma_eff per direction, int (G - E) . S (G - E) over V sigma_eff.

    E is the field, constant in each cell; G is linear, with the mean of E at each of the n = d + 1
    corners, weighted with the volumes V of the cells around it. With the sum g of G over the
    corners of a cell and the volume W around a vertex, the integral is

        1 / (n (n + 1)) sum_cells V (g . S g + n (n + 1) E . S E)
      - (2 n + 1) / (n (n + 1)) sum_vertices W G . S G.

    Sheets add the same of their tangential fields.

    Args:
        solution: Solved transport.
        fields: Its fields.
        tensor: Effective conductivity, shape (d, d) [S/m].

    Source: Zienkiewicz and Zhu, Int. J. Numer. Methods Eng. 24 (1987) 337.
    """
    dofs, conductivity = _smooth_regions(solution)
    corners, mesh = dofs.of_cell[fields.cells], solution.problem.mesh
    n, error = mesh.dimension + 1, {}
    for name, field in fields.field.items():
        weights = carrying_volumes(solution, fields, name, name)
        around = _vertex_sums(dofs, corners, weights)
        smooth = np.stack(
            [_vertex_sums(dofs, corners, weights * component) for component in field.T], axis=1
        )
        np.divide(smooth, around[:, None], out=smooth, where=around[:, None] > 0.0)
        here = 0.0
        for material, part in fields.blocks:
            S = conductivity_of(solution.problem, material, fields.cells[part])
            summed = sum(smooth[column] for column in corners[part].T)
            here += quadratic_form(S, summed, summed, weights[part])
            here += n * (n + 1) * quadratic_form(S, field[part], field[part], weights[part])
        owned = slice(0, dofs.index_map.size_local)
        flux = np.einsum("nij,nj->ni", conductivity[owned], smooth[owned])
        here -= (2 * n + 1) * float(np.einsum("ni,ni,n->", flux, smooth[owned], around[owned]))
        here = here / (n * (n + 1)) + _sheet_distance(solution, fields, name)
        distance = max(float(mesh.comm.allreduce(here)), 0.0)
        k = AXES.index(name)
        error[name] = distance / (mesh.volume * float(tensor[k, k]))
    return error


def _vertex_sums(dofs: KeyedDofs, corners: NDArray[np.int32], values: Array) -> Array:
    """Sum values of cells at their vertices over all ranks, shape (n_dofs,)."""
    total = dolfinx.la.vector(dofs.index_map, 1)
    total.array[:] = 0.0
    for column in corners.T:
        total.array[:] += np.bincount(column, weights=values, minlength=len(total.array))
    total.scatter_reverse(dolfinx.la.InsertMode.add)
    total.scatter_forward()
    return np.array(total.array)


def _sheet_distance(solution: Solution, fields: Fields, direction: str) -> float:
    """Integral int G |P g - E|^2 over the sheets of this rank (collective).

    E is the tangential field, constant on each facet; g is linear, with the mean of E over the
    facets between the same two labels around each vertex, weighted with their areas.
    """
    interfaces = solution.discrete.interfaces
    if interfaces is None:
        return 0.0
    sheets, mesh = interfaces.sheets, solution.problem.mesh
    d = mesh.dimension
    through = solution.discrete.components.percolates[:, AXES.index(direction)]
    weights = sheets.areas * through[sheets.group]
    constant = fields.along[direction]
    pair = sheets.labels @ np.array([len(mesh.label_material), 1])
    rows = np.concatenate([weights[:, None], weights[:, None] * constant], axis=1)
    keys = np.stack([sheets.dofs, np.broadcast_to(pair[:, None], sheets.dofs.shape)], axis=-1)
    sums = sum_at_owners(
        solution.discrete.dofs.index_map,
        keys.reshape(-1, 2),
        np.repeat(rows, d, axis=0),
    ).reshape(-1, d, 1 + d)
    around = np.where(sums[:, :, :1] > 0.0, sums[:, :, :1], 1.0)
    smooth = np.einsum("fij,faj->fai", sheets.projector, sums[:, :, 1:] / around)
    off = smooth - constant[:, None]
    square = (off**2).sum(axis=(1, 2)) + (off.sum(axis=1) ** 2).sum(axis=1)
    return float((sheets.conductance * weights * square).sum()) / (d * (d + 1))
