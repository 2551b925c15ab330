"""Brackets on several ranks; run by mpirun, prints JSON.

Each case gives, per direction, the bounds, what rounding widened them by, how far the indicators
are from their sum, and how much charge is lost; everything is the same on all ranks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.bracket import bracket_of
from cellion.homogenise.effective import effective_conductivity
from cellion.homogenise.faceting import faceting_errors
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.spheres import SphereGeometry
from cellion.transport.dual.lower_bound import conserved_currents
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import balls, isotropic, labelled_box, layers

INFINITE = float("inf")


Array = NDArray[np.float64]


def composite(n: int = 6, *, periodic: bool = True) -> MeshData:
    """Overlapping balls that cross the faces of the box."""
    centers = np.random.default_rng(2718).random((7, 3))
    names = ["matrix"] + ["ball"] * 7
    return labelled_box((n, n, n), balls(centers, 0.27), names, periodic=periodic)


def bounds(
    comm: MPI.Comm,
    data: MeshData,
    conductivity: Array,
    boundary: str,
    resistance: list[list[float]] | None = None,
    sheet: float = 0.0,
) -> dict[str, Any]:
    """Bracket a problem; sheets conduct between all labels."""
    mesh = distribute(data if comm.rank == 0 else None, comm)
    count = len(mesh.materials)
    laws = Contacts(
        label_material=mesh.label_material,
        pair_resistance=np.array(resistance if resistance else np.zeros((count, count))),
        pair_sheet_conductance=np.full((count, count), sheet),
    )
    problem = TransportProblem(
        mesh=mesh,
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: mesh.dimension],
        contacts=laws,
    )
    solution = solve(problem)
    conserved = conserved_currents(solution)
    bracket, found = bracket_of(solution, conserved, effective_conductivity(solution).tensor)
    answer: dict[str, Any] = {}
    for name, currents in conserved.currents.items():
        k = ("x", "y", "z").index(name)
        low, high = float(bracket.lower[k, k]), float(bracket.upper[k, k])
        indicated = comm.allreduce(float(found.cells[name].sum() + found.facets[name].sum()))
        largest = comm.allreduce(float(np.abs(currents).max(initial=0.0)), op=MPI.MAX)
        lost = comm.allreduce(float(np.abs(currents.sum(axis=1)).max(initial=0.0)), op=MPI.MAX)
        answer[name] = {
            "lower": low,
            "upper": high,
            "rounding": bracket.rounding[name],
            "unexplained": abs(indicated - (high - low) + 2.0 * bracket.rounding[name]),
            "lost": lost / largest,
        }
    return answer


def faceting(comm: MPI.Comm) -> dict[str, float]:
    """Estimated geometry error of discs that cross the faces, with laws between all labels."""
    geometry = SphereGeometry(
        box=np.ones(2),
        periodic=np.ones(2, dtype=bool),
        centers=np.array([[0.02, 0.3], [0.5, 0.99], [0.6, 0.5]]),
        radii=np.array([0.2, 0.15, 0.25]),
        label_material=np.array([0, 1, 1, 1], dtype=np.int32),
    )
    structure = Microstructure(materials=("M", "A"), geometry=geometry)
    sizes = MeshSizes(size=0.06, surface=0.06, smallest=0.02)
    data = generate_mesh(structure, sizes) if comm.rank == 0 else None
    mesh = distribute(data, comm)
    laws = Contacts(
        label_material=mesh.label_material,
        pair_resistance=np.full((2, 2), 0.1),
        pair_sheet_conductance=np.full((2, 2), 0.2),
    )
    problem = TransportProblem(
        mesh=mesh,
        conductivity=isotropic([1.0, 10.0], 2),
        drive=DRIVES["periodic"],
        directions=("x", "y"),
        contacts=laws,
    )
    solution = solve(problem)
    return faceting_errors(solution, conserved_currents(solution), geometry)


def turned_crystals() -> Array:
    """Two tensors with ratios of their principal values up to 400, shape (2, 3, 3)."""
    axes, _ = np.linalg.qr(np.random.default_rng(1123).normal(size=(2, 3, 3)))
    values = np.array([[13.0, 0.4, 0.05], [28.0, 7.0, 0.07]])
    found: Array = axes @ (values[:, :, None] * axes.transpose(0, 2, 1))
    return found


def discs(*, periodic: bool) -> MeshData:
    """Discs in one half of a box, so that ranks of the other half have no interface."""
    centers = np.array([[0.2, 0.3], [0.35, 0.75]])
    names = ["matrix", "disc", "disc"]
    return labelled_box((20, 20), balls(centers, 0.19), names, periodic=periodic)


def cases() -> dict[str, Callable[[MPI.Comm], dict[str, Any]]]:
    """Problems by name."""
    slabs = labelled_box((8, 3, 4), layers([0.25, 0.25, 0.25, 0.25]), ["A", "void", "B", "void"])
    few = labelled_box((12, 4, 4), layers([0.75, 0.25]), ["void", "A"], periodic=False)
    blocked = [[0.0, INFINITE], [INFINITE, 0.1]]
    contact = [[0.0, 0.7], [0.7, 0.0]]
    both = [[0.0, 0.1], [0.1, 0.2]]
    mild, strong = isotropic([1.0, 10.0], 3), isotropic([1.0, 1e3], 3)
    plane, crystals, row = isotropic([1.0, 30.0], 2), turned_crystals(), [1.0, 0.0, 5.0]
    return {
        "strong": lambda comm: bounds(comm, composite(), strong, "periodic"),
        "blocked": lambda comm: bounds(comm, composite(), mild, "periodic", blocked),
        "crystals": lambda comm: bounds(comm, composite(), crystals, "periodic", contact),
        "sheets": lambda comm: bounds(comm, composite(), mild, "periodic", None, 0.3),
        "both": lambda comm: bounds(comm, composite(periodic=False), mild, "electrodes", both, 0.3),
        "electrodes": lambda comm: bounds(comm, composite(periodic=False), mild, "electrodes"),
        "slabs": lambda comm: bounds(comm, slabs, isotropic(row, 3), "periodic"),
        "few": lambda comm: bounds(comm, few, isotropic([0.0, 1.0], 3), "electrodes"),
        "plane": lambda comm: bounds(comm, discs(periodic=True), plane, "periodic", contact),
        "plane_both": lambda comm: bounds(
            comm, discs(periodic=False), plane, "electrodes", both, 0.3
        ),
        "faceting": faceting,
    }


def answers(names: Sequence[str] = ()) -> dict[str, Any]:
    """Answers of the named cases, or of all, on the world communicator."""
    known = cases()
    return {name: known[name](MPI.COMM_WORLD) for name in names or known}


if __name__ == "__main__":
    found = answers(sys.argv[1:])
    if MPI.COMM_WORLD.rank == 0:
        sys.stdout.write(json.dumps(found))
