"""Brackets on one to four ranks: all valid, the same, all explained by their indicators."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from helpers.cli_calls import cases_on_ranks

pytestmark = pytest.mark.mpi


Answers = Callable[[int], dict[str, Any]]


@pytest.fixture(scope="module")
def answers(subprocess_environment: dict[str, str]) -> Answers:
    """Answers for a number of ranks: of all cases, on four ranks of some."""

    @cache
    def start(ranks: int) -> dict[str, Any]:
        names = ON_FOUR if ranks == 4 else []
        return cases_on_ranks("bracket_cases", ranks, subprocess_environment, *names)

    return start


ON_FOUR = ["crystals", "plane_both"]
THREE = pytest.param(3, marks=pytest.mark.slow)


def brackets(answers: Answers, ranks: int) -> dict[str, Any]:
    """The cases that are brackets."""
    return {case: found for case, found in answers(ranks).items() if case != "faceting"}


@pytest.mark.parametrize("ranks", [1, 2, THREE, 4])
def test_bounds_are_explained_and_charge_is_conserved(answers: Answers, ranks: int) -> None:
    for case, directions in brackets(answers, ranks).items():
        assert directions, case
        for found in directions.values():
            assert 0.0 < found["lower"] <= found["upper"], case
            gap = found["upper"] - found["lower"]
            assert found["unexplained"] <= 1e-8 * gap + 1e-12 * found["upper"], case
            assert found["lost"] < 1e-13, case


@pytest.mark.parametrize("ranks", [2, THREE, 4])
def test_ranks_agree(answers: Answers, ranks: int) -> None:
    for case, directions in brackets(answers, ranks).items():
        assert directions.keys() == answers(1)[case].keys(), case
        for name, many in directions.items():
            one = answers(1)[case][name]
            assert many["upper"] == pytest.approx(one["upper"], rel=1e-8), case
            # Ranks stop at other iterates and carry defects along other trees, each with a bound
            # of its own; what this costs is a ten-thousandth of the gap at most.
            gap = one["upper"] - one["lower"]
            rounding = 2.0 * max(one["rounding"], many["rounding"])
            assert abs(many["lower"] - one["lower"]) < 1e-3 * gap + rounding, case


@pytest.mark.parametrize("ranks", [2, THREE])
def test_ranks_agree_on_what_flat_facets_cost(answers: Answers, ranks: int) -> None:
    one, many = answers(1)["faceting"], answers(ranks)["faceting"]
    assert many == pytest.approx(one, rel=1e-3)
    assert all(error > 0.0 for error in one.values())
