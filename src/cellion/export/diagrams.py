"""The look of all diagrams: colours, axes, legends beside the data; and their files.

Drawn with Matplotlib without its global state. Colours are those of the report, which puts its own
ink and paper in their place.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from cellion.errors import ResultsError
from cellion.export.formatting import digits
from cellion.results.files import replacing

__all__ = [
    "GRID",
    "INK",
    "PALETTE",
    "PageFigure",
    "add_celsius",
    "curve_style",
    "drawing",
    "from_zero",
    "legend_above",
    "logarithmic",
    "new_figure",
    "tidy",
    "write_figure",
]

type Floats = NDArray[np.float64]

INK, GRID = "#1b2733", "#d8dee4"
"""Colours that the page replaces by its own."""

# After Okabe and Ito, told apart with any colour vision; a little darker where white paper asks for
# it, so that the contrast is 3 on light and dark paper.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B87C00", "#2F8FC8", "#8A6FBF", "#6B7785")

_MARKERS = "osD^vPX*"
_SUFFIXES = (".png", ".svg", ".pdf")
_ENDS = (1e-100, 1e100)
"""Beyond these the margins of an axis, a share of its decades, may be no floating-point numbers."""
_LETTERS_PER_INCH, _SIGN = 13, 6
"""Letters of a legend in a line, and the place of a sign before them."""
_HALF_DECADE, _DECADE_AND_HALF = 4.0, 30.0
_THEME: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.7,
    "axes.titlesize": 10,
    "figure.facecolor": "none",
    "font.size": 9.5,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


class PageFigure(Figure):
    """A figure that shows itself in a notebook, without Matplotlib's global state."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        with drawing():
            self.savefig(stream, format="png", dpi=110, facecolor="white")
        return stream.getvalue()


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the look of all diagrams."""
    with mpl.rc_context(_THEME), warnings.catch_warnings():
        # Letters that the font of the drawing lacks stay text, which browsers have fonts for.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def write_figure(path: Path, draw: Callable[[], Figure]) -> Path:
    """Draw a figure to a file, which appears whole or not at all.

    Args:
        path: The file; its ending says whether PNG, SVG or PDF.
        draw: Draws the figure.

    Raises:
        ResultsError: The ending is another one, or the file cannot be written.
    """
    if path.suffix not in _SUFFIXES:
        raise ResultsError(
            f"{path}: found the ending {path.suffix!r}; allowed: {', '.join(_SUFFIXES)}"
        )
    with drawing():
        figure = draw()
        with replacing(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], dpi=220, facecolor="white")
    return path


def new_figure(
    height: float = 3.5, width: float = 4.8, rows: int = 1, columns: int = 1
) -> tuple[PageFigure, list[Axes]]:
    """Make a figure.

    Args:
        height: Height [inches].
        width: Width [inches].
        rows: Rows of diagrams.
        columns: Diagrams in a row.
    """
    figure = PageFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def legend_above(
    figure: Figure,
    handles: Sequence[Artist] | None = None,
    *,
    columns: int = 2,
    title: str | None = None,
) -> Legend:
    """Put the legend above the diagrams, off the data; long labels have fewer columns, or wrap.

    Args:
        figure: The figure.
        handles: Entries; by default what the diagrams hold.
        columns: Number of columns, where the labels are short enough.
        title: Heading.
    """
    if handles is None:
        handles = [each for axes in figure.axes for each in axes.get_legend_handles_labels()[0]]
    labels = [str(each.get_label()) for each in handles]
    line = int(_LETTERS_PER_INCH * figure.get_figwidth())
    fitting = line // (max(map(len, labels), default=1) + _SIGN)
    return figure.legend(
        handles,
        [fill(label, line - _SIGN) for label in labels],
        loc="outside upper left",
        ncols=max(1, min(columns, fitting)),
        alignment="left",
        title=title,
    )


def curve_style(number: int) -> dict[str, Any]:
    """Colour and marker of a curve.

    Args:
        number: Its place among the curves, from 0.
    """
    return {"color": PALETTE[number % len(PALETTE)], "marker": _MARKERS[number % len(_MARKERS)]}


def tidy(axes: Axes) -> None:
    """Leave out what a diagram does not need."""
    axes.grid(visible=True, which="major", color=GRID, linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def from_zero(axes: Axes) -> None:
    """Let the vertical axis begin at 0, with room above the highest point."""
    axes.set_ylim(0.0, 1.08 * max(axes.dataLim.ymax, 0.0) or 1.0)


def logarithmic(axes: Axes, names: str = "y") -> None:
    """Make axes logarithmic, after everything is drawn; what lies far out does not stretch them.

    Ticks are plain numbers, and powers of ten far from 1; several within a decade.

    Args:
        axes: The axes.
        names: Letters of those that are meant, ``x``, ``y`` or both.
    """
    for name in names:
        low, high = getattr(axes.dataLim, f"interval{name}")
        positive = getattr(axes.dataLim, f"minpos{name}")
        if np.isfinite([low, high, positive]).all():
            ends = np.clip([max(low, positive), high], *_ENDS)
            setattr(axes.dataLim, f"interval{name}", ends)
        getattr(axes, f"set_{name}scale")("log")
        low, high = getattr(axes, f"get_{name}lim")()
        axis: Axis = getattr(axes, f"{name}axis")
        if high / low < _DECADE_AND_HALF:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        if high / low < _HALF_DECADE:
            axis.set_major_locator(MaxNLocator(6))
            axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))
        axis.set_minor_formatter(NullFormatter())


def _plain(value: float) -> str:
    return f"{value:.6g}" if 1e-3 <= value < 1e5 else digits(value, 1)


def add_celsius(axes: Axes, temperature: Floats) -> None:
    """Add an axis of degrees Celsius above one of 1000 / T [1/K].

    Args:
        axes: The diagram.
        temperature: Temperatures that are shown [K].
    """
    above = axes.secondary_xaxis("top", functions=(_celsius, _inverse))
    above.set_xlabel("T [°C]")
    above.set_xticks(_round_ticks(temperature - 273.15))


def _celsius(inverse: ArrayLike) -> Floats:
    """From 1000 / T to degrees Celsius."""
    return 1000.0 / np.maximum(np.asarray(inverse, dtype=np.float64), 1e-3) - 273.15


def _inverse(celsius: ArrayLike) -> Floats:
    """From degrees Celsius to 1000 / T."""
    return 1000.0 / np.maximum(np.asarray(celsius, dtype=np.float64) + 273.15, 1e-3)


def _round_ticks(celsius: Floats) -> list[float]:
    """About five round temperatures in the range."""
    low, high = float(celsius.min()), float(celsius.max())
    step = next((s for s in (5.0, 10.0, 25.0, 50.0, 100.0, 250.0) if (high - low) / s <= 6), 500.0)
    return [float(t) for t in np.arange(math.ceil(low / step) * step, high + 1e-9, step)]
