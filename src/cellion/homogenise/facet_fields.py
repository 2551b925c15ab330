"""Fields and currents of a solution at facets where two labels meet.

The normal current of P1 cells is right to first order in their size only. Where no sheet takes up
current, what leaves one side enters the other. It is then what both cells, of heights h over the
facet, and the resistance between them let pass in series,

    q . n = (h_1 E_1 . n + jump(w) + h_2 E_2 . n) / (h_1 / S_1 + R + h_2 / S_2),

which vanishes beside an insulator, and tends to jump(w) / R where R is what resists most.
"""

from __future__ import annotations

from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import ask_owners, find_borders
from cellion.mesh.facets import facet_areas, facet_vertices
from cellion.mesh.periodicity import AXES
from cellion.transport.dual.lower_bound import ConservedCurrents
from cellion.transport.primal.contacts import ContactKind
from cellion.transport.primal.interfaces import ContactFacets, find_contacts
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.simplex_fields import area_vectors, gradients_of_values
from cellion.transport.primal.solution import Solution

__all__ = ["FacetFields", "facet_fields", "facets_with_laws"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FacetFields:
    """Fields and currents at both sides of facets, for k mean fields of 1 V/m.

    Attributes:
        areas: Areas, shape (f,) [m^(d-1)].
        fields: Field in the near and in the far cell, shape (f, 2, k, d) [V/m].
        currents: Current from the near to the far side, at either, shape (f, 2, k) [A]
            (d = 2: [A/m]).
        crossing: Current from one side to the other, shape (f, k) [A] (d = 2: [A/m]).
    """

    areas: Array
    fields: Array
    currents: Array
    crossing: Array


def facets_with_laws(problem: TransportProblem) -> ContactFacets:
    """Find all facets between labels, and their laws (collective)."""
    found = find_contacts(problem)
    if found is not None:
        return found
    borders = find_borders(problem.mesh, periodic=problem.drive.wraps)
    none = np.zeros(len(borders.labels))
    kind = np.full(len(none), ContactKind.PERFECT, dtype=np.int8)
    return ContactFacets(borders=borders, kind=kind, resistance=none, sheet=none)


def facet_fields(
    solution: Solution, conserved: ConservedCurrents | None, facets: ContactFacets
) -> FacetFields:
    """Evaluate fields and currents at facets (collective).

    Args:
        solution: Solved transport.
        conserved: Currents of the same problem that conserve charge; None for those of P1.
        facets: The facets and their laws.
    """
    mesh, borders = solution.problem.mesh, facets.borders
    d, count = mesh.dimension, len(solution.correctors)
    areas = facet_areas(mesh.points, facet_vertices(mesh.cells, borders.near))
    near = _cell_rows(solution, conserved, borders.near[:, 0])
    far = ask_owners(mesh, borders.far[:, 0], lambda cells: _cell_rows(solution, conserved, cells))
    rows = np.stack([near, far], axis=1)
    facet = np.stack([borders.near[:, 1], borders.far[:, 1]], axis=1)
    fields, on_facets = np.split(rows, [count * d], axis=2)
    at = on_facets.reshape(len(facet), 2, d + 1, 1 + 2 * count)
    at = np.take_along_axis(at, facet[:, :, None, None], axis=2)[:, :, 0]
    beside, outward, means = np.split(at, [1, 1 + count], axis=2)
    currents = outward * np.array([1.0, -1.0])[:, None]
    # Where a sheet lies on either side, the current between them is the mean of what leaves and
    # enters the cells.
    crossing = currents.mean(axis=1)
    if conserved is None:
        jump = means[:, 1] - means[:, 0]
        crossing = _in_series(facets.resistance / areas, jump, beside[:, :, 0], currents)
        alone = facets.sheet == 0.0
        currents[alone] = crossing[alone, None]
    return FacetFields(
        areas=areas,
        fields=fields.reshape(len(facet), 2, count, d),
        currents=currents,
        crossing=crossing,
    )


def _in_series(law: Array, jump: Array, beside: Array, currents: Array) -> Array:
    """Current through the cells beside facets and the laws between them, shape (f, k).

    Args:
        law: Resistance of each facet, shape (f,) [Ohm].
        jump: Mean jump of the correctors, shape (f, k) [V].
        beside: Resistance of the cells, shape (f, 2) [Ohm].
        currents: Currents in the cells towards the far side, shape (f, 2, k) [A].
    """
    resistance = law + beside.sum(axis=1)
    passes = np.isfinite(resistance)
    crossing = np.zeros_like(jump)
    drop = jump[passes] + (beside[passes, :, None] * currents[passes]).sum(axis=1)
    crossing[passes] = drop / resistance[passes, None]
    return crossing


def _cell_rows(
    solution: Solution, conserved: ConservedCurrents | None, cells: NDArray[np.int64]
) -> Array:
    """What facets ask of owned cells, one row for each, for all directions.

    The fields, then for each facet the resistance from there to the opposite vertex, the currents
    out of it and the means of the correctors.
    """
    mesh, discrete, names = solution.problem.mesh, solution.discrete, list(solution.correctors)
    d, count = mesh.dimension, len(names)
    rows = np.zeros((len(cells), count * d + (d + 1) * (1 + 2 * count)))
    if not names:
        return rows
    solved = np.flatnonzero(discrete.group[cells] >= 0)
    chosen, axes = cells[solved], [AXES.index(name) for name in names]
    vectors, volumes = area_vectors(mesh.points[mesh.cells[chosen]])
    nodes = discrete.dofs.of_cell[chosen]
    values = np.stack([solution.correctors[name].x.array[nodes] for name in names], axis=2)
    carries = discrete.carries[:, axes][discrete.group[chosen]]
    fields = gradients_of_values(vectors, volumes, values)
    fields[:, np.arange(count), axes] += 1.0
    fields *= carries[:, :, None]
    flux = vectors @ solution.problem.label_conductivity[mesh.cell_labels[chosen]]
    currents = flux @ fields.transpose(0, 2, 1)
    if conserved is not None:
        place = np.searchsorted(conserved.cells, chosen)
        currents = np.stack([conserved.currents[name][place] for name in names], axis=2)
    on_facets = np.zeros((len(cells), d + 1, 1 + 2 * count))
    on_facets[:, :, 0] = np.inf
    on_facets[solved, :, 0] = d * volumes[:, None] / (flux * vectors).sum(axis=2)
    on_facets[solved, :, 1 : 1 + count] = currents
    means = (values.sum(axis=1, keepdims=True) - values) / d
    on_facets[solved, :, 1 + count :] = means * carries[:, None]
    rows[solved, : count * d] = fields.reshape(len(chosen), count * d)
    rows[:, count * d :] = on_facets.reshape(len(cells), (d + 1) * (1 + 2 * count))
    return rows
