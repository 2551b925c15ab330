"""One model of a series: axes, curves, groups; and its table on the console."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from rich.console import Console

from cellion.export.columns import independent
from cellion.export.series import Series, arrange, default_material
from cellion.export.study_table import study_table
from cellion.results.record import RunResult
from helpers.series_examples import answered, series_of

RunMaker = Callable[..., RunResult]
FIRST, SECOND = (f"microstructure.packing.particles[{i}].diameter" for i in (0, 1))
FRACTION = "microstructure.packing.particles[0].volume_fraction"
X, SIZE, MESH = "a.fraction [-]", "a.b.size [um]", "mesh.size [um]"
ROWS = [{X: x, SIZE: size, MESH: size / 2} for size in (1.0, 3.0) for x in (0.2, 0.2, 0.4)]


def shown(series: Series) -> list[str]:
    """Lines of the table on a console of 80 columns."""
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(study_table(series, "study"))
    return [line.rstrip() for line in console.export_text().splitlines()]


# --- axes, curves, groups ------------------------------------------------------------------------


def test_values_that_follow_from_others_tell_nothing_apart():
    assert independent(ROWS, (X, SIZE, MESH), X) == (SIZE,)
    assert independent(ROWS, (X, MESH, SIZE)) == (X, MESH)
    assert independent(ROWS[:3], (X, SIZE, MESH)) == (X,)


def test_what_follows_from_a_later_value_goes_too():
    """Two lists that go together over a third: the first is the same for several of the last."""
    rows = [{"p": i // 2, "q": i} for i in range(4)]
    assert independent(rows, ("p", "q")) == ("q",)


def test_runs_that_ask_different_questions_are_no_realisations(make_run: RunMaker) -> None:
    series = series_of([({FIRST: size}, make_run()) for size in ("5 um", "5 um", "9 um")])
    assert [len(group.members) for group in series.groups] == [2, 1]
    assert [group.x for group in series.groups] == [5.0, 9.0]


def test_the_axis_shows_the_material_that_conducts_ions(make_run: RunMaker) -> None:
    runs = [make_run(solid_electrolyte=share) for share in (0.3, 0.6)]
    assert default_material(runs) == "SE"
    electrons = [replace(run, carriers={"electron": run.carriers["electron"]}) for run in runs]
    assert default_material(electrons) == "CAM"
    series = series_of([({FRACTION: 0.95 - s}, r) for s, r in zip((0.3, 0.6), runs, strict=True)])
    assert series.axis.kind == "composition"


def test_one_composition_is_no_axis(make_run: RunMaker) -> None:
    """The fraction of another material is varied, that of the conductor differs by its scatter."""
    pairs = [({FRACTION: x}, make_run(solid_electrolyte=s)) for x, s in ((0.3, 0.42), (0.4, 0.43))]
    assert series_of(pairs).axis.label == "volume fraction of CAM [-]"


def test_lengths_are_on_the_axis_as_they_were_written(make_run: RunMaker) -> None:
    series = series_of([({FIRST: size}, make_run()) for size in ("800 nm", "1 um")])
    assert series.axis.label == "diameter of CAM [nm]"
    assert [group.x for group in series.groups] == [800.0, 1000.0]


def test_a_curve_for_each_combination(make_run: RunMaker) -> None:
    pairs = [
        ({"temperature": t, FIRST: size, FRACTION: 0.95 - share}, make_run(solid_electrolyte=share))
        for t, size, share in product(("280 K", "300 K"), ("4 um", "6 um"), (0.3, 0.5))
    ]
    series = series_of(pairs)
    assert list(series.curves) == [
        f"temperature {t} K, diameter of CAM {size} µm" for t in (280, 300) for size in (4, 6)
    ]
    assert all([g.x for g in curve] == pytest.approx([30, 50]) for curve in series.curves.values())


def test_what_is_along_can_be_chosen(make_run: RunMaker) -> None:
    found, columns = answered(
        [({FIRST: a, SECOND: b}, make_run()) for a in ("3 um", "4 um") for b in ("5 um", "6 um")]
    )
    series = arrange(found, columns, along=columns[1].header)
    assert series.axis.label == "diameter of CAM (particles[1]) [µm]"
    assert list(series.curves) == [f"diameter of CAM (particles[0]) {n} µm" for n in (3, 4)]


def test_sampled_values_are_all_told(make_run: RunMaker) -> None:
    """Each follows from any other, since no value is drawn twice."""
    found, columns = answered(
        [({FIRST: f"{n} um", "temperature": f"{300 - n} K"}, make_run()) for n in (1, 2, 3)]
    )
    series = arrange([replace(each, sample=n) for n, each in enumerate(found)], columns)
    assert [column.label for column in series.columns] == ["diameter of CAM", "temperature"]


# --- console -------------------------------------------------------------------------------------


def test_a_study_shows_mean_and_spread_over_seeds(make_run: RunMaker) -> None:
    lines = shown(series_of([({}, make_run(seed=seed)) for seed in (271, 272, 273)]))
    text = "\n".join(lines)
    assert all(word in text for word in ("sigma", "[mS/cm]", "CAM"))
    assert lines[0] == "study"
    line = next(line for line in lines if "±" in line)
    mean, spread = re.findall(r"(\d+\.\d+)±(\d+\.\d+)", line)[0]
    # 10 mS/cm per S/m; factors 1.010, 1.012, 1.000 over seeds
    base = 10 * 0.24 * sum(0.42**e for e in (1.6, 1.7, 1.8)) / 3
    # the spread is shown with one digit, the mean with as many decimals
    assert float(mean) == pytest.approx(base * 1.0073, abs=0.6 * 10 ** -len(mean.split(".")[1]))
    assert float(spread) == pytest.approx(base * 0.0064, abs=0.6 * 10 ** -len(spread.split(".")[1]))
    assert len(spread.lstrip("0.")) == 1
    assert line.split()[-1] == "3"


def test_keys_with_the_same_last_name_keep_their_columns(make_run: RunMaker) -> None:
    run = replace(make_run(), carriers={"ion": make_run().carriers["ion"]})
    lines = shown(series_of([({FIRST: a, SECOND: "5 um"}, run) for a in ("3 um", "4 um")]))
    assert any(line.split()[0] == "3" for line in lines if line.strip())
    both = [({FIRST: a, SECOND: b}, run) for a in ("3 um", "4 um") for b in ("5 um", "6 um")]
    lines = shown(series_of(both))
    assert "(particles[0])  (particles[1])" in " ".join(lines)
    assert [line.split()[:2] for line in lines if line.endswith("1")] == [
        *(["3", "5"], ["3", "6"], ["4", "5"], ["4", "6"]),
    ]


@pytest.mark.parametrize("keys", [1, 2, 6])
def test_no_number_is_broken_in_80_columns(make_run: RunMaker, keys: int) -> None:
    """Carriers go below each other, then values into one column, before a number is broken."""
    names = [f"materials.{name}.ion.conductivity" for name in ("SE", "CAM", "binder")]
    names = [*names, FIRST, SECOND, "mesh.size"][:keys]
    pairs = [
        (
            dict.fromkeys(names, size),
            make_run(solid_electrolyte=share, seed=seed, isolated_cam=False),
        )
        for size, share in (("123.456 um", 0.3), ("234.567 um", 0.5))
        for seed in (271, 274)
    ]
    # every key for itself: none follows from another
    series = series_of(pairs)
    series = replace(series, columns=tuple(answered(pairs)[1]))
    lines = shown(series)
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "…" not in text
    for group in series.groups:
        for carrier in ("ion", "electron"):
            sigma = 10 * group.conductivity(carrier).mean
            numbers = [float(number) for number in re.findall(r"\d+\.\d+", text)]
            assert any(abs(number - sigma) < 0.02 * sigma for number in numbers)
        assert text.count(f"{group.entries[next(iter(group.entries))]:.6g}") >= keys
