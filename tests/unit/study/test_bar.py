"""Progress on a terminal and elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cellion.study.bar import terminal_stages

LINES = ("mesh (7 particles)", "  octree", "  cut", "transport of ions")


@pytest.mark.parametrize("terminal", [False, True])
def test_stages_are_lines_and_steps_are_for_terminals(terminal: bool) -> None:
    console = Console(file=StringIO(), force_terminal=terminal, width=60)
    with terminal_stages(console) as tell:
        for line in LINES:
            tell(line)
    stream = console.file
    assert isinstance(stream, StringIO)
    shown = stream.getvalue()
    assert "mesh (7 particles)" in shown
    assert "transport of ions" in shown
    assert ("octree" in shown) == terminal
    if not terminal:
        assert shown.splitlines() == [LINES[0], LINES[-1]]
