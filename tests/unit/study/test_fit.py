"""Fits find the one value that explains a measurement, with its uncertainty, or say why not."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpi4py import MPI
from rich.console import Console

from cellion.errors import ScenarioError, StudyError
from cellion.export.fits import FitUnits
from cellion.export.tables import read_table
from cellion.scenario.load import build_scenario
from cellion.study.fit import TOLERANCE, fit_value, run_fit
from helpers.cli_calls import call

GRAIN, EDGE = 0.2, 2e-6
BETWEEN = (1e-9, 1e-1)

BRICKS: dict[str, Any] = {
    "name": "bricks",
    "materials": {"G": {"ion": {"conductivity": "2 mS/cm"}}},
    "microstructure": {"bricks": {"box": ["4 um", "4 um"], "divisions": [2, 2], "material": "G"}},
    "interfaces": [{"between": ["G", "G"], "area_resistance": "1 Ohm cm^2"}],
    "mesh": {"size": "2 um"},
    "transport": {"carriers": ["ion"], "boundary": "periodic", "directions": ["x"]},
    "output": {"pictures": False},
}
RANGE = ["1e-5 Ohm cm^2", "1 kOhm cm^2"]


def series(resistance: float) -> float:
    """Grains and boundaries in series."""
    return 1.0 / (1.0 / GRAIN + resistance / EDGE)


def counted(function: Callable[[float], float]) -> tuple[Callable[[float], float], list[float]]:
    calls: list[float] = []

    def call_it(value: float) -> float:
        calls.append(value)
        return function(value)

    return call_it, calls


@given(st.floats(-6.5, -1.5))
def test_the_value_is_found(exponent: float) -> None:
    resistance = 10.0**exponent
    found = fit_value(series, series(resistance), math.nan, BETWEEN)
    assert series(found.value) == pytest.approx(series(resistance), rel=2 * TOLERANCE)
    assert math.isnan(found.lower)
    assert math.isnan(found.upper)


def test_uncertainty_becomes_an_interval() -> None:
    measured, spread = 0.05, 0.005
    found = fit_value(series, measured, spread, BETWEEN)
    exact = [EDGE * (1.0 / sigma - 1.0 / GRAIN) for sigma in (0.055, 0.05, 0.045)]
    assert found.value == pytest.approx(exact[1], rel=5 * TOLERANCE)
    assert [found.lower, found.upper] == pytest.approx([exact[0], exact[2]], rel=5e-2)
    # d ln sigma / d ln R is minus the share of the boundaries in the resistance
    assert found.sensitivity == pytest.approx(-(1.0 - measured / GRAIN), rel=0.2)


def test_conductances_are_found_from_below() -> None:
    found = fit_value(
        lambda sheet: GRAIN + sheet / EDGE, 0.3, 0.02, (1e-9, 1e-5), key="sheet_conductance"
    )
    assert found.value == pytest.approx(0.1 * EDGE, rel=5 * TOLERANCE)
    assert found.lower == pytest.approx(0.08 * EDGE, rel=5e-2)
    assert found.upper == pytest.approx(0.12 * EDGE, rel=5e-2)
    assert found.sensitivity > 0.0


def rounded(resistance: float) -> float:
    """A curve that bends on every scale: half of the boundaries resist a hundred times less."""
    return 0.5 * series(resistance) + 0.5 * series(0.01 * resistance)


@pytest.mark.parametrize("measured", [0.19, 0.12, 0.05, 0.002])
def test_nothing_is_computed_twice_and_little_altogether(measured: float) -> None:
    curve, calls = counted(rounded)
    found = fit_value(curve, measured, 0.1 * measured, BETWEEN)
    assert rounded(found.value) == pytest.approx(measured, rel=2 * TOLERANCE)
    assert len(calls) == len(set(calls)) == len(found.trail)
    assert len(calls) <= 14


def test_conductances_across_a_layer_are_found() -> None:
    curve, calls = counted(lambda across: series(1e-9 / across))
    found = fit_value(curve, 0.05, 0.005, (1e-8, 1.0), key="conductivity_across")
    assert 1e-9 / found.value == pytest.approx(EDGE * (1 / 0.05 - 1 / GRAIN), rel=5 * TOLERANCE)
    assert found.lower < found.value < found.upper
    assert len(calls) <= 8


def test_a_measurement_near_the_perfect_limit_has_no_lower_limit() -> None:
    found = fit_value(series, 0.195, 0.01, BETWEEN)
    assert math.isnan(found.lower)
    assert found.upper == pytest.approx(EDGE * (1 / 0.185 - 1 / GRAIN), rel=5e-2)


@pytest.mark.parametrize("measured", [0.25, 1e-6])
def test_what_is_out_of_reach_is_refused_with_what_can_be_reached(measured: float) -> None:
    with pytest.raises(StudyError, match=r"out of reach: for values from 1e-09 to 0\.1 X .*0\.2 S"):
        fit_value(series, measured, math.nan, BETWEEN, units=FitUnits(value="X"))


def test_a_sample_that_does_not_conduct_is_refused() -> None:
    with pytest.raises(StudyError, match="nothing conducts"):
        fit_value(lambda _: 0.0, 0.1, math.nan, BETWEEN)


def fitting(**changes: Any) -> dict[str, Any]:
    section = {
        "vary": "interfaces[0].area_resistance",
        "between": RANGE,
        "measured": [{"conductivity": "0.5 mS/cm", "uncertainty": "0.05 mS/cm"}],
    }
    return {**BRICKS, "fit": section | changes}


def test_a_fit_on_a_mesh_is_exact_where_the_answer_is(tmp_path: Path) -> None:
    samples = [
        {"conductivity": "0.5 mS/cm", "uncertainty": "0.05 mS/cm", "label": "coarse"},
        {
            "conductivity": "0.5 mS/cm",
            "label": "fine",
            "where": {"microstructure.bricks.divisions": [4, 4], "mesh.size": "1 um"},
        },
        {"conductivity": "3 mS/cm", "label": "too good"},
    ]
    told: list[str] = []
    scenario = build_scenario(fitting(measured=samples))
    table = run_fit(scenario, MPI.COMM_SELF, folder=tmp_path, tell=told.append)
    coarse, fine, beyond = read_table(tmp_path / "fit.csv")
    exact = EDGE * (1 / 0.05 - 1 / GRAIN)
    assert coarse["value [ohm*m^2]"] == pytest.approx(exact, rel=2 * TOLERANCE)
    assert fine["value [ohm*m^2]"] == pytest.approx(exact / 2, rel=2 * TOLERANCE)
    assert coarse["lower [ohm*m^2]"] < exact < coarse["upper [ohm*m^2]"]
    assert beyond["value [ohm*m^2]"] is None
    assert "out of reach" in str(beyond["failure"])
    assert any("too good has no answer: 3 mS/cm is out of reach" in line for line in told)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table)
    shown = console.export_text()
    assert "area resistance of G|G" in shown
    assert "[Ω cm²]" in shown
    line = next(line for line in shown.splitlines() if "coarse" in line)
    assert line.split()[1:3] == ["0.5±0.05", f"{1e4 * coarse['value [ohm*m^2]']:.3g}"]
    record = json.loads((tmp_path / "fit.json").read_text(encoding="utf-8"))
    assert [sample["label"] for sample in record["samples"]] == ["coarse", "fine", "too good"]
    assert record["unit"] == "ohm*m^2"
    assert (tmp_path / "fit.png").stat().st_size > 10_000


def test_a_fit_without_any_answer_is_an_error(tmp_path: Path) -> None:
    scenario = build_scenario(fitting(measured=[{"conductivity": "3 mS/cm"}]))
    with pytest.raises(StudyError, match="no sample has an answer"):
        run_fit(scenario, MPI.COMM_SELF, folder=tmp_path)
    assert (tmp_path / "fit.csv").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vary": "mesh.size"}, r"fit\.vary: found 'mesh.size'; allowed: interfaces\[i\]"),
        ({"vary": "interfaces[0].spread"}, "the mesh, has to stay"),
        ({"vary": "interfaces[3].area_resistance"}, r"it has no entry \[3\]"),
        ({"vary": "interfaces[0].sheet_conductance"}, "a sheet conductance"),
        ({"between": ["1 Ohm cm^2"]}, "found 1 values"),
        ({"between": ["0 Ohm cm^2", "1 Ohm cm^2"]}, "two different values above zero"),
        ({"between": ["1 S", "2 S"]}, r"fit\.between: .*an area resistance"),
        ({"measured": []}, "at least one sample"),
        (
            {"measured": [{"conductivity": "1 mS/cm", "uncertainty": "2 mS/cm"}]},
            "not below the value",
        ),
        (
            {"measured": [{"conductivity": "1 mS/cm", "where": {"mesh.sise": "1 um"}}]},
            r"fit\.measured\[0\]\.where: 'mesh' has no key 'sise'",
        ),
        (
            {"measured": [{"conductivity": "1 mS/cm", "where": {"mesh.size": "1 kg"}}]},
            r"fit\.measured\[0\]\.where: mesh\.size: ",
        ),
        (
            {"measured": [{"conductivity": "1 mS/cm", "where": {"output.pictures": True}}]},
            "'output' cannot differ",
        ),
    ],
)
def test_faults_are_told_when_the_scenario_is_read(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        build_scenario(fitting(**changes))


def test_a_scenario_without_a_fit_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no 'fit' section"):
        run_fit(build_scenario(BRICKS), MPI.COMM_SELF, folder=tmp_path)


def test_options_of_the_command_line_make_the_section(tmp_path: Path) -> None:
    file = tmp_path / "bricks.yaml"
    file.write_text(json.dumps(BRICKS), encoding="utf-8")
    options = ["--vary", "interfaces[0].area_resistance", "--target", "0.5 mS/cm"]
    told = call("fit", file, "-o", tmp_path / "out", *options, "--between", ":".join(RANGE))
    assert told.code == 0, told.stderr
    (row,) = read_table(tmp_path / "out" / "fit.csv")
    exact = EDGE * (1 / 0.05 - 1 / GRAIN)
    assert row["value [ohm*m^2]"] == pytest.approx(exact, rel=2 * TOLERANCE)
    lacking = call("fit", file, *options)
    assert lacking.code == 2
    assert "--between: missing" in lacking.stderr
