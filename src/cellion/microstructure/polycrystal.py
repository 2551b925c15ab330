"""Polycrystals: places, sizes and orientations of grains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cellion.errors import MicrostructureError
from cellion.microstructure.arrays import FloatArray
from cellion.microstructure.diameters import Amount, ball_volume, draw_radii
from cellion.microstructure.geometry import SKETCHED, Microstructure, RandomBodies, check_material
from cellion.microstructure.grain_statistics import grain_statistics
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.orientations import orient
from cellion.microstructure.relaxation import Domain
from cellion.microstructure.tessellation import Seeds, fit_volumes
from cellion.scenario.polycrystal import MOST_GRAINS, GrainsSpec, PolycrystalSpec

__all__ = ["Grains", "grow_polycrystal", "tessellate"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Grains:
    """A tessellation and what is to be said about it.

    Attributes:
        geometry: the grains, of material 0.
        numbers: plain numbers by name.
        notes: sentences.
    """

    geometry: LaguerreGeometry
    numbers: Mapping[str, float]
    notes: tuple[str, ...]


def grow_polycrystal(
    spec: PolycrystalSpec, materials: Mapping[str, float | None], *, sketch: bool = False
) -> Microstructure:
    """Divide the box into grains of one material.

    Args:
        spec: the request.
        materials: densities by known material name.
        sketch: do not give more grains than `SKETCHED` their volumes.

    Raises:
        MicrostructureError: the material is unknown, there are too many grains, or their volumes
            or orientations cannot be had.
    """
    where = "microstructure.polycrystal"
    check_material(spec.material, f"{where}.material", materials)
    box = np.asarray(spec.box, dtype=float)
    domain = Domain(box=box, periodic=np.full(box.size, spec.periodic))
    columnar = None if spec.columnar is None else "xyz".index(spec.columnar)
    grains = tessellate(spec, domain, spec.seed or 0, where, columnar, sketch=sketch)
    count, at = grains.geometry.count, f"{where}.orientations"
    return Microstructure(
        materials=(spec.material,),
        geometry=grains.geometry,
        orientations=orient(spec.orientations, count, box.size, spec.seed, at),
        seed=spec.seed,
        requested_volume_fraction={spec.material: 1.0},
        bodies=_bodies(grains.geometry) if spec.seeds is None else None,
        numbers=grains.numbers,
        notes=grains.notes,
    )


def _bodies(geometry: LaguerreGeometry) -> RandomBodies:
    """Return the grains, as large as the cube root of their mean volume."""
    across = geometry.across
    size = float(np.prod(geometry.box[across]) / geometry.count) ** (1.0 / int(across.sum()))
    return RandomBodies(noun="grains", count=geometry.count, diameter=size, across=across)


def tessellate(
    spec: GrainsSpec,
    domain: Domain,
    seed: int,
    where: str,
    columnar: int | None = None,
    *,
    sketch: bool = False,
) -> Grains:
    """Divide a box into grains.

    Args:
        spec: how many, how large, or where.
        domain: the box.
        seed: of the random numbers.
        where: key path of the request, for messages.
        columnar: axis along which grains are prisms.
        sketch: leave more grains than `SKETCHED` around random points, without their cells.

    Raises:
        MicrostructureError: there are too many grains, or their volumes cannot be reached.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    axes = np.arange(domain.box.size) != (-1 if columnar is None else columnar)
    across = Domain(box=domain.box[axes], periodic=domain.periodic[axes])
    volumes: FloatArray | None = None
    notes: tuple[str, ...] = ()
    if spec.seeds is not None:
        seeds = _listed(spec, axes)
    elif spec.grains is not None:
        places = across.box * rng.random((spec.grains, across.box.size))
        seeds = Seeds(centers=places, weights=np.zeros(spec.grains))
        notes = (f"{where}: grains around random points, a Poisson-Voronoi tessellation",)
    else:
        volumes, notes = _drawn(spec, across, rng, where)
        if sketch and len(volumes) > SKETCHED:
            places = across.box * rng.random((len(volumes), across.box.size))
            seeds = Seeds(centers=places, weights=np.zeros(len(volumes)))
        else:
            seeds = fit_volumes(volumes, across, rng, where)
    sketched = sketch and len(seeds.weights) > SKETCHED
    mean = float(np.prod(across.box)) / len(seeds.weights)
    centers = np.zeros((len(seeds.weights), domain.box.size))
    centers[:, axes] = seeds.centers
    geometry = LaguerreGeometry(
        box=domain.box,
        periodic=domain.periodic,
        centers=centers,
        weights=seeds.weights,
        label_material=np.zeros(len(seeds.weights), np.int32),
        columnar=columnar,
        expected=np.full(len(seeds.weights), mean) if sketched else None,
    )
    if sketched:
        return Grains(geometry=geometry, numbers={}, notes=notes)
    found = geometry.diagram.volume
    numbers = grain_statistics(geometry).numbers()
    if volumes is not None:
        numbers["largest_grain_volume_error"] = float(np.max(np.abs(found - volumes) / volumes))
    notes = (*notes, *_empty(found, where))
    return Grains(geometry=geometry, numbers=numbers, notes=notes)


def _listed(spec: GrainsSpec, axes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Seeds:
    """Return the seeds of a scenario, without their coordinate along columns."""
    listed = spec.seeds or ()
    centers = np.array([seed.center for seed in listed], dtype=float)[:, axes]
    return Seeds(centers=centers, weights=np.array([(s.radius or 0.0) ** 2 for s in listed]))


def _drawn(
    spec: GrainsSpec, domain: Domain, rng: np.random.Generator, where: str
) -> tuple[FloatArray, tuple[str, ...]]:
    """Draw volumes (n,) from the distribution of sizes; they sum to that of the box."""
    if spec.size is None:
        raise MicrostructureError(f"{where}: give 'grains', 'size' or 'seeds'")
    amount = Amount(where=f"{where}.size", fraction=1.0, box=domain.box)
    radii, notes = draw_radii(spec.size, amount, rng)
    if len(radii) > MOST_GRAINS:
        raise MicrostructureError(
            f"{where}.size: the box holds {len(radii)} grains of this size; at most {MOST_GRAINS} "
            "are possible; make them larger or the box smaller"
        )
    volumes = ball_volume(radii, domain.box.size)
    return volumes * (np.prod(domain.box) / volumes.sum()), notes


def _empty(volumes: FloatArray, where: str) -> tuple[str, ...]:
    """Say which grains own no point."""
    gone = np.flatnonzero(volumes == 0.0)
    if not gone.size:
        return ()
    listed = ", ".join(f"seeds[{k}]" for k in gone[:5])
    return (f"{where}: {gone.size} grains own no point, others outweigh them: {listed}",)
