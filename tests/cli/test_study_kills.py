"""A study that is killed at any moment and resumed gives the table of an undisturbed one."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cellion.export.tables import read_table
from cellion.results.files import load_result
from cellion.results.outcome import read_object
from helpers.small_scenarios import DISC, write

STUDY = DISC + (
    "study:\n  vary:\n    temperature: {from: 290 K, to: 330 K, steps: 5}\n"
    "    'microstructure.spheres.spheres[0].radius': [1 um, 2 um, 3 um]\n"
)
START = 30.0
"""Longest time until a study begins with its points, on a busy machine [s]."""


def digest(table: Path) -> str:
    """Hash of a table without timings."""
    rows = [{k: v for k, v in row.items() if "time" not in k} for row in read_table(table)]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


class Killer:
    """Starts a study again and again and kills it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], words: list[str]) -> None:
        self.folder, self.environment, self.out = folder, environment, folder / "out"
        self.words = ["study", "scenario.yaml", "-o", "out", "--resume", *words]
        self.finished: dict[str, int] = {}

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "cellion", *self.words],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def until_begun(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the study owns its folder: before that a kill meets nothing."""
        owner, deadline = self.out / ".owner.json", time.monotonic() + START
        while process.poll() is None and time.monotonic() < deadline:
            if read_object(owner).get("process") == process.pid:
                return
            time.sleep(0.01)

    def kill(self, delay: float) -> bool:
        """Kill a study after it has begun; return whether it was faster."""
        process = self.start()
        self.until_begun(process)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        told = process.communicate()[1].decode()
        assert process.returncode in (0, -signal.SIGKILL), told
        self.check()
        return process.returncode == 0

    def check(self) -> None:
        """What was finished is as it was, and nothing is half-written."""
        times = {
            f.parent.name: f.stat().st_mtime_ns
            for f in self.out.glob("*/results.json")
            if not load_result(f).unwritten
        }
        assert self.finished.items() <= times.items()
        self.finished = times
        for file in self.out.glob("*/*.json"):
            json.loads(file.read_text())

    def complete(self) -> str:
        process = self.start()
        told = process.communicate()[1].decode()
        assert process.returncode == 0, told
        self.check()
        return digest(self.out / "table.csv")

    def forget(self) -> None:
        shutil.rmtree(self.out)
        self.finished = {}


def kill_often(killer: Killer, kills: int, rng: random.Random, longest: float) -> None:
    """Kill at random moments; whenever a study gets to its end, compare and begin anew."""
    expected = killer.complete()
    killer.forget()
    resumed = 0
    for _ in range(kills):
        if killer.kill(rng.uniform(0.0, longest)):
            assert digest(killer.out / "table.csv") == expected
            killer.forget()
        else:
            resumed += 1
    assert killer.complete() == expected
    assert resumed, "no kill came in time"


def test_a_killed_study_is_resumed(tmp_path, subprocess_environment):
    write(tmp_path, STUDY)
    rng = random.Random(7141)  # moments differ anyway, with the machine
    kill_often(Killer(tmp_path, subprocess_environment, ["--workers", "2"]), 2, rng, 2.0)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("words", [[], ["--workers", "2"]], ids=["alone", "workers"])
def test_fifty_kills_change_nothing(tmp_path, subprocess_environment, words):
    write(tmp_path, STUDY)
    kill_often(Killer(tmp_path, subprocess_environment, words), 50, random.Random(9133), 4.0)
