"""The geometry of a scenario and its mesh: made, read, or taken from a stock; then distributed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cellion.parallel import Stopwatch, on_root

from cellion.material.material import Material
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.labelled import LabelledMesh
from cellion.mesh.read import read_mesh
from cellion.mesh.sizes import estimate_cells, mesh_sizes
from cellion.microstructure.generate import generate
from cellion.pipeline.composite import between_layers, opened
from cellion.pipeline.estimate import directions_of, vertices_of
from cellion.pipeline.remarks import small_box, unresolved
from cellion.pipeline.resources import check_fits, free_memory
from cellion.pipeline.stock import Meshed, MeshStock, mesh_key
from cellion.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mpi4py import MPI

__all__ = ["distributed_mesh"]

type Listener = Callable[[str], None]


def distributed_mesh(
    scenario: Scenario,
    materials: Mapping[str, Material],
    comm: MPI.Comm,
    *,
    watch: Stopwatch,
    tell: Listener,
    stock: MeshStock | None = None,
    memory: float | None = None,
) -> tuple[Meshed, LabelledMesh]:
    """Make the geometry and its mesh on rank 0 and distribute it (collective).

    Args:
        scenario: What is asked.
        materials: Its materials.
        comm: Communicator.
        watch: Records the stages.
        tell: Takes progress lines, on rank 0 only.
        stock: Where meshes of earlier runs are.
        memory: What a run may use on all ranks together [bytes]; by default what is free.

    Returns:
        What is known of the geometry, without the mesh as arrays, and the distributed mesh.

    Raises:
        SetupError: The run would not fit into the memory.
        CellionError: The geometry cannot be made, or the mesh cannot be read.
    """
    densities = {name: material.density for name, material in materials.items()}
    key = None if stock is None else on_root(comm, lambda: mesh_key(scenario, densities))
    if stock is not None and key is not None and (held := stock.held(key)) is not None:
        tell("the mesh of the run before")
        watch.seconds |= {"mesh": 0.0, "distribute": 0.0}
        return held
    if memory is None:
        memory = free_memory(comm)
    kept: list[MeshData] = []

    def make() -> Meshed:
        build = partial(_build, scenario, densities, watch, tell, _Allowance(memory, comm.size))
        reading = scenario.microstructure.mesh is not None
        made = build() if stock is None or key is None or reading else stock.fetch(key, build)
        watch.seconds.setdefault("mesh", 0.0)  # a mesh from the stock took no time worth telling
        if made.data is not None:
            kept.append(made.data)
        return made.without_data()

    made = on_root(comm, make)
    with watch.stage("distribute"):
        mesh = distribute(kept.pop() if kept else None, comm)
    if stock is not None and key is not None:
        stock.hold(key, made, mesh)
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
