"""Make the microstructure a scenario asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

import numpy as np

from cellion.errors import MicrostructureError, nearest
from cellion.microstructure.ball_kinds import check_packing
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.cuts import swallowed
from cellion.microstructure.descriptors import AnyGeometry, geometric_volume_fractions
from cellion.microstructure.exact import CheckerboardGeometry, LayerGeometry
from cellion.microstructure.geometry import Microstructure, Progress
from cellion.microstructure.orientations import orient
from cellion.microstructure.packing import pack_spheres
from cellion.microstructure.polycrystal import grow_polycrystal, place_bricks, tessellate
from cellion.microstructure.relaxation import Domain
from cellion.microstructure.spheres import SphereGeometry
from cellion.scenario.layers import LayersSpec
from cellion.scenario.mesh_file import MeshFileSpec
from cellion.scenario.microstructure import KINDS, MicrostructureSpec
from cellion.scenario.packing import PackingSpec
from cellion.scenario.polycrystal import PolycrystalSpec
from cellion.scenario.spheres import SpheresSpec
from cellion.scenario.tiles import BricksSpec, CheckerboardSpec

__all__ = ["check_geometry", "generate", "place_layers", "place_spheres", "place_tiles"]


def generate(
    spec: MicrostructureSpec,
    materials: Mapping[str, float | None],
    *,
    say: Progress = lambda step: None,
    sketch: bool = False,
) -> Microstructure:
    """Make the geometry of any kind.

    Args:
        spec: the ``microstructure`` section.
        materials: density [kg/m^3], or None, of every known material by name.
        say: takes the names of the steps.
        sketch: spare what takes long: of many particles or grains the places are random, which is
            enough to estimate a mesh.

    Raises:
        MicrostructureError: a material is unknown, the geometry cannot be made, or it is a mesh
            file, which is read by the mesh room.
    """
    given = (
        spec.packing
        or spec.polycrystal
        or spec.spheres
        or spec.layers
        or spec.bricks
        or spec.checkerboard
        or spec.mesh
    )
    match given:
        case PackingSpec():
            packing = pack_spheres(given, materials, say=say, sketch=sketch)
            return _with_grains(packing, given, sketch=sketch)
        case PolycrystalSpec():
            say("grains")
            return grow_polycrystal(given, materials, sketch=sketch)
        case SpheresSpec():
            return place_spheres(given, materials)
        case LayersSpec():
            return place_layers(given, materials)
        case BricksSpec():
            return place_bricks(given, materials)
        case CheckerboardSpec():
            return place_tiles(given, materials)
        case MeshFileSpec():
            raise MicrostructureError(
                f"microstructure.mesh: '{given.file}' holds a mesh, not a geometry to generate; "
                "read it as a mesh"
            )
        case None:
            raise MicrostructureError(
                f"microstructure: found no geometry; give one of {', '.join(KINDS)}"
            )
        case _:
            assert_never(given)


def check_geometry(spec: MicrostructureSpec, materials: Mapping[str, float | None]) -> None:
    """Find faults that show before particles are packed or grains grown; takes milliseconds.

    Args:
        spec: the ``microstructure`` section.
        materials: density [kg/m^3], or None, of every known material by name.

    Raises:
        MicrostructureError: a material is unknown, or sizes and numbers do not fit the box.
    """
    if spec.packing is not None:
        check_packing(spec.packing, materials)
    elif spec.polycrystal is None and spec.mesh is None:
        generate(spec, materials)


def _with_grains(packing: Microstructure, spec: PackingSpec, *, sketch: bool) -> Microstructure:
    """Divide the matrix of a packing into grains, if the scenario wants it."""
    wanted, spheres = spec.matrix.polycrystal, packing.geometry
    if wanted is None or not isinstance(spheres, SphereGeometry):
        return packing
    where = "microstructure.packing.matrix.polycrystal"
    domain = Domain(box=packing.box, periodic=packing.periodic)
    grains = tessellate(wanted, domain, spec.seed, where, sketch=sketch)
    count, d = grains.geometry.count, packing.box.size
    turned = orient(wanted.orientations, count, d, spec.seed, f"{where}.orientations")
    aligned = np.tile(np.eye(d), (spheres.count, 1, 1))
    material = spheres.label_material
    return replace(
        packing,
        geometry=CompositeGeometry(
            particles=spheres,
            grains=grains.geometry,
            label_material=np.concatenate([np.full(count, material[0]), material[1:]]),
        ),
        orientations=np.concatenate([turned, aligned]),
        numbers=dict(packing.numbers) | dict(grains.numbers),
        notes=(*packing.notes, *grains.notes),
    )


def place_spheres(spec: SpheresSpec, materials: Mapping[str, float | None]) -> Microstructure:
    """Place spheres, or discs, as listed; overlaps are divided, walls clip.

    Args:
        spec: the request.
        materials: densities by known material name.

    Raises:
        MicrostructureError: a material is unknown.
    """
    where = "microstructure.spheres"
    _known(spec.matrix, f"{where}.matrix", materials)
    for k, sphere in enumerate(spec.spheres):
        _known(sphere.material, f"{where}.spheres[{k}].material", materials)
    names = tuple(dict.fromkeys([spec.matrix, *(s.material for s in spec.spheres)]))
    box = np.asarray(spec.box, dtype=float)
    geometry = SphereGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        centers=np.array([s.center for s in spec.spheres], dtype=float).reshape(-1, box.size),
        radii=np.array([s.radius for s in spec.spheres], dtype=float),
        label_material=np.array(
            [0, *(names.index(s.material) for s in spec.spheres)], dtype=np.int32
        ),
    )
    return _microstructure(geometry, names, geometry.count, _sphere_notes(geometry, where))


def _sphere_notes(geometry: SphereGeometry, where: str) -> tuple[str, ...]:
    """Say which spheres overlap, vanish or are clipped."""
    notes = []
    overlaps = geometry.contacts(0.0)
    if len(overlaps):
        a, b = overlaps.labels[int(np.argmin(overlaps.gap))]
        notes.append(
            f"{where}: {len(overlaps)} pairs overlap, spheres[{a - 1}] and spheres[{b - 1}] most; "
            "the plane through their common circle divides them"
        )
    gone = np.flatnonzero(swallowed(geometry))
    if gone.size:
        listed = ", ".join(f"spheres[{k}]" for k in gone[:5])
        notes.append(f"{where}: {gone.size} lie inside another one and have no volume: {listed}")
    r = geometry.radii[:, None]
    beyond = (geometry.centers < r) | (geometry.centers > geometry.box - r)
    clipped = int(np.count_nonzero(np.any(beyond & ~geometry.periodic, axis=1)))
    if clipped:
        notes.append(f"{where}: the walls of the box clip {clipped} of them")
    return tuple(notes)


def place_layers(spec: LayersSpec, materials: Mapping[str, float | None]) -> Microstructure:
    """Stack layers across an axis, or normal to a lattice direction.

    Args:
        spec: the request.
        materials: densities by known material name.

    Raises:
        MicrostructureError: a material is unknown.
    """
    for k, name in enumerate(spec.materials):
        _known(name, f"microstructure.layers.materials[{k}]", materials)
    box = np.asarray(spec.box, dtype=float)
    unit = np.eye(box.size, dtype=np.int32)["xyz".index(spec.axis or "x")]
    normal = unit if spec.normal is None else np.array(spec.normal, dtype=np.int32)
    breaks = np.cumsum([0.0, *spec.thicknesses]) / np.sum(spec.thicknesses)
    breaks[-1] = 1.0
    names = tuple(dict.fromkeys(spec.materials))
    geometry = LayerGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        normal=normal,
        breaks=breaks,
        label_material=np.array([names.index(m) for m in spec.materials], dtype=np.int32),
    )
    return _microstructure(geometry, names, 0, ())


def place_tiles(spec: CheckerboardSpec, materials: Mapping[str, float | None]) -> Microstructure:
    """Tile the box with two alternating materials, or one for each tile.

    Args:
        spec: the request.
        materials: densities by known material name.

    Raises:
        MicrostructureError: a material is unknown.
    """
    for k, name in enumerate(spec.materials):
        _known(name, f"microstructure.checkerboard.materials[{k}]", materials)
    box, divisions = np.asarray(spec.box, dtype=float), np.array(spec.divisions, dtype=np.int32)
    names = tuple(dict.fromkeys(spec.materials))
    count = int(np.prod(divisions))
    tile = np.arange(count)
    if len(spec.materials) != count:
        index = np.unravel_index(tile, tuple(int(n) for n in divisions), order="F")
        tile = np.sum(index, axis=0) % 2
    of_entry = np.array([names.index(m) for m in spec.materials], dtype=np.int32)
    geometry = CheckerboardGeometry(
        box=box,
        periodic=np.full(box.size, spec.periodic),
        divisions=divisions,
        label_material=of_entry[tile],
    )
    return _microstructure(geometry, names, 0, ())


def _microstructure(
    geometry: AnyGeometry, names: tuple[str, ...], particles: int, notes: tuple[str, ...]
) -> Microstructure:
    """Wrap an explicit geometry; what it fills is what was requested."""
    return Microstructure(
        box=geometry.box,
        periodic=geometry.periodic,
        materials=names,
        geometry=geometry,
        requested_volume_fraction=geometric_volume_fractions(geometry, names),
        particle_count=particles,
        notes=notes,
    )


def _known(name: str, where: str, materials: Mapping[str, float | None]) -> None:
    """Refuse a name that is not a material."""
    if name not in materials:
        raise MicrostructureError(
            f"{where}: '{name}' is not a material; known are "
            f"{', '.join(materials)}{nearest(name, materials)}"
        )
