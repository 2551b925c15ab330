"""The imperfect interfaces of solved problems as a surface with its jumps and currents.

Each facet between two labels is there once, also those through periodic faces (drawn at the upper
one). Its first side is the one of the smaller label; its normal points from there to the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.export.field_piece import FieldPiece, field_piece
from cellion.mesh.borders import Borders, ask_owners
from cellion.mesh.facets import facet_areas, facet_corners, facet_vertices
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.pieces import ascending
from cellion.transport.primal.interfaces import find_contacts
from cellion.transport.primal.solution import Solution, conducting_cells, gradient

__all__ = ["interface_fields"]

type Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Imperfect:
    """Imperfect facets of all carriers.

    Attributes:
        borders: The facets.
        forward: 1 where the near cell has the smaller label, else -1, shape (f,).
        normal: Unit normal from the first side to the second, shape (f, d).
        resistance: Area-specific resistance per carrier, shape (f,) [Ohm m^2].
        sheet: Sheet conductance per carrier, shape (f,) [S].
    """

    borders: Borders
    forward: Array
    normal: Array
    resistance: dict[str, Array]
    sheet: dict[str, Array]


def interface_fields(mesh: LabelledMesh, solutions: Mapping[str, Solution]) -> FieldPiece | None:
    """Collect the imperfect interfaces, for a mean field of 1 V/m (collective).

    Per facet: ``first_label`` and ``second_label`` (grains or particles), their materials,
    ``boundary`` (a number for each pair of labels), area; per carrier ``resistance_ion`` and
    ``sheet_conductance_ion``; per carrier and direction

    - ``jump_ion_x`` [V], mean over the facet of the potential on the first side less that on the
      second; NaN where a side has no potential;
    - ``normal_current_density_ion_x`` [A/m^2], the jump over the resistance, positive from the
      first side to the second, 0 through insulating facets; NaN where the potential does not jump,
      since it is then not of the facet;
    - ``sheet_current_ion_x`` [A/m], the current that a sheet carries, per length across it.

    Args:
        mesh: The mesh that all solutions share.
        solutions: Solved problem per carrier.

    Returns:
        What this rank adds: triangles, in a plane segments; None when all interfaces are perfect.
    """
    found = _imperfect(mesh, solutions)
    if found is None:
        return None
    near = found.borders.near
    data, units = _sides(mesh, found)
    data["area"] = facet_areas(mesh.points, facet_vertices(mesh.cells, near))
    units["area"] = "m^2" if mesh.dimension == 3 else "m"
    for carrier, solution in solutions.items():
        if carrier not in found.resistance:
            continue
        data[f"resistance_{carrier}"] = found.resistance[carrier]
        data[f"sheet_conductance_{carrier}"] = found.sheet[carrier]
        units |= {f"resistance_{carrier}": "Ohm m^2", f"sheet_conductance_{carrier}": "S"}
        for direction in solution.problem.directions:
            values = _currents(mesh, solution, found, carrier, direction)
            data |= {f"{name}_{carrier}_{direction}": field for name, field in values.items()}
            named = {"jump": "V", "normal_current_density": "A/m^2", "sheet_current": "A/m"}
            units |= {f"{name}_{carrier}_{direction}": named[name] for name in values}
    return field_piece(
        mesh.points,
        facet_vertices(mesh.cells, near),
        corner_fields={},
        cell_data=data,
        units=units,
    )


def _imperfect(mesh: LabelledMesh, solutions: Mapping[str, Solution]) -> _Imperfect | None:
    """Find the facets that are imperfect for any carrier (collective)."""
    contacts = {}
    for carrier, solution in solutions.items():
        found = find_contacts(solution.problem)
        if found is not None:
            contacts[carrier] = found
    if not contacts:
        return None
    borders = next(iter(contacts.values())).borders
    chosen = np.zeros(len(borders.labels), dtype=bool)
    for found in contacts.values():
        chosen |= (found.resistance > 0.0) | (found.sheet > 0.0)
    borders = borders.part(chosen)
    forward = np.where(ascending(mesh.pieces, borders.labels), 1.0, -1.0)
    return _Imperfect(
        borders=borders,
        forward=forward,
        normal=forward[:, None] * _outward(mesh, borders.near),
        resistance={carrier: found.resistance[chosen] for carrier, found in contacts.items()},
        sheet={carrier: found.sheet[chosen] for carrier, found in contacts.items()},
    )


def _outward(mesh: LabelledMesh, facets: NDArray[np.int64]) -> Array:
    """Unit normals of facets that point out of their cells, shape (f, d)."""
    corners = mesh.points[mesh.cells[facets[:, 0]]]
    others = facet_corners(mesh.dimension)[facets[:, 1]]
    plane = np.take_along_axis(corners, others[:, :, None], axis=1)
    edges = plane[:, 1:] - plane[:, :1]
    if mesh.dimension == 3:
        normal = np.cross(edges[:, 0], edges[:, 1])
    else:
        normal = edges[:, 0, ::-1] * [1.0, -1.0]
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    inward = corners[np.arange(len(facets)), facets[:, 1]] - plane[:, 0]
    outward: Array = -np.sign((normal * inward).sum(axis=1))[:, None] * normal
    return outward


def _sides(mesh: LabelledMesh, found: _Imperfect) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """What meets at each facet."""
    labels, count = found.borders.labels, len(mesh.label_material)
    grain = np.arange(count) if mesh.pieces is None else mesh.pieces[:, 0].astype(np.int64)
    first, second = np.where(found.forward[:, None] > 0.0, labels, labels[:, ::-1]).T
    return {
        "first_label": grain[first].astype(np.int32),
        "second_label": grain[second].astype(np.int32),
        "first_material": mesh.label_material[first],
        "second_material": mesh.label_material[second],
        "boundary": grain[first] * count + grain[second],
        "normal": found.normal,
    }, {}


def _currents(
    mesh: LabelledMesh, solution: Solution, found: _Imperfect, carrier: str, direction: str
) -> dict[str, Array]:
    """Jump, current through and current along each facet (collective)."""
    resistance, sheet = found.resistance[carrier], found.sheet[carrier]
    near, far = _both_sides(mesh, solution, found.borders, direction)
    jump = found.forward * (far[:, 0] - near[:, 0])
    jump[resistance == 0.0] = np.nan
    through = np.full(len(jump), np.nan)
    np.divide(jump, resistance, out=through, where=np.isfinite(resistance) & (resistance > 0.0))
    through[np.isinf(resistance)] = 0.0
    fields = {"jump": jump, "normal_current_density": through}
    if mesh.comm.allreduce(int((sheet > 0.0).any())):
        both = np.stack([near[:, 1:], far[:, 1:]])
        known = ~np.isnan(both).any(axis=2)
        mean = np.where(known[:, :, None], both, 0.0).sum(axis=0)
        mean /= np.maximum(known.sum(axis=0), 1)[:, None]
        mean -= (mean * found.normal).sum(axis=1, keepdims=True) * found.normal
        fields["sheet_current"] = sheet[:, None] * mean
    return fields


def _both_sides(
    mesh: LabelledMesh, solution: Solution, borders: Borders, direction: str
) -> tuple[Array, Array]:
    """Mean corrector on the facet and field in the cell, on both sides (collective).

    Returns:
        Of the near and the far cells, shapes (f, 1 + d); NaN where no current can flow.
    """
    d = mesh.dimension
    if direction not in solution.correctors:
        nothing = np.full((len(borders.near), 1 + d), np.nan)
        return nothing, nothing
    conducts = conducting_cells(solution, direction)
    corrector = solution.correctors[direction].x.array
    of_cell = solution.discrete.dofs.of_cell

    def answer(asked: NDArray[np.int64]) -> Array:
        rows = np.full((len(asked), 2 * d + 1), np.nan)
        solved = conducts[asked]
        cells = asked[solved].astype(np.int32)
        rows[solved, : d + 1] = corrector[of_cell[cells]]
        e = solution.mean_field(direction)
        rows[solved, d + 1 :] = gradient(solution.correctors[direction], e, cells)
        return rows

    sides = []
    for rows, facet in (
        (answer(borders.near[:, 0]), borders.near[:, 1]),
        (ask_owners(mesh, borders.far[:, 0], answer), borders.far[:, 1]),
    ):
        opposite = np.take_along_axis(rows, facet[:, None], axis=1)
        mean = (rows[:, : d + 1].sum(axis=1, keepdims=True) - opposite) / d
        sides.append(np.concatenate([mean, rows[:, d + 1 :]], axis=1))
    return sides[0], sides[1]
