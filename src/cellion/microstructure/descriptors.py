"""Descriptors of particles: surfaces, contacts, sizes, percolating clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from cellion.microstructure.arrays import IntArray
from cellion.microstructure.contacts import Contacts, Particles
from cellion.microstructure.cuts import contact_areas, cut_balls
from cellion.microstructure.geometry import Microstructure, by_material

__all__ = [
    "SizeStatistics",
    "cluster_percolation",
    "contact_area",
    "coordination_numbers",
    "size_statistics",
    "specific_surface",
    "touching_pairs",
]


@dataclass(frozen=True, kw_only=True)
class SizeStatistics:
    """Diameters of the particles of one material.

    Attributes:
        count: number of particles.
        mean: by number [m].
        deviation: standard deviation by number [m].
        smallest: [m].
        largest: [m].
        d10: [m]; a tenth of the volume has smaller diameters.
        d50: [m], median by volume.
        d90: [m].
    """

    count: int
    mean: float
    deviation: float
    smallest: float
    largest: float
    d10: float
    d50: float
    d90: float


def specific_surface(geometry: Particles, materials: tuple[str, ...]) -> dict[str, float]:
    """Return the area between particles and matrix per volume of the box [1/m], by material."""
    area = np.concatenate([[0.0], cut_balls(geometry).surface / np.prod(geometry.box)])
    return by_material(area, geometry.label_material, materials)


def touching_pairs(geometry: Particles) -> Contacts:
    """Return the contacts of overlapping particles that have an area: who touches whom.

    The periodic image of a particle counts as another one.
    """
    contacts = geometry.contacts(0.0)
    return contacts.select(contact_areas(geometry, contacts) > 0.0)


def contact_area(geometry: Particles, materials: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Return the area of particle-particle contacts per volume of the box [1/m].

    Returns:
        By pair of material names, in the order of ``materials``.
    """
    contacts = touching_pairs(geometry)
    area = contact_areas(geometry, contacts)
    pair = np.sort(geometry.label_material[contacts.labels], axis=1)
    code = pair[:, 0] * len(materials) + pair[:, 1]
    sums = np.bincount(code, area, len(materials) ** 2) / np.prod(geometry.box)
    return {
        (materials[k // len(materials)], materials[k % len(materials)]): float(sums[k])
        for k in np.unique(code)
    }


def coordination_numbers(geometry: Particles, reach: float = 0.0) -> NDArray[np.int64]:
    """Return the number of neighbours (n,) of each particle.

    Args:
        geometry: the particles; a neighbour met through two images counts twice.
        reach: largest gap [m] that still counts; 0 counts overlapping pairs only.
    """
    ends = geometry.contacts(reach).labels.ravel() - 1
    return np.bincount(ends, minlength=geometry.count).astype(np.int64)


def size_statistics(microstructure: Microstructure) -> dict[str, SizeStatistics]:
    """Return the diameters of the particles of each material that has some."""
    geometry = microstructure.geometry.particles
    if geometry is None:
        return {}
    owner = microstructure.geometry.label_material[-geometry.count - 1 :]
    statistics = {}
    for k, name in enumerate(microstructure.materials):
        diameter = np.sort(2 * geometry.radii[owner[1:] == k])
        if diameter.size == 0:
            continue
        volume = np.cumsum(diameter**geometry.box.size)
        tenths = np.searchsorted(volume, np.array([0.1, 0.5, 0.9]) * volume[-1])
        d10, d50, d90 = (float(d) for d in diameter[tenths])
        statistics[name] = SizeStatistics(
            count=diameter.size,
            mean=float(diameter.mean()),
            deviation=float(diameter.std()),
            smallest=float(diameter[0]),
            largest=float(diameter[-1]),
            d10=d10,
            d50=d50,
            d90=d90,
        )
    return statistics


def cluster_percolation(
    geometry: Particles, material: int, reach: float = 0.0
) -> NDArray[np.bool_]:
    """Tell along which axes (d,) connected particles of one material cross the box.

    Along a periodic axis a cluster percolates when it meets its own image (a closed path of
    contacts with a winding number other than zero); between walls when it touches both.

    Args:
        geometry: the particles.
        material: index of the material.
        reach: largest gap [m] that still connects; 0 asks for overlapping pairs.
    """
    mine = geometry.label_material[1:] == material
    contacts = touching_pairs(geometry) if reach == 0.0 else geometry.contacts(reach)
    contacts = contacts.select(mine[contacts.labels - 1].all(axis=1))
    first, second = contacts.labels[:, 0] - 1, contacts.labels[:, 1] - 1
    n = geometry.count
    # displacement across an edge: the second particle, moved by the image, is next to the first
    walk = _displacements(n, first, second, contacts.image)
    winding = contacts.image + walk[first] - walk[second]
    crosses = np.any(winding != 0, axis=0) & geometry.periodic
    graph = coo_matrix((np.ones(first.size), (first, second)), shape=(n, n))
    cluster = connected_components(graph, directed=False)[1]
    walls = geometry.wall_contacts(reach)
    walls = walls.select(contact_areas(geometry, walls) > 0.0) if reach == 0.0 else walls
    at_wall = walls.labels[:, 1] - 1
    for axis in np.flatnonzero(~geometry.periodic):
        low, high = (at_wall[mine[at_wall] & (s * walls.normal[:, axis] > 0)] for s in (1, -1))
        crosses[axis] = np.intersect1d(cluster[low], cluster[high]).size > 0
    return crosses


def _displacements(
    n: int, first: NDArray[np.int32], second: NDArray[np.int32], image: IntArray
) -> NDArray[np.int64]:
    """Return the box (n, d) each particle lies in when clusters are unfolded from a root.

    Along an edge, box(second) = box(first) + image; a spanning tree fixes the boxes, and edges
    that do not close reveal winding paths.
    """
    graph = coo_matrix((np.ones(first.size), (first, second)), shape=(n, n))
    count, cluster = connected_components(graph, directed=False)
    roots = np.unique(cluster, return_index=True)[1]
    # node n is tied to one particle of each cluster, so that one search spans them all
    a = np.concatenate([first, np.full(count, n)])
    b = np.concatenate([second, roots])
    tree = coo_matrix((np.ones(a.size), (a, b)), shape=(n + 1, n + 1)).tocsr()
    parent = breadth_first_order(tree, n, directed=False)[1].astype(np.int64)
    parent[n] = n
    step = np.zeros((n + 1, image.shape[1]), np.int64)
    forward = parent[second] == first
    step[second[forward]] = image[forward]
    backward = parent[first] == second
    step[first[backward]] = -image[backward]
    while np.any(parent != n):
        step += step[parent]
        parent = parent[parent]
    return step[:n]
