"""Interfaces, orientations and boundaries give the same answer on any number of ranks."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.mpi

# Conjugate gradients stop at 1e-10 in the energy norm; shares and currents are linear in it.
RELATIVE, ABSOLUTE = 1e-8, 1e-10
CASES = (
    "polycrystal",
    "polycrystal_between_electrodes",
    "polycrystal_in_a_uniform_gradient",
    "polycrystal_in_a_uniform_flux",
    "bricks",
    "insulating_walls",
    "coated_balls",
)


@pytest.fixture(scope="module")
def answers(root: Path, subprocess_environment: dict[str, str]) -> dict[int, dict[str, Any]]:
    """Answers of all cases by the number of ranks."""
    found = {}
    mpirun = Path(sys.executable).with_name("mpirun")
    for ranks in (1, 2, 3):
        done = subprocess.run(
            [mpirun, "-n", str(ranks), sys.executable, "-m", "mpi4py", "interface_rank_cases.py"],
            cwd=root / "tests",
            env=subprocess_environment,
            capture_output=True,
            text=True,
            timeout=200.0,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found[ranks] = json.loads(done.stdout)
    return found


def differences(one: Any, many: Any, where: str = "") -> list[str]:
    """Say where two nested answers differ by more than the tolerance."""
    if isinstance(one, dict):
        assert one.keys() == many.keys(), where
        return [d for key in one for d in differences(one[key], many[key], f"{where}.{key}")]
    if isinstance(one, list):
        pairs = enumerate(zip(one, many, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{where}[{i}]")]
    if isinstance(one, float):
        same = math.isclose(one, many, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    else:
        same = one == many
    return [] if same else [f"{where}: {one!r} on one rank, {many!r} on several"]


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_one_rank(
    answers: dict[int, dict[str, Any]], case: str, ranks: int
) -> None:
    assert not differences(answers[1][case], answers[ranks][case])


def test_every_case_was_run(answers: dict[int, dict[str, Any]]) -> None:
    assert set(answers[1]) == set(CASES)


def test_the_cases_are_what_they_should_be(answers: dict[int, dict[str, Any]]) -> None:
    found = answers[1]
    assert found["insulating_walls"]["components"] > 1
    assert any(found["insulating_walls"]["percolates"].values())
    shares = found["polycrystal"]["shares"]["x"]
    assert set(shares["resistive"]) == {"('A', 'A')", "('A', 'B')"}
    assert set(shares["sheet"]) == {"('A', 'B')", "('B', 'B')"}
    assert shares["sheet"]["('B', 'B')"] > 0.01
    assert found["bricks"]["unknowns"] == 8 * 3**3
