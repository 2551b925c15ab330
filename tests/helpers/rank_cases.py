"""Cases whose answers must not depend on the number of ranks; run by mpirun, prints JSON.

Each case is a function of the communicator that returns plain numbers, the same on all ranks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import cellion.parallel

import dolfinx.fem
import dolfinx.mesh
import numpy as np
import ufl
from mpi4py import MPI

import cellion
from cellion.errors import MeshError
from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.labelled import LabelledMesh, boundary_tags
from cellion.mesh.measure import (
    contact_area,
    measure_interfaces,
    specific_surface,
    volume_fractions,
)
from cellion.microstructure.orientations import random_rotations
from cellion.pipeline.run import run
from cellion.scenario.load import build_scenario
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import current_density, potential
from cellion.transport.primal.solve import solve
from helpers.cell_scenarios import cell_document
from helpers.interface_boxes import grains
from helpers.mesh_boxes import balls, isotropic, labelled_box, layers, tiles

Numbers = dict[str, Any]


def spheres(n: int = 8) -> MeshData:
    """Overlapping balls that cross the faces of the box."""
    centers = np.random.default_rng(2718).random((7, 3))
    return labelled_box((n, n, n), balls(centers, 0.27), ["matrix"] + ["ball"] * 7)


def on_all(data: MeshData, comm: MPI.Comm) -> LabelledMesh:
    """Distribute what rank 0 has."""
    return distribute(data if comm.rank == 0 else None, comm)


def answer(mesh: LabelledMesh, conductivity: np.ndarray, boundary: str) -> Numbers:
    """Effective tensor, error estimate, balance and percolation."""
    problem = TransportProblem(
        mesh=mesh,
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: mesh.dimension],
    )
    solution = solve(problem)
    effective = effective_conductivity(solution)
    volumes = mesh.cell_volumes[: mesh.n_owned_cells, None]
    means = {
        name: mesh.comm.allreduce((current_density(solution, name) * volumes).sum(axis=0))
        for name in problem.directions
    }
    lowest = min(np.nanmin(potential(solution, name), initial=0.0) for name in problem.directions)
    return {
        "unknowns": solution.report.unknowns,
        "components": solution.percolation.components,
        "percolates": dict(solution.percolation.percolates),
        "isolated": {k: dict(v) for k, v in solution.percolation.isolated.items()},
        "dangling": {k: dict(v) for k, v in solution.percolation.dangling.items()},
        "tensor": np.where(np.isnan(effective.tensor), None, effective.tensor).tolist(),
        "error": dict(effective.discretisation_error),
        "from_currents": dict(effective.from_currents),
        "mean_current": {name: (mean / mesh.volume).tolist() for name, mean in means.items()},
        "lowest_potential": mesh.comm.allreduce(lowest, op=MPI.MIN) if boundary[0] == "e" else 0.0,
    }


def mesh_of_dolfinx(comm: MPI.Comm) -> Numbers:
    """What DOLFINx makes of the distributed mesh: entities and integrals."""
    mesh = on_all(spheres(5), comm)
    topology = mesh.mesh.topology
    tags, names = boundary_tags(mesh)
    one = dolfinx.fem.Constant(mesh.mesh, 1.0)
    ds = ufl.Measure("ds", domain=mesh.mesh, subdomain_data=tags)
    space = dolfinx.fem.functionspace(mesh.mesh, ("Lagrange", 1))
    f = dolfinx.fem.Function(space)
    f.interpolate(lambda x: 1.0 + x[0] + 2.0 * x[1] * 3.0)
    forms = {
        "volume": one * ufl.dx(domain=mesh.mesh),
        "surface": one * ufl.ds(domain=mesh.mesh),
        "inner": ufl.avg(f) * ufl.dS,
        "jump": ufl.jump(f) ** 2 * ufl.dS,
    } | {name: one * ds(index) for index, name in enumerate(names)}
    topology.create_connectivity(2, 3)
    exterior = dolfinx.mesh.exterior_facet_indices(topology)
    return {
        "vertices": topology.index_map(0).size_global,
        "facets": topology.index_map(2).size_global,
        "exterior": comm.allreduce(len(exterior)),
        "dofs": space.dofmap.index_map.size_global,
    } | {
        name: comm.allreduce(dolfinx.fem.assemble_scalar(dolfinx.fem.form(form)))
        for name, form in forms.items()
    }


def interfaces(comm: MPI.Comm) -> Numbers:
    """Volumes and interfaces."""
    mesh = on_all(spheres(), comm)
    found = measure_interfaces(mesh)
    return {
        "labels": found.labels.tolist(),
        "areas": found.areas.tolist(),
        "surface": list(specific_surface(mesh, found).values()),
        "contact": list(contact_area(mesh, found).values()),
        "fractions": volume_fractions(mesh).tolist(),
    }


def periodic_composite(comm: MPI.Comm) -> Numbers:
    """Two conductors, one of them anisotropic."""
    sigma = isotropic([2.0, 0.01], 3)
    sigma[0] = [[3.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 2.0]]
    return answer(on_all(spheres(), comm), sigma, "periodic")


def periodic_insulated(comm: MPI.Comm) -> Numbers:
    """Insulating balls, with conducting pockets between them."""
    return answer(on_all(spheres(10), comm), isotropic([1.0, 0.0], 3), "periodic")


def electrodes_insulated(comm: MPI.Comm) -> Numbers:
    """Only the balls conduct, in some directions."""
    return answer(on_all(spheres(10), comm), isotropic([0.0, 1.0], 3), "electrodes")


def electrodes_plane(comm: MPI.Comm) -> Numbers:
    """A plane composite between electrodes, in SI magnitudes."""
    data = labelled_box((12, 16), tiles((3, 4), 3), ["A", "B", "C"], edges=2e-6)
    return answer(on_all(data, comm), isotropic([1e-10, 3e-10, 0.0], 2), "electrodes")


def separate_slabs(comm: MPI.Comm) -> Numbers:
    """Conducting slabs apart from each other: several components, several null vectors."""
    data = labelled_box((8, 3, 4), layers([0.25, 0.25, 0.25, 0.25]), ["A", "void", "B", "void"])
    return answer(on_all(data, comm), isotropic([1.0, 0.0, 5.0], 3), "periodic")


def few_conducting_cells(comm: MPI.Comm) -> Numbers:
    """Some ranks have nothing that conducts."""
    data = labelled_box((12, 2, 2), layers([0.75, 0.25]), ["void", "A"])
    return answer(on_all(data, comm), isotropic([0.0, 1.0], 3), "electrodes")


def broken_mesh(comm: MPI.Comm) -> Numbers:
    """An error that only rank 0 sees is raised on all."""
    data = labelled_box((3, 3), layers([1.0]), ["A"])
    object.__setattr__(data, "box", np.array([2.0, 1.0]))
    try:
        on_all(data, comm)
    except MeshError as error:
        return {"errors": comm.allreduce(1) / comm.size, "message": str(error)}
    return {"errors": 0}


def packing_in_cell(comm: MPI.Comm) -> Numbers:
    """A packing between separator and collector, from the scenario to the response."""
    packing = {
        "box": ["6 um", "6 um", "8 um"],
        "seed": 11,
        "matrix": "SE",
        "particles": [{"material": "CAM", "volume_fraction": 0.5, "diameter": "3 um"}],
        "pores": {"volume_fraction": 0.05, "diameter": "1.5 um"},
        "overlap": 0.08,
    }
    mesh = {"size": "2 um", "surface_size": "1.2 um", "smallest_size": "1.2 um", "gap_cells": 1}
    document = cell_document({"packing": packing}, axis="z", mesh=mesh)
    result = run(build_scenario(document), comm)
    cell = result.cell
    assert cell is not None
    return {
        "resistance": cell.area_specific_resistance,
        "parts": dict(cell.parts),
        "reaction": list(cell.reaction_current),
        "area": [cell.reaction_area, cell.connected_area],
        "active": asdict(cell.active["CAM"]),
        "fractions": [fraction.meshed for fraction in result.volume_fraction.values()],
        "contact": dict(result.contact_area),
    }


class Misfit:
    """A law as a user writes it: resistances that differ from contact to contact, one insulates."""

    def resistance(self, temperature: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        found = 1e-6 * np.abs(first - second).sum(axis=(1, 2))
        return np.where(found > 1e-5, np.inf, found)


def own_mesh(comm: MPI.Comm) -> Numbers:
    """Arrays that rank 0 has, a law of the user, and one that is wrong."""
    data = labelled_box((6, 6, 6), grains((2, 2, 2)), ["G"] * 8, edges=1e-5)
    arrays = (data.points, data.cells, data.labels) if comm.rank == 0 else (None,) * 3
    turned = random_rotations(8, np.random.default_rng(1618))
    given: Numbers = {"grains": {"material": "G"}, "periodic": True, "comm": comm}
    mesh = cellion.Mesh.from_arrays(*arrays, orientations=turned, **given)
    boundary = cellion.Interface("G", "G", area_resistance=Misfit())
    found = cellion.solve(mesh, {"G": np.diag([1.0, 2.0, 3.0])}, interfaces=[boundary])
    told = []
    for changes in ({"orientations": turned[:3]}, {"tag_aray": "tags"}):
        try:
            cellion.Mesh.from_arrays(*arrays, **given, **changes)
        except cellion.CellionError as error:
            told.append([comm.allreduce(1) / comm.size, str(error)])
    return {"tensor": found.effective_conductivity.tolist(), "told": told}


CASES = (
    mesh_of_dolfinx,
    interfaces,
    periodic_composite,
    periodic_insulated,
    electrodes_insulated,
    electrodes_plane,
    separate_slabs,
    few_conducting_cells,
    broken_mesh,
    packing_in_cell,
    own_mesh,
)


def answers(names: Sequence[str] = ()) -> dict[str, Any]:
    """Answers of the named cases, or of all, on the world communicator."""
    cases = [case for case in CASES if not names or case.__name__ in names]
    return {case.__name__: case(MPI.COMM_WORLD) for case in cases}


if __name__ == "__main__":
    found = answers(sys.argv[1:])
    if MPI.COMM_WORLD.rank == 0:
        sys.stdout.write(json.dumps(found))
