"""Call the command line inside a process: several calls pay for starting Python and MPI once.

As a program, ``mpirun -n N python cli_calls.py calls.json answers.json`` makes every call on all
ranks and writes what each gave. What only a process of its own can show (the exit code of
``mpirun``, signals, the order of leaving) is tested with processes of their own.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a call of the command line gave.

    Attributes:
        code: Exit code.
        stdout: What it printed.
        stderr: What it said.
        codes: Exit code on every rank.
        seconds: Wall time [s].
    """

    code: int
    stdout: str
    stderr: str
    codes: tuple[int, ...]
    seconds: float


def call(*arguments: str | Path, encoding: str = "utf-8") -> Call:
    """Call ``cellion`` with some arguments, in this process, on a terminal with an encoding."""
    from cellion.cli import main

    before, hook = sys.argv, sys.excepthook
    sys.argv = ["cellion", *map(str, arguments)]
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding, newline="") for _ in range(2))
    start, code = time.perf_counter(), 0
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            sys.argv, sys.excepthook = before, hook
    seconds = time.perf_counter() - start
    told = [_written(stream) for stream in (stdout, stderr)]
    return Call(code=code, stdout=told[0], stderr=told[1], codes=(code,), seconds=seconds)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def _all_calls(calls: Sequence[Sequence[str]]) -> list[Call]:
    """Make the calls on all ranks; the texts of the ranks are put together."""
    import cellion.parallel  # noqa: F401 - before mpi4py

    from mpi4py import MPI

    answers = []
    for arguments in calls:
        ranks = MPI.COMM_WORLD.allgather(call(*arguments))
        answers.append(
            Call(
                code=ranks[0].code,
                stdout="".join(each.stdout for each in ranks),
                stderr="".join(each.stderr for each in ranks),
                codes=tuple(each.code for each in ranks),
                seconds=max(each.seconds for each in ranks),
            )
        )
    if MPI.COMM_WORLD.rank:
        return []
    return answers


def on_ranks(
    ranks: int,
    calls: Sequence[Sequence[str | Path]],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> list[Call]:
    """Make calls in a folder, all on the same ranks of one parallel run; on one rank in process.

    Raises:
        AssertionError: The program itself did not come to its end.
    """
    if ranks == 1:
        with chdir(folder):
            return [call(*words) for words in calls]
    asked, answered = folder / "calls.json", folder / "answers.json"
    asked.write_text(json.dumps([[str(word) for word in one] for one in calls]), encoding="utf-8")
    command = [*launcher(ranks), sys.executable, "-m", "mpi4py", __file__, asked, answered]
    ended = process(command, folder, environment, timeout)
    assert ended.returncode == 0, ended.stderr
    return [
        Call(**{**answer, "codes": tuple(answer["codes"])})
        for answer in json.loads(answered.read_text(encoding="utf-8"))
    ]


def cases_on_ranks(
    program: str, ranks: int, environment: Mapping[str, str], *names: str, timeout: float = 200.0
) -> dict[str, Any]:
    """Answers of the cases of a helper, of those that are named or all, on some ranks.

    Raises:
        AssertionError: The program did not come to its end.
    """
    if ranks == 1:
        module = importlib.import_module(f"helpers.{program}")
        return dict(json.loads(json.dumps(module.answers(names))))
    words = [sys.executable, "-m", "mpi4py", "-m", f"helpers.{program}", *names]
    tests = Path(__file__).parents[1]
    ended = process([*launcher(ranks), *words], tests, environment, timeout)
    assert ended.returncode == 0, ended.stderr
    answers: dict[str, Any] = json.loads(ended.stdout)
    return answers


def launcher(ranks: int) -> list[str | Path]:
    """Words that start a program on some ranks; none for a process that is alone."""
    if not ranks:
        return []
    beside = Path(sys.executable).parent / "mpirun"
    return [beside if beside.exists() else shutil.which("mpirun") or beside, "-n", str(ranks)]


def process(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program; when it hangs, end all that it has started.

    Raises:
        subprocess.TimeoutExpired: It hangs.
    """
    started = subprocess.Popen(
        [str(word) for word in command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        stdout, stderr = started.communicate(timeout=timeout)
    except BaseException:
        os.killpg(started.pid, signal.SIGKILL)
        started.communicate()
        raise
    return subprocess.CompletedProcess(command, started.returncode, stdout, stderr)


if __name__ == "__main__":
    asked, answered = map(Path, sys.argv[1:])
    made = _all_calls(json.loads(asked.read_text(encoding="utf-8")))
    if made:
        answered.write_text(json.dumps([asdict(one) for one in made]), encoding="utf-8")
