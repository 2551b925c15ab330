"""The ``accuracy`` section: bounds of the answer, and how close they are to be."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from cellion.quantities import describe
from cellion.scenario.values import Flag, Section, fail, fraction, quantity, unit_text

__all__ = ["AccuracySpec"]

_BYTES = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_MEMORY = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kMGT]B)\s*")

_LEAST_TOLERANCE = 1e-6


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


class AccuracySpec(Section):
    """Guaranteed bounds, and refinement of the mesh until they are close."""

    bracket: Flag = Field(
        default=True,
        description="Whether every effective conductivity gets a guaranteed lower and upper bound "
        "for the meshed geometry.",
    )
    tolerance: (
        Annotated[
            float,
            BeforeValidator(_tolerance),
            WithJsonSchema(
                {
                    "title": "a relative width",
                    "anyOf": [
                        {"type": "number", "minimum": _LEAST_TOLERANCE, "exclusiveMaximum": 1},
                        {"type": "string", "pattern": r"^\s*\+?(\d|\.\d)[0-9.eE+\-]*\s*%?\s*$"},
                    ],
                    "examples": [0.02, "2 %"],
                }
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Refine the mesh where it matters until the bracket, over its middle, is this "
        "narrow in every direction; default: keep the mesh.",
    )
    memory: (
        Annotated[
            float,
            BeforeValidator(_memory),
            WithJsonSchema(
                {
                    "type": "string",
                    "title": "a size of memory with its unit",
                    "pattern": r"^\s*(\d|\.\d)[\d.]*\s*[kMGT]B\s*$",
                    "examples": ["8 GB"],
                }
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Stop refining before a pass would need more memory, on all ranks together.",
    )
    time: (
        Annotated[
            float,
            BeforeValidator(quantity("time", above=0.0)),
            WithJsonSchema({**unit_text("time"), "examples": ["1 h"]}),
        ]
        | None
    ) = Field(
        default=None, description="Stop refining before a pass would end later than this [s]."
    )
