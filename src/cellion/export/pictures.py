"""Pictures of a run: microstructure, potential, current; drawn from its field file.

Rendering happens in a process of its own, started by `draw_pictures`: whatever the graphics
libraries of a machine do, a run under MPI goes on. That process asks for the libraries before it
loads VTK, and answers with the files it made or one line that says why there are none::

    python -m cellion.export.pictures FIELDS.vtkhdf FOLDER
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize, to_rgb
from numpy.typing import NDArray

from cellion.errors import CellionError
from cellion.export.canvas import ColourScale, finish
from cellion.export.grains import colour_labels
from cellion.export.surfaces import Composite, read_composite
from cellion.export.system_libraries import installation_hint, rendering_support

__all__ = ["Pictures", "draw_pictures", "main"]

type Floats = NDArray[np.float64]

_MATERIAL_COLOURS = ("#ead9a6", "#48729e", "#b9583f", "#6f9a62", "#7d6796", "#8c8c8c")
# After Paul Tol's light scheme, told apart with any colour vision.
_GRAIN_COLOURS = (
    *("#77aadd", "#ee8866", "#eedd88", "#99ddff", "#44bb99", "#bbcc33"),
    *("#ffaabb", "#c7b299", "#dddddd", "#b8a1d9", "#8fc1a9", "#d9c27a"),
)
_TINTS = np.array([0.0, 0.35, -0.12, 0.2, -0.22, 0.5, -0.06, 0.1])
_NO_GRAPHICS = 4
_POTENTIAL = re.compile(r"potential_(?P<carrier>[a-z]+)_(?P<direction>[xyz])$")
_DECADES = 2.0
_LOW, _HIGH = 0.01, 0.998  # shares of the volume below the ends of the scale
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
        say: Takes the name of each picture when it is there.

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
    try:
        for file in _drawn(read_composite(fields), folder):
            sys.stdout.write(f"{file}\n")
            sys.stdout.flush()
    except CellionError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _drawn(composite: Composite, folder: Path) -> Iterator[Path]:
    """Draw all pictures, and yield each when it is there."""
    # VTK may be loaded only after its libraries were found.
    from cellion.export.scenes import open_scene, render_field, render_materials
    from cellion.export.streamlines import current_paths

    folder.mkdir(parents=True, exist_ok=True)
    scene = open_scene(composite, {}, whole_particles=True)
    colours, legend = _material_colours(composite)
    shot = render_materials(scene, colours)
    title = _heading(composite)
    yield finish(shot, folder / "microstructure.png", title=title, legend=legend)
    fields = _fields(composite)
    scene = open_scene(
        composite, {field.name: field.values for field in fields}, whole_particles=False
    )
    for field in fields:
        paths = None if field.vectors is None else current_paths(composite, field.vectors)
        shot = render_field(scene, field.name, field.scale, paths)
        file = folder / f"{field.name}.png"
        yield finish(shot, file, title=field.title, scale=field.scale)


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A field to draw: its values at the points, NaN where it has none."""

    name: str
    title: str
    values: Floats
    scale: ColourScale
    vectors: Floats | None = None


def _fields(composite: Composite) -> list[_Field]:
    """Potential and current density of each carrier, for its first direction."""
    fields = []
    carriers = set()
    for name in sorted(composite.potential, key=lambda name: ("ion" not in name, name)):
        match = _POTENTIAL.match(name)
        values = composite.potential[name]
        if match is None or match["carrier"] in carriers or np.isnan(values).all():
            continue
        carriers.add(match["carrier"])
        about = _about(match["carrier"], match["direction"])
        unit, factor = _prefixed(values)
        values = values / factor
        scale = _linear(f"potential [{unit}]", values)
        fields.append(_Field(name=name, title=f"Potential, {about}", values=values, scale=scale))
        current = composite.current_density.get(name.replace("potential", "current_density"))
        if current is not None:
            shown = composite.conducting(name)
            vectors = _at_points(composite, current, shown)
            values = np.linalg.norm(vectors, axis=1)
            sizes = np.linalg.norm(current[shown], axis=1)
            fields.append(
                _Field(
                    name=name.replace("potential", "current_density"),
                    title=f"Current density and paths (white), {about}",
                    values=values,
                    scale=_logarithmic("current density [A/m²]", sizes, _volumes(composite)[shown]),
                    vectors=vectors,
                )
            )
    return fields


def _about(carrier: str, direction: str) -> str:
    """Say what current a field belongs to."""
    return (
        f"cell along {direction}" if carrier == "cell" else f"{carrier} transport along {direction}"
    )


def _material_colours(composite: Composite) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Colour of each mesh cell, and the legend; touching grains differ."""
    count = len(composite.materials)
    names = [_MATERIAL_COLOURS[i % len(_MATERIAL_COLOURS)] for i in range(count)]
    empty = set(np.unique(composite.material[composite.void]))
    grains = _grain_counts(composite)
    legend: dict[str, str] = {}
    for i in np.unique(composite.material):
        name = composite.materials[i]
        if i in empty:
            legend[f"{name} (empty)"] = "white"
        else:
            legend[name + (f" ({grains[i]} grains)" if i in grains else "")] = names[i]
    table = np.array([to_rgb(name) for name in names])[composite.material]
    if _all_grains(composite):
        table, legend = np.array([to_rgb(name) for name in _GRAIN_COLOURS]), {}
        table = table[_grain_colours(composite, len(table)) % len(table)]
    elif grains:
        tint = _TINTS[_grain_colours(composite, len(_TINTS)) % len(_TINTS), None]
        tinted = np.where(tint > 0, table + tint * (1 - table), table * (1 + tint))
        table = np.where(composite.grains[:, None], tinted, table)
    return np.round(255 * table).astype(np.uint8), legend


def _grain_counts(composite: Composite) -> dict[int, int]:
    """Number of grains of each material that has grains."""
    labels = np.unique(composite.label[composite.grains])
    found, counts = np.unique(composite.label_material[labels], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _all_grains(composite: Composite) -> bool:
    """Whether all there is to see are grains of one material."""
    seen = np.unique(composite.material[~composite.void])
    return bool(len(seen) == 1 and composite.grains[~composite.void].all())


def _grain_colours(composite: Composite, palette: int) -> NDArray[np.int64]:
    """Number of a colour for each mesh cell."""
    count = len(composite.label_material)
    return colour_labels(composite.neighbours, count, palette)[composite.label]


def _heading(composite: Composite) -> str:
    """Title of the picture of the materials."""
    if not _all_grains(composite):
        return "Microstructure"
    ((material, count),) = _grain_counts(composite).items()
    return f"{count} grains of {composite.materials[material]}"


def _prefixed(values: Floats) -> tuple[str, float]:
    """Volt with the prefix that suits the values, and what it stands for."""
    largest = float(np.nanmax(np.abs(values)))
    return next(
        (each for each in (("V", 1.0), ("mV", 1e-3), ("µV", 1e-6)) if largest >= 0.5 * each[1]),
        ("nV", 1e-9),
    )


def _linear(label: str, values: Floats) -> ColourScale:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    norm = Normalize(low, high if high > low else low + 1.0)
    return ColourScale(label=label, colours=matplotlib.colormaps["viridis"], norm=norm)


def _logarithmic(label: str, sizes: Floats, volumes: Floats) -> ColourScale:
    """Two decades at most; linear when the values differ little.

    Args:
        label: Name and unit.
        sizes: Magnitude in mesh cells, shape (m,).
        volumes: Their volumes, shape (m,); the few in tight corners shall not set the scale.
    """
    order = np.argsort(sizes)
    below = np.cumsum(volumes[order]) / volumes.sum()
    low, high = sizes[order][np.searchsorted(below, (_LOW, _HIGH))]
    high = float(high) or 1.0
    low = max(float(low), high * 10**-_DECADES)
    norm = LogNorm(low, high) if high > 8 * low else Normalize(0.0, 1.02 * high)
    return ColourScale(label=label, colours=_inferno(), norm=norm)


def _inferno() -> Colormap:
    """The map without its black end, in which lines and edges would drown."""
    colours = matplotlib.colormaps["inferno"](np.linspace(0.1, 1.0, 256))
    return ListedColormap(colours, name="inferno from purple")


def _at_points(composite: Composite, values: Floats, shown: NDArray[np.bool_]) -> Floats:
    """Mean over the mesh cells around a point, by volume; points belong to one label.

    Args:
        composite: The mesh.
        values: Vectors in the mesh cells, shape (m, 3).
        shown: Mesh cells that count, shape (m,).

    Returns:
        Vectors at the points, shape (n, 3); NaN at points of no such mesh cell.
    """
    cells = composite.cells[shown]
    weight = np.repeat(_volumes(composite)[shown], cells.shape[1])
    count = len(composite.points)
    total = np.bincount(cells.ravel(), weight, count)
    total[total == 0] = np.nan
    repeated = np.repeat(values[shown], cells.shape[1], axis=0)
    columns = [np.bincount(cells.ravel(), weight * column, count) / total for column in repeated.T]
    return np.column_stack(columns)


def _volumes(composite: Composite) -> Floats:
    """Volume of each mesh cell up to a factor, shape (m,)."""
    corners = composite.points[composite.cells]
    edges = corners[:, 1:, : composite.dimension] - corners[:, :1, : composite.dimension]
    volumes: Floats = np.abs(np.linalg.det(edges))
    return volumes


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
