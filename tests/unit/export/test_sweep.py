"""Runs over temperature: grains and boundaries in series come apart again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellion.export.sweep import Sweep, plot_sweeps, sweep_figure, sweep_rows, sweeps
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.results.record import DissipationRecord, RunResult
from helpers.series_examples import answered

type RunMaker = Callable[..., RunResult]

GRAINS, BOUNDARIES = 0.30 * ELECTRON_VOLT, 0.45 * ELECTRON_VOLT
TEMPERATURES = (350.0, 250.0, 300.0, 275.0)
SIZE = "mesh.size"


def series(make_run: RunMaker, temperature: float, factor: float = 1.0) -> RunResult:
    """Grains and boundaries in series, each with its activation energy."""
    grain = factor * 1e4 / temperature * np.exp(-GRAINS / BOLTZMANN / temperature)
    boundary = 1e7 / temperature * np.exp(-BOUNDARIES / BOLTZMANN / temperature)
    total = 1.0 / (1.0 / grain + 1.0 / boundary)
    shares = DissipationRecord(bulk={"SE": total / grain}, resistive={"SE/SE": total / boundary})
    run = make_run(solid_electrolyte=0.5, seed=7)
    ion = replace(
        run.carrier("ion"),
        effective_conductivity=total * np.eye(3),
        dissipation=dict.fromkeys("xyz", shares),
    )
    return replace(run, temperature=temperature, carriers={"ion": ion})


def at(temperature: float, **more: str) -> dict[str, str]:
    return {"temperature": f"{temperature} K", **more}


@pytest.fixture
def sweep(make_run: RunMaker) -> Sweep:
    (found,) = sweeps(*answered([(at(T), series(make_run, T)) for T in TEMPERATURES]), "ion")
    return found


def test_activation_energies_come_apart(sweep: Sweep) -> None:
    energies = sweep.activation_energies
    assert energies["grains"] == pytest.approx(GRAINS, rel=1e-9)
    assert energies["boundaries"] == pytest.approx(BOUNDARIES, rel=1e-9)
    assert GRAINS < energies["total"] < BOUNDARIES
    assert "grains 0.300 eV, boundaries 0.450 eV" in sweep.summary


def test_rows_are_ordered_and_hold_the_shares(sweep: Sweep) -> None:
    rows = sweep_rows(sweep, "ceramic")
    assert [row["temperature [K]"] for row in rows] == sorted(TEMPERATURES)
    for row in rows:
        assert row["share_bulk [-]"] + row["share_boundaries [-]"] == pytest.approx(1.0)
        assert row["activation_energy_boundaries [eV]"] == pytest.approx(0.45, rel=1e-9)


def test_the_plot_is_drawn(sweep: Sweep, tmp_path: Path) -> None:
    assert plot_sweeps([sweep], tmp_path / "sweep.png").stat().st_size > 10_000


def test_realisations_are_averaged(make_run: RunMaker, sweep: Sweep) -> None:
    pairs = [(at(T), series(make_run, T)) for T in TEMPERATURES for _ in range(2)]
    (twice,) = sweeps(*answered(pairs), "ion")
    for part, sigma in sweep.conductivity.items():
        np.testing.assert_allclose(twice.conductivity[part], sigma)


def test_each_combination_of_other_values_has_a_sweep(make_run: RunMaker) -> None:
    pairs = [
        (at(T, **{SIZE: size}), series(make_run, T, factor))
        for size, factor in (("1 um", 1.0), ("2 um", 3.0))
        for T in TEMPERATURES
    ]
    found = sweeps(*answered(pairs), "ion")
    assert [each.curve for each in found] == ["mesh size 1 µm", "mesh size 2 µm"]
    rows = [row for each in found for row in sweep_rows(each, "ceramic")]
    assert [row["mesh.size [um]"] for row in rows] == [1.0] * 4 + [2.0] * 4
    figure = sweep_figure(found)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][:2] == [
        "mesh size 1 µm, grains, 0.300 eV",
        "mesh size 1 µm, boundaries, 0.450 eV",
    ]


def test_without_boundaries_there_is_the_whole_alone(make_run: RunMaker) -> None:
    runs = [replace(make_run(solid_electrolyte=0.5, seed=7), temperature=T) for T in TEMPERATURES]
    pairs = [(at(run.temperature), run) for run in runs]
    (found,) = sweeps(*answered(pairs), "ion")
    assert list(found.conductivity) == ["total"]
    assert "share_bulk [-]" in sweep_rows(found, "ceramic")[0]


def test_one_temperature_or_no_current_is_no_sweep(make_run: RunMaker) -> None:
    runs = [series(make_run, T) for T in TEMPERATURES]
    pairs = [(at(run.temperature), run) for run in runs]
    assert sweeps(*answered(pairs), "electron") == []
    assert sweeps(*answered(pairs[:1]), "ion") == []
    assert sweeps(*answered([({SIZE: "1 um"}, runs[0]), ({SIZE: "2 um"}, runs[1])]), "ion") == []
    dead = [(at(T), replace(make_run(), temperature=T)) for T in TEMPERATURES]
    assert sweeps(*answered(dead), "electron") == []
