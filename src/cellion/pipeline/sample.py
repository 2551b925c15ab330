"""A microstructure ready to be asked: its materials, its mesh, and what both come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.material.material import Material
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.measure import (
    Interfaces,
    contact_area,
    label_volumes,
    measure_interfaces,
    specific_surface,
)
from cellion.microstructure.geometry import Microstructure
from cellion.results.record import pair_name

__all__ = ["Composition", "MeshedSample", "Sample"]


@dataclass(frozen=True, kw_only=True)
class Composition:
    """What a sample is made of; layers of a cell are left out, and not part of its volume.

    Attributes:
        fractions: Volume fraction per material that is there [-].
        surfaces: Per material, area of its boundary with the others per volume [1/m].
        contacts: Per pair of materials (see `pair_name`), shared area per volume [1/m].
        touching: Pairs of materials of which two labels meet, layers included.
    """

    fractions: Mapping[str, float]
    surfaces: Mapping[str, float]
    contacts: Mapping[str, float]
    touching: frozenset[str]


class Sample(Protocol):
    """A discretised microstructure, whatever its cells are."""

    @property
    def materials(self) -> Mapping[str, Material]:
        """Materials by name."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the materials that are there, in the order of the scenario."""
        ...

    @property
    def requested(self) -> Mapping[str, float]:
        """Volume fraction per material as asked for [-]; empty where it is not said."""
        ...

    @property
    def seed(self) -> int | None:
        """Seed of the microstructure, None when nothing was random."""
        ...

    @property
    def numbers(self) -> Mapping[str, float]:
        """Plain numbers about geometry and discretisation."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        ...

    @property
    def box(self) -> tuple[float, ...]:
        """Edge lengths, shape (d,) [m]."""
        ...

    @property
    def composition(self) -> Composition:
        """What it is made of (collective)."""
        ...


@dataclass(frozen=True, kw_only=True)
class MeshedSample:
    """A `Sample` of tetrahedra or triangles.

    Attributes:
        materials: Materials by name.
        mesh: The labelled mesh, distributed.
        structure: The geometry; None where it is not known, or not kept with a cached mesh.
        requested: Volume fraction per material as asked for [-]; empty for a mesh file.
        seed: Seed of the microstructure, None when nothing was random.
        numbers: Plain numbers about the geometry and the mesh.
        notes: What the user should know.
    """

    materials: Mapping[str, Material]
    mesh: LabelledMesh
    structure: Microstructure | None
    requested: Mapping[str, float]
    seed: int | None
    numbers: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the materials of the mesh."""
        return self.mesh.materials

    @property
    def box(self) -> tuple[float, ...]:
        """Edge lengths, shape (d,) [m]."""
        return tuple(float(length) for length in self.mesh.box)

    def on(self, mesh: LabelledMesh, numbers: Mapping[str, float]) -> MeshedSample:
        """Return the same sample on another mesh."""
        cells = {"cells": float(mesh.global_cells)}
        return replace(self, mesh=mesh, numbers=dict(self.numbers) | cells | dict(numbers))

    @cached_property
    def interfaces(self) -> Interfaces:
        """Areas where two labels meet, layers of a cell left out (collective)."""
        found = self._all_interfaces
        keep = self.mesh.in_composite[found.labels].all(axis=1)
        return replace(found, labels=found.labels[keep], areas=found.areas[keep])

    @cached_property
    def composition(self) -> Composition:
        """What the mesh is made of (collective)."""
        mesh, inner = self.mesh, self.mesh.in_composite
        volumes = label_volumes(mesh)
        whole = mesh.volume - float(volumes[~inner].sum())
        of_label, count = mesh.label_material[inner], len(mesh.materials)
        share = np.bincount(of_label, volumes[inner], minlength=count) / whole
        present = (np.bincount(of_label, minlength=count) > 0) | inner.all()
        names = [name for name, there in zip(mesh.materials, present, strict=True) if there]
        between = specific_surface(mesh, self.interfaces)
        scale = mesh.volume / whole
        met = np.unique(mesh.label_material[self._all_interfaces.labels], axis=0)
        return Composition(
            fractions=dict(zip(names, share[present].tolist(), strict=True)),
            surfaces={
                name: scale * sum(area for pair, area in between.items() if name in pair)
                for name in names
            },
            contacts={
                pair_name(*pair): scale * area
                for pair, area in (between | contact_area(mesh, self.interfaces)).items()
            },
            touching=frozenset(pair_name(mesh.materials[i], mesh.materials[j]) for i, j in met),
        )

    @cached_property
    def _all_interfaces(self) -> Interfaces:
        return measure_interfaces(self.mesh)
