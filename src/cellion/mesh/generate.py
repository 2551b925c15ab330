"""Generate a labelled mesh from a microstructure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cellion.mesh.background import BackgroundMesh, background_mesh
from cellion.mesh.balance import balance_volumes
from cellion.mesh.bodies import Bodies
from cellion.mesh.cut import CutMesh, cut_mesh
from cellion.mesh.data import MeshData
from cellion.mesh.grid import layer_mesh, oblique_layer_mesh, tile_mesh
from cellion.mesh.octree import Spots, build_octree, uniform_planes
from cellion.mesh.pieces import divided_bodies
from cellion.mesh.project import (
    Interface,
    box_projectors,
    find_interface,
    held_back,
    project_interfaces,
    tangent_projectors,
)
from cellion.mesh.quality import check_invariants, shape_numbers
from cellion.mesh.relax import SCALES, relax_worst_cells
from cellion.mesh.rims import Rims
from cellion.mesh.sizes import MeshSizes, wanted_size
from cellion.microstructure.geometry import (
    CutGeometry,
    Geometry,
    LayerPlanes,
    Microstructure,
    TileGrid,
    cut_geometry,
)

__all__ = ["SHAPE_FLOOR", "SHAPE_LIMIT", "SHAPE_TARGET", "generate_mesh"]

SHAPE_FLOOR = float(np.sin(np.radians(8.0)))
"""Smallest sine of a dihedral angle that moving vertices may lead to."""

SHAPE_TARGET = float(np.sin(np.radians(9.0)))
"""Smallest sine of a dihedral angle below which the vertices of a cell are relaxed."""

SHAPE_LIMIT = float(np.sin(np.radians(6.0)))
"""Smallest sine of a dihedral angle below which vertices may even leave their interface."""

SHAPE_LAST = float(np.sin(np.radians(5.0)))
"""Smallest sine of a dihedral angle for the sake of a contact whose area is still wrong."""

SHAPE_ROOM = float(np.sin(np.radians(12.0)))
"""Smallest sine of a dihedral angle aimed at around vertices that were held back."""

ROOM_SCALES = (0.2,)
"""Lengths of the steps that make room, in units of the mean edge around a vertex."""

HELD_BACK = 0.02
"""Distance from the interface, in units of the longest step allowed, that is worth room."""

FIT_ROUNDS = 3
"""Times that cells make room for vertices of grain boundaries and of the rims of contacts."""

RIGHT_AREA = 0.02
"""Relative deviation of the area of a contact that is worth room for its rim."""

type Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class _Labelled:
    """A mesh with labels, and numbers about how well it follows the geometry."""

    mesh: BackgroundMesh
    labels: NDArray[np.int32]
    numbers: dict[str, float]
    pieces: NDArray[np.int32] | None = None


def generate_mesh(
    microstructure: Microstructure,
    sizes: MeshSizes,
    progress: Progress | None = None,
    spots: Spots | None = None,
) -> MeshData:
    """Mesh a microstructure: conforming to its interfaces, matching across the period.

    Layers and tiles are met exactly. Anything else is cut from a background mesh: the vertices of
    its interfaces lie on them up to cells that would become too flat, and facets enclose the true
    volume.

    Args:
        microstructure: The geometry, its box and materials.
        sizes: Cell edges.
        progress: Called with the name of each stage as it starts.
        spots: Points around which the mesh must be finer than that; layers, which are exact on any
            mesh, take no notice.

    Raises:
        MeshError: The sizes cannot be met, or an invariant of the mesh is broken.
    """
    say = progress or (lambda stage: None)
    geometry = microstructure.geometry
    match geometry.exact_mesh():
        case LayerPlanes() as layers:
            say("layers")
            labelled = _layers(geometry, layers, sizes)
        case TileGrid() as tiles:
            say("tiles")
            labelled = _tiles(geometry, tiles, sizes, spots)
        case None:
            labelled = _cut_and_fitted(cut_geometry(geometry), sizes, say, spots)
    say("checks")
    mesh, turned, pieces = labelled.mesh, microstructure.orientations, labelled.pieces
    label_material = np.asarray(geometry.label_material, dtype=np.int32)
    check_invariants(mesh.points, mesh.cells, mesh.image_of, geometry.box, geometry.periodic)
    return MeshData(
        points=mesh.points,
        cells=mesh.cells,
        labels=labelled.labels,
        label_material=label_material if pieces is None else label_material[pieces[:, 0]],
        materials=microstructure.materials,
        box=np.asarray(geometry.box, dtype=np.float64),
        periodic=np.asarray(geometry.periodic, dtype=np.bool_),
        orientations=turned if turned is None or pieces is None else turned[pieces[:, 0]],
        pieces=pieces,
        quality=shape_numbers(mesh.points, mesh.cells) | labelled.numbers,
    )


def _layers(geometry: Geometry, layers: LayerPlanes, sizes: MeshSizes) -> _Labelled:
    """Mesh layers by bricks between their planes."""
    box, periodic, fractions = geometry.box, geometry.periodic, layers.fractions
    if layers.axis is not None:
        interfaces = fractions * box[layers.axis]
        mesh = layer_mesh(box, periodic, layers.axis, interfaces, sizes.size)
    else:
        normal = layers.normal.astype(np.int64)
        mesh = oblique_layer_mesh(box, periodic, normal, fractions, sizes.size)
    labels = geometry.label(_centroids(mesh))
    return _Labelled(mesh=mesh, labels=labels, numbers={})


def _tiles(geometry: Geometry, tiles: TileGrid, sizes: MeshSizes, spots: Spots | None) -> _Labelled:
    """Mesh tiles, finer towards the edges where several meet."""
    box, periodic = geometry.box, geometry.periodic
    mesh = tile_mesh(
        box,
        periodic,
        tiles.divisions.astype(np.int64),
        size=sizes.size,
        smallest=sizes.smallest,
        spots=spots,
    )
    labels = tiles.tile(_centroids(mesh), box, periodic)
    return _Labelled(mesh=mesh, labels=labels, numbers={}, pieces=tiles.pieces)


def _centroids(mesh: BackgroundMesh) -> NDArray[np.float64]:
    """Centroids of the cells, shape (m, d) [m]."""
    return np.asarray(mesh.points[mesh.cells].mean(axis=1))


def _cut_and_fitted(
    geometry: CutGeometry, sizes: MeshSizes, say: Progress, spots: Spots | None
) -> _Labelled:
    """Cut a graded background mesh along the interfaces, then fit its vertices to them."""
    say("octree")
    planes = uniform_planes(
        geometry.box, geometry.periodic, coarsest=sizes.size, finest=sizes.surface
    )
    octree = build_octree(planes, geometry.periodic, wanted_size(geometry, sizes), spots)
    say("background mesh")
    background = background_mesh(octree)
    say("cut")
    bodies = Bodies(geometry=geometry, reach=sizes.size)
    cut = cut_mesh(background, bodies)
    say("projection")
    cut, points, fit = _fitted(cut, bodies, say)
    points = _match_images(points, cut.image_of, geometry.box)
    mesh = BackgroundMesh(points=points, cells=cut.cells, image_of=cut.image_of)
    labels, pieces = divided_bodies(bodies, cut.bodies, points[cut.cells].mean(axis=1))
    filled = np.unique(bodies.labels(cut.bodies))
    numbers = {
        **fit,
        "gaps_kept_open": float(cut.kept_open),
        "labels_without_cells": float(len(geometry.label_material) - len(filled)),
    }
    return _Labelled(mesh=mesh, labels=labels, numbers=numbers, pieces=pieces)


def _fitted(
    cut: CutMesh, bodies: Bodies, say: Progress
) -> tuple[CutMesh, NDArray[np.float64], dict[str, float]]:
    """Fit the vertices of a cut mesh to the interfaces.

    Returns:
        The cut mesh, where cells may be in other bodies; its coordinates by now, shape (n, d) [m];
        numbers about how well they fit.
    """
    interface = find_interface(cut.points, cut.cells, cut.bodies, cut.image_of, bodies)
    points, left = project_interfaces(
        cut.points, cut.image_of, interface, bodies, floor=SHAPE_FLOOR
    )
    along = partial(tangent_projectors, interface=interface, bodies=bodies)

    def relaxed(
        x: NDArray[np.float64],
        suspects: NDArray[np.int64],
        target: float,
        scales: tuple[float, ...] = SCALES,
    ) -> NDArray[np.float64]:
        return relax_worst_cells(x, cut.cells, suspects, cut.image_of, along, target, scales)

    say("relaxation")
    grains = bodies.geometry.particles is None
    lines = interface if grains else interface.select(np.flatnonzero(interface.labels[:, 2] >= 0))
    for _ in range((FIT_ROUNDS if grains else 1) if len(lines.vertex) else 0):
        tight = held_back(points, cut.image_of, lines, bodies, HELD_BACK)
        points = relaxed(points, tight, SHAPE_ROOM, ROOM_SCALES)
        points, left = project_interfaces(points, cut.image_of, lines, bodies, floor=SHAPE_FLOOR)
    points = relaxed(points, interface.cells, SHAPE_TARGET)
    if not grains:  # planes cut no volume off
        points = balance_volumes(points, cut.image_of, interface, bodies, floor=SHAPE_FLOOR)
    # The last resort leaves the interface: a few vertices where labels meet in tiny wedges.
    points = relax_worst_cells(
        points,
        cut.cells,
        interface.cells,
        cut.image_of,
        lambda x, vertex: box_projectors(x, vertex, bodies.box),
        SHAPE_LIMIT,
    )
    cut, points, fit = _with_contacts(cut, points, interface, bodies)
    return cut, points, {"largest_distance_from_interface": left} | fit


def _with_contacts(
    cut: CutMesh, points: NDArray[np.float64], interface: Interface, bodies: Bodies
) -> tuple[CutMesh, NDArray[np.float64], dict[str, float]]:
    """Move the rims of contacts until their areas are right.

    Returns:
        What `_fitted` does.
    """
    while (rims := Rims.find(cut, points, interface, bodies)) is not None:
        along = partial(tangent_projectors, interface=interface, bodies=bodies)
        points = rims.balanced(points, SHAPE_FLOOR)
        for floor in (SHAPE_LIMIT,) * FIT_ROUNDS + (SHAPE_LAST,):
            tight = rims.cells_of_wrong(points, RIGHT_AREA)
            if not len(tight):
                break
            points = relax_worst_cells(
                points, cut.cells, tight, cut.image_of, along, SHAPE_ROOM, ROOM_SCALES
            )
            points = rims.balanced(points, floor)
        given = rims.handed_over(cut, points, RIGHT_AREA)
        if (given == cut.bodies).all():
            return cut, points, rims.numbers(points)
        cut = replace(cut, bodies=given)
        interface = find_interface(points, cut.cells, given, cut.image_of, bodies)
    return cut, points, {}


def _match_images(
    points: NDArray[np.float64], image_of: NDArray[np.int64], box: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give periodic images the coordinates of their canonical vertex plus whole boxes."""
    shift = np.round((points - points[image_of]) / box)
    matched: NDArray[np.float64] = np.where(shift == 0, points[image_of], points)
    return np.where(shift == 0, matched, points[image_of] + shift * box)
