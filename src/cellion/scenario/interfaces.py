"""The ``interfaces`` section: resistances and conductances of contacts and grain boundaries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.sections import Form, OneOf, Section, fail, listed
from cellion.scenario.values import (
    AreaResistance,
    Carrier,
    Conductivity,
    CurrentDensity,
    Energy,
    EnergyDifference,
    Flag,
    Length,
    Name,
    Seed,
    SheetConductance,
    Temperature,
    angle,
    name,
    positive,
)

__all__ = [
    "BoundaryRateSpec",
    "ChargeTransferSpec",
    "InterfaceSpec",
    "MisorientationSpec",
    "ReadShockleySpec",
    "SpreadSpec",
]

_WIDEST = 3.0
_BLOCKING = ("area_resistance", "conductivity_across", "insulating", "charge_transfer", "boundary")
_FAST = ("sheet_conductance", "conductivity_along", "insulating", "boundary")
_LAWS = tuple(dict.fromkeys([*_BLOCKING, *_FAST]))
_LAYER = ("conductivity_across", "conductivity_along")


def _two_names(value: Any) -> list[str]:
    """Read the names of two materials, which may be the same."""
    names = listed(value, "a list of two materials such as [SE, SE]", name)
    if len(names) != 2:
        raise fail(
            f"found {len(names)} materials; an interface lies between two, which may be the "
            "same, for example [SE, SE]"
        )
    return names


class BoundaryRateSpec(Section):
    """A grain boundary by its difference from the grain: barrier and carriers."""

    width: Length = Field(description="Width of the layer [m].")
    barrier_difference: EnergyDifference = Field(
        description="Migration energy of the boundary less that of the grain [J]; positive blocks."
    )
    carrier_ratio: Annotated[
        float, positive(1e6, "a number above 0 and up to 1e6", maximum=1e6)
    ] = Field(default=1.0, description="Carriers in the boundary over those in the grain.")
    kind: Annotated[Literal["auto", "blocking", "fast"], OneOf()] = Field(
        default="auto",
        description="`blocking`: a resistance. `fast`: a sheet. `auto`: blocking if it conducts "
        "less than the grain.",
    )


class ChargeTransferSpec(Section):
    """A linearised electrode reaction, R = R_gas T / (F i0)."""

    exchange_current_density: CurrentDensity = Field(
        description="Exchange current density i0 [A/m^2]."
    )
    film_resistance: AreaResistance | None = Field(
        default=None,
        description="Resistance times area of a film, or of the contact itself, in series with "
        "the reaction [Ohm m^2]; it does not depend on temperature.",
    )


class SpreadSpec(Section):
    """A resistance of its own for every boundary between two grains or particles."""

    lognormal: Annotated[
        float, positive(_WIDEST, "a number above 0 and up to 3", maximum=_WIDEST)
    ] = Field(
        description="Standard deviation of the natural logarithm of the resistance; the value "
        "given is its median."
    )
    seed: Seed = Field(default=0, description="Seed of the random numbers.")


class ReadShockleySpec(Section):
    """Resistance that follows the disorientation angle like the energy of a low-angle boundary."""

    saturation_angle: Annotated[float, angle(15)] = Field(
        default=15.0, description="Angle from which on the resistance has its full value [degrees]."
    )
    crystal_symmetry: Annotated[
        Literal[
            "cubic",
            "hexagonal",
            "trigonal",
            "tetragonal",
            "orthorhombic",
            "monoclinic",
            "triclinic",
        ],
        OneOf(),
    ] = Field(description="Crystal system of the grains.")


class MisorientationSpec(Section):
    """Dependence of the resistance of a boundary on the orientations of its grains."""

    read_shockley: ReadShockleySpec = Field(
        description="Scale it by a (1 - ln a), a the disorientation angle over the saturation "
        "angle, and by 1 beyond."
    )


class InterfaceSpec(Section):
    """One kind of interface: between which materials, and its law."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    between: Annotated[
        tuple[Name, Name],
        Form(
            _two_names,
            type="array",
            title="a list of two materials",
            items={"type": "string"},
            minItems=2,
            maxItems=2,
            examples=[["SE", "SE"]],
        ),
    ] = Field(
        description="The two materials that meet; the same twice for boundaries between grains or "
        "particles of one material."
    )
    carrier: Carrier | None = Field(
        default=None, description="Carrier that it is about; both if not given."
    )
    area_resistance: AreaResistance | None = Field(
        default=None, description="Resistance times area [Ohm m^2]."
    )
    sheet_conductance: SheetConductance | None = Field(
        default=None, description="Conductance along the interface, per square [S]."
    )
    width: Length | None = Field(
        default=None, description="Width of a layer with conductivities of its own [m]."
    )
    conductivity_across: Conductivity | None = Field(
        default=None, description="Conductivity across a layer of this width [S/m]."
    )
    conductivity_along: Conductivity | None = Field(
        default=None, description="Conductivity along a layer of this width [S/m]."
    )
    insulating: Flag = Field(default=False, description="Whether no current crosses.")
    charge_transfer: ChargeTransferSpec | None = Field(
        default=None, description="A linearised electrode reaction."
    )
    boundary: BoundaryRateSpec | None = Field(
        default=None, description="A grain boundary by its barrier and carriers."
    )
    at: Temperature | None = Field(
        default=None, description="Temperature at which the law was measured [K]."
    )
    activation_energy: Energy | None = Field(
        default=None,
        description="Arrhenius energy of the conductance, or of the exchange current density [J]; "
        "needs `at`. Without it the law does not depend on temperature.",
    )
    prefactor_convention: Annotated[Literal["sigmaT", "sigma"], OneOf()] = Field(
        default="sigmaT",
        description="What follows exp(-E/kT): `sigmaT`, conductance times temperature, or "
        "`sigma`, the conductance itself. An exchange current density follows it itself.",
    )
    spread: SpreadSpec | None = Field(
        default=None, description="Resistances that differ from boundary to boundary."
    )
    misorientation: MisorientationSpec | None = Field(
        default=None, description="Resistances that depend on the orientations of two grains."
    )

    @property
    def pair(self) -> frozenset[str]:
        """The materials, whatever their order."""
        return frozenset(self.between)

    @property
    def laws(self) -> tuple[str, ...]:
        """Keys of the laws that are given."""
        return tuple(self.given(*_LAWS))

    @property
    def blocking(self) -> bool:
        """Whether it has a resistance that can be scaled."""
        fast = self.boundary is not None and self.boundary.kind == "fast"
        return any(key in _BLOCKING for key in self.laws) and not self.insulating and not fast

    @model_validator(mode="after")
    def _one_law(self) -> InterfaceSpec:
        """Check that the laws given go together and have what they need."""
        if not self.laws:
            raise fail(f"it says nothing about current; give one of {', '.join(_LAWS)}")
        for group in (_BLOCKING, _FAST):
            both = [key for key in self.laws if key in group]
            if len(both) > 1:
                raise fail(
                    f"found {' and '.join(map(repr, both))}; they exclude each other, give one"
                )
        faults = [*_layer_faults(self), *_temperature_faults(self), *_scaling_faults(self)]
        if faults:
            raise FaultsError(*faults)
        return self


def _layer_faults(spec: InterfaceSpec) -> Faults:
    """Return where width and conductivities of a layer do not belong together."""
    layer = spec.given(*_LAYER)
    if layer and spec.width is None:
        return [((layer[0],), "it needs 'width', that of the layer, for example 'width: 1 nm'")]
    if spec.width is not None and not layer:
        message = f"it belongs to {' or '.join(map(repr, _LAYER))}; give one of them, or remove it"
        return [(("width",), message)]
    return []


def _temperature_faults(spec: InterfaceSpec) -> Faults:
    """Return where temperature dependence makes no sense."""
    if spec.activation_energy is not None and spec.at is None:
        message = (
            "an activation energy needs 'at', the temperature at which the law was measured, for "
            "example 'at: 298.15 K'"
        )
        return [(("activation_energy",), message)]
    if spec.insulating or spec.boundary is not None:
        why = "an insulating interface" if spec.insulating else "a boundary by its barrier"
        return [
            ((key,), f"{why} has no temperature of its own; remove it")
            for key in ("at", "activation_energy")
            if getattr(spec, key) is not None
        ]
    return []


def _scaling_faults(spec: InterfaceSpec) -> Faults:
    """Return scalings of a resistance that is not there, or of unlike materials."""
    faults: Faults = []
    for key in ("spread", "misorientation"):
        if getattr(spec, key) is not None and not spec.blocking:
            message = f"it scales a resistance, and {' and '.join(spec.laws)} has none; remove it"
            faults.append(((key,), message))
    if spec.misorientation is not None and len(spec.pair) == 2:
        message = "only grains of one material have a disorientation; give the same material twice"
        faults.append((("misorientation",), message))
    return faults
