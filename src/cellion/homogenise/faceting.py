"""What flat facets cost: an estimate of how sigma_eff would change on the true surfaces.

With the distance delta from the facets to the surface they stand for (counted from side 1 into
side 2), E_t the field along a facet and q . n the current through it, the energy of a mean field e
changes to first order by

    V e . d(sigma_eff) e = sum_F int_F delta (H_1 - H_2)
                         + int (R (q . n)^2 + G |E_t|^2) over the surface - the same over facets,

    H = E_t . S E_t - (q . n - n . S E_t)^2 / (n . S n).

The derivative of the field drops out where the energy is least; potentials are carried along with
the points of a facet, whose areas and lengths change. The meshes balance delta, so that its square
counts as well: a wave of number k on a plane changes the energy per area by

    k <delta^2> (-|q_t|_1 - q_t|_2|^2 / (S_1 + S_2) + (E_n|_1 - E_n|_2)^2 / (1 / S_1 + 1 / S_2)),

and a facet of edge h makes waves of k = 2 pi / h. The estimate is the amount of the first sum, plus
the second with all its terms positive. It is no bound, and knows nothing of gaps or necks that are
finer than the mesh.

Source: first order, Simon, Numer. Funct. Anal. Optim. 2 (1980) 649 (derivative with respect to a
domain); second order derived in docs/theory_of_brackets.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.borders import Borders, ask_owners, find_borders
from cellion.mesh.facets import facet_vertices
from cellion.mesh.periodicity import AXES
from cellion.mesh.pieces import first_labels
from cellion.microstructure.geometry import CutGeometry
from cellion.transport.dual.lower_bound import ConservedCurrents
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.simplex_fields import area_vectors, gradients_of_values
from cellion.transport.primal.solution import Solution

__all__ = ["cell_fields", "faceting_errors"]

type Array = NDArray[np.float64]

_STEPS = 3
"""Newton steps from a facet to the surface; their error is cubed twice."""

_UPRIGHT = 1e-3
"""Cosine of the angle between a facet and its surface from which on it does not stand for it."""

_POINTS = {
    2: 0.5 + np.array([[1.0, -1.0], [-1.0, 1.0]]) / np.sqrt(12.0),
    3: np.array([[4.0, 1.0, 1.0], [1.0, 4.0, 1.0], [1.0, 1.0, 4.0]]) / 6.0,
}
"""Barycentric coordinates of equally weighted quadrature points on edges and triangles."""


_MEANS = {3: np.array([1.0, 1.0, 4.0]) / 6.0, 6: np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]) / 3.0}
"""Weights of vertices and midpoints in the mean over an edge or a triangle."""


@dataclass(frozen=True, kw_only=True)
class _Facets:
    """Interfaces that matter, and the surfaces they stand for.

    Attributes:
        borders: The facets.
        normal: Unit normal from the near to the far side, shape (f, d).
        areas: Areas, shape (f,) [m^(d-1)].
        flat: Vertices, then midpoints of edges, shape (f, n, d) [m].
        curved: The points of the surface nearest to them, likewise.
        resistance: Area-specific resistance, shape (f,) [Ohm m^2].
        sheet: Sheet conductance, shape (f,) [S].
    """

    borders: Borders
    normal: Array
    areas: Array
    flat: Array
    curved: Array
    resistance: Array
    sheet: Array


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One side of facets, for k mean fields of 1 V/m.

    Attributes:
        tensor: Conductivity, shape (f, d, d) [S/m].
        along: Field along the facet, shape (f, k, d) [V/m].
        through: Current density along the normal, shape (f, k) [A/m^2].
    """

    tensor: Array
    along: Array
    through: Array

    def normal_fields(self, normal: Array) -> tuple[Array, Array]:
        """Field along the normal, shape (f, k) [V/m], and n . S n, shape (f, 1) [S/m].

        The field is zero in insulators.
        """
        Sn = np.einsum("fij,fj->fi", self.tensor, normal)
        stiffness = np.einsum("fi,fi->f", Sn, normal)[:, None]
        excess = self.through - np.einsum("fki,fi->fk", self.along, Sn)
        field = np.divide(excess, stiffness, out=np.zeros_like(excess), where=stiffness > 0.0)
        return field, stiffness


def faceting_errors(
    solution: Solution, conserved: ConservedCurrents | None, geometry: CutGeometry
) -> dict[str, float]:
    """Estimate the change of sigma_eff per direction from facets to true surfaces (collective).

    Args:
        solution: Solved transport.
        conserved: Currents of the same problem that conserve charge; None for those of P1.
        geometry: What was meshed, the same on all ranks.

    Returns:
        Estimate per direction, >= 0; 0 in directions in which nothing percolates [S/m].
    """
    mesh, problem = solution.problem.mesh, solution.problem
    facets = _facets(problem, geometry)
    near, far = _sides(solution, conserved, facets)
    first = _first_order(facets, near, far)
    second = _second_order(facets, near, far)
    total: Array = mesh.comm.allreduce(np.stack([first, second])) / mesh.volume
    found = np.abs(total[0]) + total[1]
    names = list(solution.correctors)
    errors = dict.fromkeys(problem.directions, 0.0)
    return errors | {name: float(found[k]) for k, name in enumerate(names)}


def _facets(problem: TransportProblem, geometry: CutGeometry) -> _Facets:
    """Find the facets at which conductivities differ or a law holds (collective)."""
    mesh, laws, S = problem.mesh, problem.contacts, problem.label_conductivity
    borders = find_borders(mesh, periodic=problem.drive.wraps)
    resistance = sheet = np.zeros(len(borders.labels))
    if laws is not None:
        resistance = laws.resistance(borders.labels)
        sheet = laws.sheet_conductance(borders.labels)
    differ = (S[borders.labels[:, 0]] != S[borders.labels[:, 1]]).any(axis=(1, 2))
    matters = differ | (resistance > 0.0) | (sheet > 0.0)
    borders = borders.part(matters)
    corners = mesh.points[facet_vertices(mesh.cells, borders.near)]
    vectors, _ = area_vectors(mesh.points[mesh.cells[borders.near[:, 0]]])
    vectors = vectors[np.arange(len(corners)), borders.near[:, 1]]
    areas = np.linalg.norm(vectors, axis=1)
    pairs = [(i, j) for i in range(mesh.dimension) for j in range(i)]
    middles = [0.5 * (corners[:, i] + corners[:, j]) for i, j in pairs]
    flat = np.concatenate([corners, np.stack(middles, axis=1)], axis=1)
    labels = first_labels(mesh.pieces, borders.labels)
    return _Facets(
        borders=borders,
        normal=vectors / areas[:, None],
        areas=areas,
        flat=flat,
        curved=_projected(geometry, flat - mesh.origin, labels) + mesh.origin,
        resistance=resistance[matters],
        sheet=sheet[matters],
    )


def _projected(geometry: CutGeometry, points: Array, labels: NDArray[np.integer[Any]]) -> Array:
    """Points of the surfaces between two labels near some points, shape (f, n, d)."""
    x = points.reshape(-1, points.shape[2])
    both = np.repeat(labels, points.shape[1], axis=0).astype(np.int32)
    for _ in range(_STEPS):
        off = np.subtract(*geometry.field(x, both).T)
        slope = np.subtract(*geometry.gradient(x, both).swapaxes(0, 1))
        square = (slope**2).sum(axis=1)
        step = np.divide(off, square, out=np.zeros_like(off), where=square > 0.0)
        x = x - step[:, None] * slope
    return x.reshape(points.shape)


def _sides(
    solution: Solution, conserved: ConservedCurrents | None, facets: _Facets
) -> tuple[_Side, _Side]:
    """Fields and currents on both sides of facets (collective)."""
    mesh, borders = solution.problem.mesh, facets.borders
    S, n = solution.problem.label_conductivity, facets.normal
    rows = (
        cell_fields(solution, conserved, borders.near[:, 0]),
        ask_owners(mesh, borders.far[:, 0], lambda cells: cell_fields(solution, conserved, cells)),
    )
    count, d, sides = len(solution.correctors), mesh.dimension, []
    for side, facet in enumerate((borders.near[:, 1], borders.far[:, 1])):
        fields = rows[side][:, : count * d].reshape(len(facet), count, d)
        outward = rows[side][:, count * d :].reshape(len(facet), d + 1, count)
        outward = outward[np.arange(len(facet)), facet]
        across = np.einsum("fki,fi->fk", fields, n)
        sides.append(
            _Side(
                tensor=S[borders.labels[:, side]],
                along=fields - across[:, :, None] * n[:, None],
                through=(1 - 2 * side) * outward / facets.areas[:, None],
            )
        )
    return sides[0], sides[1]


def cell_fields(
    solution: Solution, conserved: ConservedCurrents | None, cells: NDArray[np.int64]
) -> Array:
    """Fields of all directions and the currents out of facets, one row for each owned cell."""
    mesh, discrete, names = solution.problem.mesh, solution.discrete, list(solution.correctors)
    d, count = mesh.dimension, len(names)
    rows = np.zeros((len(cells), (2 * d + 1) * count))
    if not names:
        return rows
    solved = np.flatnonzero(discrete.group[cells] >= 0)
    chosen, axes = cells[solved], [AXES.index(name) for name in names]
    vectors, volumes = area_vectors(mesh.points[mesh.cells[chosen]])
    nodes = discrete.dofs.of_cell[chosen]
    values = np.stack([solution.correctors[name].x.array[nodes] for name in names], axis=2)
    fields = gradients_of_values(vectors, volumes, values)
    fields[:, np.arange(count), axes] += 1.0
    fields *= discrete.carries[:, axes][discrete.group[chosen]][:, :, None]
    if conserved is None:
        S = solution.problem.label_conductivity[mesh.cell_labels[chosen]]
        currents = vectors @ (fields @ S).transpose(0, 2, 1)
    else:
        place = np.searchsorted(conserved.cells, chosen)
        currents = np.stack([conserved.currents[name][place] for name in names], axis=2)
    rows[solved, : count * d] = fields.reshape(len(chosen), count * d)
    rows[solved, count * d :] = currents.reshape(len(chosen), (d + 1) * count)
    return rows


def _first_order(facets: _Facets, near: _Side, far: _Side) -> Array:
    """Change of the energy to first order, times V, shape (k,)."""
    change = np.zeros(near.through.shape)
    swept = _mean_over_facets(_heights(facets)) * facets.areas
    for side, sign in ((near, 1.0), (far, -1.0)):
        field, stiffness = side.normal_fields(facets.normal)
        inner = np.einsum("fki,fij,fkj->fk", side.along, side.tensor, side.along)
        change += sign * swept[:, None] * (inner - stiffness * field**2)
    laws = np.flatnonzero((facets.resistance > 0.0) | (facets.sheet > 0.0))
    sides = [(side.tensor[laws].any(axis=(1, 2)), side.along[laws]) for side in (near, far)]
    conducting = np.maximum(sides[0][0].astype(int) + sides[1][0], 1)
    for conducts, along in sides:
        area, stretch = _surface_integrals(facets.curved[laws], facets.flat[laws], along)
        flat = (along**2).sum(axis=2) * facets.areas[laws, None]
        share = facets.sheet[laws] * conducts / conducting
        change[laws] += share[:, None] * (stretch - flat)
    crossed = np.isfinite(facets.resistance[laws]) & (conducting == 2)
    resistance = np.where(crossed, facets.resistance[laws], 0.0)
    grown = resistance * (area - facets.areas[laws])
    # Where a sheet lies on either side, the current between them is the mean of what leaves and
    # enters the cells.
    change[laws] += grown[:, None] * (0.5 * (near.through + far.through)[laws]) ** 2
    total: Array = change.sum(axis=0)
    return total


def _surface_integrals(curved: Array, flat: Array, along: Array) -> tuple[Array, Array]:
    """Areas of quadratic surfaces, and what a field that facets carry with them integrates to.

    Where facets stand upright on their surface they count as flat.

    Args:
        curved: Vertices and midpoints of the surfaces, shape (f, n, d) [m].
        flat: Those of the facets.
        along: Fields along the facets, shape (f, k, d).

    Returns:
        Area, shape (f,), and the integral of the square of each field, shape (f, k).
    """
    d = flat.shape[2]
    edges = flat[:, 1:d] - flat[:, :1]
    differences = along @ edges.transpose(0, 2, 1)
    flat_metric = edges @ edges.transpose(0, 2, 1)
    area, square = np.zeros(len(flat)), np.zeros(along.shape[:2])
    for point in _POINTS[d]:
        tangents = np.einsum("an,fnd->fad", _slopes(point), curved)
        metric = tangents @ tangents.transpose(0, 2, 1)
        upright = np.linalg.det(metric) < _UPRIGHT**2 * np.linalg.det(flat_metric)
        metric[upright] = flat_metric[upright]
        density = np.sqrt(np.linalg.det(metric)) / ((d - 1) * len(_POINTS[d]))
        inverse = np.linalg.inv(metric)
        area += density
        square += density[:, None] * np.einsum("fka,fab,fkb->fk", differences, inverse, differences)
    return area, square


def _slopes(point: Array) -> Array:
    """Derivatives of the shape functions of quadratic facets by l_1, ..., with l_0 = 1 - l_1 ...

    Args:
        point: Barycentric coordinates, shape (d,).

    Returns:
        Shape (d - 1, n): vertices, then midpoints in the order of `_Facets.flat`.
    """
    d = len(point)
    pairs = [(i, j) for i in range(d) for j in range(i)]
    by_coordinate = np.zeros((d, d + len(pairs)))
    by_coordinate[range(d), range(d)] = 4.0 * point - 1.0
    for column, (i, j) in enumerate(pairs, start=d):
        by_coordinate[i, column], by_coordinate[j, column] = 4.0 * point[j], 4.0 * point[i]
    slopes: Array = by_coordinate[1:] - by_coordinate[0]
    return slopes


def _second_order(facets: _Facets, near: _Side, far: _Side) -> Array:
    """Size of the change of the energy by waves of a facet's length, times V, shape (k,)."""
    d = facets.flat.shape[2]
    edge = facets.areas if d == 2 else np.sqrt(4.0 / np.sqrt(3.0) * facets.areas)
    weight = 2.0 * np.pi / edge * _mean_over_facets(_heights(facets) ** 2) * facets.areas
    one, two = (np.trace(side.tensor, axis1=1, axis2=2)[:, None] / d for side in (near, far))
    (normal_1, _), (normal_2, _) = (side.normal_fields(facets.normal) for side in (near, far))
    currents = [_tangential_current(facets.normal, side) for side in (near, far)]
    square = ((currents[0] - currents[1]) ** 2).sum(axis=2)
    conductor = (one > 0.0) & (two > 0.0)
    normal = np.where(conductor, (normal_1 - normal_2) ** 2 * one * two, 0.0)
    both = one + two
    density = np.divide(square + normal, both, out=np.zeros_like(square), where=both > 0.0)
    total: Array = (weight[:, None] * density).sum(axis=0)
    return total


def _tangential_current(normal: Array, side: _Side) -> Array:
    """Current density along facets, shape (f, k, d) [A/m^2]."""
    field, _ = side.normal_fields(normal)
    whole = side.along + field[:, :, None] * normal[:, None]
    current = np.einsum("fij,fkj->fki", side.tensor, whole)
    across = np.einsum("fki,fi->fk", current, normal)
    found: Array = current - across[:, :, None] * normal[:, None]
    return found


def _heights(facets: _Facets) -> Array:
    """Distance from facets to the surface at their vertices and midpoints, shape (f, n) [m]."""
    heights: Array = np.einsum("fnd,fd->fn", facets.curved - facets.flat, facets.normal)
    return heights


def _mean_over_facets(values: Array) -> Array:
    """Mean over a facet of what is given at its vertices and midpoints, shape (f,).

    Simpson's rule on an edge, that of the midpoints on a triangle: exact for parabolas.
    """
    mean: Array = values @ _MEANS[values.shape[1]]
    return mean
