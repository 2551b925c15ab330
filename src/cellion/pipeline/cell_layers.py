"""Separator and collector of a cell: layers on both sides of a composite that is cut open."""

from __future__ import annotations

from cellion.errors import MeshError
from cellion.mesh.data import MeshData
from cellion.mesh.periodicity import AXES
from cellion.mesh.stack import stack_slabs
from cellion.microstructure.geometry import Microstructure
from cellion.scenario.cell import CellSpec
from cellion.scenario.scenario import Scenario

__all__ = ["between_layers", "opened", "wanted_cell"]


def wanted_cell(scenario: Scenario) -> CellSpec | None:
    """Return the cell that is asked for; None when transport asks for something else."""
    return scenario.cell if scenario.transport.boundary == "cell" else None


def opened(scenario: Scenario, structure: Microstructure) -> Microstructure:
    """Return the geometry that is to be meshed: cut open along the axis of a cell."""
    spec = wanted_cell(scenario)
    return structure if spec is None else structure.opened(AXES.index(spec.axis))


def between_layers(scenario: Scenario, data: MeshData) -> MeshData:
    """Put a mesh between separator and collector, if a cell is asked for.

    Raises:
        MeshError: The mesh has no such axis, or no face there.
    """
    spec = wanted_cell(scenario)
    if spec is None:
        return data
    axis = AXES.index(spec.axis)
    if axis >= data.dimension:
        raise MeshError(
            f"cell.axis: found '{spec.axis}', but the mesh has {data.dimension} dimensions; "
            f"allowed: {', '.join(AXES[: data.dimension])}"
        )
    return stack_slabs(data, axis, spec.separator, spec.collector)
