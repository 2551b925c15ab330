"""Transport problem: a labelled mesh, its conductivities and contacts, a drive and directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MaterialError, MeshError, ScenarioError
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.periodicity import AXES
from cellion.transport.primal.contacts import ContactKind, Contacts
from cellion.transport.primal.drive import Drive, Periodic, Terminals

__all__ = ["TransportProblem"]

_SYMMETRY_TOLERANCE = 1e-9
_DEFINITENESS_TOLERANCE = 1e-14
_ISOTROPY_TOLERANCE = 1e-13

_NEGLIGIBLE = 1e-10
"""Resistance, over that of the box filled with the best conductor, which is perfect contact.

A hundred in a row change sigma_eff by 1e-8. Rounding the stiff entries they would make costs more.
"""


@dataclass(frozen=True, kw_only=True)
class TransportProblem:
    """Steady transport of one carrier: div j = 0, j = sigma E, E = -grad(phi).

    What a sample shows of a larger one lies between the values that a uniform gradient and a
    uniform flux give (Huet, J. Mech. Phys. Solids 38 (1990) 813).

    Attributes:
        mesh: Labelled mesh of the box.
        conductivity: Conductivity of each material for this carrier in crystal axes, shape
            (n_materials, d, d) [S/m]; symmetric and positive definite, or exactly zero for an
            insulator.
        drive: What makes current flow.
        directions: Directions of the mean field, a subset of ``x``, ``y``, ``z``; one between
            terminals.
        contacts: Contacts between labels; None when all are perfect.
        excluded: Whether each local cell takes no part, so that its contacts with the others
            insulate, shape (m,); None when all take part.

    Raises:
        MaterialError: A conductivity has the wrong shape, is not symmetric or not positive.
        ScenarioError: A direction is unknown, or one of several between terminals.
        MeshError: A drive that needs a periodic mesh has none, or the mesh is periodic from
            terminal to terminal.
    """

    mesh: LabelledMesh
    conductivity: NDArray[np.float64]
    drive: Drive
    directions: tuple[str, ...]
    contacts: Contacts | None = None
    excluded: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        d, names = self.mesh.dimension, self.mesh.materials
        if self.conductivity.shape != (len(names), d, d):
            raise MaterialError(
                f"conductivity has shape {self.conductivity.shape}; expected "
                f"{(len(names), d, d)} for materials {', '.join(names)} in {d} dimensions"
            )
        for name, tensor in zip(names, self.conductivity, strict=True):
            _check_tensor(name, tensor)
        self._check_directions()

    def _check_directions(self) -> None:
        axes = AXES[: self.mesh.dimension]
        for direction in self.directions:
            if direction not in axes:
                raise ScenarioError(
                    f"transport.directions: {direction!r} is not a direction of the box; allowed "
                    f"are {', '.join(axes)}"
                )
        if not self.directions or len(set(self.directions)) != len(self.directions):
            raise ScenarioError(
                f"transport.directions: {list(self.directions)} must name each wanted direction "
                f"once; allowed are {', '.join(axes)}"
            )
        if isinstance(self.drive, Periodic) and not self.mesh.periodic.all():
            open_axes = [a for a, on in zip(axes, self.mesh.periodic, strict=True) if not on]
            raise MeshError(
                f"transport.boundary: periodic needs a mesh that is periodic in all directions; it "
                f"is not in {', '.join(open_axes)} (use `boundary: electrodes` or a periodic mesh)"
            )
        if isinstance(self.drive, Terminals):
            self._check_terminals()

    def _check_terminals(self) -> None:
        if len(self.directions) != 1:
            raise ScenarioError(
                f"transport.directions: {list(self.directions)}; terminals have one direction"
            )
        if self.mesh.periodic[self.axes[0]]:
            raise MeshError(
                f"transport.boundary: the mesh is periodic along {self.directions[0]}, from one "
                "terminal to the other; it must end there"
            )

    @property
    def negligible_resistance(self) -> float:
        """Resistance below which a contact is perfect [Ohm m^2]."""
        best = float(self.conductivity.max())
        return _NEGLIGIBLE * float(self.mesh.box.max()) / best if best > 0.0 else 0.0

    def contact_kinds(self, labels: NDArray[np.integer[Any]]) -> NDArray[np.int8]:
        """`ContactKind` between pairs of labels, shape (n,)."""
        if self.contacts is None:
            return np.full(len(labels), ContactKind.PERFECT, dtype=np.int8)
        return self.contacts.kind(labels, self.negligible_resistance)

    @property
    def conducts(self) -> NDArray[np.bool_]:
        """Whether each material conducts this carrier, shape (n_materials,)."""
        positive: NDArray[np.bool_] = (self.conductivity != 0.0).any(axis=(1, 2))
        return positive

    @property
    def oriented(self) -> NDArray[np.bool_]:
        """Whether the conductivity of each material depends on orientation, shape (n_materials,).

        It does not when the material is isotropic or the mesh has no orientations.
        """
        if self.mesh.orientations is None:
            return np.zeros(len(self.conductivity), dtype=bool)
        mean = np.trace(self.conductivity, axis1=1, axis2=2) / self.mesh.dimension
        excess = self.conductivity - mean[:, None, None] * np.eye(self.mesh.dimension)
        varies: NDArray[np.bool_] = np.abs(excess).max(axis=(1, 2)) > _ISOTROPY_TOLERANCE * mean
        return varies

    @cached_property
    def label_conductivity(self) -> NDArray[np.float64]:
        """Conductivity of each label in sample axes, Q sigma Q^T, shape (n_labels, d, d) [S/m]."""
        tensor: NDArray[np.float64] = self.conductivity[self.mesh.label_material]
        Q = self.mesh.orientations
        return tensor if Q is None else Q @ tensor @ Q.transpose(0, 2, 1)

    @property
    def axes(self) -> tuple[int, ...]:
        """Index of each wanted direction."""
        return tuple(AXES.index(direction) for direction in self.directions)


def _check_tensor(name: str, tensor: NDArray[np.float64]) -> None:
    """Refuse a conductivity that is not symmetric positive definite or zero."""
    size = float(np.abs(tensor).max())
    if size == 0.0:
        return
    if not np.isfinite(tensor).all():
        raise MaterialError(f"conductivity of {name} is {tensor.tolist()} S/m; it must be finite")
    if np.abs(tensor - tensor.T).max() > _SYMMETRY_TOLERANCE * size:
        raise MaterialError(
            f"conductivity of {name} is {tensor.tolist()} S/m; it must be symmetric"
        )
    values = np.linalg.eigvalsh(tensor)
    if values[0] <= _DEFINITENESS_TOLERANCE * values[-1]:
        raise MaterialError(
            f"conductivity of {name} has principal values {values.tolist()} S/m; all must be "
            f"positive, or all zero for an insulator"
        )
