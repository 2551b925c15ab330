"""A table of all brackets that the verification tests computed, at the end of the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Row = tuple[str, float, float, float, int]
Record = Callable[[str, float, float, float, int], bool]

ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


@pytest.fixture
def record(pytestconfig: pytest.Config) -> Record:
    """Keep reference, exact value, bounds and unknowns; say whether the value is inside."""

    def keep(name: str, exact: float, lower: float, upper: float, unknowns: int) -> bool:
        pytestconfig.stash[ROWS].append((name, exact, lower, upper, unknowns))
        return lower <= exact <= upper

    return keep


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("brackets")
    head = f"{'reference':34} {'exact':>14} {'lower':>14} {'upper':>14} {'unknowns':>9}  inside?"
    terminalreporter.write_line(head)
    for name, exact, lower, upper, unknowns in rows:
        inside = "yes" if lower <= exact <= upper else "NO"
        terminalreporter.write_line(
            f"{name:34} {exact:14.8g} {lower:14.8g} {upper:14.8g} {unknowns:9d}  {inside}"
        )
    inside_all = sum(low <= exact <= high for _, exact, low, high, _ in rows)
    terminalreporter.write_line(f"{inside_all} of {len(rows)} inside")
