"""One, two and three real ranks give the same mesh, percolation, conductivity and fields."""

from __future__ import annotations

import math
from typing import Any

import pytest

from helpers.cli_calls import cases_on_ranks

pytestmark = pytest.mark.mpi

# Conjugate gradients stop at 1e-10 in the energy norm; sums differ in their last digits.
RELATIVE, ABSOLUTE = 1e-8, 1e-12
# Where gains do not settle, an estimated error is what two-level iterations find that stop at a
# thousandth of the distance to the solution; the square of it is left of the estimate.
ITERATED, UNSETTLED = 1e-5, ("electrodes_insulated.error.z",)
CASES = (
    "mesh_of_dolfinx",
    "interfaces",
    "periodic_composite",
    "periodic_insulated",
    "electrodes_insulated",
    "electrodes_plane",
    "separate_slabs",
    "few_conducting_cells",
    "broken_mesh",
    "packing_in_cell",
    "own_mesh",
)


@pytest.fixture(scope="module")
def answers(subprocess_environment: dict[str, str]) -> dict[int, dict[str, Any]]:
    """Answers of all cases by the number of ranks."""
    return {
        ranks: cases_on_ranks("rank_cases", ranks, subprocess_environment) for ranks in (1, 2, 3)
    }


def differences(one: Any, many: Any, where: str = "") -> list[str]:
    """Say where two nested answers differ by more than the tolerance."""
    if isinstance(one, dict):
        assert one.keys() == many.keys(), where
        return [d for key in one for d in differences(one[key], many[key], f"{where}.{key}")]
    if isinstance(one, list):
        assert len(one) == len(many), where
        pairs = enumerate(zip(one, many, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{where}[{i}]")]
    if isinstance(one, float) or isinstance(many, float):
        relative = ITERATED if where in UNSETTLED else RELATIVE
        same = math.isclose(one, many, rel_tol=relative, abs_tol=ABSOLUTE)
    else:
        same = one == many
    return [] if same else [f"{where}: {one!r} on one rank, {many!r} on several"]


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_one_rank(
    answers: dict[int, dict[str, Any]], case: str, ranks: int
) -> None:
    assert not differences(answers[1][case], answers[ranks][case], case)


def test_every_case_was_run(answers: dict[int, dict[str, Any]]) -> None:
    assert set(answers[1]) == set(CASES)


def test_the_distributed_mesh_is_the_box(answers: dict[int, dict[str, Any]]) -> None:
    found = answers[3]["mesh_of_dolfinx"]
    n = 5
    assert found["vertices"] == found["dofs"] == (n + 1) ** 3
    assert found["exterior"] == 12 * n**2
    assert found["facets"] == 12 * n**3 + 6 * n**2
    assert found["volume"] == pytest.approx(1.0, rel=1e-12)
    for face in ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max"):
        assert found[face] == pytest.approx(1.0, rel=1e-12)


def test_the_mean_current_is_the_conductivity(answers: dict[int, dict[str, Any]]) -> None:
    for case in ("periodic_composite", "periodic_insulated"):
        found = answers[3][case]
        for k, direction in enumerate("xyz"):
            # The dissipation is quadratic in the error of the solve, the mean current linear.
            assert found["mean_current"][direction] == pytest.approx(found["tensor"][k], abs=1e-8)


def test_both_ways_to_measure_the_current_agree(answers: dict[int, dict[str, Any]]) -> None:
    found = answers[2]["electrodes_insulated"]
    assert found["from_currents"]["z"] == pytest.approx(found["tensor"][2][2], rel=1e-8)


def test_an_error_on_rank_0_is_raised_on_all(answers: dict[int, dict[str, Any]]) -> None:
    assert answers[3]["broken_mesh"]["errors"] == 1.0
