"""Interfaces, orientations and boundaries give the same answer on any number of ranks."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from helpers.cli_calls import cases_on_ranks

pytestmark = pytest.mark.mpi

# Conjugate gradients stop at 1e-10 in the energy norm; shares and currents are linear in it.
RELATIVE, ABSOLUTE = 1e-8, 1e-10
# Where gains do not settle, an estimated error is what two-level iterations find that stop at a
# thousandth of the distance to the solution; the square of it is left of the estimate.
ITERATED, SETTLED = 1e-5, ("bricks", "brick_and_image", "insulating_walls", "coated_balls")
CASES = (
    "polycrystal",
    "polycrystal_between_electrodes",
    "polycrystal_in_a_uniform_gradient",
    "polycrystal_in_a_uniform_flux",
    "bricks",
    "brick_and_image",
    "grains_and_images",
    "insulating_walls",
    "coated_balls",
)


LARGE = (
    "nearly_perfect_boundaries",
    "resistive_boundaries",
    "blocking_boundaries",
    "resistive_boundaries_with_sheets",
    "sheets",
)
TOUCHING = (
    "insulated, periodic",
    "resistive, electrodes",
    "insulating with sheets, periodic",
)

Answers = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def answers(subprocess_environment: dict[str, str]) -> Answers:
    """Answers of named cases, or of all small ones, on a number of ranks."""

    @cache
    def found(ranks: int, *names: str) -> dict[str, Any]:
        patience = 600.0 if names else 200.0
        return cases_on_ranks(
            "interface_rank_cases", ranks, subprocess_environment, *names, timeout=patience
        )

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
        iterated = ".error" in where and not where.startswith(SETTLED)
        relative = ITERATED if iterated else RELATIVE
        same = math.isclose(one, many, rel_tol=relative, abs_tol=ABSOLUTE)
    else:
        same = one == many
    return [] if same else [f"{where}: {one!r} on one rank, {many!r} on several"]


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_that_of_one_rank(answers: Answers, case: str, ranks: int) -> None:
    assert not differences(answers(1)[case], answers(ranks)[case], case)


@pytest.mark.parametrize("ranks", [2, 3, pytest.param(4, marks=pytest.mark.slow)])
def test_voxels_that_touch_are_those_of_one_rank(answers: Answers, ranks: int) -> None:
    """The cells around a point or an edge are on several ranks."""
    one, many = answers(1, *TOUCHING), answers(ranks, *TOUCHING)
    assert all(found["tensor"][0][0] > 0.0 for found in one.values())
    assert not differences(one, many)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize("case", LARGE)
def test_two_hundred_grains_are_those_of_one_rank(answers: Answers, case: str, ranks: int) -> None:
    one, many = answers(1, *LARGE)[case], answers(ranks, *LARGE)[case]
    assert one["unknowns"] > 10_000
    assert not differences(one, many)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 4])
def test_iterations_stay_few_for_two_hundred_grains(answers: Answers, ranks: int) -> None:
    found = answers(ranks, "iterations")["iterations"]
    assert max(found.values()) < 60, found


def test_every_case_was_run(answers: Answers) -> None:
    assert set(answers(1)) == set(CASES)


def test_the_cases_are_what_they_should_be(answers: Answers) -> None:
    found = answers(1)
    assert found["insulating_walls"]["components"] > 1
    assert any(found["insulating_walls"]["percolates"].values())
    shares = found["polycrystal"]["shares"]["x"]
    assert set(shares["resistive"]) == {"('A', 'A')", "('A', 'B')"}
    assert set(shares["sheet"]) == {"('A', 'B')", "('B', 'B')"}
    assert shares["sheet"]["('B', 'B')"] > 0.01
    assert found["bricks"]["unknowns"] == 8 * 3**3
