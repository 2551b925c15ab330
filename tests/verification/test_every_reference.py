"""Every public reference lies in what is computed of it, and none is left out.

Where a field is solved for, that is the bracket; with curved surfaces, the bracket and the
estimated geometry error beside it. The pages of docs/verification show the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference_cases.registry import CLASSES, NOT_ANSWERED, answered, beside, rows_of
from reference_cases.rows import ENTRIES, Row

Record = Callable[[Row], bool]

QUICK = {
    *("laminates", "tiles", "cubes", "bricks", "composition", "porous_electrode"),
    *("sph-sc-0.1-0", "disc-square-0.4-0.05", "disc-if-1", "neu-sheet-2d"),
    *("hop-sc", "hop-olivine-like", "vineyard-1", "ratelayer-1"),
}
"""Pages and references that run by default."""


def cases() -> list[object]:
    """All references, the long ones marked as slow."""
    return [
        pytest.param(
            name,
            marks=[]
            if {each.page, name} & QUICK
            else [pytest.mark.slow, pytest.mark.timeout(1200)],
        )
        for each in CLASSES
        for name in each.references
    ]


@pytest.mark.parametrize("name", cases())
def test_reference(record: Record, name: str) -> None:
    rows = rows_of(name)
    inside = [record(row) for row in rows]
    assert inside
    assert all(inside)


def test_no_reference_is_left_out() -> None:
    known = [*answered(), *beside(), *NOT_ANSWERED]
    assert len(known) == len(set(known))
    assert set(known) == set(ENTRIES)
    assert all(entry["public"] for entry in ENTRIES.values())


def test_only_what_is_marked_so_is_shown_beside() -> None:
    """Measurements say of themselves that they are for comparison; so no answer can hide there."""
    simulations = {"exp-bielefeld2020-fit"}
    for name in set(beside()) - simulations:
        assert ENTRIES[name]["tolerance"]["comparison_only"]
