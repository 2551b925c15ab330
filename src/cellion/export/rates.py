"""Tensors over temperature and rankings of materials: tables for the console and for files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.table import Table
from rich.text import Text

from cellion.errors import ResultsError
from cellion.export.arrhenius import plot_arrhenius
from cellion.export.tables import Entry, write_table
from cellion.material.over_temperature import TensorTable
from cellion.material.screening import Screening
from cellion.quantities import ELECTRON_VOLT

__all__ = ["rates_table", "screening_table", "write_rates", "write_screening"]

_COMPONENTS = {"xx": (0, 0), "yy": (1, 1), "zz": (2, 2), "yz": (1, 2), "xz": (0, 2), "xy": (0, 1)}
_SYMBOL = {"conductivity": "sigma", "diffusivity": "D"}
_TITLE = {"conductivity": "conductivity", "diffusivity": "diffusivity of one carrier"}


def rates_table(table: TensorTable) -> Table:
    """A table for humans: principal values over temperature, their axes below; fits 80 columns.

    Args:
        table: A tensor over temperature.

    Returns:
        A table that rich prints; extrapolated rows are marked with a star.
    """
    symbol = _SYMBOL[table.quantity]
    shown = Table(
        title=Text(f"{table.name}: {_TITLE[table.quantity]}, {table.origin}"),
        caption=Text("\n".join(_caption(table))),
        title_justify="left",
        caption_justify="left",
        min_width=72,
    )
    names = [symbol] if table.isotropic else [f"{symbol}_{k}" for k in (1, 2, 3)]
    headers = [f"{name} [{table.unit}]" for name in names]
    if table.spread is None:
        headers = ["1000/T [1/K]", *headers]
    else:
        headers += ["median", "68 % from", "to"]
    for header in ("T [K]", *headers):
        shown.add_column(Text(header), justify="right")
    for n, t in enumerate(table.temperature.tolist()):
        star = "*" if table.extrapolated[n] else ""
        cells = [f"{value:.4g}" for value in table.principal.values[n, : len(names)]]
        if table.spread is None:
            cells = [f"{1000.0 / t:.4f}", *cells]
        else:
            numbers = (table.spread.median[n], table.spread.low[n], table.spread.high[n])
            cells += [f"{number:.2e}" for number in numbers]
        shown.add_row(Text(f"{star}{t:g}"), *cells)
    return shown


def _caption(table: TensorTable) -> Iterator[str]:
    energy = table.activation_energy
    law = "sigma T" if table.quantity == "conductivity" else "D"
    if energy is not None:
        yield f"apparent activation energy of {law}: {energy / ELECTRON_VOLT:.3f} eV"
    if not table.isotropic:
        middle = table.temperature.size // 2
        axes = table.principal.axes
        turning = np.abs(axes - axes[middle]).max() > 1e-6
        at = f" at {table.temperature[middle]:g} K" if turning else ""
        for k, axis in enumerate(axes[middle], start=1):
            numbers = ", ".join(f"{component:.3f}" for component in axis.round(3) + 0.0)
            yield f"axis {k}{at}: ({numbers}) in crystal axes"
    if table.spread is not None:
        yield f"median and 68 % interval of the mean of the principal values: {table.spread.cause}"
    if table.extrapolated.any():
        yield "* extrapolated: outside the temperatures of the measurement"
    if table.source:
        yield f"source: {table.source}"
    yield from (f"note: {note}" for note in table.notes)


def write_rates(tables: Sequence[TensorTable], folder: Path) -> tuple[Path, ...]:
    """Write ``rates.csv`` and the Arrhenius plots of some tables into a folder.

    Args:
        tables: Tensors over temperature.
        folder: Made if it is not there; nothing else in it is touched.

    Returns:
        The files: the table, then a PNG and an SVG for each kind of quantity.

    Raises:
        ResultsError: A file cannot be written.
    """
    _make(folder)
    written = [write_table([row for table in tables for row in _rows(table)], folder / "rates.csv")]
    for kind in dict.fromkeys(table.quantity for table in tables):
        same = [table for table in tables if table.quantity == kind]
        stem = "arrhenius" if kind == "conductivity" else "arrhenius_diffusivity"
        written += [plot_arrhenius(same, folder / f"{stem}{ending}") for ending in (".png", ".svg")]
    return tuple(written)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"{folder}: cannot be made ({error.strerror or error}); choose another folder with -o"
        ) from error


def _rows(table: TensorTable) -> Iterator[dict[str, Entry]]:
    symbol, unit = _SYMBOL[table.quantity], table.unit
    principal = table.principal
    for n, temperature in enumerate(table.temperature.tolist()):
        row: dict[str, Entry] = {
            "name": table.name,
            "origin": table.origin,
            "temperature [K]": temperature,
            "extrapolated": "yes" if table.extrapolated[n] else "no",
        }
        tensor, values, axes = table.tensor[n], principal.values[n], principal.axes[n]
        row |= {f"{symbol}_{c} [{unit}]": float(tensor[at]) for c, at in _COMPONENTS.items()}
        row |= {f"{symbol}_{k + 1} [{unit}]": float(values[k]) for k in range(3)}
        row |= {
            f"axis_{k + 1}_{name} [-]": float(axes[k, a])
            for k in range(3)
            for a, name in enumerate("xyz")
        }
        row[f"{symbol}_mean [{unit}]"] = float(table.mean[n])
        if table.spread is not None:
            row[f"{symbol}_median [{unit}]"] = float(table.spread.median[n])
            row[f"{symbol}_low [{unit}]"] = float(table.spread.low[n])
            row[f"{symbol}_high [{unit}]"] = float(table.spread.high[n])
        yield row


def screening_table(found: Screening) -> Table:
    """A table for humans: materials by conductivity, best first; fits 80 columns."""
    shown = Table(
        title=f"ionic conductivity at {found.temperature:g} K, mean of the principal values",
        caption=Text("\n".join(_screening_caption(found))),
        title_justify="left",
        caption_justify="left",
    )
    shown.add_column("", justify="right")
    shown.add_column("material", overflow="fold")
    shown.add_column("origin")
    for header in ("sigma [S/m]", "95 % from", "to"):
        shown.add_column(Text(header), justify="right")
    for rank, each in enumerate(found.candidates, start=1):
        numbers = (f"{each.conductivity:.2e}", f"{each.low:.1e}", f"{each.high:.1e}")
        shown.add_row(str(rank), Text(each.name), each.origin, *numbers)
    return shown


def _screening_caption(found: Screening) -> Iterator[str]:
    yield (
        f"95 % interval: barriers with a standard deviation of "
        f"{1000.0 * found.deviation / ELECTRON_VOLT:g} meV"
    )
    yield "(measured: only on the way from the temperature of the measurement)"
    reasons = dict.fromkeys(reason for _, reason in found.left_out)
    for reason in reasons:
        names = ", ".join(name for name, why in found.left_out if why == reason)
        yield f"left out, {reason}: {names}"


def write_screening(found: Screening, folder: Path) -> tuple[Path, ...]:
    """Write ``screening.csv`` into a folder, which is made if it is not there.

    Raises:
        ResultsError: The file cannot be written.
    """
    _make(folder)
    rows: list[dict[str, Entry]] = [
        {
            "name": each.name,
            "origin": each.origin,
            "temperature [K]": found.temperature,
            "sigma [S/m]": each.conductivity,
            "sigma_low [S/m]": each.low,
            "sigma_high [S/m]": each.high,
            "barrier_deviation [eV]": found.deviation / ELECTRON_VOLT,
        }
        for each in found.candidates
    ]
    return (write_table(rows, folder / "screening.csv"),)
