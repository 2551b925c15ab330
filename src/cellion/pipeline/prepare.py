"""Preparation of a sample: materials, geometry, and a mesh that is made, read, or cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root

from cellion.material.checks import check_conductors
from cellion.material.material import build_materials
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.read import read_mesh
from cellion.mesh.sizes import estimate_cells, mesh_sizes
from cellion.microstructure.generate import generate
from cellion.pipeline.cell_layers import between_layers, opened
from cellion.pipeline.estimate import directions_of, vertices_of
from cellion.pipeline.mesh_cache import MeshCache, Meshed, mesh_key
from cellion.pipeline.remarks import small_box, unresolved
from cellion.pipeline.resources import check_fits, free_memory
from cellion.pipeline.sample import MeshedSample
from cellion.pipeline.task import Listener
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["prepare"]


def prepare(
    scenario: Scenario,
    comm: MPI.Comm,
    *,
    watch: Stopwatch | None = None,
    tell: Listener = lambda line: None,
    cache: MeshCache | None = None,
    memory: float | None = None,
) -> MeshedSample:
    """Build materials, geometry and mesh (collective).

    Geometry and mesh are made on rank 0; the mesh is then distributed.

    Args:
        scenario: What is asked.
        comm: Communicator.
        watch: Records the stages.
        tell: Takes progress lines, on rank 0 only.
        cache: Where meshes of earlier runs are, and this one's goes.
        memory: What the run may use on all ranks together [bytes]; by default what is free.

    Raises:
        SetupError: The run would not fit into the memory.
        CellionError: A material is wrong, the geometry cannot be made, or the mesh not be read.
    """
    watch = watch or Stopwatch()
    materials = on_root(comm, lambda: build_materials(scenario))
    densities = {name: material.density for name, material in materials.items()}
    key = None if cache is None else on_root(comm, lambda: mesh_key(scenario, densities))
    held = None if cache is None or key is None else cache.held(key)
    if held is not None:
        tell("the mesh of the run before")
        watch.seconds |= {"mesh": 0.0, "distribute": 0.0}
        made, mesh = held
    else:
        allowance = _Allowance(free_memory(comm) if memory is None else memory, comm.size)
        build = partial(_build, scenario, densities, watch, tell, allowance)
        made, mesh = _distributed(scenario, comm, build, cache=cache, key=key, watch=watch)
    on_root(comm, lambda: check_conductors(scenario, materials, mesh.materials, mesh.dimension))
    return MeshedSample(
        materials=materials,
        mesh=mesh,
        structure=made.structure,
        requested=made.requested,
        seed=made.seed,
        numbers={"cells": float(mesh.global_cells)} | dict(made.numbers),
        notes=(*(note for m in materials.values() for note in m.notes), *made.notes),
    )


def _distributed(
    scenario: Scenario,
    comm: MPI.Comm,
    build: Callable[[], Meshed],
    *,
    cache: MeshCache | None,
    key: str | None,
    watch: Stopwatch,
) -> tuple[Meshed, LabelledMesh]:
    """Build a mesh, or fetch it from the cache, and distribute it (collective)."""
    kept: list[MeshData] = []

    def make() -> Meshed:
        reading = scenario.microstructure.mesh is not None
        made = build() if cache is None or key is None or reading else cache.fetch(key, build)
        watch.seconds.setdefault("mesh", 0.0)  # a cached mesh took no time worth telling
        if made.data is not None:
            kept.append(made.data)
        return made.without_data()

    made = on_root(comm, make)
    with watch.stage("distribute"):
        mesh = distribute(kept.pop() if kept else None, comm)
    if cache is not None and key is not None:
        cache.hold(key, made, mesh)
    return made, mesh


@dataclass(frozen=True)
class _Allowance:
    """Memory that a run may use.

    Attributes:
        memory: On all ranks together [bytes]; None where it is not known.
        ranks: Number of ranks.
    """

    memory: float | None
    ranks: int

    def check(self, vertices: int) -> None:
        """Refuse a mesh that would not fit; see `check_fits`."""
        check_fits(vertices, memory=self.memory, ranks=self.ranks)


def _build(
    scenario: Scenario,
    densities: Mapping[str, float | None],
    watch: Stopwatch,
    tell: Listener,
    allowance: _Allowance,
) -> Meshed:
    """Generate geometry and mesh, or read the mesh (rank 0)."""
    if scenario.microstructure.mesh is not None:
        tell(f"reading {scenario.microstructure.mesh.file}")
        with watch.stage("mesh"):
            read = read_mesh(scenario.microstructure.mesh)
            data = between_layers(scenario, read)
        allowance.check(len(data.points))
        directions_of(scenario, len(data.box))
        return Meshed(requested={}, seed=None, numbers=data.quality, notes=read.notes, data=data)
    tell("microstructure")

    def step(name: str) -> None:
        tell(f"  {name}")

    with watch.stage("microstructure"):
        structure = generate(scenario.microstructure, densities, say=step)
    sizes = mesh_sizes(scenario.mesh, structure, scenario.insulators)
    allowance.check(vertices_of(estimate_cells(structure, sizes), len(structure.box)))
    tell(f"mesh ({structure.particle_count} particles)" if structure.particle_count else "mesh")
    with watch.stage("mesh"):
        data = between_layers(scenario, generate_mesh(opened(scenario, structure), sizes, step))
    return Meshed(
        requested=structure.requested_volume_fraction,
        seed=structure.seed,
        structure=structure,
        numbers={"particles": float(structure.particle_count)}
        | dict(structure.numbers)
        | dict(data.quality),
        notes=(
            *structure.notes,
            *small_box(scenario, structure),
            *unresolved(structure.geometry, sizes, data.quality),
        ),
        data=data,
    )
