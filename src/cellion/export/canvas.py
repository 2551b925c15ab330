"""From a rendered image to a figure: axes with units, colour bar or legend, set by matplotlib.

The text of a picture is not drawn by VTK: set here, it is sharp, does not overlap, and looks like
that of the plots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from cellion.results.files import replacing

__all__ = ["ColourScale", "Shot", "finish"]

_INCHES = 5.5  # width of the image on the page
_HEADING = 0.4
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 11, "borderaxespad": 0}
_TEXT: dict[str, Any] = {"fontsize": 11, "color": "#202020"}


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A rendered image and where points of space are on it.

    Attributes:
        image: Colours, shape (height, width, 3).
        box: Lower and upper corner of the box, shape (2, 3).
        length_unit: Unit of the box.
        project: Pixel (column, row from the top) of points, shape (n, 3) -> (n, 2).
    """

    image: NDArray[np.uint8]
    box: NDArray[np.float64]
    length_unit: str
    project: Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class ColourScale:
    """What the colours of a field mean.

    Attributes:
        label: Name and unit.
        colours: Colour map.
        norm: Values of its two ends, linear or logarithmic.
    """

    label: str
    colours: Colormap
    norm: Normalize


def finish(
    shot: Shot,
    path: Path,
    *,
    title: str,
    scale: ColourScale | None = None,
    legend: Mapping[str, str] | None = None,
) -> Path:
    """Add axes, title, colour bar and legend to an image and write it.

    Args:
        shot: The image.
        path: The file, ``.png``.
        title: One line over the image.
        scale: Colour bar.
        legend: Name to colour.

    Returns:
        The path.
    """
    flat = bool(np.ptp(shot.box[:, 2]) == 0)
    height, width = shot.image.shape[:2]
    dpi = width / _INCHES  # a pixel of the image is one of the page
    tall = height / dpi
    left, bottom = (0.75, 0.6) if flat else (0.0, 0.0)
    longest = max(map(len, legend), default=0) if legend else 5
    beside = 0.75 + 0.095 * longest if legend or scale is not None else 0.15
    page = np.array([left + _INCHES + beside, bottom + tall + _HEADING])
    figure = Figure(figsize=(page[0], page[1]), dpi=dpi)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((left / page[0], bottom / page[1], _INCHES / page[0], tall / page[1]))
    figure.figimage(shot.image[::-1], left * dpi, bottom * dpi, origin="lower", zorder=-1)
    axes.patch.set_visible(False)
    if flat:
        _flat_axes(axes, shot)
    else:
        axes.axis("off")
        _box_axes(axes, shot)
    figure.text((left + 0.15) / page[0], 1 - 0.3 / page[1], title, fontsize=12, color="#202020")
    column = (left + _INCHES + 0.15) / page[0]
    if scale is not None:
        span = min(3.2, 0.8 * tall)
        lowest = bottom + (tall - span) / 2
        _colour_bar(figure, scale, (column, lowest / page[1], 0.17 / page[0], span / page[1]))
    if legend:
        handles = [Patch(facecolor=c, edgecolor="#404040", label=n) for n, c in legend.items()]
        place = (column, (bottom + 0.9 * tall) / page[1])
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=place, **_LEGEND)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=dpi)
    return path


def _colour_bar(
    figure: Figure, scale: ColourScale, place: tuple[float, float, float, float]
) -> None:
    bar_axes = figure.add_axes(place)
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.colours), cax=bar_axes)
    bar.set_label(scale.label, **_TEXT)
    bar.ax.tick_params(labelsize=10, color="#202020", labelcolor="#202020")
    bar.outline.set_linewidth(0.6)
    low, high = scale.norm.vmin, scale.norm.vmax
    if isinstance(scale.norm, LogNorm) and low is not None and high is not None:
        ticks = np.asarray(LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high))
        bar.set_ticks([tick for tick in ticks.tolist() if low <= tick <= high])
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
        bar.minorticks_off()
    else:
        bar.locator = MaxNLocator(6)
        bar.update_ticks()


def _number(value: float) -> str:
    """``200``, ``0.5``, and ``2·10⁵`` where zeros would be counted.

    The exponent is made of plain characters: matplotlib takes seconds to load its formula parser.
    """
    exponent = int(np.floor(np.log10(value) + 1e-9))
    if -3 < exponent < 4:
        return f"{value:g}"
    mantissa = round(value / 10.0**exponent)
    power = f"10{exponent}".translate(_SUPERSCRIPTS)[2:]
    return f"{'' if mantissa == 1 else f'{mantissa}·'}10{power}"


def _flat_axes(axes: Axes, shot: Shot) -> None:
    (left, bottom, _), (right, top, _) = shot.box
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_xlabel(f"x [{shot.length_unit}]", **_TEXT)
    axes.set_ylabel(f"y [{shot.length_unit}]", **_TEXT)
    axes.tick_params(labelsize=10, color="#202020", labelcolor="#202020")


def _box_axes(axes: Axes, shot: Shot) -> None:
    """Ticks along the three edges of the box that are in front of nothing."""
    (x0, y0, z0), (x1, y1, z1) = shot.box
    height, width = shot.image.shape[:2]
    centre = shot.project(shot.box.mean(axis=0)[None])[0]
    edges = (
        ("x", 0, np.array([x0, y0, z0]), np.array([x1, y0, z0])),
        ("y", 1, np.array([x1, y0, z0]), np.array([x1, y1, z0])),
        ("z", 2, np.array([x0, y0, z0]), np.array([x0, y0, z1])),
    )
    for name, axis, start, end in edges:
        ends = shot.project(np.array([start, end]))
        outward = _outward(ends, centre)
        ticks = _nice_ticks(start[axis], end[axis])[1 if name == "y" else 0 :]
        places = np.repeat(start[None], len(ticks), axis=0)
        places[:, axis] = ticks
        for value, pixel in zip(ticks, shot.project(places), strict=True):
            tip = pixel + 0.011 * width * outward
            axes.plot(*zip(pixel, tip, strict=True), color="#202020", lw=0.8, clip_on=False)
            text = f"{value - start[axis]:g}"
            column, row = pixel + 0.035 * width * outward
            axes.text(column, row, text, ha="center", va="center", **_TEXT)
        column, row = ends.mean(axis=0) + 0.088 * width * outward
        label = f"{name} [{shot.length_unit}]"
        axes.text(column, row, label, ha="center", va="center", rotation=_angle(ends), **_TEXT)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def _outward(ends: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit normal of an edge on the image that points away from the box."""
    along = ends[1] - ends[0]
    normal: NDArray[np.float64] = np.array([-along[1], along[0]]) / np.hypot(*along)
    return normal if normal @ (ends.mean(axis=0) - centre) > 0 else -normal


def _angle(ends: NDArray[np.float64]) -> float:
    """Angle of the text along an edge [degrees], never upside down; rows count downwards."""
    dx, dy = ends[1] - ends[0]
    angle = float(np.degrees(np.arctan2(-dy, dx)))
    return (angle + 90) % 180 - 90 if abs(abs(angle) - 90) > 1 else 90.0


def _nice_ticks(start: float, end: float) -> NDArray[Any]:
    """Round distances from the start of an edge, as coordinates."""
    locator = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])
    distances = np.asarray(locator.tick_values(0.0, end - start))
    inside: NDArray[Any] = distances[(distances >= 0) & (distances <= (end - start) * (1 + 1e-9))]
    return start + inside
