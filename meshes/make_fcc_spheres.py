"""Make ``fcc_spheres.msh``: one period of a face-centred cubic array of spheres in a matrix.

Run it with the Gmsh wheel installed (``pip install cellion[gmsh]``)::

    python meshes/make_fcc_spheres.py

Opposite faces of the box carry the same triangles, so the mesh serves periodic and electrode
problems alike. Flat facets cut volume off a sphere; the radius is enlarged until the *meshed*
spheres fill the volume fraction asked for.
"""

from __future__ import annotations

from itertools import product
from math import pi
from pathlib import Path

import gmsh
import numpy as np

EDGE = 10.0
"""Edge of the box, in micrometres."""
FRACTION = 0.30
"""Volume fraction of the spheres."""
SIZE = 0.8
"""Edge of the tetrahedra, in micrometres."""
MATRIX, SPHERES = 1, 2
"""Tags of the two physical volumes."""

CENTRES = [
    *product((0.0, 1.0), repeat=3),
    *((0.5, 0.5, z) for z in (0.0, 1.0)),
    *((0.5, y, 0.5) for y in (0.0, 1.0)),
    *((x, 0.5, 0.5) for x in (0.0, 1.0)),
]


def build(radius: float) -> None:
    """Model the box and the parts of the spheres that lie in it."""
    gmsh.clear()
    occ = gmsh.model.occ
    box = occ.addBox(0, 0, 0, EDGE, EDGE, EDGE)
    balls = [(3, occ.addSphere(*(EDGE * c for c in centre), radius)) for centre in CENTRES]
    parts, _ = occ.intersect(balls, [(3, occ.copy([(3, box)])[0][1])])
    _, origins = occ.fragment([(3, box)], parts)
    occ.synchronize()
    inside = {tag for pieces in origins[1:] for _, tag in pieces}
    outside = {tag for _, tag in gmsh.model.getEntities(3)} - inside
    gmsh.model.addPhysicalGroup(3, sorted(outside), MATRIX, name="SE")
    gmsh.model.addPhysicalGroup(3, sorted(inside), SPHERES, name="CAM")
    for axis in range(3):
        match_faces(axis)


def match_faces(axis: int) -> None:
    """Make the triangles of the upper face of an axis copies of those of the lower one."""
    shift = np.zeros(3)
    shift[axis] = EDGE
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    small = 1e-3
    low, high = np.full(3, -small), np.full(3, EDGE + small)
    high[axis] = small
    for dimension, lower in gmsh.model.getEntitiesInBoundingBox(*low, *high, 2):
        bounds = np.array(gmsh.model.getBoundingBox(dimension, lower)).reshape(2, 3) + shift
        near = gmsh.model.getEntitiesInBoundingBox(*(bounds[0] - small), *(bounds[1] + small), 2)
        for _, upper in near:
            found = np.array(gmsh.model.getBoundingBox(2, upper)).reshape(2, 3)
            if np.abs(found - bounds).max() < small:
                gmsh.model.mesh.setPeriodic(2, [upper], [lower], matrix.ravel().tolist())


def mesh() -> float:
    """Mesh the model and return the volume fraction of the meshed spheres."""
    gmsh.model.mesh.generate(3)
    gmsh.model.mesh.optimize("Netgen")
    volumes = {MATRIX: 0.0, SPHERES: 0.0}
    for group in volumes:
        for entity in gmsh.model.getEntitiesForPhysicalGroup(3, group):
            _, tags, _ = gmsh.model.mesh.getElements(3, entity)
            quality = gmsh.model.mesh.getElementQualities(np.concatenate(tags), "volume")
            volumes[group] += float(np.sum(quality))
    return volumes[SPHERES] / sum(volumes.values())


def main() -> None:
    """Write the mesh beside this script."""
    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Verbosity", 1)
    gmsh.option.setNumber("General.NumThreads", 1)
    gmsh.option.setNumber("Mesh.MeshSizeMin", SIZE)
    gmsh.option.setNumber("Mesh.MeshSizeMax", SIZE)
    radius = EDGE * (FRACTION * 3.0 / (16.0 * pi)) ** (1.0 / 3.0)
    for _ in range(6):
        build(radius)
        meshed = mesh()
        print(f"radius {radius:.5f} um: spheres fill {meshed:.5f}")
        if abs(meshed - FRACTION) < 2e-4:
            break
        radius *= (FRACTION / meshed) ** (1.0 / 3.0)
    gmsh.write(str(Path(__file__).with_name("fcc_spheres.msh")))
    gmsh.finalize()


if __name__ == "__main__":
    main()
