"""The tables of a study: varied values as numbers, statistics, units, meaning."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import numpy as np
import pyarrow.parquet as pq
import pytest
import pyvista
from mpi4py import MPI
from scipy import stats

from cellion.export.columns import value_columns
from cellion.export.dictionary import data_dictionary, write_parquet
from cellion.export.tables import read_table
from cellion.scenario.load import load_scenario
from cellion.study.plan import plan
from cellion.study.run import run_study
from helpers.small_scenarios import DISC, PACKING, PLATES, write

A, B = "materials.A.ion.conductivity", "materials.B.ion.conductivity"


def study(folder: Path, text: str) -> tuple[str, ...]:
    """Run a study into the folder ``out``; return what was told."""
    scenario = load_scenario(write(folder, text))
    return run_study(scenario, MPI.COMM_SELF, folder=folder / "out").notes


def test_varied_values_are_numbers_in_one_unit(tmp_path):
    text = DISC + (
        "study:\n  vary:\n    temperature: [25 degC, 310 K]\n    mesh.size: [2600 nm, 3 um]\n"
        "    microstructure.spheres.matrix: [SE]\n    transport.carriers: [[ion]]\n"
        "  derive: {mesh.surface_size: 'mesh.size / 2'}\n"
    )
    points = plan(load_scenario(write(tmp_path, text)))
    columns = value_columns([point.all_values for point in points])
    assert [column.header for column in columns] == [
        "temperature [degC]",
        "mesh.size [nm]",
        "microstructure.spheres.matrix",
        "transport.carriers",
        "mesh.surface_size [nm]",
    ]
    last = points[-1].all_values
    entries = [column.entry(last[column.key]) for column in columns]
    assert entries[0] == pytest.approx(36.85, rel=1e-11)
    assert entries[1:] == [3000.0, "SE", '["ion"]', 1500.0]


SIZES = "mesh.size: [2.6 um, 3 um]"


@pytest.mark.parametrize(
    ("section", "axis", "places"),
    [
        (f"vary: {{{SIZES}}}", "mesh.size [um]", [2.6, 3.0]),
        # what never changes, and what follows from the other, are no axes of their own
        (
            f"zip: {{{SIZES}, mesh.surface_size: [1.3 um, 1.4 um]}}, "
            "vary: {transport.carriers: [[ion]]}",
            "mesh.size [um]",
            [2.6, 3.0],
        ),
        ("vary: {transport.directions: [[y], [x]]}", "point", [0, 1]),
        (f"vary: {{{SIZES}, temperature: [300 K, 310 K]}}", "point", [0, 1, 2, 3]),
    ],
    ids=["number", "zipped", "text", "two"],
)
def test_fields_are_collected_along_the_only_number_or_by_point(tmp_path, section, axis, places):
    study(tmp_path, DISC + f"study: {{{section}}}\n")
    out = tmp_path / "out"
    series = json.loads((out / "fields.vtkhdf.series").read_text(encoding="utf-8"))
    assert series["axis"] == axis
    assert [file["time"] for file in series["files"]] == places
    for file, row in zip(series["files"], read_table(out / "table.csv"), strict=True):
        assert file["values"].items() <= row.items()
        assert "SE" in pyvista.read(out / file["name"]).field_data["materials"]


def test_replicates_get_a_mean_and_an_interval(tmp_path):
    study(tmp_path, PACKING + "study: {vary: {temperature: [300 K]}, replicates: 3}\n")
    (row,) = read_table(tmp_path / "out" / "replicates.csv")
    values = [each["sigma_ion_mean [S/m]"] for each in read_table(tmp_path / "out" / "table.csv")]
    assert row["runs"] == 3
    assert row["sigma_ion_mean [S/m] mean"] == pytest.approx(np.mean(values), rel=1e-14)
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert row["sigma_ion_mean [S/m] ci95_low"] == pytest.approx(low, rel=1e-9)
    assert row["sigma_ion_mean [S/m] ci95_high"] == pytest.approx(high, rel=1e-9)


def test_an_uncertain_material_gives_an_uncertain_answer(tmp_path):
    """Both halves are the same material, so the answer has the distribution of its conductivity."""
    study(
        tmp_path,
        PLATES + f"study:\n  sample:\n    points: 16\n    seed: 411\n    values:\n      {A}: "
        f"{{lognormal: {{median: 2 mS/cm, sigma: 0.2}}}}\n  derive: {{{B}: {A}}}\n",
    )
    rows = {row["answer"]: row for row in read_table(tmp_path / "out" / "quantiles.csv")}
    row = rows["sigma_ion_xx [S/m]"]
    law = stats.lognorm(0.2, scale=0.2)
    # 16 stratified points: a quantile lies within two strata, each 1/16 in probability
    for share in (5, 25, 50, 75, 95):
        low, high = (min(max(share / 100 + step / 8, 1e-3), 1 - 1e-3) for step in (-1, 1))
        assert law.ppf(low) <= row[f"q{share:02}"] <= law.ppf(high)
    assert row["mean"] == pytest.approx(law.mean(), rel=0.03)
    assert row["runs"] == 16


def test_the_variance_is_shared_out(tmp_path):
    """In series, the material whose resistance varies more brings more of the variance."""
    told = study(
        tmp_path,
        PLATES + "study:\n  sample:\n    method: saltelli\n    points: 8\n    seed: 411\n"
        f"    values:\n      {A}: {{uniform: {{from: 1 mS/cm, to: 3 mS/cm}}}}\n"
        f"      {B}: {{uniform: {{from: 2 mS/cm, to: 2.1 mS/cm}}}}\n",
    )
    rows = read_table(tmp_path / "out" / "sobol_indices.csv")
    shares = {row["key"]: row["total"] for row in rows if row["answer"] == "sigma_ion_xx [S/m]"}
    assert shares[A] > 100 * shares[B] > 0  # eight points tell no more
    assert any(line.startswith(f"share of the variance of sigma_ion_mean: {A}") for line in told)
    assert len(read_table(tmp_path / "out" / "table.csv")) == 32


def test_boxes_of_two_sizes_recommend_one(tmp_path):
    box = "microstructure.packing.box"
    text = PACKING.replace("mesh: {size: 2 um, surface_size: 2 um", "mesh: {size: 2.5 um")
    told = study(
        tmp_path,
        text.replace("smallest_size: 1 um", "smallest_size: 2 um")
        + f"study: {{vary: {{{box}: [[8 um, 8 um, 8 um], [10 um, 10 um, 10 um]]}}, replicates: 3, "
        "error: 5 %}\n",
    )
    rows = read_table(tmp_path / "out" / "representative_volume.csv")
    ions = [row for row in rows if row["answer"] == "sigma_ion_mean [S/m]"]
    assert [row["volume"] for row in ions] == pytest.approx([512e-18, 1000e-18])
    assert ions[0]["realisations_needed"] >= ions[1]["realisations_needed"]
    assert any("for an error of 5 % take one box with edges of" in line for line in told)


# --- units and meaning ---------------------------------------------------------------------------


def test_every_column_has_a_unit_and_a_meaning(tmp_path):
    study(tmp_path, DISC + "study: {vary: {mesh.size: [2.6 um, 3 um]}}\n")
    rows = read_table(tmp_path / "out" / "table.csv")
    with (tmp_path / "out" / "dictionary.csv").open(newline="") as stream:
        about = {row["column"]: row for row in csv.DictReader(stream)}
    assert list(about) == list(rows[0])
    assert about["mesh.size [um]"]["unit"] == "um"
    assert about["sigma_ion_xy [S/m]"] == {
        "column": "sigma_ion_xy [S/m]",
        "unit": "S/m",
        "meaning": "component xy of the effective conductivity of ions; empty where it was not "
        "computed, as between electrodes",
    }
    assert all(row["meaning"] for row in about.values())


def test_parquet_holds_what_the_table_holds(tmp_path):
    study(tmp_path, DISC + "study: {vary: {mesh.size: [2.6 um, 3 um]}}\n")
    rows = read_table(tmp_path / "out" / "table.csv")
    table = pq.read_table(tmp_path / "out" / "table.parquet")
    assert table.to_pylist() == rows
    field = table.schema.field("sigma_ion_mean [S/m]")
    assert field.metadata[b"unit"] == b"S/m"
    assert b"mean over the directions" in field.metadata[b"meaning"]


def test_parquet_takes_mixed_and_empty_columns(tmp_path):
    rows = [{"name": "a", "x": 1, "y": None}, {"name": "b", "x": 2.5, "failure": "no"}]
    assert write_parquet(rows, tmp_path / "t.parquet")
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == [
        {"name": "a", "x": 1.0, "y": None, "failure": None},
        {"name": "b", "x": 2.5, "y": None, "failure": "no"},
    ]


def test_a_statistic_says_what_it_is_of():
    (row,) = data_dictionary(["sigma_ion_xx [S/m] ci95_low"])
    assert row["unit"] == "S/m"
    assert row["meaning"] == (
        "component xx of the effective conductivity of ions: lower end of the 95 % confidence "
        "interval of the mean"
    )


def test_the_dictionary_tells_what_is_bounded():
    bound, open_entry = data_dictionary(["sigma_ion_yy_lower [S/m]", "sigma_ion_xy [S/m]"])
    assert bound["meaning"].startswith("lower bound of component yy of sigma_eff of ions;")
    assert "off the diagonal have none" in bound["meaning"]
    assert "empty where it was not computed, as between electrodes" in open_entry["meaning"]


def test_one_mixture_is_drawn_over_what_was_varied(tmp_path, monkeypatch):
    """A plot over a composition that is the same in all runs would be a column of points."""
    drawn = {}
    monkeypatch.setattr(
        "cellion.export.plots.plot_series",
        lambda series, path: drawn.setdefault(path.name, series.axis.label),
    )
    study(tmp_path, PLATES + f"study: {{vary: {{{A}: [1 S/m, 2 S/m]}}}}\n")
    assert drawn == dict.fromkeys(
        ("conductivity.png", "conductivity.svg"), "ion conductivity of A [S/m]"
    )


def test_temperatures_are_swept_for_each_combination(tmp_path):
    told = study(
        tmp_path,
        PLATES + f"study: {{vary: {{temperature: [290 K, 310 K], {A}: [1 S/m, 2 S/m]}}}}\n",
    )
    rows = read_table(tmp_path / "out" / "arrhenius_ion.csv")
    assert [(row[f"{A} [S/m]"], row["temperature [K]"]) for row in rows] == [
        *((1, 290), (1, 310), (2, 290), (2, 310)),
    ]
    assert (tmp_path / "out" / "arrhenius_ion.png").stat().st_size > 10_000
    assert len([line for line in told if line.startswith("activation energies")]) == 2


def test_a_study_of_insulators_has_nothing_to_draw(tmp_path):
    text = DISC.replace("SE: {ion: {conductivity: 1 mS/cm}}", "SE: insulator")
    study(tmp_path, text + f"study: {{vary: {{{SIZES}}}}}\n")
    assert (tmp_path / "out" / "table.csv").is_file()
    assert not (tmp_path / "out" / "conductivity.png").exists()
