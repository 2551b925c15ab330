"""Geometries that are meshed again, and that tell how far facets are from their surfaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.bisect import bisect, cells_around
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.marking import spots_of
from cellion.mesh.octree import Spots
from cellion.mesh.read import read_mesh
from cellion.mesh.sizes import MeshSizes, mesh_sizes
from cellion.microstructure.generate import generate
from cellion.microstructure.geometry import CutGeometry, Microstructure
from cellion.pipeline.record import Prepared
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["Remesher"]

type Refine = Callable[[Spots], MeshData]


class Remesher:
    """Meshes the same geometry again, finer; bisects the cells of a mesh from a file.

    Attributes:
        geometry: The curved surfaces that facets stand for, on all ranks; None when there are
            none, or none are known.
        known: Whether the geometry is known at all; it is not for a mesh file.
    """

    geometry: CutGeometry | None
    known: bool

    def __init__(self, scenario: Scenario, prepared: Prepared, comm: MPI.Comm) -> None:
        """Make the geometry once more on rank 0 (collective)."""
        self.known = scenario.microstructure.mesh is None
        self._comm = comm
        self._refine: Refine | None = None
        here: CutGeometry | None = None
        if comm.rank == 0 and scenario.microstructure.mesh is not None:
            self._refine = _bisecting(read_mesh(scenario.microstructure.mesh))
        elif comm.rank == 0:
            densities = {name: m.density for name, m in prepared.materials.items()}
            structure = generate(scenario.microstructure, densities)
            self._refine = _meshing(
                structure, mesh_sizes(scenario.mesh, structure, scenario.insulators)
            )
            if isinstance(structure.geometry, CutGeometry):
                here = structure.geometry
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
                if self._refine is None or spots is None:
                    return {}
                kept.append(self._refine(spots))
                return dict(kept[0].quality)

            quality = on_root(self._comm, make)
            mesh: LabelledMesh = distribute(kept.pop() if kept else None, self._comm)
        cells = {"cells": float(mesh.global_cells)}
        return replace(prepared, mesh=mesh, quality=dict(prepared.quality) | cells | quality)


def _meshing(structure: Microstructure, sizes: MeshSizes) -> Refine:
    """Mesh a geometry again, around all spots so far."""
    known: list[Spots] = []

    def refine(spots: Spots) -> MeshData:
        known[:] = [known[0].and_more(spots) if known else spots]
        return generate_mesh(structure, sizes, spots=known[0])

    return refine


def _bisecting(data: MeshData) -> Refine:
    """Bisect the cells of a mesh in whose midpoints the spots are."""
    held = [data]

    def refine(spots: Spots) -> MeshData:
        held[0] = bisect(held[0], cells_around(held[0], spots.points))
        return held[0]

    return refine
