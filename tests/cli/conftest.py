"""Starting the command line: as processes of their own, inside this one, and on ranks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers.cli_calls import Call, call, launcher, on_ranks, process

type Start = Callable[..., subprocess.CompletedProcess[str]]
type Together = Callable[[int, Path, Sequence[Sequence[str | Path]]], list[Call]]
type Inside = Callable[..., Call]

PATIENCE = 240.0
"""Longer than anything here takes on a busy machine; what takes longer hangs [s]."""


@pytest.fixture(scope="session")
def start(subprocess_environment: dict[str, str]) -> Start:
    """Start ``cellion`` as users do: ``start(folder, "run", "disc.yaml", ranks=2, PETSC_=...)``."""

    def starting(
        folder: Path, *arguments: str | Path, ranks: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        command = [*launcher(ranks), sys.executable, "-m", "cellion", *arguments]
        return process(command, folder, subprocess_environment | variables, PATIENCE)

    return starting


@pytest.fixture(scope="session")
def together(subprocess_environment: dict[str, str]) -> Together:
    """Make several calls of ``cellion`` on the same ranks: ``together(2, folder, [[...]])``."""

    def calling(ranks: int, folder: Path, calls: Sequence[Sequence[str | Path]]) -> list[Call]:
        return on_ranks(ranks, calls, folder, subprocess_environment, PATIENCE)

    return calling


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Call ``cellion`` in this process, in an empty folder: ``inside("check", "disc.yaml")``."""
    monkeypatch.chdir(tmp_path)
    return call
