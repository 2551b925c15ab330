"""Generation of the microstructure that a scenario asks for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cellion.errors import MicrostructureError
from cellion.microstructure.ball_kinds import ball_kinds
from cellion.microstructure.geometry import Microstructure, Progress
from cellion.microstructure.layers import place_layers
from cellion.microstructure.packing import pack_spheres
from cellion.microstructure.polycrystal import grow_polycrystal
from cellion.microstructure.spheres import place_spheres
from cellion.microstructure.tiles import place_bricks, place_tiles
from cellion.scenario.microstructure import MicrostructureSpec

__all__ = ["check_geometry", "generate"]


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
    match spec.kind:
        case "packing":
            return pack_spheres(spec.chosen, materials, say=say, sketch=sketch)
        case "polycrystal":
            say("grains")
            return grow_polycrystal(spec.chosen, materials, sketch=sketch)
        case "spheres":
            return place_spheres(spec.chosen, materials)
        case "layers":
            return place_layers(spec.chosen, materials)
        case "bricks":
            return place_bricks(spec.chosen, materials)
        case "checkerboard":
            return place_tiles(spec.chosen, materials)
        case kind:
            raise MicrostructureError(
                f"microstructure.{kind}: '{spec.chosen.file}' holds a mesh, not a geometry to "
                "generate; read it as a mesh"
            )


def check_geometry(spec: MicrostructureSpec, materials: Mapping[str, float | None]) -> None:
    """Find faults that show before particles are packed or grains grown; takes milliseconds.

    Args:
        spec: the ``microstructure`` section.
        materials: density [kg/m^3], or None, of every known material by name.

    Raises:
        MicrostructureError: a material is unknown, or sizes and numbers do not fit the box.
    """
    if spec.packing is not None:
        rng = np.random.Generator(np.random.PCG64(spec.packing.seed))
        ball_kinds(spec.packing, materials, rng)
    elif spec.polycrystal is None and spec.mesh is None:
        generate(spec, materials)
