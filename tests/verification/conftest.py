"""A table of all brackets that the verification tests computed, at the end of the run.

Rows travel as properties of the reports of tests, which workers hand to the process that prints.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import pytest

from reference_cases.rows import Row

Record = Callable[[Row], bool]

PROPERTY = "reference"


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Record:
    """Keep a row for the table; say whether the reference is inside."""

    def keep(row: Row) -> bool:
        record_property(PROPERTY, json.dumps(asdict(row), default=int))
        return row.inside

    return keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for found in terminalreporter.stats.values() for each in found]
    rows = [
        Row(**json.loads(value))
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if not rows:
        return
    terminalreporter.section("references")
    numbers = " ".join(f"{name:>13}" for name in ("exact", "lower", "upper"))
    head = f"{'reference':44} {numbers} {'geometry':>9} {'unknowns':>9}  inside?"
    terminalreporter.write_line(head)
    for row in rows:
        name = f"{row.reference} {row.quantity}"[:44]
        error = f"{row.geometry_error:9.1e}" if row.geometry_error else f"{'':9}"
        terminalreporter.write_line(
            f"{name:44} {row.exact:13.7g} {row.lower:13.7g} {row.upper:13.7g} {error} "
            f"{row.unknowns or '':>9}  {'yes' if row.inside else 'NO'}"
        )
    terminalreporter.write_line(f"{sum(row.inside for row in rows)} of {len(rows)} inside")
