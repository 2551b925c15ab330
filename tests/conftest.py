"""What every test shares: starting programs, cleaning up under MPI, Hypothesis settings.

Nothing here imports DOLFINx, so that the tests of the plain rooms run without it.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parent.parent

# One thread per process, and transports that are right on any single machine (UCX may trip over
# the network devices of a container); what the caller has set stays.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("UCX_TLS", "self,sm,tcp")
os.environ.setdefault("MPLBACKEND", "agg")

# Times of numerical code depend on the machine, so a deadline would only make tests flicker.
hypothesis.settings.register_profile("cellion", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("cellion")


@pytest.fixture(autouse=True)
def _collective_cleanup() -> Iterator[None]:
    """Destroy what a test left on all ranks together.

    PETSc and MPI objects are freed collectively. Python's collector runs at different times on
    different ranks, so without this a test may hang in the clean-up of the one before.
    """
    yield
    mpi = sys.modules.get("mpi4py.MPI")
    if mpi is not None and mpi.Is_initialized() and mpi.COMM_WORLD.size > 1:
        gc.collect()
        mpi.COMM_WORLD.Barrier()


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def subprocess_environment() -> dict[str, str]:
    """The environment of programs that tests start: this checkout comes first on their path."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(_bin()), environment.get("PATH", os.defpath)])
    environment["PYTHONPATH"] = str(ROOT / "src")
    return environment


@pytest.fixture
def run(tmp_path: Path, subprocess_environment: dict[str, str]) -> Run:
    """Start a program in an empty folder: ``run([...], timeout=..., cwd=...)``.

    The result holds ``returncode``, ``stdout`` and ``stderr`` as text; no exit code is an error.
    """

    def start(
        command: list[str | Path], *, timeout: float = 120.0, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            cwd=cwd or tmp_path,
            env=subprocess_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return start


@pytest.fixture
def run_mpi(run: Run) -> Run:
    """Start Python on several ranks: ``run_mpi(2, "-m", "cellion", "run", "scenario.yaml")``.

    ``-m mpi4py`` makes an exception on one rank end all of them instead of leaving a hang.
    """

    def start(
        ranks: int, *arguments: str | Path, timeout: float = 120.0, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        command = [mpirun(), "-n", str(ranks), sys.executable, "-m", "mpi4py", *arguments]
        return run(command, timeout=timeout, cwd=cwd)

    return start


def mpirun() -> str:
    """The launcher that belongs to this interpreter's MPI, else the first one on the path."""
    beside = _bin() / "mpirun"
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    if found is None:
        raise FileNotFoundError(f"mpirun is neither in {_bin()} nor on the PATH")
    return found


def _bin() -> Path:
    return Path(sys.executable).parent
