"""Who touches whom among particles, and which clusters cross the box: from centres and radii."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from cellion.microstructure.contacts import Contacts, Particles
from cellion.microstructure.cuts import contact_areas


def touching_pairs(geometry: Particles) -> Contacts:
    """Return the contacts of overlapping particles that have an area: who touches whom.

    The periodic image of a particle counts as another one.
    """
    contacts = geometry.contacts(0.0)
    return contacts.select(contact_areas(geometry, contacts) > 0.0)


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
    n: int, first: NDArray[np.int32], second: NDArray[np.int32], image: NDArray[np.int32]
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
