"""Agreement of ranks, exchange of rows, timing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from cellion.parallel import (
    Stopwatch,
    agree,
    default_environment,
    exchange,
    logger,
    peak_memory,
    raise_anywhere,
)

import numpy as np
import pytest
from mpi4py import MPI

from cellion.errors import MeshError

ON_TWO_RANKS = """
from cellion.parallel import agree, exchange, raise_anywhere
import numpy as np
from mpi4py import MPI
from cellion.errors import ConvergenceError, MeshError
comm = MPI.COMM_WORLD
try:
    with agree(comm):
        if comm.rank == 1:
            raise MeshError("seen by rank 1 only")
except MeshError as error:
    assert str(error) == "seen by rank 1 only"
else:
    raise SystemExit(f"rank {comm.rank} went on")
rows = np.array([[comm.rank, i] for i in range(4)])
arrived, route = exchange(rows, rows[:, 1] % comm.size, comm)
assert (arrived[:, 1] % comm.size == comm.rank).all()
assert (arrived[:, 0] == route.source).all()
answers = route.answer(100.0 * arrived[:, 0] + arrived[:, 1])
assert (answers == 100.0 * rows[:, 0] + rows[:, 1]).all()
nothing, route = exchange(rows[:0], rows[:0, 1], comm)
assert len(route.answer(nothing)) == 0
print("good")
"""


def test_an_error_passes_through_on_one_rank() -> None:
    with pytest.raises(MeshError, match="broken"), agree(MPI.COMM_SELF):
        raise MeshError("broken")


def test_no_error_no_raise() -> None:
    raise_anywhere(None, MPI.COMM_SELF)
    with agree(MPI.COMM_SELF):
        pass


def test_rows_return_in_order() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    arrived, route = exchange(rows, np.zeros(3, dtype=int), MPI.COMM_SELF)
    np.testing.assert_array_equal(arrived, rows)
    np.testing.assert_array_equal(route.answer(arrived[:, 1]), rows[:, 1])


@pytest.mark.mpi
def test_two_ranks(run_mpi: Callable[..., Any]) -> None:
    done = run_mpi(2, "-c", ON_TWO_RANKS, timeout=60.0)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("good") == 2


@pytest.mark.mpi
def test_an_uncaught_exception_ends_all_ranks(run_mpi: Callable[..., Any]) -> None:
    program = (
        "from mpi4py import MPI\n"
        "from cellion.parallel import install_abort_hook\n"
        "comm = MPI.COMM_WORLD\n"
        "install_abort_hook(comm)\n"
        "if comm.rank == 1: raise ZeroDivisionError('a bug')\n"
        "comm.Barrier()\n"
    )
    done = run_mpi(2, "-c", program, timeout=60.0)
    assert done.returncode != 0
    assert "a bug" in done.stderr


def test_stages_add_up() -> None:
    watch = Stopwatch()
    for _ in range(2):
        with watch.stage("sleep"):
            time.sleep(0.01)
    with pytest.raises(MeshError), watch.stage("fail"):
        raise MeshError("in between")
    assert watch.seconds["sleep"] >= 0.02
    assert watch.slowest(MPI.COMM_SELF) == watch.seconds
    assert list(watch.seconds) == ["sleep", "fail"]


def test_rank_0_logs_under_the_plain_name() -> None:
    assert logger(MPI.COMM_SELF) is logging.getLogger("cellion")


def test_peak_memory_is_in_bytes() -> None:
    assert 2e7 < peak_memory() < 1e12


def test_the_users_transport_wins() -> None:
    chosen = {"UCX_TLS": "all"}
    default_environment(chosen)
    assert chosen["UCX_TLS"] == "all"
    empty: dict[str, str] = {}
    default_environment(empty)
    assert empty == {"UCX_TLS": "self,sm,tcp", "PETSC_OPTIONS": "-no_signal_handler"}


def test_options_of_the_user_stay_and_signals_are_left_to_cellion() -> None:
    chosen = {"PETSC_OPTIONS": "-log_view"}
    default_environment(chosen)
    default_environment(chosen)
    assert chosen["PETSC_OPTIONS"] == "-log_view -no_signal_handler"
