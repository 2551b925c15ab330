"""`mpirun -n N cellion`: the same answers, one message, and no rank that waits for another."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from subprocess import CompletedProcess

import cellion.parallel  # noqa: F401 - before petsc4py

import numpy as np
import pytest
from petsc4py import PETSc

from cellion.results.files import load_result
from cellion.results.record import RunResult
from helpers.cli_calls import Call, launcher, process
from helpers.faulty_runs import FAULTY_RUNS, FaultyRun
from helpers.invariants import check_result
from helpers.small_scenarios import DISC, PACKING, PLATES, write

pytestmark = pytest.mark.mpi

BY_NAME = {case.name: case for case in FAULTY_RUNS}
RELATIVE = 1e-8
"""Conjugate gradients stop at 1e-10 in the energy norm; sums differ in their last digits."""


# --- the same answers ----------------------------------------------------------------------------

BOUNDARIES = {
    "periodic": [],
    "electrodes": ["--set", "transport={boundary: electrodes}"],
}


@pytest.fixture(scope="module")
def answers(together, tmp_path_factory) -> dict[tuple[str, int], RunResult]:
    """The packing, for both boundary conditions, on 1, 2 and 3 ranks; each makes the mesh."""
    found = {}
    for ranks in (1, 2, 3):
        folder = tmp_path_factory.mktemp(f"ranks_{ranks}")
        write(folder, PACKING)
        calls = [["run", "scenario.yaml", "-o", name, *sets] for name, sets in BOUNDARIES.items()]
        for name, told in zip(BOUNDARIES, together(ranks, folder, calls), strict=True):
            assert told.codes == (0,) * ranks, told.stderr
            assert told.stderr.splitlines().count("transport of ions") == 1
            found[name, ranks] = load_result(folder / name)
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_invariants_hold_on_any_number_of_ranks(answers, boundary, ranks):
    result = answers[boundary, ranks]
    check_result(result)
    assert result.provenance.ranks == ranks


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_conductivity_does_not_depend_on_ranks(answers, boundary, ranks):
    one, many = answers[boundary, 1], answers[boundary, ranks]
    for name, carrier in one.carriers.items():
        tensor = carrier.effective_conductivity
        np.testing.assert_allclose(
            many.carrier(name).effective_conductivity,
            tensor,
            rtol=RELATIVE,
            atol=RELATIVE * np.nanmax(np.abs(tensor)),
            err_msg=name,
        )
        assert many.carrier(name).percolates == carrier.percolates


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_geometry_does_not_depend_on_ranks(answers, boundary, ranks):
    one, many = answers[boundary, 1], answers[boundary, ranks]
    assert many.mesh == one.mesh
    assert many.contact_area == pytest.approx(one.contact_area, rel=RELATIVE)
    for name, fraction in one.volume_fraction.items():
        assert many.volume_fraction[name].requested == fraction.requested
        assert many.volume_fraction[name].meshed == pytest.approx(fraction.meshed, rel=RELATIVE)


# --- faults that rank 0 meets alone --------------------------------------------------------------


@pytest.fixture(scope="module")
def faults(together, tmp_path_factory) -> dict[str, Call]:
    """All faulty runs, one after the other on two ranks: one that hangs would stop the rest."""
    folder = tmp_path_factory.mktemp("faults")
    calls = [case.lay_out(folder / f"{i:02d}") for i, case in enumerate(FAULTY_RUNS)]
    told = together(2, folder, [*calls, ["--version"]])
    return dict(zip([*BY_NAME, "version"], told, strict=True))


@pytest.mark.parametrize("case", FAULTY_RUNS, ids=lambda case: case.name)
def test_fault_is_told_once_by_all_ranks_together(faults, case: FaultyRun):
    told = faults[case.name]
    assert told.codes == (2, 2), told.stderr
    assert told.stderr.count("cellion: ") == 1
    message = told.stderr[told.stderr.index("cellion: ") :]
    for fragment in case.told:
        assert fragment in message
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


def test_words_of_all_ranks_are_printed_once(faults):
    told = faults["version"]
    assert told.codes == (0, 0)
    assert told.stdout.count("cellion ") == 1


# --- leaving together, as real processes ---------------------------------------------------------


@pytest.mark.parametrize("name", ["impossible packing", "not YAML"])
def test_mpirun_ends_with_the_exit_code(start, tmp_path, name):
    told = start(tmp_path, *BY_NAME[name].lay_out(tmp_path), ranks=2)
    assert told.returncode == 2
    assert told.stderr.count("cellion: ") == 1
    assert told.stderr.splitlines()[-1].startswith("cellion: ")
    assert "Traceback" not in told.stderr
    assert "BAD TERMINATION" not in told.stdout + told.stderr


def test_mpirun_ends_with_0(start, tmp_path):
    write(tmp_path, DISC)
    told = start(tmp_path, "run", "scenario.yaml", "-o", "out", ranks=2)
    assert told.returncode == 0
    assert told.stdout.count("results: out") == 1
    assert told.stderr.splitlines() == [
        "microstructure",
        "mesh (1 particles)",
        "transport of ions",
        "transport of electrons",
        "fields and pictures",
    ]
    check_result(load_result(tmp_path / "out"))


def test_bug_on_one_rank_ends_all(tmp_path, subprocess_environment):
    """Rank 0 waits in a collective; it is ended, and the traceback is shown."""
    program = (
        "import sys; import cellion.pipeline.effective as effective; from cellion.cli import main\n"
        "right = effective.homogenise\n"
        "def broken(name, solution, watch, **options):\n"
        "    if solution.problem.mesh.comm.rank == 1: raise RuntimeError('a bug')\n"
        "    return right(name, solution, watch, **options)\n"
        "effective.homogenise = broken\n"
        "main()"
    )
    write(tmp_path, PLATES)
    command = [*launcher(2), sys.executable, "-c", program, "run", "scenario.yaml", "-o", "out"]
    ended = process(command, tmp_path, subprocess_environment, 120.0)
    assert ended.returncode == 1
    assert ended.stderr.count("RuntimeError: a bug") == 1
    assert "rank 1 of 2:" in ended.stderr
    assert not (tmp_path / "out" / "results.json").exists()


def test_disk_that_is_full_is_told_by_all_ranks_together(tmp_path, subprocess_environment):
    """Files may grow to 20 kB only, which HDF5 would not come back from. The answer is kept."""
    program = (
        "import resource; import cellion.parallel; from mpi4py import MPI\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from cellion.cli import main\n"
        "main()"
    )
    write(tmp_path, DISC)
    command = [*launcher(2), sys.executable, "-c", program, "run", "scenario.yaml", "-o", "out"]
    ended = process(command, tmp_path, subprocess_environment, 120.0)
    assert ended.returncode == 2
    assert ended.stderr.count("cellion: ") == 1
    assert "cellion: out/fields.vtkhdf: cannot be written (File too large)" in ended.stderr
    assert "the answer is saved in out/results.json; not written: fields.vtkhdf" in ended.stderr
    assert "Traceback" not in ended.stderr
    out = tmp_path / "out"
    assert {file.name for file in out.iterdir()} == {"results.json", "table.csv"}
    check_result(load_result(out))
    assert any(n.startswith("not written: fields.vtkhdf") for n in load_result(out).notes)


def test_launcher_of_another_mpi_is_refused(inside, tmp_path, monkeypatch):
    """Otherwise each process would run everything, and all would write the same files."""
    write(tmp_path, PLATES)
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "0")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "4")
    told = inside("run", "scenario.yaml", "-o", "out")
    assert told.code == 2
    assert "4 processes were started, but by the launcher of another MPI" in told.stderr
    assert "mpirun" in told.stderr
    assert not (tmp_path / "out").exists()


# --- solves that do not converge -----------------------------------------------------------------

ONE_ITERATION = ("cellion_transport_ksp_max_it", "1")


def lay_out_old_result(folder: Path) -> None:
    """The disc, and a folder for its answer that holds another one."""
    write(folder, DISC)
    (folder / "out").mkdir()
    (folder / "out" / "results.json").write_text("of an earlier run")


def test_solve_without_answer_ends_with_3(inside, tmp_path):
    lay_out_old_result(tmp_path)
    PETSc.Options().setValue(*ONE_ITERATION)
    try:
        told = inside("run", "scenario.yaml", "-o", "out")
    finally:
        PETSc.Options().delValue(ONE_ITERATION[0])
    assert told.code == 3
    check_unanswered(tmp_path, told)


def test_solve_without_answer_ends_all_ranks_with_3(start, tmp_path):
    lay_out_old_result(tmp_path)
    options = {"PETSC_OPTIONS": f"-{' '.join(ONE_ITERATION)}"}
    told = start(tmp_path, "run", "scenario.yaml", "-o", "out", ranks=2, **options)
    assert told.returncode == 3
    check_unanswered(tmp_path, told)


def check_unanswered(folder: Path, told: Call | CompletedProcess[str]) -> None:
    """One message tells what did not converge; no result is left."""
    assert told.stderr.count("cellion: ") == 1
    message = told.stderr.splitlines()[-1]
    assert message.startswith("cellion: transport of ions, direction x: DIVERGED_MAX_IT")
    assert re.search(r"after 1 iterations with \d+ unknowns; true residual [\d.e+-]+", message)
    assert "Traceback" not in told.stderr
    assert told.stdout == ""
    assert list((folder / "out").iterdir()) == []
