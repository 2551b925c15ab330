"""Generate a labelled mesh from a microstructure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.background import background_mesh
from cellion.mesh.balance import balance_volumes
from cellion.mesh.cut import cut_mesh
from cellion.mesh.data import MeshData
from cellion.mesh.octree import build_octree, uniform_planes
from cellion.mesh.project import find_interface, project_interfaces, tangent_projectors
from cellion.mesh.quality import check_invariants, shape_numbers
from cellion.mesh.relax import relax_worst_cells
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Microstructure

__all__ = ["SHAPE_FLOOR", "generate_mesh"]

SHAPE_FLOOR = float(np.sin(np.radians(8.0)))
"""Smallest sine of a dihedral angle that moving vertices may lead to."""

SHAPE_TARGET = float(np.sin(np.radians(12.0)))
"""Smallest sine of a dihedral angle below which the vertices of a cell are relaxed."""


def generate_mesh(
    microstructure: Microstructure,
    sizes: MeshSizes,
    progress: Callable[[str], None] | None = None,
) -> MeshData:
    """Mesh a microstructure: conforming to its interfaces, matching across the period.

    Args:
        microstructure: The geometry, its box and materials.
        sizes: Cell edges.
        progress: Called with the name of each stage as it starts.

    Raises:
        MeshError: The sizes cannot be met, or an invariant of the mesh is broken.
    """
    say = progress or (lambda stage: None)
    geometry = microstructure.geometry
    box = np.asarray(microstructure.box, dtype=np.float64)
    periodic = np.asarray(microstructure.periodic, dtype=np.bool_)
    say("octree")
    planes = uniform_planes(box, periodic, coarsest=sizes.size, finest=sizes.surface)
    octree = build_octree(planes, periodic, lambda x: geometry.size(x, sizes))
    say("background mesh")
    background = background_mesh(octree)
    say("cut")
    cut = cut_mesh(background, geometry)
    say("projection")
    interface = find_interface(cut.points, cut.cells, cut.labels, cut.image_of, geometry)
    points, left = project_interfaces(
        cut.points, cut.image_of, interface, geometry, floor=SHAPE_FLOOR
    )
    points = relax_worst_cells(
        points,
        cut.cells,
        cut.image_of,
        lambda x, vertex: tangent_projectors(x, vertex, interface, geometry),
        SHAPE_TARGET,
    )
    points = balance_volumes(points, cut.image_of, interface, geometry, floor=SHAPE_FLOOR)
    points = _match_images(points, cut.image_of, box)
    say("checks")
    check_invariants(points, cut.cells, cut.image_of, box, periodic)
    numbers = shape_numbers(points, cut.cells)
    numbers["largest_distance_from_interface"] = left
    numbers["gaps_kept_open"] = float(cut.kept_open)
    return MeshData(
        points=points,
        cells=cut.cells,
        labels=cut.labels,
        label_material=np.asarray(geometry.label_material, dtype=np.int32),
        materials=microstructure.materials,
        box=box,
        periodic=periodic,
        quality=numbers,
    )


def _match_images(
    points: NDArray[np.float64], image_of: NDArray[np.int64], box: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give periodic images the coordinates of their canonical vertex plus whole boxes."""
    shift = np.round((points - points[image_of]) / box)
    matched: NDArray[np.float64] = np.where(shift == 0, points[image_of], points)
    return np.where(shift == 0, matched, points[image_of] + shift * box)
