"""`cellion study`: points, failures, resumption, and ranks that share the work."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cellion.errors import ConvergenceError
from cellion.export.tables import read_table
from cellion.results.files import load_result
from helpers.cli_calls import Call
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PACKING, PLATES, write

TEMPERATURES = PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n"
ONE_POINT = PLATES + "study: {vary: {temperature: [290 K]}}\n"
ONE_FAILS = PLATES + (
    "study: {vary: {microstructure.mesh.labels: "
    "[{10: A, 20: B}, {10: A, 30: B}, {10: B, 20: A}]}}\n"
)
ALL_FAIL = PLATES + "study: {vary: {microstructure.mesh.labels: [{10: A, 30: B}, {10: A}]}}\n"


@pytest.fixture(autouse=True)
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these studies; a study as users start it does draw."""
    monkeypatch.setattr("cellion.export.plots.plot_series", lambda results, path: path)


def times(folder: Path) -> dict[str, int]:
    """When each finished point was written [ns]."""
    return {f.parent.name: f.stat().st_mtime_ns for f in sorted(folder.glob("*/results.json"))}


def numbers(table: Path) -> list[dict[str, object]]:
    """Rows without timings."""
    return [{k: v for k, v in row.items() if "time" not in k} for row in read_table(table)]


def collected(folder: Path) -> dict[str, float]:
    """Points of the collection for ParaView and their places on its axis."""
    series = json.loads((folder / "fields.vtkhdf.series").read_text(encoding="utf-8"))
    return {Path(file["name"]).parent.name: file["time"] for file in series["files"]}


def results(told: Call) -> list[str]:
    """Progress lines."""
    return [line for line in told.stderr.splitlines() if line.startswith("[")]


# --- files ---------------------------------------------------------------------------------------


def test_study_as_users_start_it(start, tmp_path):
    write(tmp_path, TEMPERATURES)
    told = start(tmp_path, "study", "scenario.yaml")
    out = tmp_path / "results" / "plates"
    assert told.returncode == 0
    assert "results: results/plates" in told.stdout
    assert told.stderr.splitlines()[0].startswith("[1/3] temperature = 290 K, realisation 1: done")
    assert {file.name for file in out.iterdir()} == {
        *(".study", "point_000", "point_001", "point_002"),
        *("study.json", "table.csv", "table.parquet", "dictionary.csv"),
        *("conductivity.png", "conductivity.svg", "notes.txt"),
        *("arrhenius_ion.csv", "arrhenius_ion.png", "arrhenius_ion.svg"),
        *("fields.vtkhdf.series", "paraview_views.py"),
    }
    assert collected(out) == {"point_000": 290, "point_001": 300, "point_002": 310}
    assert all((out / name / "fields.vtkhdf").is_file() for name in collected(out))
    rows = read_table(out / "table.csv")
    assert [row["temperature [K]"] for row in rows] == [290, 300, 310]
    for row in rows:
        result = load_result(out / str(row["point"]))
        check_result(result)
        assert row["sigma_ion_xx [S/m]"] == result.carrier("ion").effective_conductivity[0, 0]
    values = [row["sigma_ion_xx [S/m]"] for row in rows]
    assert values == sorted(values)
    assert len(set(values)) == 3


def test_replicates_are_other_packings(inside, tmp_path):
    """Fields of the first realisation only; the seeds are consecutive."""
    text = PACKING + "study: {vary: {temperature: [300 K]}, replicates: 2}\n"
    told = inside("study", write(tmp_path, text), "-o", "out")
    assert told.code == 0
    rows = read_table(Path("out/table.csv"))
    assert [(row["point"], row["realisation"], row["seed"]) for row in rows] == [
        ("point_000", 1, 5813),
        ("point_001", 2, 5814),
    ]
    assert rows[0]["sigma_ion_xx [S/m]"] != rows[1]["sigma_ion_xx [S/m]"]
    assert Path("out/point_000/fields.vtkhdf").exists()
    assert not Path("out/point_001/fields.vtkhdf").exists()
    for row in rows:
        check_result(load_result(Path("out", str(row["point"]))))
    assert "±" in told.stdout


# --- points that fail ----------------------------------------------------------------------------


def test_failed_point_is_recorded_and_stops_no_other(inside, tmp_path):
    """It is known before the first point is run, told at once, and no success at the end."""
    told = inside("study", write(tmp_path, ONE_FAILS), "-o", "out")
    assert told.code == 2
    assert "failed: mesh file" in results(told)[0]
    assert told.stderr.splitlines()[-1].startswith("cellion: 1 of 3 points have no answer")
    rows = read_table(Path("out/table.csv"))
    assert [row["point"] for row in rows] == ["point_000", "point_001", "point_002"]
    assert [bool(row["failure"]) for row in rows] == [False, True, False]
    assert "tags 20" in str(rows[1]["failure"])
    assert rows[1]["sigma_ion_xx [S/m]"] is None
    assert rows[0]["sigma_ion_xx [S/m]"] == pytest.approx(rows[2]["sigma_ion_xx [S/m]"])
    assert list(times(Path("out"))) == ["point_000", "point_002"]
    assert collected(Path("out")) == {"point_000": 0.0, "point_002": 2.0}
    assert "has no answer" in told.stderr
    assert "tags 20" in told.stderr


def test_point_that_fails_only_when_it_is_run_is_told_when_it_does(inside, tmp_path, monkeypatch):
    """What no check can know: here a solve that does not converge."""
    from cellion.pipeline import effective

    solve = effective.solve_carrier

    def failing(scenario, *arguments, **options):
        if scenario.temperature == 300.0:
            raise ConvergenceError("direction x: DIVERGED_ITS")
        return solve(scenario, *arguments, **options)

    monkeypatch.setattr(effective, "solve_carrier", failing)
    told = inside("study", write(tmp_path, TEMPERATURES), "-o", "out")
    assert told.code == 3
    assert "failed: direction x: DIVERGED_ITS" in results(told)[1]
    # with a point that failed for another reason, the input is wrong
    labels = "microstructure.mesh.labels: [{10: A, 20: B}, {10: A, 30: B}]"
    both = TEMPERATURES.replace("{vary: {", f"{{vary: {{{labels}, ")
    assert inside("study", write(tmp_path, both), "-o", "both").code == 2


def test_failed_point_leaves_no_result_of_an_earlier_study(inside, tmp_path):
    """A table of one study and a point of another would not be told apart."""
    assert inside("study", write(tmp_path, TEMPERATURES), "-o", "out").code == 0
    assert inside("study", write(tmp_path, ONE_FAILS), "-o", "out", "--restart").code == 2
    assert list(times(Path("out"))) == ["point_000", "point_002"]


def test_check_finds_the_points_that_cannot_be_answered(inside, tmp_path):
    told = inside("check", write(tmp_path, ONE_FAILS))
    assert told.code == 2
    assert told.stdout == ""
    assert "1 of 3 points cannot be answered" in told.stderr
    assert "point_001 (labels = {10: 'A', 30: 'B'}, realisation 1): mesh file" in told.stderr
    assert inside("check", write(tmp_path, TEMPERATURES)).code == 0


def test_check_says_how_many_points_it_looked_at(inside, tmp_path, monkeypatch):
    scenario = write(tmp_path, TEMPERATURES)
    assert " of 3 points" not in inside("check", scenario).stdout
    monkeypatch.setattr("cellion.study.foresee._PATIENCE", 0.0)
    told = inside("check", scenario)
    assert told.code == 0
    notes = [line for line in told.stdout.splitlines() if " of 3 points" in line]
    assert [note.partition(" in 0 s;")[0] for note in notes] == [
        "note: materials, files and numbers of particles were looked at for 0 of 3 points",
        "note: geometries were made for 0 of 3 points",
    ]


TOO_FEW = PACKING.replace("volume_fraction: 0.35, ", "weight_fraction: 70 %, ").replace(
    "diameter: 4 um}]", "diameter: 4 um}, {material: C, weight_fraction: 3 %, diameter: 1 um}]"
).replace("  pore: insulator", "  C: {library: carbon}\n  pore: insulator") + (
    "study:\n  vary:\n    'microstructure.packing.particles[1].weight_fraction': [0.1 %, 3 %]\n"
)


def test_check_counts_the_particles_of_every_point(inside, tmp_path):
    """0.1 % by weight are no whole number of particles of carbon, 3 % are enough."""
    told = inside("check", write(tmp_path, TOO_FEW))
    assert told.code == 2
    assert "1 of 2 points cannot be answered" in told.stderr
    assert "a whole number of them changes the diameter" in told.stderr


def test_study_without_any_answer_ends_with_2(inside, tmp_path):
    assert inside("study", write(tmp_path, TEMPERATURES), "-o", "out").code == 0
    told = inside("study", write(tmp_path, ALL_FAIL), "-o", "out", "--restart")
    assert told.code == 2
    assert told.stderr.count("cellion: ") == 1
    assert "none of the 2 points was answered; the first said: mesh file" in told.stderr
    assert told.stdout == ""
    assert not list(Path("out").glob("conductivity.*"))
    assert all(row["failure"] for row in read_table(Path("out/table.csv")))


def test_study_needs_its_section(inside, tmp_path):
    told = inside("study", write(tmp_path, PLATES))
    assert told.code == 2
    assert "has no 'study' section" in told.stderr
    assert "cellion run" in told.stderr


def test_study_into_a_file(inside, tmp_path):
    """Found before the first point is run."""
    told = inside("study", write(tmp_path, TEMPERATURES), "-o", "squares.msh")
    assert told.code == 2
    assert told.stderr.startswith("cellion: squares.msh: cannot be written")


# --- resumption ----------------------------------------------------------------------------------


def test_resume_keeps_what_is_finished(inside, tmp_path):
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before, table = times(Path("out")), numbers(Path("out/table.csv"))
    Path("out/point_001/results.json").unlink()
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    after = times(Path("out"))
    assert {name for name in before if after[name] != before[name]} == {"point_001"}
    assert numbers(Path("out/table.csv")) == table


def test_resume_recomputes_what_was_changed(inside, tmp_path):
    """One temperature is another now; and one result is cut short."""
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    scenario.write_text(TEMPERATURES.replace("300 K, 310 K]", "300 K, 320 K]"))
    file = Path("out/point_000/results.json")
    file.write_text(file.read_text()[:100])
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    after = times(Path("out"))
    assert {name for name in before if after[name] != before[name]} == {"point_000", "point_002"}
    assert load_result(Path("out/point_002")).temperature == 320.0
    assert collected(Path("out")) == {"point_000": 290, "point_001": 300, "point_002": 320}


def test_resume_recomputes_everything_when_the_materials_changed(inside, tmp_path):
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    scenario.write_text(TEMPERATURES.replace("2 mS/cm", "3 mS/cm"))
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    assert all(after != before[name] for name, after in times(Path("out")).items())


def test_resume_recomputes_when_the_content_of_the_mesh_file_changed(inside, tmp_path):
    """The document is the same, but what its file name stands for is not."""
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    mesh = tmp_path / "squares.msh"
    later = max(before.values()) + 10**9
    os.utime(mesh, ns=(later, later))
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    assert times(Path("out")) == before
    mesh.write_bytes(mesh.read_bytes() + b"\n")
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    assert all(after != before[name] for name, after in times(Path("out")).items())


def test_study_deletes_finished_points_only_when_it_is_told_to(inside, tmp_path):
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    told = inside("study", scenario, "-o", "out")
    assert told.code == 2
    assert "3 finished points of an earlier study" in told.stderr
    assert "--resume" in told.stderr
    assert "--restart" in told.stderr
    assert times(Path("out")) == before
    assert inside("study", scenario, "-o", "out", "--restart").code == 0
    assert all(after != before[name] for name, after in times(Path("out")).items())


def test_answers_to_an_earlier_question_are_set_aside(inside, tmp_path):
    """And taken again when the scenario is as it was."""
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    scenario.write_text(TEMPERATURES.replace("2 mS/cm", "3 mS/cm"))
    told = inside("study", scenario, "-o", "out", "--resume")
    assert "3 answers to other questions were moved to out/set_aside" in told.stderr
    scenario.write_text(TEMPERATURES)
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    assert times(Path("out")) == before


# --- two in one folder ---------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["out", "out/point_001", "out/point_007"])
def test_run_does_not_go_into_the_folder_of_a_study(inside, tmp_path, folder):
    """Nor in that of a point, begun or not: its answer would be taken for one of the study."""
    scenario = write(tmp_path, TEMPERATURES)
    assert inside("study", scenario, "-o", "out").code == 0
    before = times(Path("out"))
    told = inside("run", write(tmp_path, PLATES, "other.yaml"), "-o", folder)
    assert told.code == 2
    assert f"{folder}: this is the folder of a" in told.stderr
    assert "-o" in told.stderr
    assert times(Path("out")) == before


def test_study_does_not_go_into_the_folder_of_a_run(inside, tmp_path):
    assert inside("run", write(tmp_path, PLATES, "other.yaml"), "-o", "out").code == 0
    told = inside("study", write(tmp_path, TEMPERATURES), "-o", "out")
    assert told.code == 2
    assert "out: this folder holds the answer of a run" in told.stderr
    assert load_result(Path("out")).temperature == 300.0


# --- ranks ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shared(together, tmp_path_factory) -> tuple[Path, dict[str, Call]]:
    """Studies on two ranks, and the same ones on one."""
    folder = tmp_path_factory.mktemp("shared")
    # The first finds libraries that have not started, and a rank without work.
    files = {
        "single": ONE_POINT,
        "some": ONE_FAILS,
        "none": ALL_FAIL,
        "disc": disc_study(),
        "blocked": TEMPERATURES,
    }
    for name, text in files.items():
        write(folder, text, f"{name}.yaml")
        (folder / "blocked_2" / "table.csv").mkdir(parents=True, exist_ok=True)
    calls = [["study", f"{name}.yaml", "-o", f"{name}_2"] for name in files]
    told = dict(zip(files, together(2, folder, calls), strict=True))
    together(1, folder, [["study", f"{name}.yaml", "-o", f"{name}_1"] for name in files])
    return folder, told


def disc_study() -> str:
    """Five points: one rank has three, the other two."""
    radii = json.dumps([f"{radius} um" for radius in (1, 1.5, 2, 2.5, 3)])
    return DISC + f"study: {{vary: {{'microstructure.spheres.spheres[0].radius': {radii}}}}}\n"


@pytest.mark.mpi
@pytest.mark.parametrize("name", ["single", "some", "disc"])
def test_table_does_not_depend_on_ranks(shared, name):
    folder, told = shared
    assert told[name].codes == ((2, 2) if name == "some" else (0, 0))
    assert numbers(folder / f"{name}_2" / "table.csv") == numbers(
        folder / f"{name}_1" / "table.csv"
    )


@pytest.mark.mpi
def test_every_point_is_announced_once(shared):
    lines = results(shared[1]["disc"])
    assert [line.split("]")[0] for line in lines] == [f"[{i}/5" for i in range(1, 6)]
    assert len({line.split("]")[1].split(";")[0] for line in lines}) == 5


@pytest.mark.mpi
def test_every_point_of_ranks_keeps_its_invariants(shared):
    points = sorted((shared[0] / "disc_2").glob("point_*"))
    assert len(points) == 5
    for point in points:
        check_result(load_result(point))


@pytest.mark.mpi
def test_ranks_without_any_answer_end_with_2(shared):
    told = shared[1]["none"]
    assert told.codes == (2, 2)
    assert told.stderr.count("cellion: ") == 1


@pytest.mark.mpi
def test_ranks_learn_that_the_table_cannot_be_written(shared):
    """Rank 0 alone writes it; the others must not wait for it."""
    told = shared[1]["blocked"]
    assert told.codes == (2, 2)
    assert told.stderr.count("cellion: ") == 1
    assert "table.csv: cannot be written" in told.stderr
