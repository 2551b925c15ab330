"""Runs over temperature: grains and boundaries in series come apart again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cellion.export.sweep import Sweep, plot_sweep, sweep_of, sweep_rows
from cellion.quantities import BOLTZMANN, ELECTRON_VOLT
from cellion.results.record import DissipationRecord, RunResult

GRAINS, BOUNDARIES = 0.30 * ELECTRON_VOLT, 0.45 * ELECTRON_VOLT
TEMPERATURES = (350.0, 250.0, 300.0, 275.0)


def series(make_run: Callable[..., RunResult], temperature: float) -> RunResult:
    """Grains and boundaries in series, each with its activation energy."""
    grain = 1e4 / temperature * np.exp(-GRAINS / BOLTZMANN / temperature)
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


@pytest.fixture
def sweep(make_run: Callable[..., RunResult]) -> Sweep:
    found = sweep_of([series(make_run, T) for T in TEMPERATURES], "ion")
    assert found is not None
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
    assert plot_sweep(sweep, tmp_path / "sweep.png").stat().st_size > 10_000


def test_runs_without_boundaries_or_temperatures_are_no_sweep(
    make_run: Callable[..., RunResult],
) -> None:
    runs = [series(make_run, T) for T in TEMPERATURES]
    assert sweep_of(runs[:2], "ion") is None
    assert sweep_of([*runs, runs[0]], "ion") is None
    assert sweep_of(runs, "electron") is None
    perfect = [make_run(solid_electrolyte=0.5, seed=7) for _ in runs]
    plain = [replace(r, temperature=T) for r, T in zip(perfect, TEMPERATURES, strict=True)]
    assert sweep_of(plain, "ion") is None
