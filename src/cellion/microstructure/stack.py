"""A composite between two flat layers: cut out of what repeats, at two planes.

A periodic geometry has no ends. Along the axis of a cell it gets two, the planes at which its box
begins and ends: particles that cross them are cut flat, and what is left of a particle at one end
has nothing to do any more with what is left of it at the other. The layers themselves need no
geometry: they continue the mesh of the composite (`cellion.mesh.stack`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cellion.errors import MicrostructureError
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.exact import CheckerboardGeometry, LayerGeometry
from cellion.microstructure.geometry import FloatArray, Geometry, Microstructure
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.spheres import SphereGeometry

__all__ = ["Slab", "cut_open"]

type Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Slab:
    """A flat layer beside a composite.

    Attributes:
        material: name of what it is made of.
        thickness: thickness [m].
    """

    material: str
    thickness: float


def cut_open(microstructure: Microstructure, axis: int) -> Microstructure:
    """Return a microstructure that ends along one axis at the faces of its box.

    Args:
        microstructure: what repeats, or has walls, along the axis.
        axis: index of the axis.

    Returns:
        The same region of space. Particles and grains that enter it from beyond both faces have
        one label for each; grains that do not enter it keep a label of no volume.

    Raises:
        MicrostructureError: the geometry is of an unknown kind.
    """
    if not microstructure.periodic[axis]:
        return microstructure
    geometry, source = _opened(microstructure.geometry, axis)
    turned = microstructure.orientations
    return replace(
        microstructure,
        periodic=geometry.periodic,
        geometry=geometry,
        orientations=None if turned is None else turned[source],
    )


def _opened(geometry: Geometry, axis: int) -> tuple[Geometry, Indices]:
    """Return the geometry with ends, and the label that each of its labels comes from."""
    labels = np.arange(len(geometry.label_material))
    match geometry:
        case LayerGeometry() | CheckerboardGeometry():
            return replace(geometry, periodic=_ends(geometry.periodic, axis)), labels
        case SphereGeometry():
            return _open_spheres(geometry, axis)
        case LaguerreGeometry():
            return _open_grains(geometry, axis)
        case CompositeGeometry():
            particles, of_particle = _open_spheres(geometry.particles, axis)
            grains, of_grain = _open_grains(geometry.grains, axis)
            source = np.concatenate([of_grain, of_particle[1:] + geometry.grains.count - 1])
            material = geometry.label_material[source]
            opened = CompositeGeometry(particles=particles, grains=grains, label_material=material)
            return opened, source
        case _:
            raise MicrostructureError(
                f"microstructure: a {type(geometry).__name__} that repeats cannot be put between "
                "separator and collector; set 'periodic: false'"
            )


def _ends(periodic: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """Return which axes repeat when one does not any more."""
    return np.asarray(periodic & (np.arange(periodic.size) != axis))


def _moved(centers: FloatArray, axis: int, distance: float) -> FloatArray:
    """Return points moved along an axis."""
    return np.asarray(centers + distance * np.eye(centers.shape[1])[axis])


def _open_spheres(geometry: SphereGeometry, axis: int) -> tuple[SphereGeometry, Indices]:
    """Add the images of spheres that reach into the box through one of its ends."""
    edge, place = float(geometry.box[axis]), geometry.centers[:, axis]
    above = np.flatnonzero(place < geometry.radii)
    below = np.flatnonzero(place > edge - geometry.radii)
    own = np.concatenate([np.arange(geometry.count), above, below])
    source = np.concatenate([[0], own + 1])
    opened = SphereGeometry(
        box=geometry.box,
        periodic=_ends(geometry.periodic, axis),
        centers=np.concatenate(
            [
                geometry.centers,
                _moved(geometry.centers[above], axis, edge),
                _moved(geometry.centers[below], axis, -edge),
            ]
        ),
        radii=geometry.radii[own],
        label_material=geometry.label_material[source],
    )
    return opened, source


def _open_grains(geometry: LaguerreGeometry, axis: int) -> tuple[LaguerreGeometry, Indices]:
    """Add the images of all grains beyond both ends; along columns there is nothing to add."""
    shifts = [0.0] if geometry.columnar == axis else [0.0, 1.0, -1.0]
    source = np.tile(np.arange(geometry.count), len(shifts))
    edge = float(geometry.box[axis])
    opened = LaguerreGeometry(
        box=geometry.box,
        periodic=_ends(geometry.periodic, axis),
        centers=np.concatenate([_moved(geometry.centers, axis, s * edge) for s in shifts]),
        weights=geometry.weights[source],
        label_material=geometry.label_material[source],
        columnar=geometry.columnar,
    )
    return opened, source
