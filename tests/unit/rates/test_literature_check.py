"""The comparison with the founding review."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.literature_check import comparisons

DOCUMENT = Path(__file__).parents[3] / "docs" / "rates.md"


@pytest.mark.parametrize("row", tuple(comparisons()), ids=lambda row: row.material)
def test_differences_beyond_a_factor_ten_are_explained(row):
    if row.ratio < 0.1 or row.ratio > 10.0:
        assert row.difference


@pytest.mark.parametrize("row", tuple(comparisons()), ids=lambda row: row.material)
def test_the_document_shows_what_is_computed(row):
    lines = [x for x in DOCUMENT.read_text(encoding="utf-8").splitlines() if row.material in x]
    ratio = "" if row.reported is None else f"{row.ratio:.2g}"
    assert any(f"{row.computed:.1e}" in line and ratio in line for line in lines)


def test_the_examples_of_the_document_run():
    """All Python blocks in order, in one namespace; they state their results as assertions."""
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.S)
    assert len(blocks) >= 6
    exec(compile("\n".join(blocks), str(DOCUMENT), "exec"), {})
