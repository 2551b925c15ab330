"""Diagrams show every run with its uncertainty, the bounds, and what does not percolate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

from cellion.errors import ResultsError
from cellion.export.plots import plot_series, series_figure
from cellion.export.series import Measurement, clusters, default_material, samples
from cellion.export.tables import table_row
from cellion.results.record import Fraction, RunResult

RunMaker = Callable[..., RunResult]
FRACTIONS = (0.3, 0.45, 0.6)


@pytest.fixture
def series(make_run: RunMaker) -> list[RunResult]:
    """Three fractions with two realisations each; electrons find a way at 0.3 only."""
    return [
        make_run(solid_electrolyte=fraction, seed=seed, isolated_cam=fraction > 0.4)
        for fraction in FRACTIONS
        for seed in (271, 274)
    ]


def lines(axes: Axes, gid: str) -> list[np.ndarray]:
    """Points of the lines with a name."""
    return [line.get_xydata() for line in axes.get_lines() if line.get_gid() == gid]


def test_axes_name_their_quantities_and_units(series: list[RunResult]) -> None:
    axes = series_figure(series).axes
    assert [each.get_xlabel() for each in axes] == [
        *["volume fraction of SE [-]"] * 2,
        *["weight fraction of SE in the solid [-]"] * 2,
    ]
    assert [each.get_ylabel() for each in axes] == [
        "effective conductivity [S/m]",
        "tortuosity factor [-]",
    ] * 2
    assert {each.get_yscale() for each in axes} == {"log"}


def test_points_are_the_means_over_realisations(series: list[RunResult]) -> None:
    axes = series_figure(series).axes[0]
    ion = next(line for line in axes.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(ion.get_xdata(), FRACTIONS, rtol=1e-12)
    expected = [
        np.mean([run.carriers["ion"].mean_conductivity for run in series[i : i + 2]])
        for i in (0, 2, 4)
    ]
    np.testing.assert_allclose(ion.get_ydata(), expected, rtol=1e-12)


def test_error_bars_join_realisations_and_mesh(series: list[RunResult]) -> None:
    (first, *_) = clusters(samples(series), "ion")
    values = [member.conductivity for member in first.members]
    spread = np.std(values, ddof=1) / np.mean(values)
    assert first.relative_error == pytest.approx(math.hypot(spread, 0.004), rel=1e-12)


def test_what_does_not_percolate_is_at_the_edge(series: list[RunResult]) -> None:
    left, right = series_figure(series).axes[:2]
    for axes, edge in ((left, 0.025), (right, 0.975)):
        marked = np.concatenate(lines(axes, "electron does not percolate"))
        np.testing.assert_allclose(sorted(set(marked[:, 0])), [0.45, 0.6])
        np.testing.assert_allclose(marked[:, 1], edge)
    assert lines(left, "ion does not percolate") == []
    labels = [text.get_text() for text in series_figure(series).legends[0].get_texts()]
    assert "does not percolate" in labels


def test_runs_stay_below_the_upper_bounds(series: list[RunResult]) -> None:
    left, right = series_figure(series).axes[:2]
    (wiener,) = lines(left, "ion: Wiener upper bound")
    (shtrikman,) = lines(left, "ion: Hashin-Shtrikman upper bound")
    assert (shtrikman[:, 1] < wiener[:, 1]).all()
    # phi sigma at the ends of the series
    np.testing.assert_allclose(wiener[[0, -1], 1], [0.3 * 0.24, 0.6 * 0.24], rtol=1e-9)
    (straight,) = lines(right, "ion: Wiener upper bound")
    np.testing.assert_allclose(straight[:, 1], 1.0, rtol=1e-12)
    (power,) = lines(right, "ion: Bruggeman, exponent 1.5")
    np.testing.assert_allclose(power[0, 1], 0.3**-0.5, rtol=1e-9)


def test_weights_are_left_out_when_a_density_is_unknown(series: list[RunResult]) -> None:
    unknown = replace(series[0], weight_fraction={"SE": Fraction()})
    assert len(series_figure([unknown, *series[1:]]).axes) == 2


def test_a_series_over_temperature(make_run: RunMaker) -> None:
    runs = [replace(make_run(), temperature=t) for t in (273.15, 298.15, 323.15)]
    left, right = series_figure(runs).axes
    assert left.get_xlabel() == right.get_xlabel() == "temperature [K]"
    assert not any(line.get_gid() == "ion: Wiener upper bound" for line in left.get_lines())


def test_a_single_run_can_be_drawn(make_run: RunMaker) -> None:
    assert len(series_figure([make_run()]).axes) == 4


def test_runs_that_ask_different_questions_are_no_realisations(make_run: RunMaker) -> None:
    def asked(diameter: str) -> RunResult:
        run = make_run()
        scenario = {"microstructure": {"packing": {"seed": 7, "diameter": diameter}}}
        return replace(run, provenance=replace(run.provenance, scenario=scenario))

    runs = [asked("5 um"), asked("5 um"), asked("9 um")]
    sizes = sorted(len(cluster.members) for cluster in clusters(samples(runs), "ion"))
    assert sizes == [1, 2]


def test_rows_of_a_table_give_the_same_points(series: list[RunResult]) -> None:
    rows = [table_row(run, {"packing.overlap": 0.05}) for run in series]
    from_rows = clusters(samples([*rows, {"name": "failed"}]), "ion")
    from_runs = clusters(samples(series), "ion")
    for row_cluster, run_cluster in zip(from_rows, from_runs, strict=True):
        assert row_cluster.mean("conductivity") == run_cluster.mean("conductivity")
        assert row_cluster.relative_error == pytest.approx(run_cluster.relative_error, rel=1e-12)


def test_the_axis_shows_the_material_that_conducts_ions(series: list[RunResult]) -> None:
    assert default_material([table_row(run) for run in series]) == "SE"
    figure = series_figure(series, material="CAM")
    assert figure.axes[0].get_xlabel() == "volume fraction of CAM [-]"
    with pytest.raises(ResultsError, match=r"'CMA' \(did you mean 'CAM'\?\)"):
        series_figure(series, material="CMA")


def test_measurements_are_shown_beside(series: list[RunResult]) -> None:
    measured = Measurement(
        carrier="ion", volume_fraction=0.44, conductivity=0.0166, source="Somebody 2021"
    )
    figure = series_figure(series, measurements=[measured])
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert [0.44, 0.0166] in [point for line in crosses for point in line.get_xydata().tolist()]
    assert "Somebody 2021" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_files_are_written(series: list[RunResult], tmp_path: Path, suffix: str) -> None:
    path = plot_series(series, tmp_path / f"series{suffix}")
    assert list(tmp_path.iterdir()) == [path]
    if suffix == ".png":
        assert imread(path).shape[1] > 1000
    else:
        assert "<svg" in path.read_text()


def test_an_unknown_ending_and_nothing_to_draw_are_refused(
    series: list[RunResult], tmp_path: Path
) -> None:
    with pytest.raises(ResultsError, match=r"ending '\.jpg'; allowed: \.png, \.svg, \.pdf"):
        plot_series(series, tmp_path / "series.jpg")
    with pytest.raises(ResultsError, match="nothing to draw"):
        series_figure([])
