"""What a run needs from the system beyond Python packages, found before it is needed.

Rendering: VTK loads the graphics libraries of the system when its first window opens, and the
process dies by a segmentation fault when they are missing, as on a stock Debian. So they are tried
here first, without VTK. Off the screen, EGL with Mesa's software driver is the first choice, then
OSMesa, then a running X server; VTK is told which one through ``VTK_DEFAULT_OPENGL_WINDOW``.

Compiling: DOLFINx compiles its forms when a run starts, which takes a C compiler, the headers of
the C library and those of Python.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "RenderingSupport",
    "installation_hint",
    "missing_compiler_packages",
    "rendering_support",
]

type Loader = Callable[[str], ctypes.CDLL]

# Shared library -> package of Debian 12 and 13 (and of Ubuntu).
_EGL = {"libEGL.so.1": "libegl1", "libEGL_mesa.so.0": "libegl-mesa0"}
_EGL_VENDORS = ("libEGL_mesa.so.0", "libEGL_nvidia.so.0")
_EGL_DRIVERS = "libgl1-mesa-dri"
_OSMESA = ("libOSMesa.so.8", "libOSMesa.so.6")
_X = ("libX11.so.6", "libGL.so.1")

_EGL_PLATFORM_DEVICE = 0x313F  # EGL_PLATFORM_DEVICE_EXT
_MAX_DEVICES = 16


@dataclass(frozen=True, kw_only=True)
class RenderingSupport:
    """How VTK can render on this machine.

    Attributes:
        window: Value for ``VTK_DEFAULT_OPENGL_WINDOW``; None when rendering is impossible.
        missing: Debian packages that would make it possible; empty when it is.
    """

    window: str | None
    missing: tuple[str, ...] = ()


def rendering_support(
    load: Loader | None = None,
    environment: Mapping[str, str] | None = None,
    initialises: Callable[[ctypes.CDLL], bool] | None = None,
) -> RenderingSupport:
    """Find a way to render off the screen; VTK is not imported for this.

    The graphics libraries stay loaded in the process that asks, so ask in the process that renders.

    Args:
        load: Loads a shared library by name or raises OSError; `ctypes.CDLL` by default.
        environment: Environment variables; those of the process by default.
        initialises: Whether the EGL library finds a driver that works; tried out by default.

    Returns:
        The window class for VTK, or the packages that are missing.
    """
    load = load or ctypes.CDLL
    environment = os.environ if environment is None else environment
    initialises = initialises or _egl_initialises
    egl = _first(("libEGL.so.1",), load)
    if egl is not None and initialises(egl):
        return RenderingSupport(window="vtkEGLRenderWindow")
    if _first(_OSMESA, load) is not None:
        return RenderingSupport(window="vtkOSOpenGLRenderWindow")
    if environment.get("DISPLAY") and all(_first((name,), load) is not None for name in _X):
        return RenderingSupport(window="vtkXOpenGLRenderWindow")
    missing = [] if egl is not None else [_EGL["libEGL.so.1"]]
    if _first(_EGL_VENDORS, load) is None:
        missing.append(_EGL["libEGL_mesa.so.0"])
    return RenderingSupport(window=None, missing=(*missing, _EGL_DRIVERS))


def missing_compiler_packages(
    which: Callable[[str], str | None] = shutil.which,
    environment: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Debian packages that compiling needs and that are not there; empty when all is well.

    Args:
        which: Finds a program or returns None.
        environment: Environment variables; those of the process by default (``CC`` is heeded).
    """
    environment = os.environ if environment is None else environment
    named = environment.get("CC") or sysconfig.get_config_var("CC") or "cc"
    compiler = which(str(named).split()[0])
    missing = []
    if compiler is None:
        missing.append("gcc")
    if compiler is None or not _finds_headers(compiler):
        missing.append("libc6-dev")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-dev")
    return tuple(missing)


def installation_hint(packages: Iterable[str]) -> str:
    """The command that installs the packages on Debian and Ubuntu."""
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def _first(names: Iterable[str], load: Loader) -> ctypes.CDLL | None:
    for name in names:
        try:
            return load(name)
        except OSError:
            continue
    return None


def _finds_headers(compiler: str) -> bool:
    """Whether the compiler finds the headers of the C library."""
    try:
        answer = subprocess.run(
            # No text on its standard input: one that ends early breaks the pipe, which PETSc, once
            # it is loaded, takes for a reason to abort.
            [compiler, "-E", "-x", "c", "-include", "stdlib.h", os.devnull],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _egl_initialises(egl: ctypes.CDLL) -> bool:
    """Whether one of the devices of EGL can be used, as VTK will try: device by device."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    egl.eglGetProcAddress.restype = pointer
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    addresses = [
        egl.eglGetProcAddress(name) for name in (b"eglQueryDevicesEXT", b"eglGetPlatformDisplayEXT")
    ]
    if None in addresses:
        return False
    query = ctypes.CFUNCTYPE(integer, integer, pointer, pointer)(addresses[0])
    open_display = ctypes.CFUNCTYPE(pointer, integer, pointer, pointer)(addresses[1])
    egl.eglInitialize.argtypes = [pointer, pointer, pointer]
    egl.eglTerminate.argtypes = [pointer]
    devices, count = (pointer * _MAX_DEVICES)(), integer(0)
    if not query(_MAX_DEVICES, ctypes.addressof(devices), ctypes.addressof(count)):
        return False
    for device in devices[: count.value]:
        display = open_display(_EGL_PLATFORM_DEVICE, device, None)
        if display and egl.eglInitialize(display, None, None):
            egl.eglTerminate(display)
            return True
    return False
