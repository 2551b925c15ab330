"""`cellion rates` from its arguments to its files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cellion.cli import app

SCENARIOS = Path(__file__).parents[2] / "scenarios"
OLIVINE = SCENARIOS / "hopping_olivine.yaml"


def rates(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, ["rates", *map(str, arguments)])


def rows(folder: Path, name: str = "rates.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_scenario_tells_every_material_that_conducts(tmp_path):
    done = rates(OLIVINE, "--temperatures", "298.15K", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "olivine: conductivity, computed" in done.output
    assert "electrolyte: conductivity, measured" in done.output
    told = [line for line in done.output.splitlines() if not line.startswith("written: ")]
    assert max(map(len, told)) <= 80
    crystal, electrolyte = rows(tmp_path)
    # the numbers that the head of the scenario expects
    assert float(crystal["sigma_yy [S/m]"]) == pytest.approx(3.510e-4, rel=1e-3)
    assert float(electrolyte["sigma_1 [S/m]"]) == pytest.approx(0.16)
    assert {f.name for f in tmp_path.iterdir()} == {"rates.csv", "arrhenius.png", "arrhenius.svg"}


def test_uncertain_barriers_leave_an_interval(tmp_path):
    scenario = SCENARIOS / "hopping_vineyard.yaml"
    done = rates(scenario, "--temperatures", "298.15K", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    for told in ("median", "68 % from", "uncertain", "correlation factor", "0.6531"):
        assert told in done.output
    told = [line for line in done.output.splitlines() if not line.startswith("written: ")]
    assert max(map(len, told)) <= 80
    (row,) = rows(tmp_path)
    low, median, high = (float(row[f"sigma_{k} [S/m]"]) for k in ("low", "median", "high"))
    # 50 meV at 298.15 K: a factor 7.0 each way
    assert high / median == pytest.approx(7.0, rel=0.05)
    assert median / low == pytest.approx(7.0, rel=0.05)


def test_tables_are_fitted_and_flag_what_is_extrapolated(tmp_path):
    done = rates(SCENARIOS / "hopping_table.yaml", "--temperatures", "300K,450K", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "Arrhenius fit of sigma T to 6 points" in done.output
    assert [row["extrapolated"] for row in rows(tmp_path)] == ["no", "yes", "no", "yes"]


def test_overrides_reach_the_scenario(tmp_path):
    key = "materials.olivine.ion.energies.cross=0.6 eV"
    assert rates(OLIVINE, "--set", key, "-o", tmp_path / "a").exit_code == 0
    assert rates(OLIVINE, "-o", tmp_path / "b").exit_code == 0
    harder, easier = (float(rows(tmp_path / k)[0]["sigma_xx [S/m]"]) for k in ("a", "b"))
    assert harder < 0.02 * easier


def test_a_family_takes_carriers_and_energies(tmp_path):
    done = rates(
        *("olivine/LiMgPO4", "--temperatures", "300K:500K:100K", "-o", tmp_path),
        *("--set", "carrier_share=1 %", "--set", "energies.channel=0.3 eV"),
    )
    assert done.exit_code == 0, done.output
    assert "apparent activation energy of sigma T: 0.300 eV" in done.output
    assert [row["temperature [K]"] for row in rows(tmp_path)] == ["300.0", "400.0", "500.0"]


def test_a_full_family_tells_the_diffusivity_of_one_carrier(tmp_path):
    done = rates("olivine", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "olivine: diffusivity of one carrier, computed" in done.output
    assert "carrier_share='1 %'" in done.output
    assert (tmp_path / "arrhenius_diffusivity.svg").exists()


def test_a_library_material_flags_what_is_extrapolated(tmp_path):
    done = rates("LLZO", "--temperatures", "300K, 500K", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "*500" in done.output
    assert [row["extrapolated"] for row in rows(tmp_path)] == ["no", "yes"]


def test_without_a_folder_files_go_to_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert rates("olivine/LiFePO4", "--temperatures", "300K").exit_code == 0
    assert (tmp_path / "results" / "rates" / "olivine_LiFePO4" / "rates.csv").exists()


def test_the_ranking_is_told_and_written(tmp_path):
    done = rates("--screen", "--at", "330 K", "--deviation", "30 meV", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "ionic conductivity at 330 K" in done.output
    assert "standard deviation of 30 meV" in done.output
    for row in rows(tmp_path, "screening.csv"):
        assert float(row["barrier_deviation [eV]"]) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a scenario file, a material of the library or a crystal family"),
        (["olivin"], "(did you mean 'olivine'?)"),
        (["olivine/LiMgPO5"], "(did you mean 'LiMgPO4'?)"),
        (["chevrel"], "lacks energies: 'outer_energy'"),
        (["nowhere.yaml"], "nowhere.yaml"),
        (["carbon", "--set", "a=1"], "a library material has nothing to set"),
        (["olivine", "--set", "carrier_shar=1 %"], "did you mean 'carrier_share'?"),
        (["olivine", "--set", "carrier_share"], "not of the form key=value"),
        (["olivine", "--set", "carrier_share=150 %"], "carrier_share"),
        (["olivine", "--set", "energies.chanel=0.3 eV"], "(did you mean 'channel'?)"),
        (["pore"], "holds nothing that conducts"),
        (["olivine", "--temperatures", "250"], "the unit is missing"),
        (["olivine", "--temperatures", "0 K"], "it must be above 0 K"),
        (["olivine", "--temperatures", "600K:250K:50K"], "the last is not below the first"),
        (["olivine", "--temperatures", "250K:600K"], "a range such as"),
        (["olivine", "--temperatures", "1K:600K:0.001K"], "at most 1000 steps"),
        (["olivine", "--screen"], "--screen ranks all materials"),
        (["--screen", "--at", "-5 K"], "above 0 K"),
        (["--screen", "--deviation", "50 mV"], "--deviation"),
        (["--screen", "--deviation", "-50 meV"], "must not be negative"),
    ],
)
def test_what_cannot_be_answered_is_told(tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    done = rates(*arguments)
    assert done.exit_code == 2, done.output
    assert told in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.rglob("rates.csv"))


def test_files_that_are_written_are_named(tmp_path):
    done = rates(OLIVINE, "--temperatures", "300K:400K:50K", "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert f"written: {tmp_path / 'out' / 'rates.csv'}" in done.stdout
