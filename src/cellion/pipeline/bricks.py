"""The brick layer estimate of a solved polycrystal."""

from __future__ import annotations

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.homogenise.brick_layer import brick_edge, brick_layer
from cellion.homogenise.effective_medium import polycrystal_2d, polycrystal_self_consistent
from cellion.mesh.measure import Interfaces
from cellion.results.record import BrickLayerRecord
from cellion.transport.primal.contacts import ContactKind
from cellion.transport.primal.problem import TransportProblem

__all__ = ["brick_estimate"]


def brick_estimate(problem: TransportProblem, measured: Interfaces) -> BrickLayerRecord | None:
    """Estimate the conductivity of a polycrystal from its boundaries' area and mean laws.

    Args:
        problem: What was solved.
        measured: Area between each pair of labels.

    Returns:
        The estimate; None unless grains of one material fill the box and have boundaries that are
        imperfect and none that insulates.
    """
    mesh, laws = problem.mesh, problem.contacts
    if laws is None or len(mesh.materials) > 1 or not mesh.fills_box or not len(measured.areas):
        return None
    resistance = laws.resistance(measured.labels)
    sheet = laws.sheet_conductance(measured.labels)
    insulates = (laws.kind(measured.labels) == ContactKind.INSULATING).any()
    if insulates or not problem.conducts.all():
        return None
    mean_resistance = float(np.average(resistance, weights=measured.areas))
    mean_sheet = float(np.average(sheet, weights=measured.areas))
    if mean_resistance == mean_sheet == 0.0:
        return None
    edge = float(brick_edge(measured.areas.sum() / mesh.volume, mesh.dimension))
    grains = _grain_conductivity(problem)
    return BrickLayerRecord(
        edge=edge,
        area_resistance=mean_resistance,
        sheet_conductance=mean_sheet,
        grain_conductivity=grains,
        conductivity={
            name: float(
                brick_layer(
                    value,
                    edge,
                    area_resistance=mean_resistance,
                    sheet_conductance=mean_sheet,
                    dimension=mesh.dimension,
                )
            )
            for name, value in grains.items()
        },
    )


def _grain_conductivity(problem: TransportProblem) -> dict[str, float]:
    """Per direction, that of the crystal where it is not turned, else of an untextured one."""
    tensor = problem.conductivity[0]
    if not problem.oriented[0]:
        axes = zip(problem.directions, problem.axes, strict=True)
        return {name: float(tensor[axis, axis]) for name, axis in axes}
    principal = np.linalg.eigvalsh(tensor)
    flat = problem.mesh.dimension == 2
    mean = polycrystal_2d(principal) if flat else polycrystal_self_consistent(principal)
    return dict.fromkeys(problem.directions, float(mean))
