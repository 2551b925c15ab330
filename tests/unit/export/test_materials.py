"""`cellion materials` shows the library with units and sources."""

from __future__ import annotations

import pytest
from rich.console import Console

from cellion.errors import MaterialError
from cellion.export.materials import materials_table
from cellion.material.catalogue import library_names


def shown(name: str | None = None) -> str:
    console = Console(width=240)
    with console.capture() as capture:
        console.print(materials_table(name))
    return capture.get()


def test_every_material_is_shown_with_unit_and_status() -> None:
    text = shown()
    assert all(name in text for name in library_names())
    assert "1.6 mS/cm" in text
    assert "secondary" in text


def test_one_material_is_shown_in_full() -> None:
    text = shown("LLZO")
    assert "why this value" in text
    assert "(alternative)" in text
    assert "10.1002/anie.200701144" in text


def test_unknown_material_is_refused() -> None:
    with pytest.raises(MaterialError, match="did you mean 'LLZO'"):
        materials_table("LLZ0")
