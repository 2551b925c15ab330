"""The ``fit`` section: the value of an interface that reproduces measured conductivities."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from cellion.errors import ScenarioError
from cellion.quantities import DIMENSIONS, describe, to_si
from cellion.scenario.paths import format_path, parse_path
from cellion.scenario.sections import Form, Section, fail, listed, not_empty
from cellion.scenario.values import Carrier, Conductivity, Text

__all__ = ["FITTED", "FitSpec", "MeasuredSpec", "fit_override"]

FITTED = {
    "area_resistance": "area_resistance",
    "sheet_conductance": "sheet_conductance",
    "conductivity_across": "conductivity",
    "conductivity_along": "conductivity",
    "charge_transfer.exchange_current_density": "current_density",
}
"""Keys of an interface that can be fitted, and their dimension."""

_FIXED = ("study", "fit", "name", "description", "output")


def _fitted_path(value: Any) -> str:
    """Read the key path of the fitted value."""
    allowed = ", ".join(f"interfaces[i].{key}" for key in FITTED)
    needed = f"allowed: {allowed}: the geometry, and with it the mesh, has to stay"
    if not isinstance(value, str):
        raise fail(f"found {describe(value)}; {needed}")
    try:
        path = parse_path(value)
    except ValueError as error:
        raise fail(str(error)) from error
    inside = len(path) > 2 and path[0] == "interfaces" and isinstance(path[1], int)
    if not inside or format_path(path[2:]) not in FITTED:
        raise fail(f"found '{value}'; {needed}")
    return format_path(path)


def _two(value: Any) -> tuple[Any, ...]:
    """Read the two ends of the range that is searched."""
    ends = listed(value, "a list of the two ends of the range", lambda entry: entry)
    if len(ends) != 2:
        raise fail(f"found {len(ends)} values; the two ends of the range are needed")
    return tuple(ends)


def _values(value: Any) -> dict[str, Any]:
    """Read other values of the scenario by key path."""
    if not isinstance(value, dict) or not value:
        raise fail(f"found {describe(value)}; a mapping from key paths to values is needed")
    for key in value:
        try:
            first = parse_path(str(key))[0]
        except ValueError as error:
            raise fail(str(error), key) from error
        if first in _FIXED:
            raise fail(f"'{first}' cannot differ between samples", key)
    return dict(value)


class MeasuredSpec(Section):
    """A measured sample."""

    conductivity: Conductivity = Field(
        description="Effective conductivity [S/m]; compared with the mean over the directions."
    )
    uncertainty: Conductivity | None = Field(
        default=None, description="Its uncertainty, to both sides [S/m]."
    )
    label: Text | None = Field(default=None, description="What it is, for table and plot.")
    where: Annotated[
        dict[str, Any], Form(_values, type="object", title="a mapping from key paths to values")
    ] = Field(
        default_factory=dict,
        description="What differs from the scenario, by key path, such as its composition.",
    )

    @model_validator(mode="after")
    def _positive(self) -> MeasuredSpec:
        """Refuse an uncertainty as large as the value."""
        if self.uncertainty is not None and self.uncertainty >= self.conductivity:
            raise fail(
                f"found {self.uncertainty:.6g} S/m, not below the value, {self.conductivity:.6g} "
                "S/m: such a measurement has no lower limit",
                "uncertainty",
            )
        return self


class FitSpec(Section):
    """The fitted value, and the measurements that it is fitted to."""

    vary: Annotated[
        str,
        Form(
            _fitted_path,
            type="string",
            title="a key path",
            examples=["interfaces[0].area_resistance"],
        ),
    ] = Field(
        description="Key path of the value, one of an interface, such as "
        "`interfaces[0].area_resistance`."
    )
    carrier: Carrier = Field(default="ion", description="Carrier that was measured.")
    between: Annotated[
        tuple[Any, ...],
        Form(
            _two,
            type="array",
            title="a list of two values with units",
            minItems=2,
            maxItems=2,
            examples=[["0.1 Ohm cm^2", "10 kOhm cm^2"]],
        ),
    ] = Field(description="Ends of the range that is searched, both above zero.")
    measured: Annotated[tuple[MeasuredSpec, ...], BeforeValidator(not_empty("sample"))] = Field(
        description="Measured samples; each gives a value of its own."
    )

    @property
    def place(self) -> int:
        """Index of the interface."""
        return int(parse_path(self.vary)[1])

    @property
    def key(self) -> str:
        """Key within the interface."""
        return format_path(parse_path(self.vary)[2:])

    @property
    def unit(self) -> str:
        """SI unit of the value."""
        return DIMENSIONS[FITTED[self.key]].unit

    @property
    def bracket(self) -> tuple[float, float]:
        """Ends of the range, ascending, in the SI unit."""
        low, high = sorted(to_si(end, FITTED[self.key]) for end in self.between)
        return low, high

    @model_validator(mode="after")
    def _searchable(self) -> FitSpec:
        """Check the range."""
        try:
            low, high = self.bracket
        except ScenarioError as error:
            raise fail(str(error), "between") from error
        if not 0.0 < low < high:
            raise fail(
                f"found {low:.6g} and {high:.6g} {self.unit}; two different values above zero are "
                "needed, the search is on a logarithmic scale",
                "between",
            )
        return self


def fit_override(
    vary: str | None,
    target: str | None,
    uncertainty: str | None,
    between: str | None,
    carrier: str,
) -> list[str]:
    """Return the override that puts a fit of one sample in place of the ``fit`` section.

    Args:
        vary: Key path of the value; None leaves the section of the scenario.
        target: Measured conductivity, with unit.
        uncertainty: Its uncertainty, with unit.
        between: Ends of the range that is searched, joined by a colon.
        carrier: Carrier that was measured.

    Raises:
        ScenarioError: Something that belongs to it is missing.
    """
    given = {"--vary": vary, "--target": target, "--between": between}
    if not any([*given.values(), uncertainty]):
        return []
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise ScenarioError(
            f"{' and '.join(missing)}: missing; a fit from the command line needs --vary, --target "
            "and --between, for example --vary 'interfaces[0].area_resistance' --target "
            "'0.1 mS/cm' --between '0.1 Ohm cm^2:10 kOhm cm^2'"
        )
    sample = {"conductivity": target}
    if uncertainty is not None:
        sample["uncertainty"] = uncertainty
    section = {
        "vary": vary,
        "carrier": carrier,
        "between": str(between).split(":"),
        "measured": [sample],
    }
    return [f"fit={json.dumps(section)}"]
