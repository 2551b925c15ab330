"""Pages around images: what is written stays apart, whatever the shape of the box."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.path import Path as Outline
from matplotlib.text import Text

from cellion.export import annotated_image
from cellion.export.annotated_image import ColourScale, View, annotate, view_of

TITLE = "Current density and paths (white), electron transport along x"
SCALE = ColourScale(
    label="current density [A/m²]", colours=matplotlib.colormaps["viridis"], norm=LogNorm(1, 100)
)
LEGEND = {"solid electrolyte": "red", "active material (12 grains)": "blue"}
BOXES = {
    "cube": (20, 20, 20),
    "column": (10, 10, 100),
    "bar": (100, 10, 10),
    "sheet": (40, 40, 4),
    "square": (30, 30, 0),
    "strip": (100, 10, 0),
}


def view(name: str) -> View:
    return view_of(np.array([(0, 0, 0), BOXES[name]], dtype=float), "µm")


def outline(text: Text) -> Outline:
    """The rectangle around a text, turned as it is."""
    angle = np.radians(text.get_rotation())
    text.set_rotation(0)
    extent = text.get_window_extent()
    text.set_rotation(np.degrees(angle))
    turned = text.get_window_extent()
    corners = extent.corners()[[0, 1, 3, 2, 0]] - (extent.p0 + extent.p1) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return Outline(corners @ turn + (turned.p0 + turned.p1) / 2, closed=True)


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("key", [SCALE, LEGEND], ids=["colour bar", "legend"])
def test_no_text_overlaps_or_leaves_the_page(
    name: str, key: ColourScale | dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures: list[Figure] = []
    make = annotated_image.Figure

    def kept(*args: object, **options: object) -> Figure:
        figures.append(make(*args, **options))
        return figures[-1]

    monkeypatch.setattr(annotated_image, "Figure", kept)
    seen = view(name)
    image = np.zeros((*seen.size[::-1], 3), dtype=np.uint8)
    annotate(image, seen, tmp_path / "a.png", title=TITLE, key=key)
    (figure,) = figures
    texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert {"x [µm]", "y [µm]"} <= {text.get_text() for text in texts}
    outlines = [outline(text) for text in texts]
    width, height = figure.bbox.size
    for i, corners in enumerate(outlines):
        assert (corners.vertices >= 0).all(), texts[i]
        assert (corners.vertices <= (width, height)).all(), texts[i]
        for other, there in zip(texts[:i], outlines[:i], strict=True):
            assert not corners.intersects_path(there), (texts[i], other)


@pytest.mark.parametrize("name", BOXES)
def test_the_box_fills_the_image(name: str) -> None:
    seen = view(name)
    corners = np.array([np.where(pick, *seen.box[::-1]) for pick in np.ndindex(2, 2, 2)])
    pixels = seen.pixels(corners)
    np.testing.assert_allclose(pixels.min(axis=0), 0, atol=1)
    np.testing.assert_allclose(pixels.max(axis=0), seen.size, atol=1)


def test_a_thin_column_is_large_enough_to_be_read() -> None:
    """Its cross section is at least as wide as two lines of axis labels, and its sides are seen."""
    seen = view("column")
    assert seen.size[1] == 2400
    assert seen.size[0] > 300


def test_the_image_is_kept_as_it_is(tmp_path: Path) -> None:
    seen = view("cube")
    image = np.full((*seen.size[::-1], 3), (10, 200, 30), dtype=np.uint8)
    annotate(image, seen, tmp_path / "a.png", title="A", key={"A": "red"})
    page = np.round(255 * imread(tmp_path / "a.png")[..., :3])
    shown = (page == (10, 200, 30)).all(axis=-1).sum()
    assert shown > 0.97 * seen.size[0] * seen.size[1]
