"""Figures as markup that stands in a page: scalable, in its colours, described in words.

Text stays text. Ink, lines and paper take the colours of the page, so that a figure follows its
light and dark forms; identifiers are made unique, because several figures share one document.
"""

from __future__ import annotations

import io
import re

import matplotlib as mpl
from markupsafe import escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from cellion.export.diagrams import GRID, INK
from cellion.export.report import model

__all__ = ["drawn", "sign"]

_COLOURS = {
    INK: "currentColor",
    "#404040": "currentColor",
    "#202020": "currentColor",
    GRID: "var(--line)",
}
_STYLE = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
"""Rules for all elements, which the page has for its figures."""
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


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
