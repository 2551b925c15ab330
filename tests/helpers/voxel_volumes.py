"""Conductivity of voxels by finite volumes with two-point fluxes, independent of meshes.

Voxels are divided into cubes, which are the nodes of a network of resistors: conductors that meet
in an edge or a corner have no resistor between them. A conducting sheet adds nodes on the faces of
a cube that it lies on, and in the edges in which such faces of cubes meet that faces connect.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, diags_array
from scipy.sparse.linalg import cg

from cellion.mesh.data import MeshData
from helpers.mesh_boxes import labelled_box

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Laws:
    """What materials conduct, and what happens where two of them meet.

    Attributes:
        sigma: Conductivity of each material.
        resistance: Area resistance between two materials.
        sheet: Sheet conductance between two materials.
    """

    sigma: Array
    resistance: Array
    sheet: Array


@dataclass(frozen=True, kw_only=True)
class Voxels:
    """Voxels of edge 1: the material of each, an array of 2 or 3 axes."""

    materials: Numbers
    laws: Laws


def between(sigma: list[float], resistance: dict[str, float], sheet: float = 0.0) -> Laws:
    """Laws with resistances by pairs of materials, such as "01", and one sheet conductance."""
    count = len(sigma)
    table = np.zeros((count, count))
    for pair, value in resistance.items():
        i, j = map(int, pair)
        table[i, j] = table[j, i] = value
    sheets = np.where(np.eye(count) > 0.0, 0.0, sheet)
    return Laws(sigma=np.array(sigma), resistance=table, sheet=sheets)


LAWS = {
    "insulated": between([0.0, 1.0], {}),
    "resistive": between([0.0, 1.0, 3.0], {"12": 0.5}),
    "insulating": between([1.0, 1.0, 3.0], {"01": np.inf, "02": 0.5}),
    "sheets": between([0.0, 1.0, 3.0], {}, 0.3),
    "insulating with sheets": between([1.0, 1.0, 3.0], {"01": np.inf, "02": 0.5}, 0.3),
}


def random_voxels(number: int, shape: tuple[int, ...], share: float, laws: Laws) -> Voxels:
    """Material 0 but for a share of the voxels, chosen at random, that are of the others."""
    random = np.random.default_rng([6121, number])
    chosen = random.permutation(int(np.prod(shape))) < round(share * np.prod(shape))
    other = random.integers(1, len(laws.sigma), chosen.size)
    return Voxels(materials=np.where(chosen, other, 0).reshape(shape), laws=laws)


def meshed(voxels: Voxels, bricks: int, *, periodic: bool) -> MeshData:
    """Divide each voxel into bricks along its edges, and these into simplices."""
    shape = np.array(voxels.materials.shape)
    return labelled_box(
        tuple(bricks * shape),
        lambda x: voxels.materials[tuple(np.floor(x * shape).astype(int).T)],
        "ABC"[: len(voxels.laws.sigma)],
        edges=shape.astype(float),
        periodic=periodic,
    )


@dataclass(kw_only=True)
class _Network:
    """Resistors: their ends, conductances, and steps in space."""

    ends: list[Numbers] = field(default_factory=list)
    conductance: list[Array] = field(default_factory=list)
    step: list[Array] = field(default_factory=list)

    def add(self, one: Numbers, other: Numbers, conductance: Array, step: Array) -> None:
        """Add resistors, all with the same step from the one to the other end."""
        self.ends.append(np.stack([one, other], axis=1))
        self.conductance.append(np.broadcast_to(conductance, len(one)))
        self.step.append(np.broadcast_to(step, (len(one), len(step))))


def extrapolated(voxels: Voxels, axis: int, *, periodic: bool, finest: int = 8) -> float:
    """Limit of ever smaller cubes: the error falls by the same factor with each halving.

    Args:
        voxels: Voxels.
        axis: Direction of the current.
        periodic: Whether the box is periodic; else two faces are electrodes, the others insulate.
        finest: Cubes along the edge of a voxel, on the finest of three levels.
    """
    coarse, middle, fine = (
        finite_volumes(voxels, axis, n, periodic=periodic)
        for n in (finest // 4, finest // 2, finest)
    )
    last, before = fine - middle, middle - coarse
    return fine if last == before else fine - last**2 / (last - before)


def finite_volumes(voxels: Voxels, axis: int, cubes: int, *, periodic: bool) -> float:
    """Effective conductivity along an axis, with some cubes along the edge of a voxel."""
    materials = voxels.materials
    for k in range(materials.ndim):
        materials = materials.repeat(cubes, axis=k)
    shape, h = materials.shape, 1.0 / cubes
    if not periodic:
        # A void around the box takes it out of the period.
        materials = np.pad(materials, 1, constant_values=-1)
    network, count, held = _network(voxels.laws, materials, h, None if periodic else axis)
    ends, conductance = np.concatenate(network.ends), np.concatenate(network.conductance)
    along = np.concatenate(network.step)[:, axis]
    one, other = ends.T
    used = np.bincount(ends.reshape(-1), np.repeat(conductance, 2), minlength=count) > 0.0
    free = np.flatnonzero(used & ~held)
    incidence = coo_array(
        (
            np.repeat([[-1.0, 1.0]], len(ends), axis=0).reshape(-1),
            (np.repeat(np.arange(len(ends)), 2), ends.reshape(-1)),
        ),
        shape=(len(ends), count),
    ).tocsc()
    weighted = incidence.T @ diags_array(conductance)
    load = -(weighted @ along)[free]
    matrix = (weighted @ incidence).tocsr()[free][:, free]
    jacobi = diags_array(1.0 / matrix.diagonal())
    solution, failed = cg(matrix, load, rtol=1e-9, maxiter=20_000, M=jacobi)
    assert not failed
    w = np.zeros(count)
    w[free] = solution
    energy = (conductance * (w[other] - w[one] + along) ** 2).sum()
    return float(energy / (np.prod(shape) * h ** len(shape)))


def _network(
    laws: Laws, materials: Numbers, h: float, electrodes: int | None
) -> tuple[_Network, int, NDArray[np.bool_]]:
    """Resistors of cubes of edge h, the number of nodes and whether the potential is given there.

    Nodes are the cubes, an electrode, and two for each face; those of edges follow.
    """
    d, network = materials.ndim, _Network()
    cube = np.arange(materials.size).reshape(materials.shape)
    sigma = np.where(materials < 0, 0.0, laws.sigma[materials])
    electrode, first = materials.size, materials.size + 1
    halves = [
        first + materials.size * (2 * a + np.arange(2))[:, None] + cube.reshape(-1)
        for a in range(d)
    ]
    for a in range(d):
        beyond = np.roll(cube, -1, axis=a).reshape(-1)
        one, other = cube.reshape(-1), beyond
        R, G = _laws(laws, materials.reshape(-1)[one], materials.reshape(-1)[other])
        inside = [0.5 * h / np.maximum(sigma.reshape(-1)[end], 1e-300) for end in (one, other)]
        conducts = np.stack([sigma.reshape(-1)[end] > 0.0 for end in (one, other)], axis=1)
        step = h * np.eye(d)[a]
        through = conducts.all(axis=1) & np.isfinite(R) & (G == 0.0)
        area = h ** (d - 1)
        whole = conducts.all(axis=1) & (R == 0.0)
        halves[a][1, whole] = halves[a][0, whole]
        total = inside[0] + R + inside[1]
        network.add(one[through], other[through], area / total[through], step)
        for side, end in enumerate((one, other)):
            face = halves[a][side]
            on = conducts[:, side] & (G > 0.0)
            reach = 0.5 * step * (1 - 2 * side)
            network.add(end[on], face[on], area / inside[side][on], reach)
        tied = conducts.all(axis=1) & (G > 0.0) & (R > 0.0) & np.isfinite(R)
        network.add(halves[a][0, tied], halves[a][1, tied], area / R[tied], 0.0 * step)
    count = first + 2 * d * materials.size
    held = np.zeros(count, dtype=bool)
    held[electrode] = True
    if electrodes is not None:
        _hold(network, cube, sigma, electrodes, electrode, h)
    if laws.sheet.any():
        count = _along_sheets(laws, network, materials, sigma, halves, h, count, electrodes)
        held = np.append(held, np.zeros(count - len(held), dtype=bool))
    return network, count, held


def _laws(laws: Laws, one: Numbers, other: Numbers) -> tuple[Array, Array]:
    """Area resistance and sheet conductance between cubes of two materials, none to a void."""
    inside = (one >= 0) & (other >= 0)
    return tuple(
        np.where(inside, table[one, other], 0.0) for table in (laws.resistance, laws.sheet)
    )


def _hold(
    network: _Network, cube: Numbers, sigma: Array, axis: int, electrode: int, h: float
) -> None:
    """Connect the cubes in the outermost layers to an electrode whose corrector is zero."""
    d = cube.ndim
    for place, sign in ((1, -1.0), (cube.shape[axis] - 2, 1.0)):
        layer = np.take(cube, place, axis=axis).reshape(-1)
        conductivity = sigma.reshape(-1)[layer]
        on = conductivity > 0.0
        step = 0.5 * h * sign * np.eye(d)[axis]
        conductance = 2.0 * conductivity[on] * h ** (d - 2)
        network.add(layer[on], np.full(on.sum(), electrode), conductance, step)


def _along_sheets(
    laws: Laws,
    network: _Network,
    materials: Numbers,
    sigma: Array,
    halves: list[Numbers],
    h: float,
    count: int,
    electrodes: int | None,
) -> int:
    """Connect the halves of faces in edges; each set of cubes that faces connect has its own node.

    Returns:
        Number of nodes.
    """
    d, cube = materials.ndim, np.arange(materials.size).reshape(materials.shape)
    electrode = materials.size
    for a in range(d):
        for t in range(a + 1, d):
            # Four cubes around each edge, in a circle; face k is between cubes k and k + 1.
            up, across = (np.roll(cube, -1, axis=k) for k in (a, t))
            around = [cube, up, np.roll(up, -1, axis=t), across]
            around = np.stack([part.reshape(-1) for part in around], axis=1)
            faces = [(a, 0, 1), (t, 1, 1), (a, 3, -1), (t, 0, -1)]
            own = [materials.reshape(-1)[around[:, k]] for k in range(4)]
            conducts = sigma.reshape(-1)[around] > 0.0
            faced = [_laws(laws, own[k], own[(k + 1) % 4]) for k in range(4)]
            part = np.where(conducts, np.arange(4), -1)
            for _ in range(3):
                for k in range(4):
                    n = (k + 1) % 4
                    joined = conducts[:, k] & conducts[:, n] & (faced[k][0] == 0.0)
                    least = np.minimum(part[:, k], part[:, n])
                    part[joined, k] = part[joined, n] = least[joined]
            nodes = count + 4 * around[:, :1] + part
            if electrodes in (a, t):
                place = np.unravel_index(around[:, 0], materials.shape)[electrodes]
                on = (place == 0) | (place == materials.shape[electrodes] - 2)
                nodes[on] = electrode
            for k, (normal, lower, sign) in enumerate(faces):
                tangent = t if normal == a else a
                G = faced[k][1]
                n = (k + 1) % 4
                share = G / np.maximum(conducts[:, k].astype(int) + conducts[:, n], 1)
                step = 0.5 * h * np.eye(d)[tangent]
                # The face lies before the edge or behind it along the tangent.
                before = (normal == a and k == 0) or (normal == t and k == 3)
                step = step if before else -step
                for cell in (k, n):
                    side = 0 if cell == (k if sign > 0 else n) else 1
                    face = halves[normal][side][around[:, lower]]
                    on = conducts[:, cell] & (G > 0.0)
                    conductance = 2.0 * share[on] * h ** (d - 3)
                    network.add(face[on], nodes[on, cell], conductance, step)
            count += 4 * materials.size
    return count
