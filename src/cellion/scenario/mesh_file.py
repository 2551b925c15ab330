"""The ``microstructure.mesh`` section: a mesh from a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from cellion.errors import ScenarioError
from cellion.quantities import describe, to_si
from cellion.scenario.data_files import file_name
from cellion.scenario.sections import Form, Section, fail
from cellion.scenario.values import Flag, Length, Name, Text

__all__ = ["MeshFileSpec", "MeshGrainsSpec"]


_NUMBER = re.compile(r"[-+]?\d*\.?\d*([eE][-+]?\d+)?")


def _length_unit(value: Any) -> float:
    """Read the unit of length of a mesh file [m]."""
    try:
        unit = to_si(value if str(value)[:1].isdigit() else f"1 {value}", "length")
    except ScenarioError:
        unit = 0.0
    if not isinstance(value, str) or unit <= 0.0:
        raise fail(f"found {describe(value)}; a unit of length is needed, for example 'um'")
    return unit


def _labels(value: Any) -> dict[int | str, Any]:
    """Read the mapping from cell tags to materials; text of digits is a tag, as in JSON."""
    if not isinstance(value, dict) or not value:
        raise fail(
            f"found {describe(value)}; a mapping from cell tags to materials is needed, for "
            "example {1: SE, 2: CAM}"
        )
    labels: dict[int | str, Any] = {}
    for key, name in value.items():
        text = str(key)
        if text.isascii() and text.isdigit() and len(text) <= 9:
            labels[int(text)] = name
        elif isinstance(key, str) and not _NUMBER.fullmatch(text) and text.strip():
            labels[key] = name
        else:
            raise fail(
                f"found the cell tag '{text[:20]}'; tags are whole numbers from 0 on, or names of "
                "physical groups"
            )
    return labels


class MeshGrainsSpec(Section):
    """Grains in a mesh: one for every cell tag that ``labels`` does not name."""

    material: Name = Field(description="Material of the grains.")
    orientations: Annotated[Path | None, file_name("a file of orientations", "grains.ori")] = Field(
        default=None,
        description="File of their orientations, in ascending order of cell tags. Without it, "
        "those in the mesh file itself (Neper's `$ElsetOrientations`), if any.",
    )

    @property
    def aligned(self) -> bool:
        """Whether crystal axes are known to be parallel; a file does not say."""
        return False


class MeshFileSpec(Section):
    """A mesh from elsewhere."""

    file: Annotated[Path, file_name("a mesh file", "cells.msh")] = Field(
        description="Mesh file, relative to the scenario file."
    )
    length_unit: Annotated[
        float, Form(_length_unit, type="string", title="a unit of length", examples=["um"])
    ] = Field(description="Unit of the coordinates in the file.")
    labels: Annotated[dict[int | str, Name], BeforeValidator(_labels)] = Field(
        default_factory=dict,
        description="Material of each cell tag in the file, or of each physical group of Gmsh by "
        "its name; all of them, unless `grains` is given.",
    )
    tag_array: Text | None = Field(
        default=None,
        description="Name of the cell data that hold the tags. Without it, Gmsh's physical groups, "
        "or the one array of whole numbers that fits `labels`.",
    )
    merge_nodes: Flag = Field(
        default=True,
        description="Whether nodes at one place become one. `false` keeps a crack of doubled "
        "nodes, through which no current passes.",
    )
    merge_distance: Length | None = Field(
        default=None,
        description="Distance up to which nodes are at one place; a 1e-7th of the longest edge of "
        "the box by default.",
    )
    grains: MeshGrainsSpec | None = Field(
        default=None, description="For polycrystals: every other cell tag is a grain."
    )
    periodic: Flag = Field(
        default=False, description="Whether opposite faces of the mesh match and the box repeats."
    )

    @model_validator(mode="after")
    def _some_labels(self) -> MeshFileSpec:
        """Check that something says what the cells are."""
        if not self.labels and self.grains is None:
            raise fail(
                "the key 'labels' is missing; give the material of every cell tag, for example "
                "{1: SE, 2: CAM}, or 'grains' for a polycrystal"
            )
        return self

    @property
    def grain_section(self) -> MeshGrainsSpec | None:
        """Grains with orientations."""
        return self.grains
