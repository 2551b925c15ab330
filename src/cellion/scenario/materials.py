"""The ``materials`` section: conductivities of each named material."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field, WithJsonSchema, model_validator

from cellion.errors import ScenarioError, nearest
from cellion.quantities import describe, to_si
from cellion.scenario.carriers import CarriersSpec
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.hopping import HoppingSpec
from cellion.scenario.sections import Form, OneOf, Section, fail, listed, or_bare
from cellion.scenario.table import TableSpec
from cellion.scenario.uncertain import split_energies
from cellion.scenario.values import (
    Density,
    Energy,
    EnergyDifference,
    Fraction,
    Frequency,
    NumberDensity,
    Temperature,
    Text,
)

__all__ = ["INSULATOR", "CarrierSpec", "IonSpec", "MaterialSpec", "Tensor"]

INSULATOR = "insulator"
"""The word for a material, or a carrier of a material, that does not conduct."""

type Tensor = tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
]
"""A 3x3 tensor, row by row."""

_NO_CONDUCTION: Tensor = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
_FORMS = (
    "a conductivity such as '3 mS/cm', three principal values, a symmetric 3x3 tensor, "
    f"or '{INSULATOR}'"
)


_FORMS_OF_IONS = ("conductivity", "family", "hopping", "table")
_MISSING = "the key 'conductivity' is missing"
_COUNTS = ("carrier_share", "carrier_density", "carriers")
_OF_FAMILIES = (
    "variant",
    "energies",
    "uncertainty",
    "uncertainties",
    "attempt_frequency",
    *_COUNTS,
)
_IN_HOPPING = ("attempt_frequency", "uncertainty", *_COUNTS)
_INSIDE = " (inside 'hopping' there is one)"


def _entry(value: Any) -> float:
    """Read one entry of a conductivity tensor [S/m]."""
    try:
        return to_si(value, "conductivity")
    except ScenarioError as error:
        raise fail(str(error)) from None


def _row(value: Any) -> list[float]:
    """Read one row of a 3x3 tensor [S/m]."""
    row = listed(value, "a row of three conductivities", _entry)
    if len(row) != 3:
        raise fail(f"found {len(row)} entries; a row of a 3x3 tensor has three")
    return row


def _tensor(value: Any) -> Tensor:
    """Read a conductivity in any of its forms as a symmetric positive definite tensor [S/m]."""
    if value == INSULATOR:
        return _NO_CONDUCTION
    if isinstance(value, list | tuple) and any(isinstance(row, list | tuple) for row in value):
        matrix = np.array(listed(value, _FORMS, _row), dtype=float)
    elif isinstance(value, list | tuple):
        matrix = np.diag(listed(value, _FORMS, _entry))
    elif isinstance(value, str) and not any(letter.isdigit() for letter in value):
        raise fail(f"found {describe(value)}{nearest(value, [INSULATOR])}; {_FORMS} is needed")
    elif isinstance(value, dict):
        raise fail(f"found {describe(value)}; {_FORMS} is needed")
    else:
        matrix = np.eye(3) * _entry(value)
    if matrix.shape != (3, 3):
        raise fail(f"found {describe(value)}; {_FORMS} is needed")
    return _checked(matrix)


def _checked(matrix: np.ndarray[Any, np.dtype[np.float64]]) -> Tensor:
    """Return the tensor if it is symmetric and positive definite."""
    scale = float(np.abs(matrix).max())
    if scale == 0.0:
        raise fail(f"found a conductivity of zero; write '{INSULATOR}' if it does not conduct")
    if float(np.abs(matrix - matrix.T).max()) > 1e-9 * scale:  # rounding of written digits
        raise fail("found a tensor that is not symmetric; entries [i][j] and [j][i] must be equal")
    smallest = float(np.linalg.eigvalsh(matrix / scale)[0]) * scale
    if smallest <= 0.0:
        raise fail(
            f"found a conductivity whose smallest principal value is {smallest:.6g} S/m; all must "
            "be above zero, for a very poor conductor write a small value"
        )
    symmetric = (matrix + matrix.T) / 2.0
    return tuple(tuple(float(entry) for entry in row) for row in symmetric)  # type: ignore[return-value]


_ENTRY_SCHEMA: dict[str, Any] = {"type": "string", "examples": ["3 mS/cm"]}
_TENSOR_SCHEMA: dict[str, Any] = {
    "title": "a conductivity, three principal values, or a symmetric 3x3 tensor",
    "anyOf": [
        _ENTRY_SCHEMA,
        {"type": "array", "items": _ENTRY_SCHEMA, "minItems": 3, "maxItems": 3},
        {
            "type": "array",
            "items": {"type": "array", "items": _ENTRY_SCHEMA, "minItems": 3, "maxItems": 3},
            "minItems": 3,
            "maxItems": 3,
        },
    ],
    "examples": ["3 mS/cm", ["10 mS/cm", "1 mS/cm", "0.1 mS/cm"]],
}


_BARE_WORD = {"const": INSULATOR}


class CarrierSpec(Section):
    """Conduction of one carrier in a material; the bare word ``insulator`` for none."""

    model_config = ConfigDict(json_schema_extra=or_bare(_BARE_WORD, required=["conductivity"]))

    conductivity: Annotated[Tensor | None, Form(_tensor, **_TENSOR_SCHEMA)] = Field(
        default=None,
        description="Conductivity of the grain interior [S/m]: one value, three principal "
        "values along x, y, z, or a symmetric positive definite 3x3 tensor.",
    )
    at: Temperature | None = Field(
        default=None, description="Temperature at which the conductivity was measured [K]."
    )
    activation_energy: Energy | None = Field(
        default=None,
        description="Arrhenius energy [J]; needs `at`. Without it the conductivity does not depend "
        "on temperature.",
    )
    prefactor_convention: Annotated[Literal["sigmaT", "sigma"], OneOf()] = Field(
        default="sigmaT",
        description="What follows exp(-E/kT): `sigmaT`, conductivity times temperature, or "
        "`sigma`, the conductivity itself.",
    )

    @property
    def conducts(self) -> bool:
        """Whether the conductivity is above zero."""
        return self.conductivity != _NO_CONDUCTION

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        """Take the bare word for a mapping."""
        if value == INSULATOR:
            return {"conductivity": INSULATOR}
        if isinstance(value, str | int | float | list):
            hint = nearest(value, [INSULATOR]) if isinstance(value, str) else ""
            raise fail(
                f"found {describe(value)}{hint}; '{INSULATOR}' or a mapping such as "
                "{conductivity: 3 mS/cm} is needed"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> CarrierSpec:
        """Check that the conductivity is given and the Arrhenius law has all it needs."""
        if self.conductivity is None and type(self) is CarrierSpec:
            raise fail(_MISSING)
        if self.activation_energy is not None and self.at is None:
            raise fail(
                "an activation energy needs 'at', the temperature at which the conductivity was "
                "measured, for example 'at: 298.15 K'",
                "activation_energy",
            )
        if not self.conducts and self.activation_energy is not None:
            raise fail(f"an '{INSULATOR}' has no activation energy; remove it", "activation_energy")
        return self


class IonSpec(CarrierSpec):
    """Conduction of ions in a material: measured, tabulated, or from the hops of a crystal."""

    model_config = ConfigDict(json_schema_extra=or_bare(_BARE_WORD))

    family: Text | None = Field(
        default=None,
        description="Instead of `conductivity`: a crystal family whose sites, hops and barriers "
        "are ready (`cellion rates` lists them).",
    )
    variant: Text | None = Field(
        default=None, description="A material of the family, whose values are used."
    )
    energies: Annotated[
        dict[str, EnergyDifference] | None,
        WithJsonSchema(
            {"type": "object", "title": "energies by name", "examples": [{"channel": "0.3 eV"}]}
        ),
    ] = Field(
        default=None,
        description="Barriers and site energies that replace or complete those of the family [J].",
    )
    uncertainty: Energy | None = Field(
        default=None,
        description="Standard deviation of every barrier of the family that has none of its own "
        "[J].",
    )
    uncertainties: Annotated[
        dict[str, Energy] | None,
        WithJsonSchema(
            {"type": "object", "title": "energies by name", "examples": [{"channel": "50 meV"}]}
        ),
    ] = Field(
        default=None,
        description="Standard deviations of single energies [J]; or write `0.30 eV +- 0.05 eV` in "
        "`energies`.",
    )
    attempt_frequency: Frequency | None = Field(
        default=None, description="Replaces the attempt frequency of the family [1/s]."
    )
    carrier_share: Fraction | None = Field(
        default=None,
        description="Carriers per place of the mobile ion, between 0 and 1: vacancies where the "
        "mechanism of the family is `vacancy` or `concerted`, else ions. They block each other on "
        "sites that fill by their energies. Without it, the ions of the family's formula.",
    )
    carrier_density: NumberDensity | None = Field(
        default=None, description="Instead of `carrier_share`: few carriers per volume [1/m^3]."
    )
    carriers: CarriersSpec | None = Field(
        default=None,
        description="Instead of both: carriers from defect thermodynamics, at every temperature.",
    )
    hopping: HoppingSpec | None = Field(
        default=None, description="Instead of `conductivity`: sites and hops of a crystal."
    )
    table: TableSpec | None = Field(
        default=None,
        description="Instead of `conductivity`: measured or simulated values over temperature.",
    )

    @model_validator(mode="before")
    @classmethod
    def _deviations(cls, value: Any) -> Any:
        """Give deviations of energies a key of their own; refuse an ion that a family lacks."""
        if isinstance(value, dict) and "family" in value and "mobile" in value:
            raise fail(
                "a family has barriers for the ion of its file only; those of another ion are "
                "missing: write its crystal out under 'hopping' (lattice, sites, hops)",
                "mobile",
            )
        return split_energies(value, "energies", "uncertainties")

    @model_validator(mode="after")
    def _one_form(self) -> IonSpec:
        """Check that the conductivity is given in one way."""
        given = self.given(*_FORMS_OF_IONS)
        if len(given) != 1:
            found = f"found {' and '.join(map(repr, given))}"
            raise fail(
                f"{found if given else _MISSING}; give one of 'conductivity', 'family', 'hopping' "
                "or 'table'"
            )
        belongs = dict.fromkeys(("at", "activation_energy"), "conductivity")
        belongs |= dict.fromkeys(_OF_FAMILIES, "family")
        faults: Faults = [
            ((key,), f"it belongs to '{form}'; remove it{_INSIDE if key in _IN_HOPPING else ''}")
            for key, form in belongs.items()
            if form != given[0] and getattr(self, key) is not None
        ]
        counts = self.given(*_COUNTS)
        faults += [((key,), f"'{counts[0]}' is given too; give one") for key in counts[1:]]
        if self.carrier_share in (0.0, 1.0):
            message = "a share of 0 or 1 leaves nothing to move; give one in between"
            faults.append((("carrier_share",), message))
        if faults:
            raise FaultsError(*faults)
        return self


class MaterialSpec(Section):
    """One material; the bare word ``insulator`` is a material that conducts neither carrier."""

    model_config = ConfigDict(json_schema_extra=or_bare(_BARE_WORD))

    library: Text | None = Field(
        default=None,
        description="Name of an entry of the material library (`cellion materials` lists them).",
    )
    ion: IonSpec | None = Field(
        default=None,
        description="How it conducts ions; overrides the library. Without it and without a library "
        "entry the material does not conduct ions.",
    )
    electron: CarrierSpec | None = Field(
        default=None, description="How it conducts electrons; the same rules as for `ion`."
    )
    density: Density | None = Field(
        default=None,
        description="Mass density [kg/m^3], needed for weight fractions; overrides the library.",
    )

    @property
    def conducts(self) -> bool:
        """Whether it may conduct one of the carriers."""
        given = [spec for spec in (self.ion, self.electron) if spec is not None]
        return self.library is not None or any(spec.conducts for spec in given)

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        """Take the bare word for a mapping."""
        if value == INSULATOR:
            return {"ion": INSULATOR, "electron": INSULATOR}
        if isinstance(value, str):
            raise fail(
                f"found {describe(value)}{nearest(value, [INSULATOR])}; '{INSULATOR}' or a mapping "
                "such as {library: Li6PS5Cl} or {ion: {conductivity: 3 mS/cm}} is needed"
            )
        return value

    @model_validator(mode="after")
    def _says_something(self) -> MaterialSpec:
        """Check that the material is described at all."""
        if self.library is None and self.ion is None and self.electron is None:
            raise fail(
                f"it says nothing about conduction; give 'library', 'ion' or 'electron', or write "
                f"'{INSULATOR}'"
            )
        return self
