"""The library of materials as a table on the console."""

from __future__ import annotations

from rich.table import Column, Table
from rich.text import Text

from cellion.material.library_table import MATERIAL_COLUMNS, library_rows

__all__ = ["materials_table"]


def materials_table(name: str | None = None) -> Table:
    """Table of the library, or of one material with its alternatives, reasons and notes.

    Args:
        name: Name or alias of a material.

    Returns:
        A table for `rich.console.Console.print`; repeated material names are left out.

    Raises:
        MaterialError: There is no such material.
    """
    columns = (Column(heading, overflow="fold") for heading in MATERIAL_COLUMNS)
    table = Table(*columns, show_lines=name is not None)
    last = ""
    for material, *rest in library_rows(name):
        if material != last and last:
            table.add_section()
        table.add_row(*(Text(cell) for cell in ("" if material == last else material, *rest)))
        last = material
    return table
