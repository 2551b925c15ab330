"""Percolation thresholds from meshes of random sites."""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
from mpi4py import MPI

from cellion.mesh.distribute import distribute
from cellion.transport.primal.percolation import find_components
from helpers.mesh_boxes import labelled_box
from reference_cases.rows import Entry, Row, value_row

ALLOWED = 0.03
"""Relative scatter and finite-size shift of a mean threshold over some samples."""

SAMPLES, SITES = 24, {2: 48, 3: 14}


def site_threshold(entry: Entry) -> list[Row]:
    """Mean share of open sites at which a periodic sample begins to percolate in some direction."""
    d = 2 if "square" in entry["geometry"] else 3
    n, random = SITES[d], np.random.default_rng(1957 + d)
    labels = lambda x: (np.floor(n * x) @ n ** np.arange(d)).astype(int)  # noqa: E731
    names = [f"s{k}" for k in range(n**d)]
    mesh = distribute(labelled_box((n,) * d, labels, names), MPI.COMM_SELF)
    found = [threshold(mesh, random.permutation(n**d)) for _ in range(SAMPLES)]
    exact = entry["expected"]["value"]
    name = f"mean threshold of {SAMPLES} samples of {n}^{d} sites"
    return [value_row(entry, name, exact, float(np.mean(found)), allowed=ALLOWED)]


def threshold(mesh: object, order: np.ndarray) -> float:
    """Share of sites, opened in an order, at which the sample percolates."""
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        conducts = np.zeros(len(order), dtype=bool)
        conducts[order[:middle]] = True
        through = find_components(mesh, conducts, periodic=True).winds.any()
        low, high = (low, middle) if through else (middle, high)
    return high / len(order)
