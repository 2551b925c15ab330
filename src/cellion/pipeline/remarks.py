"""Notes on what a scenario leaves open, and on what of it has no effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import cellion.parallel  # noqa: F401

import numpy as np
from numpy.typing import NDArray

from cellion.homogenise.properties import EffectiveTransport
from cellion.mesh.features import narrow_gaps
from cellion.mesh.periodicity import AXES
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.composite import CompositeGeometry
from cellion.microstructure.descriptors import size_statistics
from cellion.microstructure.geometry import Geometry, Microstructure
from cellion.microstructure.laguerre import LaguerreGeometry
from cellion.microstructure.spheres import SphereGeometry
from cellion.pipeline.cell_layers import wanted_cell
from cellion.results.record import pair_name
from cellion.scenario.packing import PoreSpec
from cellion.scenario.scenario import Scenario

__all__ = ["reference_notes", "small_box", "unresolved", "unused_laws", "voids"]

_FEW = 50
_NARROW = 5.0
_PORE: str = PoreSpec.model_fields["material"].default


def unused_laws(scenario: Scenario, touching: Collection[str]) -> tuple[str, ...]:
    """Name the interface laws that meet nothing.

    Args:
        scenario: What is asked.
        touching: Pairs of materials (see `pair_name`) of which two labels meet.
    """
    notes = []
    for index, law in enumerate(scenario.interfaces):
        one, other = law.between
        if pair_name(one, other) not in touching:
            what = f"no two regions of {one} meet" if one == other else f"{one} meets no {other}"
            notes.append(f"interfaces[{index}]: {what} here, so that this law has no effect")
    return tuple(notes)


def small_box(scenario: Scenario, structure: Microstructure) -> tuple[str, ...]:
    """Say that a random geometry is too small to represent a larger one.

    The direction of a cell does not count: there the box is the cathode itself.

    Args:
        scenario: What is asked.
        structure: Its geometry.
    """
    given = scenario.microstructure
    kind, spec = ("packing" if given.packing else "polycrystal"), wanted_cell(scenario)
    count, size, what, across = _bodies(scenario, structure)
    counts = across & (np.array(AXES[: len(across)]) != (spec.axis if spec else ""))
    if not count or not counts.any():
        return ()
    width = float(structure.box[counts].min()) / size
    told = [f"{count} {what}"] if count < _FEW else []
    told += [f"{width:.1f} {what} wide"] if width < _NARROW else []
    if not told:
        return ()
    return (
        f"microstructure.{kind}: the box is small, {' and '.join(told)}; another realisation may "
        f"differ by more than the mesh does. A study that varies microstructure.{kind}.box, with "
        "study.replicates and study.error, tells how large it has to be",
    )


def unresolved(
    geometry: Geometry, sizes: MeshSizes, numbers: Mapping[str, float]
) -> tuple[str, ...]:
    """Say what of a geometry its mesh does not resolve, and what that changes.

    Args:
        geometry: What is meshed.
        sizes: Edges of the cells.
        numbers: Numbers about the mesh.
    """
    notes = []
    particles = geometry.particles if isinstance(geometry, CompositeGeometry) else geometry
    count, narrowest = 0, 0.0
    if isinstance(particles, SphereGeometry) and particles.count:
        count, narrowest = narrow_gaps(particles, sizes.smallest)
    if count:
        notes.append(
            f"mesh: {count} gaps beside particles are narrower than the cells in them, down to "
            f"{narrowest * 1e9:.3g} nm against {sizes.smallest * 1e9:.3g} nm; they stay open, "
            "widened to a part of a cell, so that good conductors on both sides exchange too "
            "little current through the matrix between them (insulators: slightly too much "
            "passes); lower 'mesh.smallest_size' to resolve them"
        )
    missed = int(numbers.get("contacts_missed", 0.0))
    if missed:
        notes.append(
            f"mesh: {missed} of {int(numbers['contacts'])} contacts between particles are too "
            "small for the finest cells that the box allows and are left open"
        )
    return tuple(notes)


def _bodies(
    scenario: Scenario, structure: Microstructure
) -> tuple[int, float, str, NDArray[np.bool_]]:
    """What is placed at random: number, diameter [m], name, and the axes along which it varies.

    These are the particles of a packing, without pores, or the grains of a polycrystal; there are
    none where a scenario lists them.
    """
    box, geometry = structure.box, structure.geometry
    every = np.ones(box.size, dtype=bool)
    packing, grains = scenario.microstructure.packing, scenario.microstructure.polycrystal
    if packing is not None:
        pores = set() if packing.pores is None else {packing.pores.material}
        found = [s for name, s in size_statistics(structure).items() if name not in pores]
        largest = max((s.d50 for s in found), default=1.0)
        return sum(s.count for s in found), largest, "particles", every
    if grains is None or grains.seeds is not None or not isinstance(geometry, LaguerreGeometry):
        return 0, 1.0, "grains", every
    across, count = geometry.across, geometry.count
    size = float(np.prod(box[across]) / count) ** (1.0 / int(across.sum()))
    return count, size, "grains", across


def voids(scenario: Scenario) -> set[str]:
    """Names of the materials that weigh nothing: what fills pores."""
    packing = scenario.microstructure.packing
    pores = None if packing is None else packing.pores
    return {_PORE} if pores is None else {_PORE, pores.material}


def reference_notes(answers: Mapping[str, EffectiveTransport]) -> tuple[str, ...]:
    """Say to which conductivity a tortuosity factor refers where several materials conduct."""
    notes = []
    for carrier, answer in answers.items():
        if len(answer.conductors) < 2:
            continue
        own = ", ".join(
            f"{name} {one.mean_tortuosity_factor:.4g} (bulk {10 * one.bulk_conductivity:.4g} mS/cm)"
            for name, one in answer.conductors.items()
        )
        notes.append(
            f"{carrier}s: several materials conduct. Tortuosity factor and MacMullin number refer "
            f"to the mean of their conductivities over their volume, "
            f"{10 * answer.bulk_conductivity:.4g} mS/cm; by what flows in each, against its own: "
            f"tau of {own}"
        )
    return tuple(notes)
