"""Pictures of a run: microstructure, potential, current; drawn from its field file.

Rendering happens in a process of its own, started by `draw_pictures`: whatever the graphics
libraries of a machine do, a run under MPI goes on. That process asks for the libraries before it
loads VTK, and names each file as it draws it, or says in one line why there are none::

    python -m cellion.export.pictures FIELDS.vtkhdf FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellion.errors import CellionError
from cellion.export.system_libraries import installation_hint, rendering_support

__all__ = ["Pictures", "draw_pictures", "main"]

_NO_GRAPHICS = 4
_MPI_VARIABLES = ("PMI_", "PMIX_", "HYDRA_", "OMPI_", "MPI_", "MV2_")


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """What came of drawing.

    Attributes:
        files: The pictures.
        message: One line saying why there are none; None when all is well.
    """

    files: tuple[Path, ...]
    message: str | None


def draw_pictures(
    fields: Path,
    folder: Path,
    timeout: float = 300.0,
    say: Callable[[str], None] = lambda step: None,
) -> Pictures:
    """Draw the pictures of a run in a process of its own.

    Args:
        fields: A file that `cellion.export.paraview.write_fields` wrote.
        folder: Where the pictures go.
        timeout: Longest time to wait [s].
        say: Takes the name of each picture as it is drawn.

    Returns:
        The files, or the reason why there are none. A failure is not an error of the run.
    """
    command = [sys.executable, "-m", "cellion.export.pictures", str(fields), str(folder)]
    source = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
    # The process is no rank of the parallel run it is started from.
    own = {k: v for k, v in os.environ.items() if not k.startswith(_MPI_VARIABLES)}
    with tempfile.TemporaryFile("w+") as errors:
        try:
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                stdin=subprocess.DEVNULL,
                env=own | {"PYTHONPATH": path},
            )
        except OSError as error:
            return _none(f"the rendering process could not be started ({error})")
        files: list[Path] = []
        with process, _killed_after(timeout, process) as late:
            for line in process.stdout or ():
                files.append(Path(line.rstrip("\n")))
                say(f"  {files[-1].name}")
        errors.seek(0)
        told = [line for line in errors if line.strip()]
    if late.is_set():
        return _none(f"rendering did not end within {timeout:g} s")
    if process.returncode < 0:
        return _none(f"the graphics libraries crashed (signal {-process.returncode})")
    if process.returncode != 0:
        return _none(told[-1].strip() if told else f"exit code {process.returncode}")
    return Pictures(files=tuple(files), message=None)


@contextmanager
def _killed_after(seconds: float, process: subprocess.Popen[str]) -> Iterator[threading.Event]:
    """Kill a process that is late, which sets the event, or when the block does not end well."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    ended = False
    try:
        yield late
        ended = True
    finally:
        timer.cancel()
        if not ended:
            process.kill()


def _none(reason: str) -> Pictures:
    return Pictures(files=(), message=f"pictures left out: {reason}")


def main(arguments: Sequence[str]) -> int:
    """Draw all pictures of a field file; the entry of the rendering process.

    Args:
        arguments: Field file and folder.

    Returns:
        Exit code; not 0 after one line on the error stream.
    """
    fields, folder = map(Path, arguments)
    support = rendering_support()
    if support.window is None:
        hint = installation_hint(support.missing)
        sys.stderr.write(f"graphics libraries of the system are missing; install with '{hint}'\n")
        return _NO_GRAPHICS
    os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = support.window
    from cellion.export.drawing import draw  # loads VTK

    try:
        for file in draw(fields, folder):
            sys.stdout.write(f"{file}\n")
            sys.stdout.flush()
    except CellionError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
