"""How a solve went and what percolates: plain numbers, no DOLFINx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Percolation", "SolverReport", "percolation_report"]


@dataclass(frozen=True, kw_only=True)
class SolverReport:
    """How the linear systems of one carrier ended.

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
    """How the conducting cells of one carrier hang together.

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
    fractions: NDArray[np.float64],
    percolates: NDArray[np.bool_],
    touches: NDArray[np.bool_],
    materials: Sequence[str],
    directions: Mapping[str, int],
    boundary: str,
) -> Percolation:
    """Add up components by what they do in each direction.

    Args:
        fractions: Volume of each component per material, as a fraction of the box, shape
            (n_components, n_materials) [-]; zero for materials that do not conduct.
        percolates: Whether each component percolates, shape (n_components, d).
        touches: Whether each component touches the lower and upper face of each direction, shape
            (n_components, d, 2).
        materials: Names of the materials.
        directions: Index of each direction asked for, by name.
        boundary: Name of the boundary.
    """
    kinds: dict[str, dict[str, dict[str, float]]] = {
        "percolating": {name: {} for name in materials},
        "dangling": {name: {} for name in materials},
        "isolated": {name: {} for name in materials},
    }
    for direction, axis in directions.items():
        through = percolates[:, axis]
        near = percolates.any(axis=1) if boundary == "periodic" else touches[:, axis].any(axis=1)
        chosen = {"percolating": through, "dangling": near & ~through, "isolated": ~near & ~through}
        for kind, components in chosen.items():
            for index, name in enumerate(materials):
                kinds[kind][name][direction] = float(fractions[components, index].sum())
    found = {name: bool(percolates[:, axis].any()) for name, axis in directions.items()}
    return Percolation(
        directions=tuple(directions),
        components=len(fractions),
        percolates=found,
        percolating=kinds["percolating"],
        dangling=kinds["dangling"],
        isolated=kinds["isolated"],
        reason={
            name: _reason(name, len(fractions), boundary) for name, yes in found.items() if not yes
        },
    )


def _reason(direction: str, components: int, boundary: str) -> str:
    """Say why nothing is conducted."""
    if not components:
        return "no material conducts this carrier"
    if boundary == "periodic":
        return f"no conducting path winds around the periodic box in direction {direction}"
    if boundary == "uniform_gradient":
        return "no conductor touches the boundary of the box"
    if boundary == "uniform_flux":
        return (
            f"a uniform current cannot cross {direction}_min and {direction}_max: conductors do "
            f"not cover these faces, or not evenly"
        )
    return f"no conducting path connects {direction}_min with {direction}_max"
