"""Problems with interfaces whose answers must not depend on the number of ranks; prints JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from cellion.homogenise.effective import effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.generate import generate
from cellion.scenario.microstructure import MicrostructureSpec
from cellion.transport.primal.contacts import Contacts
from helpers.interface_boxes import between, grains, laws, solved
from helpers.mesh_boxes import balls, isotropic, labelled_box
from helpers.voxel_volumes import LAWS, meshed, random_voxels

Numbers = dict[str, Any]


def answer(
    data: MeshData,
    sigma: NDArray[np.float64],
    interfaces: Contacts,
    boundary: str,
    comm: MPI.Comm,
) -> Numbers:
    """Effective tensor, error estimate, dissipation, components and unknowns."""
    solution = solved(data, sigma, interfaces, boundary, comm)
    found = effective_conductivity(solution)
    shares = {
        name: {
            kind: {str(key): value for key, value in getattr(share, kind).items()}
            for kind in ("bulk", "resistive", "sheet")
        }
        for name, share in found.dissipation.items()
    }
    return {
        "unknowns": solution.report.unknowns,
        "components": solution.percolation.components,
        "percolates": dict(solution.percolation.percolates),
        "tensor": np.where(np.isnan(found.tensor), None, found.tensor).tolist(),
        "error": dict(found.discretisation_error),
        "shares": shares,
        "from_currents": dict(found.from_currents),
    }


def grains_at_random(n: int = 6, labels: int = 9) -> MeshData:
    """Grains with ragged walls, many of them through the faces of the box."""
    centers = np.random.default_rng(409).random((labels, 3))

    def label(x: NDArray[np.float64]) -> NDArray[np.int64]:
        offset = x[:, None] - centers
        offset -= np.round(offset)
        return (offset**2).sum(axis=2).argmin(axis=1)

    return labelled_box((n, n, n), label, ["A", "B", "A"] * (labels // 3))


def polycrystal(boundary: str) -> Callable[[MPI.Comm], Numbers]:
    """Oriented grains with resistive, conducting and perfect walls."""

    def case(comm: MPI.Comm) -> Numbers:
        data = grains_at_random()
        data = replace(data, orientations=Rotation.random(9, rng=83).as_matrix())
        sigma = np.stack([np.diag([1.0, 0.3, 0.1]), np.diag([2.0, 1.0, 1.0])])
        table = np.array([[0.3, 0.05], [0.05, 0.0]])
        varied = laws(data, table, [[0.0, 0.1], [0.1, 0.2]], factor=lambda p: 1.0 + p[:, 0] / 9)
        return answer(data, sigma, varied, boundary, comm)

    return case


def bricks(comm: MPI.Comm) -> Numbers:
    """Walls on the faces of the box, which no rank sees as facets inside its mesh."""
    data = labelled_box((4, 4, 4), grains((2, 2, 2)), ["A"] * 8)
    return answer(data, isotropic([1.0], 3), laws(data, 0.2, 0.1), "periodic", comm)


def brick_and_image(comm: MPI.Comm) -> Numbers:
    """A brick that is its own neighbour along two axes."""
    request = {"box": ["4 m", "2 m", "1 m"], "material": "A", "divisions": [1, 2, 1]}
    structure = generate(MicrostructureSpec.model_validate({"bricks": request}), {"A": None})
    data = generate_mesh(structure, MeshSizes(size=0.5, surface=0.5, smallest=0.5))
    around = laws(data, 0.2, 0.1, pieces=data.pieces)
    return answer(data, isotropic([1.0], 3), around, "periodic", comm)


def grains_and_images(comm: MPI.Comm) -> Numbers:
    """Two grains that fill a box, each of which meets its own images."""
    request = {"box": ["4 m", "3 m"], "material": "A", "grains": 2, "seed": 7}
    structure = generate(MicrostructureSpec.model_validate({"polycrystal": request}), {"A": None})
    data = generate_mesh(structure, MeshSizes(size=0.3, surface=0.3, smallest=0.3))
    around = laws(data, 0.2, 0.1, pieces=data.pieces)
    return answer(data, isotropic([1.0], 2), around, "periodic", comm)


def insulating_walls(comm: MPI.Comm) -> Numbers:
    """The walls of one grain insulate, those of the others resist or not."""
    data = grains_at_random()
    around = laws(
        data,
        [[0.4, 0.2], [0.2, 0.0]],
        factor=lambda pairs: np.where(pairs[:, 0] == 0, np.inf, 1.0),
    )
    return answer(data, isotropic([1.0, 3.0], 3), around, "periodic", comm)


def coated_balls(comm: MPI.Comm) -> Numbers:
    """Insulating balls with a conducting surface, in the plane."""
    centers = np.random.default_rng(61).random((4, 2))
    data = labelled_box((14, 14), balls(centers, 0.2), ["M"] + ["I"] * 4, edges=2e-6)
    sigma = 1e-3 * isotropic([1.0, 0.0], 2)
    return answer(data, sigma, laws(data, sheet=between(5e-10)), "periodic", comm)


@cache
def meshed_grains() -> MeshData:
    """200 grains at random points of a periodic unit cube, meshed once, on the first rank."""
    comm, data = MPI.COMM_WORLD, None
    if comm.rank == 0:
        request = {"box": ["1 m"] * 3, "material": "G", "grains": 200, "seed": 7}
        spec = MicrostructureSpec.model_validate({"polycrystal": request})
        size = 1.0 / 18.0
        data = generate_mesh(
            generate(spec, {"G": None}), MeshSizes(size=size, surface=size, smallest=size)
        )
        data = replace(data, orientations=Rotation.random(200, rng=83).as_matrix())
    shared: MeshData = comm.bcast(data)
    return shared


def two_hundred_grains(resistance: float, sheet: float) -> Callable[[MPI.Comm], Numbers]:
    """Anisotropic grains of a size of about 0.17; every boundary has laws of its own."""

    def case(comm: MPI.Comm) -> Numbers:
        data = meshed_grains()
        sigma = np.diag([1.0, 0.1, 0.01])[None]
        varied = laws(data, resistance, sheet, factor=lambda p: 10.0 ** np.sin(p @ [12.9, 78.2]))
        return answer(data, sigma, varied, "periodic", comm)

    return case


def iterations(comm: MPI.Comm) -> Numbers:
    """Most iterations over R, in units of grain size over conductivity, and anisotropy."""
    data = meshed_grains()
    found: Numbers = {}
    for anisotropy in (1.0, 1e2, 1e4):
        sigma = np.diag([1.0, anisotropy**-0.5, 1.0 / anisotropy])[None]
        for resistance in (1e-6, 1e-3, 1.0, 1e3, 1e6):
            solution = solved(data, sigma, laws(data, 0.17 * resistance), "periodic", comm)
            case = f"anisotropy {anisotropy:.0e}, R {resistance:.0e}"
            found[case] = max(solution.report.iterations.values())
    return found


LARGE: dict[str, Callable[[MPI.Comm], Numbers]] = {
    "nearly_perfect_boundaries": two_hundred_grains(1e-4, 0.0),
    "resistive_boundaries": two_hundred_grains(0.2, 0.0),
    "blocking_boundaries": two_hundred_grains(1e2, 0.0),
    "resistive_boundaries_with_sheets": two_hundred_grains(0.2, 0.02),
    "sheets": two_hundred_grains(0.0, 0.1),
}


def touching_voxels(laws_of: str, boundary: str) -> Callable[[MPI.Comm], Numbers]:
    """Conductors that touch in points and edges, also through the faces of the box."""

    def case(comm: MPI.Comm) -> Numbers:
        voxels = random_voxels(3, (5, 4, 4), 0.5, LAWS[laws_of])
        data = meshed(voxels, 1, periodic=boundary == "periodic")
        around = laws(data, voxels.laws.resistance, voxels.laws.sheet)
        return answer(data, isotropic(voxels.laws.sigma.tolist(), 3), around, boundary, comm)

    return case


TOUCHING: dict[str, Callable[[MPI.Comm], Numbers]] = {
    f"{laws_of}, {boundary}": touching_voxels(laws_of, boundary)
    for laws_of, boundary in (
        ("insulated", "periodic"),
        ("resistive", "electrodes"),
        ("insulating with sheets", "periodic"),
    )
}

CASES: dict[str, Callable[[MPI.Comm], Numbers]] = {
    "polycrystal": polycrystal("periodic"),
    "polycrystal_between_electrodes": polycrystal("electrodes"),
    "polycrystal_in_a_uniform_gradient": polycrystal("uniform_gradient"),
    "polycrystal_in_a_uniform_flux": polycrystal("uniform_flux"),
    "bricks": bricks,
    "brick_and_image": brick_and_image,
    "grains_and_images": grains_and_images,
    "insulating_walls": insulating_walls,
    "coated_balls": coated_balls,
}


def answers(names: Sequence[str] = ()) -> dict[str, Any]:
    """Answers of the named cases, or of the small ones, on the world communicator."""
    known = CASES | LARGE | TOUCHING | {"iterations": iterations}
    return {name: known[name](MPI.COMM_WORLD) for name in names or CASES}


if __name__ == "__main__":
    found = answers(sys.argv[1:])
    if MPI.COMM_WORLD.rank == 0:
        sys.stdout.write(json.dumps(found))
