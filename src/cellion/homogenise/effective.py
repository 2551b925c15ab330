"""The effective conductivity of a solved problem, with an estimate of its discretisation error.

The energy form (`cellion.homogenise.dissipation`) is symmetric and positive semidefinite whatever
the accuracy of the correctors, and its error is quadratic in theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import nan

from cellion.parallel import Stopwatch

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.dissipation import (
    dissipation,
    evaluate_fields,
    field_moments,
    mean_flow,
)
from cellion.homogenise.mesh_error import mesh_errors
from cellion.homogenise.properties import (
    Dissipation,
    EffectiveTransport,
    conductors,
    effective_transport,
)
from cellion.mesh.measure import volume_fractions
from cellion.mesh.periodicity import AXES
from cellion.transport.primal.solution import Solution

__all__ = ["EffectiveConductivity", "effective_conductivity", "homogenise"]

VOID = "(void)"
"""Name of the part of the box that no mesh cell fills."""


@dataclass(frozen=True, kw_only=True)
class EffectiveConductivity:
    """Effective conductivity and its error measures.

    Attributes:
        tensor: Effective conductivity, shape (d, d) [S/m]; NaN in directions not asked for, exactly
            0 where nothing percolates. With electrodes, off-diagonal entries are NaN: the insulated
            sides do not let a transverse current be measured.
        discretisation_error: Per direction, estimated relative error of sigma_eff by the mesh [-].
        imbalance: Electrodes and uniform gradient: per direction, current in minus current out over
            current [-].
        from_currents: Electrodes: per direction, sigma_eff from the mean of the two electrode
            currents [S/m].
        dissipation: Per direction that carries current, where its energy goes.
        moments: Per direction that carries current and conducting material, derivative by the
            conductivity tensor of the material (see `field_moments`).
        flow: Per direction that carries current and material, what flows in it (see `mean_flow`).
    """

    tensor: NDArray[np.float64]
    discretisation_error: Mapping[str, float]
    imbalance: Mapping[str, float]
    from_currents: Mapping[str, float]
    dissipation: Mapping[str, Dissipation] = field(default_factory=dict)
    moments: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    flow: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def homogenise(
    carrier: str,
    solution: Solution,
    watch: Stopwatch | None = None,
    *,
    estimate: bool = True,
) -> EffectiveTransport:
    """Derive the effective transport of one carrier (collective).

    Args:
        carrier: ``ion`` or ``electron``.
        solution: Solved transport.
        watch: Records the stage ``homogenise``.
        estimate: Whether the error by the mesh is estimated; not needed where bounds tell it.

    Returns:
        The record of plain numbers. What a mesh leaves empty counts as an insulator, `VOID`.
    """
    watch = watch or Stopwatch()
    with watch.stage("homogenise"):
        effective = effective_conductivity(solution, estimate=estimate)
        mesh, conductivity = solution.problem.mesh, solution.problem.conductivity
        materials, fractions = mesh.materials, volume_fractions(mesh)
        if not mesh.fills_box:
            materials = (*materials, VOID)
            fractions = np.append(fractions, max(1.0 - float(fractions.sum()), 0.0))
            conductivity = np.concatenate([conductivity, np.zeros_like(conductivity[:1])])
        answer = effective_transport(
            carrier,
            effective.tensor,
            materials=materials,
            fractions=fractions,
            conductivity=conductivity,
            percolates=solution.percolation.percolates,
            discretisation_error=effective.discretisation_error,
            imbalance=effective.imbalance,
        )
        flow = {name: effective.flow.get(name, {}) for name in answer.directions}
        return replace(
            answer,
            dissipation=effective.dissipation,
            moments=effective.moments,
            conductors=conductors(materials, fractions, conductivity, flow),
        )


def effective_conductivity(solution: Solution, *, estimate: bool = True) -> EffectiveConductivity:
    """Compute the effective tensor, its error estimate and the balance of currents (collective).

    With P1 elements sigma_eff is too high, by the estimate of `cellion.homogenise.mesh_error`. The
    error of the geometry (facets instead of spheres) is not in it.

    Args:
        solution: Solved transport.
        estimate: Whether the error by the mesh is estimated; NaN otherwise.
    """
    problem = solution.problem
    tensor = np.zeros((problem.mesh.dimension,) * 2)
    error = dict.fromkeys(problem.directions, 0.0)
    shares: dict[str, Dissipation] = {}
    moments: dict[str, dict[str, NDArray[np.float64]]] = {}
    flow: dict[str, dict[str, float]] = {}
    if solution.correctors:
        fields = evaluate_fields(solution)
        tensor, shares = dissipation(fields)
        moments, flow = field_moments(fields), mean_flow(fields)
        error |= mesh_errors(solution, tensor) if estimate else dict.fromkeys(fields.of, nan)
    for axis in set(range(problem.mesh.dimension)) - set(problem.axes):
        tensor[axis, :] = tensor[:, axis] = nan
    if not problem.drive.combines:
        tensor[~np.eye(problem.mesh.dimension, dtype=bool)] = nan
    length = problem.mesh.box
    currents = {
        name: 0.5 * sum(pair) * float(length[AXES.index(name)]) / problem.mesh.volume
        for name, pair in solution.currents.items()
        if not problem.drive.combines
    }
    balance = {
        name: abs(lower - upper) / max(abs(lower), abs(upper))
        for name, (lower, upper) in solution.currents.items()
    }
    return EffectiveConductivity(
        tensor=tensor,
        discretisation_error=error,
        imbalance=balance,
        from_currents=currents,
        dissipation=shares,
        moments=moments,
        flow=flow,
    )
