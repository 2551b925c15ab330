"""The ``transport`` section: which carriers, driven how, in which directions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cellion.scenario.values import Axis, Carrier, Section, choice, distinct

__all__ = ["TransportSpec"]


def _without_default(schema: dict[str, Any]) -> None:
    """Leave a default that follows from the geometry out of a JSON schema."""
    schema.pop("default", None)


class TransportSpec(Section):
    """What is asked of the microstructure."""

    carriers: Annotated[tuple[Carrier, ...], AfterValidator(distinct)] = Field(
        default=("ion", "electron"), description="Carriers whose effective transport is computed."
    )
    boundary: Annotated[
        Literal["periodic", "electrodes", "uniform_gradient", "uniform_flux", "cell"],
        BeforeValidator(
            choice("periodic", "electrodes", "uniform_gradient", "uniform_flux", "cell")
        ),
    ] = Field(
        default="electrodes",
        description="`periodic`: the box repeats. `electrodes`: two equipotential faces and "
        "insulated sides. `uniform_gradient`: linear potential on all faces, an upper apparent "
        "value. `uniform_flux`: uniform current through all faces, a lower apparent value. "
        "`cell`: ions in at the separator, electrons out at the collector of the `cell` section. "
        "Default: `cell` if there is that section, `periodic` if the microstructure is, else "
        "`electrodes`.",
        json_schema_extra=_without_default,
    )
    directions: Annotated[tuple[Axis, ...], AfterValidator(distinct)] | None = Field(
        default=None,
        description="Directions of the applied field. Default: all directions of the box.",
    )
