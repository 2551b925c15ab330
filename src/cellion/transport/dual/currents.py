"""Currents through facets: what they dissipate, their means, and the best combination of several.

For currents q that conserve charge and the mean field e, the lower bound is the maximum of

    e . L e = 1/V (2 int q . e - A(q, q)),
    A(q, p) = int q . S^-1 p + int_resistive R (q . n) (p . n) + int_sheet s . t / G.

Over all combinations of given currents it is known in closed form, and no less than with each of
them. Uniform currents are among them wherever they conserve charge, so that L is no less than

    L0 = (<S^-1> + 1/V int R n n)^-1,

and combinations may be zero, so that it is no less than zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.transport.dual.conservation import Conservation, conserve, defects
from cellion.transport.dual.crouzeix_raviart import FacetUnknowns
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.simplex_fields import area_vectors, densities_of_currents

__all__ = ["Currents", "best_combination", "dissipated", "uniform_currents"]

type Array = NDArray[np.float64]

_BLOCK = 1 << 15

_NOTHING = 1e-12
"""Part of a current, or of a dissipated power, that is taken for rounding errors."""


@dataclass(frozen=True, kw_only=True)
class Currents:
    """Currents of k fields.

    Attributes:
        cells: Out of the cells that carry current, through each of their facets, shape
            (n, d + 1, k) [A] (d = 2: [A/m]).
        crossing: From the near to the far side of each resistive facet, shape (f, k).
        fluxes: Through the edges of sheets, shape (g, d, k) [A m^(3-d)].
    """

    cells: Array
    crossing: Array
    fluxes: Array

    def __sub__(self, other: Currents) -> Currents:
        """Difference of as many fields."""
        return Currents(
            cells=self.cells - other.cells,
            crossing=self.crossing - other.crossing,
            fluxes=self.fluxes - other.fluxes,
        )

    def part(self, k: int) -> Currents:
        """One of the fields, without the axis that counts them."""
        return Currents(
            cells=self.cells[:, :, k], crossing=self.crossing[:, k], fluxes=self.fluxes[:, :, k]
        )

    def beside(self, other: Currents) -> Currents:
        """These fields and those of another."""
        return Currents(
            cells=np.concatenate([self.cells, other.cells], axis=2),
            crossing=np.concatenate([self.crossing, other.crossing], axis=1),
            fluxes=np.concatenate([self.fluxes, other.fluxes], axis=2),
        )

    def combined(self, weights: Array) -> Currents:
        """Combinations of the fields with weights of shape (k, m)."""
        return Currents(
            cells=self.cells @ weights,
            crossing=self.crossing @ weights,
            fluxes=self.fluxes @ weights,
        )


def dissipated(
    problem: TransportProblem, facets: FacetUnknowns, cells: NDArray[np.int64], currents: Currents
) -> tuple[Array, Array]:
    """Power A of any two of k fields, and integral of each, over all ranks (collective).

    Args:
        problem: Transport problem.
        facets: Its unknowns.
        cells: Owned cells that carry current, shape (n,).
        currents: Fields.

    Returns:
        A, shape (k, k) [W] (d = 2: [W/m]), and integrals, shape (k, d).
    """
    mesh, count = problem.mesh, currents.cells.shape[2]
    square, mean = np.zeros((count, count)), np.zeros((count, mesh.dimension))
    for start in range(0, len(cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        corners = mesh.points[mesh.cells[cells[part]]]
        volumes = mesh.cell_volumes[cells[part]]
        q = densities_of_currents(corners, volumes, currents.cells[part])
        S = problem.label_conductivity[mesh.cell_labels[cells[part]]]
        weighted = q * volumes[:, None, None]
        mean += weighted.sum(axis=0)
        fields = np.linalg.solve(S, q.transpose(0, 2, 1))
        square += np.tensordot(weighted, fields, axes=([0, 2], [0, 1]))
    R, areas = facets.crossings.resistance, facets.crossings.areas
    square += (currents.crossing.T * (R / areas)) @ currents.crossing
    if facets.sheets is not None:
        square += np.einsum("fik,fij,fjl->kl", currents.fluxes, facets.sheets.mass, currents.fluxes)
        mean += np.einsum("fik,fij->kj", currents.fluxes, facets.sheets.reach)
    return mesh.comm.allreduce(square), mesh.comm.allreduce(mean)


def uniform_currents(mesh: LabelledMesh, how: Conservation, facets: FacetUnknowns) -> Currents:
    """Uniform currents of 1 A/m^2 along those axes along which they conserve charge (collective).

    They do not where they would enter an insulator, pass an insulating interface, or leave through
    an insulated face.

    Args:
        mesh: Labelled mesh.
        how: How charge is conserved.
        facets: Unknowns of the problem.
    """
    cells = np.empty((len(how.cells), mesh.dimension + 1, mesh.dimension))
    for start in range(0, len(how.cells), _BLOCK):
        part = slice(start, start + _BLOCK)
        cells[part], _ = area_vectors(mesh.points[mesh.cells[how.cells[part]]])
    lost = np.abs(defects(how, cells)).max(axis=0, initial=0.0)
    largest = np.abs(cells).max(initial=0.0)
    worst = np.array(mesh.comm.allgather([*lost, largest])).max(axis=0)
    axes = np.flatnonzero(worst[:-1] <= _NOTHING * worst[-1])
    # Without any axis there is nothing to make exact.
    found = (conserve(how, cells) if len(axes) else cells)[:, :, axes]
    near, sheets = facets.crossings.near, facets.sheets
    halves = 0 if sheets is None else len(sheets.near)
    return Currents(
        cells=found,
        crossing=found[np.searchsorted(how.cells, near[:, 0]), near[:, 1]],
        fluxes=np.zeros((halves, mesh.dimension, len(axes))),
    )


def best_combination(power: Array, mean: Array, count: int) -> Array:
    """Weights of the combinations that give the largest lower bound, for every mean field.

    Args:
        power: A of any two of n fields, shape (n, n).
        mean: Integrals of the fields along the directions of the mean fields, shape (n, count).
        count: Number of mean fields; as many of the fields, the first, are near the best.

    Returns:
        Weights, shape (n, count). What is nearly best already is changed little: corrections along
        combinations that dissipate nothing but rounding errors are left out.
    """
    size = np.sqrt(np.maximum(np.diag(power), 0.0))
    unit = 1.0 / np.where(size > 0.0, size, np.inf)
    first = np.eye(len(power), count)
    short = unit[:, None] * (mean - power @ first)
    scaled = power * np.outer(unit, unit)
    more = np.linalg.pinv(scaled, rcond=_NOTHING, hermitian=True) @ short
    weights: Array = first + unit[:, None] * more
    return weights
