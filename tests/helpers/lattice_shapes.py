"""Dimension and coordination of the named lattices."""

from __future__ import annotations

SHAPES = {
    "chain": (1, 2),
    "square": (2, 4),
    "triangular": (2, 6),
    "honeycomb": (2, 3),
    "sc": (3, 6),
    "bcc": (3, 8),
    "fcc": (3, 12),
    "diamond": (3, 4),
    "hcp": (3, 12),
    "garnet_24d": (3, 4),
    "garnet_24c": (3, 4),
    "octahedron_vertices": (3, 8),
}
"""Directions in which each lattice conducts, and hops that lead away from each site."""
