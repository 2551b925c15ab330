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
from itertools import combinations_with_replacement

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.properties import Dissipation
from cellion.mesh.periodicity import AXES
from cellion.transport.interfaces import dof_values, jump_energy, sheet_energy
from cellion.transport.solution import Solution, conductivity_of, mean_gradient

__all__ = [
    "Fields",
    "carrying_volumes",
    "dissipation",
    "evaluate_fields",
    "field_moments",
    "mean_flow",
    "quadratic_form",
]

type Array = NDArray[np.float64]

_BLOCK = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Fields:
    """Fields of the solved cells, material by material, and of the interfaces.

    Attributes:
        cells: Owned solved cells, ordered by material, shape (m,).
        volumes: Their volumes, shape (m,) [m^d].
        field: e_k + grad(w_k) in them per direction, shape (m, d) [V/m].
        blocks: Material of each stretch of cells, and the stretch.
        sides: w_k at both sides of resistive facets per direction, shape (f, 2, d) [m].
        along: P (e_k + grad w_k) on sheets per direction, shape (s, d) [V/m].
    """

    cells: NDArray[np.int32]
    volumes: Array
    field: Mapping[str, Array]
    blocks: tuple[tuple[int, slice], ...]
    sides: Mapping[str, Array]
    along: Mapping[str, Array]


def evaluate_fields(solution: Solution) -> Fields:
    """Evaluate the fields of all directions that carry current (collective)."""
    cells = np.concatenate(solution.discrete.cells)
    blocks, start = [], 0
    for material, own in enumerate(solution.discrete.cells):
        stop = start + len(own)
        for first in range(start, stop, _BLOCK):
            blocks.append((material, slice(first, min(first + _BLOCK, stop))))
        start = stop
    return Fields(
        cells=cells,
        volumes=solution.problem.mesh.cell_volumes[cells],
        field={name: mean_gradient(solution, name, cells) for name in solution.correctors},
        blocks=tuple(blocks),
        sides={name: _sides(solution, name) for name in solution.correctors},
        along={name: _along(solution, name) for name in solution.correctors},
    )


def _sides(solution: Solution, direction: str) -> Array:
    """Corrector at both sides of resistive facets."""
    discrete = solution.discrete
    if discrete.interfaces is None:
        return np.empty((0, 2, 1))
    values = solution.correctors[direction].x.array
    return dof_values(discrete.dofs.index_map, discrete.interfaces.resistive.dofs, values)


def _along(solution: Solution, direction: str) -> Array:
    """Tangential field on sheets."""
    discrete = solution.discrete
    if discrete.interfaces is None:
        return np.empty((0, solution.problem.mesh.dimension))
    sheets = discrete.interfaces.sheets
    values = dof_values(
        discrete.dofs.index_map, sheets.dofs, solution.correctors[direction].x.array
    )
    field: Array = sheets.projector[:, :, AXES.index(direction)] + np.einsum(
        "fa,fai->fi", values, sheets.gradients
    )
    return field


def _both(solution: Solution, first: str, second: str) -> NDArray[np.bool_]:
    """Whether each component carries current in both directions."""
    percolates = solution.discrete.carries
    both: NDArray[np.bool_] = percolates[:, AXES.index(first)] & percolates[:, AXES.index(second)]
    return both


def carrying_volumes(solution: Solution, fields: Fields, first: str, second: str) -> Array:
    """Volumes of the solved cells, 0 where one of the directions carries no current."""
    both = _both(solution, first, second)
    if both[solution.discrete.carries.any(axis=1)].all():
        return fields.volumes
    weights: Array = fields.volumes * both[solution.discrete.group[fields.cells]]
    return weights


def dissipation(solution: Solution, fields: Fields) -> tuple[Array, dict[str, Dissipation]]:
    """Energy form of the fields of all directions (collective).

    Args:
        solution: Solved transport.
        fields: Its fields.

    Returns:
        Effective conductivity, shape (d, d) [S/m], and where the energy goes per direction.
    """
    mesh = solution.problem.mesh
    tensor = np.zeros((mesh.dimension, mesh.dimension))
    shares = {}
    for first, second in combinations_with_replacement(fields.field, 2):
        if second != first and not solution.problem.drive.combines:
            continue
        here = np.concatenate(
            [
                _bulk_energy(solution, fields, first, second),
                *_interface_energy(solution, fields, first, second),
            ]
        )
        parts = mesh.comm.allreduce(here)
        pair = AXES.index(first), AXES.index(second)
        tensor[pair] = tensor[pair[::-1]] = parts.sum() / mesh.volume
        if first == second:
            shares[first] = _shares(parts / parts.sum(), mesh.materials)
    return tensor, shares


def _bulk_energy(solution: Solution, fields: Fields, first: str, second: str) -> Array:
    """Energy in the bulk of each material on this rank, shape (n_materials,)."""
    volumes = carrying_volumes(solution, fields, first, second)
    one, other = fields.field[first], fields.field[second]
    energy = np.zeros(len(solution.problem.mesh.materials))
    for material, part in fields.blocks:
        S = conductivity_of(solution.problem, material, fields.cells[part])
        energy[material] += quadratic_form(S, one[part], other[part], volumes[part])
    return energy


def field_moments(solution: Solution, fields: Fields) -> dict[str, dict[str, Array]]:
    """Derivatives of sigma_eff by the conductivity tensor of each material (collective).

    The energy form is stationary in the field E_k of direction k, so that for material p::

        d sigma_kk / d sigma_p = 1/V int_p (Q^T E_k) (Q^T E_k)^T

    with Q the rotation from crystal axes, sigma_p in crystal axes.

    Args:
        solution: Solved transport.
        fields: Its fields.

    Returns:
        Per direction that carries current and conducting material, shape (d, d) [-].
    """
    problem, mesh = solution.problem, solution.problem.mesh
    found: dict[str, dict[str, Array]] = {}
    for direction, field in fields.field.items():
        volumes = carrying_volumes(solution, fields, direction, direction)
        here = np.zeros((len(mesh.materials), mesh.dimension, mesh.dimension))
        for material, part in fields.blocks:
            E = field[part]
            if problem.oriented[material] and mesh.orientations is not None:
                turned = mesh.orientations[mesh.cell_labels[fields.cells[part]]]
                E = np.einsum("nji,nj->ni", turned, E)
            here[material] += E.T @ (volumes[part, None] * E)
        moments = mesh.comm.allreduce(here) / mesh.volume
        named = zip(mesh.materials, moments, strict=True)
        found[direction] = {name: each for name, each in named if each.any()}
    return found


def mean_flow(solution: Solution, fields: Fields) -> dict[str, dict[str, float]]:
    """Current density in each material over the volume of the box, per mean field (collective).

    Returns:
        Per direction that carries current and conducting material [S/m].
    """
    mesh = solution.problem.mesh
    found: dict[str, dict[str, float]] = {}
    for direction, field in fields.field.items():
        axis = AXES.index(direction)
        volumes = carrying_volumes(solution, fields, direction, direction)
        here = np.zeros(len(mesh.materials))
        for material, part in fields.blocks:
            S = conductivity_of(solution.problem, material, fields.cells[part])
            here[material] += volumes[part] @ (S[..., axis, :] * field[part]).sum(axis=1)
        flow = mesh.comm.allreduce(here) / mesh.volume
        found[direction] = dict(zip(mesh.materials, flow.tolist(), strict=True))
    return found


def _interface_energy(
    solution: Solution, fields: Fields, first: str, second: str
) -> tuple[Array, Array]:
    """Energy in resistive facets and in sheets by pair of materials, shape (n_materials^2,)."""
    mesh, interfaces = solution.problem.mesh, solution.discrete.interfaces
    count = len(mesh.materials)
    if interfaces is None:
        return np.zeros(count**2), np.zeros(count**2)
    both = _both(solution, first, second)
    found = []
    for facets, energy in (
        (
            interfaces.resistive,
            jump_energy(interfaces.resistive, fields.sides[first], fields.sides[second]),
        ),
        (
            interfaces.sheets,
            sheet_energy(interfaces.sheets, fields.along[first], fields.along[second]),
        ),
    ):
        pair = np.sort(mesh.label_material[facets.labels], axis=1).astype(np.int64)
        place = pair[:, 0] * count + pair[:, 1]
        found.append(np.bincount(place, energy * both[facets.group], minlength=count**2))
    return found[0], found[1]


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


def quadratic_form(S: Array, a: Array, b: Array, weights: Array) -> float:
    """Sum of weights times a . S b over rows; S is one tensor or one for each row."""
    if S.ndim == 3:
        return float(np.einsum("ni,ni,n->", (a[:, None] @ S)[:, 0], b, weights))
    return float(np.einsum("ni,ni,n->", a @ S, b, weights))
