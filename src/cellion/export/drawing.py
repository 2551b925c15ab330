"""Pictures of a run: microstructure, then potential and current density of each carrier.

Import this module, which loads VTK, only where pictures are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize, to_rgb
from numpy.typing import NDArray

from cellion.export.annotated_image import ColourScale, annotate
from cellion.export.composite import Composite, read_composite
from cellion.export.grains import colour_labels
from cellion.export.scenes import Stage, current_paths

__all__ = ["draw"]

type Floats = NDArray[np.float64]

_MATERIAL_COLOURS = ("#ead9a6", "#48729e", "#b9583f", "#6f9a62", "#7d6796", "#8c8c8c")
# After Paul Tol's light scheme, told apart with any colour vision.
_GRAIN_COLOURS = (
    *("#77aadd", "#ee8866", "#eedd88", "#99ddff", "#44bb99", "#bbcc33"),
    *("#ffaabb", "#c7b299", "#dddddd", "#b8a1d9", "#8fc1a9", "#d9c27a"),
)
_TINTS = np.array([0.0, 0.35, -0.12, 0.2, -0.22, 0.5, -0.06, 0.1])
_VOLTS = (("V", 1.0), ("mV", 1e-3), ("µV", 1e-6), ("nV", 1e-9))
_DECADES = 2.0
_SAMPLE = 50_000  # mesh cells that set the scale
_LOW, _HIGH = 0.01, 0.998  # shares of the volume below the ends of the scale


def draw(fields: Path, folder: Path) -> Iterator[Path]:
    """Draw all pictures of a field file; the path of each is yielded before it is drawn.

    Raises:
        ResultsError: The file cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    yield (path := folder / "microstructure.png")
    composite = read_composite(fields)
    stage = Stage(composite)
    colours, legend = _label_colours(composite)
    image = stage.materials(colours)
    annotate(image, stage.view, path, title=_heading(composite), key=legend)
    for potential in composite.potentials:
        yield (path := folder / f"{potential}.png")
        scale = _potential_scale(composite, potential)
        image = stage.field(potential, scale)
        annotate(image, stage.view, path, title=f"Potential, {_about(potential)}", key=scale)
        current = potential.replace("potential", "current_density")
        if current in composite.grid.cell_data:
            yield (path := folder / f"{current}.png")
            scale = _current_scale(composite, current)
            image = stage.field(current, scale, current_paths(composite, current))
            title = f"Current density and paths (white), {_about(potential)}"
            annotate(image, stage.view, path, title=title, key=scale)


def _about(potential: str) -> str:
    """The current that a potential drives."""
    _, carrier, direction = potential.split("_")
    return f"{carrier if carrier == 'cell' else f'{carrier} transport'} along {direction}"


def _label_colours(composite: Composite) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Colour of each label, and the legend; touching grains differ."""
    names = [_MATERIAL_COLOURS[i % len(_MATERIAL_COLOURS)] for i in range(len(composite.materials))]
    grains = _grain_counts(composite)
    if _all_grains(composite):
        colours = np.array([to_rgb(name) for name in _GRAIN_COLOURS])
        return _bytes(colours[_grain_colours(composite, len(colours))]), {}
    legend: dict[str, str] = {}
    for i in np.unique(composite.label_material[composite.label_material >= 0]):
        name = composite.materials[i]
        if composite.void[i]:
            legend[f"{name} (empty)"] = "white"
        else:
            legend[name + (f" ({grains[i]} grains)" if i in grains else "")] = names[i]
    colours = np.array([to_rgb(name) for name in names])[composite.label_material]
    tint = _TINTS[_grain_colours(composite, len(_TINTS)), None] * composite.grains[:, None]
    return _bytes(np.where(tint > 0, colours + tint * (1 - colours), colours * (1 + tint))), legend


def _bytes(colours: Floats) -> NDArray[np.uint8]:
    return np.round(255 * colours).astype(np.uint8)


def _grain_counts(composite: Composite) -> dict[int, int]:
    """Number of grains of each material that has grains."""
    found, counts = np.unique(composite.label_material[composite.grains], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _all_grains(composite: Composite) -> bool:
    """Whether all there is to see are grains of one material."""
    seen = np.unique(composite.grid.cell_data["label"])
    one = len(np.unique(composite.label_material[seen])) == 1
    return bool(one and composite.grains[seen].all())


def _grain_colours(composite: Composite, palette: int) -> NDArray[np.int64]:
    """Number of a colour for each label."""
    count = len(composite.label_material)
    return colour_labels(composite.neighbours, count, palette) % palette


def _heading(composite: Composite) -> str:
    """Title of the picture of the materials."""
    if not _all_grains(composite):
        return "Microstructure"
    ((material, count),) = _grain_counts(composite).items()
    return f"{count} grains of {composite.materials[material]}"


def _potential_scale(composite: Composite, name: str) -> ColourScale:
    """All values, in volt with the prefix that suits them."""
    values = composite.grid.point_data[name]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    unit, factor = next(
        (each for each in _VOLTS if max(abs(low), abs(high)) >= 0.5 * each[1]), _VOLTS[-1]
    )
    norm = Normalize(low / factor, high / factor if high > low else low / factor + 1.0)
    colours = matplotlib.colormaps["viridis"]
    return ColourScale(label=f"potential [{unit}]", colours=colours, norm=norm, unit=factor)


def _current_scale(composite: Composite, name: str) -> ColourScale:
    """Two decades at most; linear when the values differ little.

    The few mesh cells in tight corners do not set the scale.
    """
    cells = composite.grid.cell_data
    sample = slice(None, None, 1 + len(cells["size"]) // _SAMPLE)
    sizes = np.linalg.norm(cells[name][sample], axis=1)
    order = np.argsort(sizes)[: np.count_nonzero(~np.isnan(sizes))]
    volumes = cells["size"][sample][order]
    below = np.cumsum(volumes) / volumes.sum()
    low, high = sizes[order][np.searchsorted(below, (_LOW, _HIGH))]
    high = float(high) or 1.0
    low = max(float(low), high * 10**-_DECADES)
    norm = LogNorm(low, high) if high > 8 * low else Normalize(0.0, 1.02 * high)
    return ColourScale(label="current density [A/m²]", colours=_inferno(), norm=norm)


def _inferno() -> Colormap:
    """The map without its black end, in which lines and edges would drown."""
    colours = matplotlib.colormaps["inferno"](np.linspace(0.1, 1.0, 256))
    return ListedColormap(colours, name="inferno from purple")
