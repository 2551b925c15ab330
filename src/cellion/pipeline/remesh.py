"""Geometries that are meshed again, and that tell how far facets are from their surfaces."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.marking import spots_of
from cellion.mesh.octree import Spots
from cellion.mesh.sizes import mesh_sizes
from cellion.microstructure.generate import generate
from cellion.microstructure.geometry import Geometry
from cellion.pipeline.record import Prepared
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Remesher"]

_PLANAR = ("layers", "checkerboard", "bricks")
"""Geometries whose interfaces are planes of the mesh."""


class Remesher:
    """Meshes the same geometry again, finer.

    Attributes:
        geometry: The curved surfaces that facets stand for, on all ranks; None when there are
            none, or none are known.
        known: Whether the geometry is known at all; it is not for a mesh file.
    """

    geometry: Geometry | None
    known: bool

    def __init__(self, scenario: Scenario, prepared: Prepared, comm: MPI.Comm) -> None:
        """Make the geometry once more on rank 0 (collective)."""
        kind = scenario.microstructure.kind
        self.known = kind != "mesh"
        self._comm = comm
        self._spots: Spots | None = None
        self._structure = None
        if comm.rank == 0 and self.known:
            densities = {name: m.density for name, m in prepared.materials.items()}
            self._structure = generate(scenario.microstructure, densities)
            self._sizes = mesh_sizes(scenario.mesh, self._structure)
        self.geometry = None
        if self.known and kind not in _PLANAR:
            here = None if self._structure is None else self._structure.geometry
            self.geometry = comm.bcast(here)

    def finer(self, prepared: Prepared, marked: NDArray[np.bool_], watch: Stopwatch) -> Prepared:
        """Mesh with half the size around marked cells (collective).

        Args:
            prepared: Materials and the mesh so far.
            marked: Whether each owned cell is to be refined, shape (n,).
            watch: Records the stages.
        """
        kept: list[MeshData] = []
        with watch.stage("mesh"):
            spots = spots_of(prepared.mesh, marked)

            def make() -> dict[str, float]:
                if self._structure is None or spots is None:
                    return {}
                self._spots = spots if self._spots is None else self._spots.and_more(spots)
                kept.append(generate_mesh(self._structure, self._sizes, spots=self._spots))
                return dict(kept[0].quality)

            quality = on_root(self._comm, make)
            mesh: LabelledMesh = distribute(kept.pop() if kept else None, self._comm)
        cells = {"cells": float(mesh.global_cells)}
        return replace(prepared, mesh=mesh, quality=dict(prepared.quality) | cells | quality)
