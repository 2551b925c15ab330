"""Problems with interfaces that tests share: tiles that are grains, arrays of spheres and discs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from cellion.homogenise.effective import EffectiveConductivity, effective_conductivity
from cellion.mesh.data import MeshData
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure
from cellion.microstructure.spheres import SphereGeometry
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.drive import DRIVES
from cellion.transport.primal.problem import TransportProblem
from cellion.transport.primal.solution import Solution
from cellion.transport.primal.solve import solve
from helpers.mesh_boxes import Labels

LATTICES = {
    "sc": [[0.5, 0.5, 0.5]],
    "bcc": [[0.25, 0.25, 0.25], [0.75, 0.75, 0.75]],
    "fcc": [[0.25, 0.25, 0.25], [0.75, 0.75, 0.25], [0.75, 0.25, 0.75], [0.25, 0.75, 0.75]],
    "square": [[0.5, 0.5]],
    "hex": [[0.25, 0.25 * 3**0.5], [0.75, 0.75 * 3**0.5]],
}


def grains(divisions: Sequence[int], shift: float = 0.0) -> Labels:
    """Every tile is a label of its own, numbered with x slowest; the tiles start at -shift."""
    n = np.array(divisions)
    weights = np.append(np.cumprod(n[::-1])[-2::-1], 1)
    return lambda x: (np.floor(((x + shift) % 1.0) * n).astype(int) @ weights).astype(np.int32)


def laws(data: MeshData, resistance: Any = 0.0, sheet: Any = 0.0, **more: Any) -> Contacts:
    """Laws from one number for all pairs of materials, or a table."""
    shape = (len(data.materials),) * 2
    return Contacts(
        label_material=data.label_material,
        pair_resistance=np.broadcast_to(np.asarray(resistance, dtype=float), shape).copy(),
        pair_sheet_conductance=np.broadcast_to(np.asarray(sheet, dtype=float), shape).copy(),
        **more,
    )


def between(value: float) -> NDArray[np.float64]:
    """A table for two materials that holds between different ones only."""
    return np.where(np.eye(2) > 0.0, 0.0, value)


def solved(
    data: MeshData,
    conductivity: NDArray[np.float64],
    interfaces: Contacts | None = None,
    boundary: str = "periodic",
    comm: MPI.Comm = MPI.COMM_SELF,
) -> Solution:
    """Solve for all directions of the box."""
    problem = TransportProblem(
        mesh=distribute(data if comm.rank == 0 else None, comm),
        conductivity=conductivity,
        drive=DRIVES[boundary],
        directions=("x", "y", "z")[: data.dimension],
        contacts=interfaces,
    )
    return solve(problem)


def effective(
    data: MeshData,
    conductivity: NDArray[np.float64],
    interfaces: Contacts | None = None,
    boundary: str = "periodic",
) -> EffectiveConductivity:
    """Solve and homogenise, and check what holds for every answer."""
    found = effective_conductivity(solved(data, conductivity, interfaces, boundary))
    np.testing.assert_array_equal(found.tensor, found.tensor.T)
    # Between electrodes nothing is known off the diagonal.
    known = np.diag(np.diag(found.tensor)) if boundary == "electrodes" else found.tensor
    assert np.linalg.eigvalsh(known).min() >= -1e-12 * np.abs(known).max()
    for shares in found.dissipation.values():
        total = sum([*shares.bulk.values(), *shares.resistive.values(), *shares.sheet.values()])
        np.testing.assert_allclose(total, 1.0, rtol=1e-10)
    assert max(found.imbalance.values(), default=0.0) < 1e-7
    return found


def sphere_box(
    centers: NDArray[np.float64], radius: float, box: NDArray[np.float64], size: float
) -> MeshData:
    """Mesh of equal spheres (discs) of material A in a periodic matrix M."""
    d = len(box)
    geometry = SphereGeometry(
        box=box,
        periodic=np.ones(d, dtype=bool),
        centers=centers,
        radii=np.full(len(centers), radius),
        label_material=np.array([0] + [1] * len(centers), dtype=np.int32),
    )
    microstructure = Microstructure(materials=("M", "A"), geometry=geometry)
    sizes = MeshSizes(size=size, surface=size, smallest=size / 4, gap_cells=2)
    return generate_mesh(microstructure, sizes)


def lattice_box(lattice: str, radius: float, size: float) -> MeshData:
    """Mesh of a lattice of spheres or discs with period 1."""
    centers = np.array(LATTICES[lattice])
    box = np.array([1.0, 3**0.5]) if lattice == "hex" else np.ones(centers.shape[1])
    return sphere_box(centers, radius, box, size)
