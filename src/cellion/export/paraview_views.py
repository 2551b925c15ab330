"""Views of a result of cellion in ParaView 5.12 or newer.

This file lies beside the fields that it opens: ``fields.vtkhdf`` of a run, or the collection
``fields.vtkhdf.series`` of a study, and the imperfect interfaces, where there are any. It is one
and the same file for all results: what there is to see is found when it is loaded::

    paraview --state=DIR/paraview_views.py                  # or File > Load State
    pvpython DIR/paraview_views.py --screenshot views.png   # a study: one picture per point

``--of electron_x`` shows another carrier and direction.
"""

# For Python 3.10, which ParaView 5.12 brings. Annotations are no strings: ParaView runs this in a
# namespace that belongs to no module, in which dataclasses could not look them up.

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paraview import simple

__all__ = ["main"]

_MATERIAL_COLOURS = ("#ead9a6", "#48729e", "#b9583f", "#6f9a62", "#7d6796", "#8c8c8c")
_GRAIN_COLOURS = (
    *("#77aadd", "#ee8866", "#eedd88", "#99ddff", "#44bb99", "#bbcc33"),
    *("#ffaabb", "#c7b299", "#dddddd", "#b8a1d9", "#8fc1a9", "#d9c27a"),
)
_NEUTRAL, _DARK = (0.85, 0.85, 0.85), (0.125, 0.125, 0.125)
_TOWARDS_VIEWER = (0.55, -0.75, 0.45)
_STREAMLINES = 150  # in the plane a third of them
_PIXELS = (640, 560)  # of a view on a picture


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """What is to be seen.

    Attributes:
        fields: Reader of the fields.
        interfaces: Reader of the imperfect interfaces; None when there are none.
        of: Carrier and direction, as names of fields end, such as ``ion_x``; empty without fields.
        box: Lower and upper corner [m].
        middle: Where it is cut [m].
        steps: The studied values at each value of the parameter axis; empty for a run.
    """

    fields: Any
    interfaces: Any
    of: str
    box: tuple[tuple[float, ...], tuple[float, ...]]
    middle: tuple[float, ...]
    steps: dict[float, str]

    @property
    def size(self) -> list[float]:
        """Edges of the box [m]."""
        return [b - a for a, b in zip(*self.box, strict=True)]

    @property
    def flat(self) -> bool:
        """Whether the results are in the plane."""
        return self.size[2] == 0


def _open(folder: Path, of: str | None) -> _Opened:
    """Open what lies in the folder of a run or a study."""
    steps = _steps(folder)
    fields, interfaces = (_reader(folder, name, steps) for name in ("fields", "interfaces"))
    if fields is None:
        raise ValueError(f"{folder}: no fields.vtkhdf here; change to the folder of a result")
    names, heads = _names(fields), ("current_density_magnitude_", "potential_")
    there = {n.removeprefix(head) for n in names for head in heads if n.startswith(head)}
    if of is not None and of not in there:
        raise ValueError(f"--of: found {of!r}; allowed: {', '.join(sorted(there))}")
    boxes = []
    for time in _ends(steps):
        fields.UpdatePipeline(time)
        bounds = fields.GetDataInformation().GetBounds()
        boxes.append((bounds[::2], bounds[1::2]))
    lower, upper = (tuple(zip(*corners, strict=True)) for corners in zip(*boxes, strict=True))
    centres = [[(a + b) / 2 for a, b in zip(*box, strict=True)] for box in boxes]
    return _Opened(
        fields=fields,
        interfaces=interfaces,
        of=of or min(there, key=lambda name: (not name.startswith("ion"), name), default=""),
        box=(tuple(map(min, lower)), tuple(map(max, upper))),
        middle=tuple(map(min, zip(*centres, strict=True))),
        steps=steps,
    )


def _steps(folder: Path) -> dict[float, str]:
    """What a study says about its collection, in the order of the parameter axis."""
    series = folder / "fields.vtkhdf.series"
    files = json.loads(series.read_text(encoding="utf-8"))["files"] if series.is_file() else []
    said = [[f"{key} = {value}" for key, value in file["values"].items()] for file in files]
    return {file["time"]: "\n".join(lines) for file, lines in zip(files, said, strict=True)}


def _ends(steps: dict[float, str]) -> list[float]:
    """Both ends of the parameter axis, the first one last; what suits both is to suit all."""
    return sorted({min(steps, default=0.0), max(steps, default=0.0)}, reverse=True)


def _reader(folder: Path, name: str, steps: dict[float, str]) -> Any:
    file = folder / (f"{name}.vtkhdf.series" if steps else f"{name}.vtkhdf")
    if not file.is_file():
        return None
    reader = simple.OpenDataFile(str(file))
    simple.RenameSource(name, reader)
    reader.UpdatePipeline(_ends(steps)[-1])
    return reader


def _names(source: Any) -> list[str]:
    return [*source.PointData.keys(), *source.CellData.keys()] if source else []


def _show_materials(opened: _Opened, view: Any) -> None:
    """Show the materials, or the grains where all is of one material, cut open."""
    shown = _cut(opened, opened.fields, keep=True)
    array = opened.fields.GetFieldDataInformation().GetArray("materials")
    materials = [array.GetStringValue(i) for i in range(array.GetNumberOfStringValues())]
    if len(materials) > 1:
        _categories(shown, view, "material", materials, _MATERIAL_COLOURS)
        _bar(view, "material", "material")
        _text(view, "Microstructure")
        return
    count = len(_GRAIN_COLOURS)
    shown = simple.Calculator(registrationName="grain colours", Input=shown)
    shown.AttributeType, shown.ResultArrayName = "Cell Data", "grain_colour"
    shown.Function = f"label - {count} * floor(label / {count})"
    _categories(shown, view, "grain_colour", [""] * count, _GRAIN_COLOURS)
    _text(view, f"Grains of {materials[0]}")


def _show_potential(opened: _Opened, view: Any) -> None:
    """Show the potential, cut open, grey where no current can flow."""
    name = f"potential_{opened.of}"
    _coloured(_cut(opened, opened.fields, keep=True), view, name)
    limits = _limits(opened, opened.fields, name, _range)
    _explain(opened, view, name, "potential [V]", limits, "Viridis (matplotlib)")


def _show_current(opened: _Opened, view: Any) -> None:
    """Show the current density on a cut, and its streamlines through the conductor."""
    name = f"current_density_magnitude_{opened.of}"
    conductor = _part(opened, "conductor", name, "Above Upper Threshold")
    rest = _part(opened, "rest", name, "Below Lower Threshold")
    _coloured(_cut(opened, conductor), view, name)
    _plain(_cut(opened, rest), view, _NEUTRAL)
    if conductor.GetDataInformation().GetNumberOfCells():
        _coloured(_streamlines(opened, conductor), view, name, shade=0.5)
    limits = _limits(opened, conductor, name, _around_mean)
    _explain(opened, view, name, "current density [A/m²]", limits, "Inferno (matplotlib)")


def _show_jumps(opened: _Opened, view: Any) -> None:
    """Show the jump of the potential over the imperfect interfaces, half of them cut off."""
    name = f"jump_{opened.of}"
    display = _coloured(_cut(opened, opened.interfaces, keep=True), view, name, shade=0.3)
    display.LineWidth, display.RenderLinesAsTubes = 3.0, 1
    largest = max(map(abs, _limits(opened, opened.interfaces, name, _range)))
    limits = (-largest, largest)
    _explain(opened, view, name, "jump of the potential [V]", limits, "Cool to Warm (Extended)")


def _show_gap(opened: _Opened, view: Any) -> None:
    """Show on a cut where the bounds are apart."""
    name = f"gap_density_{opened.of}"
    _coloured(_cut(opened, opened.fields), view, name)
    limits = _limits(opened, opened.fields, name, _around_mean)
    _explain(opened, view, name, "gap density [S/m]", limits, "Plasma (matplotlib)")


def _cut(opened: _Opened, source: Any, *, keep: bool = False) -> Any:
    """A cut through the middle of the box, or all that is behind it; everything in the plane."""
    if opened.flat:
        return source
    if keep:
        cut = simple.Clip(registrationName="half", Input=source, ClipType="Plane", Invert=0)
    else:
        cut = simple.Slice(registrationName="cut", Input=source, SliceType="Plane")
    plane = cut.ClipType if keep else cut.SliceType
    plane.Origin, plane.Normal = opened.middle, [0.0, 1.0, 0.0]
    return cut


def _part(opened: _Opened, title: str, name: str, where: str) -> Any:
    """The mesh cells in which a field is larger than zero, or the others."""
    part = simple.Threshold(registrationName=title, Input=opened.fields)
    part.Scalars, part.ThresholdMethod = ["CELLS", name], where
    part.LowerThreshold = part.UpperThreshold = sys.float_info.min
    part.UpdatePipeline(_ends(opened.steps)[-1])
    return part


def _streamlines(opened: _Opened, conductor: Any) -> Any:
    """Tubes along the current, begun at places spread over the conductor."""
    places = simple.CellCenters(registrationName="places", Input=conductor)
    begins = simple.MaskPoints(registrationName="begins", Input=places, OnRatio=1, RandomSampling=1)
    begins.RandomSamplingMode = "Spatially Stratified Random Sampling"
    begins.MaximumNumberofPoints = _STREAMLINES // (3 if opened.flat else 1)
    smooth = simple.CellDatatoPointData(registrationName="smooth current", Input=conductor)
    lines = simple.StreamTracerWithCustomSource(
        registrationName="streamlines", Input=smooth, SeedSource=begins
    )
    lines.Vectors, lines.ComputeVorticity = ["POINTS", f"current_density_{opened.of}"], 0
    lines.MaximumStreamlineLength = 4 * max(opened.size)
    lines.InterpolatorType = "Interpolator with Cell Locator"
    return simple.Tube(registrationName="tubes", Input=lines, Radius=0.003 * max(opened.size))


def _coloured(source: Any, view: Any, name: str, *, shade: float = 0.0) -> Any:
    """Show a source by a field; without shade, colours are those of the bar."""
    display = simple.Show(source, view)
    display.SetRepresentationType("Surface")
    simple.ColorBy(display, ("POINTS" if name in source.PointData.keys() else "CELLS", name))  # noqa: SIM118
    display.Ambient, display.Diffuse = 1 - shade, shade
    return display


def _plain(source: Any, view: Any, colour: tuple[float, float, float]) -> None:
    display = simple.Show(source, view)
    display.AmbientColor = display.DiffuseColor = colour
    display.Ambient, display.Diffuse, display.ColorArrayName = 1.0, 0.0, ["POINTS", ""]


def _categories(
    source: Any, view: Any, name: str, meanings: Sequence[str], colours: Sequence[str]
) -> None:
    """Colour by whole numbers, each with a meaning."""
    _coloured(source, view, name, shade=0.35)
    table = simple.GetColorTransferFunction(name)
    table.InterpretValuesAsCategories = table.AnnotationsInitialized = 1
    table.Annotations = [text for i, meaning in enumerate(meanings) for text in (str(i), meaning)]
    used = [colours[i % len(colours)] for i in range(len(meanings))]
    table.IndexedColors = [int(c[k : k + 2], 16) / 255 for c in used for k in (1, 3, 5)]
    table.IndexedOpacities = [1.0] * len(meanings)


def _range(source: Any, name: str, time: float) -> tuple[float, float]:
    source.UpdatePipeline(time)
    held = source.GetDataInformation()
    kinds = held.GetPointDataInformation(), held.GetCellDataInformation()
    arrays = [array for kind in kinds if (array := kind.GetArrayInformation(name))]
    low, high = arrays[0].GetComponentRange(0) if arrays else (0.0, 0.0)
    return (low, high) if low <= high else (0.0, 0.0)


def _around_mean(source: Any, name: str, time: float) -> tuple[float, float]:
    """Two decades around the mean by volume: the largest values sit in a few tight corners."""
    total = simple.IntegrateVariables(Input=source, DivideCellDataByVolume=1)
    mean, _ = _range(total, name, time)
    simple.Delete(total)
    return mean / 20, mean * 5


def _limits(
    opened: _Opened, source: Any, name: str, find: Callable[[Any, str, float], tuple[float, float]]
) -> tuple[float, float]:
    """Limits of a field that suit both ends of the parameter axis."""
    lows, highs = zip(*(find(source, name, time) for time in _ends(opened.steps)), strict=True)
    least = 1e-9 * (max(highs) - min(lows))
    low, high = (0.0 if abs(end) < least else end for end in (min(lows), max(highs)))
    return low, high


def _explain(
    opened: _Opened, view: Any, name: str, title: str, limits: tuple[float, float], preset: str
) -> None:
    """Give a field its colours, logarithmic for positive ones, a bar and a title."""
    colours = simple.GetColorTransferFunction(name)
    colours.ApplyPreset(preset, True)
    colours.AutomaticRescaleRangeMode, colours.NanColor = "Never", _NEUTRAL
    if limits[1] > limits[0]:
        colours.RescaleTransferFunction(*limits)
    if limits[1] > limits[0] > 0:
        colours.MapControlPointsToLogSpace()
        colours.UseLogScale = 1
    _bar(view, name, title)
    carrier, _, direction = opened.of.rpartition("_")
    what = title.partition(" [")[0].capitalize()
    _text(view, f"{what}: {carrier}, field of 1 V/m along {direction}")


def _bar(view: Any, name: str, title: str) -> None:
    bar = simple.GetScalarBar(simple.GetColorTransferFunction(name), view)
    bar.Title, bar.ComponentTitle = title, ""
    bar.TitleColor = bar.LabelColor = _DARK
    bar.TitleFontSize, bar.LabelFontSize = 14, 13
    bar.WindowLocation, bar.Orientation = "Any Location", "Horizontal"
    bar.Position, bar.ScalarBarLength, bar.Visibility = [0.25, 0.14], 0.5, 1


def _text(view: Any, text: str, source: Any = None) -> None:
    """Write a title, or under the view what a source says."""
    display = simple.Show(source or simple.Text(registrationName=text, Text=text), view)
    display.WindowLocation = "Upper Center" if source is None else "Lower Center"
    display.Color, display.FontSize = _DARK, 16 if source is None else 12


def _new_view(opened: _Opened) -> Any:
    """A white view of the box, with room for the bar under it."""
    view = simple.CreateView("RenderView")
    view.UseColorPaletteForBackground, view.Background = 0, [1.0, 1.0, 1.0]
    view.OrientationAxesLabelColor = _DARK
    _plain(simple.Outline(registrationName="box", Input=opened.fields), view, _DARK)
    middle, (width, height, _) = (
        [(a + b) / 2 for a, b in zip(*opened.box, strict=True)],
        opened.size,
    )
    half, up, direction = 0.64 * math.hypot(*opened.size), (0.0, 0.0, 1.0), _TOWARDS_VIEWER
    if opened.flat:
        view.InteractionMode, direction, up = "2D", (0.0, 0.0, 1.0), (0.0, 1.0, 0.0)
        half = 0.75 * max(height, width * _PIXELS[1] / _PIXELS[0])
    focus = [m - 0.17 * half * u for m, u in zip(middle, up, strict=True)]
    view.CameraFocalPoint, view.CameraViewUp = focus, up
    view.CameraPosition = [m + 4 * half * d for m, d in zip(focus, direction, strict=True)]
    view.CameraParallelProjection, view.CameraParallelScale = 1, half
    view.CenterOfRotation = middle
    return view


def _name_steps(opened: _Opened, view: Any) -> None:
    """Say the values of all studied keys, at each value of the parameter axis."""
    labels = list(opened.steps.values())
    # ParaView evaluates it as Python, but reads braces and the word "and" in its own way.
    said = json.dumps([labels[0], *labels])
    for mark, meant in (("{", "\\u007b"), ("}", "\\u007d"), (" and ", " \\u0061nd ")):
        said = said.replace(mark, meant)
    text = simple.PythonAnnotation(registrationName="studied values", Input=opened.fields)
    text.ArrayAssociation = "Field Data"
    text.Expression = f"{said}[__import__('bisect').bisect(t_steps, t_value)]"
    _text(view, "", text)


def _arrange(views: Sequence[Any]) -> tuple[Any, tuple[int, int]]:
    """Put views into one row, or from four on into two; return the layout and its size."""
    layout = simple.CreateLayout("cellion")
    columns = (len(views) + 1) // 2 if len(views) > 3 else len(views)
    rows = [views[:columns], views[columns:]] if columns < len(views) else [views]
    top = layout.SplitVertical(0, 0.5) if len(rows) > 1 else 0
    for place, row in enumerate(rows, start=top):
        for i, view in enumerate(row[:-1]):
            left = layout.SplitHorizontal(place, 1 / (len(row) - i))
            layout.AssignView(left, view)
            place = left + 1
        layout.AssignView(place, row[-1])
    return layout, (_PIXELS[0] * columns, _PIXELS[1] * len(rows))


def _show(opened: _Opened) -> tuple[Any, tuple[int, int]]:
    """Set up all views that there are fields for, with cameras that move together."""
    wanted = {"potential": _show_potential, "current_density": _show_current}
    wanted |= {"jump": _show_jumps, "gap_density": _show_gap}
    names = [name for source in (opened.fields, opened.interfaces) for name in _names(source)]
    draws = [_show_materials, *(d for head, d in wanted.items() if f"{head}_{opened.of}" in names)]
    views = []
    for draw in draws:
        views.append(_new_view(opened))
        draw(opened, views[-1])
        if len(views) > 1:
            simple.AddCameraLink(views[0], views[-1], f"camera {len(views)}")
    if opened.steps:
        _name_steps(opened, views[0])
    simple.GetAnimationScene().UpdateAnimationUsingDataTimeSteps()
    return _arrange(views)


def main(arguments: Sequence[str]) -> None:
    """Show the results beside this file, or those in the current folder if it has no path.

    Args:
        arguments: As on the command line.
    """
    parser = argparse.ArgumentParser(description="Views of a result of cellion in ParaView.")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="picture to save")
    parser.add_argument("--of", metavar="FIELD", help="carrier and direction, such as electron_x")
    asked, _ = parser.parse_known_args(list(arguments))
    here = globals().get("__file__")  # there is none under paraview --script
    opened = _open(Path(here).resolve().parent if here else Path.cwd(), asked.of)
    (layout, size), path = _show(opened), asked.screenshot
    if path:  # a window has a size of its own
        layout.SetSize(*size)
    for number, time in enumerate(opened.steps or [0.0] if path else []):
        simple.GetAnimationScene().AnimationTime = time
        numbered = path.with_name(f"{path.stem}_{number:03d}{path.suffix}")
        simple.SaveScreenshot(str(numbered if opened.steps else path), layout)


if __name__ in ("__main__", "__vtkconsole__"):
    main(sys.argv[1:])
