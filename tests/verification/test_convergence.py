"""Orders of convergence on an unstructured mesh, for a manufactured solution with a jump.

The unit square between electrodes is cut at x = 1/2 by a contact whose resistance varies along y so
that the potential is known. With conductivities 1 and s, and g(x) = sinh(pi x),

    u = J x + c g(x) cos(pi y)                        for x < 1/2,
    u = 1 - (J (1 - x) + c g(1 - x) cos(pi y)) / s    for x > 1/2,

which is harmonic and insulated at y = 0 and 1, and whose normal current is continuous; the
resistance is the jump over that current. The effective conductivity is J.
"""

from __future__ import annotations

from typing import Any

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from cellion.mesh.data import MeshData, cell_volumes
from cellion.transport.primal.contacts import Contacts
from cellion.transport.primal.simplex_fields import densities_of_currents
from cellion.transport.primal.solution import current_density, potential
from helpers.bracketing import solved_and_bounded
from helpers.mesh_boxes import isotropic

type Array = NDArray[np.float64]

J, C, S = 0.4, 0.03, 3.0
LEVELS = 4


def exact(x: Array) -> tuple[Array, Array]:
    """u, and grad u times the conductivity, at points of triangles, shape (n, 3, 2)."""
    right = x[..., 0].mean(axis=1, keepdims=True) > 0.5
    depth = np.where(right, 1.0 - x[..., 0], x[..., 0])
    wave, across = np.cos(np.pi * x[..., 1]), np.sin(np.pi * x[..., 1])
    drop = J * depth + C * np.sinh(np.pi * depth) * wave
    along = J + C * np.pi * np.cosh(np.pi * depth) * wave
    side = np.where(right, 1.0, -1.0) * C * np.pi * np.sinh(np.pi * depth) * across
    return np.where(right, 1.0 - drop / S, drop), np.stack([along, side], axis=-1)


def contact_resistance(y: Array) -> Array:
    """Jump of the potential at x = 1/2 over the current through it."""
    wave, quarter = np.cos(np.pi * y), 0.5 * np.pi
    drop = 0.5 * J + C * np.sinh(quarter) * wave
    return (1.0 - drop * (1.0 + 1.0 / S)) / (J + C * np.pi * np.cosh(quarter) * wave)


def half(n: int, rng: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Delaunay triangles of the left half; points inside are moved at random."""
    grid = np.meshgrid(np.linspace(0.0, 0.5, n + 1), np.linspace(0.0, 1.0, 2 * n + 1))
    points = np.stack([each.ravel() for each in grid], axis=1)
    inside = ((points > 0.0) & (points < [0.5, 1.0])).all(axis=1)
    points[inside] += rng.uniform(-0.15, 0.15, (inside.sum(), 2)) / n
    triangles = Delaunay(points).simplices.astype(np.int64)
    return points, triangles[np.abs(cell_volumes(points, triangles)) > 1e-12]


def both_halves(n: int) -> tuple[Array, NDArray[np.int64]]:
    """An unstructured mesh of the square that has x = 1/2 as a line of edges."""
    rng = np.random.default_rng(2718)
    (left, first), (right, second) = half(n, rng), half(n, rng)
    right = np.stack([1.0 - right[:, 0], right[:, 1]], axis=1)
    return joined(np.concatenate([left, right]), np.concatenate([first, second + len(left)]))


def joined(points: Array, cells: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """The mesh with each point once, triangles counter-clockwise."""
    _, first, number = np.unique(points.round(12), axis=0, return_index=True, return_inverse=True)
    points, cells = points[first], number.reshape(-1)[cells]
    turned = cell_volumes(points, cells) < 0.0
    cells[turned] = cells[turned][:, ::-1]
    return points, cells


def refined(points: Array, cells: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """Each triangle in four by the midpoints of its edges."""
    corners = points[cells]
    middle = 0.5 * (corners + np.roll(corners, -1, axis=1))
    a, b, c, ab, bc, ca = (*corners.transpose(1, 0, 2), *middle.transpose(1, 0, 2))
    parts = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 2)
    return joined(parts, np.arange(len(parts)).reshape(-1, 3))


def labelled(points: Array, cells: NDArray[np.int64]) -> tuple[MeshData, Contacts]:
    """Cells beside the contact have labels of their own, by which resistances are told."""
    corners = points[cells]
    labels = (corners[..., 0].mean(axis=1) > 0.5).astype(np.int32)
    touching = np.abs(corners[..., 0] - 0.5) < 1e-12
    beside = np.flatnonzero(touching.sum(axis=1) == 2)
    label_material = np.concatenate([[0, 1], labels[beside]]).astype(np.int32)
    heights = corners[beside][touching[beside]].reshape(-1, 2, 2)[..., 1].mean(axis=1)
    labels[beside] = 2 + np.arange(len(beside), dtype=np.int32)
    resistance = contact_resistance(np.append([0.0, 0.0], heights))
    data = MeshData(
        points=points,
        cells=cells,
        labels=labels,
        label_material=label_material,
        materials=("left", "right"),
        box=np.ones(2),
        periodic=np.zeros(2, dtype=bool),
    )
    return data, Contacts(
        label_material=label_material,
        pair_resistance=np.array([[0.0, 1.0], [1.0, 0.0]]),
        pair_sheet_conductance=np.zeros((2, 2)),
        factor=lambda pairs: resistance[pairs[:, 0]],
    )


def errors(*triangles: NDArray[Any]) -> dict[str, float]:
    """Errors of both bounds, and L2 norms of those of the fields, on one mesh.

    A bound errs by the squared error of its field in the energy norm, but for the variation of the
    resistance along a facet.
    """
    data, laws = labelled(*triangles)
    solution, conserved, bracket = solved_and_bounded(
        data, isotropic([1.0, S], 2), "electrodes", laws
    )
    mesh = solution.problem.mesh
    corners = mesh.points[mesh.cells]
    middle = 0.5 * (corners + np.roll(corners, -1, axis=1))
    u, j = exact(middle)
    phi = potential(solution, "x")
    cells = conserved.cells
    flows = conserved.currents["x"][..., None]
    density = np.zeros((len(corners), 1, 2))
    density[cells] = densities_of_currents(corners[cells], mesh.cell_volumes[cells], flows)

    def norm(error: Array) -> float:
        """L2 norm by the midpoints of edges, one row of values for each."""
        return float(np.sqrt((mesh.cell_volumes / 3.0 @ (error**2).reshape(len(error), -1)).sum()))

    return {
        "upper bound": bracket.upper[0, 0] - J,
        "lower bound": J - bracket.lower[0, 0],
        "potential": norm(-0.5 * (phi + np.roll(phi, -1, axis=1)) - u),
        "current": norm(current_density(solution, "x")[:, None] - j),
        "conserved current": norm(density - j),
    }


@pytest.fixture(scope="module")
def orders() -> dict[str, Array]:
    """Order of each error in the edge length, from one mesh to the next."""
    mesh = both_halves(4)
    found = []
    for _ in range(LEVELS):
        found.append(errors(*mesh))
        mesh = refined(*mesh)
    return {name: -np.diff(np.log2([each[name] for each in found])) for name in found[0]}


@pytest.mark.parametrize(
    ("error", "order"),
    [
        ("upper bound", 2),
        ("lower bound", 2),
        ("potential", 2),
        ("current", 1),
        ("conserved current", 1),
    ],
)
def test_errors_fall_with_the_order_of_the_elements(orders, error, order):
    assert orders[error][-1] == pytest.approx(order, abs=0.1)
    assert (orders[error] > order - 0.2).all()
