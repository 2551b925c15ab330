"""Refinement of the mesh of a sample around marked cells."""

from __future__ import annotations

from collections.abc import Callable

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
from cellion.pipeline.sample import MeshedSample
from cellion.scenario.scenario import Scenario

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

    def __init__(self, scenario: Scenario, sample: MeshedSample) -> None:
        """Take the geometry of a sample, made once more if its mesh was cached (collective)."""
        self.known = scenario.microstructure.mesh is None
        self._comm = sample.mesh.comm
        self._refine: Refine | None = None
        self.geometry = None
        if scenario.microstructure.mesh is not None:
            if self._comm.rank == 0:
                self._refine = _bisecting(read_mesh(scenario.microstructure.mesh))
            return
        structure = sample.structure
        if structure is None:
            densities = {name: m.density for name, m in sample.materials.items()}
            structure = on_root(self._comm, lambda: generate(scenario.microstructure, densities))
        sizes = mesh_sizes(scenario.mesh, structure, scenario.insulators)
        self._refine = _meshing(structure, sizes)
        if isinstance(structure.geometry, CutGeometry):
            self.geometry = structure.geometry

    def finer(
        self, sample: MeshedSample, marked: NDArray[np.bool_], watch: Stopwatch
    ) -> MeshedSample:
        """Mesh with half the size around marked cells (collective).

        Args:
            sample: Materials and the mesh so far.
            marked: Whether each owned cell is to be refined, shape (n,).
            watch: Records the stages.
        """
        kept: list[MeshData] = []
        with watch.stage("mesh"):
            spots = spots_of(sample.mesh, marked)

            def make() -> dict[str, float]:
                if self._refine is None or spots is None:
                    return {}
                kept.append(self._refine(spots))
                return dict(kept[0].quality)

            quality = on_root(self._comm, make)
            mesh: LabelledMesh = distribute(kept.pop() if kept else None, self._comm)
        return sample.on(mesh, quality)


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
