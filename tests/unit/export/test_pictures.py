"""Pictures are drawn in a process of their own, or left out with one line that says why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from cellion.export import pictures
from cellion.export.pictures import draw_pictures, main
from cellion.export.system_libraries import RenderingSupport, rendering_support

NAMES = ("microstructure.png", "potential_ion_x.png", "current_density_ion_x.png")


@pytest.fixture(scope="session")
def drawn(
    composite: Callable[[int], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], pictures.Pictures]:
    """The pictures of the small composite, drawn once per dimension."""
    made: dict[int, pictures.Pictures] = {}

    def get(dimension: int) -> pictures.Pictures:
        if dimension not in made:
            folder = tmp_path_factory.mktemp("pictures")
            made[dimension] = draw_pictures(composite(dimension), folder)
        return made[dimension]

    return get


def has(image: NDArray[np.float64], colour: tuple[float, float, float], near: float) -> float:
    """Share of the pixels that are near a colour."""
    distance = np.abs(image[..., :3] - colour).max(axis=-1)
    return float((distance < near).mean())


def test_this_machine_draws_or_says_why(drawn: Callable[[int], pictures.Pictures]) -> None:
    answer = drawn(3)
    if rendering_support().window is None:
        assert answer.files == ()
        assert answer.message is not None
        assert "apt-get install" in answer.message
    else:
        assert answer.message is None
        assert tuple(file.name for file in answer.files) == NAMES


@pytest.mark.parametrize("dimension", [2, 3])
def test_pictures_show_the_materials_and_the_field(
    drawn: Callable[[int], pictures.Pictures], dimension: int
) -> None:
    answer = drawn(dimension)
    images = {file.stem: imread(file) for file in answer.files}
    if not images:
        assert answer.message is not None
        return
    # matrix sand, particles blue (both may be in shade), white page
    sand, blue = (0.92, 0.85, 0.65), (0.28, 0.45, 0.62)
    assert has(images["microstructure"], sand, 0.2) > 0.15
    assert has(images["microstructure"], blue, 0.12) > 0.01
    # both ends of the colour map, and neutral grey for what does not conduct
    assert has(images["potential_ion_x"], (0.99, 0.91, 0.14), 0.1) > 0.005
    assert has(images["potential_ion_x"], (0.27, 0.0, 0.33), 0.1) > 0.005
    assert has(images["potential_ion_x"], (0.725, 0.74, 0.77), 0.02) > 0.005
    assert all(has(image, (1, 1, 1), 0.01) > 0.1 for image in images.values())


def test_missing_libraries_are_named_before_vtk_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = RenderingSupport(window=None, missing=("libegl1", "libgl1-mesa-dri"))
    monkeypatch.setattr(pictures, "rendering_support", lambda: missing)
    assert main([str(tmp_path / "fields.vtkhdf"), str(tmp_path)]) != 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "apt-get install --no-install-recommends libegl1 libgl1-mesa-dri" in lines[0]


def python_that(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the rendering process be a script of the shell."""
    script = folder / "python"
    script.write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("kill -11 $$", "pictures left out: the graphics libraries crashed (signal 11)"),
        ("echo noise >&2; echo missing >&2; exit 4", "pictures left out: missing"),
        ("exit 1", "pictures left out: exit code 1"),
    ],
)
def test_a_failure_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, does: str, message: str
) -> None:
    python_that(does, tmp_path, monkeypatch)
    answer = draw_pictures(tmp_path / "fields.vtkhdf", tmp_path)
    assert answer.files == ()
    assert answer.message == message


def test_a_hang_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python_that("exec sleep 100", tmp_path, monkeypatch)
    answer = draw_pictures(tmp_path / "fields.vtkhdf", tmp_path, timeout=0.2)
    assert answer.message == "pictures left out: rendering did not end within 0.2 s"


def test_each_picture_is_told_as_it_is_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python_that("echo out/microstructure.png; echo out/potential_ion_x.png", tmp_path, monkeypatch)
    told: list[str] = []
    answer = draw_pictures(tmp_path / "fields.vtkhdf", tmp_path, say=told.append)
    assert told == ["  microstructure.png", "  potential_ion_x.png"]
    assert [file.name for file in answer.files] == ["microstructure.png", "potential_ion_x.png"]


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    answer = draw_pictures(tmp_path / "fields.vtkhdf", tmp_path)
    assert answer.files == ()
    assert answer.message is not None
    assert answer.message.startswith("pictures left out: ")
