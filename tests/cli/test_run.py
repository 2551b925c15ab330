"""`cellion run` on one process: answers, files, and folders that are never half right."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pyvista

from cellion.export.system_libraries import rendering_support
from cellion.export.tables import read_table
from cellion.results.files import load_result
from cellion.results.record import RunResult
from helpers.cli_calls import call
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PACKING, PLATES, write

PICTURES = {"microstructure.png", "potential_ion_x.png", "current_density_ion_x.png"}


# --- a run as users start it ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(
    start, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The disc, with pictures, in a folder whose name needs quotes and more than ASCII."""
    folder = tmp_path_factory.mktemp("run")
    write(folder, DISC)
    out = folder / "Läufe für [alle]" / "Nr. 1"
    told = start(folder, "run", "scenario.yaml", "-o", out, "--set", "output.pictures=true")
    return told, out


@pytest.fixture(scope="module")
def result(finished) -> RunResult:
    return load_result(finished[1])


def test_it_is_answered(finished):
    told, out = finished
    assert told.returncode == 0
    assert "Traceback" not in told.stderr
    assert "ion" in told.stdout
    assert f"results: {out}" in told.stdout.splitlines()


def test_progress_goes_to_the_error_stream(finished):
    assert finished[0].stderr.splitlines()[0] == "microstructure"
    assert "transport of ions" not in finished[0].stdout


@pytest.fixture(scope="module")
def rendering() -> bool:
    """Whether this machine has the graphics libraries, which bare systems do not."""
    return rendering_support().window is not None


def test_all_files_are_there_and_no_others(finished, rendering):
    names = {file.name for file in finished[1].iterdir()}
    pictures = PICTURES if rendering else set()
    assert names == {
        *("results.json", "table.csv", "fields.vtkhdf", "paraview_views.py"),
        *pictures,
    }


def test_result_keeps_its_invariants(result):
    check_result(result)


def test_conductivity_of_a_square_array_of_discs(result):
    """Rayleigh's series for insulating discs: 0.5591 of the matrix at an area share of 0.2827."""
    sigma = result.carrier("ion").effective_conductivity
    assert sigma[0, 0] == pytest.approx(0.05591, rel=0.02)  # 200 mesh cells
    assert sigma[1, 1] == pytest.approx(sigma[0, 0], rel=1e-3)
    assert np.isnan(sigma[2]).all()


def test_carrier_without_conductor_is_exactly_zero_with_a_reason(result):
    electron = result.carrier("electron")
    assert (electron.effective_conductivity[:2, :2] == 0.0).all()
    assert electron.reason == "no material conducts this carrier"
    assert electron.tortuosity_factor == {"x": math.inf, "y": math.inf}


def test_header_of_the_table_holds_units(finished):
    """Every column of numbers says its unit; the others are names and the seed."""
    with (finished[1] / "table.csv").open(newline="", encoding="utf-8") as stream:
        header, row = csv.reader(stream)
    plain = [name for name in header if not re.search(r" \[(-|K|S/m|1/m|s)\]$", name)]
    assert plain == ["name", "seed"]
    assert len(row) == len(header)


def test_table_repeats_the_result(finished, result):
    (row,) = read_table(finished[1] / "table.csv")
    assert row["sigma_ion_xx [S/m]"] == result.carrier("ion").effective_conductivity[0, 0]
    assert row["sigma_electron_xx [S/m]"] == 0.0
    assert row["tortuosity_factor_electron_x [-]"] == math.inf
    assert row["sigma_ion_zz [S/m]"] is None


def test_fields_open_in_pyvista(finished, result):
    """The mean current density is sigma_eff times the mean field, which is 1 V/m."""
    grid = pyvista.read(finished[1] / "fields.vtkhdf")
    assert grid.n_cells == result.mesh["cells"]
    assert grid.bounds == pytest.approx((0, 1e-5, 0, 1e-5, 0, 0), abs=1e-18)
    assert {"potential_ion_x", "potential_ion_y"} <= set(grid.point_data.keys())
    area = grid.compute_cell_sizes(length=False, volume=False).cell_data["Area"]
    sigma = result.carrier("ion").effective_conductivity
    for axis, direction in enumerate("xy"):
        current = grid.cell_data[f"current_density_ion_{direction}"]
        mean = area @ current / area.sum()
        assert mean[axis] == pytest.approx(
            sigma[axis, axis], rel=1e-5
        )  # written in single precision
        assert (current[grid.cell_data["material"] == 1] == 0.0).all()


# --- the same question, the same answer ----------------------------------------------------------


def answers_of(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The whole record but for when, how long and how much memory."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    told = call("run", write(folder, text), "-o", "out")
    assert told.code == 0, told.stderr
    check_result(load_result(folder / "out"))
    record = json.loads((folder / "out" / "results.json").read_text())
    for name in ("date", "wall_time", "peak_memory", "git_commit"):
        del record["provenance"][name]
    return record


@pytest.mark.parametrize("text", [DISC, PACKING, PLATES], ids=["disc", "packing", "plates"])
def test_repeated_runs_agree_to_the_last_digit(tmp_path, monkeypatch, text):
    first = answers_of(text, tmp_path / "first", monkeypatch)
    assert answers_of(text, tmp_path / "second", monkeypatch) == first


def test_another_seed_is_another_packing(tmp_path, monkeypatch):
    first = answers_of(PACKING, tmp_path / "first", monkeypatch)
    other = answers_of(PACKING.replace("5813", "5814"), tmp_path / "other", monkeypatch)
    assert first["carriers"] != other["carriers"]
    assert other["provenance"]["seed"] == 5814


# --- overrides -----------------------------------------------------------------------------------


def test_override_changes_the_answer_and_is_recorded(inside, tmp_path):
    """Twice the conductivity, one carrier, one direction, another name."""
    words = ["materials.SE.ion.conductivity=2 mS/cm", "transport.carriers=[ion]"]
    words += ["transport.directions=[y]", "name=other"]
    sets = [part for word in words for part in ("--set", word)]
    told = inside("run", write(tmp_path, DISC), *sets)
    assert told.code == 0
    result = load_result(Path("results/other"))
    check_result(result)
    assert result.carrier("ion").effective_conductivity[1, 1] == pytest.approx(0.1118, rel=0.02)
    assert result.carrier("ion").directions == ("y",)
    document = result.provenance.scenario
    assert document["materials"]["SE"]["ion"]["conductivity"] == "2 mS/cm"


def test_arrhenius_law_through_the_command_line(inside, tmp_path):
    """sigma T = A exp(-E / k T): both plates follow one law, so does the whole."""
    scenario = write(tmp_path, PLATES)
    found = {}
    for kelvin in (300, 350):
        assert inside("run", scenario, "-o", "out", "--set", f"temperature={kelvin} K").code == 0
        found[kelvin] = load_result(Path("out")).carrier("ion").effective_conductivity[0, 0]
    ratio = 300 / 350 * math.exp(0.3 / 8.617333262e-5 * (1 / 300 - 1 / 350))
    assert found[300] == pytest.approx(2 / (1 / 0.1 + 1 / 0.2), rel=1e-9)
    assert found[350] / found[300] == pytest.approx(ratio, rel=1e-9)


# --- what does not percolate ---------------------------------------------------------------------


def test_isolated_conductor_is_exactly_zero_with_a_reason(inside, tmp_path):
    """Electrons in discs that do not touch."""
    text = DISC.replace("CAM: insulator", "CAM: {electron: {conductivity: 1 S/m}}")
    told = inside("run", write(tmp_path, text), "-o", "out")
    assert told.code == 0
    result = load_result(Path("out"))
    check_result(result)
    electron = result.carrier("electron")
    assert electron.bulk_conductivity == 1.0
    assert (electron.effective_conductivity[:2, :2] == 0.0).all()
    assert electron.reason
    assert result.solver["electron"].iterations == {}


def test_nothing_conducts_at_all(inside, tmp_path):
    text = DISC.replace("{ion: {conductivity: 1 mS/cm}}", "insulator")
    told = inside("run", write(tmp_path, text), "-o", "out")
    assert told.code == 0
    assert Path("out/fields.vtkhdf").is_file()
    check_result(load_result(Path("out")))


def test_current_passes_in_one_direction_only(inside, tmp_path):
    """Plates side by side: only one conducts, so nothing passes across and half passes along."""
    text = PLATES.replace("directions: [x]", "directions: [x, y]")
    text = re.sub(r"  B: .*", "  B: insulator", text)
    assert inside("run", write(tmp_path, text), "-o", "out").code == 0
    result = load_result(Path("out"))
    check_result(result)
    ion = result.carrier("ion")
    assert ion.percolates == {"x": False, "y": True}
    assert ion.effective_conductivity[0, 0] == 0.0
    assert ion.effective_conductivity[1, 1] == pytest.approx(0.05, rel=1e-9)


# --- notes ---------------------------------------------------------------------------------------


def test_mesh_that_loses_a_material_is_noted(inside, tmp_path):
    """Cells as large as half the box beside a small disc: it falls through the mesh."""
    coarse = ["mesh.size=5 um", "mesh.surface_size=5 um", "mesh.smallest_size=5 um"]
    words = [*coarse, "microstructure.spheres.spheres[0].radius=0.1 um"]
    sets = [part for word in words for part in ("--set", word)]
    told = inside("run", write(tmp_path, DISC), "-o", "out", *sets)
    assert told.code == 0
    result = load_result(Path("out"))
    check_result(result)
    assert result.volume_fraction["CAM"].meshed == 0.0
    assert "material 'CAM': its volume fraction is 0 in the mesh, but 0.000314" in told.stdout
    assert "smaller mesh.surface_size" in told.stdout


def test_mesh_that_keeps_volumes_has_no_note_about_them(finished, rendering):
    notes = [line for line in finished[0].stdout.splitlines() if line.startswith("note:")]
    if rendering:
        assert notes == []
    else:
        (note,) = notes
        assert note.startswith("note: pictures left out")
        assert "apt-get install" in note


# --- folders that are never half right -----------------------------------------------------------


def old_files(folder: Path) -> list[str]:
    """Names of result files in a folder."""
    names = ("results.json", "table.csv", "fields.vtkhdf", *PICTURES)
    return [name for name in names if (folder / name).exists()]


def filled(folder: Path) -> Path:
    """A folder with the files of an earlier run, and one of the user's own."""
    folder.mkdir()
    for name in ("results.json", "table.csv", "fields.vtkhdf", *PICTURES):
        (folder / name).write_text("of an earlier run")
    (folder / "my_notes.txt").write_text("mine")
    return folder


def test_failing_run_leaves_no_files_of_an_earlier_one(inside, tmp_path):
    out = filled(tmp_path / "out")
    text = PACKING.replace("volume_fraction: 0.35", "volume_fraction: 0.94")
    assert inside("run", write(tmp_path, text), "-o", out).code == 2
    assert old_files(out) == []
    assert (out / "my_notes.txt").read_text() == "mine"


def test_run_without_pictures_leaves_none_of_an_earlier_one(inside, tmp_path):
    out = filled(tmp_path / "out")
    assert inside("run", write(tmp_path, DISC), "-o", out).code == 0
    assert old_files(out) == ["results.json", "table.csv", "fields.vtkhdf"]
    check_result(load_result(out))


def test_faulty_scenario_leaves_an_earlier_result_alone(inside, tmp_path):
    """Nothing was started, so nothing is lost by a misspelt key."""
    out = filled(tmp_path / "out")
    assert inside("run", write(tmp_path, DISC + "mehs: {}\n"), "-o", out).code == 2
    assert (out / "results.json").read_text() == "of an earlier run"


@pytest.mark.parametrize(
    ("how", "moment"),
    [(signal.SIGKILL, "fields and pictures"), (signal.SIGINT, "transport of ions")],
    ids=["kill", "interrupt"],
)
def test_run_that_is_killed_leaves_no_result(tmp_path, subprocess_environment, moment, how):
    """The signal comes while the run works on what it has just announced."""
    out = filled(tmp_path / "out")
    scenario = write(tmp_path, DISC.replace("2.5 um", "0.2 um"))
    started = subprocess.Popen(
        [sys.executable, "-m", "cellion", "run", scenario, "-o", out],
        env=subprocess_environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background inherits interrupts that are ignored.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    assert started.stderr is not None
    try:
        lines = []
        while not lines or moment not in lines[-1]:
            lines.append(started.stderr.readline())
            assert lines[-1], lines
        started.send_signal(how)
        rest = started.stderr.read()
        code = started.wait(timeout=60)
    finally:
        started.kill()
        started.wait()
        started.stderr.close()
    assert code == (-signal.SIGKILL if how == signal.SIGKILL else 130)
    if how == signal.SIGINT:
        assert "cellion: interrupted" in rest
        assert "Traceback" not in rest
    assert "results.json" not in old_files(out)


def test_run_after_a_killed_one_cleans_up(inside, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".results.json.4711.partial").write_text("half")
    assert inside("run", write(tmp_path, PLATES), "-o", out).code == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "fields.vtkhdf",
        "paraview_views.py",
        "results.json",
        "table.csv",
    ]


# --- folders that cannot be written --------------------------------------------------------------


def test_output_that_is_a_file(inside, tmp_path):
    scenario = write(tmp_path, PLATES)
    told = inside("run", scenario, "-o", "scenario.yaml")
    assert (told.code, told.stdout) == (2, "")
    assert told.stderr.startswith("cellion: scenario.yaml: cannot be written")
    assert "-o" in told.stderr
    assert scenario.read_text() == PLATES


@pytest.mark.parametrize("folder", ["scenario.yaml/below", "/proc/cellion", "/dev/null/x"])
def test_output_that_cannot_be_made(inside, tmp_path, folder):
    told = inside("run", write(tmp_path, PLATES), "-o", folder)
    assert told.code == 2
    assert f"cellion: {folder}: cannot be written" in told.stderr


@pytest.mark.parametrize("name", ["results.json", "table.csv", "fields.vtkhdf"])
def test_output_whose_files_are_folders(inside, tmp_path, name):
    """Found before anything is computed."""
    (tmp_path / "out" / name).mkdir(parents=True)
    told = inside("run", write(tmp_path, PLATES), "-o", "out")
    assert told.code == 2
    assert "cannot be written" in told.stderr
    assert "transport" not in told.stderr


def test_folder_that_vanishes_during_the_run(inside, tmp_path, monkeypatch):
    """For example a scratch disk that is cleaned."""
    from cellion.pipeline import effective

    solve = effective.solve_carrier

    def removing(*arguments: object, **options: object) -> object:
        for file in (tmp_path / "out").iterdir():
            file.unlink()
        (tmp_path / "out").rmdir()
        return solve(*arguments, **options)

    monkeypatch.setattr(effective, "solve_carrier", removing)
    told = inside("run", write(tmp_path, PLATES), "-o", "out")
    assert told.code == 2
    assert "cannot be written" in told.stderr


# --- names and streams ---------------------------------------------------------------------------


def test_mesh_file_with_brackets_in_its_name(inside, tmp_path):
    """Square brackets and colons mean something to the console's markup."""
    (tmp_path / "a[").mkdir()
    file = tmp_path / "a[" / "b] :car:.msh"
    write(tmp_path, PLATES)
    (tmp_path / "squares.msh").rename(file)
    told = inside("run", "scenario.yaml", "--set", f"microstructure.mesh.file='{file}'")
    assert told.code == 0
    assert f"reading {file}" in told.stderr


def test_terminal_without_unicode(inside, tmp_path):
    write(tmp_path, PLATES)
    told = inside("run", "scenario.yaml", "-o", "größe µ", encoding="ascii")
    assert told.code == 0
    check_result(load_result(tmp_path / "größe µ"))


def test_results_go_to_the_folder_of_the_name(inside, tmp_path):
    assert inside("run", write(tmp_path, PLATES)).code == 0
    check_result(load_result(Path("results/plates")))
    assert os.listdir("results") == ["plates"]


def test_a_bug_passes_through(inside, tmp_path, monkeypatch):
    """Python shows its traceback and ends with 1."""

    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("cellion.pipeline.effective.homogenise", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        inside("run", write(tmp_path, PLATES), "-o", "out")
    assert not Path("out/results.json").exists()
