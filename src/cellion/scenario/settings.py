"""The sections ``transport``, ``mesh``, ``accuracy`` and ``output``."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from cellion.quantities import describe
from cellion.scenario.sections import Form, OneOf, Section, distinct, fail, without_default
from cellion.scenario.values import (
    PERCENTAGE,
    Axis,
    Carrier,
    Flag,
    Length,
    dimensional,
    fraction,
    positive,
)

__all__ = ["AccuracySpec", "FieldName", "MeshSpec", "OutputSpec", "TransportSpec"]

_BYTES = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kMGT]B)\s*")

_LEAST_TOLERANCE = 1e-6
_MOST_CELLS = 100.0


class TransportSpec(Section):
    """Carriers, boundary condition and directions of the transport problem."""

    carriers: Annotated[tuple[Carrier, ...], AfterValidator(distinct)] = Field(
        default=("ion", "electron"), description="Carriers whose effective transport is computed."
    )
    boundary: Annotated[
        Literal["periodic", "electrodes", "uniform_gradient", "uniform_flux", "cell"], OneOf()
    ] = Field(
        default="electrodes",
        description="`periodic`: the box repeats. `electrodes`: two equipotential faces and "
        "insulated sides. `uniform_gradient`: linear potential on all faces, an upper apparent "
        "value. `uniform_flux`: uniform current through all faces, a lower apparent value. "
        "`cell`: ions in at the separator, electrons out at the collector of the `cell` section. "
        "Default: `cell` if there is that section, `periodic` if the microstructure is, else "
        "`electrodes`.",
        json_schema_extra=without_default,
    )
    directions: Annotated[tuple[Axis, ...], AfterValidator(distinct)] | None = Field(
        default=None,
        description="Directions of the applied field. Default: all directions of the box.",
    )


class MeshSpec(Section):
    """Mesh sizes; what is left out follows from the geometry."""

    size: Length | None = Field(
        default=None, description="Largest cell edge, away from surfaces [m]."
    )
    surface_size: Length | None = Field(
        default=None, description="Cell edge at particle surfaces [m]."
    )
    smallest_size: Length | None = Field(
        default=None,
        description="Smallest cell edge in gaps and at the rims of necks [m]; a neck that would be "
        "missed gets smaller ones.",
    )
    gap_cells: Annotated[
        float, positive(_MOST_CELLS, "a number above 0 and up to 100", maximum=_MOST_CELLS)
    ] = Field(default=2.0, description="Cells across the gap between two particles.")

    @model_validator(mode="after")
    def _ordered(self) -> MeshSpec:
        """Check smallest_size <= surface_size <= size, as far as they are given."""
        names = [n for n in ("smallest_size", "surface_size", "size") if getattr(self, n)]
        for finer, coarser in pairwise(names):
            small, large = getattr(self, finer), getattr(self, coarser)
            if small > large * (1.0 + 1e-9):
                raise fail(
                    f"found {small:.6g} m, but '{coarser}' is {large:.6g} m; '{finer}' cannot be "
                    "larger than that",
                    finer,
                )
        return self


def _tolerance(value: Any) -> float:
    """Read a relative width."""
    found = fraction(value)
    if not _LEAST_TOLERANCE <= found < 1.0:
        raise fail(f"found {value!r}; a tolerance from 1e-6 to below 1 is needed, such as '2 %'")
    return found


def _memory(value: Any) -> float:
    """Read a size of memory [bytes]."""
    found = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if found is None or not float(found[1]) > 0.0:
        raise fail(
            f"found {describe(value)}; a size of memory above zero with its unit (kB, MB, GB or "
            "TB) is needed, such as '8 GB'"
        )
    return float(found[1]) * _BYTES[found[2]]


_Tolerance = Annotated[
    float,
    Form(
        _tolerance,
        title="a relative width",
        anyOf=[
            {"type": "number", "minimum": _LEAST_TOLERANCE, "exclusiveMaximum": 1},
            PERCENTAGE,
        ],
        examples=[0.02, "2 %"],
    ),
]
_Memory = Annotated[
    float,
    Form(
        _memory,
        type="string",
        title="a size of memory with its unit",
        pattern=r"^\s*(\d|\.\d)[\d.]*\s*[kMGT]B\s*$",
        examples=["8 GB"],
    ),
]


class AccuracySpec(Section):
    """Guaranteed bounds, and refinement of the mesh until they are close."""

    bracket: Flag = Field(
        default=True,
        description="Whether every effective conductivity gets a guaranteed lower and upper bound "
        "for the meshed geometry.",
    )
    tolerance: _Tolerance | None = Field(
        default=None,
        description="Refine the mesh where it matters until the bracket, over its middle, is this "
        "narrow in every direction; default: keep the mesh.",
    )
    memory: _Memory | None = Field(
        default=None,
        description="Stop refining before a pass would need more memory, on all ranks together.",
    )
    time: Annotated[float, dimensional("time", examples=["1 h"])] | None = Field(
        default=None, description="Stop refining before a pass would end later than this [s]."
    )


FieldName = Annotated[Literal["potential", "current_density"], OneOf()]
"""A field that can be written; materials and labels always are."""


class OutputSpec(Section):
    """Files that are written beside the numbers."""

    fields: tuple[FieldName, ...] = Field(
        default=("potential", "current_density"),
        description="Fields written for ParaView, besides materials and labels; `[]` for none.",
    )
    pictures: Flag = Field(default=True, description="Whether pictures are drawn.")
