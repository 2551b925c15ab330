"""Notes on what a scenario leaves open, and on what of it has no effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import cellion.parallel  # noqa: F401

import numpy as np

from cellion.homogenise.properties import EffectiveTransport
from cellion.mesh.periodicity import AXES
from cellion.microstructure.descriptors import size_statistics
from cellion.microstructure.geometry import Microstructure
from cellion.pipeline.composite import wanted_cell
from cellion.results.record import pair_name
from cellion.scenario.packing import PoreSpec
from cellion.scenario.scenario import Scenario

__all__ = ["reference_notes", "small_box", "unused_laws", "voids"]

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
    kind = next((k for k in ("packing", "polycrystal") if getattr(scenario.microstructure, k)), "")
    count, size, what = _bodies(scenario, structure)
    if not kind or not count:
        return ()
    spec = wanted_cell(scenario)
    across = [
        edge
        for axis, edge in zip(AXES, structure.box, strict=False)
        if spec is None or axis != spec.axis
    ]
    width = float(min(across)) / size
    told = [f"{count} {what}"] if count < _FEW else []
    told += [f"{width:.1f} {what} wide"] if width < _NARROW else []
    if not told:
        return ()
    return (
        f"microstructure.{kind}: the box is small, {' and '.join(told)}; another realisation may "
        f"differ by more than the mesh does. A study that varies microstructure.{kind}.box, with "
        "study.replicates and study.error, tells how large it has to be",
    )


def _bodies(scenario: Scenario, structure: Microstructure) -> tuple[int, float, str]:
    """Number of particles, pores left out, or grains; their diameter [m]; and their name."""
    packing = scenario.microstructure.packing
    if packing is None:
        grains, d = int(structure.numbers.get("grains", 0.0)), structure.box.size
        size = (float(np.prod(structure.box)) / max(grains, 1)) ** (1.0 / d)
        return grains, size, "grains"
    found = size_statistics(structure)
    if packing.pores is not None:
        found.pop(packing.pores.material, None)
    if not found:
        return 0, 1.0, "particles"
    return sum(s.count for s in found.values()), max(s.d50 for s in found.values()), "particles"


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
