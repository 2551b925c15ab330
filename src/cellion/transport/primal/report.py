"""Reports of the solves and of percolation, as plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.transport.primal.percolation import Components
from cellion.transport.primal.problem import TransportProblem

__all__ = ["Percolation", "SolverReport", "percolation_report"]


@dataclass(frozen=True, kw_only=True)
class SolverReport:
    """Convergence of the linear systems of one carrier.

    Attributes:
        unknowns: Number of unknowns of one system.
        reason: PETSc's reason by name, per direction; empty when nothing had to be solved.
        iterations: Conjugate-gradient iterations per direction.
        residual: Per direction, true residual norm ``|b - A w| / |b|`` [-].
        energy_error: Per direction, estimated error of w in the energy norm, relative to the
            dissipation of the uniform field [-]; sigma_eff has the square of it.
        options: PETSc options in force.
    """

    unknowns: int
    reason: Mapping[str, str]
    iterations: Mapping[str, int]
    residual: Mapping[str, float]
    energy_error: Mapping[str, float]
    options: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Percolation:
    """Volumes that percolate, dangle or are isolated, for one carrier.

    With periodic boundaries, a component percolates in a direction when some closed path in it
    winds around the box in that direction; it dangles when it winds in another direction only.
    With electrodes, a component percolates when it has facets on both faces, and dangles when it
    has them on one. With a uniform gradient, everything that touches the boundary carries current
    and counts as percolating; with a uniform flux likewise, where that flux can enter. Everything
    else is isolated. Dead ends within a percolating component count as
    percolating.

    Attributes:
        directions: The directions asked for.
        components: Number of connected components.
        percolates: Per direction, whether any component percolates.
        percolating: Volume per material and direction, as a fraction of the box [-].
        dangling: The same for dangling components.
        isolated: The same for isolated components.
        reason: Why a conductivity is zero, per direction without percolation.
    """

    directions: tuple[str, ...]
    components: int
    percolates: Mapping[str, bool]
    percolating: Mapping[str, Mapping[str, float]]
    dangling: Mapping[str, Mapping[str, float]]
    isolated: Mapping[str, Mapping[str, float]]
    reason: Mapping[str, str]


def percolation_report(
    problem: TransportProblem, components: Components, carries: NDArray[np.bool_]
) -> Percolation:
    """Add up components by what they do in each direction.

    Args:
        problem: Transport problem.
        components: Components of its conducting cells.
        carries: Whether each component carries current, shape (n_components, d).
    """
    drive, axes = problem.drive, dict(zip(problem.directions, problem.axes, strict=True))
    fractions, materials = components.volumes / problem.mesh.volume, problem.mesh.materials

    def volumes(chosen: Callable[[int], NDArray[np.bool_]]) -> dict[str, dict[str, float]]:
        found = {name: fractions[chosen(axis)].sum(axis=0) for name, axis in axes.items()}
        return {
            material: {name: float(parts[index]) for name, parts in found.items()}
            for index, material in enumerate(materials)
        }

    percolates = {name: bool(carries[:, axis].any()) for name, axis in axes.items()}
    nothing = "no material conducts this carrier"
    return Percolation(
        directions=problem.directions,
        components=len(fractions),
        percolates=percolates,
        percolating=volumes(lambda axis: carries[:, axis]),
        dangling=volumes(lambda axis: drive.near(components, axis) & ~carries[:, axis]),
        isolated=volumes(lambda axis: ~drive.near(components, axis) & ~carries[:, axis]),
        reason={
            name: drive.blocked(name) if len(fractions) else nothing
            for name, through in percolates.items()
            if not through
        },
    )
