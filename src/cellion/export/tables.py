"""Runs as rows: ``table.csv`` with units in its header, and a short table for the console.

Columns keep one order: what identifies the run, fractions per material, then per carrier the
conductivities, the tortuosity factors, the other numbers, the estimated errors. Infinite numbers
read ``inf``; what was not asked for is empty.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from cellion.errors import ResultsError
from cellion.export.cell_tables import cell_entries, cell_table
from cellion.export.formatting import CONDUCTIVITY
from cellion.homogenise.properties import DIRECTIONS
from cellion.results.files import replacing
from cellion.results.record import CarrierResult, Fraction, RunResult

__all__ = [
    "Entry",
    "console_table",
    "read_table",
    "table_columns",
    "table_row",
    "write_table",
]

type Entry = str | int | float | None

_COMPONENTS = {"xx": (0, 0), "yy": (1, 1), "zz": (2, 2), "yz": (1, 2), "xz": (0, 2), "xy": (0, 1)}


def table_row(result: RunResult, extra: Mapping[str, Entry] | None = None) -> dict[str, Entry]:
    """One run as a row of the table.

    Args:
        result: The run.
        extra: Further columns after the temperature, such as the varied values of a study.

    Returns:
        Column header (with unit) to value; None where there is nothing to tell.
    """
    row: dict[str, Entry] = {
        "name": result.name,
        "seed": result.provenance.seed,
        "temperature [K]": result.temperature,
    }
    row |= extra or {}
    for label, fractions in (
        ("volume_fraction", result.volume_fraction),
        ("weight_fraction", result.weight_fraction),
    ):
        for material in result.materials:
            fraction = fractions.get(material, Fraction())
            row[f"{label}_{material} [-]"] = fraction.meshed
            row[f"{label}_{material}_requested [-]"] = fraction.requested
    for name, carrier in result.carriers.items():
        row |= _carrier_entries(name, carrier)
    if result.cell is not None:
        row |= cell_entries(result.cell)
    row |= {f"specific_surface_{m} [1/m]": area for m, area in result.specific_surface.items()}
    row |= {f"contact_area_{pair} [1/m]": area for pair, area in result.contact_area.items()}
    row |= {f"unknowns_{name} [-]": report.unknowns for name, report in result.solver.items()}
    row["wall_time [s]"] = round(sum(result.provenance.wall_time.values()), 3)
    return {
        header: None if isinstance(value, float) and math.isnan(value) else value
        for header, value in row.items()
    }


def _carrier_entries(name: str, carrier: CarrierResult) -> dict[str, Entry]:
    row: dict[str, Entry] = {
        f"sigma_{name}_{component} [S/m]": float(carrier.effective_conductivity[index])
        for component, index in _COMPONENTS.items()
    }
    row[f"sigma_{name}_mean [S/m]"] = carrier.mean_conductivity
    row[f"sigma_{name}_bulk [S/m]"] = carrier.bulk_conductivity
    row[f"conducting_fraction_{name} [-]"] = carrier.conducting_fraction
    for bound in ("lower", "upper"):
        tensor = getattr(carrier, bound)
        if tensor is not None:
            for axis, direction in enumerate(DIRECTIONS):
                header = f"sigma_{name}_{direction}{direction}_{bound} [S/m]"
                row[header] = float(tensor[axis, axis])
    row |= {f"geometry_error_{name}_{d} [-]": e for d, e in carrier.geometry_error_estimate.items()}
    for label, values, mean in (
        ("tortuosity_factor", carrier.tortuosity_factor, carrier.mean_tortuosity_factor),
        ("macmullin_number", carrier.macmullin_number, carrier.mean_macmullin_number),
    ):
        row |= {f"{label}_{name}_{d} [-]": values.get(d) for d in DIRECTIONS}
        row[f"{label}_{name}_mean [-]"] = mean
    for material, one in carrier.conductors.items():
        row[f"conductor_bulk_{name}_{material} [S/m]"] = one.bulk_conductivity
        row[f"conductor_contribution_{name}_{material} [S/m]"] = one.mean_contribution
        row[f"conductor_tortuosity_{name}_{material} [-]"] = one.mean_tortuosity_factor
    for label, values in (
        ("bruggeman_exponent", carrier.bruggeman_exponent),
        ("relative_error", carrier.discretisation_error_estimate),
    ):
        row |= {f"{label}_{name}_{d} [-]": values.get(d) for d in DIRECTIONS}
    return row | _interface_entries(name, carrier)


def _interface_entries(name: str, carrier: CarrierResult) -> dict[str, Entry]:
    """Sensitivities; with interfaces where the energy goes and the brick layer estimate."""
    shares = carrier.mean_dissipation
    row: dict[str, Entry] = {}
    if shares[1] > 0.0 or shares[2] > 0.0:
        for part, share in zip(("bulk", "resistive", "sheet"), shares, strict=True):
            row[f"dissipation_{part}_{name} [-]"] = share
    for parameter, value in carrier.mean_sensitivities.items():
        row[f"sensitivity_{name}_{parameter} [-]"] = value
    for energy, value in carrier.mean_barrier_sensitivities.items():
        row[f"sensitivity_{name}_{energy} [1/eV]"] = value
    if carrier.brick_layer is not None:
        estimate = carrier.brick_layer
        row[f"brick_layer_{name} [S/m]"] = estimate.mean_conductivity
        row[f"brick_grain_{name} [S/m]"] = estimate.mean_grain_conductivity
        row[f"brick_edge_{name} [m]"] = estimate.edge
        row[f"boundary_resistance_{name} [Ohm m^2]"] = estimate.area_resistance
        row[f"boundary_sheet_{name} [S]"] = estimate.sheet_conductance
    return row


def table_columns(rows: Iterable[Mapping[str, Entry]]) -> list[str]:
    """Headers of several rows in one stable order.

    A header that only later rows have is put after the header it follows there, so that blocks
    (fractions, carriers) stay together whatever materials and carriers the runs have.
    """
    columns: list[str] = []
    for headers in dict.fromkeys(tuple(row) for row in rows):  # most rows have the same
        position = 0
        for header in headers:
            if header in columns:
                position = columns.index(header) + 1
            else:
                columns.insert(position, header)
                position += 1
    return columns


def write_table(rows: Sequence[Mapping[str, Entry]], path: Path) -> Path:
    """Write rows as comma-separated values; the file appears whole or not at all.

    Args:
        rows: Rows of `table_row`.
        path: The file, such as ``DIR/table.csv``.

    Returns:
        The path.

    Raises:
        ResultsError: The file cannot be written.
    """
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, table_columns(rows), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: "" if value is None else value for key, value in row.items()} for row in rows
        )
    return path


def read_table(path: Path) -> list[dict[str, Entry]]:
    """Read what `write_table` wrote; numbers come back as numbers, empty entries as None.

    Raises:
        ResultsError: The file is missing or no table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows = list(reader)
            headers = reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ResultsError(f"{path}: cannot be read as a table ({error})") from error
    if "name" not in headers or any(None in row or len(row) != len(headers) for row in rows):
        raise ResultsError(f"{path}: not a table of cellion: no column 'name', or broken lines")
    return [
        {key: value if key == "name" else _entry(value) for key, value in row.items()}
        for row in rows
    ]


def _entry(text: str | None) -> Entry:
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def console_table(result: RunResult) -> Table:
    """A table for humans: one line per carrier and direction of a run; fits 80 columns.

    Args:
        result: The run.

    Returns:
        A table that rich prints, the composition in its caption.
    """
    if result.cell is not None:
        return cell_table(result.cell, title=result.name, caption=_composition(result))
    table = Table(
        title=escape(result.name),
        caption=escape(_composition(result)),
        title_justify="left",
        caption_justify="left",
    )
    for name in ("carrier", "direction"):
        table.add_column(name, overflow="fold")
    bounded = any(carrier.lower is not None for carrier in result.carriers.values())
    last = "bracket [mS/cm]" if bounded else "mesh error [%]"
    for header in ("sigma_eff [mS/cm]", "bulk [mS/cm]", "tortuosity factor [-]", last):
        table.add_column(escape(header), justify="right")
    for name, carrier in result.carriers.items():
        first = name
        for direction in carrier.directions:
            cells = _direction_cells(carrier, direction, bounded=bounded)
            table.add_row(first, direction, *cells)
            first = ""
    return table


def _direction_cells(carrier: CarrierResult, direction: str, *, bounded: bool) -> list[str]:
    axis = DIRECTIONS.index(direction)
    last = _digits(100 * carrier.discretisation_error_estimate.get(direction, math.nan), 2)
    if bounded:
        ends = [t[axis, axis] for t in (carrier.lower, carrier.upper) if t is not None]
        last = " to ".join(_digits(CONDUCTIVITY * float(end), 4) for end in ends)
    return [
        _digits(CONDUCTIVITY * float(carrier.effective_conductivity[axis, axis]), 4),
        _digits(CONDUCTIVITY * carrier.bulk_conductivity, 4),
        _digits(carrier.tortuosity_factor.get(direction, math.nan), 4),
        last,
    ]


def _composition(result: RunResult) -> str:
    """``SE 42.0 vol % (22.3 wt %), CAM ...; 298.15 K``."""
    parts = []
    for material in result.materials:
        volume = result.volume_fraction.get(material, Fraction()).meshed
        weight = result.weight_fraction.get(material, Fraction()).meshed
        if volume is not None:
            share = "" if weight is None else f" ({100 * weight:.1f} wt %)"
            parts.append(f"{material} {100 * volume:.1f} vol %{share}")
    lines = [f"{', '.join(parts)}; {result.temperature:g} K"]
    lines += [line for name, carrier in result.carriers.items() for line in _shares(name, carrier)]
    return "\n".join([*lines, *_beside_bounds(result)])


def _beside_bounds(result: RunResult) -> list[str]:
    """Say what the bounds do not hold."""
    error = 0.0 if result.accuracy is None else result.accuracy.geometry_error
    size = "not known" if math.isnan(error) else f"about {_digits(100 * error, 2)} %"
    return [f"by the geometry (flat facets, contacts), beside the bracket: {size}"] if error else []


def _shares(name: str, carrier: CarrierResult) -> list[str]:
    """Lines about where the energy of a carrier goes, if interfaces take a part of it."""
    shares = dict(
        zip(("bulk", "resistive interfaces", "sheets"), carrier.mean_dissipation, strict=True)
    )
    lines = []
    if shares["resistive interfaces"] > 0.0 or shares["sheets"] > 0.0:
        shown = ", ".join(f"{what} {100 * part:.3g} %" for what, part in shares.items() if part)
        lines.append(f"dissipation of {name}s: {shown}")
    if carrier.brick_layer is not None:
        mean = CONDUCTIVITY * carrier.brick_layer.mean_conductivity
        lines.append(f"brick layer estimate for {name}s: {_digits(mean, 4)} mS/cm")
    return lines


def _digits(value: float, count: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{count}g}"
