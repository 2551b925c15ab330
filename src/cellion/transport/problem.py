"""What is asked: a labelled mesh, the conductivity of its materials, a boundary and directions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MaterialError, MeshError, ScenarioError, nearest
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.periodicity import AXES
from cellion.transport.laws import InterfaceLaws

__all__ = ["BOUNDARIES", "TransportProblem"]

BOUNDARIES = ("periodic", "electrodes", "uniform_gradient", "uniform_flux", "cell")
_SYMMETRY_TOLERANCE = 1e-9
_DEFINITENESS_TOLERANCE = 1e-14
_ISOTROPY_TOLERANCE = 1e-13


@dataclass(frozen=True, kw_only=True)
class TransportProblem:
    """Steady transport of one carrier: div j = 0, j = sigma E, E = -grad(phi).

    With ``periodic`` boundaries the mean field is prescribed and its fluctuation is periodic; with
    ``electrodes`` two opposite faces are equipotential and the other faces are insulated. With
    ``uniform_gradient`` the potential on the whole boundary is that of a uniform field, with
    ``uniform_flux`` the current through it that of a uniform current: what a sample shows of a
    larger one lies between the two (Huet, J. Mech. Phys. Solids 38 (1990) 813). A ``cell`` has
    electrodes along one direction and is periodic along the others, where its mesh is; its
    electrodes are metals next to poor conductors, of any contrast.

    Attributes:
        mesh: Labelled mesh of the box.
        conductivity: Conductivity of each material for this carrier in crystal axes, shape
            (n_materials, d, d) [S/m]; symmetric and positive definite, or exactly zero for an
            insulator.
        boundary: One of `BOUNDARIES`.
        directions: Directions of the mean field, a subset of ``x``, ``y``, ``z``; one of a cell.
        interfaces: Laws of the interfaces between labels; None when all contacts are perfect.
        excluded: Whether each local cell takes no part, so that its contacts with the others
            insulate, shape (m,); None when all take part.

    Raises:
        MaterialError: A conductivity has the wrong shape, is not symmetric or not positive.
        ScenarioError: The boundary or a direction is unknown.
        MeshError: Periodic boundaries are asked for on a mesh whose faces do not match, or the
            mesh of a cell is periodic from electrode to electrode.
    """

    mesh: LabelledMesh
    conductivity: NDArray[np.float64]
    boundary: str
    directions: tuple[str, ...]
    interfaces: InterfaceLaws | None = None
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
        if self.boundary not in BOUNDARIES:
            raise ScenarioError(
                f"transport.boundary: {self.boundary!r} is not a boundary; allowed are "
                f"{', '.join(BOUNDARIES)}{nearest(self.boundary, BOUNDARIES)}"
            )
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
        if self.boundary == "periodic" and not self.mesh.periodic.all():
            open_axes = [a for a, on in zip(axes, self.mesh.periodic, strict=True) if not on]
            raise MeshError(
                f"transport.boundary: periodic needs a mesh that is periodic in all directions; it "
                f"is not in {', '.join(open_axes)} (use `boundary: electrodes` or a periodic mesh)"
            )
        if self.boundary == "cell":
            self._check_cell()

    def _check_cell(self) -> None:
        if len(self.directions) != 1:
            raise ScenarioError(
                f"transport.directions: {list(self.directions)}; a cell has one direction"
            )
        if self.mesh.periodic[self.axes[0]]:
            raise MeshError(
                f"transport.boundary: the mesh is periodic along {self.directions[0]}, from one "
                "electrode of the cell to the other; it must end there"
            )

    @property
    def wraps(self) -> bool:
        """Whether the mesh goes on periodically, in the directions in which it can."""
        return self.boundary in ("periodic", "cell")

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
