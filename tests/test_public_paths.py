"""Every public function takes the names of files and folders as text, too."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mpi4py import MPI

import cellion
from cellion.scenario.load import load_scenario
from helpers.small_scenarios import PLATES, write

API = Path(__file__).parents[1] / "docs" / "api.md"

STUDY = PLATES + "study: {vary: {temperature: [300 K, 310 K]}}\n"


def path_parameters() -> Iterator[tuple[str, str, str]]:
    """Function, parameter and annotation of all that the documentation calls public."""
    documented = re.findall(r"automodule:: (\S+)", API.read_text(encoding="utf-8"))
    for module in [cellion, *map(importlib.import_module, documented)]:
        for name in module.__all__:
            function = getattr(module, name)
            if inspect.isfunction(function):
                for parameter, annotation in inspect.get_annotations(function).items():
                    if parameter != "return" and re.search(r"\bPath\b", str(annotation)):
                        yield name, parameter, str(annotation)


def _load_result(folder: Path) -> object:
    cellion.save_result(cellion.run(_plates(folder), MPI.COMM_SELF), folder)
    return cellion.load_result(str(folder))


def _plates(folder: Path) -> cellion.Scenario:
    return load_scenario(write(folder, PLATES))


def _load_study(folder: Path) -> object:
    scenario = load_scenario(write(folder, STUDY))
    cellion.run_study(scenario, MPI.COMM_SELF, folder=folder / "out")
    return cellion.load_study(str(folder / "out"))


CALLS: dict[tuple[str, str], Callable[[Path], Any]] = {
    ("build_scenario", "path"): lambda folder: cellion.build_scenario(
        _plates(folder).source, str(folder / "scenario.yaml")
    ),
    ("load_result", "path"): _load_result,
    ("load_scenario", "path"): lambda folder: cellion.load_scenario(str(write(folder, PLATES))),
    ("load_study", "folder"): _load_study,
    ("run", "folder"): lambda folder: cellion.run(
        _plates(folder), MPI.COMM_SELF, folder=str(folder / "out"), pictures=False
    ),
    ("run_study", "folder"): lambda folder: cellion.run_study(
        load_scenario(write(folder, STUDY)), MPI.COMM_SELF, folder=str(folder / "out")
    ),
    ("save_result", "folder"): lambda folder: cellion.save_result(
        cellion.run(_plates(folder), MPI.COMM_SELF), str(folder)
    ),
}


def test_no_public_function_is_forgotten() -> None:
    found = set(path_parameters())
    assert {(name, parameter) for name, parameter, _ in found} == set(CALLS)
    for name, parameter, annotation in found:
        assert "str | Path" in annotation, f"{name}({parameter}: {annotation})"


@pytest.mark.parametrize(("name", "parameter"), CALLS)
def test_text_is_as_good_as_a_path(tmp_path: Path, name: str, parameter: str) -> None:
    assert CALLS[name, parameter](tmp_path) is not None
