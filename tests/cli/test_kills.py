"""Runs and studies that are killed, or whose disk is full: no answer is lost or half-written."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cellion.parallel  # noqa: F401 - before mpi4py

import pytest

from cellion.errors import ResultsError
from cellion.export.tables import read_table
from cellion.results.files import load_result
from helpers.cli_calls import launcher, process
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PLATES, write

STUDY = DISC + "study: {vary: {temperature: {from: 290 K, to: 330 K, steps: 12}}}\n"
FINE = DISC.replace("2.5 um", "0.6 um")
LIMITED = (
    "import resource, sys; import cellion.parallel; from mpi4py import MPI\n"
    "size = int(sys.argv.pop(1)); resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
    "from cellion.cli import main\n"
    "main()"
)


def check_files(out: Path) -> None:
    """Everything that has its name is whole."""
    for file in out.rglob("*.json"):
        if not file.name.startswith("."):
            json.loads(file.read_text(encoding="utf-8"))
    for file in out.rglob("results.json"):
        check_result(load_result(file.parent))
    for file in out.rglob("table.csv"):
        assert read_table(file)


def start(
    words: list[str], folder: Path, environment: Mapping[str, str], ranks: int = 0
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*map(str, launcher(ranks)), sys.executable, "-m", "cellion", *words],
        cwd=folder,
        env=dict(environment) | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),
    )


def until(process: subprocess.Popen[str], said: str) -> None:
    """Wait until a process has said something."""
    assert process.stderr is not None
    line = "begun"
    while line and said not in line:
        line = process.stderr.readline()


def end(process: subprocess.Popen[str], how: int, whole: bool) -> str:
    """Send a signal, to the whole group or to the first process; return what was said after it."""
    (os.killpg if whole else os.kill)(process.pid, how)
    try:
        return process.communicate(timeout=120)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError("it hangs") from None


# --- SIGKILL -------------------------------------------------------------------------------------


def kill_runs(folder: Path, environment: Mapping[str, str], kills: int, ranks: int) -> None:
    """Kill runs at any moment; what they leave is an answer or none, and the next run answers."""
    write(folder, FINE)
    rng = random.Random(4417)
    moments = ("microstructure", "transport of ions", "transport of electrons", "fields")
    for kill in range(kills):
        started = start(["run", "scenario.yaml", "-o", "out"], folder, environment, ranks)
        until(started, moments[kill % len(moments)])
        time.sleep(rng.uniform(0.0, 0.2))
        end(started, signal.SIGKILL, whole=True)
        if (folder / "out").exists():
            check_files(folder / "out")
    said = start(["run", "scenario.yaml", "-o", "out"], folder, environment, ranks)
    told = said.communicate(timeout=240)[1]
    assert said.returncode == 0, told
    assert not list((folder / "out").glob(".*"))
    assert not load_result(folder / "out").unwritten
    check_files(folder / "out")


def kill_studies(
    folder: Path, environment: Mapping[str, str], kills: int, words: list[str], ranks: int = 0
) -> None:
    """Kill a study again and again; finished points stay, and the table becomes complete."""
    write(folder, STUDY)
    rng = random.Random(8123)
    command = ["study", "scenario.yaml", "-o", "out", "--resume", *words]
    finished: dict[str, int] = {}
    for _ in range(kills):
        started = start(command, folder, environment, ranks)
        if rng.random() < 0.8:
            until(started, ": done")
        time.sleep(rng.uniform(0.0, 0.6))
        end(started, signal.SIGKILL, whole=True)
        time.sleep(0.2)  # workers and ranks see their standard input end
        if (folder / "out").exists():
            check_files(folder / "out")
        now = {f.parent.name: f.stat().st_mtime_ns for f in folder.glob("out/point_*/results.json")}
        assert finished.keys() <= now.keys()
        finished = now
    last = start(command, folder, environment, ranks)
    told = last.communicate(timeout=240)[1]
    assert last.returncode == 0, told
    assert not any(load_result(folder / "out" / name).unwritten for name in finished)
    rows = read_table(folder / "out" / "table.csv")
    assert [row["temperature [K]"] for row in rows] == sorted(
        row["temperature [K]"] for row in rows
    )
    assert len(rows) == 12
    assert len({row["sigma_ion_xx [S/m]"] for row in rows}) == 1  # a constant conductivity
    check_files(folder / "out")


def test_a_run_that_is_killed_leaves_an_answer_or_none(tmp_path, subprocess_environment):
    kill_runs(tmp_path, subprocess_environment, kills=1, ranks=0)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_twenty_killed_runs(tmp_path, subprocess_environment):
    kill_runs(tmp_path, subprocess_environment, kills=20, ranks=0)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_twenty_killed_studies_with_workers(tmp_path, subprocess_environment):
    kill_studies(tmp_path, subprocess_environment, 20, ["--workers", "2"])


@pytest.mark.slow
@pytest.mark.mpi
@pytest.mark.timeout(3000)
def test_twenty_kills_under_mpirun(tmp_path, subprocess_environment):
    """Runs and studies."""
    for name in ("runs", "studies"):
        (tmp_path / name).mkdir()
    kill_runs(tmp_path / "runs", subprocess_environment, kills=10, ranks=2)
    kill_studies(tmp_path / "studies", subprocess_environment, 10, [], ranks=2)


# --- signals that ask ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGTERM, id="terminate"),
        pytest.param(signal.SIGHUP, id="hang up", marks=pytest.mark.slow),
    ],
)
def test_a_run_ends_cleanly_when_it_is_asked_to(tmp_path, subprocess_environment, how):
    write(tmp_path, FINE)
    started = start(["run", "scenario.yaml", "-o", "out"], tmp_path, subprocess_environment)
    until(started, "microstructure")
    told = end(started, how, whole=False)
    assert started.returncode == 128 + how
    assert told.splitlines()[-1] == (
        "cellion: interrupted; nothing incomplete was left as a result"
    )
    assert "Traceback" not in told
    assert "PETSC" not in told
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.mpi
@pytest.mark.parametrize(
    ("ranks", "words"), [(0, ["--workers", "2"]), (2, [])], ids=["workers", "ranks"]
)
def test_a_study_that_is_asked_to_end_says_how_to_go_on(
    tmp_path, subprocess_environment, ranks, words
):
    write(tmp_path, STUDY)
    command = ["study", "scenario.yaml", "-o", "out", *words]
    started = start(command, tmp_path, subprocess_environment, ranks)
    until(started, ": done")
    told = end(started, signal.SIGTERM, whole=False)
    assert started.returncode == 128 + signal.SIGTERM
    assert "cellion: interrupted; finished points are kept" in told
    assert "--resume" in told
    assert "Traceback" not in told
    assert len(list((tmp_path / "out").glob("point_*/results.json"))) >= 1
    check_files(tmp_path / "out")


# --- full disks ----------------------------------------------------------------------------------


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Files of this process may grow to a size only, after MPI has made its own."""
    from mpi4py import MPI

    assert MPI.Is_initialized()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def check_full_disk(out: Path, code: int, told: str) -> None:
    """What is there is whole, what is missing is named."""
    assert "Traceback" not in told, told
    check_files(out)
    if code == 0:
        return
    assert code == 2, told
    message = told[told.index("cellion: ") :]
    assert "cannot be written" in message or "could not be written" in message
    if "transport of" in told and (out / "results.json").exists():
        assert "the answer is saved in out/results.json; not written: " in message


@pytest.mark.parametrize("size", [1_000, 15_000])
def test_a_full_disk_costs_no_answer(inside, tmp_path, size):
    """Found before anything is computed, or the answer is saved and the fields are not."""
    write(tmp_path, DISC)
    with small_files(size):
        told = inside("run", "scenario.yaml", "-o", "out")
    assert told.code == 2
    check_full_disk(tmp_path / "out", told.code, told.stderr)
    if size > 10_000:
        check_result(load_result(tmp_path / "out"))
    else:
        with pytest.raises(ResultsError, match="no such file"):
            load_result(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("ranks", [0, 2])
def test_ten_full_disks(tmp_path, subprocess_environment, ranks):
    """Runs that fail at any file, studies of them, and both again with room."""
    for number, size in enumerate((500, 3_000, 9_000, 15_000, 40_000)):
        for name, text, words in (
            ("run", PLATES, ["run", "scenario.yaml", "-o", "out"]),
            ("study", STUDY, ["study", "scenario.yaml", "-o", "out", "--resume"]),
        ):
            place = tmp_path / f"{name}_{number}"
            place.mkdir()
            write(place, text)
            command = [*launcher(ranks), sys.executable, "-c", LIMITED, str(size), *words]
            ended = process(command, place, subprocess_environment, 240.0)
            check_full_disk(place / "out", ended.returncode, ended.stderr)
            finished = {
                file: file.stat().st_mtime_ns
                for file in place.glob("out/point_*/results.json")
                if not load_result(file).unwritten
            }
            again = start(words, place, subprocess_environment, ranks)
            told = again.communicate(timeout=240)[1]
            assert again.returncode == 0, told
            assert all(file.stat().st_mtime_ns == at for file, at in finished.items())
            for file in place.rglob("results.json"):
                assert not load_result(file).unwritten
