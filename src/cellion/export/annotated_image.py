"""Rendered image with title, axes, colour bar and legend around it.

The text is set by Matplotlib: it is sharp, does not overlap, and looks like that of the plots.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from cellion.results.files import replacing

__all__ = ["ColourScale", "View", "annotate", "view_of"]

type Floats = NDArray[np.float64]

_DPI = 240
_AREA, _LONGEST = 1.15e6, 2400.0  # of an image [pixel]
_TOWARDS_VIEWER = np.array([1.15, -1.55, 0.95])  # from a cube
_LEFT, _BOTTOM, _RIGHT = 0.75, 0.6, 0.4  # margins of the image [inch]
_LINE, _LETTER = 0.24, 0.095  # a line and a letter of text [inch]
_LEAST_HEIGHT = 2.2  # of the page, for the colour bar [inch]
_INK = "#202020"
_TEXT: dict[str, Any] = {"fontsize": 11, "color": _INK}
_TICK, _TICK_LABEL, _AXIS_LABEL = 14, 46, 116  # distances from an edge of the box [pixel]
_TICK_DISTANCE = 120  # least distance of ticks [pixel]
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, kw_only=True)
class View:
    """Parallel projection of a box to an image that it fills.

    Attributes:
        box: Lower and upper corner, shape (2, 3).
        length_unit: Unit of the box.
        axes: Directions to the right and upwards on the image, shape (2, 3).
        scale: Pixels per unit of length.
    """

    box: Floats
    length_unit: str
    axes: Floats
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image in pixels."""
        width, height = np.ceil(self.scale * np.abs(self.axes) @ np.ptp(self.box, axis=0))
        return int(width), int(height)

    def pixels(self, points: Floats) -> Floats:
        """Columns and rows, from the lower left corner, of points of shape (n, 3)."""
        offsets = self.scale * (points - self.box.mean(axis=0)) @ self.axes.T
        pixels: Floats = offsets + np.array(self.size) / 2
        return pixels


def view_of(box: Floats, length_unit: str) -> View:
    """View of a box, or of a rectangle in the plane; long boxes are seen more from the side."""
    size = np.ptp(box, axis=0)
    axes = np.eye(3)[:2]
    if size[2] > 0:
        towards = _TOWARDS_VIEWER / np.sqrt(size)
        towards /= np.linalg.norm(towards)
        right = np.cross([0, 0, 1.0], towards)
        right /= np.linalg.norm(right)
        axes = np.array([right, np.cross(towards, right)])
    spans = np.abs(axes) @ size
    scale = min(np.sqrt(_AREA / spans.prod()), _LONGEST / spans.max())
    return View(box=box, length_unit=length_unit, axes=axes, scale=float(scale))


@dataclass(frozen=True, kw_only=True)
class ColourScale:
    """Meaning of the colours of a field.

    Attributes:
        label: Name and unit.
        colours: Colour map.
        norm: Values of its two ends, linear or logarithmic.
        unit: What one of these values stands for in the field.
    """

    label: str
    colours: Colormap
    norm: Normalize
    unit: float = 1.0


def annotate(
    image: NDArray[np.uint8],
    view: View,
    path: Path,
    *,
    title: str,
    key: ColourScale | Mapping[str, str],
) -> None:
    """Write an image with axes, title and its key.

    Args:
        image: Colours, shape (height, width, 3).
        view: Where the box is on it.
        path: The file, ``.png``.
        title: Over the image, broken into lines where it is narrow.
        key: Colour bar, or name to colour of the entries of a legend.
    """
    wide, tall = view.size[0] / _DPI, view.size[1] / _DPI
    longest = 5 if isinstance(key, ColourScale) else max(map(len, key), default=0)
    width = _LEFT + wide + _RIGHT + 0.5 + _LETTER * longest
    lines = textwrap.wrap(title, int(width / _LETTER))
    heading = 0.15 + _LINE * len(lines)
    body = max(tall, _LEAST_HEIGHT)
    figure = Figure(figsize=(width, _BOTTOM + body + heading), dpi=_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    figure.patch.set_alpha(0)
    _place_axes(figure, view, (_LEFT, _BOTTOM + (body - tall) / 2, wide, tall))
    figure.text(0.1 / width, 1 - 0.1 / figure.get_figheight(), "\n".join(lines), va="top", **_TEXT)
    beside = (_LEFT + wide + _RIGHT, _BOTTOM, body)
    if isinstance(key, ColourScale):
        _colour_bar(figure, key, beside)
    else:
        _legend(figure, key, beside)
    canvas.draw()
    page = _over_image(np.asarray(canvas.buffer_rgba()), image, _BOTTOM + (body - tall) / 2)
    with replacing(path) as partial:
        imsave(partial, page, format="png", dpi=_DPI, pil_kwargs={"compress_level": 3})


def _over_image(
    text: NDArray[np.uint8], image: NDArray[np.uint8], bottom: float
) -> NDArray[np.uint8]:
    """Put the drawn text over the image on a white page."""
    height, width = image.shape[:2]
    row, column = len(text) - round(bottom * _DPI) - height, round(_LEFT * _DPI)
    page = np.full((*text.shape[:2], 3), 255, dtype=np.uint8)
    page[row : row + height, column : column + width] = image
    inked = text[..., 3] > 0
    opacity = text[inked][:, 3:] / 255
    page[inked] = np.round(opacity * text[inked][:, :3] + (1 - opacity) * page[inked])
    return page


def _colour_bar(figure: Figure, scale: ColourScale, beside: tuple[float, float, float]) -> None:
    left, bottom, height = beside
    span = min(3.2, 0.85 * height)
    page = figure.get_size_inches()
    corner = np.array([left, bottom + (height - span) / 2]) / page
    axes = figure.add_axes((*corner, 0.17 / page[0], span / page[1]))
    bar = figure.colorbar(ScalarMappable(scale.norm, scale.colours), cax=axes)
    bar.set_label(scale.label, **_TEXT)
    axes.tick_params(labelsize=10, color=_INK, labelcolor=_INK)
    bar.outline.set_linewidth(0.6)
    low, high = scale.norm.vmin, scale.norm.vmax
    if isinstance(scale.norm, LogNorm) and low is not None and high is not None:
        ticks = np.asarray(LogLocator(subs=(1.0, 2.0, 5.0)).tick_values(low, high))
        bar.set_ticks([tick for tick in ticks.tolist() if low <= tick <= high])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
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


def _legend(figure: Figure, key: Mapping[str, str], beside: tuple[float, float, float]) -> None:
    left, bottom, height = beside
    place = np.array([left, bottom + 0.9 * height]) / figure.get_size_inches()
    figure.legend(
        handles=[Patch(facecolor=c, edgecolor="#404040", label=name) for name, c in key.items()],
        loc="upper left",
        bbox_to_anchor=tuple(place),
        frameon=False,
        fontsize=11,
        borderaxespad=0,
    )


def _place_axes(figure: Figure, view: View, place: tuple[float, float, float, float]) -> None:
    """Axes whose coordinates are pixels of the image, with the edges of the box as scales."""
    axes = figure.add_axes(tuple(np.array(place) / np.tile(figure.get_size_inches(), 2)))
    axes.patch.set_visible(False)
    axes.set(xlim=(0, view.size[0]), ylim=(0, view.size[1]), xticks=[], yticks=[])
    size = np.ptp(view.box, axis=0)
    flat = size[2] == 0
    axes.spines[:].set_visible(flat)
    # The edges in front of nothing, by their first corner in units of the box.
    starts = {0: (0, 0, 0), 1: (0 if flat else 1, 0, 0), 2: (0, 0, 0)}
    for axis in range(2 if flat else 3):
        start = view.box[0] + size * starts[axis]
        end = start + size * np.eye(3)[axis]
        _scale(axes, view, "xyz"[axis], start, end)


def _scale(axes: Axes, view: View, name: str, start: Floats, end: Floats) -> None:
    """Ticks and a label along an edge of the box."""
    ends = view.pixels(np.array([start, end]))
    outward = _outward(ends, np.array(view.size) / 2)
    length = float(np.linalg.norm(end - start))
    distances = _ticks(length, float(np.hypot(*(ends[1] - ends[0]))))
    centred: dict[str, Any] = {"ha": "center", "va": "center"} | _TEXT
    for distance in distances:
        if distance == 0 and name == "y" and start[0] > view.box[0, 0]:
            continue  # the corner where x ends
        pixel = ends[0] + (ends[1] - ends[0]) * distance / length
        tip = pixel + _TICK * outward
        axes.plot(*zip(pixel, tip, strict=True), color=_INK, lw=0.8, clip_on=False)
        column, row = pixel + _TICK_LABEL * outward
        axes.text(column, row, f"{distance:g}", **centred)
    column, row = ends.mean(axis=0) + _AXIS_LABEL * outward
    axes.text(column, row, f"{name} [{view.length_unit}]", rotation=_angle(ends), **centred)


def _ticks(length: float, pixels: float) -> list[float]:
    """Round distances from the start of an edge; only its end where there is room for no more."""
    if pixels < _TICK_DISTANCE:
        return [length]
    most = min(4, int(pixels / _TICK_DISTANCE))
    places = np.asarray(MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(0, length))
    return [place for place in places.tolist() if 0 <= place <= length * (1 + 1e-9)]


def _outward(ends: Floats, centre: Floats) -> Floats:
    """Unit normal of an edge on the image that points away from the box."""
    along = ends[1] - ends[0]
    normal: Floats = np.array([-along[1], along[0]]) / np.hypot(*along)
    return normal if normal @ (ends.mean(axis=0) - centre) > 0 else -normal


def _angle(ends: Floats) -> float:
    """Angle of the text along an edge [degrees], never upside down."""
    dx, dy = ends[1] - ends[0]
    angle = float(np.degrees(np.arctan2(dy, dx)))
    return (angle + 90) % 180 - 90 if abs(abs(angle) - 90) > 1 else 90.0
