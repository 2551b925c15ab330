"""The ``output`` section: what is written beside the numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cellion.scenario.values import Flag, Section, choice

__all__ = ["FieldName", "OutputSpec"]

FieldName = Annotated[
    Literal["potential", "current_density"],
    BeforeValidator(choice("potential", "current_density")),
]
"""A field that can be written; materials and labels always are."""


class OutputSpec(Section):
    """What is written beside the numbers."""

    fields: tuple[FieldName, ...] = Field(
        default=("potential", "current_density"),
        description="Fields written for ParaView, besides materials and labels; `[]` for none.",
    )
    pictures: Flag = Field(default=True, description="Whether pictures are drawn.")
