"""Missing libraries are named as packages, and the right kind of window is chosen."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from cellion.export.system_libraries import (
    RenderingSupport,
    installation_hint,
    missing_compiler_packages,
    rendering_support,
)

DISPLAY = {"DISPLAY": ":0"}


def support(
    present: set[str], environment: dict[str, str], driver: bool = True
) -> RenderingSupport:
    """What is found on a machine that has only the libraries in `present`."""

    def load(name: str) -> ctypes.CDLL:
        if name not in present:
            raise OSError(f"{name}: cannot open shared object file")
        return ctypes.CDLL(None)

    return rendering_support(load, environment, lambda egl: driver)


@pytest.mark.parametrize(
    ("present", "environment", "driver", "window"),
    [
        ({"libEGL.so.1", "libEGL_mesa.so.0"}, {}, True, "vtkEGLRenderWindow"),
        ({"libEGL.so.1", "libX11.so.6", "libGL.so.1"}, DISPLAY, True, "vtkEGLRenderWindow"),
        ({"libOSMesa.so.8"}, {}, True, "vtkOSOpenGLRenderWindow"),
        ({"libEGL.so.1", "libOSMesa.so.6"}, {}, False, "vtkOSOpenGLRenderWindow"),
        ({"libX11.so.6", "libGL.so.1"}, DISPLAY, True, "vtkXOpenGLRenderWindow"),
    ],
)
def test_the_kind_of_window(
    present: set[str], environment: dict[str, str], driver: bool, window: str
) -> None:
    assert support(present, environment, driver) == RenderingSupport(window=window)


@pytest.mark.parametrize(
    ("present", "environment", "missing"),
    [
        (set(), {}, ("libegl1", "libegl-mesa0", "libgl1-mesa-dri")),
        (set(), DISPLAY, ("libegl1", "libegl-mesa0", "libgl1-mesa-dri")),
        ({"libEGL.so.1"}, {}, ("libegl-mesa0", "libgl1-mesa-dri")),
        ({"libEGL.so.1", "libEGL_mesa.so.0"}, {}, ("libgl1-mesa-dri",)),
        (
            {"libX11.so.6", "libGL.so.1"},
            {},
            ("libegl1", "libegl-mesa0", "libgl1-mesa-dri"),
        ),
    ],
)
def test_missing_packages_are_named(
    present: set[str], environment: dict[str, str], missing: tuple[str, ...]
) -> None:
    found = support(present, environment, driver=False)
    assert found == RenderingSupport(window=None, missing=missing)


def test_the_hint_is_a_command() -> None:
    assert installation_hint(["libegl1"]) == "apt-get install --no-install-recommends libegl1"


def test_a_missing_compiler_is_named() -> None:
    missing = missing_compiler_packages(lambda name: None, {})
    assert missing[:2] == ("gcc", "libc6-dev")


def test_a_compiler_without_headers(tmp_path: Path) -> None:
    compiler = tmp_path / "odd-cc"
    compiler.write_text("#!/bin/sh\nexit 1\n")
    compiler.chmod(0o755)
    asked = []

    def which(name: str) -> str:
        asked.append(name)
        return str(compiler)

    missing = missing_compiler_packages(which, {"CC": "odd-cc -O2"})
    assert asked == ["odd-cc"]
    assert "libc6-dev" in missing
    assert "gcc" not in missing
