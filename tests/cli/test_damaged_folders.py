"""Damaged results: a message or an answer, never a traceback, a hang or a way out of the folder."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.cli_calls import call
from helpers.damaged_folders import damaged_folders
from helpers.small_scenarios import PLATES, write

STUDY = PLATES + (
    "study:\n  vary: {temperature: [290 K, 310 K]}\n"
    "  sample:\n    method: sobol\n    points: 2\n    seed: 3\n"
    "    values: {materials.A.ion.activation_energy: {uniform: {from: 0.3 eV, to: 0.4 eV}}}\n"
)
HANGS = 60
"""Longer than anything here takes [s]."""


@contextmanager
def in_time() -> Iterator[None]:
    """Raise when a block hangs."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a study, in that of its scenario, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cellion.export.plots.plot_series", lambda results, path: path)
    write(tmp_path, STUDY)
    assert call("study", "scenario.yaml", "-o", "sound").code == 0
    return tmp_path / "sound"


def damage_and_read(sound: Path, seed: int, count: int) -> None:
    """Report and resume damaged folders."""
    outside = {path: path.read_bytes() for path in sound.parent.iterdir() if path.is_file()}
    for folder, done in damaged_folders(sound, sound.parent, seed=seed, count=count):
        for words in (
            ["report", folder, "-o", "page.html"],
            ["study", "scenario.yaml", "-o", folder, "--resume"],
        ):
            with in_time():
                try:
                    told = call(*words)
                except Exception as error:
                    raise AssertionError(f"{words[0]}: {done}") from error
            assert told.code in (0, 2), (done, told.stderr)
            assert (told.code == 0) == ("cellion: " not in told.stderr), (done, told.stderr)
        left = {path: path.read_bytes() for path in outside}
        assert left == outside, done


def test_damaged_folders_are_told_or_mended(sound):
    damage_and_read(sound, 5501, 12)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_three_hundred_damaged_folders(sound):
    damage_and_read(sound, 7, 300)
