"""What a run will cost, before it is paid."""

from __future__ import annotations

from dataclasses import dataclass

from cellion.errors import MeshError
from cellion.material.checks import check_conductors, check_study
from cellion.material.material import build_materials
from cellion.mesh.periodicity import AXES
from cellion.mesh.read import read_mesh
from cellion.mesh.sizes import estimate_cells, mesh_sizes
from cellion.microstructure.generate import generate
from cellion.pipeline.resources import available_memory, bytes_text, check_fits, memory_of
from cellion.scenario.scenario import Scenario

__all__ = ["Estimate", "directions_of", "estimate", "vertices_of"]

# Measured with benchmarks/transport.py and generated packings on one rank of a desktop processor.
_CELLS_PER_VERTEX = {2: 2.0, 3: 5.2}
_MESH_SECONDS_PER_CELL = 1.0e-5
_SOLVE_SECONDS_PER_VERTEX = 3.5e-5
_IN_LAYERS = 1.3
"""Cells with separator and collector over those of the composite."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a run is expected to need, to about a factor of two.

    Attributes:
        name: Name of the scenario.
        particles: Number of particles and pores; None for other geometries.
        cells: Mesh cells.
        unknowns: Unknowns of one carrier when everything conducts.
        memory: Peak memory on one rank [bytes].
        seconds: Wall time on one rank [s].
        runs: Number of runs, when the scenario is a study.
        free: Memory that this machine has for them [bytes]; None where it is not known.
        notes: What the user should know of the geometry.
    """

    name: str
    particles: int | None
    cells: int
    unknowns: int
    memory: float
    seconds: float
    runs: int = 1
    free: float | None = None
    notes: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """Say it in words, one line each."""
        particles = () if self.particles is None else (f"particles and pores: {self.particles}",)
        times = f" for each of {self.runs} runs" if self.runs > 1 else ""
        lacking = self.free is not None and self.memory > self.free
        room = f"; {bytes_text(self.free)} are free here" if self.free and lacking else ""
        return (
            f"{self.name}: the scenario is valid{', but too large for this machine' * lacking}",
            *(f"note: {note}" for note in self.notes),
            *particles,
            f"mesh cells: about {_rounded(self.cells)}",
            f"unknowns per carrier: about {_rounded(self.unknowns)}",
            f"memory: about {bytes_text(self.memory)}{room}",
            f"time on one rank: about {_duration(self.seconds)}{times}",
        )


def estimate(scenario: Scenario) -> Estimate:
    """Estimate what a scenario costs; nothing is meshed or solved.

    The geometry is made; of many particles or grains only a sketch, which takes seconds.

    Args:
        scenario: What is asked.

    Raises:
        CellionError: A material, the geometry or the mesh file is wrong, or the mesh too large for
            any machine.
    """
    materials = build_materials(scenario)
    check_study(scenario)
    particles: int | None = None
    if scenario.microstructure.mesh is not None:
        data = read_mesh(scenario.microstructure.mesh)
        directions_of(scenario, len(data.box))
        check_conductors(scenario, materials, data.materials, len(data.box))
        cells, vertices, notes = len(data.cells), len(data.points), data.notes
    else:
        densities = {name: m.density for name, m in materials.items()}
        structure = generate(scenario.microstructure, densities, sketch=True)
        check_conductors(scenario, materials, structure.materials, len(structure.box))
        particles = structure.particle_count or None
        cells = estimate_cells(structure, mesh_sizes(scenario.mesh, structure, scenario.insulators))
        vertices, notes = vertices_of(cells, len(structure.box)), structure.notes
    solves = len(scenario.transport.carriers)
    if scenario.transport.boundary == "cell":
        cells, vertices, solves = int(_IN_LAYERS * cells), int(_IN_LAYERS * vertices), 1
    check_fits(vertices)
    return Estimate(
        name=scenario.name,
        particles=particles,
        cells=cells,
        unknowns=vertices,
        memory=memory_of(vertices),
        seconds=5.0
        + _MESH_SECONDS_PER_CELL * cells
        + solves * _SOLVE_SECONDS_PER_VERTEX * vertices,
        runs=1 if scenario.study is None else scenario.study.runs,
        free=available_memory(),
        notes=notes,
    )


def vertices_of(cells: int, dimension: int) -> int:
    """Estimate the vertices of a mesh from its cells."""
    return int(cells / _CELLS_PER_VERTEX[dimension])


def directions_of(scenario: Scenario, dimension: int) -> tuple[str, ...]:
    """Directions that are asked for, all of the box by default.

    Args:
        scenario: What is asked.
        dimension: Number of dimensions of the mesh, which a mesh file alone knows.

    Raises:
        MeshError: The mesh does not have a direction.
    """
    allowed = AXES[:dimension]
    directions = scenario.transport.directions or allowed
    for name in directions:
        if name not in allowed:
            raise MeshError(
                f"transport.directions: found '{name}', but the mesh has {dimension} dimensions; "
                f"allowed: {', '.join(allowed)}"
            )
    return tuple(directions)


def _rounded(number: int) -> str:
    """Two digits, with thousands separated."""
    return f"{round(number, 1 - len(str(number)) + 1) if number > 99 else number:,}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    hours = minutes / 60
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:,.0f} days"
