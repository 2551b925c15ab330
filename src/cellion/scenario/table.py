"""The ``table`` section of an ion: measured or simulated values over temperature."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from cellion.quantities import describe
from cellion.scenario.carriers import ion, ion_parts
from cellion.scenario.data_files import file_name
from cellion.scenario.faults import Faults, FaultsError
from cellion.scenario.sections import Form, OneOf, Section, fail, listed
from cellion.scenario.table_rows import (
    Row,
    TableRows,
    read_relative_error,
    read_row,
    read_table_file,
)
from cellion.scenario.values import NumberDensity, number

__all__ = ["HavenRatio", "TableSpec"]


def _haven_ratio(value: Any) -> float | str:
    """Read a Haven ratio: a number, or ``mechanism/lattice`` of the table of known ones."""
    if isinstance(value, str) and "/" in value:
        return value.strip()
    if isinstance(value, str):
        raise fail(
            f"found {describe(value)}; a number such as 0.45 is needed, or mechanism and lattice "
            "of a known correlation factor such as 'vacancy/bcc'"
        )
    return number(100.0)(value)


_HAVEN_RATIO = Form(
    _haven_ratio,
    title="a number, or mechanism/lattice",
    anyOf=[{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "/"}],
    examples=[0.65, "vacancy/bcc"],
)
HavenRatio = Annotated[float | str | None, _HAVEN_RATIO]
"""A Haven ratio, or the name of a tabulated one."""


def _rows(value: Any, info: ValidationInfo) -> tuple[Row, ...]:
    """Read all rows, once it is known what they hold."""
    of = info.data.get("of")
    if of is None:
        return ()  # the fault is told at 'of'
    return tuple(listed(value, "a list of rows", lambda row: read_row(of, row)))


class TableSpec(Section):
    """Values over temperature, to which an Arrhenius law is fitted."""

    of: Annotated[Literal["conductivity", "diffusivity"], OneOf()] = Field(
        description="What the table holds."
    )
    rows: Annotated[
        tuple[Row, ...] | None,
        Form(
            _rows,
            type="array",
            title="a list of rows: temperature, value, relative error",
            items={"type": "array", "minItems": 2, "maxItems": 3},
            examples=[[["300 K", "0.1 mS/cm"], ["350 K", "0.5 mS/cm"]]],
        ),
    ] = Field(
        default=None,
        description="Temperature, value and, if known, its error (`5 %` or in a unit of the "
        "value), each with its unit.",
    )
    file: Annotated[Path | None, file_name("a CSV file", "measured.csv")] = Field(
        default=None,
        description="Instead of `rows`: a table as text (CSV), relative to the scenario file. Its "
        "header names `temperature [K]` or `1000/T [1/K]`; `conductivity [mS/cm]`, `sigma T "
        "[S K/cm]` or `diffusivity [cm^2/s]`, or `log10` or `ln` of one; perhaps `relative error "
        "[%]` or `error [mS/cm]`. Other columns are ignored.",
    )
    relative_error: Annotated[
        float | None, Form(read_relative_error, title="a fraction", examples=["5 %"])
    ] = Field(
        default=None,
        description="Relative standard deviation of the values that give none. Without any, the "
        "scatter about the line says how sure the law is.",
    )
    convention: Annotated[Literal["sigmaT", "sigma"], OneOf()] = Field(
        default="sigmaT",
        description="What follows exp(-E/kT): `sigmaT`, conductivity times temperature, or "
        "`sigma`. A diffusivity is fitted as it is.",
    )
    mobile: Annotated[str | None, ion("Li+")] = Field(
        default=None, description="The mobile ion with its charge; of a diffusivity."
    )
    kind: Annotated[Literal["tracer", "charge"], OneOf()] | None = Field(
        default=None,
        description="Kind of the diffusivity: of marked ions (`tracer`: NMR, SIMS, mean square "
        "displacement; needs `haven_ratio`) or of charge (`charge`: centre of mass).",
    )
    haven_ratio: HavenRatio = Field(
        default=None,
        description="D_tracer/D_charge, by which a tracer diffusivity is divided: a number, or "
        "mechanism and lattice of a known one.",
    )
    carrier_density: NumberDensity | None = Field(
        default=None, description="Particles with this diffusivity per volume [1/m^3]."
    )

    def content(self) -> TableRows:
        """Return all rows, from wherever they come."""
        found = TableRows(rows=self.rows or ())
        if self.file is not None:
            found = read_table_file(self.file, self.of)
        rows = ((T, y, self.relative_error if e is None else e) for T, y, e in found.rows)
        return replace(found, rows=tuple(rows))

    @property
    def charge_number(self) -> int:
        """Signed charge number of the mobile ion."""
        found = ion_parts(self.mobile or "")
        return found[1] if found else 0

    @model_validator(mode="after")
    def _complete(self) -> TableSpec:
        """Check that there are rows, and all that a diffusivity needs."""
        if (self.rows is None) == (self.file is None):
            raise fail("give either 'rows' or 'file', the name of a CSV file")
        faults = [*_diffusivity_faults(self)]
        if self.rows is not None or (self.file is not None and self.file.is_file()):
            at = "rows" if self.rows is not None else "file"
            faults += [((at,), message) for message in _row_faults(self.content().rows)]
        if faults:
            raise FaultsError(*faults)
        return self


def _row_faults(points: tuple[Row, ...]) -> list[str]:
    """Return what keeps an Arrhenius law from being fitted."""
    messages = []
    different = len({T for T, _, _ in points})
    if different < 2:
        messages.append(f"found {different} temperature(s); at least 2 are needed for a law")
    with_error = sum(error is not None for _, _, error in points)
    if with_error not in (0, len(points)):
        messages.append(
            f"{with_error} of {len(points)} rows have a relative error; give it for all, or "
            "'relative_error' for those without"
        )
    return messages


def _diffusivity_faults(spec: TableSpec) -> Faults:
    """Return keys of a diffusivity that are missing, or that a conductivity does not have."""
    own = ("mobile", "kind", "carrier_density")
    if spec.of == "conductivity":
        return [
            ((key,), "it belongs to 'of: diffusivity'; a conductivity has it inside, remove it")
            for key in (*own, "haven_ratio")
            if getattr(spec, key) is not None
        ]
    meaning = {
        "mobile": "the ion with its charge, such as 'Li+'",
        "kind": "'tracer' or 'charge'",
        "carrier_density": "particles that have this diffusivity, such as '2e22 1/cm^3'",
    }
    faults: Faults = [
        ((), f"a diffusivity needs '{key}': {meaning[key]}")
        for key in own
        if getattr(spec, key) is None
    ]
    if spec.convention == "sigma":
        faults.append((("convention",), "it belongs to 'of: conductivity'; remove it"))
    if spec.kind == "tracer" and spec.haven_ratio is None:
        message = "a tracer diffusivity needs 'haven_ratio'; 1 if the ions move independently"
        faults.append(((), message))
    if spec.kind == "charge" and spec.haven_ratio is not None:
        message = "only a tracer diffusivity is divided by it; remove it"
        faults.append((("haven_ratio",), message))
    return faults
