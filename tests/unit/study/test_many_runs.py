"""A thousand runs are put into tables and statistics within a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest

from cellion.export.plots import plot_series
from cellion.export.series import arrange
from cellion.export.study_table import study_table
from cellion.export.tables import read_table
from cellion.results.provenance import collect_provenance
from cellion.results.record import CarrierResult, Fraction, RunResult
from cellion.results.study import PlannedPoint, StudyRecord
from cellion.scenario.load import load_scenario
from cellion.study.gather import Answers, write_study
from cellion.study.plan import plan
from helpers.small_scenarios import PACKING, write

COMBINATIONS, REPLICATES = 200, 5


def answer(conductivity: float, temperature: float) -> RunResult:
    """The record of a run that nobody made, of one direction: the others have no entries."""
    tensor = np.full((3, 3), np.nan)
    tensor[0, 0] = conductivity
    ion = CarrierResult(
        conducting=("SE",),
        conducting_fraction=0.65,
        bulk_conductivity=1.0,
        effective_conductivity=tensor,
        percolates={"x": True},
        tortuosity_factor={"x": 0.65 / conductivity},
        macmullin_number={"x": 1.0 / conductivity},
        bruggeman_exponent={"x": 1.5},
    )
    return RunResult(
        name="packing",
        temperature=temperature,
        box=(1e-5, 1e-5, 1e-5),
        materials=("SE", "CAM"),
        carriers={"ion": ion},
        volume_fraction={"SE": Fraction(meshed=0.65), "CAM": Fraction(meshed=0.35)},
        weight_fraction={},
        specific_surface={},
        contact_area={},
        percolation={},
        solver={},
        mesh={},
        provenance=collect_provenance(
            scenario={}, seed=1, ranks=1, wall_time={"solve": 1.0}, peak_memory=1e9
        ),
    )


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    vary = f"temperature: {{from: 300 K, to: 400 K, steps: {COMBINATIONS}}}"
    text = PACKING + f"study: {{vary: {{{vary}}}, replicates: {REPLICATES}}}\n"
    scenario = load_scenario(write(tmp_path, text))
    points = plan(scenario)
    assert len(points) == COMBINATIONS * REPLICATES
    one = answer(0.5, 300.0)
    ion = one.carriers["ion"]
    found = {}
    for point in points:
        tensor = np.array(ion.effective_conductivity)
        tensor[0, 0] = 0.5 + 0.01 * point.replicate + 0.001 * (point.index // REPLICATES)
        carriers = {"ion": replace(ion, effective_conductivity=tensor)}
        found[point.name] = replace(one, carriers=carriers)
    planned = tuple(
        PlannedPoint(name=p.name, values=p.all_values, realisation=p.replicate + 1) for p in points
    )
    record = StudyRecord(name=scenario.name, points=planned, scenario=scenario.source)
    return Answers(scenario, record, found, tmp_path)


def test_the_time_is_no_square_of_the_runs(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPU time, so that other processes do not count; drawing is left out."""
    monkeypatch.setattr("cellion.study.gather._plot", lambda answers, folder: None)
    monkeypatch.setattr("cellion.study.gather._sweeps", lambda answers, folder: [])
    monkeypatch.setattr("cellion.study.gather.write_parquet", lambda rows, path: False)
    begin = process_time()
    write_study(answers, tmp_path)
    assert process_time() - begin < 1.0
    rows = read_table(tmp_path / "replicates.csv")
    assert len(rows) == COMBINATIONS
    means = [row["sigma_ion_xx [S/m] mean"] for row in rows]
    assert means == pytest.approx(0.52 + 0.001 * np.arange(COMBINATIONS))


def test_a_thousand_runs_are_drawn_and_listed_in_seconds(answers: Answers, tmp_path: Path) -> None:
    begin = process_time()
    series = arrange(answers.answered, answers.columns)
    study_table(series, "many")
    plot_series(series, tmp_path / "many.png")
    assert process_time() - begin < 5.0
