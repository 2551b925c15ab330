"""Guaranteed bounds of the effective conductivity on the meshed geometry.

For every mean field e, with any admissible potential and any currents that conserve charge,

    e . L e <= e . sigma_eff e <= e . U e,

    U[k, l] = 1/V (int E_k . S E_l + int_resistive 1/R jump(w_k) jump(w_l)),
    L[k, l] = 1/V (int q_k . e_l + int q_l . e_k - int q_k . S^-1 q_l
                   - int_resistive R (q_k . n) (q_l . n))  plus the same of sheets,

    int_sheet G E_k . E_l  in U,     int_sheet (s_k . e_l + s_l . e_k - s_k . s_l / G)  in L.

E_k = e_k + grad w_k is the P1 field, q_k the conserved current density, s_k that along sheets.
Nothing is assumed of how well the linear systems were solved. Derivation and hypotheses:
docs/theory_of_brackets.md.

Source: Prager and Synge, Q. Appl. Math. 5 (1947) 241; Marini, SIAM J. Numer. Anal. 22 (1985) 493.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.periodicity import AXES
from cellion.transport.dual.lower_bound import ConservedCurrents
from cellion.transport.index_maps import dof_values
from cellion.transport.primal.simplex_fields import (
    area_vectors,
    densities_of_currents,
    gradients_of_values,
)
from cellion.transport.primal.solution import Solution

__all__ = ["Bracket", "Indicators", "bracket_of"]

type Array = NDArray[np.float64]

_BLOCK = 1 << 15

_DIGITS = 128.0 * float(np.finfo(float).eps)
"""Rounding error of a sum of terms, relative to the sum of their absolute parts."""


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Bounds of the effective conductivity.

    Attributes:
        lower: Tensor L <= sigma_eff in the sense of quadratic forms, shape (d, d) [S/m]: its
            diagonal bounds that of sigma_eff, its other entries do not. NaN in directions not asked
            for and, with electrodes, off the diagonal.
        upper: Tensor U >= sigma_eff, likewise.
        smallest: Lower bound of each entry of sigma_eff, shape (d, d) [S/m].
        largest: Upper bound of each entry.
        rounding: Per direction, what was added on either side for rounding errors [S/m].
        unknowns: Unknowns of the lower bound.
        iterations: Iterations of the lower bound per direction.
    """

    lower: Array
    upper: Array
    smallest: Array
    largest: Array
    rounding: Mapping[str, float]
    unknowns: int
    iterations: Mapping[str, int]

    def share(self, direction: str) -> float:
        """Width of the bracket in a direction over its upper end; 0 where nothing percolates."""
        k = AXES.index(direction)
        low, high = float(self.lower[k, k]), float(self.upper[k, k])
        return (high - low) / high if high > 0.0 else 0.0

    def width(self, direction: str) -> float:
        """Width of the bracket in a direction, over its middle; 0 where nothing percolates [-]."""
        k = AXES.index(direction)
        low, high = float(self.lower[k, k]), float(self.upper[k, k])
        return (high - low) / (0.5 * (high + low)) if high > 0.0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Indicators:
    """Where the gap between the bounds comes from, per direction.

    The sum over all cells and facets of all ranks is the gap U - L without rounding.

    Attributes:
        cells: Share of each owned cell, shape (n_owned_cells,) [S/m].
        facets: Share of each resistive facet and each half of a sheet of this rank, shape (f,)
            [S/m].
        near: Owned cell that each of these facets belongs to, shape (f,).
    """

    cells: Mapping[str, Array]
    facets: Mapping[str, Array]
    near: NDArray[np.int64]


def bracket_of(
    solution: Solution, conserved: ConservedCurrents, upper: Array
) -> tuple[Bracket, Indicators]:
    """Evaluate bounds and indicators (collective).

    Args:
        solution: Solved transport.
        conserved: Currents of the same problem that conserve charge.
        upper: The energy form of the solution, U, shape (d, d) [S/m].
    """
    mesh, names = solution.problem.mesh, list(conserved.currents)
    axes = [AXES.index(name) for name in names]
    sums = _Sums.zero(len(names), mesh.dimension)
    shares = np.zeros((mesh.n_owned_cells, len(names)))
    for start in range(0, len(conserved.cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        sums, shares[conserved.cells[part]] = _add_block(solution, conserved, part, sums)
    R, areas = conserved.crossings.resistance, conserved.crossings.areas
    currents = _stacked(list(conserved.crossing.values()), len(areas))
    sums.square += (currents.T * (R / areas)) @ currents
    sheet_gaps = _add_sheets(solution, conserved, sums)
    lower, errors = np.zeros((mesh.dimension,) * 2), np.zeros((mesh.dimension, 2))
    cross, square, rounding = (
        mesh.comm.allreduce(found) / mesh.volume for found in (sums.cross, sums.square, sums.errors)
    )
    cross = cross[:, axes]
    lower[np.ix_(axes, axes)] = cross + cross.T - 0.5 * (square + square.T)
    errors[axes] = rounding
    facets = {
        name: np.concatenate(
            [_facet_gap(_jumps(solution, name), currents[:, k], R, areas), sheet_gaps[:, k]]
        )
        / mesh.volume
        for k, name in enumerate(names)
    }
    sheets = conserved.sheets
    near = conserved.crossings.near[:, 0]
    indicators = Indicators(
        cells={name: shares[:, k] / mesh.volume for k, name in enumerate(names)},
        facets=facets,
        near=near if sheets is None else np.concatenate([near, sheets.near]),
    )
    return _bracket(conserved, lower, upper, errors), indicators


def _bracket(conserved: ConservedCurrents, lower: Array, upper: Array, errors: Array) -> Bracket:
    """Widen the bounds by rounding errors, and bound entries; NaN where the solution knows none."""
    d = len(lower)
    # A form whose entries are at most sqrt(x_k x_l) is at most d times that with diagonal x.
    low, high = lower - d * np.diag(errors[:, 0]), upper + d * np.diag(errors[:, 1])
    low[np.isnan(high)] = np.nan
    gap = high - low
    reach = 0.5 * np.sqrt(np.maximum(np.outer(np.diag(gap), np.diag(gap)), 0.0))
    return Bracket(
        lower=low,
        upper=high,
        smallest=low + 0.5 * gap - reach,
        largest=low + 0.5 * gap + reach,
        rounding={name: float(d * errors[AXES.index(name)].max()) for name in conserved.currents},
        unknowns=conserved.unknowns,
        iterations=dict(conserved.iterations),
    )


@dataclass(kw_only=True)
class _Sums:
    """Sums over cells: int q_k, int q_k . S^-1 q_l, and rounding errors of L and U, times V."""

    cross: Array
    square: Array
    errors: Array

    @classmethod
    def zero(cls, count: int, dimension: int) -> _Sums:
        """Nothing added yet."""
        return cls(
            cross=np.zeros((count, dimension)),
            square=np.zeros((count, count)),
            errors=np.zeros((count, 2)),
        )


def _add_block(
    solution: Solution, conserved: ConservedCurrents, part: slice, sums: _Sums
) -> tuple[_Sums, Array]:
    """Add some of the cells that carry current.

    Returns:
        The sums, and the gap of each cell and direction, times V, shape (n, k).
    """
    problem, mesh, discrete = solution.problem, solution.problem.mesh, solution.discrete
    cells, names = conserved.cells[part], list(conserved.currents)
    axes = [AXES.index(name) for name in names]
    corners = mesh.points[mesh.cells[cells]]
    vectors, volumes = area_vectors(corners)
    S = problem.label_conductivity[mesh.cell_labels[cells]]
    through = discrete.carries[:, axes][discrete.group[cells]]
    nodes = discrete.dofs.of_cell[cells]
    values = np.stack([solution.correctors[name].x.array[nodes] for name in names], axis=2)
    fields = gradients_of_values(vectors, volumes, values)
    fields[:, np.arange(len(axes)), axes] += 1.0
    fields *= through[:, :, None]
    currents = np.stack([conserved.currents[name][part] for name in names], axis=2)
    densities = densities_of_currents(corners, volumes, currents)
    duals = np.linalg.solve(S, densities.transpose(0, 2, 1)).transpose(0, 2, 1)
    weighted = densities * volumes[:, None, None]
    sums.cross += weighted.sum(axis=0)
    for k in range(len(axes)):
        sums.square[k] += (weighted[:, k, None] * duals).sum(axis=(0, 2))
    off = fields - duals
    gap: Array = ((off @ S) * off).sum(axis=2) * volumes[:, None]
    sums.errors[:, 0] += _lower_rounding(mesh.box.max(), corners, currents, duals)
    terms = 1.0 + np.einsum("nik,ni->nk", np.abs(values), np.linalg.norm(vectors, axis=2)) / (
        mesh.dimension * volumes[:, None]
    )
    flow = np.linalg.norm(fields @ S, axis=2) * volumes[:, None]
    sums.errors[:, 1] += _DIGITS * (terms * flow).sum(axis=0)
    # A tensor with a last digit of other value gives fields, and currents, other powers.
    largest = volumes * np.linalg.norm(S, axis=(1, 2))
    for side, field in enumerate((duals, fields)):
        sums.errors[:, side] += _DIGITS * (largest @ (field**2).sum(axis=2))
    return sums, gap


def _lower_rounding(height: float, corners: Array, currents: Array, duals: Array) -> Array:
    """Rounding errors of V L per direction: of its terms, and by charge that is not conserved.

    A current that is lost in a cell does work against the potential there, which differs by about
    the height of the box times the unit field at most.
    """
    spread = np.linalg.norm(corners - corners[:, :1], axis=2)
    parts = np.einsum("nik,ni->nk", np.abs(currents), spread) / corners.shape[2]
    lost = np.abs(currents.sum(axis=1)).sum(axis=0)
    fields = np.linalg.norm(duals, axis=2) + 1.0
    errors: Array = _DIGITS * (fields * parts).sum(axis=0) + 2.0 * height * lost
    return errors


def _jumps(solution: Solution, direction: str) -> Array:
    """Corrector on the near minus that on the far side of resistive facets, shape (f, d) [m]."""
    discrete = solution.discrete
    if discrete.interfaces is None:
        return np.empty((0, solution.problem.mesh.dimension))
    facets = discrete.interfaces.resistive
    values = dof_values(
        discrete.dofs.index_map, facets.dofs, solution.correctors[direction].x.array
    )
    through = discrete.carries[facets.group, AXES.index(direction)]
    jump: Array = (values[:, 0] - values[:, 1]) * through[:, None]
    return jump


def _stacked(columns: list[Array], rows: int) -> Array:
    """Columns side by side, shape (rows, k)."""
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))


def _add_sheets(solution: Solution, conserved: ConservedCurrents, sums: _Sums) -> Array:
    """Add the currents along sheets to the sums (collective).

    Returns:
        int |G E_t - s|^2 / G over each half of a sheet, E_t of P1, per direction, shape (f, k).
    """
    sheets, names = conserved.sheets, list(conserved.fluxes)
    if sheets is None:
        return np.empty((0, len(names)))
    fluxes = np.stack([conserved.fluxes[name] for name in names], axis=2)
    sums.cross += np.einsum("fik,fij->kj", fluxes, sheets.reach)
    losses = np.einsum("fij,fjl->fil", sheets.mass, fluxes)
    sums.square += np.einsum("fik,fil->kl", fluxes, losses)
    index_map, gaps = solution.discrete.dofs.index_map, []
    for k, name in enumerate(names):
        values = dof_values(index_map, sheets.dofs, solution.correctors[name].x.array)
        through = solution.discrete.carries[sheets.group, AXES.index(name)]
        rises = np.einsum("fid,fad,fa->fi", sheets.reach, sheets.field, values)
        rises = (rises + sheets.reach[:, :, AXES.index(name)]) * through[:, None]
        # E_t . (x_i - x_F) is what M times the currents of a P1 field is.
        off = np.einsum("fij,fj->fi", sheets.inverse, rises) - fluxes[:, :, k]
        gaps.append(np.einsum("fi,fij,fj->f", off, sheets.mass, off))
        size = np.abs(fluxes[:, :, k]) * (np.abs(losses[:, :, k]) + np.abs(rises))
        lengths = np.linalg.norm(sheets.reach, axis=2) * np.abs(fluxes[:, :, k])
        sums.errors[k, 0] += _DIGITS * float(size.sum() + 2.0 * lengths.sum())
        sums.errors[k, 1] += _DIGITS * float((np.abs(rises) * np.abs(off + fluxes[:, :, k])).sum())
    return _stacked(gaps, len(fluxes))


def _facet_gap(jump: Array, current: Array, R: Array, areas: Array) -> Array:
    """Integral of (jump(w) + R q . n)^2 / R over facets, shape (f,), with linear jumps."""
    d = jump.shape[1]
    off = jump + (R * current / areas)[:, None]
    integral = ((off**2).sum(axis=1) + off.sum(axis=1) ** 2) / (d * (d + 1))
    gap: Array = areas / R * integral
    return gap
