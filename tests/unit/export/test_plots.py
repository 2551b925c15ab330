"""Diagrams show every run with its uncertainty, the bounds, and what does not percolate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.image import imread

from cellion.errors import ResultsError
from cellion.export.measured import measured_composites
from cellion.export.plots import column_figure, plot_samples, plot_series, series_figure
from cellion.export.series import Series, arrange, sampled_columns
from cellion.results.record import RunResult
from helpers.series_examples import answered, series_of

RunMaker = Callable[..., RunResult]
FRACTIONS = (0.3, 0.45, 0.6)
FRACTION = "microstructure.packing.particles[0].volume_fraction"
DIAMETER = "microstructure.packing.particles[0].diameter"
SIGMA = "sigma_ion_mean [S/m]"


@pytest.fixture
def runs(make_run: RunMaker) -> list[RunResult]:
    """Three fractions with two realisations each; electrons find a way at 0.3 only."""
    return [
        bounded(make_run(solid_electrolyte=fraction, seed=seed, isolated_cam=fraction > 0.4))
        for fraction in FRACTIONS
        for seed in (271, 274)
    ]


def bounded(run: RunResult) -> RunResult:
    """The run with the bounds of one conductor in an insulator."""
    bounds = dict.fromkeys(("wiener", "hashin_shtrikman"), (0.0, 1.0))
    own = {name: replace(c, composition_bounds=bounds) for name, c in run.carriers.items()}
    return replace(run, carriers=own)


@pytest.fixture
def series(runs: list[RunResult]) -> Series:
    return series_of([({FRACTION: 0.95 - FRACTIONS[i // 2]}, run) for i, run in enumerate(runs)])


@pytest.fixture
def sizes(make_run: RunMaker) -> Series:
    """Two fractions with two diameters each."""
    return series_of(
        [
            ({FRACTION: 0.95 - share, DIAMETER: size}, make_run(solid_electrolyte=share))
            for share in (0.3, 0.5)
            for size in ("4 um", "6 um")
        ]
    )


def named(axes: Axes, name: str) -> list[np.ndarray]:
    """Points of the curves with a name."""
    return [line.get_xydata() for line in axes.get_lines() if line.get_gid() == name]


def marks(axes: Axes, marker: str) -> np.ndarray:
    """Points of the hollow markers of one kind."""
    found = [line for line in axes.get_lines() if line.get_marker() == marker]
    return np.concatenate([line.get_xydata() for line in found if line.get_mfc() == "none"])


def legend(figure: object) -> list[str]:
    """Entries of the one legend, which is off the data."""
    assert all(axes.get_legend() is None for axes in figure.axes)
    (found,) = figure.legends
    return [text.get_text() for text in found.get_texts()]


def test_axes_name_their_quantities_in_the_units_of_display(series: Series) -> None:
    axes = series_figure(series).axes
    assert [each.get_xlabel() for each in axes] == ["SE [% of the volume]"] * 2
    labels = [each.get_ylabel() for each in axes]
    assert labels == ["effective conductivity [mS/cm]", "tortuosity factor τ [-]"]
    assert {each.get_yscale() for each in axes} == {"log"}
    above = axes[0].child_axes[0]
    assert above.get_xlabel() == "SE [% of the solid's weight]"


def test_points_are_the_means_over_realisations(series: Series, runs: list[RunResult]) -> None:
    ion = series_figure(series).axes[0].get_lines()[0]
    np.testing.assert_allclose(ion.get_xdata(), [30, 45, 60], rtol=1e-12)
    pairs = [[run.carriers["ion"].mean_conductivity for run in runs[i : i + 2]] for i in (0, 2, 4)]
    np.testing.assert_allclose(ion.get_ydata(), 10 * np.mean(pairs, axis=1), rtol=1e-12)


def test_bars_are_the_deviation_and_the_error_by_the_mesh(series: Series) -> None:
    axes = series_figure(series).axes[0]
    sigma = series.groups[0].conductivity("ion")
    bars = [each for each in axes.containers if isinstance(each, ErrorbarContainer)][:2]
    broad, thin = (each.lines[2][0].get_segments()[0][:, 1] for each in bars)
    np.testing.assert_allclose(broad, 10 * sigma.mean * np.array([0.996, 1.004]))
    ends = 10 * np.array([sigma.mean - sigma.deviation, sigma.mean + sigma.deviation])
    np.testing.assert_allclose(thin, ends)


def test_a_bracket_takes_the_place_of_the_error_by_the_mesh(make_run: RunMaker) -> None:
    ion = make_run().carriers["ion"]
    tensor = ion.effective_conductivity
    bounded = replace(ion, lower=0.9 * tensor, upper=1.2 * tensor)
    runs = [replace(make_run(), carriers={"ion": bounded}) for _ in range(2)]
    pairs = [({"mesh.size": size}, run) for size, run in zip(("1 um", "2 um"), runs, strict=True)]
    estimate = series_of(pairs).groups[0].conductivity("ion")
    assert estimate.certain == pytest.approx((0.9 * estimate.mean, 1.2 * estimate.mean))
    assert estimate.error == pytest.approx(0.3 / 2.1)


def test_what_does_not_percolate_is_at_the_edge(series: Series) -> None:
    left, right = series_figure(series).axes
    for axes, marker, edge in ((left, "v", 0.02), (right, "^", 0.98)):
        marked = marks(axes, marker)
        np.testing.assert_allclose(sorted(set(marked[:, 0])), [45, 60])
        np.testing.assert_allclose(marked[:, 1], edge)
    assert "does not percolate (at the edge)" in legend(series_figure(series))


def test_runs_stay_below_the_upper_bounds(series: Series) -> None:
    left, right = series_figure(series).axes
    wiener, shtrikman = (
        named(left, f"{name} upper bound")[0] for name in ("Wiener", "Hashin-Shtrikman")
    )
    assert (shtrikman[:, 1] < wiener[:, 1]).all()
    # phi sigma at the ends of the series
    np.testing.assert_allclose(wiener[[0, -1], 1], [3 * 0.24, 6 * 0.24], rtol=1e-9)
    np.testing.assert_allclose(named(right, "Wiener upper bound")[0][:, 1], 1.0, rtol=1e-12)
    power = named(right, "Bruggeman, exponent 1.5")[0]
    np.testing.assert_allclose(power[0, 1], 0.3**-0.5, rtol=1e-9)


def test_bounds_are_left_out_where_several_materials_conduct(make_run: RunMaker) -> None:
    def two(share: float) -> RunResult:
        run = bounded(make_run(solid_electrolyte=share))
        ion = replace(run.carriers["ion"], conducting=("SE", "CAM"))
        return replace(run, carriers={"ion": ion})

    series = series_of([({FRACTION: 0.95 - share}, two(share)) for share in (0.3, 0.5)])
    assert not any("bound" in entry for entry in legend(series_figure(series)))


def test_each_combination_has_a_curve_and_each_carrier_its_diagrams(sizes: Series) -> None:
    figure = series_figure(sizes)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        f"{quantity} of {carrier}s {unit}"
        for carrier in ("ion", "electron")
        for quantity, unit in (
            ("effective conductivity", "[mS/cm]"),
            ("tortuosity factor τ", "[-]"),
        )
    ]
    labels = legend(figure)
    assert labels[:2] == ["diameter of CAM 4 µm", "diameter of CAM 6 µm"]


def test_weights_are_left_out_when_a_density_is_unknown(runs: list[RunResult]) -> None:
    unknown = [*(replace(run, weight_fraction={}) for run in runs[:2]), *runs[2:]]
    series = series_of([({FRACTION: 0.95 - FRACTIONS[i // 2]}, r) for i, r in enumerate(unknown)])
    assert not series_figure(series).axes[0].child_axes


def test_a_series_over_temperature(make_run: RunMaker) -> None:
    values = (273.15, 298.15, 323.15)
    pairs = [({"temperature": f"{t} K"}, replace(make_run(), temperature=t)) for t in values]
    left, right = series_figure(series_of(pairs)).axes
    assert left.get_xlabel() == right.get_xlabel() == "1000 / T [1/K]"


def test_a_single_run_can_be_drawn(make_run: RunMaker) -> None:
    assert len(series_figure(series_of([({}, make_run())])).axes) == 2


def test_measurements_are_shown_beside(series: Series) -> None:
    published = replace(measured_composites()[0], comparable=True)
    figure = series_figure(series, [published])
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert [44.0, pytest.approx(0.166)] in [
        p for line in crosses for p in line.get_xydata().tolist()
    ]
    assert f"measured: {published.name}, ions" in legend(figure)


def test_samples_are_clouds_over_each_value(make_run: RunMaker, tmp_path: Path) -> None:
    pairs = [
        ({"mesh.size": f"{1 + n} um", DIAMETER: f"{3 + n * n} um"}, make_run()) for n in range(4)
    ]
    found, columns = answered(pairs)
    assert [column.label for column in sampled_columns(found, columns)] == [
        *("mesh size", "diameter of CAM"),
    ]
    assert plot_samples(found, columns, tmp_path / "samples.png").stat().st_size > 10_000


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_files_are_written(series: Series, tmp_path: Path, suffix: str) -> None:
    path = plot_series(series, tmp_path / f"series{suffix}")
    assert list(tmp_path.iterdir()) == [path]
    if suffix == ".png":
        assert imread(path).shape[1] > 1000
    else:
        assert "<svg" in path.read_text()


def test_an_unknown_ending_and_nothing_to_draw_are_refused(
    series: Series, make_run: RunMaker, tmp_path: Path
) -> None:
    with pytest.raises(ResultsError, match=r"ending '\.jpg'; allowed: \.png, \.svg, \.pdf"):
        plot_series(series, tmp_path / "series.jpg")
    nothing = series_of([({}, replace(make_run(), carriers={}))])
    with pytest.raises(ResultsError, match="nothing to draw"):
        plot_series(nothing, tmp_path / "series.png")
    assert not list(tmp_path.iterdir())


# --- any column ----------------------------------------------------------------------------------


def test_any_column_is_drawn_over_any_other(sizes: Series) -> None:
    members = [member for group in sizes.groups for member in group.members]
    x = "volume_fraction_SE [-]"
    series = arrange(members, sizes.columns, along=x, by=[sizes.others[0].header])
    (axes,) = column_figure(series, ["contact_area_CAM/SE [1/m]"]).axes
    assert axes.get_xlabel() == "volume fraction of SE in the mesh [-]"
    assert axes.get_ylabel().endswith("[1/µm]")
    line = axes.get_lines()[0]
    np.testing.assert_allclose(line.get_xdata(), [0.3, 0.5])
    expected = [1e-6 * m.row["contact_area_CAM/SE [1/m]"] for m in members[:2]]
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_a_column_of_conductivities_has_its_unit_of_display(sizes: Series) -> None:
    figure = column_figure(sizes, [SIGMA])
    label = figure.axes[0].get_ylabel().replace("\n", " ")
    assert label == "effective conductivity of ions, mean over the directions [mS/cm]"
    assert legend(figure) == ["diameter of CAM 4 µm", "diameter of CAM 6 µm"]
    mean = figure.axes[0].get_lines()[0].get_ydata()[0]
    assert math.isclose(mean, 10 * sizes.groups[0].conductivity("ion").mean)
