"""A study called from Python: tables, failures and the order of points, without a command line."""

from __future__ import annotations

from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import pytest
from mpi4py import MPI

from cellion.errors import ConvergenceError, ResultsError
from cellion.export.tables import read_table
from cellion.pipeline import effective
from cellion.results.files import is_complete
from cellion.scenario.load import load_scenario
from cellion.scenario.scenario import Scenario
from cellion.study.progress import Progress
from cellion.study.run import run_study
from helpers.small_scenarios import PLATES, write

STUDY = PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n"


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return load_scenario(write(tmp_path, STUDY))


@pytest.fixture
def failing_at_300_kelvin(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = effective.solve_carrier

    def failing(scenario: Scenario, *arguments: object, **options: object) -> object:
        if scenario.temperature == 300.0:
            raise ConvergenceError("direction x: DIVERGED_ITS")
        return solve(scenario, *arguments, **options)

    monkeypatch.setattr(effective, "solve_carrier", failing)


def test_progress_counts_the_points(scenario, tmp_path):
    steps: list[Progress] = []
    run_study(scenario, MPI.COMM_SELF, folder=tmp_path / "out", show=steps.append)
    assert [str(step).split(";")[0] for step in steps] == [
        f"[{i + 1}/3] temperature = {kelvin} K, realisation 1: done"
        for i, kelvin in enumerate((290, 300, 310))
    ]


def test_solve_that_fails_is_a_row_with_its_reason(scenario, tmp_path, failing_at_300_kelvin):
    result = run_study(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    rows = read_table(tmp_path / "out" / "table.csv")
    assert [row["failure"] for row in rows] == [None, "direction x: DIVERGED_ITS", None]
    assert [is_complete(tmp_path / "out" / f"point_{i:03d}") for i in range(3)] == [
        *(True, False, True)
    ]
    assert result.failures == (
        "point_001 (temperature [K] = 300, realisation 1) has no answer: direction x: DIVERGED_ITS",
    )
    assert list(result.results) == ["point_000", "point_002"]
    assert result.unconverged == ("point_001",)
    with pytest.raises(ConvergenceError, match="1 of 3 points have no answer"):
        result.check()


def test_study_of_failures_only_raises_the_first(tmp_path, failing_at_300_kelvin):
    text = STUDY.replace("[290 K, 300 K, 310 K]", "[300 K]")
    with pytest.raises(ConvergenceError, match=r"none of the 1 points was answered.*DIVERGED_ITS"):
        run_study(load_scenario(write(tmp_path, text)), MPI.COMM_SELF, folder=tmp_path / "out")


def test_resumed_study_solves_nothing_that_is_finished(scenario, tmp_path, monkeypatch):
    run_study(scenario, MPI.COMM_SELF, folder=tmp_path / "out")
    rows = read_table(tmp_path / "out" / "table.csv")

    def never(*arguments: object, **options: object) -> None:
        raise RuntimeError("solved again")

    monkeypatch.setattr("cellion.pipeline.run.run", never)
    run_study(scenario, MPI.COMM_SELF, folder=tmp_path / "out", resume=True)
    assert read_table(tmp_path / "out" / "table.csv") == rows


def test_folder_is_tried_before_the_first_point(scenario, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "cellion.pipeline.run.run", lambda *arguments, **options: pytest.fail("was run")
    )
    with pytest.raises(ResultsError, match="cannot be written"):
        run_study(scenario, MPI.COMM_SELF, folder=tmp_path / "squares.msh")
