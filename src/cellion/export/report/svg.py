"""Figures as markup that stands in a page: scalable, in its colours, described in words.

Text stays text. Ink, lines and paper take the colours of the page, so that a figure follows its
light and dark forms; identifiers are made unique, because several figures share one document.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, NullFormatter

from cellion.export.report import model
from cellion.export.report.words import digits

__all__ = [
    "GRID",
    "INK",
    "PALETTE",
    "curve_style",
    "drawing",
    "drawn",
    "from_zero",
    "new_figure",
    "plain_logarithm",
    "sign",
    "tidy",
]

INK, GRID = "#1b2733", "#d8dee4"
"""Colours that the page replaces by its own."""

# After Okabe and Ito, told apart with any colour vision; a little darker where white paper asks for
# it, so that the contrast is 3 on light and dark paper.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B87C00", "#2F8FC8", "#8A6FBF", "#6B7785")

_MARKERS = "osD^vPX*"

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
_COLOURS = {
    INK: "currentColor",
    "#404040": "currentColor",
    "#202020": "currentColor",
    GRID: "var(--line)",
}
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
"""Rules for all elements, which the page has for its figures."""
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the style of the page."""
    with mpl.rc_context(_THEME), warnings.catch_warnings():
        # Letters that the font of the drawing lacks stay text, which browsers have fonts for.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(height: float = 3.5, width: float = 4.8) -> tuple[Figure, Axes]:
    """Make a figure with one diagram.

    Args:
        height: Height [inches].
        width: Width [inches].
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


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


def plain_logarithm(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers, and powers of ten far from 1.

    Args:
        axis: A logarithmic axis.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: _plain(value)))
    axis.set_minor_formatter(NullFormatter())


def _plain(value: float) -> str:
    return f"{value:.6g}" if 1e-3 <= value < 1e5 else digits(value, 1)


def drawn(figure: Figure, name: str, *, alt: str, caption: str, wide: bool = False) -> model.Figure:
    """Turn a figure into markup.

    Args:
        figure: The figure, drawn inside of `drawing`.
        name: Unique in the page, a word.
        alt: What it shows, in words.
        caption: Text below.
        wide: Whether it takes the width of the page.
    """
    text = _markup(figure, name, f'role="img" aria-label="{escape(alt)}"')
    return model.Figure(svg=text, alt=alt, caption=caption, wide=wide)


def sign(handle: Line2D | Patch, name: str) -> model.Sign:
    """Turn an entry of a legend into markup.

    Args:
        handle: What it looks like, with its label.
        name: Unique in the page, a word.
    """
    figure = Figure(figsize=(0.4, 0.2))
    FigureCanvasAgg(figure)
    if isinstance(handle, Patch):
        figure.add_artist(Rectangle((0.1, 0.2), 0.8, 0.6, color=handle.get_facecolor(), lw=0))
    else:
        line = Line2D([0.05, 0.5, 0.95], [0.5] * 3, markevery=[1])
        line.update_from(handle)
        line.set_transform(figure.transFigure)
        figure.add_artist(line)
    return model.Sign(svg=_markup(figure, name, 'aria-hidden="true"'), text=str(handle.get_label()))


def _markup(figure: Figure, name: str, attributes: str) -> str:
    """Draw a figure as an element of a page."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata=_NO_METADATA)
    text = stream.getvalue()
    text = _STYLE.sub("", text[text.index("<svg") :])
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|xlink:href=")#', rf"\1#{name}-", text)
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    for colour, own in _COLOURS.items():
        text = text.replace(colour, own)
    return text.replace("<svg ", f"<svg {attributes} ", 1)
