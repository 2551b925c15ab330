"""Fields that are constant in simplices, and what flows through their facets.

With the outward area vector a_i of the facet opposite vertex i of a simplex of volume V,

    grad(w) = sum_i w_i a_i / V          for a linear w with means w_i on the facets,
    grad(w) = -sum_i w_i a_i / (d V)     for a linear w with values w_i at the vertices,
    f_i = q . a_i                        for the currents of a constant current density q,
    q = -sum_i f_i (x_i - x_0) / (d V)   the other way round, if the currents add up to zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["area_vectors", "densities_of_currents", "gradients_of_means", "gradients_of_values"]

type Array = NDArray[np.float64]


def area_vectors(corners: Array) -> tuple[Array, Array]:
    """Outward area vectors of facets and volumes of simplices, in whatever order their vertices.

    Args:
        corners: Vertices, shape (n, d + 1, d) [m].

    Returns:
        Vectors, shape (n, d + 1, d) [m^(d-1)], and volumes, shape (n,) [m^d].
    """
    edges = corners[:, 1:] - corners[:, :1]
    d = corners.shape[2]
    vectors = np.empty_like(corners)
    if d == 2:
        vectors[:, 1, 0], vectors[:, 1, 1] = -edges[:, 1, 1], edges[:, 1, 0]
        vectors[:, 2, 0], vectors[:, 2, 1] = edges[:, 0, 1], -edges[:, 0, 0]
    else:
        for i in range(3):
            vectors[:, i + 1] = -0.5 * np.cross(edges[:, (i + 1) % 3], edges[:, (i + 2) % 3])
    # Facet 1 looks away from vertex 1; a simplex of the other handedness has the signs turned.
    signed = -np.einsum("nk,nk->n", vectors[:, 1], edges[:, 0]) / d
    vectors[:, 1:] *= np.sign(signed)[:, None, None]
    vectors[:, 0] = -vectors[:, 1:].sum(axis=1)
    return vectors, np.abs(signed)


def gradients_of_means(vectors: Array, volumes: Array, means: Array) -> Array:
    """Gradients of linear functions given by their means on facets, shape (n, k, d).

    Args:
        vectors: Outward area vectors, shape (n, d + 1, d).
        volumes: Volumes, shape (n,).
        means: Mean of k functions on the facet opposite each vertex, shape (n, d + 1, k).
    """
    found: Array = means.transpose(0, 2, 1) @ vectors / volumes[:, None, None]
    return found


def gradients_of_values(vectors: Array, volumes: Array, values: Array) -> Array:
    """Gradients of linear functions given by their values at the vertices, shape (n, k, d).

    Args:
        vectors: Outward area vectors, shape (n, d + 1, d).
        volumes: Volumes, shape (n,).
        values: Values of k functions, shape (n, d + 1, k).
    """
    d = vectors.shape[2]
    found: Array = values.transpose(0, 2, 1) @ vectors / (-d * volumes[:, None, None])
    return found


def densities_of_currents(corners: Array, volumes: Array, currents: Array) -> Array:
    """Current densities of the currents that leave simplices through their facets, shape (n, k, d).

    Args:
        corners: Vertices, shape (n, d + 1, d) [m].
        volumes: Volumes, shape (n,) [m^d].
        currents: Currents of k fields out of the facet opposite each vertex, those of a simplex
            adding up to zero, shape (n, d + 1, k).
    """
    edges = corners[:, 1:] - corners[:, :1]
    moments = currents[:, 1:].transpose(0, 2, 1) @ edges
    density: Array = moments / (-corners.shape[2] * volumes[:, None, None])
    return density
