"""Random packings with gaps and overlaps of all sizes, and who touches whom in their meshes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.data import MeshData
from cellion.mesh.facets import facet_areas
from cellion.mesh.generate import generate_mesh
from cellion.mesh.simplices import local_facets
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.cuts import contact_areas
from cellion.microstructure.spheres import SphereGeometry
from helpers.particle_clusters import touching_pairs
from helpers.sphere_meshes import micro

type Areas = dict[tuple[int, ...], float]

TRIES = 400


def chain_of_particles(
    seed: int, dimension: int, *, periodic: bool, count: int = 12
) -> SphereGeometry:
    """Particles set one beside another, with gaps and overlaps from 1e-6 to 1e-1 radii.

    Between walls a quarter of them is set beside a wall instead.
    """
    rng = np.random.default_rng(seed)
    mean = {2: 0.13, 3: 0.14}[dimension]
    centers, radii = [rng.random(dimension)], [mean * rng.uniform(0.7, 1.3)]
    for _ in range(TRIES):
        k, radius = rng.integers(len(centers)), mean * rng.uniform(0.7, 1.3)
        gap = rng.choice([-1, 1]) * 10 ** rng.uniform(-6, -1) * min(radius, radii[k])
        if not periodic and rng.random() < 0.25:
            x, axis = rng.random(dimension), rng.integers(dimension)
            x[axis] = radius + gap if rng.random() < 0.5 else 1 - radius - gap
        else:
            way = rng.normal(size=dimension)
            x = centers[k] + way / np.linalg.norm(way) * (radius + radii[k] + gap)
        if periodic:
            x %= 1
        away = np.array(centers) - x
        away -= np.rint(away) * periodic
        room = np.linalg.norm(away, axis=1) - radius - radii
        inside = ((x >= 0) & (x <= 1)).all()
        if inside and (room > -0.1001 * np.minimum(radius, radii)).all() and len(radii) < count:
            centers.append(x)
            radii.append(radius)
    return SphereGeometry(
        box=np.ones(dimension),
        periodic=np.full(dimension, periodic),
        centers=np.array(centers),
        radii=np.array(radii),
        label_material=np.array([0] + [1] * len(radii), dtype=np.int32),
    )


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Areas of contact by pair of labels, and by label, axis and side of walls."""

    pairs: Areas
    walls: Areas


def exact_graph(geometry: SphereGeometry) -> Graph:
    """Who touches whom by the geometry alone."""
    contacts, walls = touching_pairs(geometry), geometry.wall_contacts(0.0)
    pairs: Areas = {}
    for labels, area in zip(contacts.labels, contact_areas(geometry, contacts), strict=True):
        key = tuple(sorted(labels.tolist()))
        pairs[key] = pairs.get(key, 0.0) + float(area)
    at_walls = {}
    each = zip(walls.labels[:, 1], walls.normal, contact_areas(geometry, walls), strict=True)
    for label, normal, area in each:
        axis = int(np.abs(normal).argmax())
        at_walls[int(label), axis, int(normal[axis] < 0)] = float(area)
    return Graph(pairs=pairs, walls={key: area for key, area in at_walls.items() if area > 0})


def meshed_graph(data: MeshData) -> Graph:
    """Who touches whom by the facets of a mesh, across the period too."""
    d, box = data.dimension, data.box
    facets = data.cells[:, local_facets(d)].reshape(-1, d)
    label = np.repeat(data.labels, d + 1).astype(np.int64)
    area = facet_areas(data.points, facets)
    home = np.where(data.periodic & (np.abs(data.points - box) < 1e-12), 0.0, data.points)
    number = np.unique(np.round(home * 1e10).astype(np.int64), axis=0, return_inverse=True)[1]
    key = np.sort(number.reshape(-1)[facets], axis=1)
    _, one, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    one = one.reshape(-1)
    order = np.argsort(one, kind="stable")
    same = one[order[1:]] == one[order[:-1]]
    first, second = order[:-1][same], order[1:][same]
    both = np.sort(np.stack([label[first], label[second]], axis=1), axis=1)
    touching = (both[:, 0] > 0) & (both[:, 0] != both[:, 1])
    pairs = _sums(both[touching], area[first][touching])
    walls: Areas = {}
    for axis in range(d):
        for side in (0, 1):
            place = data.points[facets][:, :, axis]
            on = (count[one] == 1) & (place == side * box[axis]).all(axis=1) & (label > 0)
            found = _sums(label[on][:, None], area[on])
            walls |= {(*key, axis, side): value for key, value in found.items()}
    return Graph(pairs=pairs, walls=walls)


def _sums(keys: NDArray[np.int64], values: NDArray[np.float64]) -> Areas:
    """Sums of values by key."""
    sums: Areas = {}
    for key, value in zip(keys.tolist(), values.tolist(), strict=True):
        sums[tuple(key)] = sums.get(tuple(key), 0.0) + value
    return sums


def meshed(geometry: SphereGeometry, factor: float = 1.0) -> MeshData:
    """A mesh at the default sizes of packings, or at a multiple of them."""
    d, radius = len(geometry.box), float(np.median(geometry.radii))
    surface = factor * radius / {2: 6.0, 3: 3.0}[d]
    sizes = MeshSizes(
        size=2.0 * surface,
        surface=surface,
        smallest=min(surface, 1e-5 * radius) if d == 2 else surface,
        gap_cells=1.0,
        feature=surface / 4.0,
    )
    return generate_mesh(micro(geometry), sizes)


def compared(geometry: SphereGeometry, factor: float) -> tuple[set[object], list[float]]:
    """Contacts that only one of geometry and mesh has, and relative errors of the other areas."""
    exact, found = exact_graph(geometry), meshed_graph(meshed(geometry, factor))
    differ: set[object] = set()
    errors = []
    for true, mesh in ((exact.pairs, found.pairs), (exact.walls, found.walls)):
        differ |= true.keys() ^ mesh.keys()
        errors += [mesh[key] / true[key] - 1.0 for key in true.keys() & mesh.keys()]
    return differ, errors
