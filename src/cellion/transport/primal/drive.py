"""Drives: what makes current flow through the box, one class for each.

A drive says where the potential is given, whether the mesh continues periodically, and which
components of the conductor carry current; `cellion.transport.primal.solve` solves each in its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.labelled import LabelledMesh
from cellion.transport.primal.percolation import Components, flux_enters

__all__ = [
    "DRIVES",
    "Drive",
    "Electrodes",
    "Periodic",
    "Terminals",
    "UniformFlux",
    "UniformGradient",
]

type Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Drive:
    """Defaults of the drives.

    Attributes:
        wraps: Whether the mesh continues periodically, in the directions in which it can.
        bounded: Whether a lower bound is known.
        combines: Whether the fields of several directions obey the same boundary conditions, so
            that the effective tensor has off-diagonal entries.
        any_contrast: Whether conductors of any contrast meet at the faces, so that equations are
            scaled by the poorest instead of the best of them.
    """

    wraps: ClassVar[bool] = False
    bounded: ClassVar[bool] = True
    combines: ClassVar[bool] = True
    any_contrast: ClassVar[bool] = False

    def held(self, axis: int, dimension: int) -> tuple[int, ...]:
        """Axes at both of whose faces the potential is given for a mean field along `axis`."""
        return ()

    def carries(self, mesh: LabelledMesh, components: Components) -> Flags:
        """Whether each component carries current in each direction, (n_components, d)."""
        return np.asarray(components.touches.all(axis=2))

    def near(self, components: Components, axis: int) -> Flags:
        """Whether each component carries current or dangles, shape (n_components,)."""
        return np.asarray(components.touches[:, axis].any(axis=1))

    def blocked(self, direction: str) -> str:
        """Reason why no component carries current."""
        return f"no conducting path connects {direction}_min with {direction}_max"


@dataclass(frozen=True)
class Periodic(_Drive):
    """The mean field is given, its fluctuation is periodic."""

    wraps = True

    def carries(self, mesh: LabelledMesh, components: Components) -> Flags:
        """Whether a closed path in each component winds around the box."""
        return components.winds

    def near(self, components: Components, axis: int) -> Flags:
        """Whether it winds around any direction."""
        return np.asarray(components.winds.any(axis=1))

    def blocked(self, direction: str) -> str:
        """Reason why no component carries current."""
        return f"no conducting path winds around the periodic box in direction {direction}"


@dataclass(frozen=True)
class Electrodes(_Drive):
    """Two opposite faces are equipotential, the other faces insulated."""

    combines = False

    def held(self, axis: int, dimension: int) -> tuple[int, ...]:
        """The axis across the electrodes."""
        return (axis,)


@dataclass(frozen=True)
class Terminals(_Drive):
    """Equipotential metals at two opposite faces, periodic along the others where the mesh is.

    Conductors of any contrast may meet there; one direction only.
    """

    wraps = True
    combines = False
    any_contrast = True

    def held(self, axis: int, dimension: int) -> tuple[int, ...]:
        """The axis across the terminals."""
        return (axis,)


@dataclass(frozen=True)
class UniformGradient(_Drive):
    """The potential on the whole boundary is that of a uniform field: an upper apparent value."""

    def held(self, axis: int, dimension: int) -> tuple[int, ...]:
        """All axes."""
        return tuple(range(dimension))

    def carries(self, mesh: LabelledMesh, components: Components) -> Flags:
        """Whether each component touches the boundary."""
        attached = components.touches.any(axis=(1, 2))
        return np.repeat(attached[:, None], mesh.dimension, axis=1)

    def blocked(self, direction: str) -> str:
        """Reason why no component carries current."""
        return "no conductor touches the boundary of the box"


@dataclass(frozen=True)
class UniformFlux(_Drive):
    """The current through the whole boundary is uniform: a lower apparent value."""

    bounded = False

    def carries(self, mesh: LabelledMesh, components: Components) -> Flags:
        """Whether each component touches the boundary, where the current can enter."""
        attached = components.touches.any(axis=(1, 2))
        return np.asarray(attached[:, None] & flux_enters(mesh, components))

    def blocked(self, direction: str) -> str:
        """Reason why no component carries current."""
        return (
            f"a uniform current cannot cross {direction}_min and {direction}_max: conductors do "
            f"not cover these faces, or not evenly"
        )


type Drive = Periodic | Electrodes | Terminals | UniformGradient | UniformFlux

DRIVES: Mapping[str, Drive] = {
    "periodic": Periodic(),
    "electrodes": Electrodes(),
    "uniform_gradient": UniformGradient(),
    "uniform_flux": UniformFlux(),
}
"""Drives by the name that a scenario gives them in ``transport.boundary``."""
