"""A study from Python: five lines, the same from the folder, a data frame, a plot."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import cellion
from cellion.errors import ResultsError, ScenarioError, SetupError
from cellion.study.bar import notebook_bar
from cellion.study.progress import Progress
from cellion.study.result import StudyResult
from helpers.small_scenarios import PLATES, write

A = "materials.A.ion.conductivity"


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    """Three temperatures by two conductivities."""
    folder = tmp_path_factory.mktemp("study")
    scenario = cellion.load_scenario(write(folder, PLATES))
    values = {"temperature": ["290 K", "300 K", "310 K"], A: ["1 mS/cm", "20 mS/m"]}
    return cellion.run_study(cellion.vary(scenario, values), folder=folder / "out")


def test_a_study_of_python_is_that_of_the_file(tmp_path):
    scenario = cellion.load_scenario(write(tmp_path, PLATES))
    file = PLATES + "study: {vary: {temperature: [290 K, 310 K]}}\n"
    assert cellion.vary(scenario, {"temperature": ("290 K", "310 K")}) == cellion.load_scenario(
        write(tmp_path, file)
    )


def test_arrays_are_lists_of_numbers(tmp_path):
    scenario = cellion.load_scenario(write(tmp_path, PLATES))
    path = "microstructure.mesh.labels"
    with pytest.raises(ScenarioError, match=r"study\.vary.temperature.*found 290"):
        cellion.vary(scenario, {"temperature": np.array([290.0, 300.0])})
    with pytest.raises(ScenarioError, match=r"did you mean 'replicates'"):
        cellion.vary(scenario, {path: [{10: "A", 20: "B"}]}, replicate=3)


def test_the_folder_holds_what_was_returned(answer):
    found = cellion.load_study(str(answer.folder))
    assert found.rows == answer.rows
    assert (found.name, found.varied, found.notes) == (answer.name, answer.varied, answer.notes)
    assert list(found.results) == [f"point_{i:03d}" for i in range(6)]
    assert found.runs[5].temperature == 310.0
    assert found.scenario["study"]["vary"][A] == ["1 mS/cm", "20 mS/m"]


def test_the_frame_is_the_table(answer):
    frame = answer.frame()
    read = pd.read_csv(answer.folder / "table.csv")
    pd.testing.assert_frame_equal(frame, read, check_dtype=False)
    assert list(frame[f"{A} [mS/cm]"]) == [1.0, 0.2] * 3
    series = 2.0 / (1.0 / frame[f"{A} [mS/cm]"] + 1.0 / 2.0)
    at_300 = frame["temperature [K]"] == 300.0
    conductivity = 10.0 * frame["sigma_ion_xx [S/m]"]
    np.testing.assert_allclose(conductivity[at_300], series[at_300], rtol=1e-9)


def test_the_frame_names_what_is_missing(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(SetupError, match=r"pip install 'cellion\[notebook\]'"):
        answer.frame()


def test_a_study_is_read_without_dolfinx(answer):
    code = (
        "import sys, cellion; s = cellion.load_study(sys.argv[1]); print(len(s.frame()));"
        "s.plot(); print([m for m in ('dolfinx', 'mpi4py', 'petsc4py') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(answer.folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.stdout.split("\n")[:2] == ["6", "[]"], done.stderr


def test_a_folder_without_a_study_says_so(tmp_path):
    with pytest.raises(ResultsError, match="no study has come to its end"):
        cellion.load_study(tmp_path)


def test_an_interrupted_study_has_no_result(answer, tmp_path, monkeypatch):
    """``table.csv`` goes first and comes last."""
    scenario = cellion.load_scenario(write(tmp_path, PLATES))
    study = cellion.vary(scenario, {"temperature": ["300 K"]})
    cellion.run_study(study, folder=tmp_path / "out")
    monkeypatch.setattr("cellion.study.run.write_study", lambda answers, folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cellion.run_study(study, folder=tmp_path / "out", resume=True)
    with pytest.raises(ResultsError, match="to end one that was interrupted"):
        cellion.load_study(tmp_path / "out")


def test_the_console_shows_the_values_of_each_line(answer):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(answer.summary())
    lines = console.export_text().splitlines()
    assert [line.split()[:2] for line in lines if line.strip().startswith(("290", "300"))] == [
        *(["290", "1"], ["290", "0.2"], ["300", "1"], ["300", "0.2"]),
    ]


# --- plots ---------------------------------------------------------------------------------------


def test_a_plot_has_a_curve_for_each_other_value(answer):
    figure = answer.plot("temperature")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "temperature [K]"
    assert axes.get_ylabel().replace("\n", " ") == (
        "effective conductivity of ions, mean over the directions [mS/cm]"
    )
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["ion conductivity of A 1 mS/cm", "ion conductivity of A 0.2 mS/cm"]
    line = axes.get_lines()[0]
    expected = [10.0 * row["sigma_ion_mean [S/m]"] for row in answer.rows[::2]]
    np.testing.assert_array_equal(line.get_xdata(), [290.0, 300.0, 310.0])
    np.testing.assert_array_equal(line.get_ydata(), expected)


def test_a_notebook_shows_a_plot(answer):
    assert answer.plot(y="tortuosity_factor_ion_mean")._repr_png_().startswith(b"\x89PNG")


def test_a_column_is_known_by_its_last_steps(answer):
    assert answer.header("ion.conductivity") == f"{A} [mS/cm]"
    assert answer.header("temperature") == "temperature [K]"


def test_a_plot_names_the_columns(answer):
    with pytest.raises(ResultsError, match=r"no column 'temprature' \(did you mean 'temperature"):
        answer.plot("temprature")
    with pytest.raises(ResultsError, match="columns of numbers are needed"):
        answer.plot("name")


# --- progress ------------------------------------------------------------------------------------


def test_outside_of_a_notebook_progress_is_silent(capfd):
    notebook_bar()(Progress(done=1, total=2, line="done"))
    assert capfd.readouterr() == ("", "")
