"""The energy form of the solved fields, and where the energy goes.

    sigma_eff[k, l] = 1/V (int (e_k + grad w_k) . S (e_l + grad w_l)
                           + int_resistive 1/R jump(w_k) jump(w_l)
                           + int_sheets G P (e_k + grad w_k) . P (e_l + grad w_l))

with S in the bulk, R the area-specific resistance, G the sheet conductance (half of it on each
side) and P the projector onto the tangent plane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, pairwise

import cellion.parallel  # noqa: F401

import dolfinx.fem
import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.properties import Dissipation
from cellion.mesh.periodicity import AXES
from cellion.transport.index_maps import dof_values
from cellion.transport.primal.discretise import Discretisation
from cellion.transport.primal.interfaces import jump_energy, sheet_energy
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution, flow, gradient

__all__ = [
    "Field",
    "Fields",
    "dissipation",
    "evaluate_field",
    "evaluate_fields",
    "field_moments",
    "interface_energies",
    "mean_flow",
]

type Array = NDArray[np.float64]

_BLOCK = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Field:
    """Field of one potential, e + grad(w) with the mean field e.

    Attributes:
        bulk: In the solved cells, ordered by material, shape (m, d) [V/m].
        sides: w at both sides of resistive facets, shape (f, 2, d).
        along: P (e + grad w) on sheets, shape (s, d) [V/m].
        carries: Whether each component carries current, shape (n_components,).
    """

    bulk: Array
    sides: Array
    along: Array
    carries: NDArray[np.bool_]


def evaluate_field(
    discrete: Discretisation,
    potential: dolfinx.fem.Function,
    mean_field: Array,
    carries: NDArray[np.bool_],
) -> Field:
    """Evaluate the field of a potential (collective).

    Args:
        discrete: Unknowns.
        potential: Function w on their space.
        mean_field: Mean field e, shape (d,).
        carries: Whether each component carries current, shape (n_components,).
    """
    sides, along = np.empty((0, 2, 1)), np.empty((0, len(mean_field)))
    if discrete.interfaces is not None:
        index_map, values = discrete.dofs.index_map, potential.x.array
        sheets = discrete.interfaces.sheets
        sides = dof_values(index_map, discrete.interfaces.resistive.dofs, values)
        along = sheets.projector @ mean_field + np.einsum(
            "fa,fai->fi", dof_values(index_map, sheets.dofs, values), sheets.gradients
        )
    cells = np.concatenate(discrete.cells)
    return Field(
        bulk=gradient(potential, mean_field, cells), sides=sides, along=along, carries=carries
    )


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Fields of potentials of one problem.

    Attributes:
        problem: Transport problem.
        discrete: Its unknowns.
        of: Field of each potential, by name.
    """

    problem: TransportProblem
    discrete: Discretisation
    of: Mapping[str, Field]

    @cached_property
    def cells(self) -> NDArray[np.int32]:
        """Owned solved cells, ordered by material, shape (m,)."""
        return np.concatenate(self.discrete.cells)

    @property
    def blocks(self) -> list[tuple[int, slice]]:
        """Material of each stretch of cells, and the stretch."""
        ends = np.cumsum([0, *(len(own) for own in self.discrete.cells)]).tolist()
        return [
            (material, slice(first, min(first + _BLOCK, stop)))
            for material, (start, stop) in enumerate(pairwise(ends))
            for first in range(start, stop, _BLOCK)
        ]

    def volumes(self, first: str, second: str) -> Array:
        """Volumes of the cells, 0 where one of two fields carries no current, shape (m,) [m^d]."""
        both = self.of[first].carries & self.of[second].carries
        weights: Array = self.problem.mesh.cell_volumes[self.cells]
        return weights * both[self.discrete.group[self.cells]]

    def bulk_energies(self, first: str, second: str) -> Array:
        """Integral of E_1 . S E_2 over each cell, shape (m,)."""
        one, other = self.of[first].bulk, self.of[second].bulk
        energy = self.volumes(first, second)
        for material, part in self.blocks:
            density = flow(self.problem, material, self.cells[part], one[part])
            energy[part] *= np.einsum("ni,ni->n", density, other[part])
        return energy


def evaluate_fields(solution: Solution) -> Fields:
    """Evaluate the fields of all directions that carry current (collective)."""
    discrete = solution.discrete
    return Fields(
        problem=solution.problem,
        discrete=discrete,
        of={
            name: evaluate_field(
                discrete,
                corrector,
                solution.mean_field(name),
                discrete.carries[:, AXES.index(name)],
            )
            for name, corrector in solution.correctors.items()
        },
    )


def dissipation(fields: Fields) -> tuple[Array, dict[str, Dissipation]]:
    """Energy form of the fields of all directions (collective).

    Returns:
        Effective conductivity, shape (d, d) [S/m], and where the energy goes per direction.
    """
    mesh = fields.problem.mesh
    tensor = np.zeros((mesh.dimension, mesh.dimension))
    material, shares = mesh.cell_materials[fields.cells], {}
    for first, second in combinations_with_replacement(fields.of, 2):
        if second != first and not fields.problem.drive.combines:
            continue
        bulk = fields.bulk_energies(first, second)
        here = np.concatenate(
            [
                np.bincount(material, bulk, minlength=len(mesh.materials)),
                *_by_pair(fields, first, second),
            ]
        )
        parts = mesh.comm.allreduce(here)
        pair = AXES.index(first), AXES.index(second)
        tensor[pair] = tensor[pair[::-1]] = parts.sum() / mesh.volume
        if first == second:
            shares[first] = _shares(parts / parts.sum(), mesh.materials)
    return tensor, shares


def field_moments(fields: Fields) -> dict[str, dict[str, Array]]:
    """Derivatives of sigma_eff by the conductivity tensor of each material (collective).

    The energy form is stationary in the field E_k of direction k, so that for material p::

        d sigma_kk / d sigma_p = 1/V int_p (Q^T E_k) (Q^T E_k)^T

    with Q the rotation from crystal axes, sigma_p in crystal axes.

    Returns:
        Per direction that carries current and conducting material, shape (d, d) [-].
    """
    problem, mesh = fields.problem, fields.problem.mesh
    found: dict[str, dict[str, Array]] = {}
    for direction, field in fields.of.items():
        volumes = fields.volumes(direction, direction)
        here = np.zeros((len(mesh.materials), mesh.dimension, mesh.dimension))
        for material, part in fields.blocks:
            E = field.bulk[part]
            if problem.oriented[material] and mesh.orientations is not None:
                turned = mesh.orientations[mesh.cell_labels[fields.cells[part]]]
                E = np.einsum("nji,nj->ni", turned, E)
            here[material] += E.T @ (volumes[part, None] * E)
        moments = mesh.comm.allreduce(here) / mesh.volume
        named = zip(mesh.materials, moments, strict=True)
        found[direction] = {name: each for name, each in named if each.any()}
    return found


def mean_flow(fields: Fields) -> dict[str, dict[str, float]]:
    """Current density in each material over the volume of the box, per mean field (collective).

    Returns:
        Per direction that carries current and conducting material [S/m].
    """
    mesh = fields.problem.mesh
    found: dict[str, dict[str, float]] = {}
    for direction, field in fields.of.items():
        volumes, axis = fields.volumes(direction, direction), AXES.index(direction)
        here = np.zeros(len(mesh.materials))
        for material, part in fields.blocks:
            density = flow(fields.problem, material, fields.cells[part], field.bulk[part])
            here[material] += volumes[part] @ density[:, axis]
        total = mesh.comm.allreduce(here) / mesh.volume
        found[direction] = dict(zip(mesh.materials, total.tolist(), strict=True))
    return found


def interface_energies(fields: Fields, first: str, second: str) -> tuple[Array, Array]:
    """Energy in each resistive facet and each half of a sheet of this rank, shapes (f,), (s,)."""
    interfaces, one, other = fields.discrete.interfaces, fields.of[first], fields.of[second]
    if interfaces is None:
        return np.empty(0), np.empty(0)
    both = one.carries & other.carries
    jumps = jump_energy(interfaces.resistive, one.sides, other.sides)
    sheets = sheet_energy(interfaces.sheets, one.along, other.along)
    return jumps * both[interfaces.resistive.group], sheets * both[interfaces.sheets.group]


def _by_pair(fields: Fields, first: str, second: str) -> list[Array]:
    """Energy in resistive facets and in sheets by pair of materials, shape (n_materials^2,)."""
    mesh, interfaces = fields.problem.mesh, fields.discrete.interfaces
    count = len(mesh.materials)
    if interfaces is None:
        return [np.zeros(count**2)] * 2
    energies, found = interface_energies(fields, first, second), []
    labels = interfaces.resistive.labels, interfaces.sheets.labels
    for energy, both in zip(energies, labels, strict=True):
        low, high = np.sort(mesh.label_material[both], axis=1).astype(np.int64).T
        found.append(np.bincount(low * count + high, energy, minlength=count**2))
    return found


def _shares(parts: Array, materials: tuple[str, ...]) -> Dissipation:
    """Name the shares of materials and of their pairs."""
    count = len(materials)
    bulk, resistive, sheet = np.split(parts, [count, count + count**2])
    pairs = [(a, b) for a in materials for b in materials]
    return Dissipation(
        bulk={m: float(v) for m, v in zip(materials, bulk, strict=True) if v != 0.0},
        resistive={p: float(v) for p, v in zip(pairs, resistive, strict=True) if v != 0.0},
        sheet={p: float(v) for p, v in zip(pairs, sheet, strict=True) if v != 0.0},
    )
