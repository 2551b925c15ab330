"""The fields of solved problems, as the piece that this rank adds to a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.export.field_piece import CornerField, FieldPiece, field_piece
from cellion.mesh.labelled import LabelledMesh
from cellion.transport.primal.solution import Solution, current_density, potential

__all__ = ["solution_fields"]


def solution_fields(
    mesh: LabelledMesh,
    solutions: Mapping[str, Solution],
    wanted: Collection[str],
    gaps: Mapping[str, NDArray[np.float64]] | None = None,
) -> FieldPiece:
    """Collect the fields of all carriers and directions for a mean field of 1 V/m.

    Names end in carrier and direction, such as ``potential_ion_x``. Material, label (particle) and
    mean conductivity of each mesh cell are always there. With the current density comes its
    magnitude, ``current_density_magnitude_ion_x``; cell fields have single precision.

    Args:
        mesh: The mesh that all solutions share.
        solutions: Solved problem per carrier.
        wanted: ``potential`` [V], ``current_density`` [A/m^2], both or none.
        gaps: Where bounds are apart, ``gap_density_ion_x`` and so on, by owned cell [S/m].
    """
    owned = mesh.n_owned_cells
    labels = mesh.cell_labels[:owned]
    corners: dict[str, CornerField] = {}
    units: dict[str, str] = {}
    cells: dict[str, NDArray[Any]] = {
        "material": mesh.cell_materials[:owned],
        "label": labels if mesh.pieces is None else mesh.pieces[labels, 0],
    }
    for carrier, solution in solutions.items():
        conductivity = solution.problem.conductivity
        mean = np.trace(conductivity, axis1=1, axis2=2) / mesh.dimension
        cells[f"conductivity_{carrier}"] = mean[cells["material"]]
        units[f"conductivity_{carrier}"] = "S/m"
        for direction in solution.problem.directions:
            if "potential" in wanted:
                corners[f"potential_{carrier}_{direction}"] = CornerField(
                    values=potential(solution, direction), unit="V"
                )
            if "current_density" in wanted:
                name = f"current_density_{carrier}_{direction}"
                size = f"current_density_magnitude_{carrier}_{direction}"
                j = current_density(solution, direction)
                cells[name] = j.astype(np.float32)
                cells[size] = np.linalg.norm(j, axis=1).astype(np.float32)
                units[name] = units[size] = "A/m^2"
    for name, gap in (gaps or {}).items():
        cells[name], units[name] = gap.astype(np.float32), "S/m"
    return field_piece(
        mesh.points, mesh.cells[:owned], corner_fields=corners, cell_data=cells, units=units
    )
