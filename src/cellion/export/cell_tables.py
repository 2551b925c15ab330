"""The response of a cell in tables: columns of ``table.csv``, and the summary for the console."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.markup import escape
from rich.table import Table

from cellion.cell.response import PARTS, CellResponse
from cellion.export.formatting import AREA_RESISTANCE

__all__ = ["PART_NAMES", "STUDY_COLUMNS", "cell_entries", "cell_table"]

PART_NAMES = {
    "separator": "separator",
    "ionic": "ions in the composite",
    "ionic_contacts": "contacts between ionic conductors",
    "interfacial": "reaction at the interface",
    "electronic_contacts": "contacts between electronic conductors",
    "electronic": "electrons in the composite",
    "collector": "collector",
}

STUDY_COLUMNS: dict[str, Callable[[CellResponse], float]] = {
    "cathode\n[Ω cm²]": lambda cell: AREA_RESISTANCE * cell.cathode_resistance,
    "ions\n[Ω cm²]": lambda cell: AREA_RESISTANCE * cell.parts.get("ionic", math.nan),
    "reaction\n[Ω cm²]": lambda cell: AREA_RESISTANCE * cell.parts.get("interfacial", math.nan),
    "active\n[%]": lambda cell: 100.0 * cell.utilisation,
}
"""What a table of several cells shows of each, by header."""


def cell_entries(response: CellResponse) -> dict[str, str | int | float | None]:
    """Columns of one cell: header, with unit, to value."""
    row: dict[str, str | int | float | None] = {
        "utilisation [-]": response.utilisation,
        "reaction_utilisation [-]": response.reaction_utilisation,
        "reversed_reaction_share [-]": response.reversed_share,
        "area_specific_resistance [Ohm m^2]": response.area_specific_resistance,
        "cathode_resistance [Ohm m^2]": response.cathode_resistance,
    }
    row |= {f"resistance_{name} [Ohm m^2]": response.parts.get(name) for name in PARTS}
    row["composite_thickness [m]"] = response.thickness["composite"]
    row["mean_reaction_depth [m]"] = response.mean_reaction_depth
    row["reaction_area [1/m]"] = response.reaction_area
    row["connected_reaction_area [1/m]"] = response.connected_area
    for name, share in response.active.items():
        row[f"active_{name}_connected [-]"] = share.connected
        row[f"active_{name}_without_ions [-]"] = share.without_ions
        row[f"active_{name}_without_electrons [-]"] = share.without_electrons
        row[f"active_{name}_without_both [-]"] = share.without_both
    row["relative_error_cell [-]"] = response.discretisation_error
    return row


def _taking_part(response: CellResponse) -> str:
    """How much of a cell takes part, a line each."""
    shares = {
        "active material reached by ions and electrons": response.utilisation,
        "reaction area reached by ions and electrons": response.reaction_utilisation,
        "reaction current that runs backwards": response.reversed_share,
    }
    told = [f"{what}: {100 * v:.3g} %" for what, v in shares.items() if not math.isnan(v)]
    return "\n".join(told)


def cell_table(response: CellResponse, *, title: str, caption: str) -> Table:
    """A table for humans: where the resistance of a cell sits.

    Args:
        response: Response of the cell.
        title: Heading.
        caption: Line below the table.
    """
    table = Table(
        title=escape(f"{title}\n{_taking_part(response)}"),
        caption=escape(caption),
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("area-specific resistance", overflow="fold")
    for header in ("[Ω cm²]", "share [%]"):
        table.add_column(escape(header), justify="right")
    total = response.area_specific_resistance
    for name in PARTS:
        value = response.parts.get(name, 0.0)
        if value > 0.0:
            share = f"{100 * value / total:.3g}"
            table.add_row(PART_NAMES[name], f"{AREA_RESISTANCE * value:.4g}", share)
    table.add_section()
    table.add_row("cathode (without layers)", _in_square_centimetres(response.cathode_resistance))
    table.add_row("total", _in_square_centimetres(total), "100" if response.connects else "")
    return table


def _in_square_centimetres(value: float) -> str:
    """A resistance in Ohm cm^2."""
    return "infinite" if math.isinf(value) else f"{AREA_RESISTANCE * value:.4g}"
