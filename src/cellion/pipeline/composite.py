"""The geometry of a cell: a composite cut open, between two layers; and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.errors import MeshError
from cellion.mesh.data import MeshData
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.measure import Interfaces, label_volumes, measure_interfaces
from cellion.mesh.periodicity import AXES
from cellion.mesh.stack import stack_slabs
from cellion.microstructure.geometry import Microstructure
from cellion.results.record import pair_name
from cellion.scenario.cell import CellSpec
from cellion.scenario.scenario import Scenario

__all__ = ["Composition", "between_layers", "composition", "opened", "wanted_cell"]

N_LAYERS = 2
"""Separator and collector: the last labels of the mesh of a cell."""


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What a mesh is made of, layers of a cell left out.

    Attributes:
        fractions: Volume fraction per material that is there [-].
        interfaces: Areas where two labels meet.
        scale: Volume of the box over that of the composite [-].
        touching: Pairs of materials of which two labels meet, layers included.
    """

    fractions: dict[str, float]
    interfaces: Interfaces
    scale: float
    touching: frozenset[str]


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


def composition(mesh: LabelledMesh, *, in_cell: bool) -> Composition:
    """Measure what the mesh is made of (collective).

    Args:
        mesh: Labelled mesh.
        in_cell: Whether its last labels are the layers of a cell.
    """
    inner = len(mesh.label_material) - (N_LAYERS if in_cell else 0)
    volumes, found = label_volumes(mesh), measure_interfaces(mesh)
    whole = mesh.volume - float(volumes[inner:].sum())
    count = len(mesh.materials)
    share = np.bincount(mesh.label_material[:inner], volumes[:inner], minlength=count) / whole
    present = np.bincount(mesh.label_material[:inner], minlength=count) > 0
    present |= not in_cell
    keep = (found.labels < inner).all(axis=1)
    return Composition(
        fractions={
            name: float(value)
            for name, value, there in zip(mesh.materials, share, present, strict=True)
            if there
        },
        interfaces=replace(found, labels=found.labels[keep], areas=found.areas[keep]),
        scale=mesh.volume / whole,
        touching=frozenset(
            pair_name(mesh.materials[i], mesh.materials[j])
            for i, j in np.unique(mesh.label_material[found.labels], axis=0)
        ),
    )
