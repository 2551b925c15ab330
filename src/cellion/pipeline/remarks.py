"""Notes on what a scenario leaves open, and on what of it has no effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.homogenise.properties import EffectiveTransport
from cellion.mesh.features import narrow_gaps
from cellion.mesh.periodicity import AXES
from cellion.mesh.sizes import MeshSizes
from cellion.microstructure.geometry import Geometry, Microstructure
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
    kind, spec, bodies = scenario.microstructure.kind, wanted_cell(scenario), structure.bodies
    if bodies is None:
        return ()
    counts = bodies.across & (np.array(AXES[: structure.box.size]) != (spec.axis if spec else ""))
    if not bodies.count or not counts.any():
        return ()
    width = float(structure.box[counts].min()) / bodies.diameter
    told = [f"{bodies.count} {bodies.noun}"] if bodies.count < _FEW else []
    told += [f"{width:.1f} {bodies.noun} wide"] if width < _NARROW else []
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
    particles, count, narrowest = geometry.particles, 0, 0.0
    if particles is not None and particles.count:
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
