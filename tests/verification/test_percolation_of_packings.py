"""What percolates through the mesh is what percolates through the particles.

The clusters of overlapping spheres follow from centres and radii alone (union-find with winding
numbers); those of the mesh from its facets. A mesh that merged two particles across a gap finer
than its cells, or broke a neck, would tell itself by a different answer.
"""

from __future__ import annotations

import cellion.parallel  # noqa: F401 - before dolfinx and mpi4py

import numpy as np
import pytest
from mpi4py import MPI

from cellion.material.material import build_materials
from cellion.mesh.distribute import distribute
from cellion.mesh.generate import generate_mesh
from cellion.mesh.sizes import mesh_sizes
from cellion.microstructure.generate import generate
from cellion.scenario.load import build_scenario
from cellion.transport.primal.percolation import find_components
from helpers.particle_clusters import cluster_percolation


@pytest.mark.parametrize(("fraction", "seed"), [(0.35, 7), (0.45, 19), (0.55, 31)])
def test_mesh_and_particles_agree(fraction: float, seed: int) -> None:
    scenario = build_scenario(
        {
            "name": "percolation",
            "materials": {"SE": {"ion": {"conductivity": "1 S/m"}}, "CAM": "insulator"},
            "microstructure": {
                "packing": {
                    "box": ["10 um"] * 3,
                    "seed": seed,
                    "matrix": "SE",
                    "overlap": 0.08,
                    "particles": [
                        {"material": "CAM", "volume_fraction": fraction, "diameter": "4 um"}
                    ],
                }
            },
            "mesh": {"surface_size": "0.6 um", "smallest_size": "0.6 um", "gap_cells": 1},
        }
    )
    materials = build_materials(scenario)
    structure = generate(
        scenario.microstructure, {name: m.density for name, m in materials.items()}
    )
    particles = structure.materials.index("CAM")
    mesh = distribute(
        generate_mesh(structure, mesh_sizes(scenario.mesh, structure)), MPI.COMM_WORLD
    )
    conducting = np.array([name == "CAM" for name in mesh.materials])
    components = find_components(mesh, conducting, periodic=True)
    expected = cluster_percolation(structure.geometry, particles)
    assert components.winds.any(axis=0).tolist() == expected.tolist()
