"""Who answers the points: groups of ranks, worker processes, jobs; and what a crash leaves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cellion.export.tables import read_table
from cellion.results.files import load_result
from helpers.cli_calls import launcher, process
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PLATES, write

TEMPERATURES = PLATES + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n"
FOUR = DISC + "study: {vary: {'microstructure.spheres.spheres[0].radius': [1 um, 2 um, 3 um]}}\n"
WARM = DISC + "study: {vary: {temperature: [290 K, 300 K, 310 K]}}\n"


@pytest.fixture(autouse=True)
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cellion.export.plots.plot_series", lambda results, path: path)


def numbers(table: Path) -> list[dict[str, object]]:
    """Rows without timings."""
    return [{k: v for k, v in row.items() if "time" not in k} for row in read_table(table)]


def test_workers_and_jobs_answer_what_one_process_answers(inside, tmp_path):
    scenario = write(tmp_path, TEMPERATURES)
    ways = {"alone": [], "workers": ["--workers", "2"], "jobs": ["--submit", "local"]}
    for name, words in ways.items():
        told = inside("study", scenario, "-o", name, *words)
        assert told.code == 0, told.stderr
        lines = [line for line in told.stderr.splitlines() if line.startswith("[")]
        assert [line.split("]")[0] for line in lines] == ["[1/3", "[2/3", "[3/3"]
        assert not Path(name, ".owner.json").exists()
    assert numbers(Path("alone/table.csv")) == numbers(Path("workers/table.csv"))
    assert numbers(Path("alone/table.csv")) == numbers(Path("jobs/table.csv"))


@pytest.mark.mpi
def test_ranks_answer_points_in_groups(together, tmp_path):
    write(tmp_path, FOUR)
    told = together(
        2,
        tmp_path,
        [
            ["study", "scenario.yaml", "-o", "pairs", "--ranks-per-point", "2"],
            ["study", "scenario.yaml", "-o", "single"],
            ["study", "scenario.yaml", "-o", "none", "--ranks-per-point", "3"],
            ["study", "scenario.yaml", "-o", "none", "--workers", "2"],
        ],
    )
    assert [each.codes for each in told] == [(0, 0), (0, 0), (2, 2), (2, 2)]
    assert "allowed: 1, 2" in told[2].stderr
    assert "either with mpirun, or with --workers" in told[3].stderr
    pairs, single = (read_table(tmp_path / name / "table.csv") for name in ("pairs", "single"))
    for one, two in zip(single, pairs, strict=True):
        # two ways to add up the same numbers, at the tolerance of the solver
        assert two["sigma_ion_xx [S/m]"] == pytest.approx(one["sigma_ion_xx [S/m]"], rel=1e-7)
        result = load_result(tmp_path / "pairs" / str(two["point"]))
        assert result.provenance.ranks == 2
        check_result(result)


def test_temperatures_share_one_mesh(inside, tmp_path):
    assert inside("study", write(tmp_path, WARM), "-o", "out").code == 0
    assert len(list(Path("out/.study/meshes").glob("*.npz"))) == 1
    times = [load_result(Path(f"out/point_00{i}")).provenance.wall_time for i in range(3)]
    assert [t["mesh"] > 0 for t in times] == [True, False, False]
    # another conductivity is another question about the same geometry
    scenario = write(tmp_path, WARM.replace("1 mS/cm", "2 mS/cm"))
    assert inside("study", scenario, "-o", "out", "--resume").code == 0
    times = [load_result(Path(f"out/point_00{i}")).provenance.wall_time for i in range(3)]
    assert [t["mesh"] for t in times] == [0.0, 0.0, 0.0]


def test_a_process_that_dies_takes_one_point_with_it(tmp_path, subprocess_environment):
    """As the system does it when memory is short."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, os, signal\n"
        "if 'cellion.study.worker' in sys.orig_argv:\n"
        "    import cellion.pipeline.prepare as geometry\n"
        "    right = geometry.read_mesh\n"
        "    def deadly(spec):\n"
        "        if spec.labels[10] == 'B': os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return right(spec)\n"
        "    geometry.read_mesh = deadly\n"
    )
    labels = "[{10: A, 20: B}, {10: B, 20: A}, {10: A, 20: A}]"
    write(tmp_path, PLATES + f"study: {{vary: {{microstructure.mesh.labels: {labels}}}}}\n")
    environment = dict(subprocess_environment)
    environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    command = [sys.executable, "-m", "cellion", "study", "scenario.yaml", "-o", "out"]
    told = process([*launcher(0), *command, "--workers", "1"], tmp_path, environment, 120.0)
    assert told.returncode == 2, told.stderr
    failures = [row["failure"] for row in read_table(tmp_path / "out" / "table.csv")]
    assert [bool(failure) for failure in failures] == [False, True, False]
    assert "ended by signal 9" in str(failures[1])
    assert "has no answer: its process ended by signal 9" in told.stderr


def test_runs_that_do_not_fit_are_refused_before_they_start(inside, tmp_path, monkeypatch):
    monkeypatch.setattr("cellion.study.run.available_memory", lambda: 0.38e9)
    sizes = "[2.5 um, 40 nm]"
    text = f"study: {{zip: {{mesh.size: {sizes}, mesh.surface_size: {sizes}}}}}\n"
    scenario = write(tmp_path, DISC + text)
    assert inside("study", scenario, "-o", "out").code == 2
    rows = read_table(Path("out/table.csv"))
    assert rows[0]["failure"] is None
    assert "GB of memory are needed" in str(rows[1]["failure"])
    assert not list(Path("out/point_001").glob("*.vtkhdf"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--submit", "slrm"], "did you mean 'slurm'"),
        (["--submit-option", "mem_gb=4"], "--submit, which is missing"),
        (["--submit", "local", "--submit-option", "mem_gb"], "write key=value"),
        (["--workers", "2", "--ranks-per-point", "2"], "worker processes have one rank each"),
    ],
)
def test_options_that_do_not_go_together(inside, tmp_path, words, told):
    called = inside("study", write(tmp_path, TEMPERATURES), "-o", "out", *words)
    assert called.code == 2
    assert told in called.stderr
    assert not Path("out").exists()
