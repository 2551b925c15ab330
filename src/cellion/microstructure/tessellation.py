"""Seeds and weights of grains: at random, as listed, or so that grains have prescribed volumes.

Prescribed volumes: seeds from a packing of balls of these volumes, whose squared radii are the
first weights; then weights such that every cell of the power diagram has its volume. That is a
concave maximisation, solved by damped Newton steps with the exact derivatives::

    dV_i / dw_j = - A_ij / (2 |c_i - c_j|)   (i != j),    sum_j dV_i / dw_j = 0

In between, seeds move to the centroids of their cells a few times, which makes grains rounder.

Source: Kitagawa, Merigot and Thibert (2019), Convergence of a Newton algorithm for semi-discrete
optimal transport, J. Eur. Math. Soc. 21, 2603; Bourne, Kok, Roper and Spanjer (2020), Laguerre
tessellations and polycrystalline microstructures, Phil. Mag. 100, 2677.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import spsolve

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray, wrap
from cellion.microstructure.power_diagram import PowerDiagram, power_diagram
from cellion.microstructure.relaxation import Domain, relax

__all__ = ["VOLUME_TOLERANCE", "Seeds", "fit_volumes", "fit_weights"]

VOLUME_TOLERANCE = 1e-6
"""Largest relative difference between the volume of a grain and the one prescribed."""

_DENSITY = {2: 0.7, 3: 0.55}
_RELAXATIONS = 3
_STEPS = 60
_HALVINGS = 12
_LEAST_PART = 0.3


@dataclass(frozen=True, kw_only=True, eq=False)
class Seeds:
    """Generators of a power diagram.

    Attributes:
        centers: (n, d) [m].
        weights: (n,) [m^2].
    """

    centers: FloatArray
    weights: FloatArray


def fit_volumes(volumes: FloatArray, domain: Domain, rng: np.random.Generator, where: str) -> Seeds:
    """Return seeds whose cells have the volumes (n,) [m^d], which sum to that of the box.

    Args:
        volumes: prescribed volumes, in any order.
        domain: the box.
        rng: source of random numbers.
        where: key path of the request, for messages.

    Raises:
        MicrostructureError: the weights do not converge.
    """
    d = domain.box.size
    radii = (volumes * d / (2.0 * (d - 1) * np.pi)) ** (1.0 / d)
    cores = radii * _DENSITY[d] ** (1.0 / d)
    start = domain.box * rng.random((len(volumes), d))
    margins = np.minimum(cores, 0.49 * float(domain.box.min()))
    centers, _ = relax(start, cores, margins, domain, tolerance=1e-2, max_steps=1000)
    weights = radii**2
    for _ in range(_RELAXATIONS):
        weights, diagram = fit_weights(centers, weights, volumes, domain, where, tolerance=1e-2)
        centers = wrap(diagram.centroid, domain.box, domain.periodic)
    weights, _ = fit_weights(centers, weights, volumes, domain, where)
    return Seeds(centers=centers, weights=weights)


def fit_weights(
    centers: FloatArray,
    weights: FloatArray,
    volumes: FloatArray,
    domain: Domain,
    where: str,
    tolerance: float = VOLUME_TOLERANCE,
) -> tuple[FloatArray, PowerDiagram]:
    """Return weights (n,) [m^2] that give every cell its volume, and the cells.

    Args:
        centers: (n, d) [m], inside the box.
        weights: first guess (n,) [m^2]; Voronoi cells are taken where it leaves a cell empty.
        volumes: prescribed (n,) [m^d].
        domain: the box.
        where: key path of the request, for messages.
        tolerance: largest relative difference of a volume.

    Raises:
        MicrostructureError: the weights do not converge.
    """
    diagram = power_diagram(centers, weights, domain.box, domain.periodic)
    if diagram.volume.min() < 1e-3 * volumes.min():
        weights = np.zeros_like(weights)
        diagram = power_diagram(centers, weights, domain.box, domain.periodic)
    least = _LEAST_PART * min(float(diagram.volume.min()), float(volumes.min()))
    for _ in range(_STEPS):
        error = volumes - diagram.volume
        if np.max(np.abs(error) / volumes) <= tolerance:
            return weights, diagram
        step = _newton_step(diagram, error)
        norm, length = np.linalg.norm(error), 1.0
        for _ in range(_HALVINGS):
            trial = weights + length * step
            found = power_diagram(centers, trial, domain.box, domain.periodic)
            left = np.linalg.norm(volumes - found.volume)
            if found.volume.min() >= least and left <= (1.0 - 0.5 * length) * norm:
                break
            length *= 0.5
        weights, diagram = trial, found
    raise MicrostructureError(
        f"{where}: the volumes of the {len(volumes)} grains were not reached (largest relative "
        f"difference {np.max(np.abs(volumes - diagram.volume) / volumes):.2g}); take a narrower "
        "distribution, another seed, or a larger box"
    )


def _newton_step(diagram: PowerDiagram, error: FloatArray) -> FloatArray:
    """Return the change of weights (n,) [m^2] that removes the errors (n,) to first order."""
    facets, n = diagram.facets, len(error)
    if n == 1:
        return np.zeros(1)
    between = (facets.neighbour >= 0) & (facets.neighbour != facets.cell)
    i, j = facets.cell[between], facets.neighbour[between]
    slope = facets.area[between] / (2.0 * facets.spacing[between])
    matrix: csc_matrix = coo_matrix(
        (np.concatenate([slope, -slope]), (np.concatenate([i, i]), np.concatenate([i, j]))),
        shape=(n, n),
    ).tocsc()
    step = np.zeros(n)
    step[1:] = spsolve(matrix[1:, 1:], error[1:])
    return np.asarray(step - step.mean(), dtype=float)
